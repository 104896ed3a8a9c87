"""The outbox: who is sent what, at least once under one id, with retries, until it is given up.

Here: a real receiver of webhooks and a real mail server. Not here: the addresses that may be reached
(test_webhook_addresses.py), and pages (test_notice_pages.py).
"""

from datetime import timedelta

import pytest

from vsf_assets_tests.portal.mail_server import MailServer as RunningMailServer
from vsf_assets_tests.portal.notice_snapshots import File
from vsf_assets_tests.portal.notice_world import NoticeWorld
from vsf_assets_tests.portal.outbox_world import (
    BROKEN,
    MENDED,
    hook,
    mails,
    messages,
    notices,
    send_all,
    set_hook,
    states,
)
from vsf_assets_tests.portal.webhook_receiver import OK, Receiver, receiver

__all__ = ["hook", "mails", "notices"]

REFUSAL = b"HTTP/1.1 503 x\r\n\r\n"


def test_one_event_is_one_signed_call_without_personal_data(notices: NoticeWorld, hook: Receiver) -> None:
    secret = set_hook(notices, "platform", hook.url, "unreadable-webhook")
    notices.publish(BROKEN)
    notices.scan(3)
    notices.scan(4)
    assert send_all(notices) == 1
    assert send_all(notices, 60) == 0
    (received,) = hook.received
    assert received.line == "POST /hook?of=team HTTP/1.1"
    assert received.is_signed_with(secret)
    assert not received.is_signed_with("whsec_" + "A" * 44)
    content = received.content
    (notice,) = content["notices"]
    assert content["type"] == "notices"
    assert content["id"] == received.headers["webhook-id"] == str(messages()[0].id)
    assert {name: notice[name] for name in ("kind", "feed", "partition", "resolved_at", "snapshot")} == {
        "kind": "unreadable",
        "feed": "clicks",
        "partition": "1",
        "resolved_at": None,
        "snapshot": 1,
    }
    assert notice["title"] == "A delivery of clicks in quarter 1 is unreadable"
    assert notice["url"].endswith(f"/notices/{notice['id']}/")
    assert notice["happened_at"] == "2030-01-01T00:02:00Z"
    sha256 = BROKEN.values()[3]
    assert b"MARK" not in received.body
    assert str(sha256).encode() not in received.body
    assert states() == [("sent", 1, "")]


def test_a_receiver_that_fails_is_tried_again_under_the_same_id_until_it_answers(
    notices: NoticeWorld, hook: Receiver
) -> None:
    set_hook(notices, "platform", hook.url, "unreadable-webhook")
    notices.publish(BROKEN)
    notices.scan(3)
    hook.answer = REFUSAL
    assert send_all(notices) == 1
    assert states() == [("waiting", 1, "the receiver answered 503")]
    assert send_all(notices, 3.4) == 0  # the first pause is 30 s
    assert send_all(notices, 3.6) == 1
    assert send_all(notices, 4.5) == 0
    hook.answer = OK
    assert send_all(notices, 4.7) == 1
    assert states() == [("sent", 3, "")]
    assert len({received.headers["webhook-id"] for received in hook.received}) == 1
    assert len(hook.received) == 3


def test_a_message_is_given_up_after_a_day(notices: NoticeWorld, hook: Receiver) -> None:
    set_hook(notices, "platform", hook.url, "unreadable-webhook")
    notices.publish(BROKEN)
    notices.scan(3)
    hook.answer = REFUSAL
    tries = sum(send_all(notices, 3 + step * 30) for step in range(60))
    assert states() == [("gave_up", tries, "the receiver answered 503")]
    assert tries == len(hook.received) > 10
    assert messages()[0].created_at + timedelta(hours=21) < notices.now()


