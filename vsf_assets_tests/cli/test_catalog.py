"""The catalog on the command line: landing, looking, what fails, and what the status tells."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from vsf_assets_tests.builds import built_directly
from vsf_assets_tests.catalog.homes import records, serve_songs
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.servers import Served, http_server

CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n"


@pytest.fixture
def served(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    with http_server() as served:
        serve_songs(served, 3)
        home.path.mkdir(parents=True, exist_ok=True)
        patience = "attempts = 2\nread_timeout = 0.5\nobject_timeout = 2\n"
        (home.path / "sources.toml").write_text(f"[there]\naddress = '{served.address}'\n{patience}")
        monkeypatch.setenv("VSF_SOURCES", str(home.path / "sources.toml"))
        yield served


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    folder = tmp_path / "given" / "music"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.data").write_bytes(records("a"))
    (folder / "sub" / "b.data").write_bytes(records("b"))
    (folder / "files_list.data").write_text("a.data\nsub/b.data\n")
    return folder


def test_landing_a_catalog_fills_the_folder_and_replaces(home: Home, bucket: Path) -> None:
    first = home.vsf("land", "catalog", str(bucket))
    assert first.output.splitlines()[:3] == [
        "landed catalog/a.data",
        "landed catalog/sub/b.data",
        "landed catalog/files_list.data",
    ]
    kept = (home.landing / "catalog/a.data").stat().st_mtime_ns
    assert "already there: catalog/a.data" in home.vsf("land", "catalog", str(bucket)).output
    assert (home.landing / "catalog/a.data").stat().st_mtime_ns == kept
    (bucket / "a.data").write_bytes(records("newer"))
    assert home.vsf("land", "catalog", str(bucket / "a.data")).exit_code == 0
    assert (home.landing / "catalog/a.data").read_bytes() == records("newer")
    status = json.loads(home.vsf("status", "--format", "json").output)
    assert [(row["feed"], row["file_name"], row["status"]) for row in status] == [
        ("catalog", "a.data", "pending"),
        ("catalog", "sub/b.data", "pending"),
    ]


def test_a_folder_named_catalog_is_recognized_without_a_feed(home: Home, bucket: Path) -> None:
    target = bucket.with_name("catalog")
    bucket.rename(target)
    assert "landed catalog/sub/b.data" in home.vsf("land", str(target)).output
    assert home.vsf("land", str(target.parent)).exit_code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["catalog_looks"], "written by the platform"),
        (["catalog", "--partition", "1"], "--partition is not used"),
    ],
)
def test_what_cannot_be_landed_is_refused(home: Home, bucket: Path, words: list[str], says: str) -> None:
    outcome = home.vsf("land", words[0], str(bucket / "a.data"), *words[1:])
    assert (outcome.exit_code, says in outcome.errors) == (2, True)


def test_nobody_lands_into_a_foreign_source(home: Home, bucket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.path.mkdir(parents=True, exist_ok=True)
    (home.path / "s.toml").write_text("[default]\naddress = 'http://127.0.0.1:9'\n")
    monkeypatch.setenv("VSF_SOURCES", str(home.path / "s.toml"))
    outcome = home.vsf("land", "catalog", str(bucket))
    assert outcome.exit_code == 2
    assert "only read" in outcome.errors


def test_profiles_are_checked_at_start(home: Home, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = home.vsf("run", "--profile", "films")
    assert outcome.exit_code == 2
    assert "--profile 'films': there is no such profile; profiles: default, there" in outcome.errors
    (home.path / "sources.toml").write_text("[there]\naddress = 'x'\nread_timeout = -1\n")
    outcome = home.vsf("status")
    assert outcome.exit_code == 2
    assert "sources.toml: profile there: read_timeout = -1" in outcome.errors


def test_what_fails_is_told_with_exit_code_1_and_the_next_run_completes_it(home: Home, served: Served) -> None:
    served.fault = lambda _, method, name: "500" if (method, name) == ("GET", "01.data") else ""
    home.drop({"clicks_1.csv": CLICKS})
    with built_directly():
        outcome = home.vsf("run", "--profile", "there")
    assert outcome.exit_code == 1
    assert "catalog/there/01.data: the server answered 500 Internal Server Error (2 attempts)" in outcome.errors
    assert "fetching: fetched 3 of 3 objects" in outcome.errors
    assert home.ask("select count(*) from marts.dim_songs") == [(4,)]
    assert home.ask("select count(*) from raw.clicks") == [(1,)]
    served.fault = lambda *_: ""
    with built_directly():
        assert home.vsf("run", "--profile", "there", "--feed", "catalog").exit_code == 0
    assert home.ask("select count(*) from marts.dim_songs") == [(6,)]
    scans_sources = home.ask("select count(distinct landed_at) from reports.files where feed like 'catalog%'")
    assert scans_sources == [(1,)]
    assert "nothing is pending" in home.vsf("run", "--profile", "there").output
    served.fault = lambda *_: "503"
    outcome = home.vsf("run", "--profile", "there")
    assert outcome.exit_code == 1
    assert "nothing is pending" in outcome.output
    assert "the list files_list.data of the catalog at" in outcome.errors


def test_the_status_asks_no_server_and_tells_what_is_due(
    home: Home, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VSF_PROFILE", "there")
    outcome = home.vsf("status")
    assert served.address in outcome.output
    assert served.log == []
