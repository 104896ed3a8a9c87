"""Findings beyond the limit on the ledger: counted, rebuilt alike, and columns that an earlier home lacks.

Not here: which findings are listed (unit/test_findings_limit.py), and memory (test_memory.py).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import read_settings
from vsf_assets.contracts import all_tables
from vsf_assets.ingest.session import ingest_archive
from vsf_assets.warehouse.connection import ensure_tables
from vsf_assets_tests.forms import let_earlier_release_have_made
from vsf_assets_tests.warehouses import Home, clicks

BAD = b"click_id,banner_id,campaign_id\n" + b"1,2,3\n" + b"x,y,z\n" * 6 + b"1,2\n" * 4 + b"7,8,w\n"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path, FINDINGS_PER_FILE="2")
    home.land("clicks_1.csv", BAD)
    home.land("clicks_2.csv", clicks(1, 2), 1)
    home.ingest()
    return home


def test_what_is_not_listed_is_counted_and_the_rows_add_up(home: Home) -> None:
    assert home.files() == [("clicks_1.csv", "loaded", 12, 1, 11), ("clicks_2.csv", "loaded", 2, 2, 0)]
    found = home.findings("line_number, anomaly, column_name, records, unlisted_records")
    assert found == [
        *((line, "invalid_value", name, 1, 0) for line in (3, 4) for name in ("banner_id", "campaign_id", "click_id")),
        (9, "missing_fields", "campaign_id", 1, 0),
        (10, "missing_fields", "campaign_id", 1, 0),
        (None, "invalid_value", "banner_id", 4, 4),
        (None, "invalid_value", "campaign_id", 5, 1),
        (None, "invalid_value", "click_id", 4, 0),
        (None, "missing_fields", "campaign_id", 2, 2),
    ]
    (rows,) = home.query("select count(distinct line_number) + sum(unlisted_records) from raw.findings")
    assert rows == (11,)
    (reason,) = home.query("select reason from raw.findings where unlisted_records = 2")[0]
    assert reason.startswith("2 more records have this anomaly, the first of them on line 11: 2 fields")
    assert "VSF_FINDINGS_PER_FILE" in reason
    assert "archived original" in reason


def test_a_rebuild_lists_and_counts_the_same(home: Home, tmp_path: Path) -> None:
    before = home.state()
    with home.warehouse.lock("test"):
        beside = home.warehouse.beside()
        ingest_archive(beside, "rebuild")
        home.warehouse.replace_with(beside)
    assert home.state() == before


@pytest.fixture
def older(home: Home) -> Iterator[Home]:
    """A home of the release before: raw.findings has no counts."""
    with home.warehouse.lock("test"), home.warehouse.connect() as connection:
        for column in ("records", "unlisted_records"):
            connection.execute(f"alter table raw.findings drop column {column}")
    let_earlier_release_have_made(home.settings)
    yield home


def test_an_earlier_home_keeps_its_findings_and_gets_the_columns(older: Home) -> None:
    older.warehouse.migrate(lambda _: None)
    older.land("clicks_3.csv", clicks(9) + b"x,1,1\n", 2)
    older.ingest()
    counts = older.query("select count(*), min(records), max(unlisted_records) from raw.findings")
    assert counts == [(13, 1, 0)]
    assert older.query("select file_name from raw.findings join raw.files using (file_id) order by landed_at desc")[
        0
    ] == ("clicks_3.csv",)


def test_an_interrupted_addition_of_columns_is_completed(older: Home) -> None:
    with older.warehouse.lock("test"), older.warehouse.connect() as connection:
        connection.execute("alter table raw.findings add column records bigint default 1")
        ensure_tables(connection)
        columns = [row[0] for row in connection.execute("describe raw.findings").fetchall()]
    assert columns[-2:] == ["records", "unlisted_records"]


def test_other_columns_of_the_ledger_are_still_refused(older: Home) -> None:
    with older.warehouse.lock("test"), older.warehouse.connect() as connection:
        connection.execute("alter table raw.findings drop column reason")
        with pytest.raises(VsfError, match=r"raw\.findings was made with other columns"):
            ensure_tables(connection, older.settings)


def test_only_the_last_columns_of_a_table_are_added_later() -> None:
    for table in all_tables().values():
        added = [name for name, _ in table.added]
        assert list(table.schema.columns)[len(table.schema.columns) - len(added) :] == added


def test_a_bomb_is_one_finding_and_the_other_files_are_loaded(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.land("clicks_1_bomb.csv", b",".join(b"c%d" % n for n in range(100_000)) + b"\n")
    for number in range(1, 5):
        home.land(f"clicks_{number}.csv", clicks(*range(100)), number)
    home.ingest()
    assert [row[1] for row in home.files()] == ["unreadable", *["loaded"] * 4]
    ((name, reason),) = home.findings("file_name, reason")
    assert name == "clicks_1_bomb.csv"
    assert len(reason) < 1000
    assert home.ingest().stored == []


@pytest.mark.parametrize(("text", "size"), [("1TB", 10**12), ("1.5 gb", 1_500_000_000), ("700", 700), ("2KB", 2000)])
def test_sizes_are_read(text: str, size: int) -> None:
    assert read_settings({"VSF_FILE_UNPACKED_MAX": text}).file_unpacked_max == size


@pytest.mark.parametrize(
    ("name", "text"),
    [("FILE_UNPACKED_MAX", t) for t in ("0", "x", "-1", "1PB", "1e9")]
    + [("FINDINGS_PER_FILE", t) for t in ("0", "x", "1.5")],
)
def test_bounds_that_cannot_be_are_refused(name: str, text: str) -> None:
    with pytest.raises(VsfError, match=f"VSF_{name}"):
        read_settings({f"VSF_{name}": text})


def test_the_bound_of_unpacked_bytes_reaches_the_file(tmp_path: Path) -> None:
    import gzip

    home = Home(tmp_path, FILE_UNPACKED_MAX="1KB")
    home.land("clicks_1.csv.gz", gzip.compress(clicks(*range(1000))))
    home.land("clicks_2.csv", clicks(*range(1000)), 1)
    home.ingest()
    assert [row[1] for row in home.files()] == ["unreadable", "loaded"]
    assert "VSF_FILE_UNPACKED_MAX" in home.findings("reason")[0][0]
