"""The supervisor's state as a file in the home, and the lock that makes it the only one there.

Here: writing it. Not here: the file's form and reading it (runs/service_state.py), and what is decided (supervisor.py).
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vsf_assets.common.errors import LockTimeoutError, VsfError
from vsf_assets.runs.service_state import ServiceState, service_folder
from vsf_assets.warehouse.lock import hold_lock


def write_state(home: Path, state: ServiceState) -> None:
    """Replace the file of the state."""
    file = service_folder(home) / "state.json"
    new = file.with_suffix(".new")
    new.write_text(json.dumps(asdict(state)), encoding="utf-8")
    new.replace(file)


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
