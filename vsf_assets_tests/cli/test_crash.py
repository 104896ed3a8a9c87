"""kill -9 at any point of `vsf run`, two runs at once, and readers during publishing: whole processes.

Not here: crashes at single steps of the ingest (engine/).
"""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import duckdb
import pytest

from vsf_assets.demo import demo_files
from vsf_assets_tests.commandline import Home, tables_of

VSF = [sys.executable, "-m", "vsf_assets.cli.main"]


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*VSF, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def drop_demo(home: Home) -> None:
    """Land the demo's files with times of their own, so that landing order is the same in every home.

    Ten days of events stand for all: one file twice, one with bad rows, two of one day.
    """
    all_files = demo_files()
    skipped = [
        path for path in all_files if path.startswith("events/") and not "2019-05-01" <= path[7:17] <= "2019-05-10"
    ]
    files = {path: content for path, content in all_files.items() if path not in skipped}
    home.drop(files)
    for number, path in enumerate(sorted(files)):
        os.utime(home.landing / path, (1_750_000_000 + number, 1_750_000_000 + number))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The tables of a run that nothing disturbed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VSF_HOME", str(tmp_path_factory.mktemp("undisturbed")))
        patch.setenv("VSF_SETTLE_SECONDS", "0")
        home = Home(Path(os.environ["VSF_HOME"]))
        drop_demo(home)
        assert home.vsf("run").exit_code == 0
        return home.tables()


def wait_for(line: str, process: subprocess.Popen[str]) -> str:
    """Return the line of progress that holds `line` as soon as the process prints it."""
    assert process.stderr is not None
    for printed in process.stderr:
        if line in printed:
            return printed
    raise AssertionError(f"the run never printed {line!r}")


@pytest.mark.parametrize(
    ("line", "delay", "group"),
    [
        ("reading clicks_2.csv", 0, True),
        ("loaded clicks/2", 0, False),
        ("reading 2019-05-10_testmdn_beta_rs.txt.gz", 0, True),
        ("building", 0.7, True),
        ("publishing", 0.0, False),
    ],
)
def test_after_kill_9_the_next_run_equals_an_undisturbed_one(
    home: Home, undisturbed: dict[str, list[str]], line: str, delay: float, group: bool
) -> None:
    drop_demo(home)
    process = start("run")
    wait_for(line, process)
    time.sleep(delay)
    if group:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()
    if home.current.exists():
        assert home.tables() == undisturbed  # what readers see is whole or nothing
    assert home.vsf("run").exit_code == 0
    assert home.tables() == undisturbed
    assert not [path for path in home.landing.rglob("*") if path.is_file()]


def test_two_runs_at_once_end_well_and_double_nothing(home: Home, undisturbed: dict[str, list[str]]) -> None:
    drop_demo(home)
    processes = [start("run"), start("run")]
    printed = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], printed
    assert home.tables() == undisturbed


def test_a_run_that_waits_says_for_whom(home: Home) -> None:
    from vsf_assets.settings import read_settings
    from vsf_assets.warehouse.connection import Warehouse

    home.drop({"clicks_1.csv": "click_id,banner_id,campaign_id\n1,2,3\n"})
    with Warehouse.of(read_settings()).lock("a long look"):
        process = start("run")
        printed = wait_for("waiting for the warehouse", process)
        process.kill()
        process.communicate()
    assert "a long look" in printed
    assert str(os.getpid()) in printed


def test_readers_see_whole_snapshots_while_three_runs_publish(home: Home) -> None:
    line = "{n},1,7\n"
    home.drop({"clicks_1.csv": "click_id,banner_id,campaign_id\n" + line.format(n=0)})
    assert home.vsf("run").exit_code == 0
    held = duckdb.connect(str(home.current.resolve()), read_only=True)
    seen: list[tuple[int, int]] = []
    errors: list[Exception] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                with duckdb.connect(str(home.current.resolve()), read_only=True) as connection:
                    sql = "select (select sum(clicks) from marts.fct_banner_performance), count(*) from raw.clicks"
                    seen.append(connection.execute(sql).fetchall()[0])
            except Exception as error:  # noqa: BLE001 - every error of a reader is what this test is about
                errors.append(error)
            time.sleep(0.05)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for run in range(1, 4):
            home.drop({f"clicks_1_{run}.csv": "click_id,banner_id,campaign_id\n" + line.format(n=run)})
            process = start("run")
            process.communicate(timeout=240)
            assert process.returncode == 0
    finally:
        stop.set()
        reader.join()
    assert errors == []
    assert set(seen) == {(1, 1), (2, 2), (3, 3), (4, 4)}
    assert seen == sorted(seen)
    assert held.execute("select count(*) from raw.clicks").fetchall() == [(1,)]
    held.close()
    assert home.current.readlink() == Path("vsf-4.duckdb")
    assert tables_of(home.current.resolve())["raw.clicks"]


def test_ctrl_c_ends_cleanly_and_the_next_run_goes_on(home: Home, undisturbed: dict[str, list[str]]) -> None:
    drop_demo(home)
    process = start("run")
    wait_for("reading clicks_3.csv", process)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "Traceback" not in errors
    assert home.vsf("run").exit_code == 0
    assert home.tables() == undisturbed
