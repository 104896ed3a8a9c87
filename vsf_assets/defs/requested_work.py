"""Does what `vsf run` wants through Dagster: an ingest per family, made-up files, the build.

Here: the runs of one command, one after the other, in the process of the command or in the spare process of the
service. Not here: the wish and the report (pipeline/requested_work.py), the options of the command and what it prints
(cli/run.py), and one run (local_runner.py).
"""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from vsf_assets.config.settings import Settings
from vsf_assets.defs.local_runner import failure_reason, open_instance, run_job
from vsf_assets.defs.marts import BUILD_JOB
from vsf_assets.defs.raw_assets import ingest_job_name
from vsf_assets.defs.synthetic_files import jobs_of_requests
from vsf_assets.feeds import all_feeds
from vsf_assets.landing.selection import Selection
from vsf_assets.pipeline.requested_work import RequestedWork, WorkReport
from vsf_assets.resources.dagster_private import evaluation_before


def do_work(definitions: dg.Definitions, settings: Settings, work: RequestedWork) -> WorkReport:
    """Do the work in this process.

    Raises:
        LockTimeoutError, VsfError, OSError: Dagster's records cannot be written.
        KeyboardInterrupt: a run was interrupted.
    """
    selection, report = Selection(**work.selection), WorkReport()
    with open_instance(settings) as instance:
        for name, config in _jobs(work, selection):
            good, run_id = run_job(definitions, instance, name, config, _selected(name, selection))
            report.run_ids.append(run_id)
            if not good:
                report.failed.append(f"{name} failed: {failure_reason(instance, run_id)}")
        report.checks.extend(_failed_checks(instance, report.run_ids))
    return report


def _jobs(work: RequestedWork, selection: Selection) -> list[tuple[str, dict[str, Any]]]:
    """Return the jobs in their order, with the configuration of their runs."""
    wanted = {
        "reload": selection.reload,
        "partitions": list(selection.partitions or []),
        "first": selection.first or "",
        "last": selection.last or "",
        "profile": selection.profile or "",
        "scan_source": selection.scans,
        "listed_at": work.listed_at,
        "listing": work.listing,
        "etags": work.etags,
        "fails_for_files": True,
    }
    jobs: list[tuple[str, dict[str, Any]]]
    jobs = [(ingest_job_name(f), {"ops": {f"{f}_files": {"config": wanted}}}) for f in work.families]
    jobs += jobs_of_requests(selection.feeds, work.families, work.has_requests)
    building = {"only_if_pending": True, "full": work.full}
    return [*jobs, (BUILD_JOB, {"ops": {"marts_and_snapshot": {"config": building}}})]


def _selected(job_name: str, selection: Selection) -> list[str] | None:
    """Return the raw tables a job is narrowed to; None for all of its assets."""
    if not job_name.startswith("ingest_") or len(selection.feeds) == len(all_feeds()):
        return None
    return [table for name in selection.feeds for table in all_feeds()[name].tables]


def _failed_checks(instance: dg.DagsterInstance, run_ids: Sequence[str]) -> list[str]:
    """Return a line for each check that failed in some runs: what was found.

    Warnings that the run before had with the same words are counted in one line.
    """
    of_type = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    records = [r for run_id in run_ids for r in instance.get_records_for_run(run_id, of_type=of_type).records]
    repeated: list[str] = []
    tables: dict[tuple[str, str, str], list[str]] = {}
    for record in records:
        event = record.event_log_entry.dagster_event
        check: Any = event.asset_check_evaluation_data if event else None
        if check is None or check.passed:
            continue
        is_warning = check.severity == dg.AssetCheckSeverity.WARN
        why = _why(check)
        before = evaluation_before(instance, check.asset_check_key, run_ids) if is_warning else None
        if before is not None and not before.passed and _why(before) == why:
            repeated.append(check.check_name)
            continue
        kind = "warning" if is_warning else "blocking check failed"
        # Checks of raw tables have the same name for each table, and tables of one file the same findings.
        of = [".".join(check.asset_key.path)] if check.asset_key.path[0] == "raw" else []
        tables.setdefault((kind, check.check_name, why), []).extend(of)
    lines = [
        f"{kind}: {name}{' of ' + ', '.join(names) if names else ''}: {why}"
        for (kind, name, why), names in tables.items()
    ]
    if repeated:
        warnings = "1 warning" if len(repeated) == 1 else f"{len(repeated)} warnings"
        lines.append(f"still, as in an earlier run: {warnings} ({', '.join(dict.fromkeys(repeated))})")
    return lines


def _why(check: Any) -> str:
    """Return what a failed check found; evaluations of earlier releases do not say it."""
    why = check.metadata.get("why")
    return str(why.value) if why else "see reports.anomalies"
