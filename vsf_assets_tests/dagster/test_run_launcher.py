"""Runs that start at once: the handover to a spare process, and what happens without one.

Here: launcher, coordinator and handover with a process of the test's own. Not here: the spare process of a service
(cli/test_serve.py), and how the supervisor replaces it (unit/test_supervisor.py).
"""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from vsf_assets.config.settings import base_folder
from vsf_assets.defs.local_runner import LOCATION
from vsf_assets.resources import run_handover as handover
from vsf_assets.resources.dagster_private import job_origin
from vsf_assets.resources.run_handover import Spare, hand_over, is_ready, listen, read_spare, write_spare
from vsf_assets.resources.run_launcher import PromptRunCoordinator, SpareRunLauncher
from vsf_assets.resources.run_process import PID, process_tags
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.instances import loaded_defs

S = dg.DagsterRunStatus


@contextmanager
def spare(home: Path, answer: bytes) -> Iterator[list[dict[str, Any]]]:
    """A spare process that gives one answer to every question; yields the questions."""
    (home / "service").mkdir(parents=True, exist_ok=True)
    listening, path = listen(home / "service")
    write_spare(home, Spare(os.getpid(), path))
    requests: list[dict[str, Any]] = []

    def answering() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            with connection:
                requests.append(json.loads(connection.makefile("rb").readline()))
                connection.sendall(answer)

    threading.Thread(target=answering, daemon=True).start()
    try:
        yield requests
    finally:
        listening.shutdown(2)
        listening.close()
        Path(path).unlink()


def test_a_run_is_handed_over_once(tmp_path: Path) -> None:
    with spare(tmp_path, b'{"ready": true, "taken": true}') as requests:
        assert is_ready(tmp_path)
        assert hand_over(tmp_path, "a run") == os.getpid()
    assert requests == [{"ask": "ready"}, {"ask": "run", "run_id": "a run"}]
    assert hand_over(tmp_path, "a run") is None, "its socket is gone"


@pytest.mark.parametrize("answer", [b"", b"garbage\n", b"[1]\n", b'{"ready": false, "taken": false}\n'])
def test_without_a_good_answer_the_run_is_not_handed_over(tmp_path: Path, answer: bytes) -> None:
    with spare(tmp_path, answer):
        assert not is_ready(tmp_path)
        assert hand_over(tmp_path, "a run") is None


def test_a_spare_process_that_was_stopped_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "ANSWER_SECONDS", 0.1)
    listening, path = listen(tmp_path)
    (tmp_path / "service").mkdir()
    with listening:  # the system accepts the connection, and nobody answers
        write_spare(tmp_path, Spare(os.getpid(), path))
        assert hand_over(tmp_path, "a run") is None


def test_only_its_user_may_hand_it_a_run(tmp_path: Path) -> None:
    listening, path = listen(tmp_path)
    with listening:
        assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600


def test_the_socket_of_a_killed_process_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "spare-4194999.sock"  # above the highest process number
    left.touch()
    listening, _ = listen(tmp_path)
    with listening:
        assert not left.exists()


def test_a_long_home_gets_a_socket_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    listening, path = listen(deep)
    with listening:
        assert not path.startswith(str(deep))


@pytest.mark.parametrize("text", ["", "garbage", "[]", '{"pid": 1}', '{"pid": "x", "socket": "/s"}'])
def test_a_broken_file_names_no_spare_process(tmp_path: Path, text: str) -> None:
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "spare.json").write_text(text)
    assert read_spare(tmp_path) is None


def new_run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus = S.NOT_STARTED, **tags: str) -> dg.DagsterRun:
    job = loaded_defs().resolve_job_def("maintenance")
    origin = job_origin(LOCATION, "vsf_assets.definitions", base_folder(), job.name)
    return instance.create_run_for_job(job, status=status, tags=tags, remote_job_origin=origin)


def coordinator(instance: dg.DagsterInstance) -> PromptRunCoordinator:
    made = instance.run_coordinator
    assert isinstance(made, PromptRunCoordinator)
    return made


def submitted(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRun:
    return coordinator(instance).submit_run(SimpleNamespace(dagster_run=run, workspace=None))  # type: ignore[arg-type]


def test_a_run_starts_at_once_if_it_is_the_only_one(home: Home, instance: dg.DagsterInstance) -> None:
    with spare(home.path, b'{"ready": true, "taken": true}') as requests:
        run = submitted(instance, new_run(instance))
        assert run.status == S.STARTING
        assert requests[-1] == {"ask": "run", "run_id": run.run_id}
        after = instance.get_run_by_id(run.run_id)
        assert after is not None
        assert process_tags().items() <= after.tags.items(), "a run whose process dies before it starts is found"
        second = submitted(instance, new_run(instance))
        assert second.status == S.QUEUED, "one after the other"


def test_without_a_spare_process_runs_are_queued(home: Home, instance: dg.DagsterInstance) -> None:
    assert submitted(instance, new_run(instance)).status == S.QUEUED


def test_terminate_interrupts_the_process_of_a_run(home: Home, instance: dg.DagsterInstance) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    launcher = instance.run_launcher
    assert isinstance(launcher, SpareRunLauncher)
    run = new_run(instance, S.STARTED, **process_tags(child.pid))
    assert launcher.terminate(run.run_id)
    assert child.wait(30) in (-signal.SIGINT, 1)
    assert instance.get_run_by_id(run.run_id).status == S.CANCELING  # type: ignore[union-attr]
    gone = new_run(instance, S.STARTED, **{**process_tags(), PID: str(child.pid)})
    assert not launcher.terminate(gone.run_id), "nothing is there to interrupt"
