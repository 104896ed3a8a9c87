"""Writes the skeleton of a new family with one feed: the command behind `make feed NAME=orders KIND=csv-daily`.

Here: the kinds, the refused names, and writing the files. Not here: the content of the files, which are templates in
feed_templates/: `both` for every kind, and one folder per kind, with `NAME` in a path for the feed's name. The next
steps of an author are in docs/adding-a-feed.md.
"""

import keyword
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from vsf_assets.common.errors import UsageError
from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.devtools.family_words import sql_words, uses_of
from vsf_assets.devtools.import_order import ROOMS

TEMPLATES = Path(__file__).with_name("feed_templates")
KINDS: Mapping[str, str] = {
    "csv-daily": "a CSV file per day, with the date in front of its name; of equal ids of a day the first row stands",
    "csv-whole": "a CSV file with everything, from time to time; the newest file replaces those before it",
}
"""Kind of a feed -> its description."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
LONGEST_NAME = 30
"""Maximum characters of a feed's name: the names of its tables, jobs and tests are longer and are displayed."""

SHOWN_USES = 3
"""Maximum places that are displayed where a name is in use."""

GUIDE = "docs/adding-a-feed.md"


def skeleton(name: str, kind: str) -> dict[str, str]:
    """Return path from the project's root -> text of every file of a new family."""
    import jinja2

    values = _values(name, kind)
    # `{{` and `{%` belong to dbt in the written files.
    environment = jinja2.Environment(
        variable_start_string="[[",
        variable_end_string="]]",
        block_start_string="[%",
        block_end_string="%]",
        comment_start_string="[#",
        comment_end_string="#]",
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - code and Markdown, of a checked name
    )
    return {
        path.replace("NAME", name): environment.from_string(template.read_text(encoding="utf-8")).render(values)
        for path, template in _templates(kind)
    }


def _templates(kind: str) -> Iterator[tuple[str, Path]]:
    """Yield (path from the project's root, template) of every file of a kind."""
    for folder in (TEMPLATES / "both", TEMPLATES / kind):
        for template in sorted(folder.rglob("*.jinja")):
            yield template.relative_to(folder).as_posix().removesuffix(".jinja"), template


def _values(name: str, kind: str) -> dict[str, Any]:
    """Return the variables of the templates: of the feed, of an example row, and of its mart."""
    row = name.removesuffix("s") if len(name) > 2 and not name.endswith("ss") else name
    article = "an" if row[0] in "aeiou" else "a"
    is_daily = kind == "csv-daily"
    return {
        "name": name,
        "Name": name.replace("_", " ").capitalize(),
        "model": "".join(word.capitalize() for word in name.split("_")),
        "row": row,
        "row_a": article,
        "Row_a": article.capitalize(),
        "is_daily": is_daily,
        "scope": "day" if is_daily else "file",
        "key_scope": "partition_key" if is_daily else "file_id",
        "mart": f"{'fct' if is_daily else 'dim'}_{name}",
        "mart_key": f"{row}_date, {row}_id" if is_daily else f"{row}_id",
        "file": f"2019-05-20_{name}.csv" if is_daily else f"{name}.csv",
    }


def refuse_kind(kind: str) -> None:
    """Refuse an unknown kind.

    Raises:
        UsageError: there is no such kind; the message lists the kinds.
    """
    if kind not in KINDS:
        known = "".join(f"\n  {known}: {meaning}" for known, meaning in KINDS.items())
        raise UsageError(f"there is no kind {kind!r}; say KIND=… with one of these:{known}")


def refuse_name(name: str) -> None:
    """Refuse a name that is invalid for a feed or a table, or that is in use.

    Raises:
        UsageError: the name is refused; the message has the reason and how to resolve it.
    """
    if not name:
        raise UsageError("say how the feed is called: make feed NAME=orders KIND=csv-daily")
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise UsageError(
            f"{name!r} is no name for a feed: small letters, digits and single underscores, a letter first, at most"
            f" {LONGEST_NAME} characters, like orders or store_visits"
        )
    if keyword.iskeyword(name) or name in sql_words():
        raise UsageError(f"{name} is a word of SQL or Python, which a table cannot be called without quotes; say more")
    if taken := _taken(name):
        raise UsageError(f"{name} exists: {taken}; choose another name")
    if uses := list(islice(uses_of(name), SHOWN_USES)):
        raise UsageError(
            f"{name} is a word of code that must know no family, so that a test would fail; say more, like"
            f" shop_{name}:\n  " + "\n  ".join(uses)
        )


def _taken(name: str) -> str | None:
    """Return what already has the name or would claim the new feed's files; None if it is free."""
    from vsf_assets.contracts import all_tables
    from vsf_assets.feeds import all_feeds

    feeds = all_feeds().values()
    folders = {path.name for path in (PROJECT_ROOT / "dbt_project" / "models").glob("*/*") if path.is_dir()}
    words = dict.fromkeys(ROOMS, "a room of vsf_assets") | dict.fromkeys(folders, "a folder of dbt models")
    words |= {table.removeprefix("raw."): "a raw table" for table in all_tables()}
    words |= {feed.family: "a family" for feed in feeds} | {feed.name: "a feed" for feed in feeds}
    names = (f"{name}.csv", f"2019-05-20_{name}.csv")
    claiming = [feed.name for feed in feeds if any(feed.claims_name(file) for file in names)]
    similar = {word.removesuffix("s"): f"{kind}, {word}" for word, kind in words.items()}
    claimed = f"the feed {claiming[0]} claims files called so" if claiming else None
    return words.get(name) or similar.get(name.removesuffix("s")) or claimed


def write_skeleton(name: str, kind: str, root: Path = PROJECT_ROOT) -> list[str]:
    """Write the files of a new family; return their paths from the project's root.

    Raises:
        UsageError: the name or the kind is refused, or a file already exists; then no file is written.
    """
    refuse_name(name)
    refuse_kind(kind)
    files = skeleton(name, kind)
    if there := [path for path in files if (root / path).exists()] or list(_declared_names(files)):
        raise UsageError(f"{', '.join(there)} exists; nothing was written")
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return list(files)


def _declared_names(files: Mapping[str, str]) -> Iterator[str]:
    """Yield the models and classes of new files whose names the project has elsewhere: each may exist once."""
    models = {path.stem: path for path in (PROJECT_ROOT / "dbt_project" / "models").rglob("*.sql")}
    for path in map(Path, files):
        if path.suffix == ".sql" and path.stem in models:
            yield f"the model {models[path.stem].relative_to(PROJECT_ROOT)}"
    new = {name for path, text in files.items() if path.endswith(".py") for name in _classes([text])}
    modules = (PROJECT_ROOT / "vsf_assets").rglob("*.py")
    yield from (f"a class {name}" for name in sorted(new & set(_classes(map(_read, modules)))))


def _classes(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from re.findall(r"^\s*class (\w+)", text, re.MULTILINE)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Write the skeleton of the feed named by the first argument, of the kind named by the second."""
    try:
        name, kind = (*arguments, "", "")[:2]
        written = write_skeleton(name, kind)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("".join(f"wrote {path}\n" for path in written))
    sys.stdout.write(f"next: decide what is marked TODO, then make generated; {GUIDE} has the steps\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
