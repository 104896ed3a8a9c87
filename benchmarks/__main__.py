"""`python -m benchmarks`: measure, print Markdown tables, and with `--write` keep them in the docs.

Here: options and the report. Not here: the jobs (jobs.py).
"""

import argparse
import time
from datetime import UTC, datetime
from importlib.util import find_spec

from benchmarks.bench import Bench, log
from benchmarks.jobs import JOBS, measured_apart
from benchmarks.machine import facts, load
from benchmarks.measure import HEADER, markdown
from benchmarks.measured_page import PAGE, put_on_page
from vsf_assets.config.settings import read_settings


def main() -> None:
    """Run what the options ask for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the platform; see docs.")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the files; 1 is 10 million impressions")
    parser.add_argument("--repeat", type=int, default=3, help="measurements per side (default 3)")
    parser.add_argument("--only", choices=JOBS, action="append", help="only this job (repeatable)")
    parser.add_argument("--explain", action="store_true", help="only tell where a small `vsf run` spends its time")
    parser.add_argument("--write", action="store_true", help=f"put the figures of these jobs into docs/{PAGE.name}")
    options = parser.parse_args()
    if options.scale < 0.001 or options.repeat < 1:
        parser.error("--scale must be at least 0.001 and --repeat at least 1")
    if find_spec("pandas") is None:
        parser.error("the references are not installed; run `make bench`")
    root = read_settings().home / "bench"
    root.mkdir(parents=True, exist_ok=True)
    bench = Bench(root, options.scale, options.repeat, log)
    if options.explain:
        from benchmarks.explain import explain

        print(explain(bench))
        return
    _show("machine", markdown(("machine", ""), facts()), options.write)
    for job in options.only or JOBS:
        # Shown and written at once, so that a later job that crashes costs no figures.
        _show(job, _measured(bench, job), options.write)


def _measured(bench: Bench, job: str) -> str:
    """Run a job; return when and how it was measured, and its table."""
    start, began = time.monotonic(), load()
    cells = [row.cells() for row in measured_apart(bench, job)]
    minutes = (time.monotonic() - start) / 60
    how = f"scale {bench.scale:g}, median of {bench.repeat}" if bench.repeat > 1 else f"scale {bench.scale:g}, once"
    when = f"{datetime.now(UTC):%Y-%m-%d}, in {minutes:.0f} minutes; {how}; load when it began: {began}."
    return f"Measured on {when}\n\n{markdown(HEADER, cells)}"


def _show(part: str, text: str, write: bool) -> None:
    """Print a part of the report; put it between its markers on the page as well, if asked."""
    print(f"### {part}\n\n{text}\n", flush=True)
    if write:
        put_on_page(part, text)


if __name__ == "__main__":
    main()
