"""The pages and the API of notices: what each account sees, unread counts, and what a team chooses.

Here: Django's test client. Not here: the watcher (test_notice_events.py), and sending (test_notice_outbox.py).
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.notice_snapshots import START, File
from vsf_assets_tests.portal.notice_world import NoticeWorld, notice_world
from vsf_assets_tests.portal.test_status import text
from vsf_assets_tests.portal.webhook_receiver import receiver

FILES = (
    File("clicks", "1", "a.csv", 2, status="unreadable"),
    File("impressions", "2", "b.csv", 2, 100, 40),
    *(File("events", f"2030-01-0{n}", f"{n}.gz", 2, 5, 0) for n in (1, 3)),
)
WORDS = (
    "A delivery of clicks in quarter 1 is unreadable",
    "A delivery of impressions in quarter 2 is worse than usual: 40.0% held back, usually 5.0%",
    "events misses the day 2030-01-02",
    "events has far fewer events than usual for 2030-01-01: 10, expected 1,100",
)


@pytest.fixture
def notices(portal: Portal, tmp_path: Path) -> Iterator[NoticeWorld]:
    """Return a world in which one event of each kind of a snapshot was found, after the accounts were made."""
    import ipaddress

    with notice_world(portal, tmp_path, networks=(ipaddress.IPv4Network("127.0.0.0/8"),)) as world:
        yield world


def found(notices: NoticeWorld) -> NoticeWorld:
    notices.publish(*FILES, volumes=[("2030-01-01", 1100.0, 10, -9.0)])
    notices.scan(3)
    return notices


def count(client: Any, address: str = "/profile/") -> str:
    """Return the number of unread notices in the header of a page."""
    shown = re.search(r'class="count">([^<]*)<', client.get(address).content.decode())
    return shown[1] if shown else ""


def test_every_account_sees_the_notices_of_its_teams_feeds_as_long_as_they_are_granted(notices: NoticeWorld) -> None:
    from vsf_assets.portal.accounts.account_changes import set_grant
    from vsf_assets.portal.accounts.models import Team

    ann = notices.portal.client(notices.portal.account("ann", "reader"))
    notices.portal.grant("sellers", "clicks")
    other = notices.portal.client(notices.portal.account("bob", "steward", team="sellers"))
    nobody = notices.portal.client(notices.portal.account("eve"))
    found(notices)
    seen = {name: text(client.get("/notices/")) for name, client in (("ann", ann), ("bob", other), ("eve", nobody))}
    assert [words in seen["ann"] for words in WORDS] == [True] * 4
    assert [words in seen["bob"] for words in WORDS] == [True, False, False, False]
    assert "your teams may read none yet" in seen["eve"]
    assert [count(client) for client in (ann, other, nobody)] == ["4", "1", ""]
    items = other.get("/api/v1/notices").json()["items"]
    assert [(item["kind"], item["feed"], item["is_read"]) for item in items] == [("unreadable", "clicks", False)]
    page = f"/notices/{items[0]['id']}/"
    assert other.get(page).status_code == 200
    set_grant(Team.objects.get(name="sellers"), "clicks", may_read=False)
    assert WORDS[0] not in text(other.get("/notices/"))
    assert other.get(page).status_code == 404
    assert other.get("/api/v1/notices").json()["items"] == []
    assert count(other) == ""


def test_notices_are_marked_as_read_one_by_one_and_all(notices: NoticeWorld) -> None:
    from django.utils import timezone

    from vsf_assets.portal.notices.models import NoticeEvent

    ann = notices.portal.client(notices.portal.account("ann", "reader"))
    bob = notices.portal.client(notices.portal.account("bob", "reader"))
    found(notices)
    first = NoticeEvent.objects.first()
    assert first is not None
    assert ann.post(f"/notices/{first.id}/read/").status_code == 302
    assert ann.post(f"/notices/{first.id}/read/").status_code == 302
    assert (count(ann), count(bob)) == ("3", "4")
    assert "3 unread notices" in text(ann.get("/notices/"))
    NoticeEvent.objects.update(found_at=timezone.now())  # the clock of the tests runs ahead
    shown = re.search(r'name="until" value="([^"]+)"', ann.get("/notices/").content.decode())
    assert shown
    late = NoticeEvent.objects.create(key="build:x", kind="build", happened_at=timezone.now(), found_at=timezone.now())
    from vsf_assets.portal.accounts.models import Team
    from vsf_assets.portal.notices.models import TeamNotice

    TeamNotice.objects.create(event=late, team=Team.objects.get(name="platform"))
    ann.post("/notices/read/", {"until": shown[1]})
    assert (count(ann), count(bob)) == ("1", "5")  # what came after the page was made stays unread
    ann.post("/notices/read/", {"until": "nonsense"})
    assert count(ann) == ""
    assert "All notices are read" in text(ann.get("/notices/"))


def test_a_new_account_has_nothing_to_catch_up_on(notices: NoticeWorld) -> None:
    from django.utils import timezone

    from vsf_assets.portal.notices.models import NoticeEvent

    notices.portal.account("old", "reader")
    found(notices)
    NoticeEvent.objects.update(found_at=timezone.now())
    client = notices.portal.client(notices.portal.account("ann", "reader"))
    assert count(client) == ""
    assert WORDS[0] in text(client.get("/notices/"))


def test_a_notice_says_what_to_do_where_to_look_and_when_it_is_over(notices: NoticeWorld) -> None:
    client = notices.portal.client(notices.portal.account("ann", "reader"))
    found(notices)
    by_kind = {item["kind"]: item for item in client.get("/api/v1/notices").json()["items"]}
    shown = client.get(f"/notices/{by_kind['unreadable']['id']}/").content.decode()
    sha256 = FILES[0].values()[3]
    assert f"/data/reports/files/?feed=clicks&amp;sha256={sha256}" in shown
    assert "Deliver a mended file under the same name" in shown
    assert str(sha256) not in repr(by_kind)
    assert "until=2030-01-02" in client.get(f"/notices/{by_kind['missing']['id']}/").content.decode()
    assert "40 of 100 held back" in text(client.get(f"/notices/{by_kind['worse']['id']}/"))
    notices.publish(*FILES[1:], File("clicks", "1", "a.csv", 4, 10, 0), FILES[0])
    notices.scan(5)
    assert "It is over. A mended file was loaded." in text(client.get(f"/notices/{by_kind['unreadable']['id']}/"))
    assert "● over" in text(client.get("/notices/?kind=unreadable"))


def test_the_api_lists_by_pages_and_kinds_and_a_token_sees_its_team_alone(notices: NoticeWorld) -> None:
    user = notices.portal.account("ann", "reader")
    client = notices.portal.client(user)
    found(notices)
    first = client.get("/api/v1/notices?limit=3").json()
    last = client.get(f"/api/v1/notices?limit=3&after={first['next']}").json()
    titles = [item["title"] for item in (*first["items"], *last["items"])]
    assert (sorted(titles), last["next"]) == (sorted(WORDS), None)
    assert [i["kind"] for i in client.get("/api/v1/notices?kind=volume").json()["items"]] == ["volume"]
    assert len(client.get("/api/v1/notices?open=true").json()["items"]) == 4
    for wrong in ("kind=x", "after=x", "limit=0"):
        assert client.get(f"/api/v1/notices?{wrong}").status_code == 400
    visitor = notices.portal.client()
    own, nothing = notices.portal.token(user, "read", team="~ann"), notices.portal.token(user, "deliver")
    assert visitor.get("/api/v1/notices", **own).json()["items"] == []
    assert visitor.get("/api/v1/notices", **nothing).json()["items"] == []
    assert len(visitor.get("/api/v1/notices", **notices.portal.token(user, "read")).json()["items"]) == 4


def test_choices_of_a_team_are_kept_and_audited(notices: NoticeWorld) -> None:
    from vsf_assets.portal.accounts.models import Team
    from vsf_assets.portal.audit.models import AuditEntry

    notices.portal.grant("sellers", "clicks")
    client = notices.portal.client(notices.portal.account("bob", "admin", team="sellers"))
    address = f"/team/{Team.objects.get(name='sellers').id}/notices/"
    assert len(re.findall(r"-page\" [^>]*checked", client.get(address).content.decode())) == 6
    chosen = {"worse-page": "on", "unreadable-webhook": "on", "resolved-mail": "on"}
    client.post(address, chosen)
    shown = client.get(address).content.decode()
    assert sorted(re.findall(r'name="([a-z-]+)" [^>]*checked', shown)) == sorted(chosen)
    (entry,) = AuditEntry.objects.filter(action="notices.chosen")
    assert entry.details["unreadable"] == {"on_page": False, "by_mail": False, "by_webhook": True}
    assert "worse" not in entry.details  # it stayed as it was
    client.post(address, chosen)
    assert AuditEntry.objects.filter(action="notices.chosen").count() == 1
    found(notices)
    assert client.get("/api/v1/notices").json()["items"] == []  # unreadable deliveries are not on the page any more


def test_a_webhook_is_set_tested_and_removed_and_its_secret_is_shown_once(notices: NoticeWorld) -> None:
    from vsf_assets.portal.accounts.models import Team
    from vsf_assets.portal.audit.models import AuditEntry
    from vsf_assets.portal.notices.outbox import send_next

    bob = notices.portal.account("bob", "admin", team="sellers")
    team = Team.objects.get(name="sellers").id
    address = f"/team/{team}/notices/"
    with receiver() as hook:
        answer = notices.portal.client(bob).post(f"{address}webhook/", {"url": hook.url})
        assert answer.status_code == 302
        assert "/account/reauthenticate/" in answer.headers["Location"]
        client = notices.portal.confirmed(bob)
        for wrong in ("ftp://example.org/", "http://10.0.0.1/", "http://user:word@127.0.0.1/", "x"):
            assert 'role="alert"' in client.post(f"{address}webhook/", {"url": wrong}).content.decode()
        shown = client.post(f"{address}webhook/", {"url": hook.url}).content.decode()
        (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", shown)
        assert "whsec_" not in client.get(address).content.decode()
        client.post(f"{address}webhook/test/")
        assert "◌ waits" in text(client.get(address))
        assert send_next()
        (received,) = hook.received
        assert received.is_signed_with(secret)
        assert (received.content["type"], received.content["notices"]) == ("test", [])
        assert "● sent" in text(client.get(address))
        hook.answer = b"HTTP/1.1 500 x\r\n\r\n"
        client.post(f"{address}webhook/test/")
        assert send_next()
        assert "▲ given up 1 the receiver answered 500" in text(client.get(address))  # a person waits for it
        for _ in range(7):
            client.post(f"{address}webhook/test/")
        assert "5 test messages wait already" in text(client.get(address))
    client.post(f"{address}webhook/end/")
    assert send_next()
    assert "the webhook was removed" in text(client.get(address))
    actions = [name for name in notices.portal.audit() if name.startswith("notices.")]
    assert actions == ["notices.webhook_set", *["notices.test_sent"] * 7, "notices.webhook_removed"]
    (entry,) = AuditEntry.objects.filter(action="notices.webhook_set")
    assert entry.details == {"host": "127.0.0.1", "is_new": True}
    assert secret not in repr(notices.portal.tables())


def test_the_first_page_of_a_new_portal_says_since_when_it_watches(notices: NoticeWorld) -> None:
    client = notices.portal.client(notices.portal.account("ann", "reader"))
    shown = text(client.get("/notices/"))
    assert "No notice yet" in shown
    assert f"Since {START:%Y-%m-%d %H:%M} none of this happened" in shown


def test_a_notice_about_a_dataset_of_a_team_is_for_that_team_and_the_platform_alone(portal: Portal) -> None:
    """And its link leads to the receipt only for those who may see the receipt."""
    from django.utils import timezone

    from vsf_assets.portal.accounts.models import Team
    from vsf_assets.portal.notices.models import NoticeEvent, TeamNotice
    from vsf_assets.portal.notices.recipients import Teams

    portal.grant("first", "datasets", may_deliver=True)
    portal.grant("second", "datasets")
    users = {
        "first": portal.account("ann", "reader", team="first"),
        "second": portal.account("bob", "reader", team="second"),
        "reader": portal.account("cat", "reader"),
        "engineer": portal.account("dan", "engineer"),
    }
    delivery = portal.delivered("first", "datasets")
    now = timezone.now()
    values = {"kind": "unreadable", "happened_at": now, "found_at": now, "sha256": delivery.sha256}
    of_team = NoticeEvent.objects.create(
        key="a", feed="datasets", team=delivery.team, delivery=delivery.pk, details={}, **values
    )
    of_nobody = NoticeEvent.objects.create(key="b", feed="datasets", **values)
    of_deleted = NoticeEvent.objects.create(key="c", feed="datasets", delivery=delivery.pk, **values)
    for event in (of_team, of_nobody, of_deleted):
        TeamNotice.objects.bulk_create(TeamNotice(event=event, team=team) for team in Team.objects.all())
        known = {Team.objects.get(pk=team).name for team in Teams().who_may_know(event)}
        assert known == {"platform"} | {"a": {"first"}, "b": {"first", "second"}, "c": set()}[event.key]
    receipt = f"/deliveries/{delivery.ulid}/"
    rows = f"/data/reports/files/?feed=datasets&amp;sha256={delivery.sha256}"
    places = {"first": receipt, "second": None, "reader": rows, "engineer": receipt}
    for name, user in users.items():
        client = portal.client(user)
        listed = {item["id"] for item in client.get("/api/v1/notices").json()["items"]}
        page = client.get(f"/notices/{of_team.pk}/")
        assert (str(of_team.pk) in listed, page.status_code == 200) == (bool(places[name]),) * 2, name
        assert str(of_nobody.pk) in listed
        assert (str(of_deleted.pk) in listed) == (name in ("reader", "engineer"))
        if places[name]:
            assert f'href="{places[name]}"' in page.content.decode()
            assert client.get(str(places[name]).replace("&amp;", "&")).status_code == 200
