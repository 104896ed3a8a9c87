"""Small JSON cache files of a home; losing one costs only work.

Here: reading and writing a whole file. Not here: its content.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from vsf_assets.common.atomic_files import atomic_write


class InHome(Protocol):
    """Settings, or anything else that names a home."""

    @property
    def home(self) -> Path:
        """The home's folder."""
        ...


def read_note(settings: InHome, name: str) -> dict[str, Any]:
    """Return the content of a cache file; an empty dict if it is missing or damaged."""
    try:
        kept = json.loads((settings.home / "cache" / f"{name}.json").read_text())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def write_note(settings: InHome, name: str, content: Mapping[str, Any], mode: int | None = None) -> None:
    """Replace the content of a cache file atomically; its permissions are `mode`, by default 0o666 less the umask."""
    file = settings.home / "cache" / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(file, json.dumps(content).encode(), is_durable=False, mode=mode)
