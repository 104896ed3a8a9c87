"""The supervisor's state as a file in the home, and the lock that makes it the only one there.

Here: the file's form, reading and writing it. `/healthz` and `vsf status` read it. Not here: what is decided
(supervisor.py).
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from vsf_assets.common.errors import LockTimeoutError, VsfError
from vsf_assets.warehouse.lock import hold_lock

HEARTBEATS = ("SENSOR", "QUEUED_RUN_COORDINATOR", "ASSET")
"""Threads of the daemon without which no dropped file reaches the snapshot."""

RUNNING, STARTING, RESTARTING = "running", "starting", "restarting"
"""States of a part: it answers, it has not answered yet, it waits for its next start."""


@dataclass
class PartState:
    """One part: its state, process id, start (UTC, ISO), number of restarts, and why it was restarted last."""

    state: str = STARTING
    pid: int = 0
    since: str = ""
    restarts: int = 0
    last_reason: str = ""


@dataclass
class ServiceState:
    """The service: the supervisor's process id, its start (UTC, ISO), the UI's address, and the parts by name."""

    pid: int
    since: str
    url: str
    parts: dict[str, PartState] = field(default_factory=dict)


def service_folder(home: Path) -> Path:
    """Return the folder of the service's own files in a home."""
    return home / "service"


def write_state(home: Path, state: ServiceState) -> None:
    """Replace the file of the state."""
    file = service_folder(home) / "state.json"
    new = file.with_suffix(".new")
    new.write_text(json.dumps(asdict(state)), encoding="utf-8")
    new.replace(file)


def read_state(home: Path) -> ServiceState | None:
    """Return the state that the last supervisor wrote, which may have ended since; None if there is none."""
    try:
        text = json.loads((service_folder(home) / "state.json").read_text(encoding="utf-8"))
        return ServiceState(**{**text, "parts": {name: PartState(**part) for name, part in text["parts"].items()}})
    except (OSError, ValueError, TypeError, KeyError):
        return None


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Be the only supervisor of a home for the length of the block.

    Raises:
        VsfError: another one runs; the message names its process and its start.
    """
    lock = service_folder(home) / "service.lock"
    with ExitStack() as stack:
        try:
            stack.enter_context(hold_lock(lock, "the service", 0, what="the service"))
        except LockTimeoutError:
            raise VsfError(f"the service already runs here as {_holder(lock)}; end it first") from None
        yield


def _holder(lock: Path) -> str:
    try:
        holder: dict[str, Any] = json.loads(lock.read_text())
        return f"process {holder['pid']} since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
