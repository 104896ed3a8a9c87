"""How the feeds' partitions look in Dagster: a line per kind of partitioning, one definition for all of its assets."""

from collections.abc import Callable, Mapping
from functools import cache
from types import MappingProxyType

import dagster as dg

from vsf_assets.feeds.partitioning import Datasets, Days, Partitioning, Quarters

FIRST_DAY = "2015-01-01"
"""First day the UI shows; days up to tomorrow (UTC) can be delivered."""

DEFINITIONS: Mapping[type[Partitioning], Callable[[Partitioning], dg.PartitionsDefinition]] = MappingProxyType(
    {
        Quarters: lambda kind: dg.StaticPartitionsDefinition(list(kind.keys)),
        Days: lambda _: dg.DailyPartitionsDefinition(start_date=FIRST_DAY, end_offset=2),
        Datasets: lambda kind: dg.DynamicPartitionsDefinition(name=f"{kind.noun}s"),
    }
)
"""Kind of partitioning -> how it looks; the others have no partitions in Dagster."""


def growing_set(partitioning: Partitioning) -> str | None:
    """Return the name of the partitions that an ingest adds to, since senders name them; None where they are fixed."""
    made = partitions_of(partitioning)
    return made.name if isinstance(made, dg.DynamicPartitionsDefinition) else None


@cache
def partitions_of(partitioning: Partitioning) -> dg.PartitionsDefinition | None:
    """Return Dagster's definition for a feed's partitioning, None where it has no partitions there."""
    make = DEFINITIONS.get(type(partitioning))
    return make(partitioning) if make is not None else None
