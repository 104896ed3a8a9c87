"""One call of a webhook: to a checked network address, without redirects, within limits of time and size.

Here: the connection, the signature and the answer's status. Not here: which addresses may be reached
(guarded_addresses.py), and when a call is tried again (outbox.py).

The headers and the signature are those of https://www.standardwebhooks.com, so that receivers can use its libraries.
"""

import base64
import hashlib
import hmac
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from vsf_assets.config.variable_values import Network
from vsf_assets.portal.notices.guarded_addresses import RefusedAddressError, Resolver, Target, checked_target

CONNECT_SECONDS, CALL_SECONDS = 5.0, 15.0
"""Time for one connection, and for the whole call after the host is resolved."""

MOST_ADDRESSES = 4
"""Addresses of a host that are tried."""

LARGEST_BODY, LARGEST_ANSWER = 256 * 1024, 4 * 1024
"""Bytes that are sent, and that are read of an answer's body, of which nothing is kept."""


class CallError(Exception):
    """A call did not succeed; the message says why, in words of ours alone."""


def signature(secret: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the header `webhook-signature`: HMAC-SHA-256 of id, timestamp and body, joined by dots, in base64."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def call(
    url: str,
    secret: bytes,
    message_id: str,
    timestamp: int,
    content: Mapping[str, Any],
    allowed: Sequence[Network] = (),
    resolver: Resolver | None = None,
) -> None:
    """Send a message as JSON.

    Args:
        url: of the webhook.
        secret: signs the message.
        message_id: the same at every try, so that a receiver can leave out what it has.
        timestamp: of this try, seconds since 1970.
        content: of the message.
        allowed: networks that are not public and may be reached.
        resolver: as `checked_target`.

    Raises:
        CallError: the address is refused, there was no answer in time, or one that is not 2xx.
    """
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    if len(body) > LARGEST_BODY:
        raise CallError("the message is larger than 256 KiB")
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "vsf-portal",
        "Connection": "close",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, message_id, timestamp, body),
    }
    try:
        target = checked_target(url, allowed, resolver)
    except RefusedAddressError as error:
        raise CallError(str(error)) from error
    status = _post(target, headers, body)
    if 300 <= status < 400:
        raise CallError(f"the receiver answered {status}, and redirects are not followed; set the final address")
    if not 200 <= status < 300:
        raise CallError(f"the receiver answered {status}")


def _post(target: Target, headers: Mapping[str, str], body: bytes) -> int:
    connection = _Connection(target)
    # Time-outs of a socket begin again with each byte; this one ends the call whatever trickles in.
    ender = threading.Timer(CALL_SECONDS, connection.end)
    ender.daemon = True
    ender.start()
    try:
        connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
        for name, value in {"Host": target.host_header, "Content-Length": str(len(body)), **headers}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        with suppress(OSError, http.client.HTTPException):  # the status is what counts
            answer.read(LARGEST_ANSWER)
        return answer.status
    except ssl.SSLCertVerificationError as error:
        raise CallError(f"the certificate of {target.host} is not valid: {error.verify_message}") from error
    except ssl.SSLError as error:
        raise CallError(f"no secure connection to {target.host}") from error
    except (OSError, http.client.HTTPException, ValueError, AttributeError) as error:
        if connection.is_over:
            raise CallError(f"no answer within {CALL_SECONDS:g} s") from error
        raise CallError(_words(error)) from error
    finally:
        ender.cancel()
        connection.close()


def _words(error: Exception) -> str:
    """Return what went wrong with a connection, without anything that the receiver wrote."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "the receiver refuses connections"
    if isinstance(error, ConnectionError | http.client.RemoteDisconnected):
        return "the connection was lost"
    if isinstance(error, OSError):
        return "the receiver cannot be reached"
    return "the answer is not HTTP"


class _Connection(http.client.HTTPConnection):
    """Connects to the checked addresses alone, one after the other, and asks no resolver again."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.host, target.port, timeout=CALL_SECONDS)
        self._target, self.is_over = target, False

    def connect(self) -> None:
        """Open the connection."""
        error: OSError = ConnectionRefusedError()
        for address in self._target.addresses[:MOST_ADDRESSES]:
            if self.is_over:
                raise TimeoutError
            try:
                opened = socket.create_connection((address, self._target.port), CONNECT_SECONDS)
            except OSError as problem:
                error = problem
                continue
            opened.settimeout(CALL_SECONDS)
            self.sock = opened
            if self._target.scheme == "https":
                # The name is checked against the certificate, so another host at this address gets nothing.
                self.sock = ssl.create_default_context().wrap_socket(opened, server_hostname=self._target.host)
            return
        raise error

    def end(self) -> None:
        """End the connection from another thread."""
        self.is_over = True
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)
