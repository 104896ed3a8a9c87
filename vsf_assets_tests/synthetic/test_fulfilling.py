"""Requests for made-up files: from what lands to files, states and removals. Not here: Dagster and dbt."""

import hashlib
import json
from pathlib import Path

import polars as pl
import pytest

from vsf_assets.feeds import recognize
from vsf_assets.pipeline.synthetic_fulfilment import fulfil, states_now, waiting_now
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
def asked(tmp_path: Path) -> Home:
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


def test_a_request_gets_its_file_and_each_state_is_a_row(asked: Home) -> None:
    assert make(asked) == [("three", "ready")]
    content = (asked.settings.made / "people" / "three.csv").read_bytes()
    assert len(content.splitlines()) == 4
    told = asked.query("select request, state, file_path, bytes, sha256 from raw.fake_states order by _file_id")
    ready = ("three", "ready", "people/three.csv", len(content), hashlib.sha256(content).hexdigest())
    assert sorted(told, key=lambda row: row[1]) == [("three", "processing", None, None, None), ready]
    assert asked.query("select schema_name, rows, seed, owner, format from raw.fake_requests") == [
        ("people", 3, 7, "ann", "csv")
    ]
    assert make(asked) == []
    assert asked.landed() == []


def test_a_request_for_parquet(asked: Home) -> None:
    ask(asked, "p", format="parquet", rows=10)
    make(asked)
    made = pl.read_parquet(asked.settings.made / "people" / "p.parquet")
    assert sorted(made["id"]) == list(range(-9, 1))


def test_what_cannot_be_made_fails_with_its_reason_and_holds_nothing_back(asked: Home) -> None:
    ask(asked, "none", schema="nobody")
    ask(asked, "many", rows=11)
    assert make(asked) == [("many", "failed"), ("none", "failed"), ("three", "ready")]
    found = states(asked)
    assert found["none"] == ("failed", "there is no schema 'nobody'; there are: people")
    assert "column 'id', option unique: 11 rows" in str(found["many"][1])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"schema": "people", "rows": -1}', "rows: -1 cannot be; it is 0 or more"),
        (b'{"schema": "people", "rows": "abc"}', "rows: 'abc' is not a whole number"),
        (b'{"schema": "people"}', "rows: it is missing"),
        (b'{"rows": 1}', "schema: it is missing"),
        (b'{"schema": "people", "rows": 1, "sed": 1}', "did you mean seed?"),
        (b'{"schema": "people", "rows": 1, "format": "xml"}', "format: 'xml' is neither csv nor parquet"),
        (b'{"schema": "../people", "rows": 1}', "schema: '../people' cannot be"),
        (b"[]", "a request is a mapping"),
        (b"\xff", "not UTF-8"),
    ],
)
def test_a_request_that_says_nothing_that_can_be_is_unreadable_and_says_why(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    home = Home(tmp_path)
    home.land("bad.request.json", content)
    assert make(home) == []
    assert home.files("status") == [("unreadable",)]
    (found,) = home.findings("anomaly, reason")
    assert (found[0], reason in found[1]) == ("unreadable_file", True), found


def test_a_schema_with_an_error_is_unreadable_and_the_one_before_stands(asked: Home) -> None:
    asked.land("people2.schema.yaml", SCHEMA.replace(b"-9", b"9"), 2)
    make(asked)
    assert asked.findings("file_name, reason") == [
        ("people2.schema.yaml", "column 'id', option from: 9 is greater than to: 0")
    ]
    assert states(asked)["three"] == ("ready", None)


def test_deleting_a_schema_deletes_its_files_and_its_waiting_requests_fail(asked: Home) -> None:
    make(asked)
    ask(asked, "late", 2)
    asked.land("gone.schema.yaml", b"name: people\ndeleted: true", 3)
    assert make(asked) == [("three", "deleted"), ("late", "failed")]
    assert not (asked.settings.made / "people").exists()
    assert states(asked) == {
        "three": ("deleted", "the schema people was deleted"),
        "late": ("failed", "the schema people was deleted"),
    }
    assert make(asked) == []
    ask(asked, "after", 4)
    make(asked)
    assert states(asked)["after"] == ("failed", "there is no schema 'people'; there are: none")


def test_no_name_of_a_schema_leads_out_of_the_folder_of_made_files(asked: Home) -> None:
    victim = asked.settings.made.parent / "outside" / "v.csv"
    victim.parent.mkdir(parents=True)
    victim.write_text("kept")
    ask(asked, "v", 1, schema="../outside")
    asked.land("gone.schema.yaml", b"name: ../outside\ndeleted: true", 2)
    make(asked)
    assert victim.read_text() == "kept"
    assert sorted(asked.findings("file_name")) == [("gone.schema.yaml",), ("v.request.json",)]


def test_a_file_that_the_system_refuses_fails_and_holds_nothing_back(asked: Home) -> None:
    asked.settings.made.mkdir(parents=True)
    (asked.settings.made / "people").write_text("a file where a folder is wanted")
    asked.land("other.schema.yaml", SCHEMA.replace(b"people", b"other"))
    ask(asked, "after", 2, schema="other")
    assert make(asked) == [("three", "failed"), ("after", "ready")]
    assert "File exists" in str(states(asked)["three"][1])


def test_a_schema_that_is_delivered_again_after_it_was_deleted_serves_later_requests_only(asked: Home) -> None:
    make(asked)
    asked.land("gone.schema.yaml", b"name: people\ndeleted: true", 2)
    asked.land("people.schema.yaml", SCHEMA, 3)
    ask(asked, "after", 4)
    assert make(asked) == [("three", "deleted"), ("after", "ready")]
    assert [path.name for path in (asked.settings.made / "people").iterdir()] == ["after.csv"]


def test_a_request_delivered_again_replaces_its_file_and_can_be_made_again_by_name(asked: Home) -> None:
    make(asked)
    ask(asked, "three", 5, rows=4)
    assert make(asked) == [("three", "ready")]
    file = asked.settings.made / "people" / "three.csv"
    assert len(file.read_bytes().splitlines()) == 5
    file.unlink()
    assert make(asked, "three") == [("three", "ready")]
    assert len(file.read_bytes().splitlines()) == 5
    assert [request.state for request in waiting_now(asked.warehouse)[0].requests] == ["replaced", "ready"]
    asked.land("gone.schema.yaml", b"name: people\ndeleted: true", 6)
    assert make(asked) == [("three", "deleted")]
    assert [request.state for request in waiting_now(asked.warehouse)[0].requests] == ["replaced", "deleted"]


def test_a_state_that_is_told_and_not_taken_in_is_not_done_again(asked: Home) -> None:
    asked.ingest(feeds=FAKES)
    fulfil(asked.warehouse, lambda _: None)
    known, waiting = waiting_now(asked.warehouse)
    assert waiting == []
    assert [request.state for request in known.requests] == ["queued"]
    assert [request.state for request in states_now(asked.settings, known)] == ["ready"]
    assert fulfil(asked.warehouse, lambda _: None) == []


def test_loaded_files_that_stay_in_the_landing_zone_change_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path, AFTER_LOAD="keep")
    home.land("people.schema.yaml", SCHEMA)
    ask(home, "three")
    assert make(home) == [("three", "ready")]
    home.land("gone.schema.yaml", b"name: people\ndeleted: true", 2)
    assert make(home) == [("three", "deleted")]
    assert make(home) == []


