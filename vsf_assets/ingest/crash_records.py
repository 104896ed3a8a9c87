"""Records which file a run reads, so that the next run knows which file ended it.

Here: the record of the file that a run reads, and those of dead runs. Not here: where records are kept
(warehouse/forms/run_notes.py), and reading such a file (read_in_child.py). A file can end the process that reads it: a
library aborts, or the system kills the process when memory is short. Without a record the next run would end at the
same file, and nothing would ever be loaded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from vsf_assets.storage.base import Store, is_about_one_file
from vsf_assets.storage.factory import open_store
from vsf_assets.storage.local import FolderStore
from vsf_assets.storage.s3_client import is_address
from vsf_assets.warehouse.forms.run_notes import DeadNote, RunNotes
from vsf_assets.warehouse.input_and_result import InputFile

State = tuple[str, str, int, str, str]
"""(place, path, bytes, modified time, ETag): a file in a state."""


def place_of(store: Store) -> str:
    """Return the address of a store, as `open_store` expects it."""
    return str(store.root) if isinstance(store, FolderStore) else cast(Any, store).address


def _state(input_file: InputFile) -> State:
    entry = input_file.entry
    return (place_of(input_file.store), entry.path, entry.size, entry.modified.isoformat(), entry.etag)


class Perils:
    """The files that runs were reading when they died, and the record of the file that this run reads.

    Args:
        notes: of this run, and of runs that are over.
    """

    def __init__(self, notes: RunNotes):
        self._notes = notes
        self._dead: dict[State, DeadNote] = {}

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Read the records of dead runs, and open a record of this run; it is removed at the end."""
        with self._notes.open() as dead:
            self._dead = dict(self._still_there(dead))
            yield

    def _still_there(self, dead: list[DeadNote]) -> Iterator[tuple[State, DeadNote]]:
        for note in dead:
            state: State = tuple(note.content)
            if not is_address(state[0]) and not Path(state[0]).is_dir():
                continue  # a folder of another machine
            try:
                is_still_there = _lies_there(state)
            except OSError as error:  # it cannot be read now; other files go on
                is_still_there = is_about_one_file(error)
            if is_still_there:
                yield state, note
            else:
                note.remove()

    def may_end_the_run(self, input_file: InputFile) -> bool:
        """Whether a run died while it read this file in this state."""
        return _state(input_file) in self._dead

    def absolve(self, input_file: InputFile) -> None:
        """Remove the record of a file that was read or set aside."""
        note = self._dead.pop(_state(input_file), None)
        if note is not None:
            note.remove()

    @contextmanager
    def reading(self, input_file: InputFile, expected: tuple[type[Exception], ...]) -> Iterator[None]:
        """Record that a file is being read.

        Args:
            input_file: the file.
            expected: errors that do not end a process.
        """
        self._notes.write(_state(input_file), is_over=False)
        try:
            yield
        except expected:
            self._notes.clear()
            raise
        except BaseException as error:
            if isinstance(error, Exception) or type(error).__name__ == "PanicException":  # of a library in Rust
                self._notes.write(_state(input_file), is_over=True)
            else:
                self._notes.clear()  # an interrupt
            raise
        self._notes.clear()


def _lies_there(state: State) -> bool:
    place, path, size, modified, etag = state
    entry = open_store(place).stat(path)
    return entry is not None and (entry.size, entry.modified.isoformat(), entry.etag) == (size, modified, etag)
