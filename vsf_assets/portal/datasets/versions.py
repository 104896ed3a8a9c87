"""Datasets and their versions, as a snapshot has them.

Here: the list of datasets in keyset pages, the versions of one, and finding one version. Not here: who may see a
dataset (ownership.py), and what stands in a version (browse.py).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vsf_assets.portal.datasets.ownership import DatasetAccess
from vsf_assets.snapshots.pool import OpenSnapshot

PAGE = 50
LARGEST_PAGE = 1000

_LIST = """
    select
        dataset,
        count(*) as versions,
        count(*) filter (where is_complete) as complete_versions,
        max(version) filter (where is_current) as current_version,
        max(version) as newest_version,
        arg_max(is_complete, version) as newest_is_complete,
        arg_max(findings, version) as newest_findings,
        max(uploaded_at) as uploaded_at
    from marts.dim_dataset_versions
    where ($reads_all or list_contains($own::varchar[], dataset)
        or ($reads_platform and not list_contains($foreign::varchar[], dataset)))
        and contains(lower(dataset), $search) and dataset > $after
    group by dataset order by dataset limit $limit
"""
_VERSIONS = """
    select version, uploaded_at, is_complete, is_current, findings
    from marts.dim_dataset_versions where dataset = $name order by version desc
"""


@dataclass(frozen=True)
class DatasetLine:
    """A dataset in the list.

    Attributes:
        name: its name.
        versions: how many it has.
        complete_versions: how many of them have their three files.
        current_version: number of the latest complete one; None if there is none.
        newest_version: number of the latest one.
        newest_is_complete: whether that one has its three files.
        newest_findings: how many findings that one has.
        uploaded_at: when the latest one landed.
    """

    name: str
    versions: int
    complete_versions: int
    current_version: int | None
    newest_version: int
    newest_is_complete: bool
    newest_findings: int
    uploaded_at: datetime


@dataclass(frozen=True)
class DatasetVersion:
    """A version of a dataset."""

    dataset: str
    number: int
    uploaded_at: datetime
    is_complete: bool
    is_current: bool
    findings: int


def list_datasets(
    snapshot: OpenSnapshot, access: DatasetAccess, search: str = "", after: str = "", limit: int = PAGE
) -> tuple[list[DatasetLine], str]:
    """Return a page of the datasets that may be read, by name, and its last name if there are more, else empty."""
    values: dict[str, Any] = {
        "reads_all": access.reads_all,
        "reads_platform": access.reads_platform,
        "own": access.own_names,
        "foreign": access.foreign_names,
        "search": search.casefold(),
        "after": after,
        "limit": limit + 1,
    }
    found = [DatasetLine(*row) for row in snapshot.kept(_LIST, values).rows]
    return found[:limit], found[limit - 1].name if len(found) > limit else ""


def versions_of(snapshot: OpenSnapshot, name: str) -> list[DatasetVersion]:
    """Return the versions of a dataset, the latest first; empty if there is none of this name."""
    return [DatasetVersion(name, *row) for row in snapshot.kept(_VERSIONS, {"name": name}, LARGEST_PAGE).rows]


def chosen_version(
    versions: list[DatasetVersion], number: int | None, *, newest: bool = False
) -> DatasetVersion | None:
    """Return a version; without a number the current one, or the newest if none is complete or `newest` says so."""
    if number is not None:
        return next((version for version in versions if version.number == number), None)
    current = next((version for version in versions if version.is_current and not newest), None)
    return current or next(iter(versions), None)
