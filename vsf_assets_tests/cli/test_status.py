"""`vsf status`: what it says of the service, of runs, of what is not in the snapshot and why, and of the disk.

Here: the summary and exit codes. Not here: the list of files (test_run.py), and the record of runs
(engine/test_run_record.py).
"""

import csv
import json
import os
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.config.settings import PROJECT_ROOT, read_settings
from vsf_assets.landing.land_file import land_file
from vsf_assets.runs.record_file import record_file
from vsf_assets.runs.run_record import CheckFailure, recorded_run
from vsf_assets.runs.service_state import PartState, ServiceState, service_folder
from vsf_assets.service.state import write_state
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.rights import others_may_pass

CLICKS = "click_id,banner_id,campaign_id\n10,1,7\n"


def summary(home: Home) -> dict[str, Any]:
    return dict(json.loads(home.vsf("status", "--summary", "--format", "json").output))


def why(home: Home) -> dict[str, str]:
    return {file["name"]: file["why"] for file in summary(home)["not_in_snapshot"]}


@pytest.fixture
def landed(home: Home) -> Home:
    """A home with a file that landed an hour ago."""
    home.drop({"clicks_1.csv": CLICKS})
    before = (datetime.now(UTC) - timedelta(hours=1)).timestamp()
    os.utime(home.landing / "clicks_1.csv", (before, before))
    return home


