"""Dagster's UI behind nginx and the portal, all of them real: three processes and the shipped file.

Here: starting them once for a module, and clients. Not here: assertions. nginx runs as another user where the tests run
as root, and by plain HTTP: TLS is not what the rules are about, and the portal would ask for it.
"""

import http.client
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.config.settings import PROJECT_ROOT, read_settings
from vsf_assets.portal.config import set_up
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.test_command import environment, free_port, running
from vsf_assets_tests.portal.world import World

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
HOST = "data.example.org"
JOB, LOCATION = "a_job", "a_location"
JOBS = f"""
import dagster as dg

@dg.op
def nothing() -> None:
    pass

@dg.job(name="{JOB}")
def a_job() -> None:
    nothing()

defs = dg.Definitions(jobs=[a_job])
"""
"""A code location whose job can be launched; nothing takes the run out of the queue."""

SITE = PROJECT_ROOT / "deploy" / "nginx-dagster.conf"


ACCOUNTS = {
    "engineer": ("engineer", "platform", False),
    "leaving": ("engineer", "platform", False),
    "admin": ("admin", "platform", False),
    "seeing-analyst": ("analyst", "platform", True),
    "analyst": ("analyst", "platform", False),
    "seeing-reader": ("reader", "platform", True),
    "steward": ("steward", "platform", True),
    "marketer": ("marketer", "platform", True),
    "other-engineer": ("engineer", "others", True),
}
"""Account -> role, team, and whether it sees personal data."""


@dataclass(frozen=True)
class Answer:
    """A status, headers in lower case, and a body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Proxy:
    """The proxy, with what stands behind it.

    Attributes:
        port: of nginx.
        portal: port of the portal.
        full, read_only: ports of the two UIs.
        cookies: account -> the cookie of a session.
    """

    port: int
    portal: int
    full: int
    read_only: int
    cookies: Mapping[str, str]

    @property
    def host(self) -> str:
        """The host and port as a browser names them."""
        return f"{HOST}:{self.port}"

    @property
    def origin(self) -> str:
        """The origin of the UI's own pages."""
        return f"http://{self.host}"

    def send(self, method: str, path: str, cookie: str = "", body: bytes | None = None, **headers: str) -> Answer:
        """Send a request to nginx; the header `Content_Type` is Content-Type."""
        return _send(self.port, self.host, method, path, cookie, body, headers)

    def graphql(self, query: str, cookie: str = "", origin: str = "", **variables: Any) -> Answer:
        """Ask as the UI's pages do."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        own = {"Origin": origin or self.origin, "Content_Type": "application/json"}
        return self.send("POST", "/graphql", cookie, body, **own)

    def sign_out(self, cookie: str) -> None:
        """End a session as a person does at the portal."""
        form = _send(self.portal, HOST, "GET", "/account/logout/", cookie, None, {})
        token = re.search(rb'csrfmiddlewaretoken" value="(\w+)"', form.body)
        assert token
        cookies = f"{cookie}; {form.headers['set-cookie'].partition(';')[0]}"
        headers = {"Content_Type": "application/x-www-form-urlencoded"}
        body = b"csrfmiddlewaretoken=" + token[1]
        assert _send(self.portal, HOST, "POST", "/account/logout/", cookies, body, headers).status == 302

    def web_socket(self, cookie: str, origin: str | None) -> tuple[int, socket.socket]:
        """Ask for a WebSocket; return the status and the connection."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        lines = ["GET /graphql HTTP/1.1", f"Host: {self.host}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", f"Cookie: {cookie}"]
        lines += ["Sec-WebSocket-Protocol: graphql-ws", *([f"Origin: {origin}"] if origin else [])]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        head = b""
        while b"\r\n\r\n" not in head:
            part = connection.recv(1)
            if not part:
                break
            head += part
        return int(head.split()[1]), connection


def _send(
    port: int, host: str, method: str, path: str, cookie: str, body: bytes | None, headers: Mapping[str, str]
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        own = {"Host": host, **({"Cookie": cookie} if cookie else {})}
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, own | sent)
        answer = connection.getresponse()
        content = answer.read()
        found: dict[str, str] = {}
        for name, value in answer.getheaders():
            found[name.lower()] = f"{found[name.lower()]}, {value}" if name.lower() in found else value
        return Answer(answer.status, found, content)
    finally:
        connection.close()