def test_a_run_that_was_killed_leaves_the_request_waiting_and_its_half_file_is_removed(
    asked: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked.ingest(feeds=FAKES)
    half = asked.settings.made / "people" / ".three.csv.0.tmp"
    half.parent.mkdir(parents=True)
    half.write_text("id")
    assert [request.name for request in waiting_now(asked.warehouse)[1]] == ["three"]
    assert make(asked) == [("three", "ready")]
    assert [path.name for path in half.parent.iterdir()] == ["three.csv"]


def test_a_file_that_fails_its_checks_is_not_kept(asked: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "problems_of", lambda *_: {"unique": ["column 'id' repeats 1 values"]})
    assert make(asked) == [("three", "failed")]
    assert "did not pass its checks: column 'id' repeats 1 values" in str(states(asked)["three"][1])
    assert not (asked.settings.made / "people" / "three.csv").exists()


def test_garbage_among_the_states_is_the_ingest_s_affair(asked: Home) -> None:
    asked.land("fake_states/x.jsonl", b'nonsense\n{"state": 1}\n[]\n')
    assert make(asked) == [("three", "ready")]


def test_the_archive_alone_gives_the_same_requests_and_states(asked: Home, tmp_path: Path) -> None:
    from vsf_assets.ingest.session import ingest_archive

    make(asked)
    before = states(asked), asked.query("from raw.fake_states order by all")
    asked.settings.warehouse_file.unlink()
    ingest_archive(asked.warehouse, "again", lambda _: None)
    assert (states(asked), asked.query("from raw.fake_states order by all")) == before
    assert make(asked) == []


def test_a_file_that_may_not_be_removed_waits_and_holds_no_other_request_back(asked: Home) -> None:
    make(asked)
    asked.land("people.schema.yaml", b"name: people\ndeleted: true\n", 2)
    asked.land("others.schema.yaml", SCHEMA.replace(b"people", b"others"), 2)
    ask(asked, "four", 3, schema="others")
    folder = asked.settings.made / "people"
    folder.chmod(0o555)
    (folder / ".half.tmp").touch()
    with like_other_users():
        assert make(asked) == [("three", "stuck"), ("four", "ready")]
    assert (folder / "three.csv").exists()
    folder.chmod(0o755)
    assert make(asked) == [("three", "deleted")]
    assert not folder.exists()


def test_a_state_that_may_not_be_read_is_reported_and_its_request_is_done_once_more(asked: Home) -> None:
    asked.ingest(feeds=FAKES)
    fulfil(asked.warehouse, lambda _: None)
    before = (asked.settings.made / "people" / "three.csv").read_bytes()
    for state in (asked.landing / "fake_states").iterdir():
        state.chmod(0)
    with like_other_users():
        assert [made.state for made in fulfil(asked.warehouse, lambda _: None)] == ["ready"]
    assert (asked.settings.made / "people" / "three.csv").read_bytes() == before
