"""Who finds what: each app registers a finder for its kind of things.

Here: the registry. Not here: finders (own_finders.py, and those of other apps, which register where their addresses are
declared).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.http import HttpRequest

MOST = 6
"""Things of a kind that the page shows."""


@dataclass(frozen=True)
class Found:
    """A thing that was found.

    Attributes:
        name: how it is called.
        address: of its page.
        about: what it is, in some words.
    """

    name: str
    address: str
    about: str = ""


@dataclass(frozen=True)
class Group:
    """What one finder found.

    Attributes:
        found: at most MOST things.
        all_address: of a page with all of them; empty where there is none.
        note: why nothing could be searched; empty where it could.
    """

    found: Sequence[Found] = ()
    all_address: str = ""
    note: str = ""


Finder = Callable[[HttpRequest, str], Group]
"""Finds things of a kind that the request's account may see, by a text without spaces around it."""

_finders: dict[str, Finder] = {}


def register_finder(title: str, finder: Finder) -> None:
    """Add a finder; its title names the kind of things, in the plural. A second one of a title replaces the first."""
    _finders[title] = finder


def registered_finders() -> dict[str, Finder]:
    """Return title -> finder, in the order in which they were registered."""
    return dict(_finders)
