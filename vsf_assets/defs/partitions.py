"""Dagster's partitions definitions of the feeds.

Here: one definition per kind of partitioning, shared by all assets of that kind, and the first day that the UI shows.
Not here: the kinds (feeds/partitioning.py). Definitions are loaded before any run, so they cannot ask the ledger, which
a run may hold; ingests leave a note. A day before the first one is loaded like any other, and the UI shows it when the
definitions are loaded again.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType

import dagster as dg

from vsf_assets.config.settings import home_folder
from vsf_assets.feeds.partitioning import Datasets, Days, Partitioning, Quarters
from vsf_assets.storage.home_cache import read_note, write_note

FIRST_DAY = "2015-01-01"
"""First day that the UI shows before anything was delivered; the last is tomorrow in UTC, the last day that a delivery
may have."""

NOTE = "first_day"


@dataclass(frozen=True)
class _Home:
    home: Path


def first_day(home: Path) -> str:
    """Return the first day that a home's UI shows: the earliest that was loaded, as an ISO date."""
    noted = str(read_note(_Home(home), NOTE).get("day", ""))
    try:
        return date.fromisoformat(noted).isoformat()
    except ValueError:
        return FIRST_DAY


def _first_day_shown() -> str:
    """Return the first day of the home that VSF_HOME names; definitions load with any value of it."""
    try:
        return first_day(home_folder())
    except RuntimeError:  # of an unknown user, as in ~nobody/x; the first run says so
        return FIRST_DAY


def note_first_day(home: Path, loaded: Iterable[str]) -> str | None:
    """Note the earliest loaded day for the next start; return it if the UI does not show it before.

    Args:
        home: the home.
        loaded: the earliest days of its feeds, ISO dates.
    """
    earliest, shown = min(loaded, default=""), first_day(home)
    if not earliest or (earliest == shown and read_note(_Home(home), NOTE)):
        return None
    write_note(_Home(home), NOTE, {"day": earliest})
    return earliest if earliest < shown else None


DEFINITIONS: Mapping[type[Partitioning], Callable[[Partitioning], dg.PartitionsDefinition]] = MappingProxyType(
    {
        Quarters: lambda kind: dg.StaticPartitionsDefinition(list(kind.keys)),
        Days: lambda _: dg.DailyPartitionsDefinition(start_date=_first_day_shown(), end_offset=2),
        Datasets: lambda kind: dg.DynamicPartitionsDefinition(name=f"{kind.noun}s"),
    }
)
"""Kind of partitioning -> function that creates its definition. Other kinds have no partitions in Dagster."""


def dynamic_partitions_name(partitioning: Partitioning) -> str | None:
    """Return the name of the dynamic partitions that an ingest adds to; None if the partitions are fixed."""
    definition = partitions_of(partitioning)
    return definition.name if isinstance(definition, dg.DynamicPartitionsDefinition) else None


@cache
def partitions_of(partitioning: Partitioning) -> dg.PartitionsDefinition | None:
    """Return Dagster's definition of a partitioning; None if it has no partitions in Dagster."""
    make = DEFINITIONS.get(type(partitioning))
    return make(partitioning) if make is not None else None
