"""Requests for made-up files: from what lands to files, states and removals. Not here: Dagster and dbt."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from vsf_assets.config.settings import Settings
from vsf_assets.feeds import recognize
from vsf_assets.pipeline import request_progress
from vsf_assets.pipeline.request_progress import RequestProgress, read_progress, write_progress
from vsf_assets.pipeline.synthetic_fulfilment import fulfil, waiting_now
from vsf_assets.pipeline.synthetic_states import states_now
from vsf_assets.synthetic import file_checks as checking
from vsf_assets_tests.rights import like_other_users
from vsf_assets_tests.warehouses import Home

SCHEMA = b"name: people\nseparator: ';'\ncolumns:\n- {name: id, type: Integer, from: -9, to: 0, unique: true}\n"
FAKES = ("fake_schemas", "fake_requests", "fake_states")


def ask(home: Home, name: str, minute: int = 1, **fields: object) -> None:
    home.land(f"{name}.request.json", json.dumps({"schema": "people", "rows": 3, **fields}).encode(), minute)


def make(home: Home, *again: str) -> list[tuple[str, str]]:
    """Take in what landed, do what waits, take in what it told; return (request, state) of what was done."""
    home.ingest(feeds=FAKES)
    done = fulfil(home.warehouse, lambda _: None, again)
    home.ingest(feeds=FAKES)
    return [(made.request.name, made.state) for made in done]


def states(home: Home) -> dict[str, tuple[str, str | None]]:
    known, _ = waiting_now(home.warehouse)
    return {request.name: (request.state, request.reason) for request in known.requests}


@pytest.fixture
def requested(tmp_path: Path) -> Home:
    """A home with a schema and a request for three rows of it."""
    home = Home(tmp_path)
    home.land("people.schema.yaml", SCHEMA)
    ask(home, "three", seed=7, owner="ann")
    return home


@pytest.mark.parametrize(
    ("path", "feed", "partition"),
    [
        ("people.schema.yaml", "fake_schemas", None),
        ("a/PEOPLE.SCHEMA.JSON", "fake_schemas", None),
        ("fake_schemas/people.yml", "fake_schemas", None),
        ("first one.request.yml", "fake_requests", "first one"),
        ("fake_requests/first.json", "fake_requests", "first"),
        ("fake_requests/.json", "fake_requests", None),
        ("fake_requests/a...b.json", "fake_requests", None),
        ("1-ready.state.jsonl", "fake_states", None),
    ],
)
def test_names_and_folders_tell_schemas_and_requests(path: str, feed: str, partition: str | None) -> None:
    recognized = recognize(path)
    assert recognized is not None
    assert (recognized[0].name, recognized[1]) == (feed, partition)


def test_a_request_gets_its_file_and_each_state_is_a_row(requested: Home) -> None:
    assert make(requested) == [("three", "ready")]
    content = (requested.settings.made / "people" / "three.csv").read_bytes()
    assert len(content.splitlines()) == 4
    reported = requested.query("select request, state, file_path, bytes, sha256 from raw.fake_states order by _file_id")
    ready = ("three", "ready", "people/three.csv", len(content), hashlib.sha256(content).hexdigest())
    assert sorted(reported, key=lambda row: row[1]) == [("three", "processing", None, None, None), ready]
    assert requested.query("select schema_name, rows, seed, owner, format from raw.fake_requests") == [
        ("people", 3, 7, "ann", "csv")
    ]
    assert make(requested) == []
    assert requested.landed() == []


def test_a_request_for_parquet(requested: Home) -> None:
    ask(requested, "p", format="parquet", rows=10)
    make(requested)
    made = pl.read_parquet(requested.settings.made / "people" / "p.parquet")
    assert sorted(made["id"]) == list(range(-9, 1))


def test_a_request_with_a_foreign_key_uses_the_other_schema_as_it_stands(requested: Home) -> None:
    orders = "name: orders\ncolumns:\n- {name: person, type: Foreign Key, schema: people, column: id, rows: 10}\n"
    requested.land("orders.schema.yaml", orders.encode(), 1)
    ask(requested, "all", 2, schema="orders", rows=200, format="sql")
    ask(requested, "some", 3, rows=10, format="jsonl")
    assert make(requested) == [("three", "ready"), ("all", "ready"), ("some", "ready")]
    lines = (requested.settings.made / "orders" / "all.sql").read_text().splitlines()
    people = {json.loads(line)["id"] for line in (requested.settings.made / "people" / "some.jsonl").open()}
    assert {int(line.strip("(),;")) for line in lines[-200:]} == people == set(range(-9, 1))
    requested.land("people.schema.yaml", b"name: people\ndeleted: true\n", 4)
    ask(requested, "none", 5, schema="orders")
    make(requested)
    assert states(requested)["none"] == (
        "failed",
        "there is no schema 'people': it never landed, is invalid, or was deleted",
    )


def test_schemas_that_refer_to_each_other_fail_with_the_circle(requested: Home) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        content = f"name: {name}\ncolumns:\n- {{name: x, type: Foreign Key, schema: {other}, column: x, rows: 1}}\n"
        requested.land(f"{name}.schema.yaml", content.encode())
    ask(requested, "circle", schema="a")
    make(requested)
    assert "in a circle: a → b → a" in str(states(requested)["circle"][1])


def test_default_dates_of_a_landed_schema_end_on_the_day_on_which_it_landed(requested: Home) -> None:
    """So the file stays the same when it is made again on another day."""
    requested.land("days.schema.yaml", b"name: days\ncolumns:\n- {name: d, type: Date, from: 2019-05-01}\n", 1)
    (landed,) = requested.landing.glob("days*")
    day = datetime.fromtimestamp(landed.stat().st_mtime, UTC).date()
    ask(requested, "many", 2, schema="days", rows=20_000)
    make(requested)
    found = (requested.settings.made / "days" / "many.csv").read_text().split()[1:]
    assert (min(found), max(found)) == ("2019-05-01", day.isoformat())
    requested.land("late.schema.yaml", b"name: late\ncolumns:\n- {name: d, type: Date, from: 2100-01-01}\n", 3)
    ask(requested, "none", 4, schema="late")
    make(requested)
    assert "option from: 2100-01-01 is greater than to:" in str(states(requested)["none"][1])


def test_what_cannot_be_made_fails_with_its_reason_and_holds_nothing_back(requested: Home) -> None:
    ask(requested, "none", schema="nobody")
    ask(requested, "many", rows=11)
    assert make(requested) == [("many", "failed"), ("none", "failed"), ("three", "ready")]
    found = states(requested)
    assert found["none"] == ("failed", "there is no schema 'nobody': it never landed, is invalid, or was deleted")
    assert "column 'id', option unique: 11 rows" in str(found["many"][1])


UNREADABLE = [
    (b'{"schema": "people", "rows": -1}', "rows: -1 is not allowed; write a number from 0 to"),
    (b'{"schema": "people", "rows": "abc"}', "rows: 'abc' is not a whole number"),
    (b'{"schema": "people"}', "rows: it is missing"),
    (b'{"rows": 1}', "schema: it is missing"),
    (b'{"schema": "people", "rows": 1, "sed": 1}', "did you mean seed?"),
    (b'{"schema": "people", "rows": 1, "format": "xml"}', "format: 'xml' is neither csv, parquet, jsonl nor sql"),
    (b'{"schema": "../people", "rows": 1}', "schema: '../people' is not allowed"),
    (b"[]", "a request is a mapping"),
    (b"\xff", "not UTF-8"),
]


def test_a_request_that_says_nothing_that_can_be_is_unreadable_and_says_why(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for number, (content, _) in enumerate(UNREADABLE):
        home.land(f"bad{number}.request.json", content)
    assert make(home) == []
    assert home.files("status") == [("unreadable",)] * len(UNREADABLE)
    found = {name: (anomaly, reason) for name, anomaly, reason in home.findings("file_name, anomaly, reason")}
    assert len(found) == len(home.findings()) == len(UNREADABLE)
    for number, (_, wanted) in enumerate(UNREADABLE):
        anomaly, reason = found[f"bad{number}.request.json"]
        assert (anomaly, wanted in reason) == ("unreadable_file", True), reason


def test_a_schema_with_an_error_is_unreadable_and_the_one_before_stands(requested: Home) -> None:
    requested.land("people2.schema.yaml", SCHEMA.replace(b"-9", b"9"), 2)
    make(requested)
    assert requested.findings("file_name, reason") == [
        ("people2.schema.yaml", "column 'id', option from: 9 is greater than to: 0")
    ]
    assert states(requested)["three"] == ("ready", None)


def test_deleting_a_schema_deletes_its_files_and_its_waiting_requests_fail(requested: Home) -> None:
    make(requested)
    ask(requested, "late", 2)
    requested.land("gone.schema.yaml", b"name: people\ndeleted: true", 3)
    assert make(requested) == [("three", "deleted"), ("late", "failed")]
    assert not (requested.settings.made / "people").exists()
    assert states(requested) == {
        "three": ("deleted", "the schema people was deleted"),
        "late": ("failed", "the schema people was deleted"),
    }
    assert make(requested) == []
    ask(requested, "after", 4)
    make(requested)
    assert states(requested)["after"] == (
        "failed",
        "there is no schema 'people': it never landed, is invalid, or was deleted",
    )


def test_no_name_of_a_schema_leads_out_of_the_folder_of_made_files(requested: Home) -> None:
    victim = requested.settings.made.parent / "outside" / "v.csv"
    victim.parent.mkdir(parents=True)
    victim.write_text("kept")
    ask(requested, "v", 1, schema="../outside")
    requested.land("gone.schema.yaml", b"name: ../outside\ndeleted: true", 2)
    make(requested)
    assert victim.read_text() == "kept"
    assert sorted(requested.findings("file_name")) == [("gone.schema.yaml",), ("v.request.json",)]


def test_a_file_that_the_system_refuses_fails_and_holds_nothing_back(requested: Home) -> None:
    requested.settings.made.mkdir(parents=True)
    (requested.settings.made / "people").write_text("a file where a folder is wanted")
    requested.land("other.schema.yaml", SCHEMA.replace(b"people", b"other"))
    ask(requested, "after", 2, schema="other")
    assert make(requested) == [("three", "failed"), ("after", "ready")]
    assert states(requested)["three"][1] == "the file cannot be written: File exists"  # no path of the machine


def test_a_schema_that_is_delivered_again_after_it_was_deleted_serves_later_requests_only(requested: Home) -> None:
    make(requested)
    requested.land("gone.schema.yaml", b"name: people\ndeleted: true", 2)
    requested.land("people.schema.yaml", SCHEMA, 3)
    ask(requested, "after", 4)
    assert make(requested) == [("three", "deleted"), ("after", "ready")]
    assert [path.name for path in (requested.settings.made / "people").iterdir()] == ["after.csv"]


def test_a_request_delivered_again_replaces_its_file_and_can_be_made_again_by_name(requested: Home) -> None:
    make(requested)
    ask(requested, "three", 5, rows=4)
    assert make(requested) == [("three", "ready")]
    file = requested.settings.made / "people" / "three.csv"
    assert len(file.read_bytes().splitlines()) == 5
    file.unlink()
    assert make(requested, "three") == [("three", "ready")]
    assert len(file.read_bytes().splitlines()) == 5
    assert [request.state for request in waiting_now(requested.warehouse)[0].requests] == ["replaced", "ready"]
    requested.land("gone.schema.yaml", b"name: people\ndeleted: true", 6)
    assert make(requested) == [("three", "deleted")]
    assert [request.state for request in waiting_now(requested.warehouse)[0].requests] == ["replaced", "deleted"]


def test_a_state_that_is_told_and_not_taken_in_is_not_done_again(requested: Home) -> None:
    requested.ingest(feeds=FAKES)
    fulfil(requested.warehouse, lambda _: None)
    known, waiting = waiting_now(requested.warehouse)
    assert waiting == []
    assert [request.state for request in known.requests] == ["queued"]
    assert [request.state for request in states_now(requested.settings, known.requests)] == ["ready"]
    assert fulfil(requested.warehouse, lambda _: None) == []


def test_loaded_files_that_stay_in_the_landing_zone_change_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path, AFTER_LOAD="keep")
    home.land("people.schema.yaml", SCHEMA)
    ask(home, "three")
    assert make(home) == [("three", "ready")]
    home.land("gone.schema.yaml", b"name: people\ndeleted: true", 2)
    assert make(home) == [("three", "deleted")]
    assert make(home) == []


def test_a_run_that_was_killed_leaves_the_request_waiting_and_its_half_file_is_removed(
    requested: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    requested.ingest(feeds=FAKES)
    temp_path = requested.settings.made / "people" / ".three.csv.0.tmp"
    temp_path.parent.mkdir(parents=True)
    temp_path.write_text("id")
    assert [request.name for request in waiting_now(requested.warehouse)[1]] == ["three"]
    assert make(requested) == [("three", "ready")]
    assert [path.name for path in temp_path.parent.iterdir()] == ["three.csv"]


def test_a_file_that_fails_its_checks_is_not_kept(requested: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "problems_of", lambda *_: {"unique": ["column 'id' repeats 1 values"]})
    assert make(requested) == [("three", "failed")]
    assert "did not pass its checks: column 'id' repeats 1 values" in str(states(requested)["three"][1])
    assert not (requested.settings.made / "people" / "three.csv").exists()


def test_garbage_among_the_states_is_the_ingest_s_affair(requested: Home) -> None:
    requested.land("fake_states/x.jsonl", b'nonsense\n{"state": 1}\n[]\n')
    assert make(requested) == [("three", "ready")]


def test_the_archive_alone_gives_the_same_requests_and_states(requested: Home, tmp_path: Path) -> None:
    from vsf_assets.ingest.session import ingest_archive

    make(requested)
    before = states(requested), requested.query("from raw.fake_states order by all")
    requested.warehouse.file.unlink()
    ingest_archive(requested.warehouse, "again", lambda _: None)
    assert (states(requested), requested.query("from raw.fake_states order by all")) == before
    assert make(requested) == []


def test_a_file_that_may_not_be_removed_waits_and_holds_no_other_request_back(requested: Home) -> None:
    make(requested)
    requested.land("people.schema.yaml", b"name: people\ndeleted: true\n", 2)
    requested.land("others.schema.yaml", SCHEMA.replace(b"people", b"others"), 2)
    ask(requested, "four", 3, schema="others")
    folder = requested.settings.made / "people"
    folder.chmod(0o555)
    (folder / ".half.tmp").touch()
    with like_other_users():
        assert make(requested) == [("three", "stuck"), ("four", "ready")]
    assert (folder / "three.csv").exists()
    folder.chmod(0o755)
    assert make(requested) == [("three", "deleted")]
    assert not folder.exists()


def test_a_state_that_may_not_be_read_is_reported_and_its_request_is_done_once_more(requested: Home) -> None:
    requested.ingest(feeds=FAKES)
    fulfil(requested.warehouse, lambda _: None)
    before = (requested.settings.made / "people" / "three.csv").read_bytes()
    for state in (requested.landing / "fake_states").iterdir():
        state.chmod(0)
    with like_other_users():
        assert [made.state for made in fulfil(requested.warehouse, lambda _: None)] == ["ready"]
    assert (requested.settings.made / "people" / "three.csv").read_bytes() == before


def test_pages_see_how_far_a_request_is(requested: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[str, int]] = []

    def noting(settings: Settings, request: str, progress: RequestProgress, log: Callable[[str], None]) -> None:
        written.append((progress.state, progress.percent))
        write_progress(settings, request, progress, log)

    monkeypatch.setattr("vsf_assets.pipeline.synthetic_fulfilment.write_progress", noting)
    make(requested)
    assert written == [("processing", 0), ("processing", 0), ("ready", 100)]
    content = (requested.settings.made / "people" / "three.csv").read_bytes()
    found = read_progress(requested.settings, "three")
    assert found is not None
    assert (found.state, found.bytes, found.sha256) == ("ready", len(content), hashlib.sha256(content).hexdigest())
    requested.land("gone.schema.yaml", b"name: people\ndeleted: true", 3)
    make(requested)
    assert read_progress(requested.settings, "three") is None


def test_what_cannot_be_read_or_written_about_a_request_stops_nothing(home: Home) -> None:
    assert read_progress(home.settings, "nothing") is None
    folder = home.settings.made / request_progress.FOLDER
    folder.mkdir(parents=True)
    for content in (b"", b"[]", b'{"state": "ready", "more": 1}', b"\xff"):
        (folder / "odd.json").write_bytes(content)
        assert read_progress(home.settings, "odd") is None
    (folder / "blocked.json").mkdir()
    warnings: list[str] = []
    write_progress(home.settings, "blocked", RequestProgress("ready"), warnings.append)
    assert "pages do not see how far blocked is" in warnings[0]
