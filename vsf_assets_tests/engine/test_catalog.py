"""Objects of a catalog on their way into the warehouse: several tables in one transaction, read again, rebuilt.

Not here: what is said of bad records (unit/) and which of two records stands (dbt/).
"""

from dataclasses import replace
from pathlib import Path

import pytest

from vsf_assets.ingest import row_spool as parts
from vsf_assets.ingest.session import Selection, ingest_archive
from vsf_assets.pipeline.ingest import ingest
from vsf_assets.warehouse import ledger
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.catalogs import FEEDS, app, drop, fetched, load, movie, scan, song, state
from vsf_assets_tests.warehouses import Home

BAD_SONG = song() | {"data": {"artist_name": "A", "title": "T", "year": "2000", "release": "R"}}
MIXED = [song(), {"type": "book", "data": {}}, movie(), BAD_SONG, app(), song("B"), {"type": "book", "data": 1}]


@pytest.fixture
def filled(home: Home) -> Home:
    scan(home, {"x.data": MIXED, "cut.data": b'[{"type": "song"', "gone.data": None, "empty.data": []})
    load(home)
    return home


def counts(home: Home) -> list[tuple[object, ...]]:
    return home.files("file_name, status, lines_read, rows_loaded, rows_quarantined, rows_blank, rows_skipped")


def test_an_object_goes_to_its_tables_and_every_record_is_counted(filled: Home) -> None:
    assert counts(filled) == [
        ("cut.data", "unreadable", 0, 0, 0, 0, 0),
        ("empty.data", "loaded", 0, 0, 0, 0, 0),
        ("files_list.data", "loaded", 4, 4, 0, 0, 0),
        ("look.jsonl", "loaded", 4, 4, 0, 0, 0),
        ("x.data", "loaded", 7, 4, 1, 0, 2),
    ]
    assert filled.query("select _line, artist_name, title, year, release from raw.songs order by 1") == [
        (0, "A", "T", 2000, "R"),
        (5, "B", "T", 2000, "R"),
    ]
    assert [len(filled.query(f"from raw.{table}")) for table in ("movies", "apps", "catalog_looks")] == [1, 1, 4]
    assert filled.query("select _line, record_type, records from raw.skipped_types") == [(1, "book", 2)]
    assert filled.findings() == [
        ("cut.data", None, "unreadable_file", None),
        ("empty.data", None, "empty_file", None),
        ("x.data", 3, "invalid_value", "year"),
    ]


def test_originals_are_kept_by_profile(filled: Home) -> None:
    filled.assert_originals_are_kept()
    assert {path.rsplit("/", 1)[0] for path in filled.archived()} == {f"{feed}/default" for feed in FEEDS}


def test_a_crash_inside_the_transaction_leaves_no_row_of_any_table(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched(home, "x.data", MIXED)
    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(ledger, "_insert", _stop)
        load(home)
    assert [rows for rows in state(home).values() if rows] == []
    load(home)
    assert counts(home) == [("x.data", "loaded", 7, 4, 1, 0, 2)]


def _stop(*_: object) -> None:
    raise RuntimeError("stopped")


def test_rows_on_disk_and_rows_in_memory_are_the_same(filled: Home, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(parts, "HELD_BYTES", -1)
    other = Home(tmp_path / "other")
    scan(other, {"x.data": MIXED, "cut.data": b'[{"type": "song"', "gone.data": None, "empty.data": []})
    load(other)
    assert state(other) == state(filled)


def test_originals_read_again_take_the_place_of_their_rows(filled: Home) -> None:
    before = state(filled)
    report = ingest(filled.warehouse, Selection(FEEDS, reload="all"), "again")
    assert len(report.stored) == 5
    assert state(filled) == before
    assert {run for (run,) in filled.files("run_id")} == {"again"}


def test_the_archive_alone_gives_the_same_tables(filled: Home, tmp_path: Path) -> None:
    fetched(filled, "x.data", MIXED, minute=2)
    fetched(filled, "a/b.data", [song()], minute=1, profile="other")
    load(filled)
    sources = tmp_path / "sources.toml"
    sources.write_text("[default]\naddress = 'x'\n[other]\naddress = 'y'\n")
    other = Home(tmp_path / "other", ARCHIVE=filled.settings.archive, SOURCES=str(sources))
    with other.warehouse.lock("rebuild"):
        ingest_archive(other.warehouse, "rebuild")
    assert state(other) == state(filled)
    assert ("a%2Fb.data", "other") in other.files("file_name, partition_key")


def test_another_encoding_of_a_profile_has_its_objects_read_again(home: Home) -> None:
    text = '[{"type":"song","data":{"artist_name":"Mü","title":"T","year":1,"release":"R"}}]'
    drop(home, "catalog/default/x.data", text.encode("latin-1"))
    drop(home, "catalog/other/x.data", text.encode())
    load(home)
    assert home.query("select artist_name from raw.songs") == [("Mü",)]
    warehouse = Warehouse(replace(home.settings, encodings={"default": "latin-1"}), home.warehouse.form)
    report = ingest(warehouse, Selection(FEEDS), "again")
    assert [row.partition_key for row in report.stored] == ["default"]
    assert home.query("select artist_name from raw.songs") == [("Mü",), ("Mü",)]
    assert ingest(warehouse, Selection(FEEDS), "once more").stored == []
