"""Generates docs/data-dictionary.md: every table that analysts find in a snapshot.

Here: pure functions from contracts (raw tables) and dbt's model descriptions (marts, reports) to text, and a thin
`main` that reads the YAML files. Not here: the descriptions (contracts/, and the YAML files beside the models). Run
`make generated` to write the page again.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.contracts.derived_schemas import columns
from vsf_assets.contracts.descriptions import description, references
from vsf_assets.contracts.table import Table

"""This module declares no contract; `all_tables()` reads this attribute of every module of the package."""

PAGE = PROJECT_ROOT / "docs" / "data-dictionary.md"
MODELS = PROJECT_ROOT / "dbt_project" / "models"
LAYERS = {
    "marts": "What questions are asked of: facts and dimensions.",
    "reports": "What was delivered, what became of it, and everything found wrong.",
    "raw": "Valid rows as they arrived, and the platform's own records.",
}
_INTRODUCTION = """# Data dictionary

Every table in a published snapshot that analysts are meant to read. Times are UTC, money is
`decimal(18,6)`. The snapshot also has schemas that begin with `transform_`. They hold intermediate models and the
tables with which the next build compares, and may change without notice.

The database has these texts too, as comments on tables and columns
([analysts.md](analysts.md#what-a-table-and-its-columns-mean)), and [data-model.md](data-model.md) draws how the tables
refer to each other.

This page is generated from the contracts and the dbt models; do not edit it, run `make generated`."""


@dataclass(frozen=True)
class DictionaryColumn:
    """A column on the page."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class Reference:
    """A column whose values are those of another table's column.

    Attributes:
        column: the referring column.
        target: `schema.table.column`.
        is_certain: whether every row has a target; a build that violates this is not published.
    """

    column: str
    target: str
    is_certain: bool = False


@dataclass(frozen=True)
class DictionaryTable:
    """A table on the page.

    Attributes:
        name: `schema.table`.
        description: its content and its grain.
        key: columns that identify a row; empty if it has no key.
        columns: in stored order.
        references: columns that refer to other tables.
        key_may_repeat: whether rows may share a key, as raw rows do.
        family: its family, `ledger` for the platform's own records; empty if its folder names none.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[DictionaryColumn, ...]
    references: tuple[Reference, ...] = ()
    key_may_repeat: bool = False
    family: str = ""

    @property
    def layer(self) -> str:
        """The schema, which is the layer."""
        return self.name.split(".")[0]


def of_contracts(tables: Iterable[Table]) -> Iterator[DictionaryTable]:
    """Yield the entries of raw tables."""
    for table in tables:
        shown = tuple(DictionaryColumn(c.name, _nullable(c.type, c.nullable), c.description) for c in columns(table))
        refers = tuple(Reference(column, to, to == "raw.files.file_id") for column, to in references(table))
        family = table.model.__module__.rpartition(".")[2]
        yield DictionaryTable(table.name, description(table), table.key, shown, refers, table.lineage, family)


def _nullable(type_name: str, nullable: bool) -> str:
    return f"{type_name}, may be empty" if nullable else type_name


def of_models(
    files: Mapping[str, Mapping[str, Any]], layers: Sequence[str] = ("marts", "reports")
) -> Iterator[DictionaryTable]:
    """Yield the entries of dbt models.

    Args:
        files: path below `models/` -> content of the YAML file.
        layers: first folders that are included; the folder is the database schema.
    """
    schemas = {m["name"]: path.split("/")[0] for path, content in files.items() for m in content.get("models") or ()}
    for path, content in files.items():
        layer, *folders = path.split("/")[:-1]
        if layer not in layers or "findings" in folders:  # findings are parts of reports.anomalies, not tables
            continue
        for model in content.get("models") or ():
            own = model.get("columns") or ()
            shown = tuple(DictionaryColumn(c["name"], c.get("data_type", ""), c.get("description", "")) for c in own)
            tested = _arguments(model, "rows_with_required")
            key, required = tested.get("key", ()), tested.get("required", ())
            refers = tuple(reference for column in own for reference in _references_of(column, schemas, required))
            name, family = f"{layer}.{model['name']}", "".join(folders[:1])
            yield DictionaryTable(
                name, " ".join(model.get("description", "").split()), tuple(key), shown, refers, family=family
            )


def _arguments(owner: Mapping[str, Any], test: str) -> dict[str, Any]:
    """Return the arguments and `where` of a test of a model or column; empty if it has no such test."""
    found = [t[test] for t in owner.get("data_tests") or () if isinstance(t, dict) and test in t]
    return {**found[0]["arguments"], "where": found[0].get("config", {}).get("where")} if found else {}


def _references_of(
    column: Mapping[str, Any], schemas: Mapping[str, str], required: Sequence[str]
) -> Iterator[Reference]:
    """Yield the references of a column, from a relationships test or from `meta.references`."""
    tested = _arguments(column, "relationships")
    if tested:
        model = tested["to"].split("'")[1]  # ref('dim_lines')
        is_certain = column["name"] in required and not tested["where"]
        yield Reference(column["name"], f"{schemas[model]}.{model}.{tested['field']}", is_certain)
    declared = column.get("config", {}).get("meta", {}).get("references")
    if declared:
        yield Reference(column["name"], declared)


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
    if entry.references:
        key += f" References: {', '.join(f'`{r.column}` to `{r.target}`' for r in entry.references)}."
    rows = [f"| `{c.name}` | {_cell(c.type)} | {_cell(c.description)} |" for c in entry.columns]
    table = "\n".join(["| column | type | what it is |", "|---|---|---|", *rows])
    return f"### {entry.name}\n\n{entry.description}{key}\n\n{table}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def read_model_files(models: Path = MODELS) -> dict[str, Any]:
    """Return the YAML description of each model, as if it had a file beside it: path below `models/` -> parsed YAML.

    One YAML file of a family may describe models of several layers; the folder of the SQL file is the layer.

    Raises:
        KeyError: a described model does not exist.
    """
    import yaml

    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader  # libyaml needs a tenth of the time
    places = {path.stem: path.relative_to(models).with_suffix(".yml").as_posix() for path in models.rglob("*.sql")}
    texts = [path.read_text(encoding="utf-8") for path in sorted(models.rglob("*.yml"))]
    files = [yaml.load(text, Loader=loader) or {} for text in texts]  # noqa: S506 - a SafeLoader
    return {places[model["name"]]: {"models": [model]} for file in files for model in file.get("models") or ()}


def current_entries() -> list[DictionaryTable]:
    """Return every table of the current contracts and models."""
    from vsf_assets.contracts import all_tables

    return [*of_contracts(all_tables().values()), *of_models(read_model_files())]


def current_page() -> str:
    """Return the page for the current contracts and models."""
    return data_dictionary(current_entries())


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
