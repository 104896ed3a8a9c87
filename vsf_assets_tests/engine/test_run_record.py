"""The record of runs: what a run leaves in it, however it ends, and whatever happens to the file.

Here: the file and its rows. Not here: what the pipeline writes into them (cli/test_run.py).
"""

import os
import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vsf_assets.common.errors import VsfError
from vsf_assets.runs import record_file
from vsf_assets.runs.record_file import RecordError
from vsf_assets.runs.run_record import CheckFailure, read_runs, recorded_run, remove_old_runs
from vsf_assets_tests.rights import like_other_users

CHILD = """
import sys, time
from pathlib import Path
from vsf_assets.runs.run_record import recorded_run
home, name, seconds = Path(sys.argv[1]), sys.argv[2], float(sys.argv[3])
for n in range(int(sys.argv[4])):
    with recorded_run(home, f"{name}-{n}", "ingest", ["mobile"], print) as record:
        record.files_loaded = n
        print("started", flush=True)
        time.sleep(seconds)
"""


def child(home: Path, name: str, seconds: float = 0, runs: int = 1) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", CHILD, str(home), name, str(seconds), str(runs)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def test_a_run_that_ends_well(tmp_path: Path) -> None:
    with recorded_run(tmp_path, "a", "ingest+build", ["campaigns"]) as record:
        (running,) = read_runs(tmp_path)
        assert (running.outcome, running.ended_at, running.pid) == ("running", None, os.getpid())
        record.files_loaded, record.files_left, record.snapshot = 3, 1, 7
        record.failed_checks.append(CheckFailure("few_rows", "2 found", "There are rows.", 2, is_blocking=False))
    (ended,) = read_runs(tmp_path)
    assert (ended.kind, ended.families, ended.outcome) == ("ingest+build", ["campaigns"], "succeeded")
    assert (ended.files_loaded, ended.files_left, ended.files_failed, ended.snapshot) == (3, 1, 0, 7)
    assert ended.failed_checks == [CheckFailure("few_rows", "2 found", "There are rows.", 2, is_blocking=False)]
    assert ended.blocking == []
    assert ended.ended_at is not None
    assert datetime.now(UTC) - timedelta(minutes=1) < ended.started_at <= ended.ended_at


@pytest.mark.parametrize(
    ("error", "outcome", "text"),
    [
        (VsfError("the disk of /x is gone"), "failed", "the disk of /x is gone"),
        (ZeroDivisionError(), "failed", "ZeroDivisionError"),
        (KeyboardInterrupt(), "canceled", ""),
        (SystemExit(1), "canceled", ""),
    ],
)
def test_a_run_that_ends_badly_says_how(tmp_path: Path, error: BaseException, outcome: str, text: str) -> None:
    with pytest.raises(type(error)), recorded_run(tmp_path, "a", "build"):
        raise error
    (run,) = read_runs(tmp_path)
    assert (run.outcome, run.error) == (outcome, text)


def test_a_second_step_continues_the_row_of_its_run(tmp_path: Path) -> None:
    with recorded_run(tmp_path, "a", "ingest", ["campaigns"]) as record:
        record.files_loaded = 2
        record.fail("clicks_1.csv cannot be read")
    with recorded_run(tmp_path, "a", "ingest", ["mobile"]) as record:
        record.files_loaded = 3
    with recorded_run(tmp_path, "a", "build") as record:
        record.snapshot = 4
    (run,) = read_runs(tmp_path)
    assert (run.kind, run.families, run.files_loaded, run.snapshot) == ("ingest+build", ["campaigns", "mobile"], 5, 4)
    assert (run.outcome, run.error) == ("failed", "clicks_1.csv cannot be read")


def test_a_killed_run_has_died(tmp_path: Path) -> None:
    killed = child(tmp_path, "killed", seconds=60)
    assert killed.stdout is not None
    assert killed.stdout.readline() == "started\n"
    assert [run.outcome for run in read_runs(tmp_path)] == ["running"]
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    (seen,) = read_runs(tmp_path)
    assert (seen.outcome, seen.ended_at) == ("died", None)
    assert f"process {killed.pid} ended" in seen.error
    with recorded_run(tmp_path, "next", "ingest"):  # it stores what it saw, for whoever reads elsewhere
        with sqlite3.connect(record_file.record_file(tmp_path)) as connection:
            found = dict(connection.execute("select run_id, outcome from runs").fetchall())
        connection.close()
    assert found == {"killed-0": "died", "next": "running"}


