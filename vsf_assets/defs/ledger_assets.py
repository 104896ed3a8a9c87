"""The ledger's tables as assets: written by every ingest run, so declared as external."""

import dagster as dg

from vsf_assets.contracts.ledger import TABLES
from vsf_assets.defs.code_versions import table_version
from vsf_assets.defs.metadata import contract_schema


def ledger_specs() -> list[dg.AssetSpec]:
    """Return raw.files, raw.findings and raw.builds."""
    texts = {
        "raw.files": "The ledger: one row per delivered file and what became of it. Ingest runs write it.",
        "raw.findings": "What the ingest found wrong with files and records. Ingest runs write it.",
        "raw.builds": "The newest finished build of the marts. Build runs write it.",
    }
    return [
        dg.AssetSpec(
            dg.AssetKey(table.name.split(".")),
            description=texts[table.name],
            group_name="raw",
            owners=[table.owner],
            kinds={"duckdb"},
            code_version=table_version(table.name),
            metadata={"dagster/column_schema": contract_schema(table), "dagster/table_name": table.name},
        )
        for table in TABLES
    ]
