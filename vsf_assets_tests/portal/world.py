"""A home with a snapshot that the tests of the portal read: the samples of events, and deliveries with marked values.

Here: building it once for all processes of a run of the tests, and the marks. Not here: any expected figure but the
marks; the figures of the samples are written in the description of the feeds.

Marked values are personal: wherever one of them, or an md5 of one, appears, personal data appears.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from vsf_assets.snapshots.current import current_snapshot
from vsf_assets.warehouse.lock import hold_lock
from vsf_assets_tests.builds import build_pending
from vsf_assets_tests.comments import read_comments
from vsf_assets_tests.events import event, event_file
from vsf_assets_tests.portal.catalog_objects import load_catalogs
from vsf_assets_tests.portal.dictionaries import load_dictionaries
from vsf_assets_tests.prebuilt import put_built_warehouse
from vsf_assets_tests.warehouses import Home

PHONES = ("5557770001", "5557770002")
FEEDS = ("events", "lines", "accounts", "limits", "clicks", "impressions", "conversions")
MARKS = (
    *PHONES,
    "ACCT77701",
    *(f"MARK-{name}" for name in ("amplitude", "device", "user", "city", "dma", "idfa", "adid", "property", "raw")),
    "198.51.100.77",
    "61.77701",
    "11.77702",
)
"""Personal values as they are delivered."""

FORMULA = '=HYPERLINK("http://evil.example")'
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7|add:7 }}",
    "javascript:alert(1)",
    "a\u202eb\u0000c".replace("\u0000", ""),
    FORMULA,
)
"""Values that could do harm on a page; they stand in columns that are not personal."""


@dataclass(frozen=True)
class World:
    """The folder of the built home, and its snapshots."""

    root: Path

    @property
    def snapshots(self) -> Path:
        """Folder of its snapshots."""
        return self.root / "snapshots"

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the snapshot as DuckDB itself does, without the portal; for tests with many queries."""
        current = (self.snapshots / "current.duckdb").resolve()
        with duckdb.connect() as connection:  # attached, since the portal has the file open with other settings
            connection.execute(f"attach '{current}' as world (read_only)")
            connection.execute("use world")
            yield connection

    def query(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        """Return what DuckDB itself gives, without the portal."""
        with self.opened() as connection:
            return connection.execute(sql, list(values)).fetchall()


def forbidden_bytes() -> list[bytes]:
    """Return the marked values and the md5 of each, and of the keys that are made of them."""
    keys = [f"{phone}|0001-01-01" for phone in PHONES] + ["ACCT77701|0001-01-01"]
    digests = [hashlib.md5(text.encode()).hexdigest() for text in (*MARKS, *keys)]
    return [text.encode() for text in (*MARKS, *digests)]


def build_world(root: Path, samples: Path) -> World:
    """Build the home, unless another process has done so."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with hold_lock(root.with_suffix(".lock"), "building the portal's snapshot", 600):
        if not (root / "done").exists():
            _build(root, samples)
            (root / "done").touch()
    return World(root)


def _build(root: Path, samples: Path) -> None:
    home = Home(root)
    put_built_warehouse(home.settings)
    with duckdb.connect(str(home.warehouse.file)) as connection:
        comments = read_comments(connection)
    for minute, path in enumerate(sorted((samples / "events").iterdir())):
        home.land(path.name, path.read_bytes(), minute)
    for minute, (path, content) in enumerate(marked_files().items(), 10):
        home.land(path, content, minute)
    home.ingest(feeds=FEEDS)
    load_dictionaries(home, samples)
    load_catalogs(home)
    build_pending(home.warehouse, checked=False)
    snapshot = current_snapshot(home.settings)
    assert isinstance(snapshot, Path)
    snapshot.chmod(0o644)
    with duckdb.connect(str(snapshot)) as connection:
        for (table, column), text in comments.items():
            what = f'column {table}."{column}"' if column else f"table {table}"
            if text:
                quoted = text.replace("'", "''")
                connection.execute(f"comment on {what} is '{quoted}'")


def marked_files() -> dict[str, bytes]:
    """Return name -> content of the deliveries with marks, hostile values and defects."""
    fields = {
        "amplitude_id": "MARK-amplitude",
        "device_id": "MARK-device",
        "user_id": "MARK-user",
        "city": "MARK-city",
        "dma": "MARK-dma",
        "idfa": "MARK-idfa",
        "adid": "MARK-adid",
        "ip_address": "198.51.100.77",
        "location_lat": "61.77701",
        "location_lng": "11.77702",
    }
    records = [
        event(f"mark-{number}", "2019-06-03 10:00:00.000", '{"note":"MARK-property"}', mdn=phone, **fields)
        for number, phone in enumerate(PHONES)
    ]
    records += [
        event(
            f"hostile-{number}",
            "2019-06-03 11:00:00.000",
            mdn=PHONES[0],
            device_carrier=quoted(value),
            os_name=quoted(value),
        )
        for number, value in enumerate(HOSTILE)
    ]
    bad = event("bad-1", "MARK-raw no time", mdn=PHONES[0])
    return {
        "2019-06-03_testmdn_child_parent_rs.txt.gz": event_file(*records, bad),
        "2019-06-01_linedim.csv": _lines(f"{phone},ANDROID,Retail,2019-01-01" for phone in PHONES),
        "2019-06-01_accountdim.csv": b"CUST_ACCT,SEGMENT_NAME,SVC_PLAN\nACCT77701,Millenials,Premium\n",
        "2019-06-01_limitfact.csv": (
            b"MTN,CUST_ACCT,LIMITING_DT,LIMIT_TYPE\n"
            + "".join(f"{phone},ACCT77701,2019-06-02,OTHER\n" for phone in PHONES).encode()
            + b"MARK-raw,ACCT77701,2019-06-02,OTHER\n"
        ),
        "clicks/1/clicks_1.csv": b"click_id,banner_id,campaign_id\n1,10,7\nx,10,7\n",
    }


def quoted(value: str) -> str:
    """Return a value of an event's record, with its quotes and backslashes escaped."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _lines(rows: object) -> bytes:
    return ("MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT\n" + "".join(f"{row}\n" for row in rows)).encode()  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory, worker_id: str, samples: Path) -> World:
    """Return the home that all tests of the portal read."""
    own = tmp_path_factory.getbasetemp()
    return build_world((own if worker_id == "master" else own.parent) / "portal-world", samples)
