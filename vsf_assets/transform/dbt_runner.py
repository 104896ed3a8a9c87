"""Runs dbt in this process: models, tests, and the manifest.

Here: one invocation at a time, its outcome as plain data, and closing the file afterwards. Not here: Dagster events
(defs/marts.py) and the decision to publish (pipeline/build.py). dbt runs in this process because a child process costs
three times as much, unless it starts while the command still does something else (dbt_process.py).
"""

import errno
import hashlib
import io
import json
import logging
import shutil
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from vsf_assets.common.errors import BuildRefusedError, VsfError, interruption
from vsf_assets.common.interpreter_tricks import gc_paused
from vsf_assets.config.settings import Settings, export, fix_surroundings, without_variables
from vsf_assets.storage.full_disk import room_for
from vsf_assets.storage.spill_folder import spill_folder
from vsf_assets.transform.build_state import awesome_rules, project_digest
from vsf_assets.transform.dbt_paths import DBT_PROJECT, code_versions_file, manifest_file, parsed_folder
from vsf_assets.transform.dbt_private import (
    close_connections,
    message_as_dict,
    name_sources_cheaply,
    read_parsed_project,
    read_sources_from,
    run_before,
    take_shortcuts,
    templates,
)
from vsf_assets.transform.outages import refuse_outage
from vsf_assets.transform.template_cache import FILE as TEMPLATES
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.forms.form import DATABASE, NO_WAREHOUSE, WRITTEN_BY_BUILDS, BuildTarget
from vsf_assets.warehouse.lock import hold_lock

_QUIET = ("--quiet", "--log-level", "none", "--no-use-colors", "--no-send-anonymous-usage-stats")
_PARSED = "partial_parse.msgpack"
_RESULT_MESSAGES = {"LogModelResult", "LogTestResult", "LogSeedResult", "LogSnapshotResult"}
SAMPLE_ROWS = 10
LONGEST_VALUE, MOST_VALUES = 60, 8
"""Characters of a value, and number of values, of the row that a message shows."""
MANIFEST_BYTES = 8_000_000
"""Approximate number of bytes that dbt writes when it parses the project."""
_WRITING = ("materialized", "incremental_strategy", "on_schema_change")
"""Settings of a model that decide how its table is written."""
_REPLACED_ROWS = ("days", "also_without_day")
"""Names in a model's meta that decide which rows a build replaces (macros/affected_days.sql)."""
_BROKEN_MODELS = {"CompilationError", "ParsingError"}
"""Names of dbt's errors about models that cannot be read."""
_FAILED = ("error", "runtime error")
"""Statuses of models and tests that could not run."""
LEFT_OUT = ("unit_test",)
"""Kinds of nodes that a build excludes: unit tests are for developers of models."""


@dataclass(frozen=True)
class FailedCheck:
    """A dbt test that found rows.

    Attributes:
        name: the test's name.
        severity: error (blocks publishing) or warn.
        message: number of found rows, and what the first one holds.
        rule: the description of the test.
        found: number of found rows.
        columns, rows: a sample of the found rows.
    """

    name: str
    severity: str
    message: str
    columns: list[str] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    rule: str = ""
    found: int = 0


@dataclass
class DbtOutcome:
    """The outcome of a dbt invocation.

    Attributes:
        messages: dbt's result messages, one per model and test, as dictionaries.
        errors: models or tests that could not run, with the reason.
        broken: models that could not be built, by unique id, with the reason.
        failed: tests that found rows, by unique id.
        timings: seconds by model.
        built: models that were built, as `schema.name`; ephemeral ones are among them.
        to_keep: built tables with the tag `previous_build`, which the next build compares with.
    """

    messages: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)
    failed: dict[str, FailedCheck] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    built: list[str] = field(default_factory=list)
    to_keep: list[str] = field(default_factory=list)

    @property
    def blocking(self) -> list[FailedCheck]:
        """The failed tests that block publishing."""
        return [check for check in self.failed.values() if check.severity == "error"]


