"""kill -9 at every step of looking, fetching and loading, and two runs at once: nothing lost, nothing doubled."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vsf_assets_tests.catalog.homes import home_of, load, records, serve_songs, tables
from vsf_assets_tests.catalogs import FEEDS
from vsf_assets_tests.engine.children import run_children
from vsf_assets_tests.forks import start_vsf
from vsf_assets_tests.servers import Served, http_server


@pytest.fixture
def served() -> Iterator[Served]:
    with http_server() as served:
        serve_songs(served, 6)
        yield served


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The tables of a run that nothing disturbed, from a server like that of each test."""
    with http_server() as served:
        serve_songs(served, 6)
        home = home_of(tmp_path_factory.mktemp("undisturbed"), served.address)
        load(home)
        return tables(home)


def job(root: Path, *die: Any) -> dict[str, Any]:
    """Return a child that takes the catalog, and dies where it is told to."""
    home_of(root, "http://x.invalid") if not (root / "sources.toml").exists() else None
    variables = {"SOURCES": str(root / "sources.toml"), "PROFILE": "there"}
    return {"home": str(root), "variables": variables, "feeds": list(FEEDS), **({"die": list(die)} if die else {})}


POINTS = [
    ("catalog.inbox", "Inbox.place", "before", 1),
    ("catalog.inbox", "Inbox.place", "after", 1),
    ("catalog.inbox", "Inbox.place", "after", 2),
    ("catalog.inbox", "Inbox.place_object", "before", 1),
    ("catalog.inbox", "Inbox.place_object", "after", 3),
    ("pipeline.ingest_catalog", "fetch_from_source", "before", 1),
    ("ingest.loader", "read_one_file", "after", 4),
    ("warehouse.ledger", "store_results", "before", 3),
    ("warehouse.ledger", "store_results", "after", 3),
    ("warehouse.ledger", "store_results", "after", 8),
    ("ingest.move_to_archive", "archive_file", "before", 1),
    ("ingest.move_to_archive", "archive_file", "after", 4),
]


@pytest.mark.parametrize("point", POINTS, ids=lambda point: "-".join(map(str, point[1:])))
def test_after_kill_9_the_next_run_equals_an_undisturbed_one(
    tmp_path: Path, served: Served, undisturbed: dict[str, list[str]], point: tuple[str, str, str, int]
) -> None:
    killed = home_of(tmp_path, served.address)
    assert run_children([job(killed.root, *point)]) == [-signal.SIGKILL]
    assert load(killed).failed == []
    assert tables(killed) == undisturbed
    assert load(killed).stored == []
    assert [path for path in killed.settings.fetched.rglob("*") if path.is_file() and path.name != ".lock"] == []
    killed.assert_originals_are_kept()


def test_a_crash_between_two_states_of_an_object_loses_neither(tmp_path: Path, served: Served) -> None:
    home = home_of(tmp_path, served.address)
    assert run_children([job(home.root, "ingest.loader", "read_one_file", "before", 1)]) == [-signal.SIGKILL]
    served.put("00.data", records("newer"))
    load(home)
    rows = home.query("select count(*), count(distinct landed_at) from raw.files where file_name = '00.data'")
    assert rows == [(2, 2)]


def test_two_runs_at_once_double_nothing_and_transfer_once(
    tmp_path: Path, served: Served, undisturbed: dict[str, list[str]]
) -> None:
    both = home_of(tmp_path, served.address)
    assert run_children([job(both.root), job(both.root)], at_once=True) == [0, 0]
    assert tables(both) == undisturbed
    transferred = served.transfers()
    assert [name for name in transferred if name != "files_list.data"] == [f"{n:02}.data" for n in range(6)]


def test_ctrl_c_ends_promptly_while_the_server_stalls(
    tmp_path: Path, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.fault = lambda _, method, name: "stall" if (method, name) == ("GET", "03.data") else ""
    home = home_of(tmp_path, served.address, read_timeout=60, object_timeout=60)
    variables = {"VSF_HOME": str(home.root), "VSF_SOURCES": str(tmp_path / "sources.toml"), "VSF_PROFILE": "there"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    process = start_vsf("run")
    wait_until(lambda: any(entry[:2] == ("GET", "05.data") for entry in served.log))
    time.sleep(0.5)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - started < 10
    assert process.returncode != 0
    assert "Traceback" not in errors
    served.fault = lambda *_: ""
    assert load(home).failed == []
    assert home.query("select count(*) from raw.songs") == [(12,)]


def wait_until(condition: Any) -> None:
    """Wait for a condition, within a minute."""
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)
