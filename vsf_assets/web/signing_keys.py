"""The keys that sign visitor tokens: a file that several workers and hosts share.

Here: creating it once, reading it, and adding a new key while the earlier ones stay valid for a time. Not here: what is
signed (banners/visitor_tokens.py).

The file has a line per key: its id, the time (seconds since 1970) from which it signs, and the key, as hex. A key is
accepted as soon as it stands in the file, and signs a minute later, so that every host knows it by then.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vsf_assets.common.atomic_files import atomic_file, link_new, temp_beside
from vsf_assets.common.errors import VsfError

FILE = "visitor-keys"
KEY_BYTES = 32
LEAD_SECONDS = 60.0
"""Time between the moment a new key stands in the file and the moment it signs."""

_LINE = re.compile(r"(?P<id>[0-9a-f]{2}) (?P<since>[0-9]{1,12}) (?P<key>[0-9a-f]{64})")
_OTHERS = 0o077


@dataclass(frozen=True)
class SigningKey:
    """A key; `id` is two hex digits that stand in each token, `since` the time in seconds from which it signs."""

    id: str
    since: float
    secret: bytes


class KeyFileError(VsfError):
    """The file of signing keys is missing, malformed, or readable by others."""


def signing_key(keys: Sequence[SigningKey], now: float) -> SigningKey:
    """Return the key that signs at a time: the one that signs since the latest time."""
    begun = [key for key in keys if key.since <= now]
    return max(begun, key=lambda key: key.since) if begun else min(keys, key=lambda key: key.since)


def ensure_keys(folder: Path, now: float) -> Path:
    """Return the file of keys; create folder and file if they are missing.

    Several processes and hosts may do so at once: one file wins, and all use it.

    Raises:
        KeyFileError: it cannot be created.
    """
    file = folder / FILE
    if file.exists():
        return file
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with temp_beside(file, mode=0o600) as temp:
            temp.file.write(_text([_new_key(max(0.0, now), ())]))
            temp.finish()
            link_new(temp.path, file)
    except OSError as error:
        raise KeyFileError(
            f"the signing keys {file} cannot be created: {error.strerror or error}; give the current user write access"
            " to this folder, or set VSF_PORTAL_KEYS to another one"
        ) from error
    return file


def read_keys(file: Path) -> tuple[SigningKey, ...]:
    """Return the keys of a file.

    Raises:
        KeyFileError: the file cannot be read, others may read it, or it holds something else.
    """
    try:
        with file.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            text = opened.read(100_000).decode("ascii", "replace")
    except OSError as error:
        raise KeyFileError(f"the signing keys {file} cannot be read: {error.strerror or error}") from error
    if mode & _OTHERS:
        raise KeyFileError(f"other users may read the signing keys {file}; run: chmod 600 {file}")
    lines = [line for line in text.splitlines() if line.strip()]
    found = [match for line in lines if (match := _LINE.fullmatch(line.strip()))]
    ids = [match["id"] for match in found]
    if not found or len(found) != len(lines) or len(set(ids)) != len(ids):
        raise KeyFileError(f"{file} holds no signing keys; remove it, and a new one is created")
    return tuple(SigningKey(match["id"], float(match["since"]), bytes.fromhex(match["key"])) for match in found)


def add_key(folder: Path, now: float, kept_seconds: float) -> SigningKey:
    """Add a key that signs from a minute on, and drop those whose successor has signed for `kept_seconds`.

    Raises:
        KeyFileError: the file cannot be read or replaced.
    """
    file = ensure_keys(folder, now)
    keys = sorted(read_keys(file), key=lambda key: key.since)
    followers = [*keys[1:], None]
    kept = [
        key
        for key, next_key in zip(keys, followers, strict=True)
        if not next_key or next_key.since + kept_seconds > now
    ]
    new = _new_key(now + LEAD_SECONDS, [key.id for key in kept])
    try:
        with atomic_file(file, mode=0o600) as opened:
            opened.write(_text([*kept, new]))
    except OSError as error:
        raise KeyFileError(f"the signing keys {file} cannot be replaced: {error.strerror or error}") from error
    return new


def _new_key(since: float, used: Sequence[str]) -> SigningKey:
    free = [f"{number:02x}" for number in range(256) if f"{number:02x}" not in used]
    if not free:
        raise KeyFileError("there are 256 signing keys; wait until the earliest have run out")
    return SigningKey(free[int.from_bytes(os.urandom(4)) % len(free)], float(int(since)), os.urandom(KEY_BYTES))


def _text(keys: Sequence[SigningKey]) -> bytes:
    return "".join(f"{key.id} {key.since:.0f} {key.secret.hex()}\n" for key in keys).encode("ascii")
