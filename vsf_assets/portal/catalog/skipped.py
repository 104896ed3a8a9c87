"""Types of records that no table holds: how many, in which objects, and why.

Here: counts of the newest state of each object. Not here: the counts of each delivery (reports.skipped_types).
"""

from dataclasses import dataclass
from typing import Any

from vsf_assets.common.suggestions import did_you_mean
from vsf_assets.feeds.by_family.catalog import OBJECTS
from vsf_assets.portal.catalog.kinds import record_types
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.masking import seen_source
from vsf_assets.portal.data.table_catalog import catalog_of
from vsf_assets.snapshots.pool import OpenSnapshot

MOST = 200
"""Types, and objects of a type, that a page shows."""

_NEWEST = f"""
    with skipped as (select * from {{skipped}} where feed = '{OBJECTS}'),
    newest as (
        select partition_key, file_name, max(landed_at) as landed_at from {{files}}
        where feed = '{OBJECTS}' and status = 'loaded' group by all
    ),
    current as (select skipped.* from skipped inner join newest using (partition_key, file_name, landed_at))
"""  # noqa: S608 - names of ours


@dataclass(frozen=True)
class SkippedType:
    """A type that is not loaded.

    Attributes:
        record_type: as delivered.
        records: in the newest state of each object.
        objects: that hold them.
        all_records: in all deliveries, so of each state of an object.
    """

    record_type: str
    records: int
    objects: int
    all_records: int

    @property
    def why(self) -> str:
        """Why its records are not loaded."""
        known = record_types()
        hint = did_you_mean(self.record_type.strip().casefold(), known)
        if self.record_type.strip().casefold() in known:
            return f"only {self.record_type.strip().casefold()!r}, written exactly so, is loaded"
        return f"the platform knows no such type{hint}"


def skipped_types(snapshot: OpenSnapshot, access: Access, search: str = "") -> list[SkippedType]:
    """Return the types that are not loaded, the most frequent first, at most MOST."""
    sql, values = _sources(snapshot, access)
    sql += f"""
        select record_type, coalesce(any_value(now.records), 0) as records, coalesce(any_value(now.objects), 0),
            sum(skipped.records)::bigint
        from skipped
        left join (
            select record_type, sum(records)::bigint as records, count(*) as objects from current group by record_type
        ) as now using (record_type)
        where contains(lower(record_type), $search)
        group by record_type order by records desc, record_type limit {MOST}
    """  # noqa: S608 - names of ours
    return [SkippedType(*row) for row in snapshot.kept(sql, {**values, "search": search.casefold()}).rows]


def objects_with(snapshot: OpenSnapshot, access: Access, record_type: str) -> list[tuple[str, str, int, int]]:
    """Return (profile, object, records, index of the first) of a type in the newest states, at most MOST."""
    sql, values = _sources(snapshot, access)
    sql += f"""
        select partition_key, url_decode(file_name) as name, records, first_line_number from current
        where record_type = $type order by records desc, partition_key, name limit {MOST}
    """  # noqa: S608 - names of ours
    found: list[tuple[str, str, int, int]] = snapshot.kept(sql, {**values, "type": record_type}).rows
    return found


def _sources(snapshot: OpenSnapshot, access: Access) -> tuple[str, dict[str, Any]]:
    tables = catalog_of(snapshot)
    skipped, values = seen_source(snapshot, tables["reports.skipped_types"], access)
    files, more = seen_source(snapshot, tables["reports.files"], access)
    return _NEWEST.format(skipped=skipped, files=files), values | more
