"""Uploads into a landing folder through the portal: speed beside the disk's own, bytes written, memory, and a kill.

Here: the portal as a process, a client that sends a large file, and Chromium, which goes on after a kill -9 at 40 %.
Not here: small uploads and refusals, which are tests. The reference of the speed is `dd` of as many bytes, flushed.
"""

import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench
from benchmarks.measure import Row, timed
from benchmarks.service import children, memory
from vsf_assets.config.settings import Settings, child_environment

FULL_SIZE = 2 * 10**9
MOST_GROWTH, MOST_TIME, MOST_WRITTEN = 80, 2.0, 1.01
"""MB that the portal may grow by; time of an upload by dd's; bytes written by bytes of the file."""

VSF = [sys.executable, "-m", "vsf_assets.cli.main"]
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")


def prepare(bench: Bench) -> tuple[Path, int, str]:
    """Make the file where it is missing; return it, its size and its SHA-256."""
    size = max(int(FULL_SIZE * bench.scale), 20_000_000)
    file = bench.root / f"upload-{size}.csv"
    return file, size, _make(file, size)


def measure(bench: Bench) -> list[Row]:
    """Send a file several times, in turns with dd, and once through a browser with a kill."""
    file, size, digest = prepare(bench)
    ours, reference, written, grown = [], [], [], []
    with bench.home() as settings, Portal(settings).running() as portal:
        for number in range(bench.repeat):
            landed = portal.send(file, f"clicks_1_{number}.csv", digest)
            ours.append(landed.seconds)
            written.append(landed.written_mb)
            grown.append(landed.grown_mb)
            portal.landed(f"clicks_1_{number}.csv").unlink()
            reference.append(_dd(bench.root / "dd.bin", size))
            bench.log(f"upload {number + 1}: {ours[-1]:.2f} s, dd {reference[-1]:.2f} s, {written[-1]:,.0f} MB written")
        whole = f"{size / 1e9:g} GB"
        rows = [
            Row(f"upload of {whole} into a folder, flushed / dd with conv=fsync", ours, reference, MOST_TIME),
            Row("… bytes written by the portal / bytes of the file", written, [size / 1e6], MOST_WRITTEN, unit="MB"),
            Row("… memory that the portal grows by", grown, at_most=MOST_GROWTH, below=True, unit="MB"),
        ]
        if BROWSER is not None:
            growth, seconds = portal.send_by_browser(file, digest)
            what = f"{whole} from Chromium, killed by kill -9 at 40 %: memory that the new worker grows by"
            rows += [
                Row(what, [growth], at_most=MOST_GROWTH, below=True, unit="MB"),
                Row("… from the choice of the file to the receipt", [seconds]),
            ]
    return rows


class Landed:
    """What one upload cost."""

    def __init__(self, seconds: float, written_mb: float, grown_mb: float) -> None:
        self.seconds, self.written_mb, self.grown_mb = seconds, written_mb, grown_mb


