"""The parts of the service: their programs, how each is asked for a sign of life, and the workspace they share.

Here: a list that is easy to extend; a new part is one more entry of `parts_of`. Not here: starting and watching them
(supervisor.py, watched_part.py).
"""

import json
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vsf_assets.config.settings import base_folder
from vsf_assets.resources.run_handover import Spare, is_ready, read_spare
from vsf_assets.runs.service_state import HEARTBEATS, service_folder
from vsf_assets.service import probes

LOCATION, DEFINITIONS = "vsf_assets", "vsf_assets.definitions"

SPARE = "spare process"
"""Name of the part that becomes a run; the others outlive all runs."""

_CODE_SERVER_THREADS = 24
"""Each sensor of the landing zone occupies one while it watches."""

_LONGEST_SOCKET_PATH = 100
"""Bytes; the system allows 104 (macOS) or 108."""


@dataclass(frozen=True)
class Part:
    """One process of the service.

    Attributes:
        name: for messages and `/healthz`.
        command: a program beside the interpreter, or a module of the package, and its arguments.
        silence: returns the seconds since its last sign of life: 0 if it answered now, infinity if it did not, None if
            that cannot be told at the moment. It returns within seconds.
        descriptors: file descriptors that the process inherits.
        after: names of parts that have to answer before this one starts for the first time.
        is_taken: whether a run took the process with this id. The next process then starts at once, and the one with
            the run ends by itself. None for parts that serve.
    """

    name: str
    command: Sequence[str]
    silence: Callable[[], float | None]
    descriptors: tuple[int, ...] = ()
    after: tuple[str, ...] = ()
    is_taken: Callable[[int], bool] | None = None


@dataclass(frozen=True)
class Options:
    """What a person chose.

    Attributes:
        host, port, path_prefix, is_read_only: the UI's address and mode.
        reloads: whether code is reloaded by a button of the UI.
        banners: workers of the banner service; 0 for none. Its address is a setting.
        has_portal, is_demo: whether the portal is a part, and makes demo accounts. Its address is a setting too.
    """

    host: str
    port: int
    path_prefix: str = ""
    is_read_only: bool = False
    reloads: bool = False
    banners: int = 0
    has_portal: bool = False
    is_demo: bool = False

    @property
    def url(self) -> str:
        """The UI's address for a person on this machine."""
        host = f"[{self.probed_host}]" if ":" in self.probed_host else self.probed_host
        return f"http://{host}:{self.port}{self.path_prefix}"

    @property
    def probed_host(self) -> str:
        """The address at which the supervisor asks the web server."""
        return own_address(self.host)


def own_address(host: str) -> str:
    """Return the address at which this machine reaches a service that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def write_workspace(home: Path) -> tuple[Path, Path]:
    """Write the workspace file of web server and daemon; return it and the code server's socket."""
    folder = service_folder(home)
    socket = folder / "code.sock"
    if len(bytes(socket)) > _LONGEST_SOCKET_PATH:
        socket = Path(tempfile.mkdtemp(prefix="vsf-")) / "code.sock"
    workspace = folder / "workspace.yaml"
    server = {"grpc_server": {"socket": str(socket), "location_name": LOCATION}}
    workspace.write_text(json.dumps({"load_from": [server]}), encoding="utf-8")  # JSON is YAML, in any folder's name
    return workspace, socket


def parts_of(
    home: Path,
    options: Options,
    workspace: Path,
    code_socket: Path,
    listening: int,
    read_only_listening: int | None = None,
) -> list[Part]:
    """Return the parts of a service in the order of their start.

    Args:
        home: VSF_HOME.
        options: the choice of a person.
        workspace: the file that names the code server.
        code_socket: the code server's Unix socket.
        listening: the descriptor of the UI's listening socket.
        read_only_listening: that of the UI that starts nothing; None for none.
    """
    # `code-server start` loads the code again when the UI asks for it, at the price of one more process.
    start = ["code-server", "start"] if options.reloads else ["api", "grpc", "--lazy-load-user-code"]
    code = ["-m", DEFINITIONS, "-d", str(base_folder()), "--location-name", LOCATION, "--socket", str(code_socket)]
    code += ["--max-workers", str(_CODE_SERVER_THREADS)]
    web = ["--descriptor", str(listening), "--workspace", str(workspace), "--path-prefix", options.path_prefix]
    web += ["--read-only"] if options.is_read_only else []
    descriptors = (listening,) if read_only_listening is None else (listening, read_only_listening)
    web += [] if read_only_listening is None else ["--read-only-descriptor", str(read_only_listening)]
    return [
        Part("code server", ["dagster", *start, *code], lambda: _silence(probes.code_server_answers(code_socket))),
        Part(
            "web server",
            ["vsf_assets.service.web_server", *web],
            lambda: _silence(_ui_answers(options)),
            descriptors=descriptors,
            after=("code server",),
        ),
        Part(
            "daemon",
            ["dagster-daemon", "run", "-w", str(workspace)],
            lambda: _oldest_heartbeat(options),
            after=("code server",),
        ),
        Part(
            SPARE,
            ["vsf_assets.service.spare_process", "--home", str(home)],
            lambda: _silence(is_ready(home)),
            after=("web server", "daemon"),
            is_taken=lambda pid: read_spare(home) == Spare(pid, ""),
        ),
    ]


def banner_part(workers: int, address: tuple[str, int]) -> Part:
    """Return the banner service as a part: one process, which replaces its workers itself."""
    host, port = address
    return Part(
        "banners",
        ["vsf_assets.service.banner_part", "--workers", str(workers)],
        lambda: _silence(_answers_at_all(own_address(host), port, "/healthz")),
    )


def portal_part(is_demo: bool, address: tuple[str, int], terminal: int | None = None) -> Part:
    """Return the portal as a part: one process, which replaces its workers itself.

    It writes links and passwords to the descriptor `terminal` alone, since its output is kept in the service's log.
    """
    host, port = address
    shown = [] if terminal is None else ["--terminal", str(terminal)]
    return Part(
        "portal",
        ["vsf_assets.service.portal_part", *(["--demo"] if is_demo else []), *shown],
        lambda: _silence(_answers_at_all(own_address(host), port, "/healthz")),
        descriptors=() if terminal is None else (terminal,),
    )


def _silence(answers: bool) -> float:
    return 0.0 if answers else math.inf


def _ui_answers(options: Options) -> bool:
    try:
        status, _ = probes.page(options.probed_host, options.port, f"{options.path_prefix}/server_info")
    except OSError:
        return False
    return status < 500


def _answers_at_all(host: str, port: int, path: str) -> bool:
    """Whether a web server answers; 503 is an answer too, as of a banner service without scores."""
    try:
        probes.page(host, port, path)
    except OSError:
        return False
    return True


def _oldest_heartbeat(options: Options) -> float | None:
    """Return the age of the daemon's oldest heartbeat; None without an answer of the web server, which reads them."""
    try:
        found: dict[str, Any] = probes.health(options.probed_host, options.port, options.path_prefix)
    except OSError:
        return None
    ages = [found.get("heartbeat_seconds", {}).get(name) for name in HEARTBEATS]
    return max((math.inf if age is None else float(age) for age in ages), default=None)
