"""What became of the newest masked copy: a small file in the home, which every process of the portal reads.

Here: writing and reading it. Not here: making copies (keep_copies.py).
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from vsf_assets.common.atomic_files import atomic_file

MAKING, MADE, FAILED = "making", "made", "failed"

_FILE = "masked.json"


@dataclass(frozen=True)
class CopyState:
    """The state of the newest copy.

    Attributes:
        number: of the snapshot.
        state: MAKING, MADE or FAILED.
        since: seconds since 1970.
        seconds: how long making it took; 0 until then.
        reason: why it failed; it may quote a value of the snapshot.
    """

    number: int
    state: str
    since: float
    seconds: float = 0.0
    reason: str = ""

    @property
    def at(self) -> datetime:
        """Since when it is so, UTC."""
        return datetime.fromtimestamp(self.since, UTC)


def read_state(home: Path) -> CopyState | None:
    """Return the state; None if no copy was begun, or the file holds something else."""
    try:
        return CopyState(**json.loads((home / "portal" / _FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_state(home: Path, state: CopyState) -> None:
    """Write the state."""
    with atomic_file(home / "portal" / _FILE, mode=0o600, is_durable=False) as file:
        file.write(json.dumps(asdict(state)).encode())