def test_a_private_address_is_refused_and_says_so(notices: NoticeWorld, hook: Receiver) -> None:
    from dataclasses import replace

    from django.test import override_settings

    set_hook(notices, "platform", hook.url, "unreadable-webhook")
    notices.publish(BROKEN)
    notices.scan(3)
    with override_settings(VSF_PORTAL=replace(notices.settings.portal, webhook_networks=())):
        send_all(notices)
    assert hook.received == []
    ((state, tries, error),) = states()
    assert (state, tries) == ("waiting", 1)
    assert "127.0.0.1, which is not a public address" in error


def test_the_end_of_an_event_is_one_more_message_for_those_who_want_it(notices: NoticeWorld, hook: Receiver) -> None:
    set_hook(notices, "platform", hook.url, "unreadable-webhook", "resolved-webhook")
    with receiver() as second:
        notices.portal.grant("sellers", "clicks")
        set_hook(notices, "sellers", second.url, "unreadable-webhook")
        notices.publish(BROKEN)
        notices.scan(3)
        send_all(notices)
        notices.publish(BROKEN, MENDED)
        notices.scan(10)
        notices.scan(11)
        send_all(notices, 12)
        assert len(second.received) == 1
    first, last = (received.content["notices"][0] for received in hook.received)
    assert (first["says_resolved"], last["says_resolved"]) == (False, True)
    assert first["id"] == last["id"]
    assert last["resolved_at"] == "2030-01-01T00:10:00Z"


def test_a_message_that_waits_says_itself_that_its_event_is_over(notices: NoticeWorld, hook: Receiver) -> None:
    set_hook(notices, "platform", hook.url, "unreadable-webhook", "resolved-webhook")
    notices.publish(BROKEN)
    notices.scan(3)
    notices.publish(BROKEN, MENDED)
    notices.scan(10)
    assert send_all(notices, 11) == 1
    assert hook.received[0].content["notices"][0]["resolved_at"] == "2030-01-01T00:10:00Z"


def test_mails_go_to_members_with_a_confirmed_address_once_each(notices: NoticeWorld, mails: RunningMailServer) -> None:
    from allauth.account.models import EmailAddress

    people = {name: notices.portal.account(name, "reader") for name in ("ann", "bob", "cat", "dan")}
    notices.portal.grant("sellers", "clicks")
    notices.portal.grant("others", "impressions")
    from vsf_assets.portal.accounts.account_changes import set_role
    from vsf_assets.portal.accounts.models import Team

    set_role(people["ann"], Team.objects.get(name="sellers"), "steward")
    eve = notices.portal.account("eve", "admin", team="others")
    for name in ("ann", "cat"):
        notices.with_address(people[name], f"{name}@example.org")
    notices.with_address(eve, "eve@example.org")
    EmailAddress.objects.create(user=people["bob"], email="bob@example.org", verified=False, primary=True)
    type(people["cat"]).objects.filter(username="cat").update(is_active=False)
    for team in ("platform", "sellers", "others"):
        notices.choose(team, "unreadable-mail", "resolved-mail")
    notices.publish(BROKEN)
    notices.scan(3)
    assert send_all(notices) == 1
    (letter,) = mails.letters
    assert (letter["To"], letter["Subject"]) == ("ann@example.org", "A delivery of clicks in quarter 1 is unreadable")
    assert letter["Message-ID"] == f"<{messages()[0].id}@127.0.0.1>"
    assert letter["X-Vsf-Notice-Id"] == str(messages()[0].id)
    assert "/notices/" in letter.get_content()
    assert "MARK" not in str(letter)
    notices.publish(BROKEN, MENDED)
    notices.scan(10)
    send_all(notices)
    assert [letter["Subject"] for letter in mails.letters[1:]] == [
        "Over: A delivery of clicks in quarter 1 is unreadable"
    ]


