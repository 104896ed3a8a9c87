"""`vsf portal` as a process: its start, the first administrator's link, accounts, tokens, kills, and its end.

Here: few and whole ways through a real server. Not here: what pages show (test_tables.py).
"""

import contextlib
import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets_tests.portal.world import World
from vsf_assets_tests.prebuilt import put_portal_database

VSF = [sys.executable, "-m", "vsf_assets.cli.main"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def environment(home: Path, world: World) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("VSF_")},
        "VSF_HOME": str(home),
        "VSF_SNAPSHOTS": str(world.snapshots),
        "VSF_PORTAL_WORKERS": "1",  # enough for most tests
        "PYTHONPATH": str(PROJECT_ROOT),
        "PYTHONUNBUFFERED": "1",
    }


def vsf(home: Path, world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*VSF, *arguments], env=environment(home, world), capture_output=True, text=True, timeout=60, check=False
    )


class Running:
    """A portal that runs, and a browser without JavaScript."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path, port: int) -> None:
        self.process, self.log, self.address = process, log, f"http://127.0.0.1:{port}"
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def get(self, path: str, **headers: str) -> str:
        request = urllib.request.Request(self.address + path, headers=headers)
        with self.browser.open(request, timeout=20) as answer:
            return str(answer.read().decode())

    def send(self, path: str, **fields: str) -> str:
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', self.get(path))
        assert token
        data = urlencode({"csrfmiddlewaretoken": token[1], **fields}).encode()
        with self.browser.open(self.address + path, data, timeout=20) as answer:
            return str(answer.read().decode())

    def workers(self) -> list[int]:
        found = subprocess.run(
            ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=True,
        )
        lines = found.stdout.splitlines()
        return [int(line.split()[0]) for line in lines if "spawn_main" in line]


@contextmanager
def running(
    home: Path,
    world: World,
    *options: str,
    on_terminal: bool = False,
    variables: Mapping[str, str] | None = None,
    is_first: bool = False,
) -> Iterator[Running]:
    """Run the portal; its log is a file, or a copy of what a terminal shows, which sees passwords too.

    `is_first` is for tests of the first start, which makes the tables of the portal's database.
    """
    if not is_first:
        put_portal_database(home)
    port, log = free_port(), home.with_suffix(".log")
    command = [*VSF, "portal", "--bind", f"127.0.0.1:{port}", *options]
    with log.open("ab") as output:
        shown, terminal = pty.openpty() if on_terminal else (-1, output.fileno())
        process = subprocess.Popen(command, env=environment(home, world) | dict(variables or {}), stderr=terminal)
    if on_terminal:
        os.close(terminal)
        threading.Thread(target=copy, args=(shown, log), daemon=True).start()
    found = Running(process, log, port)
    try:
        wait_for(found)
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in (0, -signal.SIGKILL)  # the second where the test itself killed it


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def copy(terminal: int, log: Path) -> None:
    """Write what a terminal shows to a file, until the last process there has ended."""
    with contextlib.suppress(OSError):
        while text := os.read(terminal, 4096):
            with log.open("ab") as output:
                output.write(text)
    os.close(terminal)


def demo_passwords(portal: Running) -> dict[str, str]:
    """Return the password of each role's demo account, as the terminal shows them."""
    return dict(re.findall(r"demo-(\w+) +((?:\w{6}-){3}\w{6})", portal.log.read_text()))


def wait_for(portal: Running) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if json.loads(portal.get("/healthz")) == {"status": "ok"}:
                return
        except (OSError, urllib.error.URLError):
            assert portal.process.poll() is None, portal.log.read_text()
        time.sleep(0.1)
    raise AssertionError(portal.log.read_text())


