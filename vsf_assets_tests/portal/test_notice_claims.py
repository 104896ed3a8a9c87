"""Claims of messages: one sender wins, a slow recipient holds up no other, and a sender that is killed loses nothing.

Here: senders in threads and in a process that is killed. Not here: what is sent (test_notice_outbox.py).
"""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets_tests.portal.notice_snapshots import File
from vsf_assets_tests.portal.notice_world import NoticeWorld
from vsf_assets_tests.portal.outbox_world import BROKEN, hook, mails, messages, notices, send_all, set_hook, states
from vsf_assets_tests.portal.webhook_receiver import Receiver
from vsf_assets_tests.waiting import wait_until

__all__ = ["hook", "mails", "notices"]


def test_a_claim_is_won_by_one_sender(notices: NoticeWorld, hook: Receiver) -> None:
    from django.db import connections

    for number in range(3):
        notices.portal.grant(f"team-{number}", "clicks")
        set_hook(notices, f"team-{number}", hook.url, "unreadable-webhook")
    notices.publish(BROKEN)
    notices.scan(3)
    begin, counts = threading.Barrier(4), []

    def send() -> None:
        begin.wait()
        counts.append(send_all(notices))
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == len(hook.received) == 3
    assert len({received.headers["webhook-id"] for received in hook.received}) == 3


def test_a_recipient_has_one_message_at_a_time_and_holds_up_no_other(notices: NoticeWorld, hook: Receiver) -> None:
    from vsf_assets.portal.notices.outbox import claim_next

    set_hook(notices, "platform", hook.url, "unreadable-webhook")
    notices.portal.grant("sellers", "clicks")
    notices.publish(BROKEN)
    notices.scan(3)
    notices.publish(BROKEN, File("clicks", "1", "b.csv", 4, status="unreadable"))
    set_hook(notices, "sellers", hook.url, "unreadable-webhook")
    notices.scan(5)
    claims = [claim_next(notices.now()) for _ in range(3)]
    assert [claim.team.name if claim else None for claim in claims] == ["platform", "sellers", None]


KILLED = """
import sys, time
from vsf_assets.config.settings import read_settings
from vsf_assets.portal.config import set_up
set_up(read_settings())
from vsf_assets.portal.notices import outbox
def stop(message):
    if sys.argv[1] == "after":
        send(message)
    print("here", flush=True)
    time.sleep(60)
send, outbox._send = outbox._send, stop
outbox.send_next()
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_sender_that_is_killed_loses_nothing(
    notices: NoticeWorld, hook: Receiver, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between claim and call sends the message once, later; between call and record twice, with the same id."""
    from django.utils import timezone

    monkeypatch.setattr(notices, "now", timezone.now)  # the process has the clock on the wall
    set_hook(notices, "platform", hook.url, "unreadable-webhook")
    from vsf_assets.portal.notices.models import OutboxMessage

    team = notices.choose("platform", "unreadable-webhook")
    OutboxMessage.objects.create(
        way="webhook", team=team, is_test=True, created_at=timezone.now(), next_try_at=timezone.now()
    )
    variables = {"VSF_HOME": str(notices.portal.settings.home), "VSF_PORTAL_WEBHOOK_NETWORKS": "127.0.0.0/8"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VSF_")}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, moment],
        env={**kept, **variables, "PYTHONPATH": str(PROJECT_ROOT)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    assert process.stdout.readline() == b"here\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    sent = 1 if moment == "after" else 0
    assert (len(hook.received), states()) == (sent, [("sending", 1, "")])
    assert send_all(notices) == 0  # its claim holds
    monkeypatch.setattr(notices, "now", lambda: timezone.now() + timedelta(minutes=4))
    assert send_all(notices) == 1
    assert states() == [("sent", 2, "")]
    assert [received.headers["webhook-id"] for received in hook.received] == [str(messages()[0].id)] * (sent + 1)


def test_a_defect_in_one_message_stops_no_other(
    notices: NoticeWorld, hook: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from vsf_assets.portal.notices import outbox

    set_hook(notices, "platform", hook.url, "unreadable-webhook")
    notices.publish(BROKEN)
    notices.scan(3)
    send = outbox._send

    def broken(_: object) -> None:
        raise RuntimeError("MARK")

    monkeypatch.setattr(outbox, "_send", broken)
    assert send_all(notices) == 1
    assert states() == [("waiting", 1, "a defect of the portal; its log says more")]
    assert "MARK" in caplog.text
    monkeypatch.setattr(outbox, "_send", send)
    assert send_all(notices, 5) == 1
    assert len(hook.received) == 1


def test_the_threads_find_and_send_and_go_on_after_an_error(
    notices: NoticeWorld, hook: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from django.utils import timezone

    from vsf_assets.portal.notices import watcher
    from vsf_assets.portal.notices.models import NoticeEvent, WatchLease

    WatchLease.objects.update(news_since=timezone.now() - timedelta(hours=1))
    set_hook(notices, "platform", hook.url, "build-webhook")
    notices.run("r1", "keys_are_unique")
    scan, errors = watcher.NoticeWatcher.scan, [RuntimeError("MARK")]

    def broken_once(self: watcher.NoticeWatcher) -> object:
        if errors:
            raise errors.pop()
        return scan(self)

    monkeypatch.setattr(watcher, "SECONDS", 0.02)
    monkeypatch.setattr(watcher.NoticeWatcher, "scan", broken_once)
    threads = watcher.NoticeThreads()
    threads.start()
    wait_until(lambda: hook.received)
    threads.stop()
    assert "MARK" in caplog.text
    (received,) = hook.received
    assert received.content["notices"][0]["details"]["checks"] == ["keys_are_unique"]
    assert NoticeEvent.objects.count() == 1
    assert set(WatchLease.objects.values_list("holder", flat=True)) == {None}
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("notices")]
