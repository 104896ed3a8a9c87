"""Workers of a shared lake: files a second with one, two and four of them, and what bounds small deliveries.

Here: workers that begin at once, each on a core, with a lake in a folder and PostgreSQL on this machine. Not here: the
queue and Dagster's runs around them, and the steps of a delivery.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Row, in_turns
from vsf_assets_tests.postgres_server import PROGRAMS, running_server

HEADER = "click_id,banner_id,campaign_id\n"
FILES, ROWS = 300, 400_000
"""Files and rows of each at full size."""

SMALL_FILES = 600
FLAT = 1.1
"""What a file may cost with two workers, by what it costs with one."""


@dataclass(frozen=True)
class Outcome:
    """What some workers did together.

    Attributes:
        files: how many they stored.
        seconds: from the start of all to the end of the last.
        processor: processor seconds of all.
        waited, held: seconds for which they waited for the commit lock, and had it.
    """

    files: int
    seconds: float
    processor: float
    waited: float
    held: float


def measure(bench: Bench) -> list[Row]:
    """Measure one, two and four workers, with files of many rows and of one."""
    if not PROGRAMS:
        raise RuntimeError("PostgreSQL is not installed (Debian: postgresql)")
    files = max(8, round(FILES * min(1.0, bench.scale * 4)))
    rows = max(1000, round(ROWS * bench.scale))
    small = max(20, round(SMALL_FILES * min(1.0, bench.scale * 4)))
    return [*_many_rows(bench, files, rows), *_one_row(bench, small)]


def _many_rows(bench: Bench, files: int, rows: int) -> list[Row]:
    one, two, four = _by_workers(bench, files, rows)
    what = f"{files} files of {rows:,} rows"
    return [
        Row(f"processor seconds per 100 files, {what}: 2 workers / 1", _costs(two), _costs(one), FLAT),
        Row("… 4 workers on two cores / 1", _costs(four), _costs(one)),
        Row(f"files a second, {what}: 2 workers / 1", _rates(two), _rates(one), unit="files/s"),
        Row("… 4 workers on two cores / 1", _rates(four), _rates(one), unit="files/s"),
    ]


def _one_row(bench: Bench, files: int) -> list[Row]:
    """Return the rows that say how many deliveries a lake takes, and what stands in the way of more."""
    one, two, four = _by_workers(bench, files, 1)
    held = [1000 * each.held / each.files for each in two]
    waited = [1000 * each.waited / each.files for each in two]
    ceiling = [1000 / each for each in held]
    return [
        Row(f"deliveries a second, {files} files of a row: 1 worker", _rates(one), unit="/s"),
        Row("… 2 workers / 1", _rates(two), _rates(one), unit="/s"),
        Row("… 4 workers on two cores / 1", _rates(four), _rates(one), unit="/s"),
        Row("… for which a delivery has the commit lock, 2 workers", held, unit="ms"),
        Row("… and waits for it", waited, unit="ms"),
        Row("… so no number of workers takes more deliveries a second than", ceiling, unit="/s"),
    ]


def _costs(outcomes: list[Outcome]) -> list[float]:
    return [100 * each.processor / each.files for each in outcomes]


def _rates(outcomes: list[Outcome]) -> list[float]:
    return [each.files / each.seconds for each in outcomes]


def _by_workers(bench: Bench, files: int, rows: int) -> list[list[Outcome]]:
    """Measure one, two and four workers in turns, each time in a new lake."""
    outcomes: dict[int, list[Outcome]] = {1: [], 2: [], 4: []}

    def side(workers: int) -> float:
        bench.log(f"workers: {workers}, {files} files of {rows:,} rows")
        outcomes[workers].append(_measured(bench, workers, files, rows))
        return outcomes[workers][-1].seconds

    in_turns(bench.repeat, *[lambda workers=workers: side(workers) for workers in outcomes])  # type: ignore[misc]
    return list(outcomes.values())


def _measured(bench: Bench, workers: int, files: int, rows: int) -> Outcome:
    """Let workers load files that have landed in a new lake, after a first file of each that is not counted.

    Raises:
        RuntimeError: not every file was stored.
    """
    cores = sorted(os.sched_getaffinity(0))
    with running_server() as database, bench.home() as settings:
        variables = _variables(settings.home, database)
        _land(settings.home / "landing", files, rows)
        subprocess.run(
            [sys.executable, "-m", "vsf_assets.cli.main", "prepare"],
            env=variables,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        with _started(variables, workers, cores) as processes:
            for process in processes:
                assert process.stdout is not None
                process.stdout.readline()
            for process in processes:
                assert process.stdin is not None
                process.stdin.write("go\n")
                process.stdin.flush()
            said = [json.loads(process.communicate()[0]) for process in processes]
    done = Outcome(
        sum(each["files"] for each in said),
        max(each["seconds"] for each in said),
        *(sum(each[name] for each in said) for name in ("processor", "waited", "held")),
    )
    if done.files != files:
        raise RuntimeError(f"{workers} workers stored {done.files} of {files} files")
    return done


def _variables(home: Path, database: str) -> dict[str, str]:
    """Return the environment of the workers: a lake beside the home, a thread each."""
    own = {"VSF_HOME": str(home / "scratch"), "VSF_CATALOG": database, "VSF_THREADS": "1", "VSF_SETTLE_SECONDS": "0"}
    places = {f"VSF_{name.upper()}": str(home / name) for name in ("landing", "archive", "snapshots")}
    for place in (*places.values(), str(home / "data" / "lake")):
        Path(place).mkdir(parents=True, exist_ok=True)
    return {**os.environ, **own, **places, "VSF_LAKE": str(home / "data" / "lake")}


def _land(folder: Path, files: int, rows: int) -> None:
    for number in range(files):
        text = "".join(f"{number * rows + row},2,3\n" for row in range(rows))
        (folder / f"clicks_{number % 4 + 1}_{number}.csv").write_text(HEADER + text)


@contextmanager
def _started(variables: dict[str, str], workers: int, cores: list[int]) -> "Iterator[list[subprocess.Popen[str]]]":
    """Start workers, each on the next core; none is left behind."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.one_worker", str(n + 1), str(workers), str(cores[n % len(cores)])],
            env={**variables, "VSF_HOME": f"{variables['VSF_HOME']}-{n}"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(workers)
    ]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.wait()
