"""A `vsf run` of one small file: alone, and with the service of its home running; and what the time is made of.

Here: whole processes against `python -c "import dagster"`, in turns, another file each time. Alone no process of an
earlier command lives. With the service, the spare process does the work; its sensors are off, or they would load the
file before the command does. Not here: commands that only read (whole_process.py), and drops (drops.py).
"""

import json
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.as_installed import COMMAND
from benchmarks.bench import Bench
from benchmarks.floor_of_run import take_what_it_needs
from benchmarks.measure import Row, in_turns
from benchmarks.service import running
from benchmarks.timeline import MARK
from benchmarks.whole_process import IMPORT, VSF, environment, land_small, processor_time, run, warm
from vsf_assets.config.settings import Settings
from vsf_assets.definitions import defs
from vsf_assets.resources.run_handover import is_ready

COLD_TARGET, SERVED_TARGET = 6, 4
LEAST_REPEATS = 5
SPARE_SECONDS = 180.0
"""How long to wait for the next spare process."""

TIMELINE = (sys.executable, "-c", "from benchmarks.timeline import main; main()", "run")


def measure(bench: Bench) -> list[Row]:
    """Measure a small run alone, what it is made of, and with the service."""
    repeat = max(LEAST_REPEATS, bench.repeat)
    return [*_alone(bench, repeat), *_served(bench, repeat)]


def _alone(bench: Bench, repeat: int) -> list[Row]:
    with bench.home() as settings:
        bench.log("cold: warming a home")
        warm(bench, settings)
        seeds = iter(range(1, 3 * repeat + 2))

        def small_run() -> float:
            land_small(bench, settings, next(seeds))
            return run(settings, *VSF, "run")

        def small_run_of_processor() -> float:
            land_small(bench, settings, next(seeds))
            return processor_time(settings, *VSF, "run")

        bench.log("cold: vsf run, import dagster")
        wall, dagster = in_turns(repeat, small_run, lambda: run(settings, *IMPORT))
        processor, dagster_processor = in_turns(
            repeat, small_run_of_processor, lambda: processor_time(settings, *IMPORT)
        )
        bench.log("cold: the least that it can take")
        floor, warm_floor, floor_dagster = _floor(bench, settings, repeat, small_run)
        bench.log("cold: its steps")
        steps: list[dict[str, float]] = []
        for _ in range(repeat):
            land_small(bench, settings, next(seeds))
            steps.append(_steps(settings))
    named = sorted(
        {step for run in steps for step in run}, key=lambda s: -statistics.median(r.get(s, 0) for r in steps)
    )
    return [
        Row("`vsf run` of one small file, no service / `import dagster`", wall, dagster, COLD_TARGET),
        Row(
            "… the least for it: imports, parsed models, its SQL bare, its events, in two processes",
            floor,
            floor_dagster,
        ),
        Row("… of that the SQL and the events, the least with the service", warm_floor, floor_dagster),
        Row("… processor time of both", processor, dagster_processor),
        *(Row(f"… of it {step}", [run.get(step, 0.0) for run in steps], dagster_processor) for step in named),
    ]


def _floor(
    bench: Bench, settings: Settings, repeat: int, small_run: Callable[[], float]
) -> tuple[list[float], list[float], list[float]]:
    """Return seconds of the least program, of its SQL and events alone, and of the import of Dagster, in turns."""
    since, before = time.time(), _events(settings)
    small_run()
    events, parts = _events(settings) - before, list[float]()
    with TemporaryDirectory(dir=bench.root) as name:
        folder = Path(name)

        def least() -> float:
            take_what_it_needs(settings, folder, since)
            command = [sys.executable, "-m", "benchmarks.floor_of_run", name, str(events)]
            began = time.perf_counter()
            done = subprocess.run(command, env=environment(settings), capture_output=True, text=True, check=True)
            seconds = time.perf_counter() - began
            parts.append(sum(json.loads(done.stdout).values()))
            return seconds

        floor, dagster = in_turns(repeat, least, lambda: run(settings, *IMPORT))
    return floor, parts, dagster


def _events(settings: Settings) -> int:
    """Count the events that the runs of a home stored."""
    with closing(sqlite3.connect(settings.dagster_home / "event_log.db")) as connection:
        return int(connection.execute("select count(*) from event_logs").fetchone()[0])


def _steps(settings: Settings) -> dict[str, float]:
    """Return step -> seconds of processor time of a small run.

    Raises:
        RuntimeError: the run failed.
    """
    done = subprocess.run(TIMELINE, env=environment(settings), capture_output=True, text=True)
    reported = [line for line in done.stderr.splitlines() if line.startswith(MARK)]
    if done.returncode or not reported:
        raise RuntimeError(f"{' '.join(TIMELINE)} failed: {done.stderr}")
    steps: dict[str, float] = json.loads(reported[-1].removeprefix(MARK))
    return steps


def _served(bench: Bench, repeat: int) -> list[Row]:
    with bench.home() as settings, running(settings) as (variables, _):
        _stop_sensors(settings, variables)
        seeds = iter(range(1, repeat + 2))

        def imports() -> float:
            _wait_for_spare(settings)
            return run(settings, *IMPORT)

        def small_run() -> float:
            _wait_for_spare(settings)
            land_small(bench, settings, next(seeds))
            began = time.perf_counter()
            done = subprocess.run([sys.executable, "-c", COMMAND, "run"], env=variables, capture_output=True, text=True)
            seconds = time.perf_counter() - began
            if done.returncode or is_ready(settings.home):
                raise RuntimeError(f"the spare process did not do the work: {done.stdout}{done.stderr}")
            return seconds

        bench.log("cold: vsf run with the service, import dagster")
        small_run()  # the first one after the demo builds what the demo did not
        served, dagster = in_turns(repeat, imports, small_run)[::-1]
    return [Row("`vsf run` of one small file, with the service / `import dagster`", served, dagster, SERVED_TARGET)]


def _stop_sensors(settings: Settings, variables: dict[str, str]) -> None:
    """Stop every sensor of a home, as a person does in the UI."""
    workspace = settings.home / "service" / "workspace.yaml"
    stop: list[str | Path] = [Path(sys.executable).parent / "dagster", "sensor", "stop", "-w", workspace]
    for sensor in defs().sensors or []:
        named = {**variables, "DAGSTER_HOME": str(settings.dagster_home)}
        subprocess.run([*stop, sensor.name], env=named, check=True, capture_output=True)


def _wait_for_spare(settings: Settings) -> None:
    deadline = time.monotonic() + SPARE_SECONDS
    while not is_ready(settings.home):
        if time.monotonic() > deadline:
            raise RuntimeError("there is no spare process")
        time.sleep(0.2)
    time.sleep(1)
