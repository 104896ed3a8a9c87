"""The S3 client: addresses, configuration, time limits, errors.

Here: what every use of an object store needs. Not here: files in it (storage/s3.py) and
snapshots in it (warehouse/). Nothing is imported before an address of an object store is used.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from vsf_assets.common.call_timeout import within
from vsf_assets.common.errors import UsageError
from vsf_assets.config.settings import ClientOptions, client_options, name_of_place

SCHEME = "s3://"
POOL = 32
"""Connections that one client keeps open; threads beyond that wait for one."""

LONGEST_CONNECT = 5.0
"""Seconds to wait for a connection; an answer may take longer (VSF_STORE_TIMEOUT)."""

PAUSE_SECONDS = 0.2
"""Seconds after an answer that was cut off; a little more each time."""

ABSENT = {"404", "NoSuchKey", "NotFound", "NoSuchVersion"}
REPLACED = {"412", "PreconditionFailed", "ConditionalRequestConflict"}
DENIED = {"403", "AccessDenied", "Forbidden", "AllAccessDisabled", "SignatureDoesNotMatch", "InvalidAccessKeyId"}


COLD = {"InvalidObjectState"}
"""The object is archived in cold storage."""

OF_ALL = {
    *("NoSuchBucket", "SignatureDoesNotMatch", "InvalidAccessKeyId", "ExpiredToken", "InvalidToken"),
    *("RequestTimeTooSkewed", "RequestTimeout", "AllAccessDisabled"),
}
"""Answers that every object would get."""


class ObjectStoreError(OSError):
    """The object store cannot be reached, or refuses; the message says what to look at."""


class ObjectError(ObjectStoreError):
    """One object cannot be read or written in time, or only in parts; that says nothing of the others."""


class ObjectRefusedError(ObjectError):
    """The store answered, and does not hand out this one object; the others may be fine."""


class StoredObjectReplacedError(ObjectStoreError):
    """An object is no longer the one that was seen."""


def is_address(place: str) -> bool:
    """Whether a place is in an object store."""
    return place.startswith(SCHEME)


def split_address(address: str) -> tuple[str, str]:
    """Return (bucket, prefix) of `s3://bucket/prefix`; the prefix has no slash at its ends and may be empty.

    Raises:
        UsageError: the address names no bucket.
    """
    bucket, _, prefix = address.removeprefix(SCHEME).partition("/")
    if not is_address(address) or not bucket or any(c in bucket for c in "?#@: "):
        raise UsageError(f"{address!r} is no address in an object store; write it like s3://bucket/prefix")
    return bucket, prefix.strip("/")


def s3_client() -> Any:
    """Return a boto3 S3 client; it may be used by many threads at once and is made once per process.

    In a step or a sensor's tick of Dagster it is the one of the resource (`clients_from`), elsewhere one made here.
    Endpoint and credentials come from the usual AWS variables, VSF_STORE_TIMEOUT and
    VSF_STORE_ATTEMPTS bound how long a request takes. Throttled and failed requests are repeated
    with growing pauses.
    """
    make = _make.get()
    return _client(client_options(), os.getpid()) if make is None else make()


_make: ContextVar[Callable[[], Any] | None] = ContextVar("_make", default=None)


@contextmanager
def clients_from(make: Callable[[], Any]) -> Iterator[None]:
    """Let `s3_client` return what `make` returns, in this thread, while the context is open."""
    token = _make.set(make)
    try:
        yield
    finally:
        _make.reset(token)


@lru_cache(maxsize=4)
def _client(options: ClientOptions, process: int) -> Any:  # noqa: ARG001  a child makes connections of its own
    return make_client(options.attempts, min(LONGEST_CONNECT, options.timeout), options.timeout)


def make_client(
    attempts: int,
    connect_timeout: float,
    read_timeout: float,
    pool: int = POOL,
    profile: str | None = None,
    **given: Any,
) -> Any:
    """Return a boto3 S3 client that gives up in bounded time.

    Args:
        attempts: how often a request is tried; throttled and 5xx ones too, with pauses that grow by chance.
        connect_timeout: seconds to wait for a connection.
        read_timeout: seconds to wait for the next bytes of an answer.
        pool: connections kept open.
        profile: AWS profile; None for the environment's.
        given: what else the client is made with, e.g. endpoint_url; None for what the environment says.
    """
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        max_pool_connections=pool,
        retries={"mode": "standard", "total_max_attempts": attempts},
        tcp_keepalive=True,
    )
    return boto3.session.Session(profile_name=profile).client("s3", config=config, **given)


def error_code(error: Exception) -> str:
    """Return the code of an answer of the store, e.g. `NoSuchKey` or `412`; empty where there was no answer."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


