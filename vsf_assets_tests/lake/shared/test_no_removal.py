"""A process that denied itself the removal of files of a lake.

Here: what it can do and what not. Not here: what that is for, an answer to COMMIT that is lost.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from vsf_assets.warehouse.shared import no_removal
from vsf_assets.warehouse.shared.no_removal import RemovalError, can_deny_removal, deny_removal, removal_is_denied

needs_landlock = pytest.mark.skipif(not can_deny_removal(), reason="the kernel has no Landlock, or its first version")


def in_a_child(work: Callable[[], object]) -> None:
    """Run a function in a forked process, in its only thread; its failure is the test's."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - goes to the test
            os.write(writer, f"{type(error).__name__}: {error}".encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        found = said.read()
    os.waitpid(child, 0)
    assert found == ""


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    for folder in ("data/lake/g1", "data/home", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "file").write_text("old")
    return tmp_path / "data" / "lake"


def is_refused(work: Callable[[], object]) -> bool:
    try:
        work()
    except PermissionError:
        return True
    return False


@needs_landlock
def test_files_of_the_lake_are_written_and_never_removed(lake: Path) -> None:
    def work() -> None:
        assert not removal_is_denied(lake)
        deny_removal(lake)
        assert removal_is_denied(lake)
        (lake / "g2").mkdir()
        for folder in ("g1", "g2"):
            (lake / folder / "new").write_text("new")
            assert is_refused((lake / folder / "new").unlink)
        assert is_refused(lambda: (lake / "g1" / "new").rename(lake / "g1" / "file"))
        assert is_refused((lake / "g2").rmdir)
        assert is_refused(lambda: (lake / "g1" / "file").rename(lake.parent / "home" / "taken"))
        assert is_refused(lambda: lake.rename(lake.parent / "moved"))

    in_a_child(work)
    assert (lake / "g1" / "file").read_text() == "old"


@needs_landlock
def test_files_elsewhere_are_removed_replaced_and_moved(lake: Path) -> None:
    home, elsewhere = lake.parent / "home", lake.parents[1] / "elsewhere"

    def work() -> None:
        deny_removal(lake)
        (home / "file").rename(elsewhere / "moved")
        (elsewhere / "moved").replace(elsewhere / "file")
        (elsewhere / "file").unlink()
        (home / "sub").mkdir()
        (home / "sub").rmdir()
        (home / "part").write_text("part")
        (home / "part").rename(lake / "g1" / "part")

    in_a_child(work)
    assert (lake / "g1" / "part").read_text() == "part"


@needs_landlock
def test_threads_and_programs_that_are_started_afterwards_may_not_either(lake: Path) -> None:
    def work() -> None:
        deny_removal(lake)
        found: list[bool] = []
        thread = threading.Thread(target=lambda: found.append(is_refused((lake / "g1" / "file").unlink)))
        thread.start()
        thread.join()
        assert found == [True]
        assert os.spawnv(os.P_WAIT, "/bin/rm", ["rm", "-f", str(lake / "g1" / "file")]) != 0

    in_a_child(work)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without rights")
def test_a_lack_of_permission_above_the_lake_is_no_denial(lake: Path) -> None:
    os.chown(lake, 65534, 65534)

    def work() -> None:
        os.chdir(lake.parent)
        os.setuid(65534)
        assert is_refused(lambda: Path("lake").rename("moved"))
        assert not removal_is_denied(Path("lake"))

    in_a_child(work)


@needs_landlock
def test_a_process_that_has_other_threads_is_refused(lake: Path) -> None:
    ends = threading.Event()
    thread = threading.Thread(target=ends.wait)
    thread.start()
    try:
        with pytest.raises(RemovalError, match="threads"):
            deny_removal(lake)
    finally:
        ends.set()
        thread.join()


def test_a_kernel_that_cannot_is_refused(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(no_removal, "landlock_version", lambda: 1)
    with pytest.raises(RemovalError, match="VSF_LAKE=s3://"):
        deny_removal(lake)
