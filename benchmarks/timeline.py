"""A `vsf run` that tells how long each step took: `python -c "from benchmarks.timeline import main; main()" run`.

Here: the steps, measured where they are called, and the imports, wherever they happen. Not here: how often it is
measured, and the rows (cold.py). The clock is the processor time of the process, so that other work on the machine
counts for little. dbt runs in a second process, at first beside this one; what that one takes is a step of its own.
"""

import atexit
import functools
import json
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

from benchmarks.as_installed import HIDDEN

STEPS = {
    ("vsf_assets.pipeline.status", "survey"): "looking for work",
    ("vsf_assets.definitions", "_definitions"): "definitions of Dagster",
    ("vsf_assets.pipeline.ingest", "ingest"): "ingest",
    ("vsf_assets.transform.dbt_runner", "read_parsed_project"): "dbt: decoding the parsed models",
    ("vsf_assets.transform.dbt_runner", "invoke"): "dbt: its set-up and its nodes",
    ("vsf_assets.pipeline.build", "table_infos"): "counts and previews of tables",
    ("vsf_assets.publish.publish", "publish"): "publish",
    ("vsf_assets.defs.local_runner", "run_job"): "Dagster: runs and events",
    ("vsf_assets.defs.requested_work", "open_instance"): "Dagster: opening its storage",
}
"""(module, function) -> the step that it is; time in a step within counts for that one alone."""

DBT_PACKAGES = {"dbt", "dbt_common", "dbt_semantic_interfaces", "dbtlabs", "mashumaro", "agate", "networkx", "jinja2"}
IMPORTS, IMPORTS_OF_DBT, REST = "imports without dbt's", "imports of dbt", "the rest: Python's start, output"
SECOND = "the second process: imports of dbt beside the ingest, then dbt's nodes"
MARK = "timeline: "
"""Beginning of the line of standard error that tells the steps."""

clock = time.process_time
_spent: defaultdict[str, float] = defaultdict(float)
_running: list[tuple[str, float]] = []


def _begin(step: str) -> None:
    now = clock()
    if _running:
        outer, since = _running[-1]
        _spent[outer] += now - since
    _running.append((step, now))


def _end() -> None:
    now = clock()
    step, since = _running.pop()
    _spent[step] += now - since
    if _running:
        _running[-1] = (_running[-1][0], now)


def _timed(step: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def timed(*arguments: Any, **named: Any) -> Any:
        _begin(step)
        try:
            return function(*arguments, **named)
        finally:
            _end()

    return timed


class _Timing(PathFinder):
    """Finds modules as where the platform alone is installed; their imports are steps, and functions are wrapped."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = None if fullname in HIDDEN else super().find_spec(fullname, path, target)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module
        step = IMPORTS_OF_DBT if fullname.partition(".")[0] in DBT_PACKAGES else IMPORTS

        def timed(module: ModuleType) -> None:
            # What dbt imports belongs to dbt, also if it is another package.
            of_dbt = any(running == IMPORTS_OF_DBT for running, _ in _running)
            _begin(IMPORTS_OF_DBT if of_dbt else step)
            try:
                execute(module)
            finally:
                _end()
            for (name, function), label in STEPS.items():
                if name == fullname:
                    setattr(module, function, _timed(label, getattr(module, function)))

        spec.loader.exec_module = timed  # type: ignore[method-assign]
        return spec


def _report() -> None:
    while _running:
        _end()
    own, children = clock(), resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = {**_spent, REST: own - sum(_spent.values()), SECOND: children.ru_utime + children.ru_stime}
    print(MARK + json.dumps(spent), file=sys.stderr)


def main() -> None:
    """Run the command line, and tell the steps at the end."""
    sys.meta_path[:] = [_Timing if finder is PathFinder else finder for finder in sys.meta_path]
    atexit.register(_report)
    from vsf_assets.cli.main import main as vsf

    vsf()
