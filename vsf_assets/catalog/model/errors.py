"""Errors of a catalog source, its list or an object.

Here: the errors. Not here: retries (retry.py).
"""

from vsf_assets.common.errors import VsfError


class SourceError(VsfError):
    """The source, its list or an object cannot be read; the message says which, and what to check."""


class TransientError(SourceError):
    """A failure that may pass; the call is retried.

    Attributes:
        retry_after: seconds that the source requested to wait, or 0.
    """

    def __init__(self, reason: str, retry_after: float = 0.0):
        super().__init__(reason)
        self.retry_after = retry_after


class GoneError(SourceError):
    """The object is not there."""


class SourceObjectReplacedError(SourceError):
    """The object is no longer in the state that the scan observed."""