def test_several_processes_write_at_the_same_time(tmp_path: Path) -> None:
    children = [child(tmp_path, name, runs=12) for name in "abc"]
    outputs = [running.communicate(timeout=120)[0] for running in children]
    assert outputs == ["started\n" * 12] * 3  # no warning
    runs = read_runs(tmp_path)
    assert {run.outcome for run in runs} == {"succeeded"}
    assert sorted(run.run_id for run in runs) == sorted(f"{name}-{n}" for name in "abc" for n in range(12))
    assert sum(run.files_loaded for run in runs) == 3 * sum(range(12))


@pytest.mark.parametrize("start", [0, 4096], ids=["header", "pages"])
def test_a_damaged_file_is_renamed_and_no_run_fails(tmp_path: Path, start: int) -> None:
    with recorded_run(tmp_path, "lost", "build"):
        pass
    file = record_file.record_file(tmp_path)
    content = file.read_bytes()
    file.write_bytes(content[:start] + b"\x5a" * (len(content) - start))
    with pytest.raises(RecordError, match="it is damaged"):
        read_runs(tmp_path)
    lines: list[str] = []
    with recorded_run(tmp_path, "a", "build", warn=lines.append):
        pass
    assert [run.run_id for run in read_runs(tmp_path)] == ["a"]
    (aside,) = tmp_path.glob("runs.sqlite.damaged-*")
    assert len(lines) == 1
    assert str(aside) in lines[0]


def test_a_full_disk_gives_one_warning(tmp_path: Path) -> None:
    lines: list[str] = []
    with recorded_run(tmp_path, "before", "build"):
        pass
    with record_file.reading(tmp_path) as connection:
        assert connection is not None
        pages = connection.execute("pragma page_count").fetchone()[0]

    connect = record_file._connect

    def connect_to_small_disk(address: str) -> sqlite3.Connection:
        found = connect(address)
        found.execute(f"pragma max_page_count = {pages}")
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(record_file, "_connect", connect_to_small_disk)
        with recorded_run(tmp_path, "a", "build", warn=lines.append) as record:
            record.error = "x" * 100_000
    assert [(run.run_id, run.outcome) for run in read_runs(tmp_path)][-1] == ("before", "succeeded")
    assert len(lines) == 1
    assert "database or disk is full" in lines[0]


def test_a_read_only_home_is_read_and_gives_one_warning(tmp_path: Path) -> None:
    with recorded_run(tmp_path, "before", "build"):
        pass
    lines: list[str] = []
    record_file.record_file(tmp_path).chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        with like_other_users():
            with recorded_run(tmp_path, "a", "build", warn=lines.append):
                pass
            assert [run.run_id for run in read_runs(tmp_path)] == ["before"]
    finally:
        tmp_path.chmod(0o755)
    assert len(lines) == 1
    assert str(record_file.record_file(tmp_path)) in lines[0]
    assert "readonly" in lines[0]


def test_old_rows_go_and_published_files_stay(tmp_path: Path) -> None:
    for name in ("old", "new"):
        with recorded_run(tmp_path, name, "build"):
            pass
    old = (datetime.now(UTC) - timedelta(days=40)).isoformat(timespec="milliseconds")
    record_file.write(tmp_path, lambda c: c.execute("update runs set started_at = ? where run_id = 'old'", (old,)))
    record_file.write(tmp_path, lambda c: c.execute("insert into published_files values (1, 1, ?)", (old,)))
    before = datetime.now(UTC) - timedelta(days=30)
    assert remove_old_runs(tmp_path, before, dry_run=True) == 1
    assert remove_old_runs(tmp_path, before) == 1
    assert [run.run_id for run in read_runs(tmp_path)] == ["new"]
    with record_file.reading(tmp_path) as connection:
        assert connection is not None
        assert connection.execute("select count(*) from published_files").fetchone() == (1,)
