"""Small JSON cache files of a home, whose loss costs work only.

Here: reading and writing one as a whole. Not here: what is noted.
"""

import json
import os
from collections.abc import Mapping
from typing import Any

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
    temporary = file.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(content))
    temporary.replace(file)
