"""A service in tests, whose sensors, automation and runs work when the test lets them.

Here: letting it work until it rests, and pressing a button while a run is at one of three moments. Not here: the
buttons (dagster_ui.py), and what they must leave behind (dagster/test_buttons.py). A build makes three tables.
"""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import dagster as dg
import pytest

from vsf_assets.config.settings import base_folder
from vsf_assets.defs.build_events import SNAPSHOT
from vsf_assets.defs.landing_sensors import landing_sensor
from vsf_assets.defs.local_runner import LOCATION
from vsf_assets.defs.marts import AUTOMATION_TAG, BUILD_JOB
from vsf_assets.defs.recovery_sensors import backstop_sensor
from vsf_assets.ingest import loader
from vsf_assets.resources.dagster_private import create_local_run, job_origin
from vsf_assets.resources.past_runs import MATERIALIZE
from vsf_assets.transform import dbt_runner
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests import instances
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.dagster_ui import REPOSITORY, DagsterUi, execute
from vsf_assets_tests.direct_models import build_models
from vsf_assets_tests.instances import loaded_defs
from vsf_assets_tests.prebuilt import compiled_models

LANDING = "campaigns_landing"
SENSOR = {**REPOSITORY, "sensorName": LANDING}
FILES = dg.AssetKey(["reports", "files"])
MODELS = ["fqn:vsf.intermediate.ledger", "fqn:vsf.intermediate.datasets", "fqn:vsf.reports.ledger.files"]
BUILT = [dg.AssetSpec(FILES), dg.AssetSpec(SNAPSHOT)]

Press = Callable[[], object]


def interrupt() -> None:
    """Press Ctrl-C, or what *Terminate* makes of it."""
    os.kill(os.getpid(), signal.SIGINT)


def build_a_little(warehouse: Warehouse, _: Sequence[str] = (), full: bool = False) -> dbt_runner.DbtOutcome:
    """Build `reports.files` and what it is built from, without dbt."""
    with warehouse.building() as target:
        build_models(target, compiled_models(full), MODELS, full)
    return dbt_runner.DbtOutcome()


_subset = dg.JobDefinition.get_subset


@cache
def subset_of(job: dg.JobDefinition, **selected: Any) -> dg.JobDefinition:
    """Return the part of a job that a run selects, made once: each run makes it twice, in a tenth of its time."""
    return _subset(job, **selected)


@dataclass
class Service:
    """A home with its service, whose parts work when a test lets them.

    Attributes:
        home: the home.
        instance: its instance.
        ui: its UI.
        news: automation's cursor.
        said: job or sensor -> why it requested nothing, in the last tick.
    """

    home: Home
    instance: dg.DagsterInstance
    ui: DagsterUi
    news: Any = None
    wanted: str | None = None
    said: dict[str, str] = field(default_factory=dict)

    def tick(self) -> list[tuple[str, dg.RunRequest]]:
        """Let sensor, backstop and automation tick once; return what they request, by job."""
        sensor = landing_sensor("campaigns", [SNAPSHOT, FILES])
        landing = instances.tick(sensor, self.instance, self.ui.cursor_of(LANDING))
        if isinstance(landing, dg.SensorResult) and landing.cursor is not None:
            self.ui.press("setSensorCursor", sensorSelector=SENSOR, cursor=landing.cursor)
        jobs = [loaded_defs().resolve_job_def(name) for name in ("ingest_campaigns", BUILD_JOB)]
        backstop = instances.tick(backstop_sensor(jobs, BUILT), self.instance, self.wanted)
        self.wanted = backstop.cursor if isinstance(backstop, dg.SensorResult) else self.wanted
        self.said = {"landing": _reason(landing), "backstop": _reason(backstop)}
        requests = [
            (request.job_name or "", request)
            for result in (landing, backstop)
            if isinstance(result, dg.SensorResult)
            for request in result.run_requests or ()
        ]
        if requests:
            return requests  # automation evaluates when these have run
        found = dg.evaluate_automation_conditions(loaded_defs(), self.instance, cursor=self.news)
        self.news = found.cursor
        if found.total_requested:
            requests.append((MATERIALIZE, dg.RunRequest(asset_selection=[SNAPSHOT], tags={AUTOMATION_TAG: "true"})))
        return requests

    def launch(self, job_name: str, request: dg.RunRequest) -> dg.DagsterRun:
        """Record the run of a request, as the daemon does."""
        job = loaded_defs().get_repository_def().get_job(job_name)
        selection = frozenset(request.asset_selection or (FILES, SNAPSHOT))  # instead of all that the job builds
        origin = job_origin(LOCATION, "vsf_assets.definitions", base_folder(), job_name)
        return create_local_run(self.instance, job, selection, request.run_config, {**job.tags, **request.tags}, origin)

    def requested(self) -> list[str]:
        """Return the jobs that are requested next, which do not run."""
        while not (requests := self.tick()) and self.wanted:
            pass
        return [job_name for job_name, _ in requests]

    def settle(self) -> list[str]:
        """Let the service work until it rests; return the jobs that it ran.

        It rests if nothing is requested, and the backstop does not mean to with its next tick.
        """
        ran: list[str] = []
        while (requests := self.tick()) or self.wanted:
            for job_name, request in requests:
                ran.append(job_name)
                assert len(ran) < 5, f"it does not come to rest: {ran}"
                execute(self.instance, self.launch(job_name, request))
        return ran


def _reason(tick: Any) -> str:
    skip = tick if isinstance(tick, dg.SkipReason) else tick.skip_reason
    return str(skip.skip_message) if skip is not None else ""


@contextmanager
def pressed_at(moment: str, press: Press) -> Iterator[None]:
    """Press a button when a run of the block comes to a moment: the second file, archiving, or dbt has built."""
    where, name, place = {
        "ingest": (loader.Ingest, "_store_one", 2),
        "archiving": (loader, "file_originals", 1),
        "dbt": (dbt_runner, "build", 1),
    }[moment]
    original, calls = getattr(where, name), []

    def reached(*arguments: Any, **named: Any) -> Any:
        calls.append(name)
        built = original(*arguments, **named) if moment == "dbt" else None
        if len(calls) == place:
            press()
        return built or original(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(where, name, reached)
        yield
    assert len(calls) >= place, f"the run never came to {moment}"


def builds(ran: Sequence[str]) -> int:
    return sum(name in (MATERIALIZE, BUILD_JOB, "load_and_publish_campaigns") for name in ran)


def start(service: Service) -> dg.DagsterRun:
    """Let the sensor request the run of the delivery."""
    ((job_name, request),) = service.tick()
    assert job_name == "load_and_publish_campaigns"
    return service.launch(job_name, request)
