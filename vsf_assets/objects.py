"""The object store: addresses like `s3://bucket/prefix`, the client that everybody shares, its errors.

Here: what every use of an object store needs. Not here: files in it (ingest/object_store.py) and
snapshots in it (warehouse/). Nothing is imported before an address of an object store is used.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from vsf_assets.errors import UsageError
from vsf_assets.settings import ClientOptions, client_options, name_of_place

SCHEME = "s3://"
POOL = 32
"""Connections that one client keeps open; threads beyond that wait for one."""

LONGEST_CONNECT = 5.0
"""Seconds to wait for a connection; an answer may take longer (VSF_STORE_TIMEOUT)."""

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


class ObjectRefusedError(ObjectStoreError):
    """The store answered, and does not hand out this one object; the others may be fine."""


class ReplacedError(ObjectStoreError):
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

    Endpoint and credentials come from the usual AWS variables, VSF_STORE_TIMEOUT and
    VSF_STORE_ATTEMPTS bound how long a request takes. Throttled and failed requests are repeated
    with growing pauses.
    """
    return _client(client_options(), os.getpid())


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
        ReplacedError: the object is not the one that a conditional request asked for.
        ObjectStoreError: everything else; it names the setting, the address and the endpoint.
    """
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

    try:
        yield
    except (BotoCoreError, ClientError, HTTPClientError) as error:
        code = error_code(error)
        if code in ABSENT:
            raise FileNotFoundError(f"{address} is not there") from error
        if code in REPLACED:
            raise ReplacedError(f"{address} was replaced meanwhile") from error
        raise _error_type(error, code)(_explain(error, code, address)) from error


def _error_type(error: Exception, code: str) -> type[ObjectStoreError]:
    """Return ObjectRefusedError where an answer concerns one object: the store is up, and knows who asks."""
    response = getattr(error, "response", None) or {}
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    is_of_one = code in COLD or (400 <= status < 500 and code not in OF_ALL and status != 429)
    return ObjectRefusedError if is_of_one else ObjectStoreError


def _explain(error: Exception, code: str, address: str) -> str:
    from botocore.exceptions import NoCredentialsError, PartialCredentialsError

    setting = name_of_place(address)
    where = f"{setting + '=' if setting else ''}{address} at {s3_client().meta.endpoint_url}"
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
