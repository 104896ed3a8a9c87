"""A service on a home of its own, and small files that are dropped into it.

Here: what the measurements of drops and of an idle service and the soak test share. Not here: what they measure
(drops.py, idle.py, soak.py).
"""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vsf_assets.config.settings import Settings, child_environment

SECONDS = 180.0
"""How long to wait until the service is healthy."""


@contextmanager
def running(settings: Settings) -> Iterator[tuple[dict[str, str], int]]:
    """Run the service of a home until the block ends; yield the environment of its commands and its process id."""
    environment = child_environment(
        {"VSF_HOME": str(settings.home), "VSF_SETTLE_SECONDS": f"{settings.settle_seconds:g}"}
    )
    vsf = [sys.executable, "-m", "vsf_assets.cli.main"]
    subprocess.run([*vsf, "demo"], env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log = (settings.home / "service.out").open("wb")
    port = 30000 + os.getpid() % 20000
    service = subprocess.Popen(
        [*vsf, "serve", "--no-portal", "--port", str(port)], env=environment, stdout=log, stderr=log
    )
    try:
        _wait_until_healthy(port)
        time.sleep(20)  # the first ticks and evaluations
        yield environment, service.pid
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait()
        log.close()


def _wait_until_healthy(port: int) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(1)
    raise RuntimeError("the service does not get healthy")


def row(number: int) -> tuple[str, str]:
    """Return name and content of a campaign file of one row."""
    return f"clicks_1_{number}.csv", f"click_id,banner_id,campaign_id\n{900_000 + number},{number + 1},1\n"


def drop(settings: Settings, name: str, content: str) -> float:
    """Put a file into the landing zone by an atomic rename; return the moment (monotonic)."""
    new = Path(settings.landing) / f".{name}.tmp"
    new.write_text(content)
    new.rename(Path(settings.landing) / name)
    return time.perf_counter()


def children(pid: int) -> Iterator[int]:
    """Yield the processes below a process."""
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = file.read_text().split()
        except OSError:
            continue
        for child in map(int, found):
            yield child
            yield from children(child)


def memory(*pids: int) -> float:
    """Return the proportional set size of processes, in MB; one that has just ended has none."""
    total = 0
    for process in pids:
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024
