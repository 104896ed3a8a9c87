"""Records which file a run reads, so that the next run knows which file ended it.

Here: the record of the file that is being read, and what records of dead processes say. Not here: how such a file
is read (read_in_child.py). A process may be ended by the file it reads: by a library that aborts, or by the system when
memory is short. Without a record the next run would end at the same file, and nothing would ever be loaded.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from vsf_assets.common.processes import is_there, started
from vsf_assets.storage.base import Store, is_about_one_file
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.full_disk import room_for
from vsf_assets.storage.local import FolderStore
from vsf_assets.warehouse.read_result import InputFile

PREFIX = "reading-"
State = tuple[str, str, int, str, str]
"""(place, path, bytes, modified time, ETag): a file in a state."""


def place_of(store: Store) -> str:
    """Return a store's address, as open_store takes it."""
    return str(store.root) if isinstance(store, FolderStore) else cast(Any, store).address


def _state(input_file: InputFile) -> State:
    entry = input_file.entry
    return (place_of(input_file.store), entry.path, entry.size, entry.modified.isoformat(), entry.etag)


class Perils:
    """The records of a home.

    Args:
        scratch: folder of what lives no longer than a run; the records lie in it and outlive one that dies.
    """

    def __init__(self, scratch: Path):
        self._scratch = scratch
        self._dead: dict[State, Path] = {}
        self._file: int | None = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look at what dead processes were reading, and keep a record of one's own; it goes at the end."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        self._dead = dict(self._of_the_dead())
        self._file, name = tempfile.mkstemp(prefix=f"{PREFIX}{os.getpid()}-", dir=self._scratch)
        try:
            yield
        finally:
            if not os.fstat(self._file).st_size:  # else it tells of a file that could not be read
                Path(name).unlink()
            os.close(self._file)
            self._file = None

    def _of_the_dead(self) -> Iterator[tuple[State, Path]]:
        for path in sorted(self._scratch.glob(f"{PREFIX}*")):
            try:
                known = json.loads(path.read_text())
                state: State = tuple(known["state"])
                is_over = known["is_over"] or _is_gone(known["pid"], known["started"])
            except FileNotFoundError:
                continue
            except (ValueError, KeyError, TypeError):  # nothing was being read, or it was not written to the end
                if not is_there(int(path.name.split("-")[1])):
                    path.unlink(missing_ok=True)
                continue
            if not is_over:
                continue
            try:
                is_still_there = _lies_there(state)
            except OSError as error:  # it cannot be looked at now, which is no other file's affair
                is_still_there = is_about_one_file(error)
            if is_still_there:
                yield state, path
            else:
                path.unlink(missing_ok=True)

    def may_end_the_run(self, input_file: InputFile) -> bool:
        """Whether a run died while it read this file in this state."""
        return _state(input_file) in self._dead

    def absolve(self, input_file: InputFile) -> None:
        """Forget what was suspected of a file: it was read, or set aside."""
        path = self._dead.pop(_state(input_file), None)
        if path is not None:
            path.unlink(missing_ok=True)

    @contextmanager
    def reading(self, input_file: InputFile, expected: tuple[type[Exception], ...]) -> Iterator[None]:
        """Record that a file is being read.

        Args:
            input_file: the file.
            expected: errors that say nothing about it.
        """
        self._write(input_file, is_over=False)
        try:
            yield
        except expected:
            self._clear()
            raise
        except BaseException as error:
            if isinstance(error, Exception) or type(error).__name__ == "PanicException":  # of a library in Rust
                self._write(input_file, is_over=True)
            else:
                self._clear()  # an interrupt
            raise
        self._clear()

    def _write(self, input_file: InputFile, is_over: bool) -> None:
        if self._file is not None:
            known = {
                "pid": os.getpid(),
                "started": started(os.getpid()),
                "state": _state(input_file),
                "is_over": is_over,
            }
            content = json.dumps(known).encode()
            os.ftruncate(self._file, 0)
            with room_for("the record of the file that is read", self._scratch, len(content)):
                os.pwrite(self._file, content, 0)

    def _clear(self) -> None:
        if self._file is not None:
            os.ftruncate(self._file, 0)


def _is_gone(pid: int, since: str | None) -> bool:
    return started(pid) != since


def _lies_there(state: State) -> bool:
    place, path, size, modified, etag = state
    entry = open_store(place).stat(path)
    return entry is not None and (entry.size, entry.modified.isoformat(), entry.etag) == (size, modified, etag)
