"""The commands and `curl` lines that give the same as a page.

Here: their texts, without invisible characters, which could deceive whoever copies them. Not here: the box that shows
them (templates/same_by.html).
"""

import shlex
from collections.abc import Iterable
from urllib.parse import quote, urlencode

from django.conf import settings

from vsf_assets.common.visible_text import visible

Parameters = Iterable[tuple[str, str]]


def command(*words: str) -> str:
    """Return a command of `vsf`."""
    return visible(shlex.join(["vsf", *words]))


def options(parameters: Parameters) -> list[str]:
    """Return parameters of an address as options of a command."""
    return [word for name, value in parameters for word in (f"--{name}", value)]


def curl(path: str, parameters: Parameters = (), *more: str) -> str:
    """Return a `curl` line for an address of the API below `/api/v1/`; `more` are further words of it."""
    query = urlencode(list(parameters))
    address = f"{settings.VSF_PORTAL.shown_url}/api/v1/{quote(path)}{'?' if query else ''}{query}"
    return " ".join(['curl -H "Authorization: Bearer $VSF_TOKEN"', *more, visible(shlex.quote(address))])
