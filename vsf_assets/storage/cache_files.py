"""Small JSON cache files of a home, whose loss costs work only.

Here: reading and writing one as a whole. Not here: what is noted.
"""

import json
from collections.abc import Mapping
from typing import Any

from vsf_assets.common.atomic_files import atomic_write
from vsf_assets.config.settings import Settings


def read_note(settings: Settings, name: str) -> dict[str, Any]:
    """Return what was noted; nothing where the note is lost or broken."""
    try:
        kept = json.loads((settings.home / "cache" / f"{name}.json").read_text())
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def write_note(settings: Settings, name: str, content: Mapping[str, Any]) -> None:
    """Note something in place of what was noted, at once."""
    file = settings.home / "cache" / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(file, json.dumps(content).encode(), is_durable=False)
