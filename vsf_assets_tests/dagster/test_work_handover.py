"""The work of a `vsf run` in the spare process of the service, with the process of the test as the spare process.

Here: what the command prints and how it ends, Ctrl-C, and an end of either side. Not here: the spare process of a whole
service (cli/test_serve.py), and runs that Dagster hands over (test_run_launcher.py).
"""

import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from vsf_assets.common.errors import UsageError, VsfError
from vsf_assets.config.settings import read_settings
from vsf_assets.config.surroundings import surroundings
from vsf_assets.defs import requested_work
from vsf_assets.pipeline.requested_work import WorkReport
from vsf_assets.pipeline.run_log import LOGGER
from vsf_assets.resources.run_handover import Spare, listen, write_spare
from vsf_assets.resources.run_process import PID
from vsf_assets.resources.work_handover import work_in_spare
from vsf_assets.service.spare_work import do_for_command, work_of_command
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.forks import ForkedProcess, start_vsf
from vsf_assets_tests.instances import instance_at_home, loaded_defs

CLICKS = {"clicks_1.csv": "click_id,banner_id,campaign_id\n1,2,3\n1,2,3\n"}


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """Give the test its handlers back: the spare process ends after its work, and this process does not."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
    kept = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@contextmanager
def waiting_spare(home: Home) -> Iterator[Callable[[], bool]]:
    """Be the spare process; yields a function that does the next command's work, and returns whether it took it."""
    (home.path / "service").mkdir(parents=True, exist_ok=True)
    listening, path = listen(home.path / "service")
    write_spare(home.path, Spare(os.getpid(), path))

    def serve() -> bool:
        connection, _ = listening.accept()
        with connection.makefile("rb") as stream:
            question = json.loads(stream.readline())
        wanted = work_of_command(question, connection)
        connection.sendall(json.dumps({"taken": wanted is not None}).encode() + b"\n")
        if wanted is None:
            connection.close()
            return False
        do_for_command(loaded_defs(), wanted)
        return True

    with listening:
        yield serve
    Path(path).unlink()


def until_stopped(*_: object) -> NoReturn:
    """Work until something interrupts it, which a test may wait for only so long."""
    logging.getLogger(LOGGER).info("reading for ever")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.01)
    raise AssertionError("nothing interrupted the work")


@contextmanager
def once_it_reads(process: ForkedProcess, then: Callable[[], object]) -> Iterator[list[str]]:
    """Do something as soon as the command prints that the work is read; yields what it printed until it ended."""
    printed: list[str] = []

    def watch() -> None:
        for line in process.stderr:
            printed.append(line)
            if "reading for ever" in line:
                then()

    thread = threading.Thread(target=watch)
    thread.start()
    yield printed
    thread.join()


def test_a_command_has_its_work_done_and_prints_what_it_prints_alone(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt, "LEFT_OUT", ("unit_test", "test"))  # what they find is printed as ever
    home.drop(CLICKS)
    with waiting_spare(home) as serve:
        process = start_vsf("run")
        assert serve()
        printed, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "clicks  1          clicks_1.csv  loaded     2       2" in printed
    assert printed.endswith("snapshot: vsf-1.duckdb\n")
    messages = [line.split("s ", 1)[1] for line in errors.splitlines()]
    assert messages[1].startswith("loaded clicks/1 clicks_1.csv: 2 loaded")
    assert messages[2:] == ["building the marts and checking them (dbt)", "publishing snapshot 1"]
    with instance_at_home() as instance:
        runs = instance.get_runs()
    assert [run.job_name for run in reversed(runs)] == ["ingest_campaigns", "build_and_publish"]
    assert {run.tags[PID] for run in runs} == {str(os.getpid())}
    assert home.ask("select count(*) from raw.clicks") == [(2,)]


def test_ctrl_c_of_the_command_ends_the_work(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requested_work, "do_work", until_stopped)
    home.drop(CLICKS)
    with waiting_spare(home) as serve:
        process = start_vsf("run")
        with once_it_reads(process, lambda: os.kill(process.pid, signal.SIGINT)) as printed:
            assert serve()
        process.wait()
    assert process.returncode == 130
    assert printed[-1] == "vsf: interrupted; finished work is kept, run the command again to continue\n"


