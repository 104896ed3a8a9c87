"""Where the time of a small `vsf run` goes: imports by package, and the rest.

Here: one run under `-X importtime`, which itself makes imports a little slower. Not here: figures
to compare; those are in whole_process.py.
"""

import re
import subprocess
import sys
from collections import Counter

from benchmarks.as_installed import COMMAND
from benchmarks.bench import Bench
from benchmarks.measure import markdown, timed
from benchmarks.whole_process import environment, land_small, warm

SHOWN = 12
_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s*([\w.]+)")


def explain(bench: Bench) -> str:
    """Return two Markdown tables: the parts of a small run, and its most expensive imports."""
    with bench.home() as settings:
        bench.log("explaining a small run")
        warm(bench, settings)
        land_small(bench, settings, 1)
        command = [sys.executable, "-X", "importtime", "-c", COMMAND, "run"]
        with timed() as clock:
            done = subprocess.run(command, env=environment(settings), capture_output=True, text=True, check=True)
        imports = _imports(done.stderr)
    imported = imports.total() / 1e6
    parts = [
        ("whole process", clock.seconds),
        ("imports", imported),
        ("the rest (Dagster's runs and events, ingest, dbt, publish)", clock.seconds - imported),
    ]
    packages = [(name, f"{micros / 1e6:.2f} s") for name, micros in imports.most_common(SHOWN)]
    return "\n\n".join(
        [
            markdown(("part of a small `vsf run`", "seconds"), [(name, f"{seconds:.2f} s") for name, seconds in parts]),
            markdown(("imports by package", "own time"), packages),
        ]
    )


def _imports(text: str) -> Counter[str]:
    """Return microseconds by top-level package, each module's own time only."""
    micros: Counter[str] = Counter()
    for own, module in _IMPORT.findall(text):
        micros[module.split(".")[0]] += int(own)
    return micros
