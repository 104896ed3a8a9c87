"""The executor of all jobs: Dagster's in-process executor, which also knows of a person's Ctrl-C.

Here: how a run ends that is interrupted in a terminal. Not here: runs that *Terminate* or the end of the service ends
(run_launcher.py, service/spare_process.py), and `vsf run` (defs/local_runner.py).

Dagster records an interrupted run as canceled if *Terminate* asked for it, and else as failed. But Ctrl-C of
`dagster job execute` and `dagster asset materialize` is a person's stop too: recorded as a failure, it would be
requested again. A run that a launcher started and that is interrupted without *Terminate* has failed.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

_SCHEMA: Any = dg.in_process_executor.config_schema


@dg.executor(name="in_process", config_schema=_SCHEMA)
def in_process_executor(init_context: Any) -> dg.Executor:
    """Return Dagster's in-process executor, which marks runs that a person interrupts."""
    create: Any = dg.in_process_executor.executor_creation_fn
    return _StoppedByPersons(create(init_context))


class _StoppedByPersons(dg.Executor):
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    @property
    def retries(self) -> Any:
        return self._inner.retries

    @property
    def step_dependency_config(self) -> Any:
        return self._inner.step_dependency_config

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[Any]:
        try:
            yield from self._inner.execute(plan_context, execution_plan)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | dg.DagsterExecutionInterruptedError):
                _cancel(plan_context.instance, plan_context.run_id)
            raise


def _cancel(instance: dg.DagsterInstance, run_id: str) -> None:
    """Note that a person stopped a run of a command; Dagster then records it as canceled."""
    run = instance.get_run_by_id(run_id)
    if run is not None and run.remote_job_origin is None and run.status == dg.DagsterRunStatus.STARTED:
        instance.report_run_canceling(run, "interrupted")
