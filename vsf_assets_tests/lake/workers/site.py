"""A site with several homes of one shared lake: programs of the platform in processes of their own, and what is stored.

Here: starting, killing and stopping them, and looking at the outcome. Not here: assertions but those that every test
ends with (`check_all_stored`).
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vsf_assets.config.settings import PROJECT_ROOT, read_settings
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.lake.workers.store_front import BUCKET, StoreFront

HEADER = "click_id,banner_id,campaign_id\n"
ROWS = 50


@dataclass
class Site:
    """Folders and settings that all machines share, and the processes that were started.

    Attributes:
        root: folder of everything.
        database: the database of the lake.
        more: further settings of all processes.
        trees: home -> folder with the release that its programs run; this one where it is not named.
        store: the bucket that holds landing zone, archive, snapshots and lake; None for folders.
    """

    root: Path
    database: str
    more: dict[str, str] = field(default_factory=dict)
    trees: dict[str, Path] = field(default_factory=dict)
    store: StoreFront | None = None
    processes: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("data/lake", "landing", "archive", "snapshots", "homes", "logs"):
            (self.root / name).mkdir(parents=True)

    def environment(self, home: str) -> dict[str, str]:
        """Return the variables of a process on a machine with a home of its own."""
        places = {f"VSF_{name.upper()}": str(self.root / name) for name in ("landing", "archive", "snapshots")}
        return {
            **os.environ,
            **places,
            "VSF_HOME": str(self.root / "homes" / home),
            "VSF_LAKE": str(self.root / "data" / "lake"),
            "VSF_CATALOG": self.database,
            "VSF_LOCK_TAKEOVER_SECONDS": "5",
            "VSF_SETTLE_SECONDS": "0",
            "VSF_THREADS": "1",
            **(self.store.settings if self.store else {}),
            **self.more,
            "PYTHONPATH": str(self.tree(home)),
        }

    def tree(self, home: str) -> Path:
        """Return the folder of the release that a program runs; Python looks in the working folder first."""
        return self.trees.get(home, PROJECT_ROOT)

    def warehouse(self) -> Warehouse:
        """Return the warehouse, as a reader uses it."""
        return Warehouse.of(read_settings(self.environment("reader")))

    def vsf(self, *words: str, home: str = "reader") -> str:
        """Run a command to its end; return what it printed."""
        command = [sys.executable, "-m", "vsf_assets.cli.main", *words]
        done = subprocess.run(
            command, env=self.environment(home), cwd=self.tree(home), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def start(self, name: str, *command: str) -> "subprocess.Popen[bytes]":
        """Start a program of Python, with a home and a process group of its own."""
        with (self.root / "logs" / f"{name}.log").open("ab") as log:
            started = subprocess.Popen(
                [sys.executable, *command],
                env=self.environment(name),
                cwd=self.tree(name),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes[name] = started
        return started

    def signal(self, name: str, what: signal.Signals) -> None:
        """Send a signal to a program and all that it started."""
        os.killpg(self.processes[name].pid, what)

    def kill(self, name: str) -> None:
        """Kill a program and all that it started."""
        self.signal(name, signal.SIGKILL)
        self.processes[name].wait()

    def end(self) -> None:
        """Kill everything."""
        for started in self.processes.values():
            try:
                os.killpg(started.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            started.wait()

    def log(self, name: str) -> str:
        """Return what a program wrote."""
        return (self.root / "logs" / f"{name}.log").read_text(errors="replace")

    def land(self, first: int, files: int, twins: int = 0) -> None:
        """Land files of clicks, and some with the content of the first ones; each appears at once, whole."""
        contents = {**{n: n for n in range(first, first + files)}, **{1000 + n: n for n in range(twins)}}
        for number, content in contents.items():
            rows = "".join(f"{content * ROWS + row},2,3\n" for row in range(ROWS))
            self._put(f"clicks_{content % 4 + 1}_{number}.csv", HEADER + rows)  # a twin has the same partition

    def _put(self, name: str, text: str) -> None:
        if self.store is not None:
            self.store.client.put_object(Bucket=BUCKET, Key=f"landing/{name}", Body=text.encode())
            return
        target = self.root / "landing" / name
        whole = target.with_suffix(".tmp")
        whole.write_text(text, encoding="utf-8")
        whole.rename(target)

    def files_in(self, place: str) -> list[str]:
        """Return the names of files in a place, with their folders."""
        if self.store is not None:
            return [key for key in self.store.keys(f"{place}/") if not key.rpartition("/")[2].startswith(".")]
        return [str(path) for path in (self.root / place).rglob("*") if path.is_file()]

    def waiting(self) -> int:
        """Return the number of files in the landing zone."""
        return sum(name.endswith(".csv") for name in self.files_in("landing"))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return what a query on the lake gives."""
        with self.warehouse().read("test") as connection:
            assert connection is not None
            return connection.execute(sql).fetchall()

    def check_all_stored(self, files: int, twins: int = 0) -> None:
        """Assert that nothing is lost, nothing doubled, and each row accounted for."""
        states = dict(self.query("select status, count(*) from raw.files group by all"))
        assert states == {"loaded": files} | ({"duplicate_file": twins} if twins else {})
        twice = self.query("select sha256 from raw.files where status = 'loaded' group by all having count(*) > 1")
        assert twice == [], "a content is loaded twice"
        ((rows, ids),) = self.query("select count(*), count(distinct click_id) from raw.clicks")
        assert (rows, ids) == (files * ROWS, files * ROWS)
        lost = self.query(
            "select file_name from raw.files where status = 'loaded'"
            " and lines_read <> rows_loaded + rows_quarantined + rows_blank + rows_skipped"
        )
        assert lost == []
        assert self.waiting() == 0
        archived = [name for name in self.files_in("archive") if "clicks_" in name]
        assert len(archived) >= files


def until(condition: Callable[[], bool], what: str, seconds: float = 900) -> None:
    """Wait for a condition; a machine may be slow, so the limit only ends a test that would never end."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.2)
