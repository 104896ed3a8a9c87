"""Rows of partitions that belong to other teams, which a grant for the feed does not open.

Here: the registry of the rules that other apps add, and the SQL that leaves such rows out. Not here: the rules
(portal/datasets has one), and what is replaced in the rows that remain (masking.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vsf_assets.portal.accounts.rights import READ, AccountRights
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.table_catalog import ShownTable
from vsf_assets.snapshots.pool import OpenSnapshot

Rule = Callable[[AccountRights, OpenSnapshot | None, str], list[str]]
"""Returns the partitions of a feed that belong to teams in which somebody does not have a right."""


PARTITION, FILE_NAME = "partition_key", "file_name"
"""Columns of the ledger that tell to which team a file belongs."""


@dataclass(frozen=True)
class OwnedPartitions:
    """A feed whose partitions, or files where it has no partitions, belong to teams.

    Attributes:
        feed: its name.
        column: names the partition in its tables; empty for a feed without partitions.
        foreign: its rule.
        others: table -> columns that name partitions, of tables of other feeds.
        ledger_column: PARTITION; or FILE_NAME where the rule returns names of files.
    """

    feed: str
    column: str
    foreign: Rule
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ledger_column: str = PARTITION


_rules: list[OwnedPartitions] = []


def add_owned_partitions(rule: OwnedPartitions) -> None:
    """Let the partitions of a feed belong to teams."""
    _rules.append(rule)


def feeds_of_teams() -> frozenset[str]:
    """Return the feeds whose partitions belong to teams."""
    return frozenset(rule.feed for rule in _rules)


def foreign_partitions(rights: AccountRights, snapshot: OpenSnapshot | None) -> dict[str, list[str]]:
    """Return feed -> its partitions, or files, that belong to other teams than those in which somebody reads."""
    return {rule.feed: rule.foreign(rights, snapshot, READ) for rule in _rules}


def is_foreign(foreign: Mapping[str, list[str]], feed: str, partition: str | None, file_name: str) -> bool:
    """Whether a file belongs to another team; `foreign` is that of `foreign_partitions`."""
    by_name = any(rule.feed == feed and rule.ledger_column == FILE_NAME for rule in _rules)
    return (file_name if by_name else partition) in foreign.get(feed, ())


def conditions(snapshot: OpenSnapshot, table: ShownTable, access: Access, values: dict[str, Any]) -> list[str]:
    """Return the SQL conditions that leave rows of other teams out, and add the values of their parameters.

    A team is another one if the reader does not have the right of `access` in it: who exports for one team exports
    nothing of a team in which he only reads.
    """
    found = []
    for number, rule in enumerate(_rules):
        parameter = f"foreign{number}"
        sql = _condition(rule, table, f"${parameter}::varchar[]")
        foreign = rule.foreign(access.account_rights, snapshot, access.right) if sql else []
        if foreign:
            values[parameter] = foreign
            found.append(sql)
    return found


def leaves_rows_out(snapshot: OpenSnapshot, table: ShownTable, access: Access) -> bool:
    """Whether a reader may not see all rows of a table."""
    return bool(conditions(snapshot, table, access, {}))


def _condition(rule: OwnedPartitions, table: ShownTable, foreign: str) -> str:
    """Return the condition for a table; empty if it holds no rows of the feed."""
    columns = table.by_name
    if table.has_feed_column and rule.ledger_column in columns:
        return f"not (feed = '{rule.feed}' and coalesce(list_contains({foreign}, {rule.ledger_column}), false))"
    if table.full_name in rule.others:
        named = (f"coalesce(list_contains({foreign}, {name}), false)" for name in rule.others[table.full_name])
        return f"not ({' or '.join(named)})"
    if rule.feed not in table.feeds:
        return ""
    if rule.column in columns and table.schema != "raw":
        return f"not coalesce(list_contains({foreign}, {rule.column}), false)"
    if "_file_id" in columns:
        of_others = (
            f"select file_id from raw.files where feed = '{rule.feed}'"  # noqa: S608
            f" and list_contains({foreign}, {rule.ledger_column})"
        )
        return f"_file_id not in ({of_others})"
    return ""
