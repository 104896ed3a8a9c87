"""A PostgreSQL server for tests, of Debian's package, started as another user where the tests run as root.

Here: its start and stop. Not here: assertions.
"""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = [path for path in sorted(Path("/usr/lib/postgresql").glob("*/bin")) if (path / "initdb").exists()]
"""Folders of installed versions; empty if there is none."""


@dataclass(frozen=True)
class Server:
    """A server that runs.

    Attributes:
        address: of its empty database.
        control: the command that controls it, without its verb.
        options: what it is started with.
    """

    address: str
    control: tuple[str, ...]
    options: str

    def restart(self, mode: str = "fast") -> None:
        """Stop it, in a way that pg_ctl knows, and start it again in the same place."""
        _as_other_user(*self.control, "-w", "-m", mode, "restart")

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Let it be away for a block."""
        _as_other_user(*self.control, "-w", "-m", "fast", "stop")
        try:
            yield
        finally:
            _as_other_user(*self.control, "-w", "-o", self.options, "start")


@contextmanager
def running_server(is_durable: bool = False) -> Iterator[str]:
    """Start a server with an empty database, and yield its address; `is_durable` as in `restartable_server`."""
    with restartable_server(is_durable) as server:
        yield server.address


@contextmanager
def restartable_server(is_durable: bool = False) -> Iterator[Server]:
    """Start a server with an empty database; tests need none that flushes its commits, benchmarks do."""
    port = _free_port()
    folder = Path("/tmp") / f"vsf-postgres-{os.getpid()}-{port}"
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        user = _other_user()
        os.chown(folder, user.pw_uid, user.pw_gid)
    programs, data = PROGRAMS[-1], folder / "data"
    _as_other_user(str(programs / "initdb"), "-D", str(data), "-U", "vsf", "-A", "trust", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    options += "" if is_durable else " -c fsync=off"
    control = (str(programs / "pg_ctl"), "-D", str(data), "-l", str(folder / "log"))
    _as_other_user(*control, "-w", "-o", options, "start")
    try:
        yield Server(f"postgresql://vsf@127.0.0.1:{port}/postgres", control, options)
    finally:
        _as_other_user(*control, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _as_other_user(*command: str) -> None:
    options: dict[str, object] = {"cwd": "/"}
    if os.geteuid() == 0:
        user = _other_user()
        options |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    subprocess.run(command, check=True, capture_output=True, timeout=60, **options)  # type: ignore[call-overload]


def _other_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
