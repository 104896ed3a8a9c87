"""A foreign bucket as looks at it leave it: records of looks, lists and objects, dropped and ingested.

Here: builders that tests of the catalog share. Not here: fetching, and any expected value.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from vsf_assets.feeds import recognize
from vsf_assets.feeds.by_family.catalog import file_name
from vsf_assets.ingest.ingest_report import IngestReport
from vsf_assets.ingest.loader import Ingest
from vsf_assets.storage.local import FolderStore
from vsf_assets.warehouse.contract_versions import contract_versions
from vsf_assets.warehouse.input_and_result import InputFile
from vsf_assets_tests.warehouses import START, Home

FEEDS = ("catalog_looks", "catalog_list", "catalog")
Record = dict[str, Any]


def song(artist: str = "A", title: str = "T", year: int = 2000, release: str = "R") -> Record:
    return {"type": "song", "data": {"artist_name": artist, "title": title, "year": year, "release": release}}


def movie(title: str = "M", day: str = "2004-01-01", budget: int = 0, language: str = "en") -> Record:
    data = {"original_title": title, "original_language": language, "budget": budget, "is_adult": False}
    return {"type": "movie", "data": data | {"release_date": day}}


def app(name: str = "N", version: str = "1", size: int = 5, rating: float = 4.5) -> Record:
    data = {"name": name, "genre": "G", "rating": rating, "version": version, "size_bytes": size}
    return {"type": "app", "data": data}


def scan(
    home: Home,
    objects: Mapping[str, Sequence[Record] | bytes | None],
    minute: int = 0,
    profile: str = "default",
    late: Sequence[str] = (),
    listed: Sequence[str] = (),
) -> None:
    """Drop what a look at a list leaves: its record, the list, and the objects; None is an object that is gone.

    Args:
        home: where.
        objects: name -> records, bytes, or None, in the order of the list.
        minute: when the look was, minutes after START.
        profile: whose list it is.
        late: names whose objects could not be fetched yet.
        listed: names of further objects in the list, whose states did not change.
    """
    names = "".join(f"{name}\n" for name in (*objects, *listed)).encode()
    digest = hashlib.sha256(names).hexdigest()
    contents = {n: o if isinstance(o, bytes | None) else json.dumps(o).encode() for n, o in objects.items()}
    states = {n: None if c is None else hashlib.md5(c).hexdigest() for n, c in contents.items()}
    lines = [
        json.dumps({"position": position, "name": name, "state": state, "list_sha256": digest})
        for position, (name, state) in enumerate(states.items(), 1)
    ]
    drop(home, f"catalog_looks/{profile}/look.jsonl", "".join(f"{line}\n" for line in lines).encode(), minute)
    drop(home, f"catalog_list/{profile}/files_list.data", names, minute)
    for name, content in contents.items():
        if content is not None and name not in late:
            fetched(home, name, content, minute, profile)


def fetched(
    home: Home, name: str, content: Sequence[Record] | bytes, minute: int = 0, profile: str = "default"
) -> None:
    """Drop an object as it was due at a look."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    drop(home, f"catalog/{profile}/{file_name(name)}", raw, minute)


def drop(home: Home, path: str, content: bytes, minute: int = 0) -> Path:
    """Put a file where fetched ones lie."""
    target = inbox(home).root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    at = (START + timedelta(minutes=minute)).timestamp()
    os.utime(target, (at, at))
    return target


def inbox(home: Home) -> FolderStore:
    return FolderStore(home.root / "fetched")


def load(home: Home, only: Sequence[str] = ()) -> IngestReport:
    """Ingest what was fetched, all of it or the files of these names."""
    store, report = inbox(home), IngestReport()
    input_files = []
    for entry in store.entries():
        found = recognize(entry.path)
        assert found is not None
        if not only or entry.name in only:
            input_files.append(InputFile(store, entry, found[0], found[1], entry.name, entry.modified))
    input_files.sort(key=lambda w: (w.landed_at, w.name, w.entry.path))
    versions = contract_versions(home.settings)
    open_writer = partial(home.warehouse.storing, "test")
    Ingest(
        open_writer,
        True,
        home.settings,
        home.warehouse.form.run_notes("test", print),
        versions,
        "test",
        report,
        lambda _: None,
    ).load(input_files)
    return report


TABLES = ("songs", "movies", "apps", "skipped_types", "catalog_looks", "catalog_list", "findings")


def state(home: Home) -> dict[str, list[Any]]:
    """Return every raw row of the catalog and its ledger, without what tells of the run."""
    scans_sources = {name: f"select * from raw.{name} order by all" for name in TABLES}
    scans_sources["files"] = "select * exclude (loaded_at, run_id) from raw.files order by all"
    return {name: home.query(sql) for name, sql in scans_sources.items()}
