"""The process that makes one copy, so that its memory is given back, and it yields to whoever is in a hurry.

Here: the program, as `python -m vsf_assets.masking.copy_process`, and starting it. It reads what to do as a line of
JSON from its standard input, which stays open: when that is closed, it ends. So it ends with its starter, and the key
stands in no list of processes. Not here: the copy itself (masked_copy.py).
"""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, cast

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import interpreter_environment, network_variables
from vsf_assets.storage.s3_client import is_address

_NICENESS = 10
_INPUT = 0
"""Descriptor of the standard input."""

_CHECK_EVERY = 0.1
_LONGEST_ERROR = 2000


class StoppedError(VsfError):
    """The copy was not finished, since its keeper ends."""


def run_copy(
    snapshot: Path, target: Path, key: bytes | None, memory: str, threads: int, stop: threading.Event, lake: str = ""
) -> None:
    """Make a copy in a process of its own, and wait for it.

    Args:
        snapshot: the snapshot's file.
        target: file of the copy; one that is there, of an attempt that was killed, is replaced.
        key: of pseudonyms; None for a copy that is not masked.
        memory: what DuckDB may take.
        threads: of DuckDB.
        stop: ends the process when it is set.
        lake: place of the data files of snapshots, by the settings; empty for none.

    Raises:
        StoppedError: `stop` was set.
        VsfError: the copy could not be made; the message says why.
    """
    spill = target.with_suffix(".spill")
    remove_leftovers(target)
    spill.mkdir(mode=0o700)
    task: dict[str, object] = {"snapshot": snapshot, "target": target, "memory": memory, "threads": threads}
    task |= {"lake": lake, "key": None if key is None else key.hex()}
    process = subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # It runs nobody's SQL. Where the rows are in a bucket, it needs what reaches that.
        env={**interpreter_environment(), **(network_variables() if is_address(lake) else {})},
    )
    try:
        stdin, stderr = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stderr)
        stdin.write(json.dumps({**task, "spill": spill}, default=str).encode() + b"\n")
        stdin.flush()
        while process.poll() is None and not stop.wait(_CHECK_EVERY):
            pass
        if process.poll() is None:
            raise StoppedError("the copy was not finished, since the portal ends")
        said = stderr.read().decode("utf-8", "replace").strip()
        if process.returncode:
            raise VsfError(said.splitlines()[-1][:_LONGEST_ERROR] if said else f"exit status {process.returncode}")
    finally:
        process.kill()
        process.communicate()
        _remove_folder(spill)


def remove_leftovers(target: Path) -> None:
    """Remove what an attempt that was killed has left of a copy."""
    for path in (target, target.with_name(f"{target.name}.wal")):
        path.unlink(missing_ok=True)
    _remove_folder(target.with_suffix(".spill"))


def _remove_folder(folder: Path) -> None:
    if folder.is_dir():
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def _end_with_input() -> None:
    while os.read(_INPUT, 1024):
        pass
    os._exit(1)


def _read_line() -> bytes:
    """Return the first line of the input, without Python's own buffer, whose lock a thread would hold at the end."""
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(_INPUT, 1)
        if not part:
            break
        line += part
    return line


def main() -> None:
    """Make the copy that the standard input describes."""
    from vsf_assets.masking.masked_copy import CopyLimits, make_copy

    task = json.loads(_read_line())
    threading.Thread(target=_end_with_input, daemon=True).start()
    os.umask(0o077)
    os.nice(_NICENESS)
    limits = CopyLimits(task["memory"], task["threads"], Path(task["spill"]))
    try:
        key = bytes.fromhex(task["key"]) if task["key"] is not None else None
        make_copy(Path(task["snapshot"]), Path(task["target"]), key, limits, task["lake"])
    except Exception as error:  # noqa: BLE001 - every one is told to the process that waits, in one line
        sys.exit(" ".join(str(error).split()) or type(error).__name__)


if __name__ == "__main__":
    main()
