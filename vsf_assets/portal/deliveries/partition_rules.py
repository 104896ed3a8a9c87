"""Rules of single feeds on the partitions that a team may deliver, which other apps add.

Here: the registry. Not here: the rules (portal/datasets has one), and those of every feed (begin.py).
"""

import uuid
from collections.abc import Callable

Rule = Callable[[str, uuid.UUID], None]
"""Takes a partition and the id of the team that delivers; raises PartitionRefusedError."""

_rules: dict[str, Rule] = {}


class PartitionRefusedError(ValueError):
    """A team may not deliver a partition; the message says what to do."""


def add_rule(feed: str, rule: Rule) -> None:
    """Let a rule decide about the partitions of a feed."""
    _rules[feed] = rule


def check_partition(feed: str, partition: str, team: uuid.UUID) -> None:
    """Ask the rule of a feed, if it has one.

    Raises:
        PartitionRefusedError: the team may not deliver this partition.
    """
    if feed in _rules:
        _rules[feed](partition, team)
