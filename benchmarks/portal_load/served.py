"""A portal on a home with a large table, and people who are signed in.

Here: what measuring pages and the soak test share. Not here: what they measure (__main__.py, soak.py).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.service import children, memory
from vsf_assets.config.settings import Settings, child_environment, read_settings

ROWS = 1_000_000
"""Rows of marts.fct_activity_events."""

ROLES = ("engineer", "reader")
VSF = (sys.executable, "-m", "vsf_assets.cli.main")

_SECONDS = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")

MAKE_SESSIONS = """
import json, sys
from vsf_assets.config.settings import read_settings
from vsf_assets.portal.config import set_up
set_up(read_settings())
from django.test import Client
from vsf_assets.portal.accounts.account_changes import create_account, set_personal, set_role
from vsf_assets.portal.accounts.models import Team
team = Team.objects.get_or_create(name="platform")[0]
made = []
for number in range(int(sys.argv[1])):
    role = json.loads(sys.argv[2])[number % 2]
    user = create_account(f"{role}-{number}", "three old words here")
    set_role(user, team, role)
    if role == "engineer":
        set_personal(user, may_see=True)
    client = Client()
    backend = "allauth.account.auth_backends.AuthenticationBackend"
    client.force_login(type(user).objects.get(pk=user.pk), backend=backend)
    made.append((role, client.cookies["vsf_session"].value))
print(json.dumps(made))
"""


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in."""

    role: str
    cookie: str


@dataclass(frozen=True)
class Portal:
    """A portal that runs."""

    settings: Settings
    port: int
    process: int
    people: tuple[Person, ...]

    def workers(self) -> list[int]:
        """Return the processes that answer."""
        return [pid for pid in children(self.process) if "spawn_main" in _text(pid, "cmdline")]

    def fork_servers(self) -> list[int]:
        """Return the processes that start the processes of queries: a child of a worker each, if it had a query."""
        workers = self.workers()  # a process of a query has the command line of the one that forked it
        named = [pid for pid in children(self.process) if "portal.sql.fork_server" in _text(pid, "cmdline")]
        return [pid for pid in named if _status(pid, "PPid") in workers]

    def cpu_seconds(self) -> float:
        """Return the processor time that the workers have used."""
        return sum(_cpu_seconds(pid) for pid in self.workers())

    def memory(self) -> tuple[float, ...]:
        """Return the resident memory in MB of each process: the one that was started, then those that it started."""
        return tuple(_status(pid, "VmRSS") / 1024 for pid in (self.process, *sorted(children(self.process))))

    def size(self) -> float:
        """Return the memory in MB of all processes together, where a page that several share counts once."""
        return memory(self.process, *children(self.process))

    def threads(self) -> int:
        """Return the number of threads of the workers."""
        return sum(_status(pid, "Threads") for pid in self.workers())

    def open_files(self) -> int:
        """Return the number of files and sockets that the workers have open."""
        return sum(map(open_files_of, self.workers()))


def open_files_of(pid: int) -> int:
    """Return the number of files and sockets that a process has open; one that has just ended has none."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


@contextmanager
def running(
    home: Path,
    people: int,
    rows: int = ROWS,
    variables: Mapping[str, str] | None = None,
    started_by: Sequence[str] = (),
) -> Iterator[Portal]:
    """Run a portal on a home with a large table until the block ends.

    Args:
        home: where; it is made.
        people: how many are signed in.
        rows: of the large table.
        variables: of its environment.
        started_by: the command that becomes the portal; none if it starts as it is.
    """
    chosen = {name: value for name, value in os.environ.items() if name == "VSF_PORTAL_WORKERS"}
    settings = read_settings({"VSF_HOME": str(home), **chosen})
    port = 30000 + os.getpid() % 20000
    environment = child_environment(
        {"VSF_HOME": str(home), "VSF_PORTAL_BIND": f"127.0.0.1:{port}", **(variables or {})}
    )
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*VSF, "demo"], env=environment, check=True, **quiet)  # type: ignore[call-overload]
    publish_large(settings, rows)
    with (home / "portal.out").open("wb") as log:
        process = subprocess.Popen([*started_by, *VSF, "portal"], env=environment, stdout=log, stderr=log)
        try:
            _wait(port)
            made = subprocess.run(
                [sys.executable, "-c", MAKE_SESSIONS, str(people), json.dumps(ROLES)],
                env=environment, check=True, capture_output=True, text=True,
            )  # fmt: skip
            found = tuple(Person(role, cookie) for role, cookie in json.loads(made.stdout))
            yield Portal(settings, port, process.pid, found)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def publish_large(settings: Settings, rows: int) -> int:
    """Publish a copy of the current snapshot whose activity has more rows, under the next number; return the number."""
    folder = Path(settings.snapshots)
    current = (folder / "current.duckdb").resolve()
    number = int(current.stem.removeprefix("vsf-")) + 1
    new = folder / f"vsf-{number}.duckdb"
    shutil.copyfile(current, new)
    new.chmod(0o600)
    with duckdb.connect(str(new)) as connection:
        (stored,) = connection.execute("select count(*) from marts.fct_activity_events").fetchall()[0]
        copies = -(-(rows - stored) // stored)
        connection.execute(
            "insert into marts.fct_activity_events"
            " select events.* replace (md5(event_uuid || copy) as event_uuid, event_at + to_seconds(copy) as event_at)"
            f" from marts.fct_activity_events events, range(1, {copies + 1}) copies(copy) limit {max(0, rows - stored)}"
        )
    new.chmod(0o444)
    link = folder / "next"
    link.symlink_to(new.name)
    link.replace(folder / "current.duckdb")
    return number


def _wait(port: int) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the portal does not start")


def _text(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        return ""


def _cpu_seconds(pid: int) -> float:
    fields = _text(pid, "stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS if fields else 0.0


def _status(pid: int, name: str) -> int:
    found = [line for line in _text(pid, "status").splitlines() if line.startswith(f"{name}:")]
    return int(found[0].split()[1]) if found else 0
