"""The processes of the banner service: a loader, and workers on one address.

Here: what is checked before, starting the server (granian) with its workers, and the end. Not here: the options of the
command (cli/banners.py), and the application (app.py).

The main process supervises the workers and runs the loader in a thread. A worker that dies is replaced; if one dies
again and again within seconds, all are started anew after a pause.
"""

import multiprocessing
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from vsf_assets.banners.addresses import check_address, shown_address
from vsf_assets.banners.app import BannerApp
from vsf_assets.banners.loading import Loader, Log, kept_table, run_loader
from vsf_assets.banners.options import WebOptions, web_options
from vsf_assets.banners.shared_files import SharedFiles
from vsf_assets.banners.watching import Watcher
from vsf_assets.common.atomic_files import temp_beside
from vsf_assets.common.interpreter_tricks import spare_the_living
from vsf_assets.config.settings import Settings
from vsf_assets.web.answers import Application
from vsf_assets.web.signing_keys import ensure_keys, read_keys

if TYPE_CHECKING:
    from granian.server import MPServer

SCORES = Path("cache", "banner_scores.json")
"""File of the last good slots in the home."""

PAUSE = 2.0
"""Seconds before all workers are started anew."""

KILL_AFTER = 5
"""Seconds that a worker has for open requests at the end."""


@dataclass(frozen=True)
class ServiceOptions:
    """The choice of a person: address, number of workers, and whether requests are logged."""

    host: str
    port: int
    workers: int = 1
    has_access_log: bool = False


def serve(settings: Settings, options: ServiceOptions, log: Log) -> None:
    """Run the service until SIGTERM or Ctrl-C.

    Raises:
        VsfError: the address is in use or may not be used, or the signing keys cannot be read or created.
    """
    check_address(options.host, options.port)
    keys = ensure_keys(settings.keys, time.time())
    read_keys(keys)
    with shared_files(settings, keys, log) as files:
        is_over = threading.Event()
        loader = Loader(settings, files, log)
        table = kept_table(files.scores)
        if table is not None:
            log(f"beginning with the banners of snapshot {table.snapshot}, which were kept")
        thread = threading.Thread(target=run_loader, args=(loader, is_over, log), name="loader", daemon=True)
        thread.start()
        try:
            _serve_until_stopped(settings, options, files, log)
        finally:
            is_over.set()
            thread.join(2.0)
    log("ended")


@contextmanager
def shared_files(settings: Settings, keys: Path, log: Log) -> Iterator[SharedFiles]:
    """Make the folder of this service, and remove it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="vsf-banners-"))
    scores = settings.home / SCORES
    try:
        scores.parent.mkdir(parents=True, exist_ok=True)
        with temp_beside(scores):
            pass  # it can be written to
    except OSError as error:
        log(f"{scores.parent} cannot be written to ({error.strerror}), so the banners are not kept for the next start")
        if scores.exists():
            shutil.copyfile(scores, folder / scores.name)
        scores = folder / scores.name
    try:
        yield SharedFiles(folder, scores, keys)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _serve_until_stopped(settings: Settings, options: ServiceOptions, files: SharedFiles, log: Log) -> None:
    web = web_options(settings, options.host)
    workers = f"{options.workers} worker{'s' if options.workers > 1 else ''}"
    log(f"banners are at {shown_address(options.host, options.port)}/campaigns/<id>, with {workers}")
    target = partial(make_app, web, files, os.getpid())
    while True:
        server = server_of(options)
        with suppress(SystemExit):  # the server's answer to a worker that dies again and again
            server.serve(target_loader=target, wrap_loader=False)
        if server.interrupt_signal:
            return
        log(f"the workers ended; they are started again in {PAUSE:g} s")
        for _ in range(round(PAUSE / 0.1)):
            time.sleep(0.1)
            if server.interrupt_signal:  # the handler of a server that has ended still takes signals
                return
        check_address(options.host, options.port)


def server_of(options: ServiceOptions) -> "MPServer":
    """Return a server of raw ASGI applications; its workers are new processes.

    Forks would inherit the loader's thread and DuckDB in the middle of their work.
    """
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import MPServer

    multiprocessing.set_start_method("spawn", force=True)
    return MPServer(
        "vsf_assets.banners.serving",
        address=options.host,
        port=options.port,
        interface=Interfaces.ASGI,
        workers=options.workers,
        loop=Loops.uvloop if find_spec("uvloop") else Loops.asyncio,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=64 * 1024),
        websockets=False,
        log_level=LogLevels.info if options.has_access_log else LogLevels.warning,
        log_access=options.has_access_log,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_AFTER,
    )


def make_app(web: WebOptions, files: SharedFiles, parent: int) -> Application:
    """Return the application of a worker, with slots and keys; called in the worker's process.

    It is a bound method, because calling an object costs Python a search for the method each time.
    """
    app = BannerApp(web, read_keys(files.keys))
    Watcher(app, files, str(os.getpid()), _log_of_worker).start(parent)
    spare_the_living()
    return app.__call__


def _log_of_worker(text: str) -> None:
    sys.stderr.write(f"worker {os.getpid()}: {text}\n")
