"""The form of a declared insight: its question, SQL, filters, choices, and chart.

Here: the declaration. Not here: the insights (the modules *_insights.py), and reading an address (wanted_insight.py).

SQL names tables as `[marts.dim_lines]`, so that a page reads what its reader may see, and a command the table itself.
`{where}` stands for the conditions of the filters, and `{name}` for the expression of the choice of this name.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vsf_assets.snapshots.pool import Rows

DATE, WORD, NUMBER = "date", "word", "number"
"""Kinds of filters: a day, one of the values that the data has, a whole number."""

TABLE = re.compile(r"\[((?:marts|reports)\.\w+)\]")
"""A table in the SQL of an insight."""


@dataclass(frozen=True)
class InsightFilter:
    """A condition that the reader may set.

    Attributes:
        name: of its parameter in the address.
        label: for people.
        kind: DATE, WORD or NUMBER.
        condition: SQL with `{value}`.
        words: SQL of one column with the values to choose from.
        default: SQL of one value that holds where the address does not have the parameter; empty for no condition.
    """

    name: str
    label: str
    kind: str
    condition: str
    words: str = ""
    default: str = ""


@dataclass(frozen=True)
class InsightChoice:
    """One of several expressions.

    Attributes:
        name: of its parameter in the address, and of its place in the SQL.
        label: for people.
        options: value of the parameter -> SQL; the first is the default.
    """

    name: str
    label: str
    options: Mapping[str, str]


@dataclass(frozen=True)
class Insight:
    """A declared question.

    Attributes:
        name: in addresses.
        section: heading below which the list has it.
        title: short, for the list.
        question: what it answers, as a sentence.
        sql: its SQL, ordered.
        headline: makes the sentence that answers the question of rows that are not empty.
        empty: what would fill it, as a sentence.
        filters, choices: what the reader may set.
        spec: name of the spec of its chart; empty for none.
        measure: column that the chart draws, where it may be 0 in every row: then there is no chart.
        reading: how the chart is read, as a sentence, where its legend does not say it.
        chart_rows: rows that the chart shows, the first ones; None for all.
        columns: column -> what it is, where its name does not say it.
        shares: columns that are shares, 0 to 1, shown in percent.
        link: column -> address to which its value leads, with `{}` for the value.
    """

    name: str
    section: str
    title: str
    question: str
    sql: str
    headline: Callable[[Rows], str]
    empty: str
    filters: Sequence[InsightFilter] = ()
    choices: Sequence[InsightChoice] = ()
    spec: str = ""
    measure: str = ""
    reading: str = ""
    chart_rows: int | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    shares: frozenset[str] = frozenset()
    link: Mapping[str, str] = field(default_factory=dict)

    @property
    def tables(self) -> frozenset[str]:
        """The tables that it reads, also those that its filters read."""
        texts = [self.sql, *(found.words for found in self.filters), *(found.default for found in self.filters)]
        return frozenset(name for text in texts for name in TABLE.findall(text))


def days(
    column: str, table: str, stored: str = "", condition: str = "true", window: int = 91
) -> tuple[InsightFilter, InsightFilter]:
    """Return filters from and to of a column of days; without them the last `window` days hold, up to the newest one.

    Args:
        column: of the SQL.
        table: has the newest day.
        stored: its column there, if that has another name.
        condition: on the rows of the table.
        window: number of days.
    """
    newest = f"select max({stored or column}) from [{table}] where {condition}"  # noqa: S608 - names of ours
    return (
        InsightFilter("from", "From", DATE, f"{column} >= {{value}}", default=f"select ({newest}) - {window - 1}"),
        InsightFilter("to", "To", DATE, f"{column} <= {{value}}"),
    )


def word(name: str, label: str, column: str, table: str) -> InsightFilter:
    """Return a filter of a column with few different texts."""
    words = f"select distinct {column} from [{table}] where {column} is not null order by all"  # noqa: S608
    return InsightFilter(name, label, WORD, f"{column} = {{value}}", words)


def column_of(rows: Rows, name: str) -> list[Any]:
    """Return the values of a column."""
    place = rows.names.index(name)
    return [row[place] for row in rows.rows]


def total(rows: Rows, name: str) -> Any:
    """Return the sum of a column, empty values left out."""
    return sum(value for value in column_of(rows, name) if value is not None)


def counted(number: int, what: str, plural: str = "") -> str:
    """Return a number with its thing, in the plural where it is not one."""
    return f"{number:,} {what if number == 1 else plural or what + 's'}"


def percent(part: Any, whole: Any) -> str:
    """Return a share in percent with one digit, which 0 % and 100 % do not have."""
    return f"{part / whole:.1%}".replace(".0%", "%") if whole else "none"


def span(rows: Rows, name: str) -> str:
    """Return the first and last day of a column as words."""
    found = [value for value in column_of(rows, name) if value is not None]
    if not found:
        return "on no known day"
    first, last = min(found), max(found)
    return f"on {first}" if first == last else f"from {first} to {last}"
