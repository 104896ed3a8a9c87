"""A home of its own for the watcher in this process: snapshots and runs as a test writes them, and a clock to turn.

Here: helpers. Not here: assertions.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.config.portal_settings import MailServer
from vsf_assets.config.settings import Settings
from vsf_assets.config.variable_values import Network
from vsf_assets.runs.run_record import CheckFailure, recorded_run
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.notice_snapshots import START, File, Volume, publish_snapshot


class NoticeWorld:
    """A portal whose watcher reads a home that the test writes; time is in minutes after START."""

    def __init__(self, portal: Portal, settings: Settings) -> None:
        from vsf_assets.portal.notices.models import WatchLease
        from vsf_assets.portal.notices.watcher import NoticeWatcher

        self.portal, self.settings = portal, settings
        self.minute = 0.0
        self.number = 0
        for part in (WatchLease.SNAPSHOTS, WatchLease.RUNS):
            WatchLease.objects.create(id=part, news_since=self.now())
        self.new_watcher = lambda: NoticeWatcher(self.now)
        self.watcher = self.new_watcher()

    def now(self) -> datetime:
        """Return the time of the watcher."""
        return (START + timedelta(minutes=self.minute)).replace(tzinfo=UTC)

    def publish(self, *files: File, volumes: Sequence[Volume] = ()) -> None:
        """Publish a snapshot with these files."""
        self.number += 1
        publish_snapshot(Path(self.settings.snapshots), self.number, files, volumes)

    def run(self, run_id: str, *failed: str, snapshot: int | None = None, fails: bool = True) -> None:
        """Record a build; it publishes a snapshot, or fails because of checks."""
        with recorded_run(self.settings.home, run_id, "build") as record:
            record.failed_checks += [CheckFailure(name, "it quotes 5557770001") for name in failed]
            record.snapshot = snapshot
            if snapshot is None and fails:
                record.fail("it quotes 5557770001")

    def scan(self, minute: float | None = None) -> tuple[list[str], list[str]]:
        """Make a pass at a minute, and return the keys of new events, and of those that are over."""
        self.minute = self.minute + 1 if minute is None else minute
        changes = self.watcher.scan()
        return ([e.key for e in changes.new], [e.key for e in changes.over]) if changes else ([], [])

    def restart(self) -> None:
        """Begin with another watcher, which has read nothing yet."""
        from vsf_assets.portal.notices.lease import release

        release(self.watcher.holder)
        self.watcher = self.new_watcher()

    def choose(self, team: str, *ways: str) -> Any:
        """Let a team receive kinds, like `unreadable-mail`, and return the team; all pages stay on."""
        from vsf_assets.portal.accounts.models import Team
        from vsf_assets.portal.notices.choices import Ways, set_choices
        from vsf_assets.portal.notices.kinds import KINDS, RESOLVED
        from vsf_assets.portal.shared.random_ids import new_id

        found = Team.objects.get_or_create(name=team)[0]
        chosen = {kind: Ways(True, f"{kind}-mail" in ways, f"{kind}-webhook" in ways) for kind in (*KINDS, RESOLVED)}
        set_choices(found, chosen, new_id())
        return found

    def with_address(self, user: Any, address: str) -> None:
        """Give an account a confirmed mail address."""
        from allauth.account.models import EmailAddress

        EmailAddress.objects.create(user=user, email=address, verified=True, primary=True)


@contextmanager
def notice_world(
    portal: Portal, folder: Path, mail: MailServer | None = None, networks: tuple[Network, ...] = ()
) -> Iterator[NoticeWorld]:
    """Give a home of its own below a folder, and the settings of mail and webhooks."""
    from django.test import override_settings

    of_portal = replace(portal.settings.portal, mail=mail, webhook_networks=networks)
    settings = replace(portal.settings, home=folder / "home", snapshots=str(folder / "snapshots"), portal=of_portal)
    settings.home.mkdir()
    (folder / "snapshots").mkdir()
    of_mail = {"EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", "EMAIL_TIMEOUT": 5}
    if mail is not None:
        of_mail |= {"EMAIL_HOST": mail.host, "EMAIL_PORT": mail.port, "DEFAULT_FROM_EMAIL": mail.sender}
    with override_settings(VSF=settings, VSF_PORTAL=of_portal, **(of_mail if mail else {})):
        yield NoticeWorld(portal, settings)


@pytest.fixture
def notices(portal: Portal, tmp_path: Path) -> Iterator[NoticeWorld]:
    """Return a world without mail and without networks beside the public ones."""
    with notice_world(portal, tmp_path) as world:
        yield world
