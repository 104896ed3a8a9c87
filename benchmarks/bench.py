"""What every job of the benchmarks is given: sizes, folder, files, and fresh homes.

Here: the `Bench` and the homes that are thrown away after a measurement. Not here: measuring.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.data import Files, campaign_files
from benchmarks.event_files import EventFiles
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.warehouse.connection import Warehouse


def log(line: str) -> None:
    """Say beside the report what is being measured."""
    print(f"… {line}", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Bench:
    """How large and how often.

    Attributes:
        root: folder of files and throw-away homes, on the disk the platform uses.
        scale: size of the files; 1 is 10 million impressions.
        repeat: measurements per side.
        log: told what is being measured.
    """

    root: Path
    scale: float
    repeat: int
    log: Callable[[str], None]

    def files(self, odd: bool = False) -> Files:
        """Return the campaign files at the scale."""
        return campaign_files(self.root, self.scale, odd)

    def small_files(self, seed: int) -> Files:
        """Return files of a thousandth of the full size; each seed gives others."""
        return campaign_files(self.root, 0.001, seed=seed)

    def events(self) -> EventFiles:
        """Return the event files; they are made where missing."""
        return EventFiles(self.root)

    @contextmanager
    def home(self, **variables: str) -> Iterator[Settings]:
        """Yield the settings of an empty home, every other variable at its default; it is removed afterwards."""
        folder = tempfile.mkdtemp(prefix="home-", dir=self.root)
        try:
            yield read_settings({"VSF_HOME": folder, "VSF_SETTLE_SECONDS": "0", **variables})
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def warehouse(self) -> Iterator[Warehouse]:
        """Yield an empty warehouse in a home of its own."""
        with self.home() as settings:
            yield Warehouse.of(settings)
