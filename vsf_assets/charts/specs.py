"""Fills specs of charts with rows: a spec is a JSON file in specs/, a chart is a spec with the rows of one answer.

Here: reading specs, the look that all share (theme.json), values as JSON, and a scale of days that also shows a single
one. Not here: figures, and the scripts that draw (scripts.py).

A spec has no data, no width and no look of its own. `"$name"` in it stands for a word that its user gives.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "specs"
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
"""Names the language of a spec; nothing is fetched from it."""

THEME = "theme"
FEWEST_DAYS = 7
"""Days that an axis of days shows at least: one alone would be a bar as wide as the page."""

_DAY = len("2019-05-20")
MOST_TICKS = 9
"""Ticks of an axis of days, each in the middle of a day; a narrow one leaves labels out."""

_NUMBERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL(\(\d+,\d+\))?")


@cache
def _read(name: str) -> str:
    return (FOLDER / f"{name}.json").read_text(encoding="utf-8")


def spec_names() -> list[str]:
    """Return the names of all specs."""
    return sorted(path.stem for path in FOLDER.glob("*.json") if path.stem != THEME)


def chart(
    spec: str,
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    description: str,
    words: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a spec of Vega-Lite with rows and look.

    Args:
        spec: name of its file.
        names: of the columns.
        rows: values as DuckDB gives them.
        description: what the chart shows, for people who do not see it.
        words: values of the `"$name"` in the spec.

    Raises:
        KeyError: the spec has a word that is not given.
    """
    shown = [{name: _plain(value) for name, value in zip(names, row, strict=True)} for row in rows]
    filled = _with_words(json.loads(_read(spec)), words or {})
    _lay_out_days(filled, shown)
    if isinstance(filled.get("height"), dict):  # Vega-Lite's own steps warn where the width is that of the page
        field = filled["encoding"]["y"]["field"]
        # A field that the spec computes is different in each row.
        count = len({row[field] for row in shown}) if shown and field in shown[0] else len(shown)
        filled["height"] = filled["height"]["step"] * max(count, 1)
    return {
        "$schema": SCHEMA,
        "description": description,
        "width": "container",
        "data": {"values": shown},
        "config": json.loads(_read(THEME)),
        **filled,
    }


def simple_chart(
    kind: str, names: Sequence[str], types: Sequence[str], rows: Iterable[Sequence[Any]], description: str
) -> dict[str, Any] | None:
    """Return a line or a bar chart of any answer: its first column against its first column of numbers after that.

    Args:
        kind: line or bar.
        names: of the columns.
        types: of the columns, as DuckDB names them.
        rows: of the answer.
        description: what the chart shows.

    Returns:
        None if there is no such column.
    """
    y = next((place for place, found in enumerate(types) if place and is_number(found)), None)
    if y is None:
        return None
    x_type = "temporal" if types[0] in ("DATE", "TIMESTAMP") else "quantitative" if is_number(types[0]) else "nominal"
    if kind == "bar" and x_type == "quantitative":
        x_type = "ordinal"
    # The names of an answer may be anything, twice the same too; those of the chart's fields are its own.
    words = {"x_type": x_type, "x_title": names[0], "y_title": names[y]}
    spec = "ranking" if kind == "bar" and x_type == "nominal" else kind
    return chart(spec, ("x", "y"), [(row[0], row[y]) for row in rows], description, words)


def is_number(kind: str) -> bool:
    """Whether DuckDB's type is one of numbers."""
    return _NUMBERS.fullmatch(kind) is not None


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: decimals as numbers, for a chart is no ledger; times as ISO texts in UTC."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float | Decimal):
        number = float(value) if not isinstance(value, int) else value
        return number if abs(number) < float("inf") else None
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return value.isoformat() if isinstance(value, date) else str(value)


def _with_words(part: Any, words: Mapping[str, Any]) -> Any:
    """Return a part of a spec with its words in place of their names."""
    if isinstance(part, dict):
        return {name: _with_words(value, words) for name, value in part.items()}
    if isinstance(part, list):
        return [_with_words(value, words) for value in part]
    if isinstance(part, str) and part.startswith("$"):
        return words[part[1:]]
    return part


def _lay_out_days(spec: dict[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Give an axis of times its units: UTC, ticks in the middle of days, and FEWEST_DAYS at least."""
    x = spec.get("encoding", {}).get("x", {})
    if x.get("type") != "temporal":
        return
    days = sorted({date.fromisoformat(row[x["field"]][:_DAY]) for row in rows if row.get(x["field"])})
    x["scale"] = {"type": "utc", **x.get("scale", {})}
    if not days or any(len(row[x["field"]]) != _DAY for row in rows if row.get(x["field"])):
        return  # no days, or moments
    first, last = days[0], days[-1]
    missing = FEWEST_DAYS - 1 - (last - first).days
    if missing > 0:
        first, last = first - timedelta(missing // 2), last + timedelta(missing - missing // 2)
        x["scale"] |= {"domain": [_moment(first), _moment(last + timedelta(1))], "nice": False}
    step = -(-((last - first).days + 1) // MOST_TICKS)
    ticks = [_moment(first + timedelta(number), hours=12) for number in range(step // 2, (last - first).days + 1, step)]
    x["timeUnit"] = "utcyearmonthdate"
    x["axis"] = {"format": "%d %b %Y", "values": ticks, **x.get("axis", {})}


def _moment(day: date, hours: int = 0) -> dict[str, int | bool]:
    """Return the beginning of a day, or some hours later, as Vega-Lite writes it."""
    return {"year": day.year, "month": day.month, "date": day.day, "hours": hours, "utc": True}
