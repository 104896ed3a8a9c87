"""Errors of a catalog source, its list or an object.

Here: the errors. Not here: when something is tried again (retry.py).
"""

from vsf_assets.common.errors import VsfError


class SourceError(VsfError):
    """The source, its list or an object cannot be read; the message says which and what to look at."""


class TransientError(SourceError):
    """A failure that may pass: it is tried again.

    Attributes:
        retry_after: seconds that the source asked to wait, or 0.
    """

    def __init__(self, reason: str, retry_after: float = 0.0):
        super().__init__(reason)
        self.retry_after = retry_after


class GoneError(SourceError):
    """The object is not there."""


class SourceObjectReplacedError(SourceError):
    """The object is no longer in the state that the look saw."""
