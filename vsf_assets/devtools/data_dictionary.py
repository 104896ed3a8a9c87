"""Generates docs/data-dictionary.md: every table that analysts find in a snapshot.

Here: pure functions from contracts (raw tables) and dbt's model descriptions (marts, reports) to
text, and a thin `main` that reads the YAML files. Not here: what a table promises; that stands in
the contracts and beside the models. Run `make generated` to write the page again.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.contracts.projections import columns
from vsf_assets.contracts.table import Table

"""This module declares no contract; every module of the package is asked for its own."""

PAGE = PROJECT_ROOT / "docs" / "data-dictionary.md"
MODELS = PROJECT_ROOT / "dbt_project" / "models"
LAYERS = {
    "marts": "What questions are asked of: facts and dimensions.",
    "reports": "What was delivered, what became of it, and everything found wrong.",
    "raw": "Valid rows as they arrived, and the platform's own records.",
}
_INTRODUCTION = """# Data dictionary

Every table in a published snapshot that analysts are meant to read. Times are UTC, money is
`decimal(18,6)`. The schemas that begin with `transform_` are in the file too; they hold what the models make on
their way and what the next build compares with, and may change without notice.

This page is generated from the contracts and the dbt models; do not edit it, run `make generated`."""


@dataclass(frozen=True)
class DictionaryColumn:
    """A column as the page shows it."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class DictionaryTable:
    """A table as the page shows it.

    Attributes:
        name: `schema.table`.
        description: what it is; says what one row is.
        key: columns that identify a row; empty where rows may repeat.
        columns: in stored order.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[DictionaryColumn, ...]

    @property
    def layer(self) -> str:
        """The schema, which is the layer."""
        return self.name.split(".")[0]


def of_contracts(tables: Iterable[Table]) -> Iterator[DictionaryTable]:
    """Yield the entries of raw tables."""
    for table in tables:
        text = f"One row is {table.grain}."
        if table.lineage and table.key:
            text += f" `{', '.join(table.key)}` may repeat here; the models settle which row stands."
        shown = (DictionaryColumn(c.name, _nullable(c.type, c.nullable), c.description) for c in columns(table))
        yield DictionaryTable(table.name, text, () if table.lineage else table.key, tuple(shown))


def _nullable(type_name: str, nullable: bool) -> str:
    return f"{type_name}, may be empty" if nullable else type_name


def of_models(
    files: Mapping[str, Mapping[str, Any]], layers: Sequence[str] = ("marts", "reports")
) -> Iterator[DictionaryTable]:
    """Yield the entries of dbt models.

    Args:
        files: path below `models/` -> content of the YAML file.
        layers: first folders that count; the folder is the schema.
    """
    for path, content in files.items():
        layer, *folders = path.split("/")[:-1]
        if layer not in layers or "findings" in folders:  # findings are parts of reports.anomalies, not tables
            continue
        for model in content.get("models") or ():
            own = model.get("columns") or ()
            shown = tuple(DictionaryColumn(c["name"], c.get("data_type", ""), c.get("description", "")) for c in own)
            yield DictionaryTable(f"{layer}.{model['name']}", model.get("description", ""), _key_of(model), shown)


def _key_of(model: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns that the model's test of whole rows takes for its key."""
    tests = [
        test["rows_with_required"]["arguments"]
        for test in model.get("data_tests") or ()
        if "rows_with_required" in test
    ]
    return tuple(tests[0].get("key", ()) if tests else ())


def data_dictionary(entries: Iterable[DictionaryTable]) -> str:
    """Return the page: tables by layer, then name, each with its columns."""
    parts = [_INTRODUCTION]
    by_name = sorted(entries, key=lambda entry: entry.name)
    for layer, text in LAYERS.items():
        members = [entry for entry in by_name if entry.layer == layer]
        if members:
            parts += [f"## {layer}", text, *(_section(entry) for entry in members)]
    return "\n\n".join(parts) + "\n"


def _section(entry: DictionaryTable) -> str:
    key = f" Key: {', '.join(f'`{name}`' for name in entry.key)}." if entry.key else ""
    rows = [f"| `{c.name}` | {_cell(c.type)} | {_cell(c.description)} |" for c in entry.columns]
    table = "\n".join(["| column | type | what it is |", "|---|---|---|", *rows])
    return f"### {entry.name}\n\n{' '.join(entry.description.split())}{key}\n\n{table}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def read_model_files(models: Path = MODELS) -> dict[str, Any]:
    """Return path below `models/` -> parsed YAML, of every YAML file."""
    import yaml

    paths = sorted(models.rglob("*.yml"))
    return {p.relative_to(models).as_posix(): yaml.safe_load(p.read_text(encoding="utf-8")) or {} for p in paths}


def current_page() -> str:
    """Return the page as the contracts and models are now."""
    from vsf_assets.contracts import all_tables

    return data_dictionary([*of_contracts(all_tables().values()), *of_models(read_model_files())])


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
