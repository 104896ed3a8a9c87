"""The three points at the top of the page of figures, made from the tables below them.

Here: which rows they are of, and their words. Whether the platform wins or loses is what the ratios say. Not here: the
tables (__main__.py) and where they stand (measured_page.py).
"""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

RATIO = re.compile(r"(?<![≤<] )(?<![\d.,])\d[\d,]*\.\d+ ×")
"""Of a row, not its target."""
FIRST, AFTER = "# Benchmarks\n\n", "\n\nHow fast"
"""What stands before the three points, and after them."""
WIDTH = 120


@dataclass(frozen=True)
class Claim:
    """What the page says at its top of some rows of a table, or of a line below it.

    Attributes:
        part: the part of the page.
        lines: pattern of the lines whose ratios are meant.
        text: what is said, with `{}` for the ratio.
        figure: pattern of the figure in such a line.
    """

    part: str
    lines: str
    text: str
    figure: re.Pattern[str] = RATIO

    def figures(self, page: str) -> list[str]:
        """Return the figures; there are none if the part is not measured yet.

        Raises:
            LookupError: the part is measured, but no line is meant: it has other words now.
        """
        begin, end = f"<!-- {self.part}: begin -->", f"<!-- {self.part}: end -->"
        part = page.partition(begin)[2].partition(end)[0]
        if "Measured on" not in part:
            return []
        lines = [line for line in part.splitlines() if re.search(self.lines, line)]
        found = [match[-1] for match in map(self.figure.findall, lines) if match]
        if not found:
            raise LookupError(f"no line of {self.part} is like {self.lines!r}")
        return found


BESIDE = (
    Claim("together", "pandas that does the same", "ingest and scoring {} of pandas that checks and keeps as much"),
    Claim("datasets", "/ csv and pandas", "anomalies of a dataset {} of csv and pandas"),
    Claim("catalog", "one after another", "a catalog {} of one request after another"),
    Claim("backfill", "per day", "a day of a backfill {} of a run of its own"),
    Claim("publish", "cp without reflinks", "publishing with reflinks {} of `cp`"),
    Claim("scoring", "/ bare SQL", "scoring {} of bare SQL"),
    Claim("events", "pandas that reads", "an event file {} of pandas that writes Parquet"),
    Claim("events", r"/ bare DuckDB `read_csv` \|", "an event file {} of bare DuckDB"),
    Claim("ingest", r"/ bare DuckDB `read_csv` \|", "campaign files {} of bare DuckDB"),
    Claim("synthetic", "beside polars", "made-up data {} of polars that writes the same frame"),
    Claim(
        "growth", r"one more day of 20,000 .* after 365 days", "a day of 20,000 events after a year {} of one after 10"
    ),
    Claim("publish", "on the disk of the home", "publishing without reflinks {} of `cp`"),
    Claim("cold", "one small file, no service", "a small `vsf run` {} of `import dagster`"),
)
SERVICE = (
    Claim("drops", "dropped: ", "a dropped file is in the snapshot after {} of the import of Dagster"),
    Claim("idle", "processor time", "an idle service takes {} of a core"),
    Claim("portal load", "^A list of", "the portal's lists take {} of DuckDB and orjson alone"),
    Claim(
        "portal load",
        r"\*\*all\*\*",
        "19 of 20 of its pages take at most {} ms",
        re.compile(r"\*\*all\*\* \| [\d,]+ \| \d+ \| (\d+)"),
    ),
    Claim(
        "banner load", "^The banners reach", "banners reach {} of the rate of a constant", re.compile(r"^\D*([\d.]+ ×)")
    ),
)


def with_headline(page: str) -> str:
    """Return the page with the three points of its tables.

    Raises:
        LookupError: a point is of a row that is not there, or the page has no place for them.
    """
    if not page.startswith(FIRST) or AFTER not in page:
        raise LookupError(f"the page does not begin with {FIRST!r}, or does not have {AFTER!r}")
    return FIRST + _headline(page) + page[page.index(AFTER) :]


def _headline(page: str) -> str:
    wins, loses = list[str](), list[str]()
    for claim in BESIDE:
        found = claim.figures(page)
        if found:
            is_less = all(_number(figure) < 1 for figure in found)
            (wins if is_less else loses).append(claim.text.format(_range(found)))
    service = [claim.text.format(_range(found)) for claim in SERVICE if (found := claim.figures(page))]
    points = {
        "**It wins** where it takes less time than the other side": wins,
        "**It loses** where it takes more, mostly beside what checks and keeps nothing": loses,
        "**As a service**": service,
    }
    return "\n".join(_lines(points))


def _lines(points: dict[str, list[str]]) -> Iterator[str]:
    for begin, claims in points.items():
        text = f"- {begin}: {'; '.join(claims) or 'nothing is measured yet'}."
        yield from textwrap.wrap(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def _range(figures: list[str]) -> str:
    least, most = min(figures, key=_number), max(figures, key=_number)
    return least if least == most else f"{least} to {most}"


def _number(figure: str) -> float:
    return float(figure.removesuffix(" ×").replace(",", ""))
