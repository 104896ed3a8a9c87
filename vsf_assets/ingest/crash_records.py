"""Records which file a run reads, so that the next run knows which file ended it.

Here: the record of the file that a run reads, and the records of dead processes. Not here: reading such a file
(read_in_child.py). A file can end the process that reads it: a library aborts, or the system kills the process when
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
from vsf_assets.warehouse.input_and_result import InputFile

PREFIX = "reading-"
State = tuple[str, str, int, str, str]
"""(place, path, bytes, modified time, ETag): a file in a state."""


def place_of(store: Store) -> str:
    """Return the address of a store, as `open_store` expects it."""
    return str(store.root) if isinstance(store, FolderStore) else cast(Any, store).address


def _state(input_file: InputFile) -> State:
    entry = input_file.entry
    return (place_of(input_file.store), entry.path, entry.size, entry.modified.isoformat(), entry.etag)


class Perils:
    """The records of a home.

    Args:
        scratch: the scratch folder of the home; the records lie in it and outlive a run that dies.
    """

    def __init__(self, scratch: Path):
        self._scratch = scratch
        self._dead: dict[State, Path] = {}
        self._file: int | None = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Read the records of dead processes, and open a record of this process; it is removed at the end."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        self._dead = dict(self._of_the_dead())
        self._file, name = tempfile.mkstemp(prefix=f"{PREFIX}{os.getpid()}-", dir=self._scratch)
        try:
            yield
        finally:
            if not os.fstat(self._file).st_size:  # else it names a file that could not be read
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
            except (ValueError, KeyError, TypeError):  # no file was being read, or the record is incomplete
                if not is_there(int(path.name.split("-")[1])):
                    path.unlink(missing_ok=True)
                continue
            if not is_over:
                continue
            try:
                is_still_there = _lies_there(state)
            except OSError as error:  # it cannot be read now; other files go on
                is_still_there = is_about_one_file(error)
            if is_still_there:
                yield state, path
            else:
                path.unlink(missing_ok=True)

    def may_end_the_run(self, input_file: InputFile) -> bool:
        """Whether a run died while it read this file in this state."""
        return _state(input_file) in self._dead

    def absolve(self, input_file: InputFile) -> None:
        """Remove the record of a file that was read or set aside."""
        path = self._dead.pop(_state(input_file), None)
        if path is not None:
            path.unlink(missing_ok=True)

    @contextmanager
    def reading(self, input_file: InputFile, expected: tuple[type[Exception], ...]) -> Iterator[None]:
        """Record that a file is being read.

        Args:
            input_file: the file.
            expected: errors that do not end a process.
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
