"""The answer of a query as a table of a page.

Here: HTML of rows, made without a template, since a page has up to a thousand of them. Not here: files
(result_files.py).
"""

from dataclasses import dataclass
from html import escape
from typing import Any

import orjson
from django.utils.safestring import SafeString, mark_safe

from vsf_assets.common.visible_text import visible
from vsf_assets.portal.questions.result_files import is_number
from vsf_assets.portal.sql.runner import SqlAnswer

ROWS = 1000
"""Rows that a page shows; files have as many as the settings allow."""

CELLS = 100_000
"""Values that a page shows: of a wide answer fewer rows, so that no page keeps a server busy for seconds."""

LONGEST = 200
"""Characters of a value that a page shows."""


@dataclass(frozen=True)
class ResultTable:
    """An answer as a page shows it.

    Attributes:
        heads: (name, type, whether it stands on the right) of each column.
        body: the rows as HTML.
        rows: how many there are on the page.
        is_cut: whether there are more.
        seconds: time that the query took.
    """

    heads: list[tuple[str, str, bool]]
    body: SafeString
    rows: int
    is_cut: bool
    seconds: float


def result_table(answer: SqlAnswer) -> ResultTable:
    """Return the table of an answer."""
    heads = [(visible(name), kind, is_number(kind)) for name, kind in answer.columns]
    shown = answer.rows[: min(ROWS, CELLS // max(len(heads), 1))]
    numbers = [is_right for _, _, is_right in heads]
    lines = ["".join(map(_cell, row, numbers)) for row in shown]
    body = mark_safe("".join(f"<tr>{line}</tr>\n" for line in lines))  # noqa: S308 - every text in it is escaped
    return ResultTable(heads, body, len(shown), answer.is_cut or len(answer.rows) > len(shown), answer.seconds)


def _cell(value: Any, is_right: bool) -> str:
    css = ' class="number"' if is_right else ""
    return f"<td{css}>{shown_value(value)}</td>"


def shown_value(value: Any) -> str:
    """Return a value as HTML; numbers as DuckDB gives them, since digits of an id must not be grouped."""
    if value is None:
        return '<span class="empty">null</span>'
    if value == "":
        return '<span class="empty">empty text</span>'
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    more = f'<span class="quiet">… {len(text):,} characters</span>' if len(text) > LONGEST else ""
    return f"{escape(visible(text[:LONGEST]))}{more}"
