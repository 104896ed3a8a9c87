"""Keeps a masked copy of the current snapshot, and one that holds its rows: looks for a new one, and makes its copy.

Here: one look, and the thread of `vsf portal` that looks every two seconds. Not here: the copy (masked_copy.py), and
removing copies, which go with their snapshots (publish/old_snapshots.py).

The portal makes copies and not the build that publishes: nobody else asks them, the portal has the key, no publish
waits or fails for them, and a copy that is missing is made whenever the portal finds that, so also after the setting
was switched on. Several portals may look at once; one of them makes the copy.
"""

import logging
import os
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from vsf_assets.common.errors import LockTimeoutError, VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.masking.copy_process import StoppedError, remove_leftovers, run_copy
from vsf_assets.masking.copy_state import FAILED, MADE, MAKING, CopyState, read_state, write_state
from vsf_assets.masking.masked_snapshots import is_copy_of, mark_of, place_of
from vsf_assets.masking.plain_copies import needs_copy, plain_place
from vsf_assets.snapshots.current import Snapshot, snapshot_number
from vsf_assets.snapshots.host_copy import host_copy
from vsf_assets.snapshots.open_snapshot import COPIES
from vsf_assets.snapshots.pointer_watch import PointerWatch
from vsf_assets.snapshots.s3_snapshot import StoredSnapshot, open_prefix
from vsf_assets.storage.full_disk import room_for
from vsf_assets.warehouse.lock import hold_lock

SECONDS = 2.0
"""Between two looks."""

AGAIN = 60.0
"""Seconds after which a copy that failed is tried again."""

WORK = "masking"
"""Folder in VSF_HOME/portal for copies that are uploaded to a bucket."""

_log = logging.getLogger("vsf.portal.masked")


class CopyKeeper:
    """Makes the masked copy of each snapshot that becomes current."""

    what = "masked copy"

    def __init__(self, settings: Settings, key: bytes, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._key: bytes | None = key
        self._watch = PointerWatch(settings)
        self._place = place_of(settings, mark_of(key))
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._failed: tuple[str, float] | None = None
        self._reported = self._warned = ""

    def start(self) -> None:
        """Begin to look, in a thread."""
        self._thread = threading.Thread(target=self._repeat, name=self.what, daemon=True)
        self._thread.start()

    def stop(self, seconds: float = 5.0) -> None:
        """End the thread, and a copy that is being made."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(seconds)

    def refresh(self) -> bool:
        """Make the masked copy of the current snapshot if there is none; return whether one was made.

        Raises:
            OSError, VsfError: the place of the snapshots cannot be read, or the copy cannot be made.
        """
        _, snapshot = self._watch.current()
        if snapshot is None:
            return False
        if self._is_made(snapshot):
            self._report(snapshot)
            return False
        if self._failed is not None and self._failed[0] == snapshot.name and self._clock() < self._failed[1]:
            return False
        number, began, self._reported = snapshot_number(snapshot), time.time(), ""
        self._note(CopyState(number, MAKING, began))
        try:
            is_ours = self._make(snapshot)
        except StoppedError:
            return False
        except (OSError, VsfError) as error:
            self._failed = (snapshot.name, self._clock() + AGAIN)
            self._note(CopyState(number, FAILED, time.time(), reason=str(error)))
            raise
        if is_ours:
            self._report(snapshot, time.time() - began)
        return is_ours

    def _report(self, snapshot: Snapshot, seconds: float = 0.0) -> None:
        """Write, once, that the copy of a snapshot is there; another portal may have made it."""
        if self._reported == snapshot.name:
            return
        self._reported, self._failed = snapshot.name, None
        number, known = snapshot_number(snapshot), read_state(self._settings.home)
        if seconds or known is None or (known.number, known.state) != (number, MADE):
            self._note(CopyState(number, MADE, time.time(), seconds))

    def _note(self, state: CopyState) -> None:
        """Keep what became of a copy, for the status page."""
        write_state(self._settings.home, state)

    def _is_made(self, snapshot: Snapshot) -> bool:
        if isinstance(snapshot, StoredSnapshot):
            return open_prefix(self._place).stat(snapshot.name) is not None
        return is_copy_of(Path(self._place) / snapshot.name, snapshot)

    def _make(self, snapshot: Snapshot) -> bool:
        """Make a copy, and give it its name; return False if another portal is making or has made it."""
        if isinstance(snapshot, StoredSnapshot):
            return self._make_object(snapshot)
        folder = Path(self._place)
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            for made in (folder, folder.parent):  # whoever may list the snapshots
                shutil.copymode(self._settings.snapshots, made)
        with suppress(LockTimeoutError), hold_lock(folder / ".making.lock", "masking", 0, what=f"the folder {folder}"):
            status = snapshot.stat()
            target = folder / snapshot.name
            if is_copy_of(target, snapshot):
                return False
            temp = folder / f".{snapshot.name}.tmp"
            try:
                with room_for(f"the {self.what} of {snapshot.name}", folder, status.st_size):
                    self._run(snapshot, temp)
                temp.chmod(0o444)
                # The time says of which file it is a copy: after a restore, another one may have the same number.
                os.utime(temp, ns=(status.st_mtime_ns, status.st_mtime_ns))
                _flush(temp)
                temp.replace(target)
                _flush(folder)
            finally:
                remove_leftovers(temp)
            return True
        return False

    def _make_object(self, snapshot: StoredSnapshot) -> bool:
        portal = self._settings.home / "portal"
        work = portal / WORK
        work.mkdir(parents=True, exist_ok=True, mode=0o700)
        temp = work / snapshot.name
        with suppress(LockTimeoutError), hold_lock(work / "making.lock", "masking", 0, what=f"the folder {work}"):
            try:
                self._run(host_copy(snapshot, portal / COPIES), temp)
                return open_prefix(self._place).put_new(snapshot.name, temp)
            finally:
                remove_leftovers(temp)
        return False

    def _run(self, snapshot: Path, temp: Path) -> None:
        settings = self._settings
        run_copy(snapshot, temp, self._key, settings.memory_limit, settings.threads, self._stop, settings.lake)

    def _repeat(self) -> None:
        while not self._stop.is_set():
            try:
                self.refresh()
                self._warned = ""
            except Exception as error:  # noqa: BLE001 - nothing else of the portal stops because of it
                text = f"no {self.what} of the current snapshot: {error}"
                if text != self._warned:
                    _log.error("%s", text, exc_info=None if isinstance(error, OSError | VsfError) else error)
                self._warned = text
            self._stop.wait(max(SECONDS, self._watch.seconds))


class PlainCopyKeeper(CopyKeeper):
    """Makes a copy that holds its rows of each snapshot that becomes current and names rows of other files."""

    what = "copy for SQL"

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(settings, b"", clock)
        self._key, self._place = None, plain_place(settings)

    def _is_made(self, snapshot: Snapshot) -> bool:
        return not needs_copy(snapshot) or super()._is_made(snapshot)

    def _note(self, state: CopyState) -> None:
        """Nothing: what failed is logged, and the status page speaks of masked copies alone."""


def _flush(path: Path) -> None:
    """Write a file or a folder to the disk, so that a loss of power does not take it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
