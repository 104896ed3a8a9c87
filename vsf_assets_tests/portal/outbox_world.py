"""A home whose notices go to a receiver of webhooks and a mail server on loopback.

Here: fixtures and helpers. Not here: assertions.
"""

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.config.portal_settings import MailServer
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.mail_server import MailServer as RunningMailServer
from vsf_assets_tests.portal.mail_server import mail_server
from vsf_assets_tests.portal.notice_snapshots import File
from vsf_assets_tests.portal.notice_world import NoticeWorld, notice_world
from vsf_assets_tests.portal.webhook_receiver import Receiver, receiver

BROKEN = File("clicks", "1", "MARK name.csv", 2, status="unreadable")
MENDED = File("clicks", "1", "MARK name.csv", 9, 10, 0)


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


@pytest.fixture(scope="module")
def mails() -> Iterator[RunningMailServer]:
    with mail_server() as running:
        yield running


@pytest.fixture
def notices(portal: Portal, tmp_path: Path, mails: RunningMailServer) -> Iterator[NoticeWorld]:
    mails.letters.clear()
    mails.refuses = False
    server = MailServer("127.0.0.1", mails.port, "", "", "portal@example.org")
    with notice_world(portal, tmp_path, server, (ipaddress.IPv4Network("127.0.0.0/8"),)) as world:
        yield world


def set_hook(notices: NoticeWorld, team: str, url: str, *ways: str) -> str:
    from vsf_assets.portal.notices.choices import set_webhook
    from vsf_assets.portal.shared.random_ids import new_id

    return set_webhook(notices.choose(team, *ways), url, new_id())


def send_all(notices: NoticeWorld, minute: float | None = None) -> int:
    """Send what is to be sent at a minute, and return the number of tries."""
    from vsf_assets.portal.notices.outbox import send_next

    notices.minute = notices.minute if minute is None else minute
    count = 0
    while send_next(notices.now()):
        count += 1
    return count


def messages() -> list[Any]:
    from vsf_assets.portal.notices.models import OutboxMessage

    return list(OutboxMessage.objects.order_by("id"))


def states() -> list[tuple[str, int, str]]:
    return [(message.state, message.tries, message.last_error) for message in messages()]
