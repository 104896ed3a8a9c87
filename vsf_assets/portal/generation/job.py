"""What a process that makes rows is asked, and its answer in frames.

Here: the question, and the frames. Not here: the process (worker.py), and who asks (worker_pool.py).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from vsf_assets.common.errors import VsfError

CHECK, ROWS, FILE = "check", "rows", "file"
"""Whether a file can be made at all; its first rows as texts; the whole file."""

DATA, DONE, ERROR = b"D", b"K", b"E"
"""Kinds of frames: bytes of the answer; the end of it; why there is none, or no more of it."""

HEAD = 5
"""Bytes before each frame's content: its kind, and the length of its content."""


class GenerationError(VsfError):
    """Rows cannot be made; the message says why. `is_busy` if others are being made, and it may work later."""

    def __init__(self, message: str, *, is_busy: bool = False) -> None:
        super().__init__(message)
        self.is_busy = is_busy


@dataclass(frozen=True)
class GenerationJob:
    """A question.

    Attributes:
        kind: CHECK, ROWS or FILE.
        schema: content of the schema, valid.
        parents: contents of the schemas that foreign keys lead to.
        today: the day on which open ranges of days end, as ISO text.
        rows, seed, form: of the file.
        first: of ROWS, how many are wanted.
    """

    kind: str
    schema: Mapping[str, Any]
    parents: Sequence[Mapping[str, Any]]
    today: str
    rows: int
    seed: int = 0
    form: str = "csv"
    first: int = 10

    def as_line(self) -> bytes:
        """Return the question as a line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"


def frame(kind: bytes, content: bytes) -> bytes:
    """Return a frame."""
    return kind + len(content).to_bytes(HEAD - 1, "big") + content
