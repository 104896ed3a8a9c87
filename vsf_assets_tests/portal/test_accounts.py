"""Accounts: links, invitations, roles, passwords, deletion, the second factor, the admin site, and the audit.

Here: what people do on pages, and what the database holds afterwards. Not here: log-in itself (test_log_in.py), and
who may read which data (test_rights_matrix.py).
"""

import re
import uuid
from datetime import timedelta
from pathlib import Path

import pytest

from vsf_assets_tests.portal.driver import PASSWORD, Portal

NEW = "four brand new words"


def link_on(page: object) -> str:
    found = re.search(r"http://127\.0\.0\.1:8000(/join/[\w-]+/)", page.content.decode())  # type: ignore[attr-defined]
    assert found
    return found[1]


def join(client: object, address: str, **fields: str) -> object:
    return client.post(address, {"password": NEW, "again": NEW, **fields})  # type: ignore[attr-defined]


def test_the_first_administrator_comes_by_a_link_that_works_once(portal: Portal) -> None:
    from vsf_assets.portal.accounts.models import User
    from vsf_assets.portal.accounts.one_time_links import first_admin_link

    secret = first_admin_link()
    assert secret is not None
    client = portal.client()
    address = f"/join/{secret}/"
    assert "Make the first administrator" in client.get(address).content.decode()
    assert join(client, address, username="Root").headers["Location"] == "/"  # type: ignore[attr-defined]
    user = User.objects.get(username="root")
    assert (user.is_staff, user.may_see_personal, user.account_rights.may_on_platform("manage")) == (True, True, True)
    assert client.get("/").status_code == 200
    assert portal.client().get(address).status_code == 404
    assert first_admin_link() is None
    assert portal.audit() == [
        "link.first_admin", "account.created", "team.created", "membership.set", "account.personal", "link.used",
        "session.begun",
    ]  # fmt: skip


def test_the_link_for_the_first_administrator_is_in_a_file_of_its_owner_until_it_is_used(portal: Portal) -> None:
    from vsf_assets.portal.serve import show_first_admin_link

    log: list[str] = []
    terminal: list[str] = []
    file = portal.settings.keys / "first-admin-link"
    show_first_admin_link(portal.settings, log.append, None)
    first = file.read_text()
    show_first_admin_link(portal.settings, log.append, terminal.append)
    address = file.read_text().strip()
    assert first.strip() != address
    assert file.stat().st_mode & 0o777 == 0o600
    assert terminal == [f"the link: {address}"]
    assert all(line.endswith(f"see {file}") and "/join/" not in line for line in log)
    path = address.removeprefix("http://127.0.0.1:8000")
    assert join(portal.client(), path, username="root").headers["Location"] == "/"  # type: ignore[attr-defined]
    assert not file.exists()
    file.write_text("an earlier link")
    show_first_admin_link(portal.settings, log.append, terminal.append)
    assert (file.exists(), len(log), len(terminal)) == (False, 2, 1)


def test_a_new_link_for_the_first_administrator_ends_the_one_before_and_all_end_in_an_hour(portal: Portal) -> None:
    from django.utils import timezone

    from vsf_assets.portal.accounts.models import OneTimeLink
    from vsf_assets.portal.accounts.one_time_links import first_admin_link

    first, second = first_admin_link(), first_admin_link()
    assert portal.client().get(f"/join/{first}/").status_code == 404
    assert portal.client().get(f"/join/{second}/").status_code == 200
    link = OneTimeLink.objects.get()
    assert timedelta(minutes=59) < link.expires_at - timezone.now() <= timedelta(hours=1)
    OneTimeLink.objects.update(expires_at=timezone.now())
    assert portal.client().get(f"/join/{second}/").status_code == 404
    assert second is not None
    assert second not in repr(portal.tables())


def test_the_link_for_the_first_administrator_ends_when_there_is_one(portal: Portal) -> None:
    from vsf_assets.portal.accounts.one_time_links import first_admin_link

    secret = first_admin_link()
    portal.account("root", "admin")
    assert join(portal.client(), f"/join/{secret}/", username="evil").status_code == 404  # type: ignore[attr-defined]


