"""The state of the service as its supervisor writes it into the home.

Here: the form of the file, and reading it. Not here: writing it, and the lock of the supervisor (service/state.py).
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from vsf_assets.common.processes import is_same

HEARTBEATS = ("SENSOR", "QUEUED_RUN_COORDINATOR", "ASSET")
"""Threads of the daemon without which no dropped file reaches the snapshot."""

RUNNING, STARTING, RESTARTING = "running", "starting", "restarting"
"""States of a part: it answers, it has not answered yet, it waits for its next start."""


@dataclass
class PartState:
    """One part: its state, process id, number of restarts and the reason of the last one.

    `since` is the start of its process, or while it is restarted the beginning of that (UTC, ISO). `follows_a_run` is
    whether a run took the process before: then its start is no fault.
    """

    state: str = STARTING
    pid: int = 0
    since: str = ""
    restarts: int = 0
    last_reason: str = ""
    follows_a_run: bool = False

    @property
    def is_well(self) -> bool:
        """Whether it answers, or is the next process after one that a run took."""
        return self.state == RUNNING or self.follows_a_run


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


def read_state(home: Path) -> ServiceState | None:
    """Return the state that the last supervisor wrote, which may have ended since; None if there is none."""
    try:
        text = json.loads((service_folder(home) / "state.json").read_text(encoding="utf-8"))
        return ServiceState(**{**text, "parts": {name: PartState(**part) for name, part in text["parts"].items()}})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def is_running(service: ServiceState | None) -> bool:
    """Return whether the supervisor that wrote a state still runs, as far as this machine shows."""
    try:
        return service is not None and is_same(service.pid, datetime.fromisoformat(service.since))
    except ValueError:  # not a time
        return False
