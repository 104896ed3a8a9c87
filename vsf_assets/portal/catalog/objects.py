"""Objects of sources: whether each is there, the states that were fetched, and what a state changed.

Here: queries on the reports, the record of scans, and the history of entries. An object's name is that of the list;
files in reports have it with forbidden characters encoded. Not here: the pages, and files as deliveries (receipts/).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vsf_assets.feeds.by_family.catalog import LIST, OBJECTS, SCANS
from vsf_assets.masking.pseudonyms import quoted
from vsf_assets.portal.catalog.entries import FieldChange, changes
from vsf_assets.portal.catalog.kinds import EntryKind
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.masking import seen_source
from vsf_assets.portal.data.page_places import cursor_after, read_cursor
from vsf_assets.portal.data.table_catalog import catalog_of
from vsf_assets.snapshots.pool import OpenSnapshot

PAGE, MOST_STATES, MOST_CHANGES = 50, 200, 50

STATES = {
    "present": "as fetched",
    "vanished": "gone, but listed",
    "due": "not fetched yet",
    "unreadable": "unreadable",
    "unlisted": "no longer listed",
}
"""State of an object -> what it means."""

_OBJECTS = f"""
    with states as (
        select partition_key as profile, url_decode(file_name) as name, count(*) as states, max(landed_at) as newest_at,
            arg_max(status, landed_at) as status, arg_max(bytes, landed_at) as bytes,
            arg_max(rows_loaded, landed_at) as rows_loaded, arg_max(rows_quarantined, landed_at) as rows_quarantined,
            arg_max(rows_skipped, landed_at) as rows_skipped
        from {{files}} where feed = '{OBJECTS}' and partition_key is not null group by all
    ),
    troubles as (
        select partition_key as profile, file_name as name, min(anomaly) as trouble
        from {{anomalies}} where feed = '{OBJECTS}' and anomaly in ('vanished', 'missing_file') group by all
    ),
    newest_lists as (
        select file_id, partition_key as profile from raw.files where feed = '{LIST}' and status = 'loaded'
        qualify row_number() over (partition by partition_key order by landed_at desc) = 1
    ),
    listed as (
        select distinct profile, object_name as name from raw.catalog_list inner join newest_lists on _file_id = file_id
    ),
    gone as (
        select partition_key as profile, name, max(landed_at) as gone_at
        from raw.catalog_looks inner join raw.files on _file_id = file_id
        where feed = '{SCANS}' and state is null group by all
    ),
    objects as (
        select
            coalesce(states.profile, troubles.profile) as profile, coalesce(states.name, troubles.name) as name,
            coalesce(states.states, 0) as states,
            case
                when trouble = 'vanished' then 'vanished'
                when trouble = 'missing_file' then 'due'
                when listed.name is null then 'unlisted'
                when status = 'unreadable' then 'unreadable'
                else 'present'
            end as state,
            newest_at, case when trouble = 'vanished' then gone_at end as gone_at,
            bytes, rows_loaded, rows_quarantined, rows_skipped
        from states
        full outer join troubles on states.profile = troubles.profile and states.name = troubles.name
        left join listed
            on coalesce(states.profile, troubles.profile) = listed.profile
            and coalesce(states.name, troubles.name) = listed.name
        left join gone
            on coalesce(states.profile, troubles.profile) = gone.profile
            and coalesce(states.name, troubles.name) = gone.name
    )
"""  # noqa: S608 - names of ours
_COLUMNS = "profile, name, state, states, newest_at, gone_at, bytes, rows_loaded, rows_quarantined, rows_skipped"
_STATES = f"""
    select landed_at, status, bytes, sha256, lines_read, rows_loaded, rows_quarantined, rows_skipped, first_snapshot,
        file_name
    from {{files}} where feed = '{OBJECTS}' and partition_key = $profile and url_decode(file_name) = $name
    order by landed_at desc limit {MOST_STATES}
