"""How values look on a page: numbers, times, sizes, keys, and texts with characters that could deceive.

Here: filters for templates. Not here: what may be seen (masking.py).
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from html import escape
from typing import Any

from django import template
from django.utils.html import format_html, mark_safe
from django.utils.safestring import SafeString

from vsf_assets.common.visible_text import visible
from vsf_assets.portal.data.table_catalog import ShownColumn

register = template.Library()

LONGEST = 120
"""Characters of a value that a list shows; the row's page shows all up to LONGEST_IN_ROW."""

LONGEST_IN_ROW = 20_000
_KEY = 32
_DIGITS = frozenset("0123456789abcdef")

_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")

_NAMES = ("_id", "year", "_number", "_snapshot", "version", "quarter", "seed", "app")
"""How columns end whose numbers name something, so that their thousands are not separated."""

_STEPS = ((60.0, "second", 1.0), (3600.0, "minute", 60.0), (86_400.0, "hour", 3600.0), (float("inf"), "day", 86_400.0))


@register.filter
def number(value: Any) -> str:
    """Return a number with its thousands separated."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 10**6 else f"{value:,.0f}"
    return f"{value:,}"


@register.filter
def size(value: int) -> str:
    """Return bytes as kB, MB or GB."""
    for limit, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if value >= limit:
            return f"{value / limit:,.1f} {unit}"
    return f"{value} bytes"


@register.filter
def of(found: dict[Any, Any], key: Any) -> Any:
    """Return the value of a key; None without one."""
    return found.get(key)


@register.filter
def ago(value: datetime | None) -> str:
    """Return how long ago a time was, in words."""
    if value is None:
        return ""
    passed = (datetime.now(UTC) - (value if value.tzinfo else value.replace(tzinfo=UTC))).total_seconds()
    if passed < 1:
        return "now"
    _, unit, length = next(step for step in _STEPS if passed < step[0])
    count = int(passed // length)
    return f"{count} {unit}{'' if count == 1 else 's'} ago"


@register.filter
def moment(value: datetime | None) -> SafeString:
    """Return a time in UTC, with how long ago it was beside it."""
    if value is None:
        return mark_safe("–")
    whole = value.strftime("%Y-%m-%d %H:%M:%S")
    return format_html(
        '<time datetime="{}Z">{}</time> <span class="quiet">{}</span>', whole.replace(" ", "T"), whole, ago(value)
    )


@register.filter
def whole_days(text: str) -> SafeString:
    """Return a sentence whose days stay on one line each: a browser may break after a hyphen."""
    return mark_safe(_DAY.sub(r"<time>\g<0></time>", escape(text)))  # noqa: S308 - escaped, then days alone


@register.filter
def cell(value: Any, column: str = "") -> SafeString:
    """Return a value of a list, short and on one line; the name of its column tells numbers that are names."""
    return mark_safe(_shown(value, column, LONGEST, shortens=True))  # noqa: S308 - every text in it is escaped


@register.filter
def whole(value: Any, column: str = "") -> SafeString:
    """Return a value of a row's page."""
    return mark_safe(_shown(value, column, LONGEST_IN_ROW, shortens=False))  # noqa: S308 - every text in it is escaped


LineMaker = Callable[[int, str, Iterable[Any]], SafeString]
"""Makes the HTML of a line from its number on the page, the address of the row's page, and the values."""


def lines_of_list(columns: Sequence[ShownColumn]) -> LineMaker:
    """Return what makes the lines of a list; a page has up to a thousand, which a template would take seconds for."""
    begins = ['<td class="number">' if column.is_number else "<td>" for column in columns]
    names = [column.name for column in columns]
    texts: dict[tuple[str, str], str] = {}  # most columns of texts have few different ones

    def cell_of(begin: str, name: str, value: Any) -> str:
        if type(value) is not str:
            return f"{begin}{_shown(value, name, LONGEST, shortens=True)}</td>"
        found = texts.get((begin, value))
        if found is None:
            found = texts[begin, value] = f"{begin}{_text(value, LONGEST, shortens=True)}</td>"
        return found

    def line(number: int, address: str, values: Iterable[Any]) -> SafeString:
        cells = "".join(map(cell_of, begins, names, values))
        opens = f'<td><a href="{escape(address)}" aria-label="row {number}">Open</a></td>'
        return mark_safe(f"<tr>{opens}{cells}</tr>")  # noqa: S308 - every text in it is escaped

    return line


def _shown(value: Any, column: str, longest: int, shortens: bool) -> str:
    """Return a value as HTML."""
    if value is None:
        return '<span class="empty">empty</span>'
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return escape(str(value) if column.endswith(_NAMES) else number(value))
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return _text(", ".join(map(str, value)) if isinstance(value, list) else str(value), longest, shortens)


def _text(text: str, longest: int, shortens: bool) -> str:
    if text == "":
        return '<span class="empty">empty text</span>'
    if len(text) == _KEY and set(text) <= _DIGITS:
        return f'<code title="{text}">{text[:6]}…{text[-4:]}</code>' if shortens else f"<code>{text}</code>"
    shown = escape(visible(text[:longest]))
    return f'{shown}<span class="quiet">… {len(text):,} characters</span>' if len(text) > longest else shown


@register.filter
def seen(text: str) -> str:
    """Return a text of the address with its invisible characters made visible."""
    return visible(text)


@register.filter
def seen_lines(text: str) -> str:
    """Return a text of several lines with its invisible characters made visible, but for line ends and tabs."""
    return visible(text, keep="\n\t")


@register.filter
def one_line(text: str) -> str:
    """Return a text of several lines as one."""
    return visible(" ".join(text.split()))


@register.filter
def at(mapping: Any, key: Any) -> Any:
    """Return a value of a mapping; None where it has none."""
    return mapping.get(key)
