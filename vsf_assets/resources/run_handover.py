"""How a run is handed to the spare process: the file that names it, and one question and answer over a Unix socket.

Here: the side that asks, and the forms of both sides. Not here: the spare process (service/spare_process.py), which
has imported everything and waits for one run. The socket belongs to the user who runs the service, and to nobody else.
"""

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsf_assets.common.processes import started

ANSWER_SECONDS = 5.0
"""How long to wait for an answer. It comes within milliseconds, but for a process that was stopped."""


@dataclass(frozen=True)
class Spare:
    """A spare process: its process id, and its socket, which is empty after a run took the process."""

    pid: int
    socket: str


def spare_file(home: Path) -> Path:
    """Return the file that names the newest spare process of a home."""
    return home / "service" / "spare.json"


def read_spare(home: Path) -> Spare | None:
    """Return the newest spare process that was ready; None if there is none."""
    try:
        named = json.loads(spare_file(home).read_text(encoding="utf-8"))
        return Spare(int(named["pid"]), str(named["socket"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_spare(home: Path, spare: Spare) -> None:
    """Name a spare process that is ready, or that a run took."""
    file = spare_file(home)
    new = file.with_name(f"{file.name}.{spare.pid}")
    new.write_text(json.dumps({"pid": spare.pid, "socket": spare.socket}), encoding="utf-8")
    new.replace(file)


def ask(spare: Spare, question: dict[str, Any]) -> dict[str, Any] | None:
    """Send a question, a JSON object, and return the answer; None if there is none in time."""
    if not spare.socket:
        return None
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(ANSWER_SECONDS)
            connection.connect(spare.socket)
            connection.sendall(json.dumps(question).encode() + b"\n")
            with connection.makefile("rb") as stream:
                answer = json.loads(stream.readline())
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) else None


def is_ready(home: Path) -> bool:
    """Whether a spare process answers that it is ready."""
    spare = read_spare(home)
    return spare is not None and bool((ask(spare, {"ask": "ready"}) or {}).get("ready"))


def hand_over(home: Path, run_id: str) -> int | None:
    """Hand a run to the spare process; return its process id, or None if no spare process took the run.

    If the answer is lost after the process took the run, the caller starts the run a second time. The run is then in
    state STARTED already, and Dagster ignores the second process.
    """
    spare = read_spare(home)
    if spare is None:
        return None
    answer = ask(spare, {"ask": "run", "run_id": run_id})
    return spare.pid if answer is not None and answer.get("taken") else None


def listen(folder: Path) -> tuple[socket.socket, str]:
    """Return a listening socket that only this user may use, and its path.

    Raises:
        OSError: no socket can be made.
    """
    for left in folder.glob("spare-*.sock"):  # of a process that was killed
        if started(int(left.stem.partition("-")[2])) is None:
            left.unlink(missing_ok=True)
    path = str(folder / f"spare-{os.getpid()}.sock")
    if len(os.fsencode(path)) > 100:  # the system allows 104 (macOS) or 108 bytes
        import tempfile

        path = str(Path(tempfile.mkdtemp(prefix="vsf-")) / "spare.sock")
    Path(path).unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        listening.bind(path)
    finally:
        os.umask(before)
    listening.listen(8)
    return listening, path
