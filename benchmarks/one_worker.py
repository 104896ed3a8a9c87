"""A worker of the job `workers`: a process on one core that loads its share of what has landed, when it is told to.

Here: the program, which prints what it did as JSON. Not here: the files, the lake, and how many of it there are
(workers.py).
"""

import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.as_installed import hide


def spent() -> float:
    """Return the processor seconds of this process and of those that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main(number: int, of: int, core: int) -> None:
    """Load share `number` of `of` on a core; begin when a line arrives on standard input."""
    os.sched_setaffinity(0, {core})
    hide()
    from vsf_assets.config.settings import read_settings
    from vsf_assets.landing.selection import Selection
    from vsf_assets.landing.shares import Share
    from vsf_assets.pipeline.ingest import ingest
    from vsf_assets.warehouse.connection import Warehouse
    from vsf_assets.warehouse.shared.locks import LockSession, Token

    waited, held, original = [0.0], [0.0], LockSession.hold

    @contextmanager
    def hold(session: LockSession, name: str, purpose: str) -> Iterator[Token]:
        began = time.perf_counter()
        with original(session, name, purpose) as token:
            taken = time.perf_counter()
            yield token
        if name == "commit":
            waited[0] += taken - began
            held[0] += time.perf_counter() - taken

    setattr(LockSession, "hold", hold)  # noqa: B010 - a type checker takes it for a method of another type
    warehouse = Warehouse.of(read_settings())
    # What a worker does once is not counted: imports, and attaching the lake.
    (Path(warehouse.settings.landing) / f"impressions_1_{number}.csv").write_text("banner_id,campaign_id\n2,3\n")
    ingest(warehouse, Selection(("impressions",)), f"first-{os.getpid()}")
    waited[0] = held[0] = 0.0
    print("ready", flush=True)
    sys.stdin.readline()
    before, start = spent(), time.perf_counter()
    report = ingest(warehouse, Selection(("clicks",), share=Share(number, of)), f"worker-{os.getpid()}")
    seconds = time.perf_counter() - start
    outcome = {"files": len(report.stored), "seconds": seconds, "processor": spent() - before}
    print(json.dumps({**outcome, "waited": waited[0], "held": held[0]}), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
