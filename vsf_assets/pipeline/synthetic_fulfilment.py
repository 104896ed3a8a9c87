"""Fulfils requests for made-up files, and removes files whose schema is deleted.

Here: what is done for the requests that wait, one after the other, under a lock of their own. States are told as
files in the landing zone, so that they are deliveries like all others: recorded, archived, rebuilt. Not here:
which requests wait (synthetic_queue.py), making rows (synthetic/generator.py) and Dagster.
"""

import json
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from vsf_assets.common.digests import sha256_of_file
from vsf_assets.common.errors import VsfError
from vsf_assets.common.throttle import Throttle
from vsf_assets.config.settings import Settings
from vsf_assets.feeds.by_family.synthetic import STATES
from vsf_assets.pipeline.synthetic_queue import NOTHING, KnownRequests, RequestRow, read_known
from vsf_assets.readers.common.limits import DESCRIPTION_BYTES
from vsf_assets.storage.base import Store, is_about_one_file
from vsf_assets.storage.factory import open_store
from vsf_assets.synthetic import ENGINE_VERSION
from vsf_assets.synthetic.model.schema import Schema, SchemaError, schema_of
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.lock import hold_lock

_SECONDS = 2.0

Log = Callable[[str], None]


@dataclass(frozen=True)
class FulfilmentResult:
    """What was done for a request.

    Attributes:
        request: the request.
        state: ready, failed, deleted, or stuck where a file that is to go cannot be removed; then the request waits.
        reason: why it failed or was deleted.
        bytes, sha256: of the file.
        problems: check -> what it found wrong with the file.
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
    """Return what is known and the requests that wait, those told in the landing zone not among them.

    Args:
        warehouse: the warehouse.
        again: names of requests whose last one is done again, whatever became of it.
        log: logs states in the landing zone that cannot be read.
    """
    reported = _reported_states(open_store(warehouse.settings.landing), log)
    with warehouse.read("requests for made-up files") as connection:
        known = read_known(connection) if connection is not None else NOTHING
    waiting = known.waiting(reported)
    newest = {request.name: request for request in known.requests}
    wanted = [newest[name] for name in again if name in newest and newest[name] not in waiting]
    return known, waiting + wanted


def _reported_states(landing: Store, log: Log = lambda _: None) -> dict[int, str]:
    """Return request -> the last state of it that a file in the landing zone tells.

    Without one that cannot be read a request is fulfilled once more, with the same bytes.
    """
    found: dict[int, str] = {}
    for entry in landing.entries(STATES):
        if entry.size > DESCRIPTION_BYTES:
            continue  # a stranger's file; the ingest says what is wrong
        try:
            with landing.open(entry.path, entry.etag) as file:
                content = file.read(DESCRIPTION_BYTES)
        except FileNotFoundError:
            continue  # a run has just loaded it
        except OSError as error:
            if not is_about_one_file(error):
                raise
            log(f"warning: {entry.path} cannot be read: {error}")
            continue
        for line in content.splitlines():
            with suppress(ValueError, KeyError, TypeError, RecursionError):
                reported = json.loads(line)
                found[int(reported["request_id"])] = str(reported["state"])
    return found


def fulfil(warehouse: Warehouse, log: Log, again: Iterable[str] = ()) -> list[FulfilmentResult]:
    """Do what waits, in the order it was asked for; one that fails holds no other back.

    Raises:
        LockTimeoutError: another process makes files and did not end in time.
        OSError: a state could not be told.
    """
    settings = warehouse.settings
    lock = settings.made / ".lock"
    done = []
    with hold_lock(lock, "making files", settings.lock_wait_seconds, log, "the folder of made files"):
        known, waiting = waiting_now(warehouse, again, log)
        _remove_leftovers(settings.made, log)
        for request in waiting:
            try:
                done.append(_do(settings, known, request, log))
            finally:
                _now_file(settings).unlink(missing_ok=True)
    return done


def _remove_leftovers(result: Path, log: Log) -> None:
    """Remove what a killed process left half done: the lock says that nobody writes here."""
    for leftover in result.glob("*/.*.tmp"):
        try:
            leftover.unlink()
        except OSError as error:
            log(f"warning: {leftover} is left half done and cannot be removed: {error.strerror}; remove it by hand")


def _do(settings: Settings, known: KnownRequests, request: RequestRow, log: Log) -> FulfilmentResult:
    target = settings.made / request.target
    if known.was_deleted(request):
        try:
            target.unlink(missing_ok=True)
        except OSError as error:
            why = f"{target} cannot be removed: {error.strerror}; let the user who runs this do it, then run again"
            log(f"warning: {why}")
            return FulfilmentResult(request, "stuck", why)  # its state stays, so that the next run tries again
        with suppress(OSError):
            target.parent.rmdir()  # it stays while other files are in it
        why = f"the schema {request.schema_name} was deleted"
        result = FulfilmentResult(request, "deleted" if request.state == "ready" else "failed", why)
    else:
        try:
            result = _make(settings, known, request, log, target)
        except (VsfError, OSError) as error:
            result = FulfilmentResult(request, "failed", str(error))
    log(f"{result.state}: made-up file {request.target}" + (f": {result.reason}" if result.reason else ""))
    _record(settings, result)
    return result


def _make(settings: Settings, known: KnownRequests, request: RequestRow, log: Log, target: Path) -> FulfilmentResult:
    schema = _schema(known, request)
    from vsf_assets.synthetic.file_checks import problems_of
    from vsf_assets.synthetic.generator import Frames
    from vsf_assets.synthetic.writers import Format, write_file

    frames = Frames(schema, request.rows, request.seed)
    _record(settings, FulfilmentResult(request, "processing"))
    target.parent.mkdir(parents=True, exist_ok=True)
    progress = _FileProgress(settings, request, log)
    progress(0)
    form: Format = "parquet" if request.format == "parquet" else "csv"
    written = write_file(frames, target, form, progress=progress, threads=settings.threads)
    try:
        problems = problems_of(target, request.format, schema, request.rows, settings)
    except VsfError:
        target.unlink()
        raise
    if any(problems.values()):
        target.unlink()
        found = "; ".join(problem for listed in problems.values() for problem in listed)
        return FulfilmentResult(request, "failed", f"the file did not pass its checks: {found}", problems=problems)
    return FulfilmentResult(request, "ready", None, written.bytes, sha256_of_file(target), problems)


def _schema(known: KnownRequests, request: RequestRow) -> Schema:
    found = known.schemas.get(request.schema_name)
    if found is None or found.definition is None:
        there = sorted(name for name, schema in known.schemas.items() if schema.definition is not None)
        raise SchemaError(f"there is no schema {request.schema_name!r}; there are: {', '.join(there) or 'none'}")
    return schema_of(json.loads(found.definition))


def _record(settings: Settings, result: FulfilmentResult) -> None:
    """Tell a state as a file in the landing zone."""
    request = result.request
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
    """Tells from time to time how far a file is, to the log and to `vsf status`."""

    def __init__(self, settings: Settings, request: RequestRow, log: Log) -> None:
        self._settings, self._request, self._log = settings, request, log
        self._throttle = Throttle(_SECONDS, is_first_now=True)

    def __call__(self, done: int) -> None:
        if not self._throttle.passes():
            return
        rows, request = self._request.rows, self._request
        self._log(f"making up {request.target}: {done:,} of {rows:,} rows")
        share = 100 * done // rows if rows else 0
        _now_file(self._settings).write_text(json.dumps({"request_id": request.request_id, "percent": share}))


def _now_file(settings: Settings) -> Path:
    return settings.made / ".now.json"


def states_now(settings: Settings, known: KnownRequests) -> list[RequestRow]:
    """Return the requests in the states they are in this moment, also where no run has taken that in yet."""
    reported = _reported_states(open_store(settings.landing))
    try:
        now = json.loads(_now_file(settings).read_text())
        making, percent = int(now["request_id"]), int(now["percent"])
    except (OSError, ValueError, KeyError):
        making, percent = None, 0  # nothing is being made
    found = []
    for request in known.requests:
        if request.request_id == making:
            found.append(replace(request, state="processing", reason=f"{percent} % of the rows are made"))
        else:
            found.append(replace(request, state=reported.get(request.request_id, request.state)))
    return found
