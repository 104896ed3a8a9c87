"""The S3 client: addresses, configuration, time limits, errors.

Here: the parts that all uses of an object store share. Not here: files in a store (s3.py) and snapshots in a store
(publish/). The AWS libraries are imported when the first address of an object store is used.
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
"""Number of connections that a client keeps open; more threads wait for a free one."""

LONGEST_CONNECT = 5.0
"""Longest time to wait for a connection, in seconds; an answer may take longer (VSF_STORE_TIMEOUT)."""

PAUSE_SECONDS = 0.2
"""Pause in seconds after a truncated answer; it grows with each retry."""

ABSENT = {"404", "NoSuchKey", "NotFound", "NoSuchVersion", "NoSuchUpload"}
REPLACED = {"412", "PreconditionFailed"}
CONFLICT = {"ConditionalRequestConflict"}
"""Error codes of a conditional request that met another one for the same object: it may be made again."""

DENIED = {"403", "AccessDenied", "Forbidden", "AllAccessDisabled", "SignatureDoesNotMatch", "InvalidAccessKeyId"}


COLD = {"InvalidObjectState"}
"""Error codes of an object in cold storage."""

OF_ALL = {
    *("NoSuchBucket", "SignatureDoesNotMatch", "InvalidAccessKeyId", "ExpiredToken", "InvalidToken"),
    *("RequestTimeTooSkewed", "RequestTimeout", "AllAccessDisabled"),
}
"""Error codes that concern the whole store or bucket, not one object."""


class ObjectStoreError(OSError):
    """The object store cannot be reached, or refuses a request; the message names the settings to check."""


class ObjectError(ObjectStoreError):
    """One object cannot be read or written completely, or not in time; other objects may be fine."""


class ObjectRefusedError(ObjectError):
    """The store answers, but refuses this object; other objects may be fine."""


class StoredObjectReplacedError(ObjectStoreError):
    """An object was replaced since its state was read."""


class ConflictingRequestError(StoredObjectReplacedError):
    """Another request changed the object at this moment; the same request may succeed when it is made again."""


def is_address(place: str) -> bool:
    """Whether a place is an address in an object store."""
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
    """Return a boto3 S3 client; it is created once per process, and threads may share it.

    In a step or a sensor tick of Dagster it is the client of the resource (`clients_from`), elsewhere one created here.
    Endpoint and credentials come from the usual AWS variables. VSF_STORE_TIMEOUT and VSF_STORE_ATTEMPTS bound the time
    of a request. Throttled and failed requests are retried with growing pauses.
    """
    make = _make.get()
    return _client(client_options(), os.getpid()) if make is None else make()


_make: ContextVar[Callable[[], Any] | None] = ContextVar("_make", default=None)


@contextmanager
def clients_from(make: Callable[[], Any]) -> Iterator[None]:
    """Make `s3_client` return the result of `make`, in this thread, while the context is open."""
    token = _make.set(make)
    try:
        yield
    finally:
        _make.reset(token)


@lru_cache(maxsize=4)
def _client(options: ClientOptions, process: int) -> Any:  # noqa: ARG001  a child process needs its own connections
    return make_client(options.attempts, min(LONGEST_CONNECT, options.timeout), options.timeout)


def make_client(
    attempts: int,
    connect_timeout: float,
    read_timeout: float,
    pool: int = POOL,
    profile: str | None = None,
    **arguments: Any,
) -> Any:
    """Return a boto3 S3 client whose requests end in bounded time.

    Args:
        attempts: number of attempts of a request, including throttled and 5xx ones, with growing random pauses.
        connect_timeout: seconds to wait for a connection.
        read_timeout: seconds to wait for the next bytes of an answer.
        pool: number of connections that are kept open.
        profile: AWS profile; None for that of the environment.
        arguments: other arguments of the client, e.g. endpoint_url; None for the values of the environment.
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
    return boto3.session.Session(profile_name=profile).client("s3", config=config, **arguments)


