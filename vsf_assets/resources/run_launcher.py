"""How runs start: at once in the spare process of the service, else as Dagster starts them.

Here: the run launcher and the run coordinator that dagster.yaml names. Not here: the spare process
(service/spare_process.py), and how it is asked (run_handover.py). Without a spare process (it is not ready yet, a run
has just taken it, or code was changed since it started), the code server starts a new process for the run, which takes
some seconds longer.
"""

import os
import signal
from typing import Any

from dagster import DagsterRun, DagsterRunStatus, DefaultRunLauncher, RunsFilter

from vsf_assets.config.settings import home_folder
from vsf_assets.resources.dagster_private import LaunchRunContext, QueuedRunCoordinator, SubmitRunContext
from vsf_assets.resources.run_handover import hand_over, is_ready
from vsf_assets.resources.run_process import process_of, process_tags

_ACTIVE = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


class SpareRunLauncher(DefaultRunLauncher):
    """Hands a run to the spare process, or starts a process as Dagster does; ends both kinds."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start a run.

        Raises:
            dagster.DagsterLaunchFailedError: there is no spare process, and the code server did not start one either.
        """
        run_id = context.dagster_run.run_id
        pid = hand_over(home_folder(), run_id)
        if pid is None:
            super().launch_run(context)
            return
        # A run whose process ends before it marked itself must be found, too.
        self._instance.add_run_tags(run_id, process_tags(pid))

    def terminate(self, run_id: str) -> bool:
        """Interrupt a run; its process records it as canceled. Return whether the process was reached."""
        run = self._instance.get_run_by_id(run_id) if self.has_instance else None
        if run is None or run.is_finished:
            return False
        pid = process_of(run.tags)
        if pid is None:
            return bool(super().terminate(run_id))  # type: ignore[no-untyped-call]
        self._instance.report_run_canceling(run)
        try:
            os.kill(pid, signal.SIGINT)
        except (ProcessLookupError, PermissionError) as error:
            message = f"process {pid} of this run cannot be interrupted: {error.strerror}"
            self._instance.report_engine_event(message, run)
            return False
        return True


class PromptRunCoordinator(QueuedRunCoordinator):
    """Starts a run at once if no other one runs or waits and a spare process is ready; else the run is queued."""

    def submit_run(self, context: SubmitRunContext) -> DagsterRun:
        """Start a run, or queue it; return it as it is then."""
        run = context.dagster_run
        if run.status == DagsterRunStatus.NOT_STARTED and not self._others(run) and is_ready(home_folder()):
            self._instance.launch_run(run.run_id, context.workspace)
            started = self._instance.get_run_by_id(run.run_id)
            return started if started is not None else run
        return super().submit_run(context)

    def _others(self, run: DagsterRun) -> bool:
        """Whether another run runs or waits."""
        found: Any = self._instance.get_runs(RunsFilter(statuses=_ACTIVE), limit=1)
        return any(other.run_id != run.run_id for other in found)
