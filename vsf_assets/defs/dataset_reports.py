"""The anomaly report of each dataset as an asset: one materialization per version, with counts and a preview.

Here: the asset and the metadata of its materializations. Not here: the queries for findings and the report file
(reports/). The build logs the materializations after it publishes the snapshot, so the asset is declared as external.
"""

import shlex
from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

import dagster as dg

from vsf_assets.defs.metadata import LAYER, PREVIEW_ROWS, markdown_table
from vsf_assets.defs.partitions import dynamic_partitions_name, partitions_of
from vsf_assets.feeds.partitioning import DATASETS
from vsf_assets.reports.finding_queries import dataset_findings
from vsf_assets.snapshots.connect import connect_snapshot
from vsf_assets.snapshots.current import Snapshot

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

REPORT = dg.AssetKey(["reports", "anomalies_report"])
_NEW = """
    select versions.dataset, versions.version, versions.is_current, versions.is_complete
    from marts.dim_dataset_versions as versions
    inner join reports.files as files
        on files.feed = 'datasets' and files.partition_key = versions.dataset and files.landed_at = versions.uploaded_at
    group by all
    having max(files.loaded_at) > ?
    order by versions.dataset, versions.version
"""


def report_spec(findings: dg.AssetSpec) -> dg.AssetSpec:
    """Return the spec of the asset; `findings` is the asset whose rows the report lists."""
    return dg.AssetSpec(
        REPORT,
        deps=[findings.key],
        code_version=findings.code_version,
        description="The anomaly report of a dataset: counts per kind and the first findings. A materialization is the"
        " report of one version. `vsf report anomalies --dataset NAME` writes it as a file. When it is late: the upload"
        " is not complete, or the build failed.",
        group_name="reports",
        tags={LAYER: "reports"},
        owners=["team:data-platform"],
        kinds={"csv"},
        partitions_def=partitions_of(DATASETS),
    )


def log_reports(context: dg.AssetExecutionContext | dg.OpExecutionContext, snapshot: Snapshot, lake: str = "") -> None:
    """Log the reports of versions that were loaded after the last logged report.

    If a build crashes before it logs them, the next build does. `lake` is as in `connect_snapshot`.
    """
    last = context.instance.get_latest_materialization_event(REPORT)
    since = datetime.fromtimestamp(last.timestamp if last else 0, UTC).replace(tzinfo=None)
    connection, names = connect_snapshot(snapshot, lake), dynamic_partitions_name(DATASETS) or ""
    try:
        for dataset, version, is_current, is_complete in connection.execute(_NEW, [since]).fetchall():
            metadata = {"version": version, "is_current": is_current, "is_complete": is_complete}
            metadata |= _metadata(connection, dataset, version, is_complete)
            context.instance.add_dynamic_partitions(
                names, [dataset]
            )  # a renamed dataset has no delivery under its new name
            context.log_event(dg.AssetMaterialization(REPORT, partition=dataset, metadata=metadata))
    finally:
        connection.close()


def _metadata(connection: "DuckDBPyConnection", dataset: str, version: int, is_complete: bool) -> dict[str, Any]:
    findings, kinds = dataset_findings(dataset, version, is_complete), Counter[str]()
    for kind, _, _, count in findings.counts(connection):
        kinds[kind] += count
    preview = list(islice(findings.rows(connection), PREVIEW_ROWS))
    return {
        "findings": kinds.total(),
        "kinds": markdown_table(["anomaly", "findings"], sorted(kinds.items())),
        "preview": markdown_table(list(findings.columns), preview),
        "file": f"vsf report anomalies --dataset {shlex.quote(dataset)} --version {version} -o anomalies_report.csv",
    }
