"""The process that imports dbt in advance and builds for a command: outcome, errors, interrupts, a caller that dies.

Here: the process with a real dbt. Not here: the build itself (test_dbt_project.py), and whole commands (cli/).
"""

import errno
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vsf_assets.common.errors import BuildRefusedError, LockTimeoutError
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.transform import dbt_process, dbt_runner
from vsf_assets.transform.dbt_process import DbtProcess, dbt_in_advance
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.lock import hold_lock
from vsf_assets_tests.forms import variables
from vsf_assets_tests.prebuilt import put_built_warehouse
from vsf_assets_tests.waiting import open_files, wait_until

MODEL = ["dim_event_types"]


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    settings = read_settings({"VSF_HOME": str(tmp_path / "home"), **variables(tmp_path / "home")})
    put_built_warehouse(settings)
    return Warehouse.of(settings)


@pytest.fixture
def process(warehouse: Warehouse) -> Iterator[DbtProcess]:
    started = DbtProcess(warehouse.settings)
    yield started
    started.end()


def is_free(warehouse: Warehouse, wait: float = 0) -> bool:
    """Whether somebody else could take the lock now, or within some seconds."""
    try:
        with hold_lock(warehouse.lock_file, "test", wait):
            return True
    except LockTimeoutError:
        return False


def test_it_builds_what_this_process_builds_and_gives_the_file_back(
    warehouse: Warehouse, process: DbtProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt_process, "_waiting", [process])
    monkeypatch.setattr(dbt_runner, "build", None)  # this process builds nothing
    for _ in range(2):  # it builds as often as the caller asks
        with warehouse.lock("test") as lock:
            with warehouse.connect() as connection:
                connection.execute("drop table marts.dim_event_types")
            outcome = dbt_process.build(warehouse, MODEL, full=False, lock=lock)
            assert (outcome.built, outcome.errors, outcome.failed) == (["marts.dim_event_types"], [], {})
            assert list(outcome.timings) == MODEL
            reported = {message["data"]["node_info"]["unique_id"] for message in outcome.messages}
            assert "model.vsf.dim_event_types" in reported
            with warehouse.connect() as connection:  # nobody has it open
                assert "event_type_key" in connection.table("marts.dim_event_types").columns
        assert is_free(warehouse)


def test_an_interrupt_ends_it_before_the_lock_is_given_back(warehouse: Warehouse, process: DbtProcess) -> None:
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    with warehouse.lock("test") as lock, pytest.raises(KeyboardInterrupt):
        process.build(warehouse, [], full=True, lock=lock)
    assert process._process.returncode == -signal.SIGKILL
    assert is_free(warehouse)
    with warehouse.connect() as connection:
        connection.table("marts.dim_event_types")


def test_without_it_the_caller_builds(
    warehouse: Warehouse, process: DbtProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[tuple[object, ...]] = []

    def build(*wanted: object) -> dbt_runner.DbtOutcome:
        built.append(wanted)
        return dbt_runner.DbtOutcome()

    monkeypatch.setattr(dbt_process, "_waiting", [process])
    monkeypatch.setattr(dbt_runner, "build", build)
    process._process.kill()
    with warehouse.lock("test") as lock:
        dbt_process.build(warehouse, MODEL, full=True, lock=lock)
    assert built == [(warehouse, MODEL, True)]


def test_it_ends_with_its_caller_and_holds_the_lock_until_then(warehouse: Warehouse) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", dbt_process.__name__, str(theirs.fileno())]
        child = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    settings: Settings = warehouse.settings
    with hold_lock(warehouse.lock_file, "test", 0) as lock:
        for content in map(pickle.dumps, (settings, (settings, warehouse.form, [], True))):
            ours.sendall(len(content).to_bytes(8, "big") + content)
        socket.send_fds(ours, [b"l"], [lock])
    assert not is_free(warehouse)
    files = (warehouse.file, *warehouse.form.unfinished)
    wait_until(lambda: any(is_open_by(child.pid, file) for file in files))
    assert not is_free(warehouse)
    ours.close()  # as the system does when the caller is killed
    assert is_free(warehouse, wait=60)
    assert child.wait(60) == 1
    with warehouse.connect() as connection:
        connection.table("marts.dim_event_types")


def test_it_ends_with_a_caller_that_dies_while_it_imports(warehouse: Warehouse) -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        command = [sys.executable, "-m", dbt_process.__name__, str(theirs.fileno())]
        child = subprocess.Popen(command, pass_fds=[theirs.fileno()])
    content = pickle.dumps(warehouse.settings)
    ours.sendall(len(content).to_bytes(8, "big") + content)
    ours.close()
    assert child.wait(60) == 1  # 0 after it has imported dbt and looked for a request


def is_open_by(pid: int, file: Path) -> bool:
    """Whether a process has a file open."""
    time.sleep(0.02)
    return file in open_files(pid)


def test_an_error_for_users_is_raised_where_it_is_shown(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise BuildRefusedError("dbt could not run: a model is broken")

    monkeypatch.setattr(dbt_runner, "build", refused)
    outcome, error = dbt_process._answer((warehouse.settings, warehouse.form, [], False))
    assert outcome is None
    assert (type(error), str(error)) == (BuildRefusedError, "dbt could not run: a model is broken")
    monkeypatch.setattr(dbt_runner, "build", lambda *_: 1 / 0)
    assert dbt_process._answer((warehouse.settings, warehouse.form, [], False)) == (None, None)


@pytest.mark.parametrize(
    ("error", "is_about_locks"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), True),
        (PermissionError(errno.EACCES, "Permission denied", "/srv/target"), False),
        (OSError(errno.EMFILE, "Too many open files"), False),
        (ValueError("a model is broken"), False),
    ],
)
def test_where_python_can_make_no_locks_the_message_says_what_is_missing(
    error: Exception, is_about_locks: bool
) -> None:
    assert ("/dev/shm" in dbt_runner._hint(error)) is is_about_locks


def test_a_process_that_has_imported_dagster_starts_none(warehouse: Warehouse) -> None:
    import dagster  # noqa: F401

    with dbt_in_advance(warehouse.settings):
        assert dbt_process._waiting == []


def test_within_a_block_that_has_a_child_there_is_no_second_one(
    warehouse: Warehouse, process: DbtProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt_process, "_waiting", [process])
    monkeypatch.setattr(dbt_process, "is_imported", lambda _: False)
    monkeypatch.setattr(dbt_process, "DbtProcess", None)  # none can be started
    with dbt_in_advance(warehouse.settings):
        assert dbt_process._waiting == [process]
    assert dbt_process._waiting == [process]
