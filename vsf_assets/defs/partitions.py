"""Dagster's partitions definitions of the feeds.

Here: one definition per kind of partitioning, shared by all assets of that kind. Not here: the kinds
(feeds/partitioning.py).
"""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

import dagster as dg

from vsf_assets.feeds.partitioning import Datasets, Days, Partitioning, Quarters

FIRST_DAY = "2015-01-01"
"""First day that the UI shows; the last is tomorrow in UTC, the last day that a delivery may have."""

DEFINITIONS: Mapping[type[Partitioning], Callable[[Partitioning], dg.PartitionsDefinition]] = MappingProxyType(
    {
        Quarters: lambda kind: dg.StaticPartitionsDefinition(list(kind.keys)),
        Days: lambda _: dg.DailyPartitionsDefinition(start_date=FIRST_DAY, end_offset=2),
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