def build(warehouse: Warehouse, select: Sequence[str] = (), full: bool = False) -> DbtOutcome:
    """Build models and run their tests (not the unit tests); the warehouse is closed afterwards.

    The caller holds the warehouse lock.

    Args:
        warehouse: the warehouse, with memory, threads and the settings that models read.
        select: dbt's selectors of models, which also select the tests of these models alone; empty for all models.
        full: whether incremental models are fully refreshed.

    Raises:
        FullDiskError: the disk has no room for the marts, or for DuckDB's temporary files.
        WarehouseUnavailableError: a server that the warehouse needs did not answer.
        BuildRefusedError: a model cannot be parsed.
        VsfError: dbt could not start.
        KeyboardInterrupt: the build was interrupted; open transactions are rolled back.
    """
    arguments = ["--no-write-json", "build", *(word for kind in LEFT_OUT for word in ("--exclude-resource-type", kind))]
    if full:
        arguments += ["--full-refresh"]
    if select:
        arguments += ["--select", *select, "--indirect-selection", "cautious"]
    settings, form = warehouse.settings, warehouse.form
    with room_for("the marts", form.disk, lambda: form.size, settings.scratch / "duckdb"):
        with warehouse.building() as target:
            result, messages = invoke(settings, target, arguments)
        refuse_outage(failed_messages(result))
    outcome = DbtOutcome(messages)
    for item in result.result or []:
        _add_result(outcome, item, warehouse)
    return outcome


def _add_result(outcome: DbtOutcome, item: Any, warehouse: Warehouse) -> None:
    """Add dbt's result of a model or test to the outcome."""
    status, node = str(item.status), item.node
    if node.resource_type == "model":
        outcome.timings[node.name] = item.execution_time
        if status == "success":
            outcome.built.append(f"{node.schema}.{node.alias}")
            outcome.to_keep += outcome.built[-1:] if "previous_build" in node.tags else []
    if status in _FAILED:
        outcome.errors.append(f"{node.name}: {(item.message or '').strip()}")
        if node.resource_type == "model":
            outcome.broken[node.unique_id] = (item.message or "").strip()
    elif status in ("fail", "warn"):
        outcome.failed[node.unique_id] = _sampled(item, warehouse, status)


def failed_messages(result: Any) -> list[str]:
    """Return the messages of the models and tests that dbt could not run."""
    return [item.message or "" for item in result.result or [] if str(item.status) in _FAILED]


def _sampled(item: Any, warehouse: Warehouse, status: str) -> FailedCheck:
    """Describe a failed test with a sample of its rows."""
    severity = "error" if status == "fail" else "warn"
    description = item.node.config.meta.get("description") or item.node.description or item.node.name.replace("_", " ")
    with warehouse.connect(read_only=True) as connection:
        sample = connection.sql(item.node.compiled_code).limit(SAMPLE_ROWS)
        columns, rows = sample.columns, sample.fetchall()
    message = f"{item.failures} found{_first(columns, rows)}"
    return FailedCheck(item.node.name, severity, message, columns, rows, description, int(item.failures or 0))