def test_an_invitation_makes_a_member_with_a_team_of_its_own(portal: Portal) -> None:
    from vsf_assets.portal.accounts.models import User

    admin = portal.confirmed(portal.account("root", "admin"))
    from vsf_assets.portal.accounts.models import Team

    team = Team.objects.get(name="platform")
    page = admin.post(f"/team/{team.id}/invite/", {"role": "analyst", "personal": "on"})
    address = link_on(page)
    assert join(portal.client(), address, username="new.one").headers["Location"] == "/"  # type: ignore[attr-defined]
    user = User.objects.get(username="new.one")
    roles = {member.team.name: member.role for member in user.memberships.all()}
    assert roles == {"platform": "analyst", "~new.one": "admin"}
    assert not user.may_see_personal  # root may not see personal data, so it cannot give what it has not
    assert not user.is_staff
    assert join(portal.client(), address, username="another").status_code == 404  # type: ignore[attr-defined]


def test_invitations_end_when_sign_up_is_closed(portal: Portal) -> None:
    from dataclasses import replace

    from django.test import override_settings

    from vsf_assets.portal.accounts.models import Team
    from vsf_assets.portal.accounts.one_time_links import invite

    root = portal.account("root", "admin")
    team = Team.objects.get(name="platform")
    address = f"/join/{invite(team, 'reader', may_see_personal=False, actor=root)}/"
    with override_settings(VSF_PORTAL=replace(portal.settings.portal, signup="closed")):
        assert portal.client().get(address).status_code == 404
        assert portal.confirmed(root).post(f"/team/{team.id}/invite/", {"role": "reader"}).status_code == 403
    assert portal.client().get(address).status_code == 200


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"username": "x"}, "2 to 40 letters"),
        ({"username": "-dash"}, "2 to 40 letters"),
        ({"username": "a b"}, "2 to 40 letters"),
        ({"username": "root"}, "there is an account root already"),
        ({"username": "good", "password": "short", "again": "short"}, "at least 12 characters"),
        ({"username": "good", "again": "something else"}, "The two passwords differ"),
        ({"username": "good", "password": "password1234", "again": "password1234"}, "too common"),
        ({"username": "good.name.long", "password": "good.name.long", "again": "good.name.long"}, "too similar"),
    ],
)
def test_names_and_passwords_are_checked_and_the_link_stays(portal: Portal, fields: dict[str, str], words: str) -> None:
    from vsf_assets.portal.accounts.models import OneTimeLink, Team
    from vsf_assets.portal.accounts.one_time_links import invite

    root = portal.account("root", "admin")
    secret = invite(Team.objects.get(name="platform"), "reader", may_see_personal=False, actor=root)
    answer = join(portal.client(), f"/join/{secret}/", **fields)
    assert answer.status_code == 200  # type: ignore[attr-defined]
    assert words in answer.content.decode()  # type: ignore[attr-defined]
    assert OneTimeLink.objects.get().used_at is None


def test_an_administrators_link_sets_a_new_password_and_ends_sessions(portal: Portal) -> None:
    from vsf_assets.portal.accounts.models import Membership

    user = portal.account("ann", "reader")
    session = portal.client(user)
    assert session.get("/").status_code == 200
    admin = portal.confirmed(portal.account("root", "admin"))
    member = Membership.objects.get(user=user, team__name="platform")
    address = link_on(admin.post(f"/team/{member.team_id}/members/{member.id}/password/"))
    assert join(portal.client(), address).headers["Location"] == "/account/login/"  # type: ignore[attr-defined]
    assert portal.fresh(user).check_password(NEW)
    assert session.get("/").status_code == 302


def test_a_team_keeps_an_administrator(portal: Portal) -> None:
    from vsf_assets.portal.accounts.models import Membership

    root = portal.account("root", "admin")
    client = portal.confirmed(root)
    member = Membership.objects.get(user=root, team__name="platform")
    address = f"/team/{member.team_id}/members/{member.id}/"
    for role in ("reader", "remove"):
        assert "another administrator first" in client.post(address, {"role": role}, follow=True).content.decode()
    assert Membership.objects.get(pk=member.pk).role == "admin"
    portal.account("second", "admin")
    client.post(address, {"role": "reader"})
    assert not portal.fresh(root).is_staff


