"""Reading the project's own Markdown: its pages, fenced blocks, links and headings."""

import re
from pathlib import Path

from vsf_assets.config.settings import PROJECT_ROOT

_FOLDERS = ("docs", "data", "dbt_project", "vsf_assets", "vsf_assets_tests", "benchmarks")
_NOT_OURS = {"target", "logs", "landing", "archive"}
_FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def pages() -> list[Path]:
    """Return every Markdown page of the project."""
    found = list(PROJECT_ROOT.glob("*.md"))
    for folder in _FOLDERS:
        found += (p for p in (PROJECT_ROOT / folder).rglob("*.md") if not _NOT_OURS & set(p.parts))
    return sorted(found)


def text_of(path: str) -> str:
    """Return a page by its path from the project root."""
    return (PROJECT_ROOT / path).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return [body for found, body in _FENCED.findall(text) if found == language]


def links(text: str) -> list[str]:
    """Return the targets of the links outside of fenced blocks that stay within the project."""
    found = _LINK.findall(_FENCED.sub("", text))
    return [target for target in found if "://" not in target and not target.startswith("mailto:")]


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def table_rows(text: str) -> list[list[str]]:
    """Return the cells of every table row of a page, headers and rules included."""
    lines = (line for line in text.splitlines() if line.startswith("|"))
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