def _first(columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> str:
    """Return the values of the first found row for a message, like ": quarter 1, clicks 7"."""
    pairs = [pair for pair in zip(columns, rows[0], strict=True) if pair[1] is not None] if rows else []
    if not pairs:
        return ""
    shown = ", ".join(f"{name} {_short(value)}" for name, value in pairs[:MOST_VALUES])
    return f"{', the first' if len(rows) > 1 else ''}: {shown}"


def _short(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)[:LONGEST_VALUE]


def invoke(settings: Settings, target: BuildTarget, arguments: Sequence[str]) -> tuple[Any, list[dict[str, Any]]]:
    """Run dbt with arguments on the current models; return its result and the result messages.

    Args:
        settings: memory, threads and the settings that models read.
        target: how dbt opens the warehouse; the caller holds its lock.
        arguments: of dbt's command line.
    """
    ensure_manifest(settings)
    folder = settings.home / "dbt"
    folder.mkdir(parents=True, exist_ok=True)
    export(_variables(settings, target))
    return _invoke(arguments, folder, parsed_folder(settings.home) / _PARSED, target)


def warm_up(settings: Settings) -> None:
    """Import dbt and let it do what it does once per process: build the JSON schemas of its own classes.

    It lists the models, which opens no database. Measured: the first build of a process takes 3 s less afterwards.
    """
    invoke(settings, NO_WAREHOUSE, ["--no-write-json", "ls", "--resource-type", "model"])
    # Listing changes nothing in the decoded models; a build does.
    file = parsed_folder(settings.home) / _PARSED
    _unused_project[_version_of(file)] = _used_project.pop()


def _variables(settings: Settings, target: BuildTarget) -> dict[str, str]:
    """Return the environment variables that the dbt project reads."""
    return {
        "VSF_WAREHOUSE_FILE": target.path,
        "VSF_SCORE_SEED": settings.score_seed,
        "VSF_EVENT_DAYS_BEFORE": str(settings.plausible_days_before),
        "VSF_EVENT_DAYS_AFTER": str(settings.plausible_days_after),
        "VSF_AWESOME_RULES": json.dumps(awesome_rules(settings)),
        "VSF_MEMORY_LIMIT": settings.memory_limit,
        "VSF_THREADS": str(settings.threads),
        "VSF_TEMP_DIRECTORY": spill_folder(settings.scratch),
    }


def _invoke(
    arguments: Sequence[str], target: Path, parsed: Path | None = None, warehouse: BuildTarget = NO_WAREHOUSE
) -> tuple[Any, list[dict[str, Any]]]:
    # dbt reads every option from the environment too, e.g. DBT_EMPTY, which builds all tables without rows.
    fix_surroundings()
    handlers = logging.getLogger().handlers[:]
    from dbt.cli.main import dbtRunner

    messages: list[dict[str, Any]] = []

    def keep(message: Any) -> None:
        if message.info.name in _RESULT_MESSAGES:
            messages.append(message_as_dict(message))

    places = [
        "--project-dir",
        DBT_PROJECT,
        "--profiles-dir",
        DBT_PROJECT,
        "--target-path",
        target,
        "--log-path",
        target,
    ]
    name_sources_cheaply()
    take_shortcuts(_RESULT_MESSAGES)
    run_before(warehouse.statements)
    if parsed:
        templates.read(parsed.with_name(TEMPLATES))
    try:
        # dbt prints before it has read its settings; its lines must not appear in the output of the command.
        # The parsed project lives to the end, and the collector would take a seventh of a build to scan it.
        with interruptible(), redirect_stdout(io.StringIO()), gc_paused():
            project = _parsed_project(parsed) if parsed else None
            if warehouse.sources != DATABASE:
                read_sources_from(project, warehouse.sources, WRITTEN_BY_BUILDS)
            result = dbtRunner(callbacks=[keep], manifest=project).invoke([*_QUIET, *arguments, *map(str, places)])
        templates.write()
    finally:
        close_connections()
        logging.getLogger().handlers[:] = handlers
    if result.exception is not None:
        if interruption(result.exception) is not None:
            raise KeyboardInterrupt from result.exception
        is_broken = any(base.__name__ in _BROKEN_MODELS for base in type(result.exception).__mro__)
        kind = BuildRefusedError if is_broken else VsfError
        raise kind(f"dbt could not run: {result.exception}{_hint(result.exception)}") from result.exception
    return result, messages


def _hint(error: BaseException) -> str:
    """Return what to do about an error that names no file: Python's locks are files that it makes without a name."""
    is_about_locks = isinstance(error, OSError) and error.filename is None and error.errno in _NO_LOCKS
    return "; dbt needs a folder /dev/shm that this user may write to" if is_about_locks else ""


_NO_LOCKS = (errno.EACCES, errno.EPERM, errno.ENOENT, errno.EROFS)

_unused_project: dict[tuple[Any, ...], Any] = {}
"""The decoded models that only a listing has used, by the version of their file."""
_used_project: list[Any] = []


def _version_of(file: Path) -> tuple[Any, ...]:
    found = file.stat()
    return file, found.st_ino, found.st_mtime_ns, found.st_size


def _parsed_project(file: Path) -> Any:
    """Return the parsed models: those that `warm_up` left, or decoded again."""
    project = _unused_project.pop(_version_of(file), None) or read_parsed_project(file)
    _used_project[:] = [project]
    return project


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt inside dbt on Ctrl-C, the only exception on which it cancels the queries of its threads.

    Dagster raises another exception inside a step; dbt would then return while its threads continue to write.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python handles signals in the main thread only
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handled = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in handled:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in handled.items():
            signal.signal(number, handler)


def ensure_manifest(settings: Settings) -> Path:
    """Return the path of the project's manifest; it and the code versions are made again if models or dbt changed."""
    manifest = manifest_file(settings.home)
    if not is_parsed(settings):
        with hold_lock(manifest.with_name("manifest.lock"), "parsing the models", settings.lock_wait_seconds):
            if not is_parsed(settings):
                # With partial parsing, dbt 1.11 loses the settings of singular tests.
                with room_for("the parsed models", manifest.parent, MANIFEST_BYTES):
                    _parse(settings, manifest.parent)
                    _stamp_file(settings).write_text(_stamp())
    return manifest


def is_parsed(settings: Settings) -> bool:
    """Return whether the manifest and the code versions are of the project's models as they are."""
    stamp = _stamp_file(settings)
    made = all(path.exists() for path in (manifest_file(settings.home), code_versions_file(settings.home), stamp))
    return made and stamp.read_text() == _stamp()


def _stamp_file(settings: Settings) -> Path:
    return manifest_file(settings.home).with_name("manifest.version")


def _stamp() -> str:
    """Name the models, and dbt: the parsed project is its own format, and an upgrade leaves the file as it was."""
    return f"{project_digest()} dbt-core {version('dbt-core')}"


def _parse(settings: Settings, folder: Path) -> None:
    """Parse and compile the models beside the earlier files, and replace these when all are made.

    A model that cannot be compiled, or Ctrl-C, leaves a manifest and code versions that belong to each other.
    """
    new = folder / "new"
    shutil.rmtree(new, ignore_errors=True)
    _invoke(["parse", "--no-partial-parse"], new)
    (new / "code_versions.json").write_text(json.dumps(_code_versions(settings, new), indent=1))
    for path in new.iterdir():
        if path.is_file():
            path.replace(folder / path.name)
    shutil.rmtree(new)


def _code_versions(settings: Settings, folder: Path) -> dict[str, str]:
    """Return model -> digest of its compiled SQL and of what decides how its table is written.

    It is compiled with the project's own defaults: settings of a home are not code.
    """
    arguments = ["--no-write-json", "compile", "--select", "resource_type:model"]
    with without_variables(_variables(settings, NO_WAREHOUSE)):
        result, _ = _invoke(arguments, folder, folder / _PARSED)
    macros = json.loads((folder / "manifest.json").read_bytes())["macros"]
    models = (item.node for item in result.result if item.node.resource_type == "model")
    return {node.unique_id: _digest(node, macros) for node in models}


def _digest(model: Any, macros: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the first 12 hex digits of the digest of a compiled model, and of the project's macros that write it."""
    config = model.config
    written = [str(config.get(name)) for name in _WRITING] + [config.meta.get(name) for name in _REPLACED_ROWS]
    writing = (f"materialization_{config.materialized}_duckdb", f"get_incremental_{config.incremental_strategy}_sql")
    texts = [macros.get(f"macro.{model.package_name}.{name}", {}).get("macro_sql") for name in writing]
    return hashlib.sha256(json.dumps([model.compiled_code, written, texts]).encode()).hexdigest()[:12]
