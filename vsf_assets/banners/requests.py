"""What a request says, read from its headers and query.

Here: the visitor's tokens in cookie, header and query, what `Accept` prefers, `count`, and whether the Host header is
well-formed. Not here: the short way of the commonest requests (app.py).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

COOKIE = b"vsf_visitor"
VISITOR_HEADER = b"x-vsf-visitor"

_HOST = re.compile(rb"(?:[a-zA-Z0-9_.-]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{0,5})?")
_MEDIA = re.compile(r"\s*(?P<type>[\w.+*-]+/[\w.+*-]+)\s*(?:;(?P<parameters>.*))?", re.DOTALL)
_QUALITY = re.compile(r"(?:^|;)\s*q\s*=\s*(?P<q>[01](?:\.\d{0,3})?)\s*(?:;|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Query:
    """The parameters that a campaign's path knows: `count` as text if it is given, and the visitor's token."""

    count: bytes | None
    visitor: bytes | None


class Headers:
    """The headers of a request; names are in lower case already, as ASGI says."""

    def __init__(self, pairs: Sequence[tuple[bytes, bytes]]) -> None:
        self._pairs = pairs

    def all(self, name: bytes) -> list[bytes]:
        """Return all values of a header."""
        return [value for key, value in self._pairs if key == name]

    def first(self, name: bytes) -> bytes | None:
        """Return the first value of a header, or None."""
        return next((value for key, value in self._pairs if key == name), None)

    def joined(self, name: bytes) -> str:
        """Return the values of a header that may be repeated, as one list."""
        return ", ".join(value.decode("latin-1") for value in self.all(name))


def query_of(query: bytes) -> Query:
    """Return the known parameters of a query; of a repeated one the first counts, others do not matter."""
    found: dict[bytes, bytes] = {}
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        found.setdefault(name, unquote_to_bytes(value))
    return Query(found.get(b"count"), found.get(b"visitor"))


def tokens_of(headers: Headers, query: Query) -> Iterator[bytes]:
    """Yield the visitor's tokens, in the order in which they count: header, query, cookies."""
    yield from headers.all(VISITOR_HEADER)
    if query.visitor is not None:
        yield query.visitor
    for value in headers.all(b"cookie"):
        yield from cookies_of(value)


def cookies_of(value: bytes) -> Iterator[bytes]:
    """Yield the tokens of a Cookie header; a cookie with another path or domain may have the same name."""
    for part in value.split(b";"):
        name, _, token = part.strip().partition(b"=")
        if name == COOKIE:
            yield token.strip(b'"')


def is_host(values: Sequence[bytes], http_version: str) -> bool:
    """Whether the Host headers of a request are as HTTP/1.1 wants them: exactly one, well-formed."""
    if http_version in ("1", "1.0") and not any(values):
        return True
    return len(values) == 1 and _HOST.fullmatch(values[0]) is not None


def prefers_html(accept: str) -> bool:
    """Whether HTML is preferred to JSON; JSON is answered to a client that says nothing, or `*/*`."""
    html, json = _quality(accept, "html"), _quality(accept, "json")
    return html > json


def _quality(accept: str, kind: str) -> tuple[float, int]:
    """Return (quality, how exactly it is named) of text/html or application/json in an Accept header."""
    names = {"html": ("text/html", "text/*"), "json": ("application/json", "application/*")}[kind]
    best = (0.0, -1)
    for part in accept.split(","):
        match = _MEDIA.fullmatch(part)
        if match is None:
            continue
        media = match["type"].lower()
        quality = _QUALITY.search(match["parameters"] or "")
        exactness = 2 if media == names[0] else 1 if media == names[1] else 0
        if exactness or media == "*/*":
            best = max(best, (float(quality["q"]) if quality else 1.0, exactness), key=lambda found: found[1])
    return best
