"""The Dagster UI in tests: its buttons are mutations of its GraphQL interface, pressed in this process.

Here: pressing a button, and executing what waits in the queue as the daemon and a run's process do. Not here: what the
buttons must leave behind (dagster/test_buttons.py), and the guard before the UI (unit/test_ui_guard.py).
"""

import asyncio
import logging
import threading
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import dagster as dg
from click.testing import CliRunner
from dagster._cli import create_dagster_cli
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import InProcessTestWorkspaceLoadTarget
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._daemon.backfill import execute_backfill_iteration

from vsf_assets.defs.local_runner import LOCATION
from vsf_assets.resources.dagster_private import execute_launched_run
from vsf_assets.resources.event_log_storage import buffered_events
from vsf_assets_tests.instances import loaded_defs

REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": LOCATION}


class DagsterUi:
    """The UI of an instance.

    Attributes:
        instance: the instance.
        context: its workspace.
    """

    _loaded: ClassVar[list[WorkspaceProcessContext]] = []

    def __init__(self, instance: dg.DagsterInstance) -> None:
        from dagster_graphql.schema import create_schema

        self.instance = instance
        self._schema: Any = create_schema()
        if not self._loaded:  # loading the code location costs as much as a small run, and it is the same for all homes
            target = LoadableTargetOrigin(module_name="vsf_assets.definitions")
            origin = InProcessCodeLocationOrigin(target, location_name=LOCATION)
            self._loaded.append(WorkspaceProcessContext(instance, InProcessTestWorkspaceLoadTarget(origin)))
        (self.context,) = self._loaded
        location: Any = self.context.create_request_context().get_code_location(LOCATION)
        self.context._instance = location._instance = instance  # type: ignore[attr-defined]

    def press(self, mutation: str, **arguments: Any) -> dict[str, Any]:
        """Press a button in a thread, since an interrupt of this process is for the run in its main thread.

        Returns:
            What the mutation says, with the name of its type.
        """
        said: list[dict[str, Any]] = []
        thread = threading.Thread(target=lambda: said.append(self._send(mutation, arguments)))
        thread.start()
        try:
            thread.join()
        except BaseException:
            thread.join()
            raise
        (result,) = said
        assert not result["__typename"].endswith(("Error", "Failure", "NotFound")), result
        return result

    def _send(self, mutation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        from graphql import get_named_type, is_leaf_type

        schema = self._schema.graphql_schema
        field = schema.mutation_type.fields[mutation]
        declared = ", ".join(f"${name}: {field.args[name].type}" for name in arguments)
        passed = ", ".join(f"{name}: ${name}" for name in arguments)
        returned = get_named_type(field.type)
        kinds = schema.get_possible_types(returned) if hasattr(returned, "types") else [returned]
        parts = ["__typename", *(part for kind in kinds for part in _answer_of(kind))]
        answer = "" if is_leaf_type(returned) else f"{{ {' '.join(parts)} }}"
        query = f"mutation({declared}) {{ {mutation}({passed}) {answer} }}"
        context = self.context.create_request_context()
        result = asyncio.run(self._schema.execute_async(query, context_value=context, variable_values=arguments))
        assert not result.errors, result.errors
        said = result.data[mutation]
        return dict(said) if isinstance(said, dict) else {"__typename": str(said)}

    def sensor(self, name: str) -> Any:
        """Return a sensor as the UI sees it."""
        location = self.context.create_request_context().get_code_location(LOCATION)
        return location.get_repository(REPOSITORY["repositoryName"]).get_sensor(name)

    def cursor_of(self, name: str) -> str | None:
        """Return the cursor of a sensor."""
        sensor = self.sensor(name)
        state = self.instance.get_instigator_state(sensor.get_remote_origin_id(), sensor.selector_id)
        return state.instigator_data.cursor if state is not None and state.instigator_data is not None else None

    def backfill_status(self, backfill_id: str) -> str:
        """Return how a backfill ended, or what it does."""
        found = self.instance.get_backfill(backfill_id)
        assert found is not None
        return str(found.status.value)

    def let_daemon_see_backfills(self) -> None:
        """Let the daemon look at the backfills once."""
        for failure in execute_backfill_iteration(self.context, logging.getLogger("test")):
            assert failure is None

    def run_queue(self) -> list[dg.DagsterRun]:
        """Execute what waits in the queue, as a process that a launcher started; return the runs as they ended."""
        waiting = self.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED]))
        return [execute(self.instance, run) for run in reversed(waiting)]


def dagster_command(*words: str) -> tuple[int, str]:
    """Run a command of `dagster` in this process; return its exit code and what it printed."""
    result = CliRunner().invoke(create_dagster_cli(), list(words))
    return result.exit_code, result.output


def _answer_of(kind: Any) -> Iterator[str]:
    """Yield which fields an answer of one type is to have: why it is an error, or which backfill was launched."""
    wanted = " ".join(name for name in ("message", "backfillId") if name in kind.fields)
    if wanted:
        yield f"... on {kind.name} {{ {wanted} }}"


def execute(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRun:
    """Execute a recorded run, and return it as it ended."""
    starting = dg.DagsterEvent(dg.DagsterEventType.PIPELINE_STARTING.value, run.job_name)
    instance.report_dagster_event(starting, run.run_id)
    recorded = instance.get_run_by_id(run.run_id)
    assert recorded is not None
    with buffered_events(instance):
        execute_launched_run(instance, loaded_defs().get_repository_def().get_job(run.job_name), recorded)
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    return ended
