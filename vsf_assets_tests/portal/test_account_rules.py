"""What keeps accounts from going around the rules: second factor, repeated password, reserved names, ended links.

Here: ways by which somebody could keep or take more than was given. Not here: what people usually do on the pages
(test_accounts.py), and log-in limits (test_log_in.py).
"""

from typing import Any

import pytest

from vsf_assets_tests.portal.driver import PASSWORD, Portal
from vsf_assets_tests.portal.test_accounts import NEW, join, second_factor
from vsf_assets_tests.portal.test_protection import WRITTEN_BY_READING


def log_in(portal: Portal, name: str, password: str = PASSWORD) -> Any:
    client = portal.client()
    client.post("/account/login/", {"login": name, "password": password})
    return client


def test_with_mail_accounts_without_an_address_sign_in_and_signed_up_ones_confirm_theirs(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from django.conf import settings
    from django.core import mail
    from django.test import override_settings

    from vsf_assets.portal.accounts.one_time_links import first_admin_link

    monkeypatch.setattr(settings, "VSF_PORTAL", replace(settings.VSF_PORTAL, signup="open"))
    memory = "django.core.mail.backends.locmem.EmailBackend"
    with override_settings(ACCOUNT_EMAIL_VERIFICATION="mandatory", EMAIL_BACKEND=memory):
        join(portal.client(), f"/join/{first_admin_link()}/", username="root")
        assert log_in(portal, "root", NEW).get("/").status_code == 200
        fields = {"username": "guest", "email": "g@example.org", "password1": NEW, "password2": NEW}
        portal.client().post("/account/signup/", fields)
        assert [letter.to for letter in mail.outbox] == [["g@example.org"]]
        assert log_in(portal, "guest", NEW).get("/").status_code == 302


def test_who_manages_the_platform_needs_a_second_factor_in_this_session_on_pages_of_teams(portal: Portal) -> None:
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

    root = portal.account("root", "admin")
    team = root.memberships.get(team__name="platform").team
    client = log_in(portal, "root")
    for address in ("/team/", f"/team/{team.id}/", "/admin/"):
        assert client.get(address).headers["Location"] == "/account/2fa/totp/activate/"
    assert client.post(f"/team/{team.id}/invite/", {"role": "reader"}).status_code == 302
    assert not team.links.exists()
    secret = second_factor(portal, root)
    shown = client.get("/team/").headers["Location"]
    assert shown == "/account/2fa/reauthenticate/?next=%2Fteam%2F"
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    assert client.post(shown, {"code": code}).headers["Location"] == "/team/"
    assert client.get("/team/").status_code == 200
    assert portal.client(portal.account("ann")).get("/team/").status_code == 200  # a team of her own alone


def test_setting_up_the_second_factor_opens_the_pages_of_teams(portal: Portal) -> None:
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

    portal.account("root", "admin")
    client = log_in(portal, "root")
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    client.get("/account/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    client.post("/account/2fa/totp/activate/", {"code": code})
    assert client.get("/team/").status_code == 200


@pytest.mark.parametrize(
    ("page", "form"),
    [
        ("invite/", {"role": "admin"}),
        ("invite/", {"role": "reader", "personal": "on"}),
        ("members/{member}/", {"role": "admin"}),
        ("members/{member}/", {"role": "reader", "personal": "on"}),
        ("members/{member}/password/", {}),
    ],
)
def test_what_gives_much_asks_for_the_password_again_and_then_goes_on(
    portal: Portal, page: str, form: dict[str, str]
) -> None:
    root = portal.account("root", "admin", personal=True)
    member = portal.account("ann", "reader").memberships.get(team__name="platform")
    client = portal.confirmed(root)
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "at": 0}]
    session.save()
    before = portal.tables(*WRITTEN_BY_READING)
    address = f"/team/{member.team_id}/{page.format(member=member.id)}"
    prompted = client.post(address, form).headers["Location"]
    assert prompted.startswith("/account/reauthenticate/")
    assert portal.tables(*WRITTEN_BY_READING) == before
    done = client.post(prompted, {"password": PASSWORD})
    assert done.status_code in (200, 302)
    assert portal.tables(*WRITTEN_BY_READING) != before


