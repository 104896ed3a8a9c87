"""A process that makes rows of made-up files, one question after the other.

Here: its loop, as a program: `python -m vsf_assets.portal.generation.worker`. A question is a line on standard input,
the answer frames on standard output. It ends with its input, after a time without questions, and when its reader is
gone. It writes no file. Not here: who asks (worker_pool.py).
"""

import csv
import io
import json
import os
import resource
import select
import sys
from datetime import date
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from vsf_assets.portal.generation.job import CHECK, DATA, DONE, ERROR, ROWS, GenerationJob, frame

if TYPE_CHECKING:
    from vsf_assets.synthetic.generator import Frames
    from vsf_assets.synthetic.writers import Format

IDLE_SECONDS = 600.0
"""Seconds without a question after which the process ends."""

THREADS = 2
"""Threads that make rows; the bytes do not depend on them."""

_PART = 1 << 18


class _FrameWriter(io.RawIOBase):
    """A file whose bytes go out in frames, some of them together."""

    def __init__(self, output: IO[bytes]) -> None:
        self._output, self._held, self._size = output, [b""], 0

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        part = bytes(cast("bytes", content))
        self._held.append(part)
        self._size += len(part)
        if self._size >= _PART:
            self.flush()
        return len(part)

    def flush(self) -> None:
        if self._size:
            self._output.write(frame(DATA, b"".join(self._held)))
            self._output.flush()
            self._held, self._size = [b""], 0


def answer(job: GenerationJob, output: IO[bytes]) -> None:
    """Write the answer to a question."""
    from vsf_assets.common.errors import VsfError
    from vsf_assets.synthetic.generator import Frames
    from vsf_assets.synthetic.model.schema import schema_of
    from vsf_assets.synthetic.text_lines import refuse_sql_names
    from vsf_assets.synthetic.writers import write_to

    target = _FrameWriter(output)
    try:
        parents = [schema_of(parent) for parent in job.parents]
        frames = Frames(schema_of(job.schema), job.rows, job.seed, today=date.fromisoformat(job.today), parents=parents)
        if job.kind == ROWS:
            target.write(json.dumps(_first_rows(frames, job.first)).encode())
        elif job.kind == CHECK:
            if job.form == "sql":
                refuse_sql_names(frames.empty.columns)
        else:
            write_to(frames, cast("BinaryIO", target), cast("Format", job.form), threads=THREADS)
        target.flush()
        output.write(frame(DONE, b""))
    except (VsfError, MemoryError) as error:
        text = str(error) if isinstance(error, VsfError) else "the rows need more memory than there is for them"
        output.write(frame(ERROR, text.encode()))
    output.flush()


def _first_rows(frames: "Frames", first: int) -> dict[str, list[str] | list[list[str]]]:
    """Return the header, and the first rows as the CSV file has them."""
    from vsf_assets.synthetic.columns.text_values import DATETIME

    rows = frames.as_written().frame(0, min(first, frames.request.rows))
    text = rows.write_csv(include_header=False, datetime_format=DATETIME)
    return {"columns": rows.columns, "rows": [row or [""] for row in csv.reader(io.StringIO(text, newline=""))]}


def main() -> None:
    """Answer until the input ends, or nobody asks."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no part of an answer
    import vsf_assets.synthetic.writers  # noqa: F401 - the first question finds it loaded

    source = sys.stdin.buffer
    while True:
        ready, _, _ = select.select([source], [], [], IDLE_SECONDS)
        line = source.readline() if ready else b""
        if not line:
            return
        answer(GenerationJob(**json.loads(line)), output)


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, KeyboardInterrupt):
        os._exit(1)
