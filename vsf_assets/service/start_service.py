"""Starts the service of a home: what is checked before, the port, the log, signals, and the supervisor's loop.

Here: everything around the supervisor, for `vsf serve` and `vsf dev`. Not here: their options (cli/), and what happens
to the parts (supervisor.py).
"""

import errno
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler

from vsf_assets.banners.addresses import check_address
from vsf_assets.common.errors import UsageError, VsfError
from vsf_assets.config.library_variables import EVENT_BATCHES
from vsf_assets.config.settings import LOOPBACK, Settings, base_folder, child_environment
from vsf_assets.portal.serve import PortalOptions
from vsf_assets.portal.serve import check_options as check_portal
from vsf_assets.resources.run_handover import spare_file
from vsf_assets.runs.service_state import PartState, ServiceState, service_folder
from vsf_assets.service.parts import SPARE, Options, banner_part, parts_of, portal_part, write_workspace
from vsf_assets.service.state import only_one, write_state
from vsf_assets.service.supervisor import SUPERVISOR, Patience, Supervisor

LOG_BYTES, LOG_FILES = 2_000_000, 3
"""Size of the service's log, and how many older ones are kept."""

Stopping = Callable[[], bool]


def check_options(options: Options, settings: Settings) -> None:
    """Check what the options say.

    Raises:
        UsageError: the host is not loopback and no proxy stands before the UI, or the path prefix is malformed.
    """
    if options.host not in LOOPBACK and not settings.ui_behind_proxy:
        raise UsageError(
            f"--host {options.host} lets other machines in, and the UI has no log-in; put a proxy with a log-in before"
            " it and set VSF_UI_BEHIND_PROXY=yes, or leave --host out"
        )
    prefix = options.path_prefix
    if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
        raise UsageError(f"--path-prefix {prefix} must begin with a slash and not end with one, like /dagster")


def serve(settings: Settings, options: Options, is_terminal: bool, patience: Patience | None = None) -> None:
    """Run the service of a home until a signal ends it.

    Args:
        settings: the home and the UI's host names.
        options: the choice of a person.
        is_terminal: whether lines are for a person at a terminal.
        patience: how long the supervisor waits; by default as in `Patience`.

    Raises:
        UsageError: an option is invalid.
        VsfError: the service already runs here, the port is in use, or the home cannot be prepared.
    """
    check_options(options, settings)
    if options.has_portal:
        check_portal(settings, PortalOptions(options.is_demo))
    service_folder(settings.home).mkdir(parents=True, exist_ok=True)
    signals: list[int] = []
    _handle_signals(signals)
    with only_one(settings.home), closing(_listen(options.host, options.port)) as listening, ExitStack() as stack:
        read_only = stack.enter_context(closing(_listen_read_only(settings))) if settings.ui_url else None
        if options.banners:
            check_address(*settings.banners_bind)
        if options.has_portal:
            check_address(*settings.portal.bind, "VSF_PORTAL_BIND")
        say = _log(settings, is_terminal)
        say(SUPERVISOR, f"starting in process {os.getpid()}; the home is {settings.home}")
        environment = child_environment(
            {
                "DAGSTER_HOME": str(settings.dagster_home),
                "VSF_HOME": str(settings.home),
                "PYTHONUNBUFFERED": "1",
                **EVENT_BATCHES,
            }
        )
        if _prepare(environment, lambda: bool(signals)):
            _supervise(settings, options, (listening, read_only), environment, say, signals, patience or Patience())
        say(SUPERVISOR, "ended")


def _handle_signals(signals: list[int]) -> None:
    """Note signals in a list. A script starts background processes with SIGINT ignored, so both are set anyway."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda received, _: signals.append(received))
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup` ignores it on purpose
        signal.signal(signal.SIGHUP, lambda received, _: signals.append(received))


def _listen(host: str, port: int, advice: str = "--port {}") -> socket.socket:
    """Return a listening socket of the UI; the web server inherits it, so that no other program takes its port.

    Raises:
        VsfError: the port is in use, or may not be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=128)
    except (OSError, OverflowError) as error:
        code = getattr(error, "errno", None)
        if code == errno.EADDRINUSE:
            raise VsfError(f"port {port} is in use: {advice.format(_free_port(host, port, family))}") from None
        raise VsfError(f"cannot listen on {host}, port {port}: {error}") from None
    listening.set_inheritable(True)
    return listening


