"""Writes into the record of a run and its log file what an ingest or a build did and found.

Here: the counts, failed checks and errors of the pipeline's reports as fields of the record and as lines of the log
file. Not here: the record itself (runs/), and the log file (run_log.py).
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from vsf_assets.common.visible_text import visible
from vsf_assets.config.settings import Settings
from vsf_assets.pipeline.build import BuildReport
from vsf_assets.pipeline.ingest import RunReport
from vsf_assets.pipeline.run_log import LOGGER
from vsf_assets.runs import run_record
from vsf_assets.runs.run_record import CheckFailure, RunRecord
from vsf_assets.snapshots.current import snapshot_number
from vsf_assets.transform.dbt_runner import FailedCheck
from vsf_assets.warehouse.connection import Warehouse

INGEST, BUILD, INGEST_AND_BUILD = "ingest", "build", "ingest+build"
REBUILD, MAKE, MAINTENANCE = "rebuild", "made-up files", "maintenance"
"""Kinds of runs."""


@contextmanager
def recorded_run(
    settings: Settings,
    run_id: str,
    kind: str,
    families: Iterable[str] = (),
    warn: Callable[[str], None] = lambda _: None,
) -> Iterator[RunRecord]:
    """Record a run of the settings' home, and show that it is alive; see `runs.run_record.recorded_run`.

    Use it inside `run_log`, and call `record_ingest` and `record_build` inside its block.
    """
    with (
        Warehouse.of(settings).form.presence(run_id, warn),
        run_record.recorded_run(settings.home, run_id, kind, families, warn) as record,
    ):
        yield record


def record_ingest(record: RunRecord, report: RunReport) -> None:
    """Add the numbers of files of an ingest to the record."""
    record.files_loaded += len(report.stored)
    record.files_left += len(report.left)
    record.files_failed += len(report.failed)
    record.keep()  # a build may follow in the same run, which takes the warehouse away from vsf status


def record_build(record: RunRecord, report: BuildReport) -> None:
    """Add the outcome of a build to the record, and write what failed into the log file of the run."""
    if report.snapshot is not None:
        record.snapshot = snapshot_number(report.snapshot)
    if report.outcome is None:
        return
    record.failed_checks += [_failure(check) for check in report.outcome.failed.values()]
    for error in report.outcome.errors:
        _write_line(logging.ERROR, f"error of dbt: {error}")
    for check in report.outcome.failed.values():
        is_blocking = check.severity == "error"
        level = logging.ERROR if is_blocking else logging.WARNING
        _write_line(level, f"{'blocking check failed' if is_blocking else 'warning'}: {_text(check)}", _sample(check))
    if report.problems:
        record.fail("; ".join(report.problems))


def _failure(check: FailedCheck) -> CheckFailure:
    return CheckFailure(check.name, check.message, check.rule, check.found, check.severity == "error")


def _text(check: FailedCheck) -> str:
    return f"{check.name}: {check.message}. Rule: {check.rule}"


def _sample(check: FailedCheck) -> list[dict[str, str]]:
    """Return the sample of found rows, each as column -> value; values of senders are made visible."""
    return [_row(check.columns, row) for row in check.rows]


def _row(columns: Sequence[str], row: tuple[Any, ...]) -> dict[str, str]:
    return {name: visible(str(value)) for name, value in zip(columns, row, strict=True) if value is not None}


def _write_line(level: int, message: str, rows: Sequence[dict[str, str]] = ()) -> None:
    """Write a line into the log file of the run only; the command prints failures at its end."""
    logging.getLogger(LOGGER).log(level, "%s", visible(message), extra={"for_people": True, "rows": list(rows)})
