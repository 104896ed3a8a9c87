"""How the feeds' partitionings look in Dagster: one definition per kind, shared by all assets of it."""

from functools import cache

import dagster as dg

from vsf_assets.feeds.partitioning import Partitioning

DATASETS = "datasets"
"""Name of the partitions that senders name; an ingest adds those that got files."""

FIRST_DAY = "2015-01-01"
"""First day the UI shows; days up to tomorrow (UTC) can be delivered."""


@cache
def partitions_of(partitioning: Partitioning) -> dg.PartitionsDefinition | None:
    """Return Dagster's definition for a feed's partitioning, None for unpartitioned feeds."""
    if partitioning.kind == "quarter":
        return dg.StaticPartitionsDefinition(list(partitioning.keys))
    if partitioning.kind == "day":
        return dg.DailyPartitionsDefinition(start_date=FIRST_DAY, end_offset=2)
    if partitioning.kind == "dataset":
        return dg.DynamicPartitionsDefinition(name=DATASETS)
    return None
