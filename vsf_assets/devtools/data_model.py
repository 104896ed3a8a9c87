"""Generates docs/data-model.md: the keys and references of each family's tables, drawn with Mermaid.

Here: entity-relationship diagrams from the tables of the data dictionary. Not here: the declarations of keys and
references (contracts/, and the YAML files beside the models; data_dictionary.py reads them). Run `make generated` to
write the page.
"""

import importlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.devtools.data_dictionary import DictionaryTable, Reference, current_entries

PAGE = PROJECT_ROOT / "docs" / "data-model.md"
LEDGER = "ledger"
"""The family of the platform's own records; its contracts are beside those of the families."""

_PICTURES = {"What analysts ask": ("marts", "reports"), "What was delivered": ("raw",)}
"""Heading of a diagram -> its layers; raw tables are apart, since no reference leads across and a page is narrow."""

_INTRODUCTION = """# Data model

The references between tables, family by family: first the tables for analysts, then the raw tables. A box is a table
with its key (`PK`) and its referring columns (`FK`); [data-dictionary.md](data-dictionary.md) has all columns. A line
leads from the referenced table to the referring table, and its label is the referring column. A crow's foot means many,
a circle means that there may be none. If a line begins with two bars, every row has a target; a build in which a row
has none is not published.

Keys of `raw` tables are those of the delivered data. They are not enforced and may repeat; the models decide which row
is used. `_file_id` of a `raw` table is the id of the file with the row.

This page is generated from the contracts and the dbt models; do not edit it, run `make generated`."""


def data_model(entries: Iterable[DictionaryTable], texts: Mapping[str, str]) -> str:
    """Return the page.

    Args:
        entries: every table; references to tables that are not among them raise KeyError.
        texts: family -> its description, in the order of the page.
    """
    by_name = {entry.name: entry for entry in entries}
    members: dict[str, list[DictionaryTable]] = {family: [] for family in texts}
    for entry in sorted(by_name.values(), key=lambda entry: entry.name):
        members[_family_of(entry, by_name)].append(entry)
    parts = [_INTRODUCTION]
    for family, text in texts.items():
        parts += [f"## {family}", text]
        for heading, layers in _PICTURES.items():
            shown = [entry for entry in members[family] if entry.layer in layers]
            if shown:
                parts += [f"{heading}:", f"```mermaid\n{picture(shown, by_name)}\n```"]
    return "\n\n".join(parts) + "\n"


def _family_of(entry: DictionaryTable, by_name: Mapping[str, DictionaryTable]) -> str:
    """Return the family whose diagram shows a table; for a report, the only family that it refers to, if any."""
    if entry.family:
        return entry.family
    referred = {by_name[_table_of(reference.target)].family for reference in entry.references} - {LEDGER, ""}
    return referred.pop() if len(referred) == 1 else LEDGER


def picture(members: Sequence[DictionaryTable], by_name: Mapping[str, DictionaryTable]) -> str:
    """Return an entity-relationship diagram of some tables, and of those outside that they refer to.

    Args:
        members: the tables, in the order of their boxes.
        by_name: every table by its name.
    """
    targets: dict[str, dict[str, None]] = {}
    for entry in members:
        for reference in entry.references:
            table, column = reference.target.rsplit(".", 1)
            targets.setdefault(table, {})[column] = None
    inside = {entry.name for entry in members}
    outside = [by_name[name] for name in sorted(targets.keys() - inside)]
    lines = ["erDiagram", "    direction LR"]
    for entry in (*outside, *members):
        lines += _box(entry, targets.get(entry.name, {}), entry.name in inside)
    for entry in members:
        lines += _lines_of(entry, by_name)
    return "\n".join(lines)


def _box(entry: DictionaryTable, referred: Iterable[str], is_member: bool) -> Iterator[str]:
    """Yield a table with its key and its references; for a table of another family, only the referenced columns."""
    refers = {reference.column for reference in entry.references} if is_member else set()
    key = entry.key if is_member else ()
    shown = []
    for column in entry.columns:
        if column.name in key or column.name in refers or column.name in referred:
            is_key = column.name in entry.key and not entry.key_may_repeat
            marks = ", ".join(mark for mark, holds in (("PK", is_key), ("FK", column.name in refers)) if holds)
            note = ' "key, may repeat"' if column.name in entry.key and entry.key_may_repeat else ""
            shown.append(f"        {_word(column.type.split(',')[0])} {column.name} {marks}".rstrip() + note)
    yield f'    {_id(entry.name)}["{entry.name}"]' + (" {" if shown else "")
    yield from [*shown, "    }"] if shown else ()


def _lines_of(entry: DictionaryTable, by_name: Mapping[str, DictionaryTable]) -> Iterator[str]:
    """Yield the relationship lines of a table; columns that refer to different columns of one table share a line."""
    by_table: dict[str, list[Reference]] = {}
    for reference in entry.references:
        by_table.setdefault(_table_of(reference.target), []).append(reference)
    for table, references in by_table.items():
        is_joint = len({reference.target for reference in references}) == len(references)
        for group in [references] if is_joint else [[reference] for reference in references]:
            names = [reference.column for reference in group]
            line = f"{_target_end(by_name[table], group)}--{_referring_end(entry, names)}"
            yield f'    {_id(table)} {line} {_id(entry.name)} : "{", ".join(names)}"'


def _target_end(target: DictionaryTable, group: Sequence[Reference]) -> str:
    """Return the end of the line at the referenced table: one row, at most one, or many if rows share a value."""
    columns = {reference.target.rsplit(".", 1)[1] for reference in group}
    if target.key_may_repeat or columns != set(target.key):
        return "}o"
    return "||" if all(reference.is_certain for reference in group) else "|o"


def _referring_end(entry: DictionaryTable, columns: Sequence[str]) -> str:
    """Return the end of the line at the referring table: at most one row if the columns are its key, else many."""
    return "o|" if set(columns) == set(entry.key) and not entry.key_may_repeat else "o{"


def _table_of(target: str) -> str:
    return target.rsplit(".", 1)[0]


def _id(table: str) -> str:
    """Return an identifier for Mermaid; the box shows the name of the table."""
    return table.replace(".", "_")


def _word(text: str) -> str:
    return re.sub(r"\W+", "_", text).strip("_")


def family_texts() -> dict[str, str]:
    """Return family -> its description, the first sentence of its contracts' module; the ledger comes last."""
    import pkgutil

    from vsf_assets.contracts import by_family

    names = [f"by_family.{module.name}" for module in pkgutil.iter_modules(by_family.__path__)]
    modules = [importlib.import_module(f"vsf_assets.contracts.{name}") for name in (*sorted(names), LEDGER)]
    return {module.__name__.rpartition(".")[2]: _first_sentence(module.__doc__ or "") for module in modules}


def _first_sentence(docstring: str) -> str:
    text = " ".join(docstring.split("\n\n", maxsplit=1)[0].split()).removeprefix("Contracts of ")
    return text[:1].upper() + text[1:]


def current_page() -> str:
    """Return the page for the current contracts and models."""
    return data_model(current_entries(), family_texts())


def main(arguments: Sequence[str]) -> int:
    """Write the page with `--write`, else print it."""
    page = current_page()
    if "--write" in arguments:
        PAGE.write_text(page, encoding="utf-8")
        sys.stdout.write(f"wrote {PAGE}\n")
    else:
        sys.stdout.write(page)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
