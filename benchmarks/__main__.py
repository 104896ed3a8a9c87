"""`python -m benchmarks`: measure, print Markdown tables, and with `--write` keep them in the docs.

Here: options and the report. Not here: the jobs (jobs.py).
"""

import argparse
import sys
import time
import traceback
from datetime import UTC, datetime
from importlib.util import find_spec

from benchmarks.bench import Bench, log
from benchmarks.jobs import JOBS, measured_apart, prepare_apart
from benchmarks.machine import commit, facts, load
from benchmarks.measure import HEADER, markdown, medians
from benchmarks.measured_page import PAGE, put_on_page
from vsf_assets.config.settings import read_settings


def main() -> None:
    """Run what the options ask for."""
    options = _options()
    root = read_settings().home / "bench"
    root.mkdir(parents=True, exist_ok=True)
    bench = Bench(root, options.scale, options.repeat, log)
    if options.explain:
        from benchmarks.explain import explain

        print(explain(bench))
    elif options.prepare is not None:
        for job in options.prepare or JOBS:
            log(f"files of {job}")
            prepare_apart(bench, job)
    else:
        _show("machine", markdown(("machine", ""), facts()), options.write)
        _measure_each(bench, options.only or list(JOBS), options.write)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the platform; see docs.")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the files; 1 is 10 million impressions")
    parser.add_argument("--repeat", type=int, default=3, help="measurements per side (default 3)")
    for name, many, what in (
        ("--only", "+", f"only these jobs, in this order: {', '.join(JOBS)}"),
        ("--prepare", "*", "only make what these jobs (default all) need and do not measure"),
    ):
        parser.add_argument(name, nargs=many, choices=JOBS, action="extend", metavar="JOB", help=what)
    parser.add_argument("--explain", action="store_true", help="only tell where a small `vsf run` spends its time")
    parser.add_argument("--write", action="store_true", help=f"put the figures of these jobs into docs/{PAGE.name}")
    options = parser.parse_args()
    if options.scale < 0.001 or options.repeat < 1:
        parser.error("--scale must be at least 0.001 and --repeat at least 1")
    if find_spec("pandas") is None:
        parser.error("the references are not installed; run `make bench`")
    return options


def _measure_each(bench: Bench, jobs: list[str], write: bool) -> None:
    """Show, and write, each table as soon as it is measured; a job that fails costs no figures of another one.

    Raises:
        SystemExit: a job failed.
    """
    failed: list[str] = []
    for job in jobs:
        try:
            text = _measured(bench, job)
        except Exception:  # noqa: BLE001 - the others are measured all the same; the end says which failed
            traceback.print_exc()
            failed.append(job)
            continue
        _show(job, text, write)
    if failed:
        sys.exit(f"not measured, for the reasons above: {', '.join(failed)}")


def _measured(bench: Bench, job: str) -> str:
    """Run a job; return when and how it was measured, and its table."""
    start, began, at = time.monotonic(), load(), commit()
    rows = measured_apart(bench, job)
    minutes = (time.monotonic() - start) / 60
    how = f"scale {bench.scale:g}, {medians(rows)}"
    when = f"{datetime.now(UTC):%Y-%m-%d} at {at}, in {minutes:.0f} minutes; {how}; load when it began: {began}."
    return f"Measured on {when}\n\n{markdown(HEADER, [row.cells() for row in rows])}"


def _show(part: str, text: str, write: bool) -> None:
    """Print a part of the report; put it between its markers on the page as well, if asked."""
    print(f"### {part}\n\n{text}\n", flush=True)
    if write:
        put_on_page(part, text)


if __name__ == "__main__":
    main()
