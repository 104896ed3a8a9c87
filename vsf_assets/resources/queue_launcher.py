"""Starts runs through a queue, from which the workers of several machines take them (`vsf worker`).

Here: the run launcher that dagster.yaml names with VSF_BROKER. Not here: its options (instance_config.py), the workers
(service/queue_worker.py), and which runs are dead (defs/run_reaper.py).

Dagster's launcher would ask Celery whether a run is alive, and takes "unknown" for dead: after a restart of a broker
that kept nothing, every run would be marked as failed while it goes on. A run holds a lock of the lake instead.
"""

import warnings
from typing import Any

from dagster import DagsterRun
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG

from vsf_assets.resources.dagster_private import LaunchRunContext


class QueueRunLauncher(CeleryRunLauncher):
    """Dagster's Celery launcher, which asks nobody whether a run is alive, and ends runs as *Terminate* does."""

    def launch_run(self, context: LaunchRunContext) -> None:
        """Put a run into the queue."""
        # Celery warns when the task is made a second time in a process; the first one serves.
        warnings.filterwarnings("ignore", message="Task name 'execute_job' is already registered")
        super().launch_run(context)

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether it knows if a run is alive."""
        return False

    @property
    def supports_resume_run(self) -> bool:
        """Whether a run can go on in another process."""
        return False

    def terminate(self, run_id: str) -> bool:
        """Take a run out of the queue, or interrupt it; its process records it as canceled."""
        run: DagsterRun | None = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished or DAGSTER_CELERY_TASK_ID_TAG not in run.tags:
            return False
        self._instance.report_run_canceling(run)
        control: Any = self.celery.control
        control.revoke(run.tags[DAGSTER_CELERY_TASK_ID_TAG], terminate=True, signal="SIGINT")
        return True
