"""Fulfils requests for made-up files, and removes files whose schema is deleted.

Here: fulfilling the waiting requests, one after the other, under a separate lock. States of requests are written as
files into the landing zone, so that they are deliveries like all others: recorded, archived, rebuilt. Not here:
which requests wait (synthetic_queue.py), their present states (synthetic_states.py), generating rows
(synthetic/generator.py) and Dagster.
"""

import json
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from vsf_assets.common.digests import sha256_of_file
from vsf_assets.common.errors import VsfError
from vsf_assets.common.throttle import Throttle
from vsf_assets.config.settings import Settings
from vsf_assets.feeds.by_family.synthetic import STATES
from vsf_assets.pipeline.made_places import keep, remove, remove_note, write_note
from vsf_assets.pipeline.request_progress import RequestProgress, forget_progress, write_progress
from vsf_assets.pipeline.synthetic_queue import NOTHING, KnownRequests, RequestRow, read_known
from vsf_assets.pipeline.synthetic_states import NOW, Log, reported_states
from vsf_assets.storage.factory import open_store
from vsf_assets.synthetic import ENGINE_VERSION
from vsf_assets.synthetic.model.schema import Schema, SchemaError, schema_of
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.lock import hold_lock

_SECONDS = 2.0
"""Seconds between two reports of progress."""


@dataclass(frozen=True)
class FulfilmentResult:
    """The result of fulfilling a request.

    Attributes:
        request: the request.
        state: ready, failed, deleted, or stuck. A request is stuck if its file must be removed and cannot be; then it
            keeps waiting.
        reason: why it failed or was deleted.
        bytes, sha256: size and digest of the file.
        problems: check -> the problems that it found in the file.
    """

    request: RequestRow
    state: str
    reason: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    problems: dict[str, list[str]] = field(default_factory=dict)


def waiting_now(
    warehouse: Warehouse, again: Iterable[str] = (), log: Log = lambda _: None
) -> tuple[KnownRequests, list[RequestRow]]:
    """Return all requests, and the waiting ones, less those with a final state in the landing zone.

    Args:
        warehouse: the warehouse.
        again: names of requests whose newest one is fulfilled again, whatever its state is.
        log: receives a warning for each state file in the landing zone that cannot be read.
    """
    reported = reported_states(open_store(warehouse.settings.landing), log)
    with warehouse.read("requests for made-up files") as connection:
        known = read_known(connection) if connection is not None else NOTHING
    waiting = known.waiting(reported)
    newest = {request.name: request for request in known.requests}
    wanted = [newest[name] for name in again if name in newest and newest[name] not in waiting]
    return known, waiting + wanted


def fulfil(warehouse: Warehouse, log: Log, again: Iterable[str] = ()) -> list[FulfilmentResult]:
    """Fulfil the waiting requests in landing order; after a failed one, the others are still fulfilled.

    Raises:
        LockTimeoutError: another process is generating files and did not end in time.
        OSError: a state could not be written.
    """
    settings = warehouse.settings
    lock = settings.made / ".lock"
    done = []
    with hold_lock(lock, "making files", settings.lock_wait_seconds, log, "the folder of made files"):
        known, waiting = waiting_now(warehouse, again, log)
        _remove_leftovers(settings.made, log)
        for request in waiting:
            try:
                done.append(_fulfil_one(settings, known, request, log))
            finally:
                remove_note(settings, NOW)
    return done


def _remove_leftovers(folder: Path, log: Log) -> None:
    """Remove temporary files of a killed process; the caller holds the lock, so no other process writes here."""
    for leftover in folder.glob("*/.*.tmp"):
        try:
            leftover.unlink()
        except OSError as error:
            log(f"warning: {leftover} is left half done and cannot be removed: {error.strerror}; remove it by hand")


def _fulfil_one(settings: Settings, known: KnownRequests, request: RequestRow, log: Log) -> FulfilmentResult:
    target = settings.made / request.target
    if known.was_deleted(request):
        try:
            remove(settings, request.target)
        except OSError as error:
            why = f"{target} cannot be removed: {error.strerror}; let the user who runs this do it, then run again"
            log(f"warning: {why}")
            return FulfilmentResult(request, "stuck", why)  # its state is unchanged, so the next run tries again
        with suppress(OSError):
            target.parent.rmdir()  # fails while other files are in the folder
        why = f"the schema {request.schema_name} was deleted"
        result = FulfilmentResult(request, "deleted" if request.state == "ready" else "failed", why)
    else:
        try:
            result = _generate(settings, known, request, log, target)
        except VsfError as error:
            result = FulfilmentResult(request, "failed", str(error))
        except OSError as error:  # whose text names a path of this machine
            log(f"warning: {error}")
            why = f"the file cannot be written: {error.strerror or 'it broke off'}"
            result = FulfilmentResult(request, "failed", why)
    log(f"{result.state}: made-up file {request.target}" + (f": {result.reason}" if result.reason else ""))
    _record(settings, result, log)
    return result


