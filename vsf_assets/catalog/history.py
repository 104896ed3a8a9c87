"""Reads from the warehouse what is known of a source: the newest state and content of each object.

Here: queries on the records of looks and on the ledger, and a small cache of states that only
fetches observed. Not here: the decision (catalog/model/plan.py). Losing the cache costs a transfer, never a row.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsf_assets.catalog.model.plan import KnownObject
from vsf_assets.common.atomic_files import atomic_write
from vsf_assets.config.settings import Settings
from vsf_assets.feeds.by_family.catalog import LIST, OBJECTS, SCANS, file_name
from vsf_assets.warehouse.contract_versions import contract_versions

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_NEWEST = """
    select looks.name, files.landed_at, looks.position, looks.state
    from raw.catalog_looks as looks join raw.files as files on files.file_id = looks._file_id
    where files.partition_key = ?
    qualify row_number() over (partition by looks.name order by files.landed_at desc) = 1
"""
_FETCHED = """
    select file_name, max(landed_at), arg_max(sha256, landed_at)
    from raw.files where feed = ? and partition_key = ? group by file_name
"""
_LAST = """
    select max(landed_at), arg_max(sha256, landed_at) filter (feed = $list),
        max(landed_at) filter (feed = $looks), max(landed_at) filter (feed = $list)
    from raw.files where feed in ($list, $looks) and partition_key = $profile
"""
_LIST_OF = """
    select any_value(list_sha256) from raw.catalog_looks join raw.files on file_id = _file_id
    where feed = ? and partition_key = ? and landed_at = ?
"""
_OUTDATED = "select count(*) from raw.files where feed = ? and partition_key = ? and contract_version <> ?"


@dataclass(frozen=True)
class SourceHistory:
    """The known objects of a profile, and its last scan.

    Attributes:
        known: by name.
        last_scan_at: time of the last scan with a record, or None.
        list_sha256: digest of the last recorded list, or empty.
        lost_list: time and digest of a list whose scan record is loaded while the list is not: a crash came between.
        is_complete: whether all scan records are loaded; false while they are read again.
    """

    known: Mapping[str, KnownObject] = field(default_factory=dict)
    last_scan_at: datetime | None = None
    list_sha256: str = ""
    lost_list: tuple[datetime, str] | None = None
    is_complete: bool = True

    @property
    def to_fetch(self) -> list[str]:
        """Names whose newest state is not fetched yet."""
        return [name for name, k in self.known.items() if k.state is not None and not k.is_fetched]


def read_history(connection: "DuckDBPyConnection", settings: Settings, profile: str) -> SourceHistory:
    """Return what the warehouse holds of a profile."""
    if not _has_tables(connection):
        return SourceHistory()
    fetched = {
        name: (_utc(at), sha256) for name, at, sha256 in connection.execute(_FETCHED, [OBJECTS, profile]).fetchall()
    }
    known = {}
    for name, at, position, state in connection.execute(_NEWEST, [profile]).fetchall():
        newest, sha256 = fetched.get(file_name(name), (None, ""))
        known[name] = KnownObject(_utc(at), position, state, newest == _utc(at), sha256)
    named = {"list": LIST, "looks": SCANS, "profile": profile}
    last, digest, last_record, last_list = connection.execute(_LAST, named).fetchall()[0]
    lost = None
    if last_record is not None and (last_list is None or last_list < last_record):
        (listed_digest,) = connection.execute(_LIST_OF, [SCANS, profile, last_record]).fetchall()[0]
        lost = (_utc(last_record), listed_digest or "")
    version = contract_versions(settings).of(SCANS, profile)
    outdated = connection.execute(_OUTDATED, [SCANS, profile, version]).fetchall()[0][0]
    return SourceHistory(known, _utc(last) if last else None, digest or "", lost, not outdated)


def _has_tables(connection: "DuckDBPyConnection") -> bool:
    sql = "select count(*) from information_schema.tables where table_schema = 'raw' and table_name in (?, ?)"
    return connection.execute(sql, ["files", "catalog_looks"]).fetchall() == [(2,)]


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC)


@dataclass
class FetchedStates:
    """States observed by fetches for names recorded as `unknown`: name -> (time of the record, state)."""

    file: Path
    states: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, settings: Settings, profile: str) -> "FetchedStates":
        """Return the cache of a profile; a lost or broken one is empty."""
        file = settings.home / "cache" / f"states-{profile}.json"
        try:
            kept: dict[str, Any] = json.loads(file.read_text())
            return cls(file, {name: (str(at), str(state)) for name, (at, state) in kept.items()})
        except (OSError, ValueError, TypeError, AttributeError):
            return cls(file)

    def of(self, known: Mapping[str, KnownObject]) -> dict[str, str]:
        """Return the states that belong to the newest records."""
        found = {name: self.states[name] for name in known.keys() & self.states.keys()}
        return {name: state for name, (at, state) in found.items() if at == known[name].at.isoformat()}

    def note(self, name: str, at: datetime, state: str) -> None:
        """Add a state; `write` stores it."""
        self.states[name] = (at.isoformat(), state)

    def write(self) -> None:
        """Write the cache file, unless there is nothing to write."""
        if not self.states and not self.file.exists():
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        atomic_write(self.file, json.dumps(self.states, ensure_ascii=False).encode(), is_durable=False)
