"""The jobs of the benchmarks, each measured in a process of its own.

Here: their names, what they find installed, and making their files before. Not here: any measurement; each is a
function in a module of its own.
"""

import importlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from types import ModuleType

from benchmarks.as_installed import hide
from benchmarks.bench import Bench
from benchmarks.measure import Row

JOBS = {
    "ingest": "ingest.measure",
    "catalog": "catalog.measure",
    "memory": "ingest.measure_memory",
    "events": "events.measure",
    "events-memory": "events.measure_memory",
    "datasets": "datasets.measure",
    "scoring": "scoring.measure",
    "together": "ingest_and_scoring.measure",
    "synthetic": "synthetic.measure",
    "publish": "publishing.measure",
    "masking": "masking.measure",
    "backfill": "backfill.measure",
    "growth": "growth.measure",
    "workers": "workers.measure",
    "lake": "lake.measure",
    "shared-lake": "shared_lake.measure",
    "drops": "drops.measure",
    "idle": "idle.measure",
    "uploads": "uploads.measure",
    "cold": "cold.measure",
    "whole-process": "whole_process.measure",
}
WITH_PANDAS = {"events", "datasets", "together"}
"""Jobs whose references import pandas into the process that is measured."""


def measured_apart(bench: Bench, job: str) -> list[Row]:
    """Measure a job in a new process; as the platform is installed, unless its references forbid that."""
    initializer = None if job in WITH_PANDAS else hide
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=initializer) as pool:
        return pool.submit(measured, bench, job).result()


def prepare_apart(bench: Bench, job: str) -> None:
    """Make what a job needs and does not measure, in a new process; a machine with other work on it will do."""
    initializer = None if job in WITH_PANDAS else hide
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=initializer) as pool:
        pool.submit(prepare, bench, job).result()


def prepare(bench: Bench, job: str) -> None:
    """Make here what the module of a job makes in its `prepare`, if it has one."""
    function = getattr(_module(job), "prepare", None)
    if function is not None:
        function(bench)


def measured(bench: Bench, job: str) -> list[Row]:
    """Measure a job here."""
    rows: list[Row] = getattr(_module(job), JOBS[job].split(".")[1])(bench)
    return rows


def _module(job: str) -> ModuleType:
    return importlib.import_module(f"benchmarks.{JOBS[job].split('.')[0]}")