def _listen_read_only(settings: Settings) -> socket.socket:
    """Return the listening socket of the UI that starts nothing; the proxy on this machine alone reaches it."""
    return _listen("127.0.0.1", settings.ui_read_only_port, "VSF_UI_READ_ONLY_PORT={}")


def _free_port(host: str, first: int, family: int) -> int:
    """Return the next port that is free at the moment."""
    for port in range(first + 1, min(first + 100, 65536)):
        try:
            with socket.create_server((host, port), family=family):
                return port
        except OSError:
            continue
    return first + 1


class _OwnersLog(RotatingFileHandler):
    """A log that its owner alone may read: parts may print what others should not know."""

    def _open(self) -> TextIOWrapper:
        opened = super()._open()
        os.fchmod(opened.fileno(), 0o600)
        return opened


def _log(settings: Settings, is_terminal: bool) -> Callable[[str, str], None]:
    """Return a function that writes lines to standard error and to the service's log file."""
    settings.logs.mkdir(parents=True, exist_ok=True)
    logger = logging.getLogger("vsf.service")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    file = _OwnersLog(settings.logs / "service.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES)
    whole = logging.Formatter("%(asctime)sZ %(part)-11s %(message)s", "%Y-%m-%dT%H:%M:%S")
    whole.converter = time.gmtime
    file.setFormatter(whole)
    stream = logging.StreamHandler(sys.stderr)
    short = logging.Formatter("%(asctime)s  %(part)-11s  %(message)s", "%H:%M:%S")
    stream.setFormatter(short if is_terminal else whole)
    logger.handlers = [file, stream]
    return lambda part, text: logger.info("%s", text, extra={"part": part})


def _prepare(environment: dict[str, str], is_stopping: Stopping) -> bool:
    """Prepare the home in a process of its own; return whether to go on, which a signal denies.

    Raises:
        VsfError: the home cannot be prepared.
    """
    read, write = os.pipe()
    command = [sys.executable, "-m", "vsf_assets.service.part_process", str(read), "vsf_assets.service.preparation"]
    process = subprocess.Popen(
        command, cwd=base_folder(), env=environment, pass_fds=(read,), process_group=0, stderr=subprocess.PIPE
    )
    try:
        while process.poll() is None and not is_stopping():
            time.sleep(0.1)
    finally:
        os.close(write)  # ends the process, if it still runs
        os.close(read)
        _, errors = process.communicate()
    if is_stopping():
        return False
    if process.returncode:
        raise VsfError((errors.decode("utf-8", "replace").strip() or "the home cannot be prepared").splitlines()[-1])
    return True


def _supervise(
    settings: Settings,
    options: Options,
    sockets: tuple[socket.socket, socket.socket | None],
    environment: dict[str, str],
    say: Callable[[str, str], None],
    signals: list[int],
    patience: Patience,
) -> None:
    workspace, code_socket = write_workspace(settings.home)
    code_socket.unlink(missing_ok=True)
    spare_file(settings.home).unlink(missing_ok=True)  # of a service that was killed
    started = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    is_logged = False

    def on_change(parts: dict[str, PartState]) -> None:
        nonlocal is_logged
        write_state(settings.home, ServiceState(os.getpid(), started, options.url, parts))
        if not is_logged and parts["web server"].state == "running":
            is_logged = True
            say(SUPERVISOR, f"the UI is at {options.url}; drop files into {settings.landing}")

    listening, read_only = sockets
    read_only_number = read_only.fileno() if read_only else None
    parts = parts_of(settings.home, options, workspace, code_socket, listening.fileno(), read_only_number)
    if settings.broker:
        parts = [part for part in parts if part.name != SPARE]  # workers take the runs
    if options.banners:
        parts.append(banner_part(options.banners, settings.banners_bind))
    if options.has_portal:
        terminal = os.dup(sys.stderr.fileno()) if sys.stderr.isatty() else None
        parts.append(portal_part(options.is_demo, settings.portal.bind, terminal))
    supervisor = Supervisor(parts, environment, say, on_change, patience)
    supervisor.run(lambda: bool(signals))
    code_socket.unlink(missing_ok=True)
    (settings.home / "service" / "state.json").unlink(missing_ok=True)
    if signals:
        say(SUPERVISOR, f"ended all parts after {signal.Signals(signals[0]).name}")
