"""The files of the mobile analytics family for the benchmarks: made once, kept beside the local data.

Here: how rows become files and where these are kept. Not here: what is in the rows (event_rows.py), and
the campaign files (data.py).
"""

import gzip
import hashlib
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.event_rows import events, states

if TYPE_CHECKING:
    import polars as pl

FIRST_DAY = date(2019, 1, 1)
REPEATED = 200
"""Every file of a day but the first repeats one in so many rows of the day."""


@dataclass(frozen=True)
class EventFiles:
    """The kept files.

    Attributes:
        root: folder of the benchmarks.
    """

    root: Path

    @property
    def folder(self) -> Path:
        """Folder of the files that the recipe as it is makes."""
        sources = [Path(__file__), Path(__file__).with_name("event_rows.py")]
        recipe = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:8]
        return self.root / f"events-{recipe}"

    def single(self, count: int, times: int = 1) -> Path:
        """Return one file with `count` events, several times over."""
        target = self.folder / f"{FIRST_DAY}_{count}_x{times}.txt.gz"
        if not target.exists():
            header, _, body = _text(events(FIRST_DAY, count)).partition(b"\n")
            with _whole(target) as temporary, gzip.open(temporary, "wb", compresslevel=6) as file:
                file.writelines([header, b"\n", *[body] * times])
        return target

    def day(self, number: int, count: int, files: int) -> list[Path]:
        """Return the files of a day; its events are dealt out to them."""
        folder = self.folder / f"{count}-in-{files}" / str(number)
        if not folder.exists():
            from isal import igzip  # a year is many times the single file

            day = FIRST_DAY + timedelta(days=number)
            frame = events(day, count)
            with _whole(folder) as temporary:
                temporary.mkdir()
                for n in range(files):
                    rows = [frame.gather_every(files, n), frame.gather_every(REPEATED, n + 1)][: 2 if n else 1]
                    (temporary / f"{day}_cohort_{n}.txt.gz").write_bytes(igzip.compress(_text(*rows)))
        return sorted(folder.iterdir())

    def states(self, count: int) -> list[Path]:
        """Return the lines, accounts and limits that days of so many events refer to."""
        folder = self.folder / f"states-{count}"
        if not folder.exists():
            with _whole(folder) as temporary:
                temporary.mkdir()
                for name, frame in states(count).items():
                    frame.write_csv(temporary / f"{FIRST_DAY - timedelta(days=1)}_{name}.csv")
        return sorted(folder.iterdir())


@contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """Yield a temporary path; what was made there appears under the final name at once."""
    temporary = target.with_name(f".{target.name}.tmp")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.unlink(missing_ok=True)
    yield temporary
    temporary.replace(target)


def _text(*frames: "pl.DataFrame") -> bytes:
    """Return the rows as an event file has them; texts with a delimiter are quoted already."""
    import polars as pl

    buffer = io.BytesIO()
    times = "%Y-%m-%d %H:%M:%S%.3f"
    pl.concat(frames).write_csv(buffer, separator="|", quote_style="never", datetime_format=times)
    return buffer.getvalue()
