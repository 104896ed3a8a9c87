"""How the feeds' partitionings look in Dagster: one definition per kind, shared by all assets of it."""

from functools import cache

import dagster as dg

from vsf_assets.feeds.feed import Partitioning


@cache
def partitions_of(partitioning: Partitioning) -> dg.PartitionsDefinition | None:
    """Return Dagster's definition for a feed's partitioning, None for unpartitioned feeds."""
    if partitioning.kind == "quarter":
        return dg.StaticPartitionsDefinition(list(partitioning.keys))
    return None