def test_a_deleted_account_leaves_its_id_alone(portal: Portal) -> None:
    from vsf_assets.portal.accounts.models import ApiToken, Team, User

    user = portal.account("leaver", "analyst")
    portal.token(user, "read")
    client = portal.client()
    client.post("/account/login/", {"login": "leaver", "password": PASSWORD})
    assert client.get("/profile/delete/").headers["Location"].startswith("/account/reauthenticate/")
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    assert "Type your name, leaver" in client.post("/profile/delete/", {"name": "x"}, follow=True).content.decode()
    assert client.post("/profile/delete/", {"name": "leaver"}).headers["Location"] == "/account/login/"
    assert not User.objects.filter(username="leaver").exists()
    assert not ApiToken.objects.exists()
    assert not Team.objects.filter(name="~leaver").exists()
    kept = portal.tables("django_session", "portal_cache")
    assert "leaver" not in repr(kept)
    assert user.id.hex in repr(kept["audit_auditentry"])


def test_the_last_administrator_cannot_be_deleted(portal: Portal) -> None:
    client = portal.client()
    portal.account("root", "admin")
    client.post("/account/login/", {"login": "root", "password": PASSWORD})
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    shown = client.post("/profile/delete/", {"name": "root"}, follow=True).content.decode()
    assert "needs another administrator first" in shown


def test_the_audit_refuses_changes_by_whatever_way(portal: Portal) -> None:
    from django.db import DatabaseError

    from vsf_assets.portal.audit.models import AuditEntry

    portal.account("ann", "reader")
    before = portal.tables()["audit_auditentry"]
    assert before
    with pytest.raises(DatabaseError, match="append-only"):
        AuditEntry.objects.update(action="nothing")
    with pytest.raises(DatabaseError, match="append-only"):
        AuditEntry.objects.all().delete()
    assert portal.tables()["audit_auditentry"] == before


