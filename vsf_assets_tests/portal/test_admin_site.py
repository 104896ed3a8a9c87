"""The admin site keeps the rules of the team pages, and what it does is told by the audit.

Here: ways around the rules that the admin site could open. Not here: who may enter it (test_accounts.py), and the team
pages (test_account_rules.py).
"""

from vsf_assets_tests.portal.driver import PASSWORD, Portal
from vsf_assets_tests.portal.test_account_rules import log_in

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
    prompted = client.post("/admin/accounts/membership/add/", form).headers["Location"]
    assert not portal.fresh(bob).is_staff
    client.post(prompted, {"password": PASSWORD})
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
