"""Child processes that ingest, and die where they are told to: `python -m vsf_assets_tests.engine.children JOBS`.

Here: one process that imports everything once and forks a child per job before any library has
started a thread. Not here: what the tests expect of the homes afterwards.
"""

import importlib
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vsf_assets.config.settings import PROJECT_ROOT


def run_children(jobs: list[dict[str, Any]], *, at_once: bool = False) -> list[int]:
    """Run ingests in processes of their own, one after another or at once; return their exit codes.

    Args:
        jobs: home, and optionally variables (of the home), feeds, publish (a number; instead of an ingest)
            and die: [module, attribute, when, call], the call of a function before or after which the
            process is killed with SIGKILL.
        at_once: start them all before waiting for any.
    """
    command = [sys.executable, "-m", "vsf_assets_tests.engine.children", json.dumps([jobs, at_once])]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT_ROOT, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    codes: list[int] = json.loads(done.stdout.splitlines()[-1])
    return codes


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
    from vsf_assets.archive import originals as archive
    from vsf_assets.ingest import move_to_archive as filing
    from vsf_assets.ingest import safe_copies
    from vsf_assets.publish.publish import publish
    from vsf_assets_tests.warehouses import Home

    signal.alarm(60)
    if job.get("other_disk"):
        archive.rename_if_same_disk = lambda *_: False  # type: ignore[assignment]
        safe_copies.is_same_disk = filing.is_same_disk = lambda *_: False  # type: ignore[assignment]
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
            publish(home.warehouse, job["publish"])
        return
    feeds = {"feeds": job["feeds"]} if "feeds" in job else {}
    home.ingest(reload=job.get("reload", "changed"), **feeds)


def _fork(job: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        _child(job)
        code = 0
    except BaseException as error:  # noqa: BLE001  the parent reports it
        sys.stderr.write(f"{job}: {error!r}\n")
    finally:
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    jobs, at_once = json.loads(sys.argv[1])
    for module in ("warehouse.ledger", "readers.delimited.validation", "contracts", "readers.delimited.fast_parser"):
        importlib.import_module(f"vsf_assets.{module}")
    importlib.import_module("pandera.polars")
    importlib.import_module("duckdb")
    codes = []
    if at_once:
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in [_fork(job) for job in jobs]]
    else:
        for job in jobs:
            codes.append(os.waitstatus_to_exitcode(os.waitpid(_fork(job), 0)[1]))
    sys.stdout.write(json.dumps(codes) + "\n")


if __name__ == "__main__":
    main()