@pytest.mark.slow
def test_from_the_first_start_to_a_page_of_data_and_over_kills(world: World, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "portal").mkdir(parents=True)
    (home / "portal").chmod(0o755)
    with running(home, world, is_first=True) as portal:
        assert {path.stat().st_mode & 0o077 for path in (home / "portal", *(home / "portal").rglob("*"))} == {0}
        file = home / "portal" / "first-admin-link"
        assert f"once, within an hour: see {file}" in portal.log.read_text()
        assert "/join/" not in portal.log.read_text()
        assert file.stat().st_mode & 0o777 == 0o600
        found = re.fullmatch(r"http://127.0.0.1:\d+(/join/[\w-]+/)\n", file.read_text())
        assert found
        portal.send(found[1], username="root", password="three old words", again="three old words")
        assert not file.exists()
        shown = portal.get("/data/marts/fct_limited_lines/?limit_type=USG&has_activity=true")
        assert "5551000001" in shown
        assert "5551000003" in shown
        (worker,) = portal.workers()
        os.kill(worker, signal.SIGKILL)
        time.sleep(0.5)
        wait_for(portal)
        assert portal.workers() != [worker]
        assert "5551000001" in portal.get("/data/marts/fct_limited_lines/?limit_type=USG")  # the session stays
        (worker,) = portal.workers()
        portal.process.kill()
        portal.process.wait(20)
        for _ in range(100):
            if not is_running(worker):
                break
            time.sleep(0.05)
        assert not is_running(worker)  # it ends with the process that started it
        browser = portal.browser
    with running(home, world) as portal:
        portal.browser = browser
        assert "5551000001" in portal.get("/data/marts/fct_limited_lines/?limit_type=USG")
        assert portal.log.read_text().count("within an hour") == 1
    secrets = [path for path in (home / "portal").iterdir() if path.is_file() and path.suffix != ".lock"]
    assert {path.name for path in secrets} >= {"portal-secret", "pseudonym-secret", "portal.sqlite3"}
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}


def test_accounts_and_tokens_for_scripts(world: World, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with ThreadPoolExecutor() as two:  # at once, in a home that neither finds prepared
        words = ["portal", "user", "bob", "--role", "reader"]
        other = two.submit(vsf, home, world, *words)
        made = vsf(home, world, "portal", "user", "ann", "--role", "engineer", "--personal")
    assert made.returncode == 0, made.stderr
    assert other.result().returncode == 0, other.result().stderr
    assert re.fullmatch(r"(\w{6}-){3}\w{6}\n", made.stdout)
    assert "made the account ann: engineer of platform, sees personal data" in made.stderr
    token = vsf(home, world, "portal", "token", "ann", "--scope", "read")
    assert token.stdout.startswith("vsf_")
    kept = vsf(home, world, "portal", "user", "ann", "--role", "reader", "--keep-password")
    assert (kept.returncode, kept.stdout) == (0, "")
    missing = vsf(home, world, "portal", "token", "nobody")
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "there is no account nobody" in missing.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--bind", "0.0.0.0:8000"), "passwords would travel in clear text"),
        (("--demo", "--bind", "0.0.0.0:8000"), "for this machine alone"),
        (("--bind", "nonsense"), "is not an address"),
    ],
)
def test_an_address_that_lets_others_in_is_refused(
    world: World, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    done = vsf(tmp_path / "home", world, "portal", *options)
    assert done.returncode in (1, 2)
    assert words in done.stderr
    assert not (tmp_path / "home" / "portal" / "portal.sqlite3").exists()


def test_no_other_command_imports_django(world: World, tmp_path: Path) -> None:
    commands = (["--help"], ["portal", "--help"], ["status"], ["query", "select 1"], ["banners", "--help"])
    for arguments in commands:
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "vsf_assets.cli.main", *arguments],
            env=environment(tmp_path / "home", world), capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
        assert "vsf_assets" in imported
        assert imported & {"django", "allauth", "ninja", "granian", "numpy"} == set(), arguments


@pytest.mark.slow
def test_a_second_portal_on_a_port_changes_nothing_and_ctrl_c_ends_the_first_with_its_workers(
    world: World, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with running(home, world, "--demo", on_terminal=True) as portal:
        address = portal.address.removeprefix("http://")
        second = vsf(home, world, "portal", "--bind", address)  # without --demo, which deactivates the demo accounts
        assert second.returncode == 1
        assert second.stderr.splitlines() == [
            f"vsf: 127.0.0.1, port {address.rpartition(':')[2]} is in use; set VSF_PORTAL_BIND to another address"
        ]
        portal.send("/account/login/", login="demo-reader", password=demo_passwords(portal)["reader"])
        assert "anon-" in portal.get("/data/marts/dim_lines/")
        workers = portal.workers()
        assert workers
        portal.process.send_signal(signal.SIGINT)
        assert portal.process.wait(20) == 0
        assert [worker for worker in workers if is_running(worker)] == []


@pytest.mark.slow
def test_passwords_of_demo_accounts_are_not_in_the_log(world: World, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home, world, "--demo") as portal:
        log = portal.log.read_text()
        assert "their passwords are shown on a terminal" in log
        assert re.findall(r"(?:\w{6}-){3}\w{6}", log) == []
        assert "within an hour" not in log
        password = vsf(home, world, "portal", "user", "demo-analyst", "--role", "analyst").stdout.strip()
        portal.send("/account/login/", login="demo-analyst", password=password)
        assert "anon-" in portal.get("/data/marts/dim_lines/")
