"""Signed visitor tokens: what a visitor was shown, without state on the server and without an id of the visitor.

Here: signing and verifying. Not here: what an entry means (cycles.py).

A token is `<form><key id><day><MAC><entries>`: one character, two, three, 24 hex digits, and what cycles.py describes.
The MAC is keyed BLAKE2b with 96 bits over the rest of the token. A token is valid for 30 days. The newest entry is the
last one, so the hash that has verified the entries of a visitor can mostly go on with what is added to them.
"""

import hashlib
from binascii import b2a_hex
from collections.abc import Iterable, Sequence
from hmac import compare_digest

from vsf_assets.banners.requests import COOKIE
from vsf_assets.web.signing_keys import SigningKey, signing_key

FORM = b"3"
DAYS = 30
"""Days for which a token is valid; one of tomorrow is valid too, because clocks of hosts differ."""

LONGEST_ENTRIES = 1700
"""Bytes of the entries of a token: fifty campaigns of ten banners, with ids of five digits.

An answer in HTML has the token twice, and many a proxy takes no more than 4 KiB of headers.
"""

_DAY = 86_400.0
_NAME = COOKIE + b"="
_MAC = 24
_HEAD_END = len(_NAME) + 6
_MAC_END = _HEAD_END + _MAC
_LONGEST = _MAC_END + LONGEST_ENTRIES
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class TokenSigner:
    """Signs and verifies on one day with some keys; immutable, and replaced when the day or the keys change.

    Attributes:
        until: time in seconds at which another signer is needed.
        head: what a token begins with; `cookie_head` is the beginning of the cookie.
        begin: returns the hash of a token without entries.
    """

    __slots__ = ("_accepted", "begin", "cookie_head", "head", "since", "until")

    def __init__(self, keys: Sequence[SigningKey], now: float) -> None:
        day = int(now // _DAY)
        own = signing_key(keys, now)
        self.since = day * _DAY
        self.until = min([(day + 1) * _DAY, *(key.since for key in keys if key.since > now)])
        self._accepted = {
            _NAME + head: _started(key, head).copy
            for key in keys
            for accepted in range(day - DAYS, day + 2)
            for head in (_head(key, accepted),)
        }
        self.head = _head(own, day)
        self.cookie_head = _NAME + self.head
        self.begin = self._accepted[self.cookie_head]

    def sign(self, entries: bytes) -> bytes:
        """Return the token of entries."""
        return self.head + mac_text(self.hash_of(entries)) + entries

    def hash_of(self, entries: bytes) -> "hashlib.blake2b":
        """Return the hash of the token of entries."""
        begin = self.begin
        mac = begin()
        mac.update(entries)
        return mac

    def verify(self, token: bytes) -> bytes | None:
        """Return the entries of a token; None if it is not one of ours, was changed, or is too old."""
        opened = self.open_cookie(_NAME + token)
        return opened[0] if opened is not None else None

    def open_cookie(self, cookie: bytes) -> "tuple[bytes, hashlib.blake2b] | None":
        """Return the entries of a cookie with its name, and the hash of their token of today; None as `verify`."""
        start = self._accepted.get(cookie[:_HEAD_END])
        if start is None or len(cookie) > _LONGEST:
            return None
        entries = cookie[_MAC_END:]
        mac = start()
        mac.update(entries)
        if not compare_digest(b2a_hex(mac.digest()), cookie[_HEAD_END:_MAC_END]):
            return None
        return entries, mac if start is self.begin else self.hash_of(entries)


def mac_text(mac: "hashlib.blake2b") -> bytes:
    """Return the MAC as it stands in a token; the hash can go on."""
    return b2a_hex(mac.digest())


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


def first_valid(signer: TokenSigner, tokens: Iterable[bytes]) -> bytes | None:
    """Return the entries of the first valid token; None if none is valid."""
    return next((entries for token in tokens if (entries := signer.verify(token)) is not None), None)
