"""A blocking check broken by hand, in a real home with real runs: one notice, and after the mend it is over by itself.

Here: `vsf run`, the watcher, and a receiver of webhooks. Not here: each rule by itself (test_notice_events.py).
"""

import ipaddress
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets_tests.builds import built_directly
from vsf_assets_tests.commandline import Home, home
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.webhook_receiver import receiver

__all__ = ["home"]

CLICKS = "click_id,banner_id,campaign_id\n10,1,7\n11,2,7\n"
CHECKS = ["campaign_rows_match_the_ledger", "campaign_counts_add_up"]


def test_a_broken_check_is_one_notice_and_its_mend_ends_it(portal: Portal, home: Home) -> None:
    from django.test import override_settings

    own = read_settings({"VSF_HOME": str(home.path)})
    of_portal = replace(own.portal, webhook_networks=(ipaddress.IPv4Network("127.0.0.0/8"),))
    settings = replace(portal.settings, home=own.home, snapshots=own.snapshots, portal=of_portal)
    with receiver() as hook, override_settings(VSF=settings, VSF_PORTAL=of_portal), built_directly():
        home.drop({"clicks_1.csv": CLICKS, "clicks_2.csv": "no header of clicks\n"})
        assert home.vsf("run").exit_code == 0  # one file is unreadable, before any portal ran
        words = f"The data was not published: {', '.join(CHECKS)}"
        scan = begin(portal, hook.url)
        assert scan() == []
        with duckdb.connect(str(home.path / "warehouse" / "warehouse.duckdb")) as connection:
            connection.execute("delete from raw.clicks where click_id = 11")
        home.drop({"clicks_3.csv": CLICKS})
        assert CHECKS[0] in home.vsf("run").errors
        assert scan() == [words]
        assert home.vsf("run").exit_code == 1  # it fails once more
        assert scan() == []
        assert home.vsf("run", "--force").exit_code == 0
        number = int(Path(home.current).readlink().stem.removeprefix("vsf-"))
        assert scan() == [words]
        assert scan() == []
    first, last = (received.content["notices"][0] for received in hook.received)
    assert (first["kind"], first["details"]["checks"], first["resolved_at"]) == ("build", CHECKS, None)
    assert (last["id"], last["says_resolved"], last["snapshot"]) == (first["id"], True, number)


def begin(portal: Portal, url: str) -> Any:
    """Start a watcher and a webhook, and return a function that makes a pass, sends, and returns what was sent."""
    from vsf_assets.portal.accounts.account_changes import platform_team
    from vsf_assets.portal.notices.choices import Ways, set_choices, set_webhook
    from vsf_assets.portal.notices.kinds import KINDS, RESOLVED
    from vsf_assets.portal.notices.lease import begin_news
    from vsf_assets.portal.notices.models import OutboxMessage
    from vsf_assets.portal.notices.outbox import send_next
    from vsf_assets.portal.notices.watcher import NoticeWatcher
    from vsf_assets.portal.notices.wording import title

    actor, team = portal.account("ann", "reader").id, platform_team()
    set_choices(team, dict.fromkeys((*KINDS, RESOLVED), Ways(True, False, True)), actor)
    set_webhook(team, url, actor)
    begin_news()
    watcher, seen = NoticeWatcher(), set()

    def scan() -> list[str]:
        watcher.scan()
        while send_next():
            pass
        new = [message for message in OutboxMessage.objects.order_by("id") if message.id not in seen]
        seen.update(message.id for message in new)
        assert {message.state for message in new} <= {OutboxMessage.SENT}
        return [title(item.event) for message in new for item in message.items.all()]

    return scan


@pytest.fixture(autouse=True)
def quiet_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read a changed record at every pass, however fast they follow."""
    from vsf_assets.portal.notices import watcher

    monkeypatch.setattr(watcher, "RUN_SECONDS", 0.0)