class Portal:
    """A portal on a home of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = int(free.getsockname()[1])
        self._environment = child_environment({"VSF_HOME": str(settings.home)})
        self.address = f"http://127.0.0.1:{self._port}"

    @contextmanager
    def running(self) -> Iterator["Portal"]:
        """Run it until the block ends."""
        Path(self._settings.landing).mkdir(parents=True, exist_ok=True)
        self._password = self._vsf("portal", "user", "bench", "--role", "steward")
        self._token = self._vsf("portal", "token", "bench", "--scope", "deliver")
        with (self._settings.home / "portal.out").open("wb") as log:
            command = [*VSF, "portal", "--bind", f"127.0.0.1:{self._port}"]
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)
            try:
                self._wait()
                yield self
            finally:
                self._process.send_signal(signal.SIGTERM)
                self._process.wait()

    def _vsf(self, *arguments: str) -> str:
        done = subprocess.run([*VSF, *arguments], env=self._environment, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def _wait(self) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.address}/healthz", timeout=5):
                    return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("the portal does not answer")

    def _worker(self) -> int:
        return max(children(self._process.pid), key=lambda pid: memory(pid))

    def landed(self, name: str) -> Path:
        """Return the path of a delivered file."""
        return Path(self._settings.landing) / "clicks" / "1" / name

    def send(self, file: Path, name: str, digest: str) -> Landed:
        """Send a file as a program does, and look at the worker meanwhile."""
        body = json.dumps({"file_name": name, "bytes": file.stat().st_size}).encode()
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.address}/api/v1/uploads", body, headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            begun = json.load(answer)
        worker = self._worker()
        before, written = memory(worker), _written(worker)
        with _Watch(worker) as watch, timed() as clock:
            found = self._put(begun, file)
        if found["sha256"] != digest:
            raise SystemExit("what landed is not what was sent")
        return Landed(clock.seconds, (_written(worker) - written) / 1e6, max(0.0, watch.peak - before))

    def _put(self, begun: dict[str, Any], file: Path) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=600)
        connection.putrequest("PUT", begun["url"].removeprefix(self.address))
        connection.putheader("X-Vsf-Upload-Token", begun["token"])
        connection.putheader("Content-Length", str(file.stat().st_size))
        connection.endheaders()
        with file.open("rb") as opened:
            connection.sock.sendfile(opened)
        found: dict[str, Any] = json.loads(connection.getresponse().read())
        return found

    def send_by_browser(self, file: Path, digest: str) -> tuple[float, float]:
        """Send a file from Chromium, kill the worker at 40 %, and let the page go on.

        Returns:
            MB that the new worker grew by, and seconds in all.
        """
        from playwright.sync_api import sync_playwright

        named = file.with_name("clicks_1_browser.csv")
        named.unlink(missing_ok=True)
        named.hardlink_to(file)
        size = file.stat().st_size
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
            page = browser.new_page()
            page.goto(f"{self.address}/deliveries/new/")
            page.fill("[name=login]", "bench")
            page.fill("[name=password]", self._password)
            page.click("button.main")
            page.wait_for_url("**/account/password/change/**")  # which a printed password leads to
            page.goto(f"{self.address}/deliveries/new/")
            page.wait_for_selector("#id_files")
            with timed() as clock:
                page.set_input_files("#id_files", named)
                while page.evaluate("(document.querySelector('#uploads progress') || {value: 0}).value") < 0.4 * size:
                    page.wait_for_timeout(20)
                os.kill(self._worker(), signal.SIGKILL)
                page.wait_for_selector("#uploads .broken", timeout=60_000)
                self._wait()
                worker = self._worker()
                before = memory(worker)
                with _Watch(worker) as watch:
                    page.wait_for_selector("#uploads .landed", timeout=600_000)
            browser.close()
        named.unlink()
        if _digest(self.landed(named.name)) != digest:
            raise SystemExit("what landed from the browser is not what was sent")
        return max(0.0, watch.peak - before), clock.seconds


class _Watch:
    """Looks at the memory of a process while the block runs; `peak` is the most, in MB."""

    def __init__(self, pid: int) -> None:
        self._pid, self.peak = pid, 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def _sample(self) -> None:
        while not self._end.wait(0.1):
            self.peak = max(self.peak, memory(self._pid))

    def __enter__(self) -> "_Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


def _make(file: Path, size: int) -> str:
    """Create a file of random lines unless it exists; return its SHA-256."""
    if not file.exists() or file.stat().st_size != size:
        block = os.urandom(1 << 19).hex().encode() + b"\n"
        with file.open("wb") as opened:
            left = size
            while left > 0:
                left -= opened.write(block[: min(left, len(block))])
    return _digest(file)


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _dd(file: Path, size: int) -> float:
    command = ["dd", "if=/dev/zero", f"of={file}", "bs=1M", f"count={size}", "iflag=count_bytes", "conv=fsync"]
    with timed() as clock:
        subprocess.run(command, check=True, capture_output=True)
    file.unlink()
    return clock.seconds


def _written(pid: int) -> int:
    """Return the bytes that a process has had written to disks."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("write_bytes:")))
