"""The writer lock: who waits, for whom, for how long, and who still holds it after a death.

Here: warehouse.lock with real processes. Not here: ingests in parallel (test_two_processes.py).
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vsf_assets.common.errors import LockTimeoutError
from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.warehouse.lock import hold_lock, read_holder
from vsf_assets_tests.warehouses import Home, clicks

HOLD = """
import subprocess, sys
from pathlib import Path
from vsf_assets.warehouse.lock import hold_lock
with hold_lock(Path(sys.argv[1]), "a long build", 5) as descriptor:
    child = None
    if len(sys.argv) > 2:
        child = subprocess.Popen(["sleep", "60"], pass_fds=[descriptor], stdout=subprocess.DEVNULL)
    print(child.pid if child else 0, flush=True)
    sys.stdin.read()
"""


class Holder:
    """Another process that holds the lock until it is let go or killed."""

    def __init__(self, path: Path, *words: str):
        path.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-c", HOLD, str(path), *words]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT
        )
        assert self.process.stdout is not None
        self.child = int(self.process.stdout.readline())

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def lock_file(home: Home) -> Path:
    return home.warehouse.lock_file


@pytest.fixture
def holder(lock_file: Path) -> Iterator[Holder]:
    holder = Holder(lock_file)
    yield holder
    holder.end()


def is_free(path: Path) -> bool:
    try:
        with hold_lock(path, "test", 0):
            return True
    except LockTimeoutError:
        return False


def test_timeout_names_the_holder_what_for_since_when_and_what_to_do(lock_file: Path, holder: Holder) -> None:
    with pytest.raises(LockTimeoutError) as caught, hold_lock(lock_file, "test", 0.2):
        pass
    pattern = (
        rf"the warehouse is in use by process {holder.process.pid} \(a long build, since 20\d\d-\d\d-\d\dT[\d:]+Z\);"
        r" waited 0\.2 s\. Wait for it, end it, or raise VSF_LOCK_WAIT_SECONDS"
    )
    assert re.fullmatch(pattern, str(caught.value))


def test_ingest_that_waits_says_once_for_whom(tmp_path: Path) -> None:
    home = Home(tmp_path, LOCK_WAIT_SECONDS="0.3")
    home.land("clicks_1.csv", clicks(1))
    holder = Holder(home.warehouse.lock_file)
    with pytest.raises(LockTimeoutError):
        home.ingest()
    holder.end()
    (reported,) = home.waits
    assert reported.startswith(f"waiting for the warehouse, in use by process {holder.process.pid} (a long build")
    home.ingest()
    assert home.click_ids() == [1]


def test_death_of_the_holder_frees_the_lock(lock_file: Path, holder: Holder) -> None:
    assert not is_free(lock_file)
    holder.end()
    assert is_free(lock_file)


def test_child_that_inherited_the_descriptor_holds_the_lock_after_its_parent(lock_file: Path) -> None:
    holder = Holder(lock_file, "with a child")
    holder.end()
    assert not is_free(lock_file)
    os.kill(holder.child, 9)
    with hold_lock(lock_file, "test", 10):  # the kernel may take a moment
        pass


def test_error_under_the_lock_frees_it(lock_file: Path) -> None:
    with pytest.raises(RuntimeError), hold_lock(lock_file, "test", 0):
        raise RuntimeError
    assert is_free(lock_file)


def test_free_lock_has_no_holder_and_a_damaged_note_names_nobody(lock_file: Path) -> None:
    assert is_free(lock_file)
    assert lock_file.read_bytes() == b""
    lock_file.write_text("{damaged")
    assert read_holder(lock_file) == "another process"


def test_lock_is_not_taken_twice_by_one_process(lock_file: Path) -> None:
    with hold_lock(lock_file, "first", 0):
        assert not is_free(lock_file)
