"""The feeds of metadata dictionaries: a named dataset is three CSV files that arrive together; its name may change.

Here: the declaration. Not here: the contracts (contracts/by_family/datasets.py) and the rules between rows and files
(dbt). The reading is declared tolerant: a dataset with anomalies must still be loaded and browsable.
"""

from vsf_assets.feeds.feed import Feed
from vsf_assets.feeds.partitioning import DATASETS
from vsf_assets.feeds.reading import Delimited, JsonLines, Tolerance

CHANGES = "dataset_changes"
"""The feed of renames and deletions. They are deliveries, so that a rebuild reads them from the archive."""

FEEDS = (
    Feed(
        name="datasets",
        family="datasets",
        description="Metadata dictionaries: namespaces, columns and data points of a named dataset.",
        tables=("raw.namespaces", "raw.columns", "raw.datapoints"),
        examples=(
            "datasets/managed_investments/namespaces.csv",
            "datasets/managed_investments/columns.csv",
            "datasets/events/datapoints.csv",
        ),
        not_ours=("columns.csv", "datasets/columns.csv", "datasets/a/notes.csv", "upload/datasets/a/columns.csv"),
        reading=Delimited(tolerance=Tolerance(";", (("approved_abbreviations", "approved_abreviations"),))),
        partitioning=DATASETS,
        counts_once_by="delivery",
        members=(
            ("namespaces.csv", "raw.namespaces"),
            ("columns.csv", "raw.columns"),
            ("datapoints.csv", "raw.datapoints"),
        ),
    ),
    Feed(
        name=CHANGES,
        family="datasets",
        description="Renames and deletions of datasets, written by `vsf dataset`.",
        tables=("raw.dataset_changes",),
        examples=(f"{CHANGES}/20261122T101500.000001Z_rename.jsonl",),
        not_ours=(f"{CHANGES}.jsonl",),
        reading=JsonLines(),
        counts_once_by="delivery",
        is_always_archived=True,
        is_written_by_platform=True,
    ),
)
