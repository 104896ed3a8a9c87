"""What is over goes: sessions, links, counts, cached values, and accounts that were never confirmed.

Here: what is removed and what stays. Not here: that ended things do not work (test_accounts.py, test_sessions.py).
"""

from datetime import timedelta
from typing import Any

from vsf_assets_tests.portal.driver import PASSWORD, Portal


def test_what_is_over_is_removed_and_what_holds_stays(portal: Portal) -> None:
    from allauth.usersessions.models import UserSession
    from django.contrib.sessions.models import Session
    from django.core.cache import cache
    from django.utils import timezone

    from vsf_assets.portal.accounts.models import LoginCount, OneTimeLink, Team
    from vsf_assets.portal.accounts.old_records import remove_old_records
    from vsf_assets.portal.accounts.one_time_links import invite, reset_link

    now = timezone.now()
    root = portal.account("root", "admin")
    clients = [portal.client() for _ in range(2)]
    for client in clients:
        client.post("/account/login/", {"login": "root", "password": PASSWORD})
    Session.objects.filter(pk=clients[0].session.session_key).update(expire_date=now - timedelta(seconds=1))
    team = Team.objects.get(name="platform")
    for _ in range(3):
        invite(team, "reader", may_see_personal=False, actor=root)
    old, used, _ = OneTimeLink.objects.all()
    reset_link(root, root)
    OneTimeLink.objects.filter(pk=old.pk).update(expires_at=now - timedelta(days=8))
    OneTimeLink.objects.filter(pk=used.pk).update(used_at=now - timedelta(days=8))
    LoginCount.objects.create(key="old", count=3, since=now - timedelta(minutes=6))
    LoginCount.objects.create(key="new", count=3, since=now)
    cache.clear()
    cache.set("old", 1, timeout=1)
    cache.set("new", 1, timeout=1000)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("update portal_cache set expires = '2020-01-01 00:00:00' where cache_key like '%old'")
    remove_old_records()
    assert [session.pk for session in Session.objects.all()] == [clients[1].session.session_key]
    assert [session.session_key for session in UserSession.objects.all()] == [clients[1].session.session_key]
    assert OneTimeLink.objects.count() == 2
    assert not OneTimeLink.objects.filter(pk__in=(old.pk, used.pk)).exists()
    assert {count.key for count in LoginCount.objects.all()} >= {"new"}
    assert not LoginCount.objects.filter(key="old").exists()
    assert len(portal.tables()["portal_cache"]) == 1
    assert clients[1].get("/").status_code == 200
    assert clients[0].get("/").status_code == 302


def test_an_account_that_never_confirmed_its_address_goes_after_a_week(portal: Portal) -> None:
    from allauth.account.models import EmailAddress
    from django.utils import timezone

    from vsf_assets.portal.accounts.models import Membership, Team, User
    from vsf_assets.portal.accounts.old_records import remove_old_records

    def made(name: str, days: int, **address: Any) -> None:
        user = portal.account(name)
        User.objects.filter(pk=user.pk).update(date_joined=timezone.now() - timedelta(days=days))
        if address:
            EmailAddress.objects.create(user=user, email=f"{name}@example.org", **address)

    made("waits", 6, primary=True, verified=False)
    made("confirmed", 8, primary=True, verified=True)
    made("by-command", 8)
    made("never", 8, primary=True, verified=False)
    made("in-use", 8, primary=True, verified=False)
    User.objects.filter(username="in-use").update(last_login=timezone.now())
    made("alone", 8, primary=True, verified=False)
    Membership.objects.create(team=Team.objects.get(name="~alone"), user=portal.account("guest"), role="reader")
    made("then", 8, primary=True, verified=False)
    remove_old_records()  # a team with members keeps its only administrator, and stops no other removal
    assert set(User.objects.values_list("username", flat=True)) == {
        *("waits", "confirmed", "by-command", "in-use", "alone", "guest")
    }
    assert not Team.objects.filter(name="~never").exists()
    assert portal.audit().count("account.deleted") == 2