def test_the_work_ends_with_a_command_that_is_killed(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requested_work, "do_work", until_stopped)
    home.drop(CLICKS)
    with waiting_spare(home) as serve:
        process = start_vsf("run")
        with once_it_reads(process, process.kill):
            assert serve()
        process.wait()


def test_a_command_goes_on_alone_when_the_service_ends(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.drop(CLICKS)
    with waiting_spare(home) as serve:
        process = start_vsf("run", checked=False)  # not a child of this process: the patch is not in it
        monkeypatch.setattr(requested_work, "do_work", until_stopped)
        with once_it_reads(process, lambda: os.kill(os.getpid(), signal.SIGUSR1)) as printed:
            assert serve()
        process.wait()
    assert process.returncode == 0
    assert any("the process of the service that did this ended; this command goes on" in line for line in printed)
    assert home.ask("select count(*) from raw.clicks") == [(2,)]


def test_the_error_of_a_defect_is_left_to_the_command(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> NoReturn:
        raise ZeroDivisionError

    monkeypatch.setattr(requested_work, "do_work", broken)
    assert report_of(home) is None


def test_an_error_for_users_is_one_of_the_command(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(error: VsfError) -> Callable[..., NoReturn]:
        def fail(*_: object) -> NoReturn:
            raise error

        return fail

    monkeypatch.setattr(requested_work, "do_work", failing(VsfError("no such thing")))
    with pytest.raises(VsfError, match="no such thing") as caught:
        report_of(home)
    assert not isinstance(caught.value, UsageError)
    monkeypatch.setattr(requested_work, "do_work", failing(UsageError("no such option")))
    with pytest.raises(UsageError, match="no such option"):
        report_of(home)


WORK: dict[str, Any] = {
    "selection": {"feeds": ["clicks"]},
    "families": [],
    "listed_at": 0.0,
    "listing": {},
    "etags": {},
}


def report_of(home: Home, seen: str | None = None) -> dict[str, Any] | None:
    """Ask from a thread, as a command does that has the surroundings `seen`; return the report."""
    answers: list[Any] = []

    def ask() -> None:
        try:
            seen_here = surroundings(read_settings()) if seen is None else seen
            answers.append(work_in_spare(home.path, seen_here, WORK, lambda _: None))
        except VsfError as error:
            answers.append(error)

    with waiting_spare(home) as serve:
        thread = threading.Thread(target=ask)
        thread.start()
        taken = serve()
        thread.join()
    assert taken == (seen is None)
    if isinstance(answers[0], VsfError):
        raise answers[0]
    report: dict[str, Any] | None = answers[0]
    return report


def test_the_report_is_that_of_the_work(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requested_work, "do_work", lambda *_: WorkReport(["a"], ["b failed: c"], ["warning: d"]))
    assert report_of(home) == {"run_ids": ["a"], "failed": ["b failed: c"], "checks": ["warning: d"]}


def test_a_process_with_other_settings_does_not_take_the_work(home: Home) -> None:
    assert report_of(home, seen="others") is None


@pytest.mark.parametrize("name", ["VSF_MEMORY_LIMIT", "VSF_SCORE_SEED", "AWS_PROFILE", "https_proxy"])
def test_surroundings_tell_settings_and_networks_apart(home: Home, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    before = surroundings(read_settings())
    assert surroundings(read_settings()) == before
    monkeypatch.setenv(name, "2GB")
    assert surroundings(read_settings()) != before


def test_surroundings_tell_umasks_apart(home: Home) -> None:
    before, umask = surroundings(read_settings()), os.umask(0o077)
    try:
        changed = surroundings(read_settings())
    finally:
        os.umask(umask)
    assert (changed == before) == (umask == 0o077)


def test_without_a_spare_process_nobody_is_requested(home: Home) -> None:
    assert work_in_spare(home.path, "", WORK, lambda _: None) is None
    (home.path / "service").mkdir(parents=True)
    write_spare(home.path, Spare(os.getpid(), str(home.path / "gone.sock")))
    assert work_in_spare(home.path, "", WORK, lambda _: None) is None
