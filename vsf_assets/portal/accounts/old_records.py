"""Removes what is over: sessions, one-time links, counts, cached values, and accounts that were never confirmed.

Here: what is removed and after how long, and the thread that does it while the portal runs. Not here: the audit, which
keeps everything, and the exports that a stopped worker left (data/exports.py).
"""

import logging
import threading
from datetime import timedelta

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, connections, models
from django.utils import timezone

from vsf_assets.portal.accounts.account_changes import delete_account
from vsf_assets.portal.accounts.login_limits import remove_old_counts
from vsf_assets.portal.accounts.models import OneTimeLink, User

EVERY = 3600.0
"""Seconds between two removals."""

LINKS_STAY = timedelta(days=7)
"""How long a one-time link stays in the database after it was used or has run out."""

UNCONFIRMED_STAY = timedelta(days=7)
"""How long an account waits for the confirmation of the address with which it signed up."""

_log = logging.getLogger("vsf.portal.accounts")


def remove_old_records() -> None:
    """Remove what is over."""
    now = timezone.now()
    SessionStore.clear_expired()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    remove_old_counts()
    over = models.Q(used_at__lt=now - LINKS_STAY) | models.Q(expires_at__lt=now - LINKS_STAY)
    OneTimeLink.objects.filter(over).delete()
    _remove_old_cache()
    _remove_unconfirmed()


def _remove_unconfirmed() -> None:
    """Delete accounts that signed up themselves and never confirmed their address, so that their names are free."""
    waiting = EmailAddress.objects.filter(primary=True, verified=False).values("user")
    before = timezone.now() - UNCONFIRMED_STAY
    for user in User.objects.filter(pk__in=waiting, last_login=None, date_joined__lt=before):
        try:
            delete_account(user, None)
        except ValidationError as error:  # its team would have members and no administrator
            _log.warning("an account that was never confirmed stays: %s", "; ".join(error.messages))


def _remove_old_cache() -> None:
    table = connection.ops.quote_name(settings.CACHES["default"]["LOCATION"])
    now = connection.ops.adapt_datetimefield_value(timezone.now().replace(microsecond=0))
    with connection.cursor() as cursor:
        cursor.execute(f"delete from {table} where expires < %s", [now])  # noqa: S608 - our own setting


def remove_while_running() -> None:
    """Start a thread that removes what is over every hour, as long as the process lives."""
    threading.Thread(target=_run, name="remove old records", daemon=True).start()


def _run() -> None:
    wait = threading.Event()
    while True:
        try:
            remove_old_records()
        except DatabaseError as error:  # it is away for a moment; the next time is in an hour
            _log.warning("old records of the portal stay for an hour: %s", str(error).splitlines()[0])
        finally:
            connections.close_all()
        wait.wait(EVERY)
