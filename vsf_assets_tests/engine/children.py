"""Child processes that ingest, and die where they are told to.

Here: what a job is, and doing it in a forked process. Not here: forking (forks.py), and what the tests expect of the
homes afterwards.
"""

import importlib
import itertools
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vsf_assets_tests.forks import ForkedProcess


def run_children(jobs: list[dict[str, Any]], *, at_once: bool = False) -> list[int]:
    """Run ingests in processes of their own, one after another or at once; return their exit codes.

    Args:
        jobs: home, and optionally variables (of the home), feeds, publish (a number; instead of an ingest)
            and die: [module, attribute, when, call], the call of a function before or after which the
            process is killed with SIGKILL; stub: a file of Python to execute first; rebuild: read the archive instead;
            complete: no file may fail.
        at_once: start them all before waiting for any.
    """
    if at_once:
        return [_ended(process) for process in [_start(job) for job in jobs]]
    return [_ended(_start(job)) for job in jobs]


def _start(job: dict[str, Any]) -> ForkedProcess:
    return ForkedProcess("vsf_assets_tests.engine.children", "main", [json.dumps(job)])


def _ended(process: ForkedProcess) -> int:
    """Wait for a child, show what it said, and return how it ended."""
    printed, errors = process.communicate(timeout=120)
    sys.stderr.write(printed + errors)
    code = process.returncode
    assert code is not None
    return code


def _die_at(target: Any, attribute: str, when: str, call: int) -> None:
    """Replace a function by one that kills the process before or after its n-th call."""
    original: Callable[..., Any] = getattr(target, attribute)
    calls = itertools.count(1)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        number = next(calls)  # objects are filed by several threads
        if when == "before" and number == call:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if when == "after" and number == call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(target, attribute, wrapped)


def _child(job: dict[str, Any]) -> None:
    from vsf_assets.archive import archive_file as archive
    from vsf_assets.ingest import move_to_archive as filing
    from vsf_assets.ingest import safe_copies
    from vsf_assets.ingest.session import ingest_archive
    from vsf_assets.publish.publish import publish
    from vsf_assets_tests.warehouses import Home

    signal.alarm(60)
    if job.get("other_disk"):
        archive.rename_if_same_disk = lambda *_: False  # type: ignore[assignment]
        safe_copies.is_same_disk = filing.is_same_disk = lambda *_: False  # type: ignore[assignment]
    if "stub" in job:
        exec(Path(job["stub"]).read_text(), {})
    if "die" in job:
        module, attribute, when, call = job["die"]
        target: Any = importlib.import_module(f"vsf_assets.{module}")
        *owners, name = attribute.split(".")
        for owner in owners:
            target = getattr(target, owner)
        _die_at(target, name, when, call)
    home = Home(Path(job["home"]), **job.get("variables", {}))
    if "publish" in job:
        with home.warehouse.lock("publish"):
            publish(home.warehouse.pinned(), job["publish"])
        return
    if "rebuild" in job:
        with home.warehouse.lock("test"):
            ingest_archive(home.warehouse, "test")
        return
    feeds = {"feeds": job["feeds"]} if "feeds" in job else {}
    report = home.ingest(reload=job.get("reload", "changed"), **feeds)
    assert not job.get("complete") or report.failed == [], report.failed


def main() -> None:
    """Do the job that the command line names."""
    _child(json.loads(sys.argv[1]))
