"""The tables of the ledger as external assets: ingest and build runs write them as a side effect."""

import dagster as dg

from vsf_assets.contracts.ledger import TABLES
from vsf_assets.defs.code_versions import table_version
from vsf_assets.defs.metadata import LAYER, contract_schema


def ledger_specs() -> list[dg.AssetSpec]:
    """Return the specs of raw.files, raw.findings, raw.builds and raw.published_files."""
    texts = {
        "raw.files": "The ledger: one row per delivery, with its counts and state. Ingest runs write it.",
        "raw.findings": "The findings: one row per problem of a file or row. Ingest runs write it.",
        "raw.builds": "The newest finished build. Build runs write it.",
        "raw.published_files": "The first snapshot that holds each file. Build runs write it.",
    }
    return [
        dg.AssetSpec(
            dg.AssetKey(table.name.split(".")),
            description=texts[table.name],
            group_name="ledger",
            tags={LAYER: "raw"},
            owners=[table.owner],
            kinds={"duckdb"},
            code_version=table_version(table.name),
            metadata={"dagster/column_schema": contract_schema(table), "dagster/table_name": table.name},
        )
        for table in TABLES
    ]