def site_for(port: int, portal: int, full: int, read_only: int) -> str:
    """Return the shipped file for these ports and plain HTTP; each place that is changed must be there."""
    text = SITE.read_text()
    changes = (
        (r"\n    ssl_\w+ .*;", ""),
        (r"\n    listen \[::\].*;", ""),
        (r"listen 8443 ssl;", f"listen 127.0.0.1:{port};"),
        (r"\"https://data\.example\.org:8443\" own", f'"http://{HOST}:{port}" own'),
        (r"X-Forwarded-Proto https;", "X-Forwarded-Proto http;"),
        (r"127\.0\.0\.1:3000;", f"127.0.0.1:{full};"),
        (r"127\.0\.0\.1:3001;", f"127.0.0.1:{read_only};"),
        (r"127\.0\.0\.1:8000;", f"127.0.0.1:{portal};"),
    )
    for pattern, new in changes:
        text, count = re.subn(pattern, new, text)
        assert count, pattern
    return text


@contextmanager
def nginx(site: str, port: int) -> Iterator[None]:
    """Run nginx with a site, as a user without rights, in a folder that this user may reach."""
    assert NGINX is not None
    folder = Path(tempfile.mkdtemp(prefix="vsf-nginx-"))
    (folder / "site.conf").write_text(site)
    places = " ".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;"
        f" events {{}} http {{ access_log off; {places} include {folder}/site.conf; }}"
    )
    command = [NGINX, "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        process = subprocess.Popen(command, cwd="/", user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])
    else:
        process = subprocess.Popen(command, cwd="/")
    try:
        _wait(port, process, folder / "error.log")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        shutil.rmtree(folder)


@contextmanager
def dagster_ui(home: Path, world: World, ports: tuple[int, int], url: str, portal: int) -> Iterator[None]:
    """Run the web server of the service with both UIs, on a workspace with one job."""
    dagster_home = home / "dagster"
    dagster_home.mkdir()
    queue = "run_coordinator: {module: dagster.core.run_coordinator, class: QueuedRunCoordinator}\n"
    (dagster_home / "dagster.yaml").write_text("telemetry: {enabled: false}\n" + queue)
    (home / "a_job.py").write_text(JOBS)
    workspace = home / "workspace.yaml"
    code = f"{{relative_path: a_job.py, location_name: {LOCATION}}}"
    workspace.write_text(f"load_from: [{{python_file: {code}}}]\n")
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", port))) for port in ports]
        full, read_only = (one.fileno() for one in sockets)
        command = [sys.executable, "-m", "vsf_assets.service.web_server", "--workspace", str(workspace)]
        command += ["--descriptor", str(full), "--read-only-descriptor", str(read_only)]
        variables = {"DAGSTER_HOME": str(dagster_home), "VSF_UI_URL": url, "VSF_PORTAL_BIND": f"127.0.0.1:{portal}"}
        log = (home / "ui.log").open("wb")
        process = subprocess.Popen(
            command, env=environment(home, world) | variables, stderr=log, pass_fds=(full, read_only)
        )
    try:
        _wait(ports[0], process, home / "ui.log", "/server_info")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        log.close()


def _wait(port: int, process: "subprocess.Popen[bytes]", log: Path, path: str = "") -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None, log.read_text()
        try:
            if path:
                _send(port, "localhost", "GET", path, "", None, {})
            else:
                socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="module")
def proxy(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Return the proxy, with the portal and both UIs behind it."""
    if NGINX is None:
        pytest.skip("nginx is not installed")
    home = tmp_path_factory.mktemp("proxy") / "home"
    home.mkdir()
    port, full, read_only = free_port(), free_port(), free_port()
    url = f"http://{HOST}:{port}"
    variables = {"VSF_UI_URL": url, "VSF_PORTAL_HOSTS": HOST, "VSF_PORTAL_PROXIES": "127.0.0.1"}
    with running(home, world, variables=variables) as portal:
        portal_port = int(portal.address.rpartition(":")[2])
        with (
            dagster_ui(home, world, (full, read_only), url, portal_port),
            nginx(site_for(port, portal_port, full, read_only), port),
        ):
            yield Proxy(port, portal_port, full, read_only, _signed_in(home, world))


def _signed_in(home: Path, world: World) -> dict[str, str]:
    """Make the accounts in a process of its own, since Django takes its settings once per process."""
    command = [sys.executable, "-m", "vsf_assets_tests.portal.dagster_proxy"]
    done = subprocess.run(command, env=environment(home, world), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


def _sign_in_all() -> None:
    """Make each account with a session, and print the cookies."""
    settings = read_settings()
    set_up(settings)
    portal = Portal(settings, World(settings.home))
    cookies = {}
    for name, (role, team, personal) in ACCOUNTS.items():
        client = portal.client(portal.account(name, role, team, personal))
        cookies[name] = "; ".join(f"{key}={morsel.value}" for key, morsel in client.cookies.items())
    sys.stdout.write(json.dumps(cookies))


if __name__ == "__main__":
    _sign_in_all()
