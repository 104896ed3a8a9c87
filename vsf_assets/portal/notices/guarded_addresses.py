"""Which network addresses a webhook may reach: public ones, and those that a setting allows.

Here: the check of an address of the web, and of every network address that its host has. Not here: the call, which
connects to a checked address (webhook_call.py).
"""

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from vsf_assets.common.call_timeout import within
from vsf_assets.config.variable_values import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]

RESOLVE_SECONDS = 5.0
LONGEST = 500
_PORTS = {"http": 80, "https": 443}

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_UNICAST = ipaddress.IPv6Network("2000::/3")
"""The only addresses of version 6 that are public; `is_global` lets others through too."""

_RELAYS = ipaddress.IPv4Network("192.88.99.0/24")


class RefusedAddressError(ValueError):
    """An address of the web that no webhook may have, or one that cannot be resolved; the message says why."""


@dataclass(frozen=True)
class Target:
    """A checked address of the web.

    Attributes:
        scheme: http or https.
        host: its name, in lower case; in ASCII.
        port: its port.
        path: with the query.
        addresses: network addresses of the host, each of which was checked.
    """

    scheme: str
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]

    @property
    def host_header(self) -> str:
        """The header `Host`."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"


def resolve(host: str, port: int) -> Sequence[str]:
    """Return every network address of a host; numbers in any spelling, like 2130706433, are addresses too.

    Raises:
        OSError: it has none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def checked_target(url: str, allowed: Sequence[Network] = (), resolver: Resolver | None = None) -> Target:
    """Return where a webhook's call goes.

    Args:
        url: of the webhook.
        allowed: networks that are not public and may be reached.
        resolver: returns the network addresses of a host; None for the system's.

    Raises:
        RefusedAddressError: it is malformed, cannot be resolved, or one of its network addresses may not be reached.
    """
    scheme, host, port, path = _parts(url)
    try:
        found = within(RESOLVE_SECONDS, lambda: (resolver or resolve)(host, port))
    except (OSError, UnicodeError):  # TimeoutError is an OSError
        raise RefusedAddressError(f"the host {host} cannot be found") from None
    if not found:
        raise RefusedAddressError(f"the host {host} cannot be found")
    for text in found:
        if not may_reach(text, allowed):
            raise RefusedAddressError(
                f"{host} leads to {text.partition('%')[0]}, which is not a public address;"
                " an operator may allow its network by VSF_PORTAL_WEBHOOK_NETWORKS"
            )
    return Target(scheme, host, port, path, tuple(found))


def _parts(url: str) -> tuple[str, str, int, str]:
    if len(url) > LONGEST or not url.isascii() or any(char <= " " or char == "\x7f" or char == "\\" for char in url):
        raise RefusedAddressError("an address has up to 500 plain characters, and no spaces")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise RefusedAddressError("this is no address; write it like https://hooks.example.org/notices") from None
    if parts.scheme not in _PORTS or not host:
        raise RefusedAddressError("an address begins with https:// (or http://), and names a host")
    if parts.username is not None or parts.password is not None:
        raise RefusedAddressError(
            "an address has no name and password; put a key into its path, or check the signature"
        )
    if port == 0:
        raise RefusedAddressError("port 0 is no port")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.scheme, host, port or _PORTS[parts.scheme], path


def may_reach(text: str, allowed: Sequence[Network] = ()) -> bool:
    """Whether a network address is public, or in an allowed network.

    An address of version 6 that stands for one of version 4 counts as that one.
    """
    try:
        address = _meant(ipaddress.ip_address(text))
    except ValueError:
        return False
    if any(address.version == network.version and address in network for network in allowed):
        return True
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id or address.teredo or address.sixtofour or address not in _UNICAST:
            return False
    elif address in _RELAYS:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _meant(address: Address) -> Address:
    """Return the address of version 4 that one of version 6 stands for: mapped, compatible, or translated."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
