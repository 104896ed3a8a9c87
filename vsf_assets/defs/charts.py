"""Bar charts for the metadata of Dagster events, as images inside Markdown.

Here: a pure function from numbers to an image. Not here: the numbers.
"""

from base64 import b64encode
from collections.abc import Sequence
from html import escape

import dagster as dg

_BAR, _GAP, _HEIGHT, _MARGIN = 9, 2, 90, 18


def bars(values: Sequence[tuple[str, int]], title: str) -> dg.MarkdownMetadataValue:
    """Return labelled numbers as a bar chart that shows the highest value and the first and last labels.

    Args:
        values: (label, number) pairs, from left to right.
        title: the meaning of the numbers.
    """
    if not values:
        return dg.MetadataValue.md("no values")
    highest = max(number for _, number in values) or 1
    width = max(len(values) * (_BAR + _GAP) + 2 * _MARGIN, 320)
    base = _MARGIN + _HEIGHT
    drawn = [_bar(_MARGIN + n * (_BAR + _GAP), base, number / highest) for n, (_, number) in enumerate(values)]
    right = _MARGIN + len(values) * (_BAR + _GAP)
    texts = [
        _text(_MARGIN, 12, f"{title}; highest {highest:,}"),
        _text(_MARGIN, base + 14, values[0][0]),
        _text(max(right, 220), base + 14, values[-1][0], anchor="end") if len(values) > 1 else "",
    ]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{base + 20}">'
        f'<rect width="100%" height="100%" fill="#ffffff"/>{"".join([*drawn, *texts])}</svg>'
    )
    return dg.MetadataValue.md(f"![{title}](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})")


def _bar(x: int, base: int, share: float) -> str:
    height = max(round(share * _HEIGHT), 1)
    return f'<rect x="{x}" y="{base - height}" width="{_BAR}" height="{height}" fill="#4f6bed"/>'


def _text(x: int, y: int, text: str, anchor: str = "start") -> str:
    style = f'font-family="sans-serif" font-size="10" text-anchor="{anchor}" fill="#333333"'
    return f'<text x="{x}" y="{y}" {style}>{escape(text)}</text>'
