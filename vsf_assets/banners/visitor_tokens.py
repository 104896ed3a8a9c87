"""Signed visitor tokens: what a visitor was shown, without state on the server and without an id of the visitor.

Here: signing and verifying. Not here: what an entry means (cycles.py).

A token is `<form><key id><day><MAC><entries>`: one character, two, three, 24 hex digits, and what cycles.py describes.
The MAC is keyed BLAKE2b with 96 bits over the rest of the token. A token is valid for 30 days.
"""

import hashlib
from collections.abc import Iterable, Sequence
from hmac import compare_digest

from vsf_assets.web.signing_keys import SigningKey, signing_key

FORM = b"2"
DAYS = 30
"""Days for which a token is valid; one of tomorrow is valid too, because clocks of hosts differ."""

LONGEST_ENTRIES = 1400
"""Bytes of the entries of a token; the campaigns that a visitor has not seen for longest are left out."""

_DAY = 86_400.0
_HEAD, _MAC = 6, 24
_START = _HEAD + _MAC
_LONGEST = _START + LONGEST_ENTRIES
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class TokenSigner:
    """Signs and verifies on one day with some keys; immutable, and replaced when the day or the keys change.

    Attributes:
        until: time in seconds at which another signer is needed.
    """

    __slots__ = ("_accepted", "_copy", "_head", "since", "until")

    def __init__(self, keys: Sequence[SigningKey], now: float) -> None:
        day = int(now // _DAY)
        own = signing_key(keys, now)
        self.since = day * _DAY
        self.until = min([(day + 1) * _DAY, *(key.since for key in keys if key.since > now)])
        self._accepted = {
            head: _started(key, head).copy
            for key in keys
            for accepted in range(day - DAYS, day + 2)
            for head in (_head(key, accepted),)
        }
        self._head = _head(own, day)
        self._copy = self._accepted[self._head]

    def sign(self, entries: bytes) -> bytes:
        """Return the token of entries."""
        mac = self._copy()
        mac.update(entries)
        return self._head + mac.hexdigest().encode() + entries

    def verify(self, token: bytes) -> bytes | None:
        """Return the entries of a token; None if it is not one of ours, was changed, or is too old."""
        copy = self._accepted.get(token[:_HEAD])
        if copy is None or len(token) > _LONGEST:
            return None
        entries = token[_START:]
        mac = copy()
        mac.update(entries)
        return entries if compare_digest(mac.hexdigest().encode(), token[_HEAD:_START]) else None


def _head(key: SigningKey, day: int) -> bytes:
    text = ""
    for _ in range(3):
        day, digit = divmod(day, 36)
        text = _DIGITS[digit] + text
    return FORM + key.id.encode() + text.encode()


def _started(key: SigningKey, head: bytes) -> "hashlib.blake2b":
    mac = hashlib.blake2b(key=key.secret, digest_size=_MAC // 2)
    mac.update(head)
    return mac


def cut(entries: bytes, room: int) -> bytes:
    """Return as many whole entries as have room, from the first one on."""
    if len(entries) <= room:
        return entries
    return entries[: entries.rfind(b"~", 0, room + 1)] if room > 0 else b""


def first_valid(signer: TokenSigner, tokens: Iterable[bytes]) -> bytes | None:
    """Return the entries of the first valid token; None if none is valid."""
    return next((entries for token in tokens if (entries := signer.verify(token)) is not None), None)
