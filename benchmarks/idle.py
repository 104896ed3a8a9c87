"""What a service costs while no file arrives: processor time and memory of all its processes.

Here: the measurement on a home with the demo's data. Not here: the service (service.py), and how fast it reacts
(drops.py). The reference of the processor time is one core for as long as it was measured.
"""

import os
import time
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Row
from benchmarks.service import children, memory, running

WARM_UP, WINDOWS, SECONDS = 60.0, 5, 30.0
"""Seconds until the first window, number of windows, and seconds of each."""
CORE_SHARE, MEGABYTES = 0.10, 950
"""Targets: a tenth of a core, and MB of proportional set size."""

_TICKS = os.sysconf("SC_CLK_TCK")


def measure(bench: Bench) -> list[Row]:
    """Let the service be, and read what its processes used."""
    used, elapsed, sizes = [], [], []
    with bench.home() as settings, running(settings) as (_, supervisor):
        time.sleep(WARM_UP)
        for window in range(WINDOWS):
            began, before = time.monotonic(), processor_seconds(supervisor)
            time.sleep(SECONDS)
            used.append(processor_seconds(supervisor) - before)
            elapsed.append(time.monotonic() - began)
            sizes.append(memory(supervisor, *children(supervisor)))
            bench.log(f"window {window + 1}: {used[-1] / elapsed[-1]:.1%} of a core, {sizes[-1]:,.0f} MB")
    return [
        Row(f"processor time of an idle service in {SECONDS:g} s / one core", used, elapsed, CORE_SHARE, below=True),
        Row("its memory (proportional set size of all processes)", sizes, at_most=MEGABYTES, below=True, unit="MB"),
    ]


def processor_seconds(pid: int) -> float:
    """Return what a process and all below it have used, those that ended and were waited for included."""
    return sum(_used(process) for process in (pid, *children(pid))) / _TICKS


def _used(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended; its parent counts it from now on
        return 0
    return sum(map(int, fields[11:15]))