@contextmanager
def plain_errors(address: str) -> Iterator[None]:
    """Turn the AWS client's errors into ones a person can read.

    Args:
        address: of the object or the place that is used.

    Raises:
        FileNotFoundError: the object is not there.
        StoredObjectReplacedError: the object is not the one that a conditional request asked for.
        ObjectStoreError: everything else; it names the setting, the address and the endpoint.
    """
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        ConnectionClosedError,
        HTTPClientError,
        IncompleteReadError,
        ResponseStreamingError,
    )
    from botocore.parsers import ResponseParserError

    try:
        yield
    except (BotoCoreError, ClientError, HTTPClientError, ResponseParserError) as error:
        code = error_code(error)
        if code in ABSENT:
            raise FileNotFoundError(f"{address} is not there") from error
        if code in REPLACED:
            raise StoredObjectReplacedError(f"{address} was replaced meanwhile") from error
        if isinstance(error, ConnectionClosedError):  # of any object: the store itself may be down
            raise ObjectStoreError(str(cut_off(address, client_options().attempts))) from error
        if isinstance(error, IncompleteReadError | ResponseStreamingError | ResponseParserError):
            raise cut_off(address, 1) from error
        raise _error_type(error, code)(_explain(error, code, address)) from error


def _error_type(error: Exception, code: str) -> type[ObjectStoreError]:
    """Return ObjectRefusedError where an answer concerns one object: the store is up, and knows who asks."""
    response = getattr(error, "response", None) or {}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    is_of_one = code in COLD or (400 <= status < 500 and code not in OF_ALL and status != 429)
    return ObjectRefusedError if is_of_one else ObjectStoreError


def cut_off(address: str, times: int, progress: str = "") -> ObjectError:
    """Return the error of an object or a place whose answer ends before its end, again and again.

    Args:
        address: of the object or the place.
        times: how often.
        progress: how much came, in words.
    """
    return ObjectError(
        f"{_where(address)}: the store's answer was cut off {times} time{'s' if times > 1 else ''}{progress};"
        " it is tried again at the next run; if it goes on, look at the store and what lies between"
    )


def time_for(size: int, seconds: float) -> float:
    """Return the seconds that an object may take.

    Args:
        size: its bytes.
        seconds: those that any object may take (VSF_STORE_OBJECT_SECONDS); for each MB come 4.
    """
    return seconds + size * 4e-6


def too_slow(address: str, seconds: float, progress: str = "") -> ObjectError:
    """Return the error of an object that takes longer than it may; see `cut_off` for the arguments."""
    return ObjectError(
        f"{_where(address)}: it took longer than {seconds:,.0f} s{progress}; it is tried again at the next run; raise"
        " VSF_STORE_OBJECT_SECONDS if the store is so slow"
    )


def complete_answer(
    call: Callable[[], dict[str, Any]], address: str, seconds: float, attempts: int = 1, wanted: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the whole answer of a request.

    The client repeats requests without an answer; here those are repeated whose answer ends too soon, which the client
    takes for a whole one, or cannot read.

    Args:
        call: makes the request.
        address: of the object or the place, for messages.
        seconds: how long all of it may take.
        attempts: how often it is tried; once for what must not be done twice.
        wanted: fields that a whole answer has.

    Raises:
        ObjectError: the time is over, or no answer was whole; and what `plain_errors` raises.
    """
    until = time.monotonic() + seconds
    for number in range(1, attempts + 1):
        try:
            answer = _readable(call, address, until - time.monotonic())
        except TimeoutError as error:
            raise too_slow(address, seconds) from error
        if all(name in answer for name in wanted) and answer is not _UNREADABLE:
            return answer
        if "Body" in answer:
            answer["Body"].close()
        if number < attempts:
            time.sleep(PAUSE_SECONDS * number)
    raise cut_off(address, attempts)


_UNREADABLE: dict[str, Any] = {}


def _readable(call: Callable[[], dict[str, Any]], address: str, seconds: float) -> dict[str, Any]:
    """Return an answer, or _UNREADABLE where the client cannot read it."""
    from botocore.parsers import ResponseParserError

    with plain_errors(address):
        try:
            return within(max(0.05, seconds), call)
        except ResponseParserError:
            return _UNREADABLE


def _where(address: str) -> str:
    """Return what a message begins with: setting, address and endpoint."""
    setting = name_of_place(address)
    return f"{setting + '=' if setting else ''}{address} at {s3_client().meta.endpoint_url}"


def _explain(error: Exception, code: str, address: str) -> str:
    from botocore.exceptions import NoCredentialsError, PartialCredentialsError

    where = _where(address)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return f"{where}: no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    if code == "NoSuchBucket":
        return f"{where}: there is no bucket {split_address(address)[0]}; make it, or mend the name"
    if code in COLD:
        return f"{where} is archived in cold storage; restore it (aws s3api restore-object), or put a copy here"
    if code in DENIED:
        return f"{where}: access is denied ({error}); docs/object-store.md lists the permissions that are needed"
    if code:
        return f"{where}: the object store failed ({error})"
    return f"{where} cannot be reached ({error}); is AWS_ENDPOINT_URL right, and the store up?"
