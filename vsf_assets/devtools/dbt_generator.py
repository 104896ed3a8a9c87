"""Generates files of the dbt project: sources, tests of rows against the ledger, the parts of reports.anomalies.

Here: pure functions from contracts, declarations and the descriptions of models to text. Not here: writing the files
(devtools/generated_files.py), and models, which are written by hand. dbt cannot compute these parts itself: its `graph`
is empty while it parses.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from vsf_assets.contracts import get_table
from vsf_assets.contracts.derived_schemas import columns, description
from vsf_assets.contracts.ledger import TABLES as LEDGER
from vsf_assets.devtools.data_dictionary import MODELS, read_model_files
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.feed import Feed
from vsf_assets.feeds.reading import JsonRecords
from vsf_assets.transform.dbt_paths import DBT_PROJECT

FINDINGS = MODELS / "reports" / "findings"
PARTS = DBT_PROJECT / "macros" / "finding_parts.sql"

_RAW = (
    "What ingest writes, one transaction per delivered file. Valid rows as they arrived, bad rows as findings, one"
    " ledger row per delivery; and the record of builds."
)
"""The description of the dbt source of all raw tables; it occurs once, in the file of the ledger."""


def by_subject() -> dict[str, list[Feed]]:
    """Return subject (folder of models) -> its feeds."""
    found: dict[str, list[Feed]] = {}
    for feed in all_feeds().values():
        found.setdefault(feed.models, []).append(feed)
    return found


def sources_files() -> dict[Path, str]:
    """Return the file of dbt sources in each subject's folder of staging models, and that of the ledger."""
    tables = {
        subject: list(dict.fromkeys(table for feed in feeds for table in feed.tables))
        for subject, feeds in by_subject().items()
    }
    tables["ledger"] = [table.name for table in LEDGER]
    return {
        MODELS / "staging" / subject / "_sources.yml": _sources(subject, names) for subject, names in tables.items()
    }


def _sources(subject: str, tables: Iterable[str]) -> str:
    described = [f"    description: {_quoted(_RAW)}"] if subject == "ledger" else []
    lines = [
        "# Generated from vsf_assets/contracts by `make generated`; do not edit.",
        *("version: 2", "", "sources:", "  - name: raw", *described, "    schema: raw", "    tables:"),
    ]
    for table in map(get_table, tables):
        lines += [f"      - name: {table.name.removeprefix('raw.')}"]
        lines += [f"        description: {_quoted(description(table))}", "        columns:"]
        lines += [
            f"          - {{name: {_quoted(c.name)}, data_type: {_quoted(c.type)}, "
            f"description: {_quoted(c.description)}}}"
            for c in columns(table)
        ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return a text as a YAML string; a JSON string is valid YAML."""
    return json.dumps(text, ensure_ascii=False)


def ledger_tests() -> dict[Path, str]:
    """Return the dbt test of each subject that compares its raw tables with the ledger, file by file."""
    return {
        DBT_PROJECT / "tests" / subject / f"{subject.removesuffix('s')}_rows_match_the_ledger.sql": _ledger_test(feeds)
        for subject, feeds in by_subject().items()
    }


def _ledger_test(feeds: Iterable[Feed]) -> str:
    """Return a test that names each raw table with its feed, and with its file name for feeds with uploads."""
    rows, skipping = [], ""
    for feed in feeds:
        skipped = feed.reading.skipped if isinstance(feed.reading, JsonRecords) else None
        skipping = f", skipping={feed.name!r}" if skipped else skipping
        files = {table: name for name, table in feed.members}
        for table in feed.tables:
            if table != skipped:
                name = table.removeprefix("raw.")
                rows.append(f"    {{'table': {name!r}, 'feed': {feed.name!r}, 'file_name': {files.get(table, '')!r}}},")
    listed = "\n".join(rows)
    return f"""\
{{# Generated from vsf_assets/feeds by `make generated`; do not edit. #}}
{{{{ config(meta=ledger_check()) }}}}

{{% set tables = [
{listed}
] %}}

{{{{ mismatches_with_the_ledger(tables{skipping}) }}}}
"""


def finding_parts(models: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the macro that lists the parts of reports.anomalies with their columns.

    Args:
        models: name of a part -> its description in YAML, as dbt reads it.

    Raises:
        ValueError: a part has neither a column `file_id` nor the column `feed`.
    """
    rows = []
    for name, model in sorted(models.items()):
        has = {column["name"] for column in model.get("columns") or ()}
        if not has & {"file_id", "feed"}:
            raise ValueError(f"{name} needs a column file_id (its delivery), or feed, partition_key and file_name")
        columns = {"is_about_a_file": "file_id", "has_counts": "records", "has_days": "event_date"}
        facts = ", ".join(f"'{fact}': {str(column in has).lower()}" for fact, column in columns.items())
        rows.append(f"    {{'model': '{name}', {facts}}},")
    listed = "\n".join(rows)
    return f"""\
{{# Generated from the models findings__* by `make generated`; do not edit. The parts of reports.anomalies: a part with
   the column `file_id` is about a delivery; one with `feed` is about what was not delivered, and names it itself; one
   with `event_date` is about events, of which only some days are made again. #}}
{{% macro finding_parts() -%}}
{{{{ return([
{listed}
]) }}}}
{{%- endmacro %}}
"""


def dbt_files() -> dict[Path, str]:
    """Return every generated file of the dbt project with its text.

    Raises:
        ValueError: a part of reports.anomalies has no description in YAML.
    """
    models = {Path(path).stem: file["models"][0] for path, file in read_model_files().items()}
    parts = [path.stem for path in FINDINGS.glob("*.sql")]
    if missing := [part for part in parts if part not in models]:
        raise ValueError(f"{', '.join(missing)}: describe it and its columns in a .yml of the dbt project")
    macro = finding_parts({part: models[part] for part in parts})
    return {**sources_files(), **ledger_tests(), PARTS: macro}
