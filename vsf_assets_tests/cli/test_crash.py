"""kill -9 and Ctrl-C at any point of `vsf run`, and two runs at once: whole processes.

Not here: crashes at single steps of the ingest (engine/), and readers during publishing (test_readers.py).
"""

import os
import signal
import time
from pathlib import Path

import pytest

from vsf_assets.demo import demo_files
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets_tests.commandline import Home, enter_home
from vsf_assets_tests.forks import ForkedProcess, start_vsf
from vsf_assets_tests.waiting import open_files

INTERRUPTED = "vsf: interrupted; finished work is kept, run the command again to continue\n"


def drop_demo(home: Home) -> None:
    """Land the demo's files with times of their own, so that landing order is the same in every home.

    Ten days of events stand for all: one file twice, one with bad rows, two of one day. Requests for made-up files
    are left out: their states have the times at which they were made.
    """
    files = {
        path: content
        for path, content in demo_files().items()
        if (not path.startswith("events/") or "2019-05-01" <= path[7:17] <= "2019-05-10")
        and not path.startswith("fake_")
    }
    home.drop(files)
    for number, path in enumerate(sorted(files)):
        os.utime(home.landing / path, (1_750_000_000 + number, 1_750_000_000 + number))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The tables of a run that nothing disturbed."""
    with pytest.MonkeyPatch.context() as patch:
        home = enter_home(tmp_path_factory.mktemp("undisturbed"), patch)
        drop_demo(home)
        home.load(checked=False)
        return home.tables()


def wait_for(line: str, process: ForkedProcess) -> str:
    """Return the line of progress that holds `line` as soon as the process prints it."""
    for printed in process.stderr:
        if line in printed:
            return printed
    raise AssertionError(f"the run never printed {line!r}")


def kill(home: Home, line: str, delay: float = 0, group: bool = True, directly: bool = False) -> None:
    """Run until a line of progress and `delay` seconds more, then kill the process or its whole group."""
    process = start_vsf("run", directly=directly)
    wait_for(line, process)
    time.sleep(delay)
    if group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def interrupt(home: Home, line: str, delay: float = 0) -> None:
    """Run until a line of progress and `delay` seconds more, then press Ctrl-C; it ends with one sentence."""
    process = start_vsf("run")
    wait_for(line, process)
    time.sleep(delay)
    os.killpg(process.pid, signal.SIGINT)
    printed, errors = process.communicate(timeout=120)
    assert printed == ""
    # Where exec() of some text was interrupted, Python ends by the signal; shells show 130 for both.
    assert process.returncode in (130, -signal.SIGINT)
    assert errors.endswith(INTERRUPTED)
    assert "Error" not in errors


def assert_complete(home: Home, undisturbed: dict[str, list[str]]) -> None:
    """The next run ends well, with the tables of an undisturbed one, and leaves nothing behind."""
    if home.current.exists():
        assert home.tables() == undisturbed  # what readers see is whole or nothing
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbt, "LEFT_OUT", ("unit_test", "test"))  # the tables are compared
        assert home.vsf("run").exit_code == 0
    assert home.tables() == undisturbed
    assert not [path for path in home.landing.rglob("*") if path.is_file() and path.name != ".vsf-home"]


def test_after_kill_9_and_ctrl_c_at_every_stage_a_run_equals_an_undisturbed_one(
    home: Home, undisturbed: dict[str, list[str]]
) -> None:
    """Interrupted again and again, each time further on; what one interruption lost or doubled stays so."""
    drop_demo(home)
    kill(home, "reading clicks_2.csv")
    kill(home, "loaded clicks/2", group=False)
    interrupt(home, "reading clicks_3.csv")
    kill(home, "reading 2019-05-10_testmdn_beta_rs.txt.gz")
    interrupt(home, "building", 2)  # a build takes four seconds on a quiet machine
    kill(home, "building", 0.7)
    assert not home.current.exists()
    kill(home, "publishing", group=False, directly=True)  # what dbt does was interrupted before
    assert_complete(home, undisturbed)


def test_two_runs_at_once_end_well_and_double_nothing(home: Home, undisturbed: dict[str, list[str]]) -> None:
    drop_demo(home)
    processes = [start_vsf("run", directly=True), start_vsf("run", directly=True)]
    printed = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], "\n".join(errors for _, errors in printed)
    assert home.tables() == undisturbed


def test_a_run_that_waits_says_for_whom(home: Home) -> None:
    from vsf_assets.config.settings import read_settings
    from vsf_assets.warehouse.connection import Warehouse

    home.drop({"clicks_1.csv": "click_id,banner_id,campaign_id\n1,2,3\n"})
    with Warehouse.of(read_settings()).lock("a long look"):
        process = start_vsf("run")
        printed = wait_for("waiting for the warehouse", process)
        process.kill()
        process.communicate()
    assert "a long look" in printed
    assert str(os.getpid()) in printed


def test_ctrl_c_ends_a_query(home: Home) -> None:
    home.drop({"clicks_1.csv": "click_id,banner_id,campaign_id\n1,1,1\n"})
    home.load(checked=False)
    process = start_vsf("query", "select count(*) from range(10000000000000) as numbers(i) where i * i % 7 = 3")
    try:
        while not any(path.name.endswith(".duckdb") for path in open_files(process.pid)):
            assert process.poll() is None
            time.sleep(0.1)
        before = processor_seconds(process)
        while processor_seconds(process) < before + 2:  # opening a snapshot takes less
            assert process.poll() is None
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGINT)
        printed, errors = process.communicate(timeout=120)
    finally:
        process.kill()
    assert (process.returncode, printed) == (130, "")
    assert errors == INTERRUPTED


def processor_seconds(process: ForkedProcess) -> float:
    """Return the processor time that a process has spent."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
