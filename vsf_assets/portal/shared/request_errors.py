"""Errors of requests that views expect, with the status of their answers.

Here: the errors, whose messages say what to do. Not here: the page (error_pages.py) and the problem (problems.py) that
are made of one.
"""

import logging

from vsf_assets.common.errors import VsfError
from vsf_assets.snapshots.pool import (
    MissingSnapshotError,
    NoSnapshotError,
    OutdatedSnapshotError,
    QueryTooLargeError,
    TooManyQueriesError,
    UnfitValueError,
)
from vsf_assets.storage.s3_client import ObjectStoreError

_log = logging.getLogger("vsf.portal.requests")


class WrongParameterError(ValueError):
    """A parameter of the address is not understood; the message says which, and what would be right."""


class SnapshotChangedError(ValueError):
    """The cursor belongs to another snapshot."""


class MayNotAskError(VsfError):
    """Free SQL needs other rights; the message says which."""


class SnapshotGoneError(VsfError):
    """A snapshot of this number cannot be asked any more; the message names one that can."""


class StoreAwayError(OSError):
    """The landing zone or the archive is away: a folder that is not mounted. A bucket raises ObjectStoreError."""


STATUSES: dict[type[Exception], int] = {
    WrongParameterError: 400,
    UnfitValueError: 400,
    MayNotAskError: 403,
    SnapshotChangedError: 409,
    SnapshotGoneError: 410,
    MissingSnapshotError: 410,
    QueryTooLargeError: 422,
    NoSnapshotError: 503,
    TooManyQueriesError: 503,
    OutdatedSnapshotError: 503,
    ObjectStoreError: 503,
    StoreAwayError: 503,
}
"""Error that views expect -> status of the answer."""

NOTHING = "it may have been removed, or belong to another team"
"""Why nothing is found; what is foreign and what never was look the same."""


STORE_AWAY = "the place of the delivered files does not answer; try again in a minute, or ask the operator"
"""What is said where a store is away; its address and settings are the operator's, and stand in the log."""


def text_of(error: Exception) -> str:
    """Return what an answer says of an error that views expect."""
    if isinstance(error, ObjectStoreError | StoreAwayError):
        _log.error("a store is away", exc_info=error)
        return STORE_AWAY
    return str(error)


def status_of(error: Exception) -> int | None:
    """Return the status of the answer to an error; None for a defect."""
    return next((status for kind, status in STATUSES.items() if isinstance(error, kind)), None)
