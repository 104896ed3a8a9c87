"""Scoring: the dbt models of the campaign family against bare SQL, and the proof that both agree.

Here: both sides on copies of one ingested warehouse. Ours is the sum of the models' times as dbt
reports them; starting dbt and its tests are rows of their own. Not here: the SQL (bare_scoring/).
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import duckdb

from benchmarks.bench import Bench
from benchmarks.data import FEEDS
from benchmarks.ingest import ingest_file
from benchmarks.measure import Row, in_turns, timed
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.warehouse.connection import Warehouse

TARGET = 1.5
SQL = Path(__file__).with_name("bare_scoring")
MODELS = (
    "int_datasets__upload_names",
    "int_ledger__files",
    "int_ledger__deliveries",
    "int_campaigns__repeated_clicks",
    "int_campaigns__repeated_conversions",
    "int_campaigns__banner_impressions",
    "int_campaigns__accepted_conversions",
    "fct_banner_performance",
    "fct_campaign_scores",
    "anomalies",
)
"""The campaign marts, the report of anomalies, and every stored model they need."""

SCORES = "campaign_id, quarter, rank, banner_id, revenue, conversions, clicks, rule"
PERFORMANCE = "campaign_id, quarter, banner_id, impressions, clicks, conversions, revenue"
ANOMALIES = "feed, partition_key, file_name, line_number, anomaly, column_name, raw_value, raw_text, severity, reason"


def build(warehouse: Warehouse) -> dbt.DbtOutcome:
    """Build and test every model, as a run does.

    Raises:
        RuntimeError: a model failed, so there is nothing to measure.
    """
    with warehouse.lock("benchmark"):
        outcome = dbt.build(warehouse)
    problems = [*outcome.errors, *(f"{check.name}: {check.message}" for check in outcome.blocking)]
    if problems:
        raise RuntimeError("; ".join(problems))
    return outcome


def models_seconds(outcome: dbt.DbtOutcome) -> float:
    """Return the sum of the times of MODELS."""
    if missing := [name for name in MODELS if name not in outcome.timings]:
        raise RuntimeError(f"the dbt project has no {', '.join(missing)} any more; mend MODELS in {__file__}")
    return sum(outcome.timings[name] for name in MODELS)


def bare_scoring(file: Path, threads: int, seed: str) -> float:
    """Run the bare SQL on a warehouse file; return its seconds, without opening and closing."""
    files = sorted(SQL.glob("*.sql"))
    script = "\n".join(path.read_text() for path in files).replace("$seed", f"'{seed}'")
    connection = duckdb.connect(str(file), config={"threads": threads})
    try:
        with timed() as clock:
            connection.execute(script)
    finally:
        connection.close()
    return clock.seconds


def prepare(bench: Bench) -> None:
    """Make the files."""
    bench.files(odd=False), bench.files(odd=True)


def measure(bench: Bench) -> list[Row]:
    """Measure the scoring of ordered and of odd files."""
    rows = []
    for odd in (False, True):
        files = "ids unordered, 1 % repeated" if odd else "ids in order"
        bench.log(f"scoring, {files}")
        with _ingested(bench, odd) as (warehouse, original):
            whole: list[float] = []
            ours, bare = in_turns(bench.repeat, partial(_ours, warehouse, original, whole), partial(_bare, warehouse))
            _compare(warehouse)
        rows.append(Row(f"scoring, {files} / bare SQL", ours, bare, TARGET))
        rows.append(Row(f"… with every model, its tests and dbt's start ({files})", whole))
    return rows


@contextmanager
def _ingested(bench: Bench, odd: bool) -> Iterator[tuple[Warehouse, Path]]:
    """Yield a warehouse with the files ingested and dbt warm, and a copy of it before any build."""
    with bench.warehouse() as warehouse:
        for feed in FEEDS:
            ingest_file(warehouse, bench.files(odd).path(feed))
        original = warehouse.file.with_name("original.duckdb")
        shutil.copyfile(warehouse.file, original)
        dbt.ensure_manifest(warehouse.settings)
        build(warehouse)
        yield warehouse, original


def _ours(warehouse: Warehouse, original: Path, whole: list[float]) -> float:
    shutil.copyfile(original, warehouse.file)
    shutil.copyfile(original, _bare_file(warehouse))
    with timed() as clock:
        outcome = build(warehouse)
    whole.append(clock.seconds)
    return models_seconds(outcome)


def _bare(warehouse: Warehouse) -> float:
    return bare_scoring(_bare_file(warehouse), warehouse.settings.threads, warehouse.settings.score_seed)


def _bare_file(warehouse: Warehouse) -> Path:
    return warehouse.file.with_name("by_hand.duckdb")


def _compare(warehouse: Warehouse) -> None:
    """Check that both sides did the same work.

    Raises:
        RuntimeError: they differ; the figures would mean nothing.
    """
    pairs = {
        f"{PERFORMANCE} from {{}}": ("marts.fct_banner_performance", "bare.banner_performance"),
        f"{SCORES} from {{}}": ("marts.fct_campaign_scores", "bare.campaign_scores"),
        f"{ANOMALIES} from {{}}": ("reports.anomalies", "bare.anomalies"),
    }
    with duckdb.connect(str(warehouse.file), read_only=True) as connection:
        connection.execute(f"attach '{_bare_file(warehouse)}' as other (read_only)")
        for select, (ours, bare) in pairs.items():
            here, there = "select " + select.format(ours), "select " + select.format(f"other.{bare}")
            mismatched = connection.execute(
                f"select count(*) from (({here} except all {there}) union all ({there} except all {here}))"
            ).fetchall()[0][0]
            if mismatched:
                raise RuntimeError(f"{ours} and {bare} differ in {mismatched} rows")
