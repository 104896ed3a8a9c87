"""A process killed with SIGKILL at every step of storing and filing; the next run ends as if nothing had happened.

Here: children that die before or after a named call. Not here: power loss, and two writers
(test_two_processes.py).
"""

import gzip
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.archive.archive_file import originals
from vsf_assets.storage.local import FolderStore
from vsf_assets_tests.engine.children import run_children
from vsf_assets_tests.warehouses import Home, clicks, conversions

STEPS = [
    ("ingest.loader", "read_one_file", "before", 2),
    ("ingest.loader", "read_one_file", "after", 5),
    ("warehouse.ledger", "store_results", "before", 1),
    ("warehouse.ledger", "_twin", "after", 2),
    ("warehouse.writer", "Writer.insert_rows", "after", 1),
    ("warehouse.ledger", "_insert", "after", 2),
    ("warehouse.ledger", "store_results", "after", 1),
    ("warehouse.ledger", "store_results", "after", 6),
    ("archive.archive_file", "sha256_of", "after", 1),
    ("archive.archive_file", "_archive_seen", "after", 2),
    ("ingest.move_to_archive", "archive_file", "after", 6),
]
MOVED = [
    ("ingest.safe_copies", "_copy_unsynced", "after", 2),
    ("ingest.safe_copies", "secure_one", "after", 6),
    ("archive.archive_file", "rename_if_same_disk", "before", 2),
    ("archive.archive_file", "rename_if_same_disk", "after", 2),
    ("ingest.move_to_archive", "put_in_place", "before", 1),
    ("storage.local", "FolderStore.remove_marker", "after", 1),
]
COPIED = [
    ("ingest.safe_copies", "copy_file", "before", 1),
    ("common.atomic_files", "os.fsync", "before", 1),
    ("ingest.safe_copies", "copy_file", "after", 2),
    ("storage.local", "FolderStore.remove", "before", 1),
    ("storage.local", "FolderStore.remove_marker", "after", 1),
    ("storage.local", "FolderStore.remove", "after", 2),
]
CASES = (
    [("archive", False, step) for step in STEPS + MOVED]
    + [("archive", True, step) for step in COPIED]
    + [("keep", False, step) for step in COPIED[1:3]]
    + [("delete", False, step) for step in [("common.atomic_files", "os.fsync", "before", 1), *COPIED[3:5]]]
)


def land_everything(home: Home) -> None:
    bad = clicks(1, 2) + b"x,1,1\n\n"
    home.land("clicks_1_late.csv", bad, minute=9)
    home.land("clicks_1.csv", bad, minute=1)
    home.land("clicks_1.csv.done", b"")
    home.land("clicks_2.csv.gz", gzip.compress(clicks(3), mtime=0)[:-3], minute=2)
    home.land("conversions_1.csv", conversions(1, 2), minute=3)
    home.land("conversions_2.csv", conversions(1, 2), minute=3)
    home.land("impressions_4.csv", b"", minute=4)


def originals_of(home: Home) -> dict[str, bytes]:
    """Return the archive without what a killed copy left under a temporary name."""
    return {path: content for path, content in home.archived().items() if not path.endswith(".tmp")}


def name_of(case: tuple[str, bool, tuple[str, str, str, int]]) -> str:
    after_load, other_disk, (_, function, when, call) = case
    return f"{after_load}{' by copy' if other_disk else ''}: {when} {function} {call}"


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Home, int]]:
    """Return the homes that the killed processes left, by case, with their exit codes."""
    jobs: list[dict[str, Any]] = []
    homes = []
    for number, (after_load, other_disk, step) in enumerate(CASES):
        home = Home(tmp_path_factory.mktemp(f"killed{number}"), AFTER_LOAD=after_load)
        land_everything(home)
        homes.append(home)
        variables = {"AFTER_LOAD": after_load}
        jobs.append({"home": str(home.root), "variables": variables, "die": step, "other_disk": other_disk})
    codes = run_children(jobs)
    return {name_of(case): (home, code) for case, home, code in zip(CASES, homes, codes, strict=True)}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Home]:
    homes = {}
    for after_load in ("archive", "keep", "delete"):
        homes[after_load] = Home(tmp_path_factory.mktemp(after_load), AFTER_LOAD=after_load)
        land_everything(homes[after_load])
        homes[after_load].ingest()
    return homes


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_next_run_ends_as_an_undisturbed_one(
    case: tuple[str, bool, Any], killed: dict[str, tuple[Home, int]], undisturbed: dict[str, Home]
) -> None:
    home, code = killed[name_of(case)]
    assert code == -9, "the process was not killed where the case says"
    expected = undisturbed[case[0]]
    home.ingest()
    assert home.state() == expected.state()
    assert originals_of(home) == originals_of(expected)
    assert home.landed() == expected.landed()


def test_undisturbed_run_is_what_the_rules_say(undisturbed: dict[str, Home]) -> None:
    home = undisturbed["archive"]
    assert home.files("file_name, status, rows_loaded") == [
        ("clicks_1.csv", "loaded", 2),
        ("clicks_2.csv.gz", "unreadable", 0),
        ("conversions_1.csv", "loaded", 2),
        ("conversions_2.csv", "loaded", 2),
        ("impressions_4.csv", "loaded", 0),
        ("clicks_1_late.csv", "duplicate_file", 0),
    ]
    assert (home.landed(), len(home.archived())) == ([], 6)
    assert len(undisturbed["keep"].landed()) == 7


def test_temporary_file_of_a_killed_copy_is_no_original(tmp_path: Path) -> None:
    (tmp_path / "clicks" / "1").mkdir(parents=True)
    (tmp_path / "clicks" / "1" / ".abc.tmp").write_bytes(b"half")
    assert list(originals(FolderStore(tmp_path))) == []
