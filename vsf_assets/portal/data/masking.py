"""The one function between a snapshot and every answer: it replaces what the reader may not see.

Here: a table as a subquery in which personal values are pseudonyms, quoted texts of files that other teams delivered
are hidden, and rows of other teams' feeds are missing. Every list, row, count and export selects from it. Not here:
which columns are personal (contracts/personal.py by way of table_catalog.py), who may see them (access.py), and what
replaces a value (masking/pseudonyms.py).
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.conf import settings

from vsf_assets.contracts.personal import quoting_names
from vsf_assets.contracts.table import IDENTIFIER, TEXT
from vsf_assets.masking import pseudonyms
from vsf_assets.masking.pseudonyms import quoted, replaced_sql
from vsf_assets.portal.data import owned_rows
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.table_catalog import ShownColumn, ShownTable
from vsf_assets.snapshots.pool import OpenSnapshot

STORED_ROW = "_stored_row"
"""Name of a row's place in the snapshot, which the subquery adds for conditions and orders, and nobody sees."""


def seen_source(
    snapshot: OpenSnapshot, table: ShownTable, access: Access, places: Sequence[int] | None = None
) -> tuple[str, dict[str, Any]]:
    """Return the SQL of a subquery with what may be seen of a table, and the values of its parameters.

    DuckDB computes only the columns that a query uses, but those for every row that it reads. With `places`, the
    subquery has the rows with these `STORED_ROW` alone.
    """
    values: dict[str, Any] = {}
    own = _is_own(snapshot, table, access, values)
    columns = [f"{_seen(column, access, values, own)} as {quoted(column.name)}" for column in table.columns]
    sql = f"select rowid as {STORED_ROW}, {', '.join(columns)} from {table.source}"  # noqa: S608 - quoted names
    conditions = []
    feeds = access.rows_of_feeds(table)
    if feeds is not None:
        values["seen_feeds"] = sorted(feeds)
        conditions.append(f"(list_contains($seen_feeds, feed){f' or {own}' if own else ''})")
    conditions += owned_rows.conditions(snapshot, table, access, values)
    if places is not None:
        # By their range DuckDB leaves out all blocks but few, by the list it then reads single rows of these.
        near = f"rowid between {min(places)} and {max(places)} and " if places else ""
        conditions.append(f"{near}rowid in ({', '.join(map(str, places)) or 'null'})")
    if conditions:
        sql += f" where {' and '.join(conditions)}"
    return f"({sql})", values


def hides_order(table: ShownTable, access: Access) -> bool:
    """Whether the order in which rows are stored would tell the reader something about replaced values."""
    return any(column.personal in (IDENTIFIER, TEXT) and is_replaced(column, access) for column in table.columns)


def is_replaced(column: ShownColumn, access: Access) -> bool:
    """Whether the reader sees something else in place of a column's values."""
    if not column.personal or access.may_see_personal:
        return False
    return not (access.sees_texts and _quotes(column))


def _quotes(column: ShownColumn) -> bool:
    """Whether a column of the ledger or the reports quotes what was delivered."""
    return column.name.lower() in quoting_names()


_FILE = ("feed", "partition_key", "file_name", "landed_at")
"""Columns that identify a file in reports."""


def _is_own(snapshot: OpenSnapshot, table: ShownTable, access: Access, values: dict[str, Any]) -> str:
    """Return the SQL of whether a row is about a file that a team of the reader delivered; empty where none can be."""
    names = table.by_name
    hides_texts = any(_quotes(column) and is_replaced(column, access) for column in table.columns)
    if not hides_texts and access.rows_of_feeds(table) is None:
        return ""
    if not ("file_id" in names or set(_FILE) <= set(names)) or not access.delivered:
        return ""
    values["own_files"] = _own_files(snapshot, access)
    if not values["own_files"]:
        del values["own_files"]
        return ""
    own = "file_id in (select unnest(string_split($own_files, ' '))::bigint)"
    if "file_id" in names:
        return own
    key = "(feed, coalesce(partition_key, ''), file_name, landed_at)"
    # Of reports.files, which has the partition under the same name as other reports: a dataset may be renamed.
    digests = f"select sha256 from raw.files where {own}"  # noqa: S608 - names of ours
    files = f"select {key} from reports.files where sha256 in ({digests})"  # noqa: S608 - names of ours
    return f"coalesce({key} in ({files}), false)"


def _own_files(snapshot: OpenSnapshot, access: Access) -> str:
    """Return the numbers of a snapshot's files that teams of the reader delivered, as a text with blanks between them.

    A delivery that the snapshot does not have changes nothing, so that kept answers are found again. Lists are bound as
    texts: DuckDB takes about a second for a list of 20,000 digests.
    """
    delivered = " ".join(sorted(access.delivered))

    def find() -> str:
        sql = (
            "select coalesce(string_agg(file_id::varchar, ' ' order by file_id), '') from raw.files"
            " where sha256 in (select unnest(string_split($delivered, ' ')))"
        )
        found: str = snapshot.query(sql, {"delivered": delivered}).rows[0][0]
        return found

    return snapshot.kept_as(("own files", hashlib.sha256(delivered.encode()).hexdigest()), find)


def pseudonym_sql(expression: str, values: dict[str, Any]) -> str:
    """Return the SQL of a pseudonym of a text under the key of this installation; see masking/pseudonyms.py."""
    return pseudonyms.pseudonym_sql(expression, values, settings.VSF_PSEUDONYM_KEY)


def _seen(column: ShownColumn, access: Access, values: dict[str, Any], own: str = "") -> str:
    if not is_replaced(column, access):
        return quoted(column.name)
    shown_if = own if _quotes(column) else ""
    return replaced_sql(column.name, column.personal, values, settings.VSF_PSEUDONYM_KEY, shown_if)
