"""Whole processes of the command line against `python -c "import dagster"`.

Here: `vsf` as a person starts it, in a home that has run before. Not here: work inside a process,
and where the time goes (explain.py).
"""

import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.as_installed import COMMAND
from benchmarks.bench import Bench
from benchmarks.measure import Row, in_turns, timed
from vsf_assets.config.settings import Settings

SMALL_RUN_TARGET = 10
IDLE_TARGET = 1
SHORT_TARGET, QUERY_TARGET = 0.25, 0.35
"""Of processor time: what a command waits for, such as another program, is no work of its own."""

LEAST_REPEATS = 7
SETTLED_SECONDS = 3
"""Time after a write from which `vsf status` keeps what it read."""

VSF = (sys.executable, "-c", COMMAND)
IMPORT = (sys.executable, "-c", "import dagster")


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment of a child: this one's without our variables, and the home's.

    Children keep the bytecode of what they import, as for users: compiling it each time takes a third of `vsf status`.
    """
    others = ("VSF_", "DAGSTER_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    return {**kept, "VSF_HOME": str(settings.home), "VSF_SETTLE_SECONDS": "0"}


def run(settings: Settings, *command: str | Path) -> float:
    """Run a command to its end; return its seconds.

    Raises:
        RuntimeError: it failed.
    """
    with timed() as clock:
        done = subprocess.run(command, env=environment(settings), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} failed: {done.stderr or done.stdout}")
    return clock.seconds


def processor_time(settings: Settings, *command: str | Path) -> float:
    """Run a command to its end; return the seconds of processor time that it and its children took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(settings, *command)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def land_small(bench: Bench, settings: Settings, seed: int) -> None:
    """Put one small clicks file into the landing zone; each seed is another file."""
    target = Path(settings.landing) / f"clicks_1_{seed}.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(bench.small_files(seed).path("clicks"), target)


def warm(bench: Bench, settings: Settings) -> None:
    """Run everything once in a home, with small files of every feed."""
    landing = Path(settings.landing)
    landing.mkdir(parents=True)
    for path in bench.small_files(0).folder.glob("*_1.csv"):
        shutil.copyfile(path, landing / path.name)
    for command in (("run",), ("run",), ("status",)):
        run(settings, *VSF, *command)


def measure(bench: Bench) -> list[Row]:
    """Measure a small run, a run with nothing new, and the commands that only read."""
    with bench.home() as settings:
        bench.log("whole processes: warming a home")
        warm(bench, settings)
        seeds = iter(range(1, bench.repeat + 1))

        def small_run() -> float:
            land_small(bench, settings, next(seeds))
            return run(settings, *VSF, "run")

        bench.log("whole processes: vsf run, import dagster")
        small, idle, dagster = in_turns(
            bench.repeat,
            small_run,
            lambda: run(settings, *VSF, "run"),
            lambda: run(settings, *IMPORT),
        )
        short = _short_commands(bench, settings)
    return [
        Row("whole process: `vsf run`, one small file / `import dagster`", small, dagster, SMALL_RUN_TARGET),
        Row("whole process: `vsf run`, nothing new / `import dagster`", idle, dagster, IDLE_TARGET, below=True),
        *short,
    ]


def _short_commands(bench: Bench, settings: Settings) -> list[Row]:
    """Measure the processor time of commands that only read."""
    bench.log("whole processes: vsf status, --help, query")
    time.sleep(SETTLED_SECONDS)
    note = settings.home / "cache" / "status-ledger.json"

    def first_status() -> float:
        note.unlink(missing_ok=True)
        return processor_time(settings, *VSF, "status")

    dagster, first, again, help_text, query, duckdb = in_turns(
        max(LEAST_REPEATS, bench.repeat),
        lambda: processor_time(settings, *IMPORT),
        first_status,
        lambda: processor_time(settings, *VSF, "status"),
        lambda: processor_time(settings, *VSF, "--help"),
        lambda: processor_time(settings, *VSF, "query", "from reports.files"),
        lambda: processor_time(settings, sys.executable, "-c", "import duckdb"),
    )
    return [
        Row("processor time: `vsf status` / `import dagster`", again, dagster, SHORT_TARGET),
        Row("… the first one after a run, which opens the warehouse", first, dagster),
        Row("… Python and `import duckdb` alone", duckdb, dagster),
        Row("processor time: `vsf --help` / `import dagster`", help_text, dagster, SHORT_TARGET),
        Row("processor time: `vsf query` / `import dagster`", query, dagster, QUERY_TARGET),
    ]
