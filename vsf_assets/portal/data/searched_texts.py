"""Which columns of a large table a search has to read: what their texts are made of is learned once per snapshot.

Here: learning it, and the conditions of a search. Not here: which columns a reader may search (table_query.py).

A column whose few different values are known, or whose letters are, is left out of a search for a text that it cannot
contain: a key of 36 hexadecimal digits holds no word. What is left out never matches, so the rows stay the same.
"""

import threading
import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from vsf_assets.masking.pseudonyms import quoted
from vsf_assets.portal.data.table_catalog import ShownTable
from vsf_assets.snapshots.pool import OpenSnapshot, QueryTooLargeError

FEWEST_ROWS = 100_000
"""Rows from which a table is worth it; smaller ones are searched in some milliseconds."""

MOST_VALUES, MOST_CHARACTERS = 5_000, 500_000
"""Different values, and their characters together, of a column whose values are kept."""

_SAMPLE = 20_480
"""Rows at the beginning that tell whether a column has many different values."""

_TEXTS = 1_000
"""Texts whose letters are taken for those of all, until they are compared with all."""

_SHARE = 0.2
"""Part of the time of its request that a search spends on learning; the next one goes on with other columns."""

_SEPARATOR = "\0"

_LEARNING = threading.Lock()
"""Held while a search learns; others take what is known so far."""


@dataclass(frozen=True)
class ColumnTexts:
    """What is known of the texts of a column.

    Attributes:
        values: its different values in lower case, joined; None where they are too many.
        letters: the characters of all values in lower case; None where they are not known.
        is_lower: whether no value has a capital letter.
    """

    values: str | None = None
    letters: frozenset[str] | None = None
    is_lower: bool = False

    def may_contain(self, text: str) -> bool:
        """Whether a value may contain a text, in lower case."""
        if self.values is not None:
            return text in self.values
        return self.letters is None or self.letters.issuperset(text)


_UNKNOWN = ColumnTexts()


@dataclass(frozen=True)
class Search:
    """A search for one text.

    Attributes:
        conditions: SQL, one of which a row meets if and only if one of the columns contains the text.
        parameter: the parameter that holds the text.
        keys: those of its columns, in a large table, that have many different values: they take most of the time.
        has_others: whether columns with few values, or of a small table, are compared too.
    """

    conditions: list[str]
    parameter: str
    keys: tuple[str, ...]
    has_others: bool

    @property
    def condition(self) -> str:
        """SQL of whether a row is found; it uses the parameter in any case."""
        return f"({' or '.join(self.conditions)})" if self.conditions else f"false and {self.parameter} is null"


def search_for(
    snapshot: OpenSnapshot, table: ShownTable, columns: Collection[str], text: str, parameter: str, sees_all: bool
) -> Search:
    """Return the search for a text.

    Args:
        snapshot: where the table is.
        table: where the columns are.
        columns: names of columns with texts.
        text: what is looked for, in lower case.
        parameter: the parameter of the SQL that holds it.
        sees_all: whether the reader sees every row of the table; else what other rows hold must not tell him anything.

    Raises:
        TooManyQueriesError: others take all turns.
    """
    known = _known(snapshot, table) if sees_all else {}
    kept = [name for name in columns if known.get(name, _UNKNOWN).may_contain(text)]
    # DuckDB looks into the next column only where the one before did not match; few values are compared once each.
    kept.sort(key=lambda name: known.get(name, _UNKNOWN).values is None)
    is_large = table.places >= FEWEST_ROWS
    keys = tuple(name for name in kept if is_large and known.get(name, _UNKNOWN).values is None)
    conditions = [contains(name, parameter, known.get(name, _UNKNOWN).is_lower) for name in kept]
    return Search(conditions, parameter, keys, len(keys) < len(kept))


def key_columns(snapshot: OpenSnapshot, table: ShownTable) -> list[str] | None:
    """Return the columns without personal data that have many different texts; None while not all is known."""
    known = _known(snapshot, table)
    texts = [column for column in table.columns if column.is_text]
    if any(column.name not in known for column in texts):
        return None
    return [column.name for column in texts if not column.personal and known[column.name].values is None]


def contains(name: str, parameter: str, is_lower: bool = False) -> str:
    """Return the SQL of whether a column of texts contains a text in lower case."""
    return f"contains({quoted(name) if is_lower else f'lower({quoted(name)})'}, {parameter})"


def _known(snapshot: OpenSnapshot, table: ShownTable) -> dict[str, ColumnTexts]:
    """Return what is known of a table's columns; learn more of it if nobody else does at the moment."""
    if table.rows < FEWEST_ROWS:
        return {}
    known: dict[str, ColumnTexts] = snapshot.cache.setdefault(("texts", table.full_name), {})
    missing = [column.name for column in table.columns if column.is_text and column.name not in known]
    if missing and _LEARNING.acquire(blocking=False):
        try:
            with suppress(QueryTooLargeError):  # in the time that there is; the search reads what is not known
                _learn(snapshot, table, missing, known)
        finally:
            _LEARNING.release()
    return dict(known)


def _learn(snapshot: OpenSnapshot, table: ShownTable, names: list[str], known: dict[str, ColumnTexts]) -> None:
    seconds = _SHARE * (snapshot.budget.seconds or snapshot.limits.seconds)
    until = time.monotonic() + seconds
    source = table.source
    counts = ", ".join(f"count(distinct {quoted(name)})" for name in names)
    sample = f"select {counts} from {source} where rowid < {_SAMPLE}"  # noqa: S608 - quoted names
    found = snapshot.query(sample, seconds=seconds).rows[0]
    few = {name for name, count in zip(names, found, strict=True) if count <= MOST_VALUES}
    for name in sorted(names, key=lambda name: name not in few):
        left = until - time.monotonic()
        if left <= 0:
            return
        try:
            texts = _few_values(snapshot, source, name, left) if name in few else None
            known[name] = texts or _letters(snapshot, source, name, left)
        except QueryTooLargeError:
            known[name] = _UNKNOWN


def _few_values(snapshot: OpenSnapshot, source: str, name: str, seconds: float) -> ColumnTexts | None:
    """Return the values of a column; None if they are too many."""
    distinct = f"select distinct lower({quoted(name)}) from {source} limit {MOST_VALUES + 1}"  # noqa: S608 - quoted
    rows = snapshot.query(distinct, seconds=seconds).rows
    joined = _SEPARATOR.join(value for (value,) in rows if value is not None)
    return ColumnTexts(joined) if len(rows) <= MOST_VALUES and len(joined) <= MOST_CHARACTERS else None


def _letters(snapshot: OpenSnapshot, source: str, name: str, seconds: float) -> ColumnTexts:
    """Return the letters of a column if its first texts have those of all others, and these are of ASCII."""
    column = quoted(name)
    first = f"select left({column}, 1000) from {source} where {column} is not null limit {_TEXTS}"  # noqa: S608 - quoted
    letters = frozenset("".join(value for (value,) in snapshot.query(first, seconds=seconds).rows))
    if not letters or not all(letter.isascii() for letter in letters):
        return _UNKNOWN
    allowed = "".join(f"\\x{{{ord(letter):x}}}" for letter in sorted(letters))
    others = f"select 1 from {source} where not regexp_full_match({column}, '[{allowed}]*') limit 1"  # noqa: S608
    if snapshot.query(others, seconds=seconds).rows:
        return _UNKNOWN
    lowered = frozenset(letter.lower() for letter in letters)
    return ColumnTexts(letters=lowered, is_lower=lowered == letters)
