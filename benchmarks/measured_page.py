"""The page of the docs that keeps what was measured, each part between markers of its own.

Here: putting a part there, and with it the points at the top. Not here: measuring, and the texts (headline.py).
"""

from pathlib import Path

from benchmarks.headline import with_headline

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"


def put_on_page(part: str, text: str) -> None:
    """Put a text between the markers of a part, in place of the one that is there; say at the top what follows.

    Raises:
        SystemExit: the page has no such markers.
    """
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    before, _, rest = PAGE.read_text().partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{PAGE} has no markers {begin} … {end}")
    PAGE.write_text(with_headline(f"{before}{begin}\n{text}\n{end}{after}"))


if __name__ == "__main__":
    PAGE.write_text(with_headline(PAGE.read_text()))
