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
    asked = client.post(address, form).headers["Location"]
    assert asked.startswith("/account/reauthenticate/")
    assert portal.tables(*WRITTEN_BY_READING) == before
    done = client.post(asked, {"password": PASSWORD})
    assert done.status_code in (200, 302)
    assert portal.tables(*WRITTEN_BY_READING) != before


FORMSET = {"memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}


def test_the_admin_site_gives_no_personal_data_and_keeps_names_and_addresses(portal: Portal) -> None:
    root = portal.account("root", "admin")
    client = portal.confirmed(root)
    page = f"/admin/accounts/user/{root.id}/change/"
    form = {"username": "Root2", "email": "x@example.org", "is_active": "on", "may_see_personal": "on", **FORMSET}
    assert client.post(page, form).status_code == 302
    found = portal.fresh(root)
    assert (found.username, found.email, found.may_see_personal) == ("root", "", False)


def test_the_admin_site_keeps_names_in_one_form(portal: Portal) -> None:
    client = portal.confirmed(portal.account("root", "admin"))
    for name, words in (("Bob Smith", "2 to 40 letters"), ("ROOT", "already exists")):
        shown = client.post("/admin/accounts/user/add/", {"username": name, "is_active": "on", **FORMSET})
        assert words in shown.content.decode()
    client.post("/admin/accounts/user/add/", {"username": "Bob", "is_active": "on", **FORMSET})
    from vsf_assets.portal.accounts.models import User

    assert User.objects.filter(username="bob").exists()


def test_the_admin_site_keeps_the_last_administrator(portal: Portal) -> None:
    from vsf_assets.portal.accounts.models import Membership

    root = portal.account("root", "admin")
    client = portal.confirmed(root)
    shown = client.post(f"/admin/accounts/user/{root.id}/change/", FORMSET)  # no tick: not active
    assert "needs another administrator first" in shown.content.decode()
    member = Membership.objects.get(user=root, team__name="platform")
    bob = portal.account("bob")
    change = f"/admin/accounts/membership/{member.id}/change/"
    assert client.post(change, {"user": bob.id, "team": member.team_id, "role": "admin"}).status_code == 403
    assert client.post(f"/admin/accounts/membership/{member.id}/delete/", {"post": "yes"}).status_code == 403
    assert portal.fresh(root).is_active
    assert Membership.objects.get(pk=member.pk).user_id == root.id
    assert client.post(f"/admin/accounts/user/{bob.id}/delete/", {"post": "yes"}).status_code == 302
    assert not type(bob).objects.filter(pk=bob.pk).exists()


def test_the_admin_site_asks_for_the_password_before_it_makes_an_administrator(portal: Portal) -> None:
    root, bob = portal.account("root", "admin"), portal.account("bob")
    team = root.memberships.get(team__name="platform").team
    client = portal.confirmed(root)
    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "at": 0}]
    session.save()
    form = {"user": bob.id, "team": team.id, "role": "admin"}
    asked = client.post("/admin/accounts/membership/add/", form).headers["Location"]
    assert not portal.fresh(bob).is_staff
    client.post(asked, {"password": PASSWORD})
    assert portal.fresh(bob).is_staff


def test_the_audit_tells_what_the_admin_site_gave(portal: Portal) -> None:
    from vsf_assets.portal.audit.models import AuditEntry

    root, bob = portal.account("root", "admin"), portal.account("bob")
    client = portal.confirmed(root)
    client.post(f"/admin/accounts/user/{bob.id}/change/", FORMSET)
    assert AuditEntry.objects.get(action="user.changed").details == {"fields": ["is_active"], "is_active": False}
    team = bob.memberships.get().team
    client.post("/admin/accounts/grant/add/", {"team": team.id, "feed": "clicks", "may_read": "on"})
    given = AuditEntry.objects.get(action="grant.created").details
    assert (given["feed"], given["may_read"], given["may_deliver"]) == ("clicks", True, False)


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
    asked = client.post("/tokens/", form).headers["Location"]
    assert not ApiToken.objects.exists()
    added = client.post("/account/email/", {"action_add": "", "email": "thief@example.org"})
    assert added.headers["Location"].startswith("/account/reauthenticate/")
    assert not EmailAddress.objects.exists()
    client.post("/tokens/", form)
    assert "vsf_" in client.post(asked, {"password": PASSWORD}).content.decode()
    assert ApiToken.objects.count() == 1


