"""A full disk at every step: one line with the place and about how much is needed, nothing half left behind.

Here: real file systems of a megabyte, in a mount namespace (skipped where that is not allowed), and the words of the
libraries. Not here: `vsf` and Dagster on a full disk (cli/test_full_disk.py).
"""

import errno
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from vsf_assets.common.errors import UsageError, VsfError
from vsf_assets.storage.full_disk import FullDiskError, is_full, room_for, unplaced_line
from vsf_assets_tests.forms import WHOLE_RUN, name_home
from vsf_assets_tests.prebuilt import put_built_warehouse
from vsf_assets_tests.warehouses import Home


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each step said on a disk that was too small."""
    root = tmp_path_factory.mktemp("full")
    words = ["unshare", "-m", "sh", "-c"]
    if subprocess.run([*words, f"mount -t tmpfs tmpfs '{root}'"], capture_output=True, check=False).returncode:
        pytest.skip("no file system may be mounted here: root in a mount namespace is needed")
    put_built_warehouse(Home(root / "home").settings)
    child = [*words, f"'{sys.executable}' -m vsf_assets_tests.engine.full_disk_steps '{root}'"]
    done = subprocess.run(child, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-1500:]
    found: dict[str, str] = json.loads(done.stdout)
    return {step: line.replace(str(root), "ROOT") for step, line in found.items()}


@pytest.mark.parametrize(
    ("step", "place", "what", "megabytes"),
    [
        ("landing", "home/landing", "clicks/clicks_1.csv", (7, 9)),
        ("scratch", r"home/scratch/\S*", "rows that wait to be stored", (2, 8)),
        ("spill", "home/scratch", "the warehouse", (16, 20)),
        ("transaction", "home/warehouse", "the warehouse", (16, 40) if WHOLE_RUN else (20, 40)),
        ("archive", "home/archive", "the original clicks_1.csv", (7, 9)),
        # A build of a lake begins with a copy of its catalog.
        ("build", "home/(warehouse|scratch/duckdb)", "the warehouse" if WHOLE_RUN else "the marts", (1, 20)),
        ("snapshot", "home/snapshots", r"the snapshot vsf-1\.duckdb", (2, 40)),
        ("made up", "out", "it", (0.4, 2)),
        ("made up as Parquet", "out", "it", (0.1, 2)),
        ("report", "out", r"report\.csv", (0.4, 4)),
        ("log", "home/logs", "the log of the run", None),
        ("removing records", "home/dagster", "Dagster's records", (2, 5)),
    ],
)
def test_one_line_names_the_place_and_about_how_much_is_needed(
    said: dict[str, str], step: str, place: str, what: str, megabytes: tuple[float, float] | None
) -> None:
    about = r"about [\d.]+ MB are needed and [\d.,]+ MB are free" if megabytes else r"it is full, [\d.,]+ MB are free"
    line = rf"the disk of ROOT/{place} has no room for {what}: {about}( \(No space left on device\))?\. "
    line += r"Nothing is lost: make room there \(or raise the quota\), and run the same command again"
    if step.startswith("made up"):
        line = r"ROOT/out/x\.(csv|parquet): the disk is full; nothing was left there: " + line
    assert re.fullmatch(line, said[step]), said[step]
    needed = re.search(r"about ([\d.]+) MB", said[step])
    if megabytes and needed:
        assert megabytes[0] <= float(needed[1]) <= megabytes[1]


def test_nothing_is_lost_and_the_next_run_goes_on(said: dict[str, str]) -> None:
    wanted = {
        "left in landing": "[]",
        "stored": "[(0,)]",  # a row is stored only once its original is safe
        "left in landing, not archived": "['clicks_1.csv']",
        "stored then": "[(200000,)]",
        "left in landing then": "[]",
        "left in snapshots": "[]",
        "published": "vsf-1.duckdb",
        "left in out": "[]",
    }
    assert {name: said[name] for name in wanted} == wanted


WORDS = [
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EDQUOT, "Disk quota exceeded"),
    OSError(errno.EFBIG, "File too large"),
    RuntimeError('IO Error: Could not write file "/a/b.duckdb": No space left on device'),
    RuntimeError("parquet: File out of specification: underlying IO error: No space left on device (os error 28)"),
    RuntimeError(
        "Out of Memory Error: failed to offload data block\nThis limit was set by the 'max_temp_directory_size'"
    ),
    RuntimeError("(sqlite3.OperationalError) database or disk is full"),
]


@pytest.mark.parametrize("error", WORDS, ids=range(len(WORDS)))
def test_each_library_s_words_are_known(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(FullDiskError, match=r"the disk of \S+ has no room for it: about 3\.0 MB are needed"):  # noqa: SIM117
        with room_for("it", tmp_path, 3_000_000):
            raise VsfError("a step failed") from error


def test_other_errors_pass(tmp_path: Path) -> None:
    others = [OSError(errno.EACCES, "Permission denied"), UsageError("file says: No space left on device")]
    others.append(RuntimeError("disk I/O error"))  # there is room
    for error in others:
        with pytest.raises(type(error)) as raised, room_for("it", tmp_path):
            raise error
        assert raised.value is error
        assert not is_full(error)


def test_the_first_disk_is_named_and_not_what_failed_after_it(tmp_path: Path) -> None:
    with pytest.raises(FullDiskError, match="no room for the rows") as raised:  # noqa: SIM117
        with room_for("Dagster's records", tmp_path):
            try:
                with room_for("the rows", tmp_path):
                    raise WORDS[0]
            finally:
                raise RuntimeError("database or disk is full")
    assert unplaced_line(raised.value) == str(raised.value)


def test_an_error_without_a_place_names_the_fullest_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name_home(tmp_path, monkeypatch)
    assert unplaced_line(OSError(errno.ENOSPC, "No space left on device")).startswith("the disk of /")
    named = OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "x" / "y.csv"))
    assert unplaced_line(named).startswith(
        f"the disk of {tmp_path} has no room for what was to be written: it is full, "
    )
