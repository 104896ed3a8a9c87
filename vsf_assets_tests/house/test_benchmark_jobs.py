"""Each job of the benchmarks finds in its process what it imports.

Here: jobs whose process cannot find what only references need. Not here: measuring (benchmarks/).
"""

import subprocess
import sys

from benchmarks.jobs import JOBS, WITH_PANDAS

FIND_EACH = """
import importlib, inspect, sys
from benchmarks.as_installed import hide
hide()
for name in sys.argv[1:]:
    module, function = name.split(".")
    found = importlib.import_module(f"benchmarks.{module}")
    assert callable(getattr(found, function)), name
    prepare = getattr(found, "prepare", None)
    assert prepare is None or len(inspect.signature(prepare).parameters) == 1, f"--prepare calls {prepare.__module__}"
"""


def test_jobs_that_do_without_pandas_import_none() -> None:
    names = sorted({name for job, name in JOBS.items() if job not in WITH_PANDAS})
    done = subprocess.run([sys.executable, "-c", FIND_EACH, *names], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
