"""Errors of requests that views expect, with the status of their answers.

Here: the errors, whose messages say what to do. Not here: the page (error_pages.py) and the problem (problems.py) that
are made of one.
"""

from vsf_assets.snapshots.pool import (
    NoSnapshotError,
    OutdatedSnapshotError,
    QueryTooLargeError,
    TooManyQueriesError,
    UnfitValueError,
)


class WrongParameterError(ValueError):
    """A parameter of the address is not understood; the message says which, and what would be right."""


class SnapshotChangedError(ValueError):
    """The cursor belongs to another snapshot."""


STATUSES: dict[type[Exception], int] = {
    WrongParameterError: 400,
    UnfitValueError: 400,
    SnapshotChangedError: 409,
    QueryTooLargeError: 422,
    NoSnapshotError: 503,
    TooManyQueriesError: 503,
    OutdatedSnapshotError: 503,
}
"""Error that views expect -> status of the answer."""

NOTHING = "it may have been removed, or belong to another team"
"""Why nothing is found; what is foreign and what never was look the same."""


def status_of(error: Exception) -> int | None:
    """Return the status of the answer to an error; None for a defect."""
    return next((status for kind, status in STATUSES.items() if isinstance(error, kind)), None)
