"""The jobs of docs/tasks.md as data: how many clicks or commands each may take, and what is clicked.

Here: reading the page. Not here: doing the jobs (portal/test_tasks.py, cli/test_tasks.py).
"""

import re
from dataclasses import dataclass

from vsf_assets_tests.docs.pages import blocks, table_rows, text_of

_ROW = re.compile(r"\[(.+)\]\(#.+\)")


@dataclass(frozen=True)
class Job:
    """A job of the page.

    Attributes:
        title: its heading.
        most: clicks or commands that it may take.
        unit: `clicks` or `commands`.
        clicks: words of each click, in order.
        commands: lines of its code block.
    """

    title: str
    most: int
    unit: str
    clicks: list[str]
    commands: list[str]


def jobs() -> dict[str, Job]:
    """Return title -> job, in the order of the page."""
    text, found = text_of("docs/tasks.md"), {}
    for cells in table_rows(text):
        title = _ROW.fullmatch(cells[0])
        if title:
            section = text.split(f"\n## {title[1]}\n")[1].split("\n## ")[0]
            number, unit = cells[2].split()
            code = [line for block in blocks(section, "bash") for line in block.splitlines()]
            words = re.findall(r"\*\*(.+?)\*\*", section)
            found[title[1]] = Job(title[1], int(number), unit, words, code)
    return found