def test_no_account_takes_the_name_of_a_team(portal: Portal) -> None:
    from django.core.exceptions import ValidationError

    from vsf_assets.portal.accounts.command_line import change_account
    from vsf_assets.portal.accounts.models import Team

    stranger = portal.account("marketing")
    change_account("carol", "analyst", "marketing", personal=False, keep_password=False)
    assert not Team.objects.get(name="marketing").memberships.filter(user=stranger).exists()
    for name, team in (("platform", "marketing"), ("carol", "~marketing"), ("carol", "Platform")):
        with pytest.raises(ValidationError, match="choose another name"):
            change_account(name, "analyst", team, personal=False, keep_password=False)
    client = portal.confirmed(portal.account("root", "admin"))
    assert "choose another name" in client.post("/admin/accounts/team/add/", {"name": "~carol"}).content.decode()


@pytest.mark.parametrize("change", ["demoted", "removed", "inactive", "ended", "closed"])
def test_an_invitation_ends_with_the_right_to_invite(
    portal: Portal, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from django.conf import settings

    from vsf_assets.portal.accounts.account_changes import remove_member, set_role
    from vsf_assets.portal.accounts.one_time_links import UsedLinkError, find_link, invite, use_link

    client = portal.confirmed(portal.account("root", "admin"))
    user = portal.account("ann", "admin")
    member = user.memberships.get(team__name="platform")
    secret = invite(member.team, "admin", may_see_personal=False, actor=user)
    link = find_link(secret)
    assert link is not None
    if change == "demoted":
        set_role(user, member.team, "reader")
    elif change == "removed":
        remove_member(member)
    elif change == "inactive":
        type(user).objects.filter(pk=user.pk).update(is_active=False)
    elif change == "ended":
        assert "ann" in client.get(f"/team/{member.team_id}/").content.decode()
        client.post(f"/team/{member.team_id}/invitations/{link.id}/end/")
    else:
        monkeypatch.setattr(settings, "VSF_PORTAL", replace(settings.VSF_PORTAL, signup="closed"))
    assert find_link(secret) is None
    with pytest.raises(UsedLinkError):
        use_link(link, NEW, "evil")
    assert not type(user).objects.filter(username="evil").exists()
    if change == "demoted":
        set_role(portal.fresh(user), member.team, "admin")
        assert find_link(secret) is None


def test_links_give_only_what_their_maker_still_may_give(portal: Portal) -> None:
    from vsf_assets.portal.accounts.account_changes import set_personal
    from vsf_assets.portal.accounts.models import Membership
    from vsf_assets.portal.accounts.one_time_links import find_link, invite, reset_link

    root, victim = portal.account("root", "admin", personal=True), portal.account("ann", "reader")
    team = root.memberships.get(team__name="platform").team
    reset, personal = reset_link(victim, root), invite(team, "reader", may_see_personal=True, actor=root)
    plain = invite(team, "reader", may_see_personal=False, actor=root)
    set_personal(portal.fresh(root), may_see=False)
    assert find_link(personal) is None
    assert find_link(plain) is not None
    assert find_link(reset) is not None
    Membership.objects.filter(user=root, team=team).update(role="engineer")
    assert find_link(reset) is None


def test_a_session_alone_makes_no_token_and_no_address(portal: Portal) -> None:
    from allauth.account.models import EmailAddress

    from vsf_assets.portal.accounts.models import ApiToken

    user = portal.account("ann", "analyst")
    team = user.memberships.get(team__name="platform").team
    client = log_in(portal, "ann")
    form = {"name": "mine", "team": team.id, "scopes": ["read"], "days": 30}
    prompted = client.post("/tokens/", form).headers["Location"]
    assert not ApiToken.objects.exists()
    added = client.post("/account/email/", {"action_add": "", "email": "thief@example.org"})
    assert added.headers["Location"].startswith("/account/reauthenticate/")
    assert not EmailAddress.objects.exists()
    client.post("/tokens/", form)
    assert "vsf_" in client.post(prompted, {"password": PASSWORD}).content.decode()
    assert ApiToken.objects.count() == 1


def test_a_printed_password_leads_to_the_page_that_replaces_it_and_opens_pages_for_scripts(portal: Portal) -> None:
    from vsf_assets.portal.accounts.command_line import change_account

    password, _ = change_account("ann", "analyst", "platform", personal=True, keep_password=False)
    client = portal.client()
    signed_in = client.post("/account/login/?next=/data/", {"login": "ann", "password": password, "next": "/data/"})
    place = signed_in.headers["Location"]
    assert place == "/account/password/change/?next=%2Fdata%2F"
    shown = client.get(place).content.decode()
    assert "A command printed your password" in shown
    for address in ("/", "/data/", "/tokens/", "/data/marts/dim_lines/"):  # scripts sign in with it
        answer = client.get(address)
        assert answer.status_code == 200
        assert "Choose one of your own" in answer.content.decode(), address
    form = {"oldpassword": password, "password1": NEW, "password2": NEW, "next": "/data/"}
    assert client.post("/account/password/change/", form).headers["Location"] == "/data/"
    assert "Choose one of your own" not in client.get("/data/").content.decode()
    assert log_in(portal, "ann", password).get("/").status_code == 302
    again = portal.client().post("/account/login/", {"login": "ann", "password": NEW})
    assert again.headers["Location"] == "/"


def test_a_new_password_by_a_link_ends_tokens_and_the_audit_tells_whose_link_it_was(portal: Portal) -> None:
    from vsf_assets.portal.accounts.models import ApiToken
    from vsf_assets.portal.accounts.one_time_links import reset_link
    from vsf_assets.portal.audit.models import AuditEntry

    root, user = portal.account("root", "admin"), portal.account("ann", "reader")
    portal.token(user)
    join(portal.client(), f"/join/{reset_link(user, root)}/")
    assert not ApiToken.objects.exists()
    made, used = AuditEntry.objects.get(action="link.reset"), AuditEntry.objects.get(action="link.used")
    assert (made.actor, made.details["account"]) == (root.id, str(user.id))
    assert (used.target, used.details) == (made.target, {"account": str(user.id), "made_by": str(root.id)})
    assert AuditEntry.objects.get(action="account.password_set").actor is None


def test_a_forgotten_password_by_mail_ends_tokens(portal: Portal) -> None:
    from allauth.account.signals import password_reset

    from vsf_assets.portal.accounts.models import ApiToken

    user = portal.account("ann", "reader")
    portal.token(user)
    password_reset.send(sender=type(user), request=None, user=user)
    assert not ApiToken.objects.exists()


def test_demo_accounts_end_with_the_demo(portal: Portal) -> None:
    from vsf_assets.portal.accounts.models import User
    from vsf_assets.portal.accounts.one_time_links import has_admin
    from vsf_assets.portal.serve import PortalOptions, _demo_accounts

    portal.account("ann", "reader")
    lines: list[str] = []
    for is_demo, active in ((True, True), (False, False), (True, True)):
        lines.clear()
        _demo_accounts(PortalOptions(is_demo), lines.append, lines.append)
        assert set(User.objects.filter(is_demo=True).values_list("is_active", flat=True)) == {active}
        assert has_admin() is active
        assert portal.fresh(User.objects.get(username="ann")).is_active
    password = next(line.split()[1] for line in lines if "demo-analyst" in line)
    assert log_in(portal, "demo-analyst", password).get("/data/").status_code == 200


@pytest.mark.parametrize("name", ["url", "hosts", "proxies"])
def test_a_demo_is_refused_where_others_are_let_in(portal: Portal, name: str) -> None:
    from dataclasses import replace

    from vsf_assets.common.errors import UsageError
    from vsf_assets.portal.serve import PortalOptions, check_options

    value: Any = "https://data.example.org" if name == "url" else frozenset({"192.0.2.1"})
    changes: dict[str, Any] = {name: value}
    settings = replace(portal.settings, portal=replace(portal.settings.portal, **changes))
    check_options(settings, PortalOptions())
    with pytest.raises(UsageError, match=f"VSF_PORTAL_{name.upper()} lets others in"):
        check_options(settings, PortalOptions(is_demo=True))


def test_the_command_leaves_personal_data_as_it_is_unless_told(portal: Portal) -> None:
    from vsf_assets.portal.accounts.command_line import change_account
    from vsf_assets.portal.accounts.models import User

    for given, kept in ((None, False), (True, True), (None, True), (False, False)):
        words = change_account("ann", "reader", "platform", given, keep_password=True)[1]
        assert User.objects.get(username="ann").may_see_personal is kept
        assert words.endswith("sees personal data") is kept


def test_a_form_without_a_role_removes_nobody(portal: Portal) -> None:
    member = portal.account("ann", "reader").memberships.get(team__name="platform")
    client = portal.confirmed(portal.account("root", "admin"))
    address = f"/team/{member.team_id}/members/{member.id}/"
    assert "There is no such role" in client.post(address, {}, follow=True).content.decode()
    assert type(member).objects.get(pk=member.pk).role == "reader"
    client.post(address, {"role": "remove"})
    assert not type(member).objects.filter(pk=member.pk).exists()


def test_a_wrong_token_is_a_strangers_whatever_session_there_is(portal: Portal) -> None:
    client = portal.client(portal.account("ann", "reader"))
    wrong = {"HTTP_AUTHORIZATION": "Bearer vsf_wrong"}
    for address in ("/api/v1/me", "/api/v1/lines", "/vsf/api/activity/"):
        assert client.get(address).status_code == 200
        assert client.get(address, **wrong).status_code == 401


def test_a_token_sees_itself_alone_in_the_list_of_tokens(portal: Portal) -> None:
    user = portal.account("ann", "reader")
    header = portal.token(user, "deliver")
    portal.token(user, "read")
    (shown,) = portal.client().get("/api/v1/tokens", **header).json()["items"]
    assert shown["scopes"] == ["deliver"]
    assert len(portal.client(user).get("/api/v1/tokens").json()["items"]) == 2


class Postgres:
    """Stands for the connection to a PostgreSQL database, and keeps the order of its statements."""

    vendor = "postgresql"

    def __init__(self) -> None:
        self.done: list[str] = []

    def cursor(self) -> "Postgres":
        return self

    def __enter__(self) -> "Postgres":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, sql: str, values: list[int]) -> None:
        self.done.append(sql.partition("(")[0].removeprefix("select ") if values else sql)


def test_hosts_prepare_one_database_one_after_the_other(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    from django import db
    from django.core import management

    from vsf_assets.portal.serve import prepare

    postgres = Postgres()
    monkeypatch.setattr(db, "connection", postgres)
    monkeypatch.setattr(management, "call_command", lambda name, **_: postgres.done.append(name))
    prepare(portal.settings, lambda _: None)
    assert postgres.done == ["pg_advisory_lock", "migrate", "createcachetable", "pg_advisory_unlock"]


def test_hosts_make_and_use_the_first_link_one_after_the_other(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.portal.accounts import one_time_links

    postgres = Postgres()
    monkeypatch.setattr(one_time_links, "connection", postgres)
    monkeypatch.setattr(one_time_links, "has_admin", lambda: postgres.done.append("has_admin"))
    secret = one_time_links.first_admin_link()
    assert postgres.done == ["pg_advisory_xact_lock", "has_admin"]
    link = one_time_links.find_link(secret or "")
    assert link is not None
    postgres.done.clear()
    one_time_links.use_link(link, NEW, "root")
    assert postgres.done == ["pg_advisory_xact_lock", "has_admin"]
