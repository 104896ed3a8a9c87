"""Reads the headers of an upload: where its bytes begin, and how many come.

Here: `Upload-Offset`, `Content-Range` as curl sends it with `-C`, and `Content-Length`. Not here: what they mean for
the part (uploads.py).
"""

import re

from vsf_assets.web.answers import Scope

_NUMBER = re.compile(r"[0-9]{1,18}")
_RANGE = re.compile(r"bytes (?P<first>[0-9]{1,18})-(?P<last>[0-9]{1,18})/(?P<size>[0-9]{1,18}|\*)")


class BadHeaderError(ValueError):
    """A header is not understood, or two contradict each other; the message says what would be right."""


def header(scope: Scope, name: bytes) -> str:
    """Return the value of a header; empty if it is missing or given more than once."""
    found = [value for key, value in scope["headers"] if key == name]
    return found[0].decode("latin-1") if len(found) == 1 else ""


def offset_of(scope: Scope, size: int) -> int | None:
    """Return the offset at which the bytes begin; None if no header says so, which means from the beginning, anew.

    Args:
        scope: the request.
        size: the announced size of the file.

    Raises:
        BadHeaderError: a header is not understood, or says another size.
    """
    encoding = header(scope, b"content-encoding")
    if encoding not in ("", "identity"):
        raise BadHeaderError("send the file as it is, without Content-Encoding")
    given = header(scope, b"upload-offset")
    span = header(scope, b"content-range")
    if given and not _NUMBER.fullmatch(given):
        raise BadHeaderError("Upload-Offset is a number of bytes, like Upload-Offset: 1048576")
    if not span:
        return int(given) if given else None
    match = _RANGE.fullmatch(span)
    if match is None or match["size"] not in ("*", str(size)):
        raise BadHeaderError(f"Content-Range is written like bytes 1048576-{size - 1}/{size}")
    if given and int(given) != int(match["first"]):
        raise BadHeaderError("Upload-Offset and Content-Range begin at different bytes")
    return int(match["first"])


def length_of(scope: Scope) -> int | None:
    """Return the number of bytes that come; None if the request does not say so.

    Raises:
        BadHeaderError: it is no number.
    """
    given = header(scope, b"content-length")
    if not given:
        return None
    if not _NUMBER.fullmatch(given):
        raise BadHeaderError("Content-Length is a number of bytes")
    return int(given)
