"""`vsf serve` as a whole: it starts, guards the UI, runs once per home, and leaves nothing behind.

Not here: each rule of the guard (unit/test_ui_guard.py), and what is restarted when (unit/test_supervisor.py).
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.common.processes import started
from vsf_assets.config.settings import read_settings
from vsf_assets.resources.run_handover import read_spare
from vsf_assets.resources.run_process import PID
from vsf_assets.runs.service_state import read_state
from vsf_assets_tests.commandline import Home, enter_home
from vsf_assets_tests.instances import instance_at_home
from vsf_assets_tests.prebuilt import put_built_warehouse
from vsf_assets_tests.waiting import wait_until

MAIN = [sys.executable, "-m", "vsf_assets.cli.main"]


def run_vsf(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run the command in a process: it sets handlers of signals, which belong to the process."""
    return subprocess.run([*MAIN, *words], capture_output=True, text=True, check=False)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def ask(port: int, path: str, method: str = "GET", body: str = "", **headers: str) -> tuple[int, Any]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Content-Type": "application/json", **named})
        response = connection.getresponse()
        text = response.read().decode()
        return response.status, json.loads(text) if text.startswith("{") else text


def is_well(port: int) -> bool:
    try:
        return ask(port, "/healthz")[0] == 200
    except OSError:
        return False


@pytest.fixture
def serving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Home, int, "subprocess.Popen[str]"]]:
    """A home, the UI's port, and a service there that a script started in the background: SIGINT is ignored."""
    home, port = enter_home(tmp_path / "home", monkeypatch), free_port()
    put_built_warehouse(read_settings())  # the first build of a home is a test of `vsf run`
    monkeypatch.setenv("VSF_BANNERS_BIND", f"127.0.0.1:{free_port()}")
    monkeypatch.setenv("VSF_PORTAL_BIND", f"127.0.0.1:{free_port()}")
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    words = ["serve", "--port", str(port), "--banners", "1"]
    process = subprocess.Popen([*MAIN, *words], stderr=subprocess.DEVNULL, text=True)
    signal.signal(signal.SIGINT, before)
    yield home, port, process
    process.terminate()
    process.wait(60)


@pytest.mark.slow
def test_a_service_from_its_start_to_its_end(serving: tuple[Home, int, "subprocess.Popen[str]"]) -> None:
    home, port, process = serving
    wait_until(lambda: process.poll() is not None or (is_well(port) and read_spare(home.path) is not None))
    status, health = ask(port, "/healthz")
    assert status == 200
    assert set(health["parts"]) == {"code server", "web server", "daemon", "spare process", "banners", "portal"}
    banners = int(os.environ["VSF_BANNERS_BIND"].rpartition(":")[2])
    assert ask(banners, "/campaigns/7")[0] == 503  # nothing was published yet
    portal = int(os.environ["VSF_PORTAL_BIND"].rpartition(":")[2])
    assert ask(portal, "/healthz") == (200, {"status": "ok"})
    assert ask(portal, "/api/v1/lines")[0] == 401
    assert set(health["heartbeat_seconds"]) == {"SENSOR", "QUEUED_RUN_COORDINATOR", "ASSET"}
    assert (health["running"], health["snapshot"]) == ([], None)

    query = json.dumps({"query": "{repositoriesOrError {... on RepositoryConnection {nodes {name}}}}"})
    status, answer = ask(port, "/graphql", "POST", query, Origin=f"http://127.0.0.1:{port}")
    assert answer == {"data": {"repositoriesOrError": {"nodes": [{"name": "__repository__"}]}}}
    assert ask(port, "/graphql", "POST", query, Origin="https://evil.example")[0] == 403
    assert ask(port, "/healthz", Host="evil.example")[0] == 403

    second = run_vsf("serve", "--port", str(port + 1))
    assert second.returncode == 1
    assert f"the service already runs here as process {process.pid} since" in second.stderr

    state = read_state(home.path)
    assert state is not None
    spare = read_spare(home.path)
    home.drop({"clicks_1.csv": "click_id,banner_id,campaign_id\n1,2,3\n"})
    wait_until(home.current.exists)
    assert home.ask("select count(*) from raw.clicks") == [(1,)]
    with instance_at_home() as instance:
        wait_until(lambda: all(run.is_finished for run in instance.get_runs()))
        (run,) = instance.get_runs()  # one run for one drop
    assert run.job_name == "load_and_publish_campaigns"
    status, health = ask(port, "/healthz")
    assert status == 200, health["parts"]  # although the next spare process may still start
    assert (health["last_build"]["outcome"], health["snapshot"]) == ("succeeded", "vsf-1.duckdb")
    assert "clicks_1.csv" not in json.dumps(health)
    assert spare is not None
    assert run.tags[PID] == str(spare.pid)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert [started(part.pid) for part in state.parts.values()] == [None] * 6
    assert read_state(home.path) is None


def test_a_port_in_use_is_said_with_one_that_is_free(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_vsf("serve", "--port", str(port))
    assert done.returncode == 1
    assert done.stderr.startswith(f"vsf: port {port} is in use: --port ")
    assert not (home.path / "service" / "state.json").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--host", "0.0.0.0"], "VSF_UI_BEHIND_PROXY=yes"),
        (["--path-prefix", "dagster/"], "must begin with a slash"),
    ],
)
def test_options_that_are_refused(home: Home, words: list[str], said: str) -> None:
    outcome = home.vsf("serve", *words)
    assert outcome.exit_code == 2
    assert said in outcome.errors
    assert not (home.path / "service").exists()
