"""Drives the portal in this process: accounts, clients, tokens, and the tables of its database.

Here: helpers. Django takes its settings once per process, so all tests of a process share a home; each test begins with
the same small database. Not here: assertions.
"""

import shutil
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.portal.config import DATABASE_FILE, set_up
from vsf_assets_tests.portal.world import World
from vsf_assets_tests.prebuilt import put_portal_database

PASSWORD = "three old words here"
CHEAP = {"PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"]}
"""Hashing is not what these tests are about; the tests of hashing choose the real one."""


@dataclass
class Portal:
    """The portal of a test."""

    settings: Settings
    world: World

    def account(self, name: str, role: str = "", team: str = "platform", personal: bool = False) -> Any:
        """Return a new account, as a member of a team if a role is given."""
        from vsf_assets.portal.accounts.account_changes import create_account, set_personal, set_role
        from vsf_assets.portal.accounts.models import Team

        user = create_account(name, PASSWORD)
        if role:
            set_role(user, Team.objects.get_or_create(name=team)[0], role)
        if personal:
            set_personal(user, may_see=True)
        return self.fresh(user)

    def fresh(self, user: Any) -> Any:
        """Return an account as the database has it now."""
        return type(user).objects.get(pk=user.pk)

    def client(self, user: Any = None, **options: Any) -> Any:
        """Return a browser in which an account is signed in; a visitor's without one."""
        from django.test import Client

        client = Client(**options)
        if user is not None:
            client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    def confirmed(self, user: Any, **options: Any) -> Any:
        """Return a browser in which an account with a second factor gave the factor and its password a moment ago."""
        from allauth.account.authentication import AUTHENTICATION_METHODS_SESSION_KEY
        from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
        from allauth.mfa.utils import is_mfa_enabled

        if not is_mfa_enabled(user):
            TOTP.activate(user, generate_totp_secret())
        client = self.client(user, **options)
        session = client.session
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [
            {"method": method, "at": time.time(), "reauthenticated": True} for method in ("mfa", "password")
        ]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()
        return client

    def grant(self, team: str, *feeds: str, may_deliver: bool = False) -> None:
        """Let a team read feeds, and deliver files of them if wanted."""
        from vsf_assets.portal.accounts.account_changes import set_grant
        from vsf_assets.portal.accounts.models import Team

        for feed in feeds:
            set_grant(Team.objects.get_or_create(name=team)[0], feed, may_deliver=may_deliver)

    def delivered(self, team: str, feed: str, account: Any = None) -> Any:
        """Return a new delivery of a team: of the latest file of a feed in the world's snapshot."""
        from vsf_assets.portal.accounts.models import Team
        from vsf_assets.portal.deliveries.models import Delivery

        sql = (
            "select partition_key, file_name, bytes, sha256, landed_at from raw.files where feed = ?"
            " order by landed_at desc limit 1"
        )
        ((partition, name, size, sha256, landed_at),) = self.world.query(sql, feed)
        return Delivery.objects.create(
            team=Team.objects.get_or_create(name=team)[0],
            account=account,
            feed=feed,
            partition=partition or "",
            file_name=name,
            path="/".join(str(part) for part in (feed, partition, name) if part),
            size=size,
            sha256=sha256,
            state=Delivery.LANDED,
            landed_at=landed_at.replace(tzinfo=UTC),  # type: ignore[attr-defined]
            expires_at=datetime.now(UTC),
        )

    def token(self, user: Any, *scopes: str, team: str = "platform") -> dict[str, str]:
        """Return the header of a new token."""
        from vsf_assets.portal.accounts.api_tokens import create_token
        from vsf_assets.portal.accounts.models import Team

        text = create_token(user, Team.objects.get(name=team), "test", scopes or ("read",), 1)[1]
        return {"HTTP_AUTHORIZATION": f"Bearer {text}"}

    def tables(self, *left_out: str) -> dict[str, list[tuple[Any, ...]]]:
        """Return the rows of every table of the database, but for some."""
        with sqlite3.connect(self.settings.home / "portal" / DATABASE_FILE) as connection:
            names = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
            kept = sorted(name for name in names if name not in left_out)
            return {name: connection.execute(f'select * from "{name}"').fetchall() for name in kept}

    def audit(self) -> list[str]:
        """Return the actions in the audit, the earliest first."""
        from vsf_assets.portal.audit.models import AuditEntry

        return list(AuditEntry.objects.order_by("at", "id").values_list("action", flat=True))


@pytest.fixture(scope="session")
def prepared_portal(world: World, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Path]:
    """Give Django its settings, once per process, and return ours and a migrated database to copy."""
    home = tmp_path_factory.mktemp("portal") / "home"
    (home / "landing").mkdir(parents=True)
    (home / "archive" / "other").mkdir(parents=True)  # an archive that is there, from which the originals are gone
    settings = read_settings({"VSF_HOME": str(home), "VSF_SNAPSHOTS": str(world.snapshots), "VSF_SETTLE_SECONDS": "0"})
    put_portal_database(home)
    set_up(settings, **CHEAP, ALLOWED_HOSTS=["testserver", "localhost"])
    from django.db import connections

    from vsf_assets.portal.serve import prepare

    prepare(settings, lambda _: None)
    connections.close_all()
    original = home / "portal" / "migrated.sqlite3"
    with sqlite3.connect(home / "portal" / DATABASE_FILE) as connection:
        connection.execute(f"vacuum into '{original}'")
    return settings, original


@pytest.fixture
def portal(prepared_portal: tuple[Settings, Path], world: World) -> Iterator[Portal]:
    """Return the portal with a database that holds no account yet."""
    from vsf_assets.portal.status.home_state import forget

    settings, original = prepared_portal
    restore(settings, original)
    shutil.rmtree(settings.landing)
    Path(settings.landing).mkdir()
    forget()
    yield Portal(settings, world)
    from django.core.cache import cache
    from django.db import connections

    cache.close()
    connections.close_all()


def restore(settings: Settings, original: Path) -> None:
    """Put the migrated database in place of the current one."""
    from django.db import connections

    connections.close_all()
    file = settings.home / "portal" / DATABASE_FILE
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
        file.with_name(name).unlink(missing_ok=True)
    shutil.copyfile(original, file)
    file.chmod(0o600)  # as `prepare` leaves it


def make_delivery(team: Any, **values: Any) -> Any:
    """Return a delivery of a team that nobody sends."""
    from datetime import timedelta

    from django.utils import timezone

    from vsf_assets.portal.deliveries.models import Delivery

    given = {"feed": "clicks", "partition": "1", "file_name": "clicks_1.csv", "path": "clicks/1/clicks_1.csv"}
    until = timezone.now() + timedelta(hours=1)
    return Delivery.objects.create(team=team, size=3, expires_at=until, **{**given, **values})


def random_id() -> uuid.UUID:
    """Return an id that nothing has."""
    from vsf_assets.portal.shared.random_ids import new_id

    return new_id()


Visit = Callable[[str], Any]
