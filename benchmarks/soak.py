"""`make soak MINUTES=60`: a service under small drops and random kills, for as long as one likes.

A file is dropped every 20 seconds, and about once a minute a random process is killed: a part of the service, the spare
process or a run. At the end every file must be in the snapshot, and the memory of the processes that stay must not have
grown by more than a tenth after the first minutes. Runs and the spare process live for one drop each, so what they take
tells how much runs at a moment, and not what is kept.
Here: the loop and the verdict. Not here: the service (service.py).
"""

import argparse
import os
import random
import signal
import statistics
import sys
import tempfile
import time

from benchmarks.service import children, drop, memory, row, running
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.runs.service_state import read_state
from vsf_assets.service.parts import SPARE
from vsf_assets.snapshots.connect import connect_snapshot
from vsf_assets.snapshots.current import current_snapshot

DROP_EVERY, KILL_EVERY, SAMPLE_EVERY = 20.0, 60.0, 15.0
WARM_SHARE, MOST_GROWTH = 6, 1.1
"""Memory counts after a sixth of the time (10 of 60 minutes); then it may grow by a tenth."""
LAST_SECONDS = 300.0
"""How long the last files may take to the snapshot."""


def main() -> None:
    """Run for the given minutes; end with an error if a file is missing or memory has grown."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1, help="which processes are killed, and when")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vsf-soak-") as folder:
        settings = read_settings({"VSF_HOME": folder})
        with running(settings) as (_, supervisor):
            problems = _soak(settings, supervisor, options.minutes * 60, random.Random(options.seed))
    if problems:
        sys.exit("\n".join(problems))
    print("every file is in the snapshot, and memory has not grown")


def _soak(settings: Settings, supervisor: int, seconds: float, chance: random.Random) -> list[str]:
    """Drop and kill for some seconds; return what is wrong at the end."""
    began = time.monotonic()
    next_drop = next_sample = began
    next_kill = began + KILL_EVERY
    dropped: list[str] = []
    samples: list[tuple[float, float]] = []
    while (now := time.monotonic()) - began < seconds:
        if now >= next_drop:
            name, content = row(len(dropped))
            drop(settings, name, content)
            dropped.append(name)
            next_drop += DROP_EVERY
        if now >= next_kill:
            _kill(settings, supervisor, chance)
            next_kill = now + chance.uniform(0.5, 1.5) * KILL_EVERY
        if now >= next_sample:
            samples.append((now - began, _memory_that_stays(settings, supervisor)))
            next_sample += SAMPLE_EVERY
        time.sleep(0.5)
    missing = _missing(settings, dropped)
    problems = [f"{len(missing)} of {len(dropped)} files are not in the snapshot: {missing[:5]}"] if missing else []
    return problems + _growth(samples, seconds)


def _memory_that_stays(settings: Settings, supervisor: int) -> float:
    """Return the memory of the supervisor and of the parts that outlive a drop, in MB."""
    state = read_state(settings.home)
    parts = state.parts.items() if state else ()
    return memory(supervisor, *(part.pid for name, part in parts if name != SPARE and part.pid))


def _kill(settings: Settings, supervisor: int, chance: random.Random) -> None:
    """Kill one process of the service with SIGKILL."""
    state = read_state(settings.home)
    named = {part.pid: name for name, part in state.parts.items()} if state else {}
    pid = chance.choice(sorted(children(supervisor)))
    print(f"kill -9 {pid} ({named.get(pid, 'a run, or a child of a part')})", flush=True)
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        print("it has just ended", flush=True)


def _missing(settings: Settings, dropped: list[str]) -> list[str]:
    """Wait for the last files; return those that no snapshot holds."""
    deadline = time.monotonic() + LAST_SECONDS
    missing = dropped
    while missing and time.monotonic() < deadline:
        time.sleep(2)
        snapshot = current_snapshot(settings)
        if snapshot is None:
            continue
        connection = connect_snapshot(snapshot)
        try:
            held = {name for (name,) in connection.execute("select file_name from raw.files").fetchall()}
        finally:
            connection.close()
        missing = [name for name in dropped if name not in held]
    return missing


def _growth(samples: list[tuple[float, float]], seconds: float) -> list[str]:
    """Compare the medians of the first and the last third of what counts: a run raises single samples."""
    counted = [megabytes for at, megabytes in samples if at >= seconds / WARM_SHARE]
    third = max(1, len(counted) // 3)
    before, after = statistics.median(counted[:third]), statistics.median(counted[-third:])
    print(f"memory of the processes that stay: median {before:,.0f} MB first, {after:,.0f} MB at the end")
    return [f"memory grew from {before:,.0f} to {after:,.0f} MB"] if after > MOST_GROWTH * before else []


if __name__ == "__main__":
    main()
