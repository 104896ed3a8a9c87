"""A home in a temporary folder: land files with chosen times, ingest them, look at the tables.

Here: builders and looks that tests of the engine share. Not here: any expected value.
"""

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from vsf_assets.config.settings import read_settings
from vsf_assets.ingest.ingest_report import IngestReport
from vsf_assets.landing.selection import Selection
from vsf_assets.pipeline.ingest import ingest
from vsf_assets.publish.publish import publish
from vsf_assets.snapshots.current import Snapshot
from vsf_assets.storage.ignored_names import OWNER_MARKER
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.attached import ask
from vsf_assets_tests.forms import lose_warehouse
from vsf_assets_tests.forms import variables as form_variables
from vsf_assets_tests.raw_tables import put_raw_tables

START = datetime(2026, 1, 5, 12, 0, 0, tzinfo=UTC)
CAMPAIGNS = ("impressions", "clicks", "conversions")
FEED_TABLES = tuple(f"raw.{feed}" for feed in CAMPAIGNS)


def clicks(*ids: int, campaign: int = 7) -> bytes:
    """Return a clicks file with these ids."""
    return b"click_id,banner_id,campaign_id\n" + b"".join(b"%d,%d,%d\n" % (i, i * 10, campaign) for i in ids)


def conversions(*ids: int) -> bytes:
    """Return a conversions file with these ids."""
    return b"conversion_id,click_id,revenue\n" + b"".join(b"%d,%d,1.500000\n" % (i, i) for i in ids)


class Home:
    """A VSF_HOME of its own; `variables` are settings without the prefix, e.g. AFTER_LOAD="keep"."""

    def __init__(self, root: Path, **variables: str):
        self.root = root
        given = {"HOME": str(root), "SETTLE_SECONDS": "0", "THREADS": "2", **variables}
        chosen = {f"VSF_{name}": value for name, value in given.items()}
        self.settings = read_settings({**form_variables(root), **chosen})
        self.waits: list[str] = []
        self.warehouse = Warehouse.of(self.settings, self.waits.append)
        self.landing = Path(self.settings.landing)
        self.archive = Path(self.settings.archive)

    def land(self, path: str, content: bytes, minute: int = 0) -> Path:
        """Put a file into the landing zone, modified `minute` minutes after START."""
        target = self.landing / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        at = (START + timedelta(minutes=minute)).timestamp()
        os.utime(target, (at, at))
        return target

    def ingest(
        self, *, reload: str = "changed", feeds: Iterable[str] = CAMPAIGNS, partitions: Iterable[str] | None = None
    ) -> IngestReport:
        """Take what is pending."""
        put_raw_tables(self.settings)
        chosen = None if partitions is None else tuple(partitions)
        return ingest(self.warehouse, Selection(tuple(feeds), chosen, reload), "test")

    def lose_warehouse(self) -> None:
        """Lose what the warehouse holds, as by an accident."""
        lose_warehouse(self.settings)

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what a query on the warehouse gives."""
        if self.settings.lake_database:
            with self.warehouse.read("test") as connection:
                assert connection is not None, "there is no warehouse"
                return connection.execute(sql, values).fetchall()
        with self.warehouse.lock("test"):
            assert self.warehouse.file.exists(), "there is no warehouse"
            return ask(self.warehouse.file, sql, values)

    def files(self, columns: str = "file_name, status, lines_read, rows_loaded, rows_quarantined") -> list[Any]:
        """Return the ledger in landing order."""
        return self.query(f"select {columns} from raw.files order by landed_at, file_name, sha256, partition_key")

    def findings(self, columns: str = "file_name, line_number, anomaly, column_name") -> list[Any]:
        """Return the findings with the names of their files, in landing order."""
        return self.query(
            f"select {columns} from raw.findings join raw.files using (file_id)"
            " order by landed_at, file_name, line_number, anomaly, column_name"
        )

    def click_ids(self) -> list[int]:
        """Return the ids in raw.clicks."""
        return [row[0] for row in self.query("select click_id from raw.clicks order by 1")]

    def state(self) -> dict[str, list[Any]]:
        """Return every raw row, comparable between homes: without ingest times and run ids."""
        columns = dict.fromkeys((*FEED_TABLES, "raw.findings"), "*") | {"raw.files": "* exclude (loaded_at, run_id)"}
        with self.warehouse.read("test") as connection:
            assert connection is not None, "there is no warehouse"
            scans_sources = {name: f"select {what} from {name} order by all" for name, what in columns.items()}
            return {name: connection.execute(sql).fetchall() for name, sql in scans_sources.items()}

    def landed(self) -> list[str]:
        """Return what lies in the landing zone, everything counted but the marker of the home."""
        return [path for path in _paths(self.landing) if path != OWNER_MARKER]

    def archived(self) -> dict[str, bytes]:
        """Return what lies in the archive, path -> content."""
        return {path: (self.archive / path).read_bytes() for path in _paths(self.archive)}

    def assert_originals_are_kept(self) -> None:
        """Every ledger row's original is in the archive, with its size."""
        for path, size in self.query("select archive_path, bytes from raw.files"):
            assert (self.archive / path).stat().st_size == size, path


def publish_click(home: Home, number: int) -> Snapshot:
    """Store one more click, without a file, and publish snapshot `number`."""
    put_raw_tables(home.settings)
    with home.warehouse.write("test") as connection:
        connection.execute("insert into raw.clicks by name select ? as click_id", [number])
    with home.warehouse.lock("publish"):
        return publish(home.warehouse.pinned(), number)


def _paths(root: Path) -> list[str]:
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())