def error_code(error: Exception) -> str:
    """Return the error code of an answer, e.g. `NoSuchKey` or `412`; an empty text if there was no answer."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


@contextmanager
def plain_errors(address: str) -> Iterator[None]:
    """Convert errors of the AWS client into errors with a message for a person.

    Args:
        address: address of the object, or of the bucket or prefix.

    Raises:
        FileNotFoundError: the object does not exist.
        StoredObjectReplacedError: the condition of a conditional request does not hold.
        ConflictingRequestError: another request came in between.
        ObjectStoreError: all other errors; the message names the setting, the address and the endpoint.
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
        if code in CONFLICT:
            raise ConflictingRequestError(f"{address} was changed by another request at this moment") from error
        if code in REPLACED:
            raise StoredObjectReplacedError(f"{address} was replaced meanwhile") from error
        if isinstance(error, ConnectionClosedError):  # concerns all objects: the store may be down
            raise ObjectStoreError(str(cut_off(address, client_options().attempts))) from error
        if isinstance(error, IncompleteReadError | ResponseStreamingError | ResponseParserError):
            raise cut_off(address, 1) from error
        raise _error_type(error, code)(_explain(error, code, address)) from error


def _error_type(error: Exception, code: str) -> type[ObjectStoreError]:
    """Return ObjectRefusedError if an answer concerns one object: the store is up and accepts the credentials."""
    response = getattr(error, "response", None) or {}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    is_of_one = code in COLD or (400 <= status < 500 and code not in OF_ALL and status != 429)
    return ObjectRefusedError if is_of_one else ObjectStoreError


def cut_off(address: str, times: int, progress: str = "") -> ObjectError:
    """Return the error of an object or a listing whose answers were truncated repeatedly.

    Args:
        address: address of the object or of the listing.
        times: number of truncated answers.
        progress: the size of the part that arrived, in words.
    """
    return ObjectError(
        f"{_where(address)}: the store's answer was cut off {times} time{'s' if times > 1 else ''}{progress};"
        " it is tried again at the next run; if it goes on, look at the store and what lies between"
    )


def time_for(size: int, seconds: float) -> float:
    """Return the time limit of an object in seconds.

    Args:
        size: size of the object in bytes.
        seconds: base limit of each object (VSF_STORE_OBJECT_SECONDS); 4 seconds per MB are added.
    """
    return seconds + size * 4e-6


def too_slow(address: str, seconds: float, progress: str = "") -> ObjectError:
    """Return the error of an object that exceeds its time limit; see `cut_off` for the arguments."""
    return ObjectError(
        f"{_where(address)}: it took longer than {seconds:,.0f} s{progress}; it is tried again at the next run; raise"
        " VSF_STORE_OBJECT_SECONDS if the store is so slow"
    )


def complete_answer(
    call: Callable[[], dict[str, Any]], address: str, seconds: float, attempts: int = 1, wanted: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the complete answer of a request.

    The client retries requests without an answer. This function retries requests with a truncated answer, which the
    client takes for complete or cannot parse.

    Args:
        call: makes the request.
        address: address of the object or of the listing, for messages.
        seconds: time limit of all attempts.
        attempts: number of attempts; 1 for requests that must not be repeated.
        wanted: fields that a complete answer has.

    Raises:
        ObjectError: the time limit is exceeded, or no answer was complete. Also the errors of `plain_errors`.
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
    """Return an answer, or _UNREADABLE if the client cannot parse it."""
    from botocore.parsers import ResponseParserError

    with plain_errors(address):
        try:
            return within(max(0.05, seconds), call)
        except ResponseParserError:
            return _UNREADABLE


def _where(address: str) -> str:
    """Return the beginning of a message: setting, address and endpoint."""
    setting = name_of_place(address)
    return f"{setting + '=' if setting else ''}{address} at {s3_client().meta.endpoint_url}"


def _explain(error: Exception, code: str, address: str) -> str:
    from botocore.exceptions import NoCredentialsError, PartialCredentialsError

    where = _where(address)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return f"{where}: no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
    if code == "NoSuchBucket":
        return f"{where}: there is no bucket {split_address(address)[0]}; create it, or correct the name"
    if code in COLD:
        return f"{where} is archived in cold storage; restore it (aws s3api restore-object), or put a copy here"
    if code in DENIED:
        return f"{where}: access is denied ({error}); docs/object-store.md lists the permissions that are needed"
    if code:
        return f"{where}: the object store failed ({error})"
    return f"{where} cannot be reached ({error}); is AWS_ENDPOINT_URL right, and the store up?"
