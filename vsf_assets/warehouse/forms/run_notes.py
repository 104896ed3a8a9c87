"""The notes of runs: what a run is doing, which outlives a run that dies.

Here: the interface, and notes as files of a home, which other processes of its machine read. Not here: what a note says
(ingest/crash_records.py), and notes that other machines read (shared_notes.py).
"""

import json
import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsf_assets.common.processes import is_there, started
from vsf_assets.storage.full_disk import room_for

PREFIX = "reading-"


@dataclass(frozen=True)
class DeadNote:
    """What a run that is over was doing.

    Attributes:
        content: of the note.
        remove: removes it.
    """

    content: Any
    remove: Callable[[], None]


class RunNotes(ABC):
    """The note of this run, and those of runs that are over."""

    @abstractmethod
    def open(self) -> AbstractContextManager[list[DeadNote]]:
        """Return the notes of runs that are over, and keep a note for a block; an empty one is removed at its end."""

    @abstractmethod
    def write(self, content: object, is_over: bool) -> None:
        """Replace the note.

        Args:
            content: what JSON can express.
            is_over: whether what it says is over, and the process goes on.
        """

    @abstractmethod
    def clear(self) -> None:
        """Empty the note."""


class FileNotes(RunNotes):
    """Files in the scratch folder of a home, by process.

    Args:
        scratch: the folder; the notes outlive a run that dies.
    """

    def __init__(self, scratch: Path):
        self._scratch = scratch
        self._file: int | None = None

    @contextmanager
    def open(self) -> Iterator[list[DeadNote]]:
        """Read the notes of dead processes, and open a file for this process."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        dead = list(self._of_the_dead())
        self._file, name = tempfile.mkstemp(prefix=f"{PREFIX}{os.getpid()}-", dir=self._scratch)
        try:
            yield dead
        finally:
            if not os.fstat(self._file).st_size:  # else it names a file that could not be read
                Path(name).unlink()
            os.close(self._file)
            self._file = None

    def _of_the_dead(self) -> Iterator[DeadNote]:
        for path in sorted(self._scratch.glob(f"{PREFIX}*")):
            try:
                known = json.loads(path.read_text())
                content, is_over = known["state"], known["is_over"] or started(known["pid"]) != known["started"]
            except FileNotFoundError:
                continue
            except (ValueError, KeyError, TypeError):  # no file was being read, or the record is incomplete
                if not is_there(int(path.name.split("-")[1])):
                    path.unlink(missing_ok=True)
                continue
            if is_over:
                yield DeadNote(content, _removal_of(path))

    def write(self, content: object, is_over: bool) -> None:
        """Write the file again."""
        if self._file is not None:
            known = {"pid": os.getpid(), "started": started(os.getpid()), "state": content, "is_over": is_over}
            text = json.dumps(known).encode()
            os.ftruncate(self._file, 0)
            with room_for("the record of the file that is read", self._scratch, len(text)):
                os.pwrite(self._file, text, 0)

    def clear(self) -> None:
        """Empty the file."""
        if self._file is not None:
            os.ftruncate(self._file, 0)


def _removal_of(path: Path) -> Callable[[], None]:
    return lambda: path.unlink(missing_ok=True)
