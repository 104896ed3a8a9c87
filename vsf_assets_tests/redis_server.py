"""A Redis server for tests, of Debian's package, started as another user where the tests run as root.

Here: its start, stop and restart. Not here: assertions.
"""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("redis-server")
"""The installed program; None if there is none."""


@dataclass
class Broker:
    """A server that runs, and keeps each task on disk as docs/lake.md advises.

    Attributes:
        port: on the loopback device.
        folder: where it keeps them.
        process: its process.
    """

    port: int
    folder: Path
    process: "subprocess.Popen[bytes]"

    @property
    def address(self) -> str:
        """Its first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    def restart(self) -> None:
        """Kill it and start it again."""
        self.process.kill()
        self.process.wait()
        self.process = _started(self.port, self.folder)


@contextmanager
def running_broker() -> Iterator[Broker]:
    """Start a server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    folder = Path("/tmp") / f"vsf-redis-{os.getpid()}-{port}"
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
    broker = Broker(port, folder, _started(port, folder))
    try:
        yield broker
    finally:
        broker.process.kill()
        broker.process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _started(port: int, folder: Path) -> "subprocess.Popen[bytes]":
    options: dict[str, Any] = {"cwd": folder}
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        options |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    command = [str(PROGRAM), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    command += ["--appendonly", "yes", "--appendfsync", "always"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    while process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return process
        time.sleep(0.05)
    raise RuntimeError(f"redis-server ended with {process.returncode}")
