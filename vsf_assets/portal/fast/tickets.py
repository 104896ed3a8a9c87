"""Tickets of uploads: what the portal allowed, signed, so that the fast layer needs no database.

Here: the content of a ticket, its signature and its check. Not here: when one is given (deliveries/begin.py), and what
the bytes become (uploads.py). Any worker on any host accepts a ticket, since all read the same key.
"""

import base64
import binascii
import hashlib
import hmac
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from vsf_assets.config.settings import Settings
from vsf_assets.web.secret_files import ensure_secret

SECRET = "upload-secret"  # noqa: S105 - the name of a file
HEADER = b"x-vsf-upload-token"
LONGEST = 8000
"""Characters of a ticket's text."""


class BadTicketError(ValueError):
    """The text is no ticket, was signed by another key, or has run out."""


@dataclass(frozen=True)
class Ticket:
    """What was allowed.

    Attributes:
        id: id of the upload.
        path: path in the landing zone that the file gets.
        size: its size in bytes.
        sha256: its SHA-256 if the sender announced it, else empty.
        unpacked_max: largest size of its content, if it is compressed.
        expires: until when bytes are accepted, in seconds since 1970.
        group: ids of all files that get their names together, this one among them; empty for a file by itself.
    """

    id: uuid.UUID
    path: str
    size: int
    sha256: str
    unpacked_max: int
    expires: float
    group: tuple[uuid.UUID, ...] = ()


class TicketOffice:
    """Signs tickets and checks them.

    Args:
        secrets: the keys in hexadecimal digits, the newest first; all are accepted, the newest signs.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [bytes.fromhex(secret) for secret in secrets]

    @classmethod
    def of(cls, settings: Settings) -> "TicketOffice":
        """Return the office of a portal; raises SecretFileError."""
        return cls(ensure_secret(settings.keys, SECRET))

    def sign(self, ticket: Ticket) -> str:
        """Return the text of a ticket."""
        content = {
            "id": ticket.id.hex,
            "path": ticket.path,
            "size": ticket.size,
            "sha256": ticket.sha256,
            "unpacked_max": ticket.unpacked_max,
            "expires": ticket.expires,
            "group": [other.hex for other in ticket.group],
        }
        body = _text(json.dumps(content, separators=(",", ":")).encode())
        return f"{body}.{_text(_mac(self._keys[0], body))}"

    def read(self, text: str, upload: uuid.UUID, now: float) -> Ticket:
        """Return the ticket of a text.

        Raises:
            BadTicketError: it is none for this upload, or it has run out.
        """
        body, _, mac = text.partition(".")
        given = _bytes(mac)
        if len(text) > LONGEST or not any(hmac.compare_digest(_mac(key, body), given) for key in self._keys):
            raise BadTicketError("it was not given by this portal")
        content = json.loads(_bytes(body))
        ticket = Ticket(
            uuid.UUID(content["id"]),
            content["path"],
            content["size"],
            content["sha256"],
            content["unpacked_max"],
            content["expires"],
            tuple(uuid.UUID(other) for other in content["group"]),
        )
        if ticket.id != upload:
            raise BadTicketError("it belongs to another upload")
        if ticket.expires < now:
            raise BadTicketError("it has run out")
        return ticket


def _mac(key: bytes, body: str) -> bytes:
    return hmac.new(key, b"vsf-upload:" + body.encode("ascii", "replace"), hashlib.sha256).digest()


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return b""