def _generate(
    settings: Settings, known: KnownRequests, request: RequestRow, log: Log, target: Path
) -> FulfilmentResult:
    schema = _schema(known, request.schema_name)
    parents = _parents(known, schema)
    from vsf_assets.synthetic.file_checks import problems_of
    from vsf_assets.synthetic.generator import Frames
    from vsf_assets.synthetic.writers import Format, write_file

    frames = Frames(schema, request.rows, request.seed, parents=parents)
    _record(settings, FulfilmentResult(request, "processing"), log)
    target.parent.mkdir(parents=True, exist_ok=True)
    progress = _FileProgress(settings, request, log)
    progress(0)
    written = write_file(frames, target, cast("Format", request.format), progress=progress, threads=settings.threads)
    try:
        problems = problems_of(target, request.format, schema, request.rows, settings, parents)
    except VsfError:
        target.unlink()
        raise
    if any(problems.values()):
        target.unlink()
        text = "; ".join(problem for listed in problems.values() for problem in listed)
        return FulfilmentResult(request, "failed", f"the file did not pass its checks: {text}", problems=problems)
    sha256 = sha256_of_file(target)
    try:
        keep(settings, request.target)
    except OSError:
        target.unlink(missing_ok=True)
        raise
    return FulfilmentResult(request, "ready", None, written.bytes, sha256, problems)


def _schema(known: KnownRequests, name: str) -> Schema:
    """Return a schema with its ranges of days filled in: by default they end on the day (UTC) on which it landed.

    Raises:
        SchemaError: there is no such schema, or a range begins after that day.
    """
    schema_row = known.schemas.get(name)
    if schema_row is None or schema_row.definition is None or schema_row.landed_at is None:
        # the others are not listed: they may be those of teams that the reader of the reason must not know of
        raise SchemaError(f"there is no schema {name!r}: it never landed, is invalid, or was deleted")
    return schema_of(json.loads(schema_row.definition)).on_day(schema_row.landed_at.date())


def _parents(known: KnownRequests, schema: Schema) -> list[Schema]:
    """Return the schemas that foreign keys lead to, also those of foreign keys of other schemas."""
    found: dict[str, Schema] = {}
    waiting = list(schema.parents)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _schema(known, name)
            waiting += found[name].parents
    return list(found.values())


def _record(settings: Settings, result: FulfilmentResult, log: Log) -> None:
    """Write the state of a request as a file into the landing zone, and before it for pages that wait."""
    request = result.request
    if result.state == "deleted":
        forget_progress(settings, request.name)
    else:
        percent = 100 if result.state == "ready" else 0
        progress = RequestProgress(result.state, percent, result.reason, result.bytes, result.sha256)
        write_progress(settings, request.name, progress, log)
    reported = {
        "request_id": request.request_id,
        "request": request.name,
        "state": result.state,
        "reason": result.reason,
        "file_path": request.target if result.state == "ready" else None,
        "bytes": result.bytes,
        "sha256": result.sha256,
        "engine": ENGINE_VERSION,
    }
    name = f"{STATES}/{time.time_ns():020d}-{result.state}.state.jsonl"
    with open_store(settings.landing).writer(name) as file:
        file.write(json.dumps(reported).encode() + b"\n")


class _FileProgress:
    """Reports the progress of a file periodically, to the log and to `vsf status`."""

    def __init__(self, settings: Settings, request: RequestRow, log: Log) -> None:
        self._settings, self._request, self._log = settings, request, log
        self._throttle = Throttle(_SECONDS, is_first_now=True)

    def __call__(self, done: int) -> None:
        if not self._throttle.passes():
            return
        rows, request = self._request.rows, self._request
        self._log(f"generating {request.target}: {done:,} of {rows:,} rows")
        share = 100 * done // rows if rows else 0
        write_progress(self._settings, request.name, RequestProgress("processing", share), self._log)
        write_note(self._settings, NOW, {"request_id": request.request_id, "percent": share})