def test_a_mail_server_that_refuses_is_asked_again(notices: NoticeWorld, mails: RunningMailServer) -> None:
    ann = notices.portal.account("ann", "reader")
    notices.with_address(ann, "ann@example.org")
    notices.choose("platform", "unreadable-mail")
    notices.publish(BROKEN)
    notices.scan(3)
    mails.refuses = True
    send_all(notices)
    assert [(state, tries) for state, tries, _ in states()] == [("waiting", 1)]
    assert "the mail server refuses" in states()[0][2]
    mails.refuses = False
    send_all(notices, 5)
    assert len(mails.letters) == 1


def test_many_events_of_a_pass_are_one_mail(notices: NoticeWorld, mails: RunningMailServer, hook: Receiver) -> None:
    notices.with_address(notices.portal.account("ann", "reader"), "ann@example.org")
    set_hook(notices, "platform", hook.url, "unreadable-mail", "unreadable-webhook")
    notices.publish(*(File("clicks", "1", f"{n}.csv", 2, status="unreadable") for n in range(250)))
    notices.scan(3)
    send_all(notices)
    assert [len(received.content["notices"]) for received in hook.received] == [100, 100, 50]
    ids = [notice["id"] for received in hook.received for notice in received.content["notices"]]
    assert len(set(ids)) == 250
    assert mails.letters[0]["Subject"].endswith("(and 249 more)")
    assert "And 230 more" in mails.letters[0].get_content()
    assert len(mails.letters) == 1


@pytest.mark.parametrize("change", ["grant", "choice", "webhook", "team", "role", "account", "address"])
def test_what_a_message_stands_on_must_last_until_it_is_sent(
    notices: NoticeWorld, hook: Receiver, mails: RunningMailServer, change: str
) -> None:
    from allauth.account.models import EmailAddress

    from vsf_assets.portal.accounts.account_changes import delete_account, delete_team, set_grant
    from vsf_assets.portal.accounts.models import Membership
    from vsf_assets.portal.notices.choices import remove_webhook
    from vsf_assets.portal.shared.random_ids import new_id

    notices.portal.grant("sellers", "clicks")
    ann = notices.portal.account("ann", "reader", team="sellers")
    notices.with_address(ann, "ann@example.org")
    set_hook(notices, "sellers", hook.url, "unreadable-mail", "unreadable-webhook")
    team = notices.choose("sellers", "unreadable-mail", "unreadable-webhook")
    notices.publish(BROKEN)
    notices.scan(3)
    assert len(messages()) == 2
    if change == "grant":
        set_grant(team, "clicks", may_read=False)
    elif change == "choice":
        notices.choose("sellers")
    elif change == "webhook":
        remove_webhook(team, new_id())
    elif change == "team":
        delete_team(team, None)
    elif change == "role":
        Membership.objects.filter(user=ann, team=team).delete()
    elif change == "account":
        delete_account(ann, None)
    else:
        EmailAddress.objects.all().delete()
    send_all(notices)
    has_call, has_mail = len(hook.received) == 1, len(mails.letters) == 1
    of_webhook = change not in ("grant", "choice", "webhook", "team", "account")  # whose team ends with it
    assert (has_call, has_mail) == (of_webhook, change == "webhook")
    assert {state for state, *_ in states()} <= {"sent", "dropped"}
    from vsf_assets.portal.accounts.models import User

    assert User.objects.filter(username="ann").exists() == (change not in ("account",))


def test_the_secret_stands_in_no_table_and_another_one_signs_after_a_change(
    notices: NoticeWorld, hook: Receiver
) -> None:
    import base64

    first = set_hook(notices, "platform", hook.url, "unreadable-webhook")
    second = set_hook(notices, "platform", hook.url, "unreadable-webhook")
    rows = repr(notices.portal.tables())
    for secret in (first, second):
        raw = base64.b64decode(secret.removeprefix("whsec_"))
        assert len(raw) == 32
        assert secret not in rows
        assert raw.hex() not in rows
    notices.publish(BROKEN)
    notices.scan(3)
    send_all(notices)
    assert (hook.received[0].is_signed_with(first), hook.received[0].is_signed_with(second)) == (False, True)