"""  # noqa: S608 - names of ours


@dataclass(frozen=True)
class CatalogObject:
    """An object of a source.

    Attributes:
        profile: profile of the source.
        name: as the list names it.
        state: one of STATES.
        states: how many states of it were fetched.
        newest_at: time of the scan that found the newest of them; None if none was fetched.
        gone_at: time of the scan that did not find a listed object; None for others.
        bytes, rows_loaded, rows_quarantined, rows_skipped: of the newest one.
    """

    profile: str
    name: str
    state: str
    states: int
    newest_at: datetime | None
    gone_at: datetime | None
    bytes: int | None
    rows_loaded: int | None
    rows_quarantined: int | None
    rows_skipped: int | None


@dataclass(frozen=True)
class ObjectState:
    """A state of an object as it was fetched; `changed` is kind -> (new entries, changed ones)."""

    landed_at: datetime
    status: str
    bytes: int
    sha256: str
    lines_read: int
    rows_loaded: int
    rows_quarantined: int
    rows_skipped: int
    first_snapshot: int | None
    file_name: str
    changed: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class ChangedEntry:
    """An entry that a state brought or changed; a new one has no changes."""

    kind: EntryKind
    key: str
    title: str
    is_new: bool
    changes: list[FieldChange]


def _with_sources(snapshot: OpenSnapshot, access: Access, sql: str, *names: str) -> tuple[str, dict[str, Any]]:
    """Return SQL in which `{files}` and `{anomalies}` are what may be seen of the reports."""
    values: dict[str, Any] = {}
    sources = {}
    for name in names:
        sources[name], found = seen_source(snapshot, catalog_of(snapshot)[f"reports.{name}"], access)
        values |= found
    return sql.format(**sources), values


def list_objects(
    snapshot: OpenSnapshot,
    access: Access,
    *,
    search: str = "",
    state: str = "",
    profile: str = "",
    after: str = "",
    limit: int = PAGE,
) -> tuple[list[CatalogObject], str]:
    """Return a page of objects, by profile and name, and the cursor of the next one.

    Raises:
        WrongParameterError: the cursor is malformed.
        SnapshotChangedError: it is of another snapshot.
    """
    number = read_cursor(snapshot, after, "_after")
    sql, values = _with_sources(snapshot, access, _OBJECTS, "files", "anomalies")
    sql += f"""
        select number, {_COLUMNS} from (select *, row_number() over (order by profile, name) as number from objects)
        where number > $after and contains(lower(name), $search) and ($state = '' or state = $state)
            and ($profile = '' or profile = $profile)
        order by number limit $limit
    """  # noqa: S608 - names of ours
    values |= {"after": number, "search": search.casefold(), "state": state, "profile": profile, "limit": limit + 1}
    rows = snapshot.kept(sql, values).rows
    following = cursor_after(snapshot, rows[limit - 1][0]) if len(rows) > limit else ""
    return [CatalogObject(*row[1:]) for row in rows[:limit]], following


def count_objects(snapshot: OpenSnapshot, access: Access) -> dict[str, dict[str, int]]:
    """Return profile -> state -> number of its objects."""
    sql, values = _with_sources(snapshot, access, _OBJECTS, "files", "anomalies")
    sql += " select profile, state, count(*) from objects group by all order by all"
    found: dict[str, dict[str, int]] = {}
    for profile, state, count in snapshot.kept(sql, values).rows:
        found.setdefault(profile, {})[state] = count
    return found


def find_object(snapshot: OpenSnapshot, access: Access, profile: str, name: str) -> CatalogObject | None:
    """Return an object; None if no scan and no delivery names it."""
    sql, values = _with_sources(snapshot, access, _OBJECTS, "files", "anomalies")
    sql += f" select {_COLUMNS} from objects where profile = $profile and name = $name"  # noqa: S608 - names of ours
    rows = snapshot.kept(sql, {**values, "profile": profile, "name": name}).rows
    return CatalogObject(*rows[0]) if rows else None


def states_of(
    snapshot: OpenSnapshot, access: Access, found: CatalogObject, kinds: dict[str, EntryKind]
) -> list[ObjectState]:
    """Return the newest states of an object, at most MOST_STATES, the latest first."""
    sql, values = _with_sources(snapshot, access, _STATES, "files")
    rows = snapshot.kept(sql, {**values, "profile": found.profile, "name": found.name}, MOST_STATES).rows
    changed: dict[datetime, dict[str, tuple[int, int]]] = {}
    for kind in kinds.values():
        source, seen = seen_source(snapshot, kind.versions, access)
        counted = f"""
            select valid_from, count(*) filter (version_number = 1), count(*) filter (version_number > 1)
            from {source} where profile = $profile and object_name = $name group by valid_from
        """  # noqa: S608 - quoted names
        for at, new, other in snapshot.kept(counted, {**seen, "profile": found.profile, "name": found.name}).rows:
            changed.setdefault(at, {})[kind.name] = (new, other)
    return [ObjectState(*(*row, changed.get(row[0], {}))) for row in rows]


def changes_of(
    snapshot: OpenSnapshot, access: Access, found: CatalogObject, at: datetime, kinds: dict[str, EntryKind]
) -> list[ChangedEntry]:
    """Return the entries that a state of an object brought or changed, at most MOST_CHANGES of each kind."""
    entries = []
    for kind in kinds.values():
        source, values = seen_source(snapshot, kind.versions, access)
        fields = ", ".join(f"{quoted(name)} := {quoted(name)}" for name in kind.fields)
        own = "profile = $profile and object_name = $name and valid_from = $at"
        sql = f"""
            select {quoted(kind.key)}, payload, before from (
                select *, struct_pack({fields}) as payload,
                    lag(struct_pack({fields})) over (partition by {quoted(kind.key)} order by version_number) as before
                from {source}
                where {quoted(kind.key)} in (select {quoted(kind.key)} from {source} where {own})
            ) where {own} order by version_number = 1, {quoted(kind.key)}, version_number limit {MOST_CHANGES}
        """  # noqa: S608 - quoted names
        values |= {"profile": found.profile, "name": found.name, "at": at}
        for key, payload, before in snapshot.kept(sql, values).rows:
            field_changes = changes(kind, before, payload) if before else []
            entries.append(ChangedEntry(kind, key, kind.title_of(payload), before is None, field_changes))
    return entries
