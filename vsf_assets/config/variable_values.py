"""Reads values of variables: numbers, sizes, days, host names.

Here: a function per kind of value, which takes the variables and a name and raises SettingsError with an example. Not
here: which variable holds which kind (settings.py).
"""

import ipaddress
import re
from collections.abc import Mapping
from datetime import date
from urllib.parse import urlsplit

from vsf_assets.common.errors import SettingsError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"(?P<number>[0-9]{1,15}(?:\.[0-9]{1,6})?) ?(?P<unit>[KMGT]?B)?", re.IGNORECASE)

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Host names that only this machine can mean."""

_HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|[0-9a-f:.]+")
"""A host name or an address, without a port."""


_ADDRESS = re.compile(r"(?:(?P<name>[a-z0-9_.-]+)|\[(?P<bracketed>[0-9a-f:.]+)\]):(?P<port>[0-9]{1,5})")
_ORIGIN = re.compile(r"(?P<scheme>https?)://(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?/?")


def number(values: Mapping[str, str], name: str) -> float:
    """Return a number that is not negative, like seconds."""
    text = values[name]
    try:
        found = float(text)
    except ValueError:
        raise SettingsError(f"{name}={text!r} is not a number; set it to seconds, e.g. {name}=2") from None
    if found < 0 or found != found:
        raise SettingsError(f"{name}={text!r} must not be negative")
    return found


def age(values: Mapping[str, str], name: str) -> float:
    """Return a number of days, also a part of one; at most a hundred years."""
    try:
        found = float(values[name])
    except ValueError:
        found = -1.0
    if not 0 <= found <= 36_525:
        raise SettingsError(f"{name}={values[name]!r} is not a number of days; write it like {name}=30 or {name}=0.5")
    return found


def days(values: Mapping[str, str], name: str) -> int:
    """Return a whole number of days."""
    text = values[name]
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise SettingsError(f"{name}={text!r} is not a number of days; write a whole one, e.g. {name}=2")
    return int(text)


def whole(values: Mapping[str, str], name: str) -> int:
    """Return a whole number from 1 on."""
    text = values[name]
    if not text.isdecimal() or not 0 < int(text[:20]) < 2**62:
        raise SettingsError(f"{name}={text!r} is not a whole number from 1 on; set it like {name}=100000")
    return int(text)


def size(values: Mapping[str, str], name: str) -> int:
    """Return bytes from a size like 500MB."""
    match = _SIZE.fullmatch(values[name])
    if match is None or not (found := int(float(match["number"]) * _UNITS[(match["unit"] or "B").upper()])):
        raise SettingsError(f"{name}={values[name]!r} is not a size; write it like 500MB or 1TB")
    return found


def hosts(values: Mapping[str, str], name: str) -> frozenset[str]:
    """Return host names, in lower case."""
    found = [text.strip().lower() for text in values[name].split(",") if text.strip()]
    for host in found:
        if not _HOST_NAME.fullmatch(host):
            raise SettingsError(f"{name}: {host!r} is not a host name; write it like {name}=data.example.org")
    return frozenset(found)


def networks(values: Mapping[str, str], name: str) -> tuple[Network, ...]:
    """Return networks like 10.0.0.0/8, or single addresses."""
    found = []
    for text in filter(None, (part.strip() for part in values[name].split(","))):
        try:
            found.append(ipaddress.ip_network(text))
        except ValueError:
            raise SettingsError(f"{name}: {text!r} is not a network; write it like {name}=10.0.0.0/8") from None
    return tuple(found)


def address(values: Mapping[str, str], name: str) -> tuple[str, int]:
    """Return host and port of an address like 127.0.0.1:8001 or [::1]:8001."""
    match = _ADDRESS.fullmatch(values[name].lower())
    if match is None or not 0 < int(match["port"]) < 65536:
        raise SettingsError(f"{name}={values[name]!r} is not an address; write it like 127.0.0.1:8001 or [::1]:8001")
    return match["name"] or match["bracketed"], int(match["port"])


def origins(values: Mapping[str, str], name: str) -> frozenset[str]:
    """Return origins as browsers write them: scheme, host in lower case, and a port that is not the scheme's own."""
    found = set()
    for text in filter(None, (part.strip().lower() for part in values[name].split(","))):
        match = _ORIGIN.fullmatch(text)
        if match is None:
            raise SettingsError(f"{name}: {text!r} is not an origin; write it like {name}=https://shop.example.org")
        own = {"http": ":80", "https": ":443"}[match["scheme"]]
        found.add(text.removesuffix("/").removesuffix(own))
    return frozenset(found)


def url(values: Mapping[str, str], name: str, schemes: tuple[str, ...], example: str) -> str:
    """Return an address with one of a few schemes, without the final slash; empty if the variable is."""
    text = values[name].rstrip("/")
    if text and (urlsplit(text).scheme not in schemes or not urlsplit(text).netloc):
        raise SettingsError(f"{name} is not an address; write it like {name}={example}")
    return text


def one_of(values: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    """Return the variable, which is one of a few words."""
    if values[name] not in allowed:
        raise SettingsError(f"{name}={values[name]!r} is not one of {', '.join(allowed)}")
    return values[name]


def yes(values: Mapping[str, str], name: str) -> bool:
    """Return whether the variable is yes; it is yes or no."""
    if values[name].lower() not in ("yes", "no"):
        raise SettingsError(f"{name}={values[name]!r} is neither yes nor no")
    return values[name].lower() == "yes"


def object_seconds(values: Mapping[str, str]) -> float:
    """Return the seconds for one object: the variable, or by default time-out times attempts."""
    if values["VSF_STORE_OBJECT_SECONDS"]:
        return number(values, "VSF_STORE_OBJECT_SECONDS") or 1.0
    attempts = max(1, int(number(values, "VSF_STORE_ATTEMPTS")))
    return (number(values, "VSF_STORE_TIMEOUT") or 1.0) * attempts


def day(values: Mapping[str, str], name: str) -> str:
    """Return a date in ISO format."""
    try:
        return date.fromisoformat(values[name]).isoformat()
    except ValueError:
        raise SettingsError(f"{name}={values[name]!r} is not a date; write it like 2015-01-01") from None
