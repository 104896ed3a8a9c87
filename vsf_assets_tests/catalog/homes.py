"""Homes whose catalog comes from somewhere: the engine with a source, and what of its tables is comparable.

Here: builders. Not here: expectations.
"""

import json
from pathlib import Path
from typing import Any

from vsf_assets.ingest.ingest_report import IngestReport
from vsf_assets_tests.catalogs import FEEDS
from vsf_assets_tests.servers import Served
from vsf_assets_tests.warehouses import Home

_TABLES = {
    "raw.songs": "exclude (_file_id)",
    "raw.movies": "exclude (_file_id)",
    "raw.apps": "exclude (_file_id)",
    "raw.catalog_list": "exclude (_file_id)",
    "raw.catalog_looks": "exclude (_file_id, state)",
    "raw.findings": "exclude (file_id)",
}


def home_of(root: Path, address: str, **given: object) -> Home:
    """Return a home whose catalog is at an address; `given` are settings of the profile."""
    root.mkdir(parents=True, exist_ok=True)
    patience = {"connect_timeout": 1, "read_timeout": 0.5, "object_timeout": 4, "attempts": 5, **given}
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"address": address, **patience}.items()]
    (root / "sources.toml").write_text("\n".join(["[there]", *lines, ""]))
    return Home(root, SOURCES=str(root / "sources.toml"), PROFILE="there")


def load(home: Home, *, reload: str = "changed") -> IngestReport:
    """Look, fetch, load."""
    return home.ingest(feeds=FEEDS, reload=reload)


def tables(home: Home) -> dict[str, list[str]]:
    """Return every table as sorted rows, without what tells of the time or of the kind of source."""
    found = {n: sorted(map(repr, home.query(f"select * {without} from {n}"))) for n, without in _TABLES.items()}
    rows = home.query(
        "select feed, file_name, status, if(feed = 'catalog_looks', '', sha256), lines_read, rows_loaded,"
        " rows_quarantined, rows_skipped,"
        " dense_rank() over (order by landed_at) from raw.files"
    )
    return {**found, "raw.files": sorted(map(repr, rows))}


def records(*names: str) -> bytes:
    """Return an object of songs."""
    songs = [{"artist_name": name, "title": name, "year": 2000, "release": name} for name in names]
    return json.dumps([{"type": "song", "data": song} for song in songs]).encode()


def serve_songs(served: Served, count: int = 12) -> None:
    """Serve a list of objects with songs of their own."""
    for number in range(count):
        served.put(f"{number:02}.data", records(f"a{number}", f"b{number}"))
    served.put_list(*sorted((name for name in served.objects if name != "files_list.data"), reverse=True))


def songs(home: Home) -> list[Any]:
    """Return the artists of all songs."""
    return [row[0] for row in home.query("select artist_name from raw.songs order by 1")]
