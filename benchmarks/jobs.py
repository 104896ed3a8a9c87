"""The jobs of the benchmarks, each measured in a process of its own.

Here: their names, and what they find installed. Not here: any measurement; each is a function in a module
of its own.
"""

import importlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

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
    "backfill": "backfill.measure",
    "growth": "growth.measure",
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
    prepare = None if job in WITH_PANDAS else hide
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=prepare) as pool:
        return pool.submit(measured, bench, job).result()


def measured(bench: Bench, job: str) -> list[Row]:
    """Measure a job here."""
    module, function = JOBS[job].split(".")
    rows: list[Row] = getattr(importlib.import_module(f"benchmarks.{module}"), function)(bench)
    return rows