def test_a_printed_password_opens_no_page_but_the_one_to_replace_it(portal: Portal) -> None:
    from vsf_assets.portal.accounts.command_line import change_account

    password, _ = change_account("ann", "analyst", "platform", personal=True, keep_password=False)
    client = log_in(portal, "ann", password)
    for address in ("/", "/data/", "/tokens/", "/api/v1/lines", "/vsf/api/activity/", "/account/email/"):
        assert client.get(address).headers["Location"] == "/account/password/change/", address
    client.post("/account/password/change/", {"oldpassword": password, "password1": NEW, "password2": NEW})
    assert client.get("/data/").status_code == 200


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


def test_the_audit_has_addresses_sessions_and_what_a_team_leaves(portal: Portal) -> None:
    from vsf_assets.portal.accounts.models import Team
    from vsf_assets.portal.audit.models import AuditEntry

    user = portal.account("ann", "analyst", team="third")
    own, other = log_in(portal, "ann"), log_in(portal, "ann")
    assert other.get("/").status_code == 200
    own.post("/account/reauthenticate/", {"password": PASSWORD})
    own.post("/account/email/", {"action_add": "", "email": "ann@example.org"})
    own.post("/account/email/", {"action_remove": "", "email": "ann@example.org"})
    own.post("/account/sessions/")
    assert {"account.email_added", "account.email_removed", "session.ended_by_list"} <= set(portal.audit())
    client = portal.confirmed(portal.account("root", "admin"))
    portal.grant("third", "clicks")
    portal.token(user, team="third")
    team, token = Team.objects.get(name="third"), user.api_tokens.get()
    assert client.post(f"/admin/accounts/team/{team.id}/delete/", {"post": "yes"}).status_code == 302
    entry = AuditEntry.objects.get(action="team.deleted")
    assert entry.details == {"members": {str(user.id): "analyst"}, "tokens": [str(token.id)], "feeds": ["clicks"]}


def test_the_admin_site_keeps_no_name_of_a_deleted_account(portal: Portal) -> None:
    from vsf_assets.portal.accounts.models import User

    client = portal.confirmed(portal.account("root", "admin"))
    client.post("/admin/accounts/user/add/", {"username": "leaver", "is_active": "on", **FORMSET})
    user = User.objects.get(username="leaver")
    client.post(f"/admin/accounts/user/{user.id}/change/", FORMSET)
    client.post(f"/admin/accounts/user/{user.id}/delete/", {"post": "yes"})
    assert not User.objects.filter(username="leaver").exists()
    assert "leaver" not in repr(portal.tables("django_session", "portal_cache"))


def test_demo_accounts_end_with_the_demo(portal: Portal) -> None:
    from vsf_assets.portal.accounts.models import User
    from vsf_assets.portal.accounts.one_time_links import has_admin
    from vsf_assets.portal.serve import PortalOptions, _demo_accounts

    portal.account("ann", "reader")
    lines: list[str] = []
    for is_demo, active in ((True, True), (False, False), (True, True)):
        lines.clear()
        _demo_accounts(PortalOptions(is_demo), lines.append)
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

    value = "https://data.example.org" if name == "url" else frozenset({"192.0.2.1"})
    settings = replace(portal.settings, portal=replace(portal.settings.portal, **{name: value}))
    check_options(settings, PortalOptions())
    with pytest.raises(UsageError, match=f"VSF_PORTAL_{name.upper()} lets others in"):
        check_options(settings, PortalOptions(is_demo=True))
