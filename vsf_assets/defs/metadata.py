"""Metadata of materializations, checks and the definitions: column schemas, previews, keys.

Here: functions from contracts and rows to Dagster metadata, and the emission of check results. Not here: assets.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import dagster as dg

from vsf_assets.common.visible_text import visible
from vsf_assets.contracts.derived_schemas import columns
from vsf_assets.contracts.table import Table

PREVIEW_ROWS = 10

LAYER = "layer"
"""Tag of every asset: raw, intermediate, marts, reports …; the group is the subject, which the UI draws as a box."""

PYTHON_MODULE = "python_module"
"""Key of the definitions' own metadata: the module that Dagster loads them from."""


def contract_schema(table: Table) -> dg.TableSchema:
    """Return a contract as Dagster's column schema, with descriptions."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                c.name, c.type, description=c.description, constraints=dg.TableColumnConstraints(nullable=c.nullable)
            )
            for c in columns(table)
        ]
    )


def stored_schema(stored: Iterable[tuple[str, str]]) -> dg.TableSchema:
    """Return (column, type) pairs of a stored table as Dagster's column schema."""
    return dg.TableSchema(columns=[dg.TableColumn(name, data_type) for name, data_type in stored])


def markdown_table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dg.MarkdownMetadataValue:
    """Return rows as a Markdown table; long cells are cut, and pipes and newlines are escaped."""
    if not rows:
        return dg.MetadataValue.md("no rows")
    lines = [_line(names), "|" + " --- |" * len(names), *(_line(row) for row in rows)]
    return dg.MetadataValue.md("\n".join(lines))


def _line(cells: Sequence[Any]) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(value: Any) -> str:
    text = "" if value is None else visible(str(value).replace("|", "\\|").replace("\n", "↵"))
    return text if len(text) <= 80 else text[:79] + "…"


def report_check(context: dg.AssetExecutionContext, result: dg.AssetCheckResult) -> Iterator[dg.AssetCheckResult]:
    """Yield the result of a check that the run selects; log other results, which the UI shows in the same way."""
    key, name = result.asset_key, result.check_name
    if key is None or name is None or dg.AssetCheckKey(key, name) in context.selected_asset_check_keys:
        yield result
        return
    context.log_event(evaluation_of(result))


def evaluation_of(result: dg.AssetCheckResult) -> dg.AssetCheckEvaluation:
    """Return the result of a check as an event, for runs that do not select the check; it names asset and check."""
    return dg.AssetCheckEvaluation(
        asset_key=result.asset_key or dg.AssetKey([]),
        check_name=result.check_name or "",
        passed=result.passed,
        severity=result.severity,
        metadata=result.metadata,
    )
