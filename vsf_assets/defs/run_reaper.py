"""Marks runs as failed whose process has ended, by tags that name the process of each run, or by locks of a lake.

Here: the reaper. Not here: the tags (resources/run_process.py), and the warehouse lock, which the operating system
releases when a process ends. Dagster does not do this itself: no daemon watches a run of the command line.
"""

import dagster as dg

from vsf_assets.resources.run_process import PID, is_on_this_machine, process_of, process_tags
from vsf_assets.warehouse.forms.form import Form

_LIVE = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]


def mark_process(context: dg.AssetExecutionContext) -> None:
    """Tag the run with this process, and record its assets if it was launched without naming them."""
    from vsf_assets.resources.run_storage import RunDifferences  # with SQLAlchemy, which takes long to import

    context.instance.add_run_tags(context.run.run_id, process_tags())
    storage = context.instance.run_storage
    is_only_step = len(context.op_execution_context.job_def.nodes) == 1  # so the step's assets are those of the run
    if is_only_step and isinstance(storage, RunDifferences):
        storage.note_assets(context.run.run_id, context.selected_asset_keys)


def reap(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs of this machine as failed whose process has ended; return their ids."""
    reaped = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=_LIVE), limit=50):
        run = record.dagster_run
        if is_on_this_machine(run.tags) and process_of(run.tags) is None:
            instance.report_run_failed(
                run, f"process {run.tags[PID]} of this run is gone; nothing it did not finish is kept"
            )
            reaped.append(run.run_id)
    return reaped


def reap_elsewhere(instance: dg.DagsterInstance, form: Form) -> list[str]:
    """Mark runs of any machine as failed that hold their lock in the warehouse no more; return their ids."""
    dead, reaped = form.dead_runs(), []
    for record in instance.get_run_records(dg.RunsFilter(run_ids=dead, statuses=_LIVE)) if dead else ():
        why = "the process of this run is gone, or its session with the database; nothing it did not finish is kept"
        instance.report_run_failed(record.dagster_run, why)
        reaped.append(record.dagster_run.run_id)
    if dead:
        form.forget_dead_runs(dead)
    return reaped