def second_factor(portal: Portal, user: object) -> str:
    """Give an account an authenticator app, and return its secret."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    secret: str = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def test_the_admin_site_is_for_administrators_with_a_second_factor(portal: Portal) -> None:
    root = portal.account("root", "admin")
    for role in ("", "reader", "engineer"):
        other = portal.client(portal.account(f"the-{role or 'stranger'}", role))
        assert other.get("/admin/accounts/user/").headers["Location"].startswith("/admin/login/")
        assert other.get("/admin/", follow=True).status_code == 403
    assert portal.client().get("/admin/", follow=True).redirect_chain[-1][0].startswith("/account/login/")
    assert portal.client(root).get("/admin/").headers["Location"] == "/account/2fa/totp/activate/"
    client = portal.confirmed(root)
    names = ("user", "team", "membership", "grant", "apitoken", "onetimelink")
    for address in ("/admin/", "/admin/audit/auditentry/", *(f"/admin/accounts/{name}/" for name in names)):
        assert client.get(address).status_code == 200, address


def test_the_admin_site_changes_with_an_entry_and_shows_no_secret(portal: Portal) -> None:
    from vsf_assets.portal.accounts.models import ApiToken, Team, User

    root = portal.account("root", "admin")
    portal.token(root, "read")
    token = ApiToken.objects.get()
    client = portal.confirmed(root)
    shown = client.get(f"/admin/accounts/apitoken/{token.id}/change/").content.decode()
    assert token.sha256 not in shown
    assert 'name="_save"' not in shown
    assert client.get("/admin/accounts/apitoken/add/").status_code == 403
    assert client.get("/admin/audit/auditentry/add/").status_code == 403
    made = {
        "username": "by.site",
        "email": "",
        "is_active": "on",
        "memberships-TOTAL_FORMS": 0,
        "memberships-INITIAL_FORMS": 0,
    }
    assert client.post("/admin/accounts/user/add/", made).status_code == 302
    user = User.objects.get(username="by.site")
    assert not user.has_usable_password()
    team = Team.objects.get(name="platform")
    client.post("/admin/accounts/membership/add/", {"user": user.id, "team": team.id, "role": "admin"})
    assert portal.fresh(user).is_staff
    assert {"user.created", "membership.set"} <= set(portal.audit())
    platform = client.get(f"/admin/accounts/team/{team.id}/delete/")
    assert platform.status_code == 403


def test_log_in_asks_for_the_code_and_recovery_codes_work_once(portal: Portal) -> None:
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

    user = portal.account("ann", "admin")
    secret = second_factor(portal, user)
    codes = RecoveryCodes.activate(user).get_unused_codes()
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    for given, is_right in (("000000", False), (code, True), (codes[0], True), (codes[0], False)):
        client = portal.client()
        first = client.post("/account/login/", {"login": "ann", "password": PASSWORD})
        assert first.headers["Location"].startswith("/account/2fa/authenticate/")
        assert client.get("/data/").status_code == 302
        client.post("/account/2fa/authenticate/", {"code": given})
        assert (client.get("/data/").status_code == 200) == is_right, given


def test_log_in_begins_a_new_session(portal: Portal) -> None:
    portal.account("ann", "reader")
    client = portal.client()
    client.get("/account/login/")
    session = client.session
    session["mark"] = 1
    session.save()
    before = session.session_key
    client.cookies["vsf_session"] = before
    client.post("/account/login/", {"login": "ann", "password": PASSWORD})
    assert client.cookies["vsf_session"].value not in ("", before)


def test_the_password_is_changed_on_its_page(portal: Portal) -> None:
    user = portal.account("ann", "reader")
    type(user).objects.update(must_change_password=True)
    client = portal.client()
    client.post("/account/login/", {"login": "ann", "password": PASSWORD})
    assert "Choose one of your own" in client.get("/").content.decode()
    client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    found = portal.fresh(user)
    assert (found.check_password(NEW), found.must_change_password) == (True, False)
    assert "account.password_changed" in portal.audit()


def test_tokens_are_made_shown_once_and_ended_on_their_page(portal: Portal) -> None:
    from vsf_assets.portal.accounts.models import Team

    client = portal.confirmed(portal.account("ann", "analyst"))
    team = Team.objects.get(name="platform")
    made = client.post("/tokens/", {"name": "mine", "team": team.id, "scopes": ["read", "export"], "days": 30})
    found = re.search(r"<code>(vsf_[\w-]+)</code>", made.content.decode())
    assert found
    assert found[1] not in client.get("/tokens/").content.decode()
    header = {"HTTP_AUTHORIZATION": f"Bearer {found[1]}"}
    assert portal.client().get("/api/v1/me", **header).json()["token_scopes"] == ["read", "export"]
    (token,) = client.get("/api/v1/tokens").json()["items"]
    client.post(f"/tokens/{uuid.UUID(token['id'])}/end/")
    assert portal.client().get("/api/v1/me", **header).status_code == 401


def test_sign_up_is_closed_unless_it_is_open(portal: Portal) -> None:
    from vsf_assets.portal.accounts.models import User

    client = portal.client()
    fields = {"username": "guest", "email": "g@example.org", "password1": NEW, "password2": NEW}
    client.post("/account/signup/", fields)
    assert not User.objects.exists()


def test_a_backup_of_the_home_holds_accounts_and_secrets_for_their_owner_alone(portal: Portal, tmp_path: Path) -> None:
    import sqlite3

    from vsf_assets.backup.backup_home import back_up
    from vsf_assets.portal.config import DATABASE_FILE, PSEUDONYMS, SECRET

    portal.account("ann", "reader")
    folder = back_up(portal.settings, tmp_path / "backups", keep=1).folder / "home" / "portal"
    with sqlite3.connect(folder / DATABASE_FILE) as connection:
        assert connection.execute("select username from accounts_user").fetchall() == [("ann",)]
    for name in (SECRET, PSEUDONYMS):
        assert (folder / name).read_bytes() == (portal.settings.keys / name).read_bytes()
    assert {(folder / name).stat().st_mode & 0o077 for name in (DATABASE_FILE, SECRET, PSEUDONYMS)} == {0}
