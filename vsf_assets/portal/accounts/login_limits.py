"""Limits of failed log-ins, which hold over all processes and restarts.

A log-in reserves its try before the password is hashed, by one conditional UPDATE that two processes cannot both win;
a log-in that succeeds gives it back. So no burst of parallel requests reaches the hasher more often than the limit.
Here: reserving and giving back. Not here: where that happens in a log-in (adapter.py).
"""

import hashlib
import ipaddress
import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.db import models
from django.utils import timezone

from vsf_assets.portal.accounts.models import LoginCount

LIMIT, WINDOW = 10, timedelta(minutes=5)
"""Failed log-ins of a name, and from an address, within a time."""

_CLEAN_EVERY = 500
"""One of so many log-ins removes the counts whose time is over."""


def reserve(name: str, address: str, browser: str = "") -> bool:
    """Reserve a try for a name and an address; return whether both have one left.

    Args:
        name: of the account, as it was typed.
        address: from which the request comes.
        browser: id of a browser in which the account signed in before; its tries are counted for itself alone, so that
            strangers cannot lock it out.
    """
    reserved: list[str] = []
    for key in _keys(name, address, browser):
        if not _claim(key):
            _return(reserved)
            return False
        reserved.append(key)
    return True


def give_back(name: str, address: str, browser: str = "") -> None:
    """Give back the try of a log-in that succeeded; the arguments are those of `reserve`."""
    _return(_keys(name, address, browser))


def _keys(name: str, address: str, browser: str) -> list[str]:
    """Return the key of the address, which is claimed first, and the one of the name; or that of a known browser."""
    if browser:
        return [_key("browser", browser)]
    return [_key("address", network_of(address)), _key("name", name.strip().lower())]


def network_of(address: str) -> str:
    """Return the network of an IPv6 address whose host part its owner chooses (/64); other addresses as they are."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


def _key(kind: str, value: str) -> str:
    return hashlib.sha256(f"{kind}|{value}".encode("utf-8", "surrogatepass")).hexdigest()


def _claim(key: str) -> bool:
    now = timezone.now()
    if secrets.randbelow(_CLEAN_EVERY) == 0:
        remove_old_counts()
    is_over = models.Q(since__lte=now - WINDOW)
    LoginCount.objects.bulk_create([LoginCount(key=key, count=0, since=now)], ignore_conflicts=True)
    changed = LoginCount.objects.filter(is_over | models.Q(count__lt=LIMIT), key=key).update(
        count=models.Case(models.When(is_over, then=1), default=models.F("count") + 1),
        since=models.Case(models.When(is_over, then=models.Value(now)), default=models.F("since")),
    )
    return bool(changed)


def _return(keys: Iterable[str]) -> None:
    for key in keys:
        LoginCount.objects.filter(key=key, count__gt=0).update(count=models.F("count") - 1)


def remove_old_counts() -> None:
    """Remove counts whose time is over; called at each start and by some log-ins."""
    LoginCount.objects.filter(since__lte=timezone.now() - WINDOW).delete()
