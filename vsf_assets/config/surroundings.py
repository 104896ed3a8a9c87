"""Compares what two processes work with: their settings, umask, and variables of networks.

Here: the digest that two processes of one home compare before one works for the other. Not here: the settings
themselves (settings.py), and how work is handed over (resources/work_handover.py).
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from vsf_assets.config.settings import Settings, network_variables


def surroundings(settings: Settings) -> str:
    """Return a digest of the settings, and of what else decides how this process works; it tells no secret.

    The chosen source of the catalog is left out: whoever hands work over names it.
    """
    umask = os.umask(0o077)
    os.umask(umask)
    parts = [_plain(replace(settings, profile="")), umask, sorted(network_variables().items())]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Return a value whose `repr` is the same in each process: sets have no order, and objects have addresses."""
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value).__name__, *((field.name, _plain(getattr(value, field.name))) for field in fields(value))]
    if isinstance(value, Mapping):
        return sorted((str(key), repr(_plain(item))) for key, item in value.items())
    if isinstance(value, set | frozenset):
        return sorted(repr(_plain(item)) for item in value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value)