@pytest.fixture
def part() -> Iterator[subprocess.Popen[bytes]]:
    """A process that stands for a part of the service."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


def serve(home: Home, part_pid: int, since: datetime | None = None, **of_daemon: Any) -> None:
    """Let the home look as if this process were its supervisor."""
    service_folder(home.path).mkdir(exist_ok=True)
    text = (since or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    daemon = PartState(**{"state": "running", "pid": part_pid, "since": text, **of_daemon})
    write_state(home.path, ServiceState(os.getpid(), text, "http://127.0.0.1:3000", {"daemon": daemon}))


@pytest.mark.both_forms
def test_a_landed_file_waits_for_somebody_to_start(landed: Home) -> None:
    assert why(landed) == {"clicks_1.csv": "the service does not run: start vsf serve, or run vsf run"}
    said = landed.vsf("status")
    assert said.exit_code == 0
    assert "service: does not run; vsf serve starts it" in said.output
    assert (
        "not in the snapshot: 1 file landed; the service does not run: start vsf serve, or run vsf run (clicks_1.csv)"
    ) in said.output
    assert " free; the home has " in said.output
    (row,) = csv.DictReader(landed.vsf("status", "--format", "csv").output.splitlines())
    assert (row["status"], row["why_not_in_snapshot"]) == ("pending", why(landed)["clicks_1.csv"])


def test_a_file_that_has_just_landed_settles(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VSF_SETTLE_SECONDS", "600")
    home.drop({"clicks_1.csv": CLICKS})
    assert why(home) == {"clicks_1.csv": "waiting to settle"}
    land_file(home.landing, home.landing / "clicks_1.csv", "clicks/clicks_1.csv")  # as `vsf land` does
    assert why(home)["clicks/clicks_1.csv"] == "the service does not run: start vsf serve, or run vsf run"


def test_a_service_that_runs_loads_it(landed: Home, part: subprocess.Popen[bytes]) -> None:
    serve(landed, part.pid, restarts=2, last_reason="it gave no sign of life for 121 s")
    assert why(landed) == {"clicks_1.csv": "the service loads it when it next looks"}
    said = landed.vsf("status", "--summary")
    assert said.exit_code == 0
    assert f"as process {os.getpid()}, http://127.0.0.1:3000" in said.output
    assert "the daemon was restarted 2 times, last because it gave no sign of life for 121 s" in said.output


def test_a_part_that_is_stopped_or_restarted_is_named(landed: Home, part: subprocess.Popen[bytes]) -> None:
    serve(landed, part.pid)
    os.kill(part.pid, 19)
    os.waitpid(part.pid, os.WUNTRACED)
    said = landed.vsf("status", "--summary")
    assert said.exit_code == 1
    assert f"the process {part.pid} of the daemon is stopped; the service restarts it" in said.output
    assert why(landed)["clicks_1.csv"].startswith("the service does not answer: the process")
    serve(landed, part.pid, state="restarting", restarts=1, last_reason="it ended with exit code 1")
    said = landed.vsf("status", "--summary")
    assert "the daemon is restarting since " in said.output
    assert "(it ended with exit code 1)" in said.output
    serve(landed, part.pid, state="starting")
    os.kill(part.pid, 18)
    said = landed.vsf("status", "--summary")
    assert (said.exit_code, "  the daemon is starting" in said.output) == (0, True)
    serve(landed, part.pid, state="starting", restarts=1, follows_a_run=True)  # as a spare process that once died
    said = landed.vsf("status", "--summary")
    assert (said.exit_code, "  the daemon is starting" in said.output) == (0, True)


def test_a_daemon_without_heartbeats_is_named(landed: Home, part: subprocess.Popen[bytes]) -> None:
    serve(landed, part.pid)
    beat = datetime.now(UTC)

    def put_heartbeats() -> None:
        with sqlite3.connect(landed.path / "dagster" / "runs.db") as connection:
            connection.execute("delete from daemon_heartbeats")
            for name in ("SENSOR", "QUEUED_RUN_COORDINATOR", "ASSET"):
                at = f"{beat if name == 'SENSOR' else datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"
                sql = "insert into daemon_heartbeats (daemon_type, daemon_id, timestamp, body) values (?, '', ?, '')"
                connection.execute(sql, (name, at))
        connection.close()

    put_heartbeats()
    assert summary(landed)["problems"] == []
    beat -= timedelta(minutes=3)
    put_heartbeats()
    # Older ones are of the service before this one.
    assert summary(landed)["problems"] == []


def test_a_supervisor_that_is_gone_does_not_count(landed: Home, part: subprocess.Popen[bytes]) -> None:
    # This process started long after, so it has only the number of the one that wrote the state.
    serve(landed, part.pid, since=datetime.now(UTC) - timedelta(days=3650))
    assert summary(landed)["service"]["is_running"] is False


def test_the_last_look_of_automation_is_shown(home: Home) -> None:
    at = datetime.now(UTC) - timedelta(seconds=30)
    with sqlite3.connect(home.path / "dagster" / "schedules.db") as connection:
        sql = "insert into job_ticks (job_origin_id, status, type, timestamp, tick_body) values ('a', ?, ?, ?, '')"
        connection.execute(sql, ("SKIPPED", "SENSOR", f"{at:%Y-%m-%d %H:%M:%S.%f}"))
    connection.close()
    assert 29 <= summary(home)["automation"]["last_look_seconds"] < 600
    assert "automation: last look " in home.vsf("status").output


@pytest.mark.both_forms
def test_what_runs_now_is_shown_also_while_it_writes(landed: Home) -> None:
    warehouse = Warehouse.of(read_settings())
    with recorded_run(landed.path, "a", "ingest+build", ["campaigns"]) as record:
        assert why(landed)["clicks_1.csv"].startswith("a run loads files of campaigns since ")
        record.files_loaded = 3
        record.keep()
        with warehouse.lock("build"):
            said = landed.vsf("status")
    assert said.exit_code == 0
    assert "runs now: ingest+build of campaigns, started " in said.output
    assert "not in the snapshot: 3 files loaded; building since " in said.output


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (None, "last build failed: rows_match: 2 found: feed clicks (and 1 more)"),
        (OSError("the disk is gone"), "last build failed: the disk is gone"),
        (KeyboardInterrupt(), "last build was canceled; run vsf run"),
    ],
)
def test_a_build_that_failed_is_why_a_loaded_file_waits(landed: Home, error: Exception | None, shown: str) -> None:
    from vsf_assets.landing.selection import Selection
    from vsf_assets.pipeline.ingest import ingest

    ingest(Warehouse.of(read_settings()), Selection(("clicks",)), "a")
    try:
        with recorded_run(landed.path, "a", "build") as record:
            if error is not None:
                raise error
            record.failed_checks += [
                CheckFailure("rows_match", "2 found: feed clicks"),
                CheckFailure("other", "1 found"),
            ]
            record.failed_checks.append(CheckFailure("warning", "5 found", is_blocking=False))
            record.fail("rows_match: 2 found: feed clicks; other: 1 found")
    except (OSError, KeyboardInterrupt):
        pass
    assert why(landed) == {"clicks_1.csv": shown}
    said = landed.vsf("status")
    assert said.exit_code == 1
    assert f"not in the snapshot: 1 file loaded; {shown} (clicks_1.csv)" in said.output
    assert f"vsf: {shown}\n" in landed.vsf("status", "--format", "csv").errors
    with recorded_run(landed.path, "b", "build") as record:
        record.snapshot = 1
    assert landed.vsf("status").exit_code == 0


@pytest.mark.both_forms
def test_a_record_that_cannot_be_read_is_named(landed: Home) -> None:
    record_file(landed.path).write_bytes(b"no database" * 1000)
    said = landed.vsf("status")
    assert said.exit_code == 1
    assert "the next run starts a new one" in said.output


def files_of(home: Path) -> dict[str, tuple[int, int]]:
    """Return path -> size and time, without the cache of a listing, and what SQLite keeps beside Dagster's files."""
    paths = {str(path.relative_to(home)): path.stat() for path in home.rglob("*")}
    ignored = ("cache", "dagster")
    return {name: (s.st_size, s.st_mtime_ns) for name, s in paths.items() if not name.startswith(ignored)}


