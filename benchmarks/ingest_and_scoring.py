"""Ingest and scoring together against the pandas script, on the same files.

Here: both sides, and the check that they choose the same banners. Ours is the time of three ingests
plus the models' times; the whole build with tests is a row of its own. Not here: either side's work.
"""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd

from benchmarks.bench import Bench
from benchmarks.data import FEEDS, Files
from benchmarks.ingest import ingest_file
from benchmarks.measure import Row, in_turns, timed
from benchmarks.pandas_complete import score_and_keep
from benchmarks.pandas_reference import score
from benchmarks.scoring import SCORES, build, models_seconds
from vsf_assets.config.settings import read_settings
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.warehouse.connection import Warehouse

TARGET = 0.5
"""At least twice as fast."""
Script = Callable[[Files, Path, str], pd.DataFrame]
SEED = read_settings({}).score_seed


class _Sides:
    """Both sides on the same files; each leaves its scores in `kept` for the comparison."""

    def __init__(self, bench: Bench, files: Files):
        self._bench = bench
        self._files = files
        self._scores: dict[str, list[tuple[object, ...]]] = {}
        self.whole: list[float] = []

    def ours(self) -> float:
        """Ingest and build in an empty home; return the seconds of the ingests and the models."""
        with self._bench.warehouse() as warehouse:
            with timed() as ingests:
                for feed in FEEDS:
                    ingest_file(warehouse, self._files.path(feed))
            with timed() as building:
                outcome = build(warehouse)
            self._scores["ours"] = _scores(warehouse)
        self.whole.append(ingests.seconds + building.seconds)
        return ingests.seconds + models_seconds(outcome)

    def pandas(self, script: Script = score_and_keep) -> float:
        """Run a pandas script; return its seconds."""
        with tempfile.TemporaryDirectory(dir=self._bench.root) as folder, timed() as clock:
            scores = script(self._files, Path(folder) / "scores.duckdb", SEED)
        self._scores["pandas"] = [tuple(row) for row in scores.astype(object).itertuples(index=False)]
        return clock.seconds

    def compare(self) -> None:
        """Check that both chose the same.

        Raises:
            RuntimeError: they did not; the figures would mean nothing.
        """
        if self._scores["ours"] != self._scores["pandas"]:
            pairs = zip(self._scores["ours"], self._scores["pandas"], strict=False)
            mismatched = next((pair for pair in pairs if pair[0] != pair[1]), "one has more rows")
            raise RuntimeError(f"the scores differ: {mismatched}")


def prepare(bench: Bench) -> None:
    """Make the files."""
    bench.small_files(0), bench.files(odd=False), bench.files(odd=True)


def measure(bench: Bench) -> list[Row]:
    """Measure ingest and scoring of ordered and of odd files."""
    with bench.home() as settings:
        dbt.ensure_manifest(settings)
    warm = _Sides(bench, bench.small_files(0))
    in_turns(1, warm.ours, warm.pandas)
    rows = []
    for odd in (False, True):
        what = "ids unordered, 1 % repeated" if odd else "ids in order"
        bench.log(f"ingest and scoring, {what}")
        sides = _Sides(bench, bench.files(odd))
        ours, reference, clean = in_turns(bench.repeat, sides.ours, sides.pandas, partial(sides.pandas, script=score))
        sides.compare()
        rows.append(Row(f"ingest and scoring, {what} / pandas that does the same", ours, reference, TARGET))
        rows.append(Row(f"… {what} / pandas that trusts its files (no checks, no rows kept)", ours, clean))
        rows.append(Row(f"… with every model, its tests and dbt's start ({what}) / pandas", sides.whole, reference))
    return rows


def _scores(warehouse: Warehouse) -> list[tuple[object, ...]]:
    """Return our scores; money as the float that pandas has, which holds six decimals exactly enough."""
    columns = SCORES.replace("revenue", "cast(revenue as double)")
    with duckdb.connect(str(warehouse.file), read_only=True) as connection:
        sql = f"select {columns} from marts.fct_campaign_scores order by campaign_id, quarter, rank"
        return connection.execute(sql).fetchall()
