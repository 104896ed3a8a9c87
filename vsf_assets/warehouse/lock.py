"""The lock of the warehouse: an operating-system file lock that a crash releases.

Here: acquiring it, waiting for it with a message that names the holder, inheritance by a child process, and sharing it
for reading. Not here: the work under the lock. Every process that opens the warehouse file holds this lock.
"""

import errno
import fcntl
import json
import os
import pwd
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from vsf_assets.common.errors import LockTimeoutError, VsfError
from vsf_assets.storage.full_disk import room_for

POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Holder:
    """The holder of the lock: process id, purpose, and time of acquisition (UTC, ISO)."""

    pid: int
    purpose: str
    since: str

    def __str__(self) -> str:
        return f"process {self.pid} ({self.purpose}, since {self.since})"


@contextmanager
def hold_lock(
    path: Path,
    purpose: str,
    wait_seconds: float,
    on_wait: Callable[[str], None] = lambda _: None,
    what: str = "the warehouse",
) -> Iterator[int]:
    """Hold the lock and yield its descriptor; a child process that inherits the descriptor holds the lock too.

    Args:
        path: the lock file; it is created and never removed.
        purpose: why the lock is held; processes that wait for it show this text.
        wait_seconds: how long to wait for another holder.
        on_wait: called once with a description of the holder, if the lock is not free.
        what: name of the locked thing, for messages.

    Raises:
        LockTimeoutError: the holder did not release the lock in time.
        VsfError: the lock file may not be written; the message says whose it is.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
        raise VsfError(
            f"{what} may not be written: {path} belongs to {owner_of(path)} ({os.strerror(error.errno)}); give the"
            f" current user ({_user_name(os.geteuid())}) read and write access (chmod, chown), or run the command as"
            " its owner. vsf status and vsf query need no write access"
        ) from error
    try:
        _acquire(descriptor, path, wait_seconds, on_wait, what)
        holder = Holder(os.getpid(), purpose, datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
        with room_for(f"the lock of {what}", path, 4096):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)
        yield descriptor
        os.ftruncate(descriptor, 0)
    finally:
        # Closing releases the lock, unless a child process inherited the descriptor and still writes.
        os.close(descriptor)


@contextmanager
def share_lock(path: Path, what: str = "the warehouse") -> Iterator[None]:
    """Keep writers away for the length of the block; nothing is written, so it works on a full or read-only disk.

    Raises:
        LockTimeoutError: a writer holds the lock.
        OSError: the lock file may not be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:  # no writer was ever here
        yield
        return
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockTimeoutError(f"{what} is in use by {read_holder(path)}") from None
        yield
    finally:
        os.close(descriptor)


def owner_of(path: Path) -> str:
    """Return the name of the user who owns a path, or the nearest existing folder above it."""
    return _user_name(next(place for place in (path, *path.absolute().parents) if place.exists()).stat().st_uid)


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _acquire(descriptor: int, path: Path, wait_seconds: float, on_wait: Callable[[str], None], what: str) -> None:
    deadline = time.monotonic() + wait_seconds
    has_reported = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = read_holder(path)
            if time.monotonic() >= deadline:
                raise LockTimeoutError(
                    f"{what} is in use by {holder}; waited {wait_seconds:g} s. Wait for it, end it,"
                    " or raise VSF_LOCK_WAIT_SECONDS"
                ) from None
            if not has_reported:
                on_wait(f"waiting for {what}, in use by {holder}")
                has_reported = True
            time.sleep(POLL_SECONDS)
        else:
            return


def read_holder(path: Path) -> str:
    """Return a description of the lock's holder; it may be outdated a moment later."""
    try:
        return str(Holder(**json.loads(path.read_text())))
    except (OSError, ValueError, TypeError):
        return "another process"
