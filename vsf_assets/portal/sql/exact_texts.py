"""SQL around a query that gives values as DuckDB's texts where objects of Python cannot hold them.

Here: which types, and the SQL. Not here: running it (query.py).

Python's dates end in 9999, so DuckDB's package gives 9999-12-31 for `infinity`; its times have microseconds, so
nanoseconds are cut off; and its timedelta makes 30 days of a month. In lists, structures, maps and unions too.
"""

import re
from collections.abc import Sequence

BEFORE = "from (\n"
"""Stands before the query: its first line is the second one then."""

_KINDS = re.compile(
    r"""("(?:[^"]|"")*"|'(?:[^']|'')*')|"""
    r"""\b(?:DATE|INTERVAL|TIME_NS|TIMESTAMP|TIMESTAMP_NS|TIMESTAMP_MS|TIMESTAMP_S)(?=[,)\[]|$)"""
)
"""Quoted names and values, which stay, or such a type; behind a field of a structure with this name stands a space."""

_WITH_ZONE = "TIMESTAMP WITH TIME ZONE"


def sql_with_texts(sql: str, kinds: Sequence[str]) -> str:
    """Return SQL that gives the answer of a query with texts in place of such values; empty if it has none.

    Args:
        sql: the query, without a semicolon at its end.
        kinds: DuckDB's types of its columns.
    """
    texts = texts_of(kinds)
    return f"{BEFORE}{sql}\n) as {texts}" if texts else ""


def texts_of(kinds: Sequence[str]) -> str:
    """Return what follows `from (…) as` to give an answer with such texts; empty if it needs none."""
    names = [f"c{place}" for place in range(len(kinds))]
    shown = [_shown(*each) for each in zip(names, kinds, strict=True)]
    return "" if shown == names else f"answer({', '.join(names)}) select {', '.join(shown)}"


def _shown(name: str, kind: str) -> str:
    if kind == _WITH_ZONE:  # the zone is UTC, which DuckDB writes as +00
        return f"if(isfinite({name}), {name}::varchar || ':00', {name}::varchar)"
    if kind.endswith("]") and kind.startswith(_WITH_ZONE):
        item = f"{name}_"
        return f"list_transform({name}, lambda {item}: {_shown(item, kind[: kind.rindex('[')])})"
    as_text = _KINDS.sub(lambda found: found[1] or "VARCHAR", kind)
    return name if as_text == kind else f"{name}::{as_text}"
