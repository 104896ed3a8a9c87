"""Describes the rules of a contract in sentences for the sender of the data.

Here: a sentence for each check of a contract, and the description of the actual value. Not here: the checks (pandera
runs them, readers/delimited/validation.py), types (readers/common/casts.py). Patterns and custom checks cannot be
described from their parameters; the contract has their words: `metadata={"must": "have 10 digits"}` of the column.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from vsf_assets.common.visible_text import quoted
from vsf_assets.contracts.table import Table

MUST = "must"
"""Key of a column's metadata: the rule in words that follow "must"."""


def _one_of(values: Iterable[Any]) -> str:
    *others, last = [str(value) for value in values]
    return f"{', '.join(others)} or {last}" if others else last


def _length(statistics: dict[str, Any]) -> str:
    exact, least, maximum = (statistics.get(name) for name in ("exact_value", "min_value", "max_value"))
    if exact is not None or least == maximum:
        return f"have {least if exact is None else exact} characters"
    if maximum is None:
        return f"have at least {least} characters"
    return f"have at most {maximum} characters" if not least else f"have {least} to {maximum} characters"


_WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "isin": lambda s: f"be {_one_of(s['allowed_values'])}",
    "notin": lambda s: f"not be {_one_of(s['forbidden_values'])}",
    "equal_to": lambda s: f"be {s['value']}",
    "not_equal_to": lambda s: f"not be {s['value']}",
    "greater_than": lambda s: f"be more than {s['min_value']}",
    "greater_than_or_equal_to": lambda s: f"be at least {s['min_value']}",
    "less_than": lambda s: f"be less than {s['max_value']}",
    "less_than_or_equal_to": lambda s: f"be at most {s['max_value']}",
    "in_range": lambda s: f"be between {s['min_value']} and {s['max_value']}",
    "str_length": _length,
    "str_startswith": lambda s: f"begin with {s['string']}",
    "str_endswith": lambda s: f"end with {s['string']}",
}
"""Name of a pandera check -> function that describes it from its statistics."""


@cache
def words(table: Table) -> dict[tuple[str, str], str]:
    """Return (column, check as named in failures) -> the rule in words that follow "must", for each check.

    Raises:
        TypeError: a check has no words; the message says where to add them.
    """
    found: dict[tuple[str, str], str] = {}
    for name, column in table.schema.columns.items():
        declared = (column.metadata or {}).get(MUST)
        silent = [check.name for check in column.checks if check.name not in _WORDS]
        if len(silent) != (declared is not None):
            raise TypeError(f'{table.name}.{name}: give {silent} one sentence, metadata={{"{MUST}": "…"}} of its field')
        for check in column.checks:
            speaks = _WORDS.get(check.name)
            found[name, check.error or check.name] = speaks(check.statistics) if speaks else str(declared)
    return found


def sentence(table: Table, column: str, check: str, value: str | None) -> str:
    """Explain to the sender why a value breaks a check.

    Args:
        table: the contract.
        column: the column of the value.
        check: the check, as named in failures.
        value: the value, as text.
    """
    must = words(table)[column, check]
    return f"{column} must {must}{_actual(must, value)}"


def _actual(must: str, value: str | None) -> str:
    """Describe the actual value, as the end of a sentence."""
    if value is None:
        return ""
    if must.startswith("have ") and must.endswith(" digits") and value.isascii() and value.isdigit():
        return f"; it has {len(value)}"
    if must.startswith("have ") and must.endswith(" characters"):
        return f"; it has {len(value)}"
    choices = must.removeprefix("be ").replace(" or ", ", ").split(", ")
    near = [choice for choice in choices if choice.casefold() == value.strip().casefold()]
    return f"; it is {quoted(value)}" + (f", write {near[0]}" if near else "")
