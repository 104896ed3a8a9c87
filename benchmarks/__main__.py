"""`python -m benchmarks`: measure, print a Markdown table, and with `--write` keep it in the docs.

Here: options and the report. Not here: any measurement; each is a function in a module of its own.
"""

import argparse
import importlib
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.machine import facts
from benchmarks.measure import HEADER, markdown
from vsf_assets.settings import read_settings

JOBS = {
    "ingest": "ingest.measure",
    "catalog": "catalog.measure",
    "memory": "ingest.measure_memory",
    "scoring": "scoring.measure",
    "together": "together.measure",
    "publish": "publishing.measure",
    "whole-process": "whole_process.measure",
}
PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def main() -> None:
    """Run what the options ask for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the platform; see docs.")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the files; 1 is 10 million impressions")
    parser.add_argument("--repeat", type=int, default=3, help="measurements per side (default 3)")
    parser.add_argument("--only", choices=JOBS, action="append", help="only this job (repeatable)")
    parser.add_argument("--explain", action="store_true", help="only tell where a small `vsf run` spends its time")
    parser.add_argument("--write", action="store_true", help=f"put the tables into docs/{PAGE.name}")
    options = parser.parse_args()
    if options.scale < 0.001 or options.repeat < 1:
        parser.error("--scale must be at least 0.001 and --repeat at least 1")
    root = read_settings().home / "bench"
    root.mkdir(parents=True, exist_ok=True)
    bench = Bench(root, options.scale, options.repeat, _tell)
    if options.explain:
        print(_call("explain.explain", bench))
        return
    text = _report(bench, options.only or list(JOBS))
    print(text)
    if options.write:
        _write(text)


def _report(bench: Bench, jobs: list[str]) -> str:
    """Run the jobs; return the machine's facts and the table."""
    start = time.monotonic()
    machine = facts(bench.scale, bench.repeat)
    cells = []
    for job in jobs:
        done = [row.cells() for row in _call(JOBS[job], bench)]
        # Shown at once as well, so that a later job that crashes costs no figures.
        for line in done:
            bench.tell("   ".join(cell for cell in line if cell))
        cells += done
    when = f"Measured on {datetime.now(UTC):%Y-%m-%d}, in {(time.monotonic() - start) / 60:.0f} minutes."
    return "\n\n".join([when, markdown(("machine", ""), machine), markdown(HEADER, cells)])


def _call(name: str, bench: Bench):  # type: ignore[no-untyped-def]  # rows, or text for explain
    module, function = name.split(".")
    return getattr(importlib.import_module(f"benchmarks.{module}"), function)(bench)


def _tell(line: str) -> None:
    print(f"… {line}", file=sys.stderr, flush=True)


def _write(text: str) -> None:
    """Replace what stands between the markers of the page."""
    page = PAGE.read_text()
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise SystemExit(f"{PAGE} has no markers {BEGIN} … {END}")
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


if __name__ == "__main__":
    main()