@pytest.mark.both_forms
def test_status_takes_no_lock_and_writes_nothing(landed: Home) -> None:
    before = files_of(landed.path)
    for words in (["status"], ["status", "--summary"], ["status", "--left-out"]):
        assert landed.vsf(*words).exit_code == 0
    assert files_of(landed.path) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
@pytest.mark.skipif(not others_may_pass(PROJECT_ROOT), reason="another user may not read the project's folder")
@pytest.mark.parametrize("lock_mode", [0o600, 0o644], ids=["old lock", "new lock"])
def test_the_home_of_another_user_is_read_and_named(landed: Home, lock_mode: int, tmp_path: Path) -> None:
    landed.load(checked=False)
    landed.drop({"clicks_2.csv": CLICKS})
    for folder in (landed.path, *list(landed.path.parents)[:4]):
        folder.chmod(0o755)
    if not others_may_pass(landed.path):
        pytest.skip("another user may not pass to the folder of the tests")
    (landed.path / "warehouse" / "warehouse.lock").chmod(lock_mode)
    output = tmp_path / "output"
    output.touch()
    output.chmod(0o666)
    pid = os.fork()
    if pid == 0:
        code = 9
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            seen, ran = landed.vsf("status"), landed.vsf("run")
            output.write_text(seen.output + seen.errors + ran.errors)
            code = 10 * ran.exit_code + seen.exit_code
        except BaseException:  # noqa: BLE001 - the parent shows it
            output.write_text(traceback.format_exc())
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    said = output.read_text()
    assert code == 10, said
    assert f"home: {landed.path} belongs to root" in said
    assert "clicks_2.csv" in said
    assert "Errno" not in said
    assert "warehouse.lock belongs to root (Permission denied); give the current user (nobody)" in said
    origin = "snapshot vsf-1.duckdb, because the warehouse belongs to root" if lock_mode == 0o600 else "the warehouse"
    assert f"read from {origin}" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small disk")
def test_status_answers_on_a_full_disk(landed: Home) -> None:
    landed.load(checked=False)
    script = (
        "import sys, subprocess, shutil\n"
        "from pathlib import Path\n"
        "from vsf_assets_tests.engine.full_disk_steps import small_disk\n"
        "home = Path(sys.argv[1])\n"
        "with small_disk(home, 50_000, keep=True):\n"
        "    try:\n"
        "        (home / 'filler').write_bytes(b'x' * (1 << 40 >> 10))\n"
        "    except OSError:\n"
        "        pass\n"
        "    assert shutil.disk_usage(home).free < 4096\n"
        "    command = [sys.executable, '-m', 'vsf_assets.cli.main', 'status']\n"
        "    done = subprocess.run(command, capture_output=True, text=True)\n"
        "print(done.returncode, done.stdout, done.stderr)\n"
    )
    command = ["unshare", "-m", sys.executable, "-c", script, str(landed.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": "/tmp"})
    if "unshare failed" in done.stderr:
        pytest.skip("may not mount")
    assert done.stdout.startswith("0 "), done.stdout + done.stderr
    assert "disk: 0.0 GB of " in done.stdout
