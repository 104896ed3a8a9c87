"""Rules of single feeds on the partitions that a team may deliver, which other apps add.

Here: the registry. Not here: the rules (portal/datasets has one), and those of every feed (begin.py).
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass

Rule = Callable[[str, uuid.UUID], None]
"""Takes a partition and the id of the team that delivers; raises PartitionRefusedError."""


@dataclass(frozen=True)
class PartitionRule:
    """The rule of a feed.

    Attributes:
        check: asked before anything is written; may take its time, and let a partition belong to the team.
        hold: asked inside the transaction that writes the deliveries, and before their files get names: whether the
            partition is still the team's, which it then is until the transaction ends. Takes no time.
    """

    check: Rule
    hold: Rule


_rules: dict[str, PartitionRule] = {}


class PartitionRefusedError(ValueError):
    """A team may not deliver a partition; the message says what to do."""


def add_rule(feed: str, rule: PartitionRule) -> None:
    """Let a rule decide about the partitions of a feed."""
    _rules[feed] = rule


def check_partition(feed: str, partition: str, team: uuid.UUID) -> None:
    """Ask the rule of a feed, if it has one.

    Raises:
        PartitionRefusedError: the team may not deliver this partition.
    """
    if feed in _rules:
        _rules[feed].check(partition, team)


def hold_partition(feed: str, partition: str, team: uuid.UUID) -> None:
    """Ask once more inside a transaction; raises what `check_partition` raises."""
    if feed in _rules:
        _rules[feed].hold(partition, team)
