"""The files in deploy/: systemd and nginx accept them, and they agree with docs/operating.md.

Here: the programs' own checks, where they are installed (.ci/run installs them), and what deploy/compose.yaml names.
Not here: the service behind a proxy, the steps of the image (cli/test_image.py), and a shared lake
(test_lake_deployment.py, test_kubernetes_files.py).
"""

import http.client
import json
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import yaml

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.service.guard import refusal
from vsf_assets.service.supervisor import Patience
from vsf_assets_tests.docs.deploy_files import DEPLOY, dockerfile, value
from vsf_assets_tests.docs.pages import text_of
from vsf_assets_tests.portal.dagster_proxy import nginx

UNITS = (
    *("vsf.service", "vsf-backup.service", "vsf-backup.timer", "vsf-banners.service"),
    *("vsf-worker.service", "vsf-worker-own.service"),
)
SITES = ("nginx.conf", "nginx-banners.conf", "nginx-portal.conf", "nginx-dagster.conf")
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        # The program must exist, and it is not installed here.
        text = (DEPLOY / unit).read_text().replace("/opt/vsf/bin/vsf", sys.executable)
        (tmp_path / unit).write_text(text)
    words = ["systemd-analyze", "verify", "--man=no", *UNITS]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "vsf" in line]  # the machine's own units may have faults
    assert (done.returncode, ours) == (0, []), done.stderr


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
@pytest.mark.parametrize("name_of_site", SITES)
def test_nginx_accepts_the_site(tmp_path: Path, name_of_site: str) -> None:
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=vsf.example.org"]
    words += ["-keyout", str(tmp_path / "vsf.key"), "-out", str(tmp_path / "vsf.pem")]
    subprocess.run(words, capture_output=True, check=True)
    site = (DEPLOY / name_of_site).read_text()
    for name in ("/etc/ssl/certs/vsf.pem", "/etc/ssl/private/vsf.key"):
        assert name in site
        site = site.replace(name, str(tmp_path / Path(name).name))
    site = re.sub(r"^ *listen \[::\].*$", "", site, flags=re.MULTILINE)  # nginx opens them, and there may be no IPv6
    site = re.sub(r"listen \d+", lambda _: f"listen 127.0.0.1:{free_port()}", site)
    (tmp_path / "site.conf").write_text(site)
    log = f"access_log off; include {tmp_path}/site.conf;"
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/nginx.pid; events {{}} http {{ {log} }}")
    assert NGINX is not None
    words = [NGINX, "-t", "-e", str(tmp_path / "error.log"), "-c", str(tmp_path / "nginx.conf")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr.replace('[warn] the "user" directive', "")


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
def test_the_proxy_of_the_portal_logs_no_secret() -> None:
    """Of one-time links, of data links, and of pages that a browser comes from; also on the way to TLS."""
    port, plain, nobodys = free_port(), free_port(), free_port()
    site = re.sub(r"\n    (ssl_\w+|listen \[::\]).*;", "", (DEPLOY / "nginx-portal.conf").read_text())
    site = site.replace("listen 443 ssl", f"listen 127.0.0.1:{port}").replace("listen 80", f"listen 127.0.0.1:{plain}")
    site = site.replace("127.0.0.1:8000", f"127.0.0.1:{nobodys}")
    with tempfile.TemporaryDirectory(prefix="vsf-log-") as folder:
        Path(folder).chmod(0o777)  # nginx runs as another user
        log = Path(folder) / "access.log"
        assert site.count("/var/log/nginx/access.log") == 2
        with nginx(site.replace("/var/log/nginx/access.log", str(log)), port):
            for server in (port, plain):
                for path in ("/join/SECRET/", "/account/password/reset/key/SECRET/", "/account/confirm-email/SECRET/"):
                    get(server, path)
                get(server, "/api/v1/questions/Q.csv?campaign=7&token=SECRET")
                get(server, "/static/portal.css", "https://data.example.org/join/SECRET/")
        lines = [line for line in log.read_text().splitlines() if '"GET / HTTP' not in line]
    assert not [line for line in lines if "SECRET" in line or "campaign" in line]
    found = [re.findall(r'"GET (\S+) HTTP/1.1" (\d+) ', line) for line in lines]
    expected = ["/api/v1/questions/Q.csv", "/static/portal.css"]
    assert found == [[(path, status)] for status in ("502", "301") for path in expected]


def get(port: int, path: str, referrer: str = "") -> None:
    """Send a request, whatever the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers={"Host": "data.example.org", "Referer": referrer})
        connection.getresponse().read()
    finally:
        connection.close()


def test_the_proxy_passes_on_what_the_guard_asks_for() -> None:
    site = (DEPLOY / "nginx.conf").read_text()
    assert "proxy_set_header Host $http_host;" in site
    assert "proxy_set_header Upgrade $http_upgrade;" in site
    (host,) = set(re.findall(r"server_name (.*);", site))
    assert f"VSF_UI_HOSTS={host}" in text_of("docs/operating.md")
    headers = [(b"host", host.encode()), (b"origin", f"https://{host}".encode())]
    scope = {"type": "websocket", "path": "/graphql", "headers": headers}
    assert refusal(scope, {host}) is None
    assert refusal(scope, set()) is not None


def test_everything_that_the_containers_name_exists() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    assert dockerfile("vsf")["COPY"].split()[:-1] == ["dist/vsf_assets-*.whl", "constraints.txt", "deploy/install.sh"]
    assert all((PROJECT_ROOT / name).is_file() for name in ("constraints.txt", "deploy/install.sh"))
    for service in compose["services"].values():
        assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
        assert dockerfile(service["build"]["target"])
        places = [volume.partition(":")[0] for volume in service["volumes"]]
        assert all((DEPLOY / place).is_file() for place in places if place.startswith("."))
        assert {place for place in places if place[0] not in "./"} <= compose["volumes"].keys()
    assert compose["services"]["vsf"]["env_file"] == "../.env"


def test_the_image_starts_the_service_of_the_unit_and_stops_it_as_systemd_does() -> None:
    image = dockerfile("vsf")
    service = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["vsf"]
    for words in (json.loads(image["CMD"]), service["command"]):
        assert shlex.join([*json.loads(image["ENTRYPOINT"]), *words]) == value("vsf.service", "ExecStart")
    assert image["WORKDIR"] == value("vsf.service", "WorkingDirectory")
    assert image["USER"] == value("vsf.service", "User")
    assert image["STOPSIGNAL"] == "SIGTERM"
    assert service["stop_grace_period"] == f"{value('vsf.service', 'TimeoutStopSec')}s"
    assert "http://127.0.0.1:3000/healthz" in image["HEALTHCHECK"]


def test_the_service_has_the_time_to_end_its_parts() -> None:
    seconds = float(value("vsf.service", "TimeoutStopSec"))
    assert seconds > Patience().kill_after + 5


def test_the_page_names_every_place_of_the_units() -> None:
    page = text_of("docs/operating.md")
    units = "".join((DEPLOY / unit).read_text() for unit in UNITS)
    places = set(re.findall(r"/(?:opt|etc|var)/[\w./-]*\w", units)) - {"/opt/vsf/bin/vsf", "/etc/vsf/.env"}
    assert {place for place in places if f"`{place}`" not in page} == set()
    assert {unit for unit in (*UNITS, *SITES) if f"`{unit}`" not in page} == set()
