"""Generates the table of all feeds in docs/feeds.md from their declarations.

Here: the table as Markdown, and the page with it. Not here: the format of a feed's files and the meaning of its rows,
which are written by hand below the table or on the family's page in docs/feeds/.
"""

from collections.abc import Iterable

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.contracts import get_table
from vsf_assets.devtools.dbt_generator import by_subject
from vsf_assets.feeds.feed import Feed

PAGE = PROJECT_ROOT / "docs" / "feeds.md"
BEGIN, END = "<!-- feeds: written by `make generated` -->", "<!-- end of feeds -->"


def table() -> str:
    """Return a row per feed: family, name, partition, raw tables with their keys, and the content of a file."""
    lines = ["| family | feed | partition | raw tables and their keys | what a file holds |", "|---|---|---|---|---|"]
    for subject, feeds in by_subject().items():
        for number, feed in enumerate(feeds):
            family = "" if number else _with_page(subject)
            lines.append(
                f"| {family} | `{feed.name}` | {_partition(feed)} | {_tables(feed)} | {_cell(feed.description)} |"
            )
    return "\n".join(lines)


def _with_page(subject: str) -> str:
    """Return a family's name, as a link if it has its own page."""
    pages = (f"feeds/{subject}.md", f"{subject}.md")
    page = next((page for page in pages if (PAGE.parent / page).exists()), None)
    return f"[{subject}]({page})" if page else subject


def _partition(feed: Feed) -> str:
    return feed.partitioning.noun if feed.partitioning.has_keys else "none"


def _tables(feed: Feed) -> str:
    return "; ".join(f"`{name}` ({_columns(get_table(name).key)})" for name in feed.tables)


def _columns(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def with_table(page: str) -> str:
    """Return the text of the page with the current table."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"
