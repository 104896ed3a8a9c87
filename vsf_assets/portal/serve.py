"""What `vsf portal` starts: the preparation of its state, and a server with its workers.

Here: migrations, secrets, the first administrator's link, and granian. Not here: the options of the command
(cli/portal.py), the layer before Django (asgi.py), and Django's settings (config.py).
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from vsf_assets.common.errors import UsageError, VsfError
from vsf_assets.common.interpreter_tricks import spare_the_living
from vsf_assets.config.portal_settings import SQL_NO
from vsf_assets.config.settings import Settings
from vsf_assets.portal.asgi import Dispatcher, Doors
from vsf_assets.portal.config import check_database_driver, set_up
from vsf_assets.portal.django_threads import DjangoThreads
from vsf_assets.portal.fast.static_files import StaticFiles
from vsf_assets.warehouse.lock import hold_lock
from vsf_assets.web.answers import Application

if TYPE_CHECKING:
    from granian.server import MPServer

    from vsf_assets.masking.keep_copies import CopyKeeper
    from vsf_assets.portal.fast.uploads import Uploads
    from vsf_assets.portal.notices.watcher import NoticeThreads

Log = Callable[[str], None]

THREADS = 12
"""Requests of one worker that Django answers at the same time: 4 queries run, 5 wait, and others sign people in."""

PAUSE = 2.0
"""Seconds before all workers are started anew."""

KILL_AFTER = 8
"""Seconds that a worker has for open requests at the end."""

LOCK_SECONDS = 60.0
"""Time to wait for another process that prepares the same state."""

_LOCK_NUMBER = 0x5653_4650
"""Number of the lock in a PostgreSQL database: any number, the same on all hosts."""


@dataclass(frozen=True)
class PortalOptions:
    """The choice of a person: whether demo accounts are made, and whether requests are logged."""

    is_demo: bool = False
    has_access_log: bool = False


def check_options(settings: Settings, options: PortalOptions) -> None:
    """Check what a person chose, before anything is made.

    Raises:
        UsageError: the address and the other settings do not go together.
        VsfError: a driver is missing.
    """
    portal = settings.portal
    host = portal.bind[0]
    if options.is_demo and not portal.is_loopback:
        raise UsageError(
            f"the demo accounts are for this machine alone, and VSF_PORTAL_BIND={host} lets others in;"
            " bind to 127.0.0.1"
        )
    named = {"VSF_PORTAL_URL": portal.url, "VSF_PORTAL_HOSTS": portal.hosts, "VSF_PORTAL_PROXIES": portal.proxies}
    through = [name for name, value in named.items() if value]
    if options.is_demo and through:
        raise UsageError(
            f"the demo accounts are for this machine alone, and {through[0]} lets others in; unset it, or leave --demo"
        )
    if not portal.is_loopback and not portal.is_secure:
        raise UsageError(
            f"VSF_PORTAL_BIND={host} lets other machines in, and passwords would travel in clear text;"
            " put a proxy with TLS before the portal and set VSF_PORTAL_URL=https://…, or bind to 127.0.0.1"
        )
    check_database_driver(settings)


def keep_files_private() -> None:
    """Let only the owner read the files that this process makes from now on."""
    os.umask(0o077)


def prepare(settings: Settings, log: Log) -> None:
    """Bring the state up to date: folders, secrets, tables; several processes may do so at once.

    Raises:
        VsfError: a secret or the database cannot be used.
    """
    folder = settings.home / "portal"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(PermissionError):  # of another user, who keeps it as he likes
        folder.chmod(0o700)  # it may have been made by hand
    set_up(settings)
    from django.core.management import call_command
    from django.db import DatabaseError

    from vsf_assets.portal.accounts.login_limits import remove_old_counts

    with hold_lock(folder / "prepare.lock", "preparing the portal", LOCK_SECONDS, what="the portal's state"):
        try:
            with _database_lock():
                call_command("migrate", interactive=False, verbosity=0)
                call_command("createcachetable", verbosity=0)
                remove_old_counts()
        except DatabaseError as error:
            place = "VSF_PORTAL_DATABASE" if settings.portal.database else str(folder)
            raise VsfError(f"the portal's database ({place}) cannot be used: {str(error).splitlines()[0]}") from error
    if not settings.portal.database:
        (folder / "portal.sqlite3").chmod(0o600)
    if not settings.has_home:
        log(f"there is no data in {settings.home} yet: vsf demo")


@contextmanager
def _database_lock() -> Iterator[None]:
    """Let one host at a time prepare a PostgreSQL database; the file lock is for the processes of one host alone."""
    from django.db import connection

    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_lock(%s)", [_LOCK_NUMBER])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s)", [_LOCK_NUMBER])


def show_first_admin_link(settings: Settings, log: Log, show: Log | None) -> None:
    """Keep the link by which the first administrator makes an account in a file, if there is none yet, and say where.

    Args:
        settings: the portal's address.
        log: receives the place of the file, never the link.
        show: writes the link to a person's terminal; None where there is none.
    """
    from vsf_assets.portal.accounts.one_time_links import (
        first_admin_link,
        forget_first_admin_link,
        keep_first_admin_link,
    )

    secret = first_admin_link()
    if secret is None:
        forget_first_admin_link()
        return
    address = f"{settings.portal.shown_url}/join/{secret}/"
    log(f"there is no administrator yet; a link makes one, once, within an hour: see {keep_first_admin_link(address)}")
    if show is not None:
        show(f"the link: {address}")


def serve(settings: Settings, options: PortalOptions, log: Log, show: Log | None = None) -> None:
    """Run the portal until SIGTERM or Ctrl-C.

    Args:
        settings: the home and the portal's settings.
        options: the choice of a person.
        log: receives lines without secrets; they may be kept in a file.
        show: writes lines with secrets to a person's terminal; None where there is none.

    Raises:
        UsageError, VsfError: it cannot start; the message says why.
    """
    from vsf_assets.banners.addresses import check_address

    check_options(settings, options)
    keep_files_private()
    host, port = settings.portal.bind
    check_address(host, port, "VSF_PORTAL_BIND")
    prepare(settings, log)
    _remove_old(settings)
    _demo_accounts(options, log, show)
    log(f"the portal is at {settings.portal.shown_url}")
    show_first_admin_link(settings, log, show)
    notices, copies, plain = _notices(), keep_masked_copies(settings), keep_plain_copies(settings)
    try:
        while not _serve_once(settings, options):
            log(f"the workers ended; they are started again in {PAUSE:g} s")
            time.sleep(PAUSE)
            check_address(host, port, "VSF_PORTAL_BIND")
    finally:
        copies.stop()
        plain.stop()
        notices.stop()
    log("ended")


def _notices() -> "NoticeThreads":
    """Start the threads that find and send notices; they are of this process, and of no worker."""
    from vsf_assets.portal.notices.watcher import NoticeThreads

    threads = NoticeThreads()
    threads.start()
    return threads


def keep_masked_copies(settings: Settings) -> "CopyKeeper":
    """Return what keeps masked copies of snapshots, and start it where they are asked for."""
    from django.conf import settings as of_django

    from vsf_assets.masking.keep_copies import CopyKeeper

    keeper = CopyKeeper(settings, of_django.VSF_PSEUDONYM_KEY)
    if settings.portal.masked:
        keeper.start()
    return keeper


def keep_plain_copies(settings: Settings) -> "CopyKeeper":
    """Return what keeps the copies that SQL asks, and start it where SQL is answered and snapshots may need them."""
    from vsf_assets.masking.keep_copies import PlainCopyKeeper

    keeper = PlainCopyKeeper(settings)
    if settings.lake and settings.portal.sql != SQL_NO:
        keeper.start()
    return keeper


def _remove_old(settings: Settings) -> None:
    """Remove exports that a stopped worker left, and begin to remove what is over in the database."""
    from vsf_assets.portal.accounts.old_records import remove_while_running
    from vsf_assets.portal.data.exports import remove_leftovers
    from vsf_assets.portal.shared.open_pool import EXPORTS

    remove_leftovers(settings.home / "portal" / EXPORTS)
    remove_while_running()


def _demo_accounts(options: PortalOptions, log: Log, show: Log | None) -> None:
    """Make the demo accounts, or end those of an earlier demo; their passwords go to a terminal alone."""
    from vsf_assets.portal.accounts.demo_accounts import end_demo_accounts, make_demo_accounts

    if options.is_demo:
        lines = make_demo_accounts()
        if show is None:
            lines = [
                "there is an account of each role, demo-reader to demo-admin; their passwords are shown on a terminal",
                "alone; for a new one: vsf portal user demo-reader --role reader",
            ]
        for line in lines:
            (show or log)(line)
    elif ended := end_demo_accounts():
        log(f"{ended} demo accounts were deactivated; --demo activates them again")


def _serve_once(settings: Settings, options: PortalOptions) -> bool:
    """Run the server; return whether a signal ended it."""
    from django.db import connections

    connections.close_all()
    server = _server(settings)
    with suppress(SystemExit):  # the server's answer to a worker that dies again and again
        server.serve(target_loader=partial(make_app, settings, os.getpid(), options.has_access_log), wrap_loader=False)
    return bool(server.interrupt_signal)


def _server(settings: Settings) -> "MPServer":
    """Return a server of raw ASGI applications; its workers are new processes."""
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.log import LogLevels
    from granian.server import MPServer

    multiprocessing.set_start_method("spawn", force=True)
    host, port = settings.portal.bind
    return MPServer(
        "vsf_assets.portal.serve",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=settings.portal.workers,
        loop=Loops.uvloop if find_spec("uvloop") else Loops.asyncio,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=64 * 1024),
        websockets=False,
        log_level=LogLevels.warning,  # its own log of requests would hold the secrets of links (access_log.py)
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_AFTER,
    )


def make_app(settings: Settings, parent: int, has_access_log: bool = False) -> Application:
    """Return the application of a worker; called in the worker's process, which ends with the process `parent`."""
    keep_files_private()
    threading.Thread(target=_end_with, args=(parent,), name="end with the server", daemon=True).start()
    set_up(settings)
    from django.core.handlers.wsgi import WSGIHandler

    from vsf_assets.portal.access_log import with_access_log
    from vsf_assets.portal.answer_headers import with_headers
    from vsf_assets.portal.deliveries.still_allowed import why_not_now
    from vsf_assets.portal.deliveries.take_up import on_end
    from vsf_assets.portal.fast.uploads import Uploads
    from vsf_assets.portal.shared.static_addresses import digest, static_files
    from vsf_assets.portal.worker_memory import settle

    settle()
    pages = DjangoThreads(WSGIHandler(), THREADS)
    doors = Doors(settings.portal.allowed_hosts, settings.portal.proxies)
    uploads = Uploads(settings, on_end, why_not_now)
    threading.Thread(target=_after_kills, args=(uploads,), name="uploads that a kill left", daemon=True).start()
    dispatcher = Dispatcher(pages.answer, doors, StaticFiles(static_files(), digest()), uploads)
    answers = with_headers(dispatcher, settings.portal.is_secure)
    spare_the_living()
    return with_access_log(answers) if has_access_log else answers


def _after_kills(uploads: "Uploads") -> None:
    """Finish what killed processes left, and keep the states of deliveries up to date."""
    from vsf_assets.portal.deliveries.take_up import keep_taking_up

    uploads.go_on()
    keep_taking_up()


def _end_with(parent: int) -> None:
    """End this process when the server that started it has ended without a word."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGKILL)
