"""Walks over everything that reads or changes: GETs write nothing, POSTs need their token and leave an entry.

Here: all addresses, those of libraries and the admin site too. Not here: who may ask them (test_rights_matrix.py,
test_account_matrix.py).
"""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from vsf_assets.common.ulids import uuid_of
from vsf_assets_tests.portal.account_matrix import ACCOUNT, OTHERS_OF_ADMIN
from vsf_assets_tests.portal.driver import PASSWORD, Portal
from vsf_assets_tests.portal.matrix import TABLE
from vsf_assets_tests.portal.test_account_matrix import objects, of_models
from vsf_assets_tests.portal.test_accounts import NEW
from vsf_assets_tests.portal.test_protection import WRITTEN_BY_READING
from vsf_assets_tests.portal.test_rights_matrix import Callers

OWN_MARKS = {"notices_noticereader", "notices_readnotice", "questions_ranquery"}
"""Tables of what a person has read and asked, which is no change that others would look up."""


OF_LEDGER = ("clicks", "events", "sample")
"""Ids of files in the ledger, which are numbers; who may not see a file gets the answer to a number that never was."""


def every_address(callers: Callers) -> Iterator[str]:
    """Return every address of the portal, with ids of things that are there."""
    yield from (line.example.format(**callers.ids) for line in TABLE if line.example)
    yield from (f"/account/{example}" for example, _, _ in ACCOUNT.values())
    yield from (f"/admin/{example}" for example, _ in OTHERS_OF_ADMIN.values())
    known = objects()
    for address in of_models():
        model = "/".join(address.split("/")[:2])
        yield f"/admin/{address}".replace("<path:object_id>", str(known[model]))


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name, rows in after.items() if rows != before[name]}


def test_no_get_changes_state_whoever_asks(portal: Portal) -> None:
    from vsf_assets.portal.accounts.account_changes import create_account

    callers = Callers(portal)
    with_address = create_account("addressed", PASSWORD, email="a@example.org")
    callers.clients["addressed"] = portal.client(with_address)
    before = portal.tables(*WRITTEN_BY_READING)
    for address in sorted(set(every_address(callers))):
        for caller in ("visitor", "addressed", "admin"):
            if "/logout/" not in address:
                answer = callers.clients[caller].get(address)
                assert answer.status_code < 500, (caller, address)
                if answer.streaming:
                    answer.close()
    assert changed(before, portal.tables(*WRITTEN_BY_READING)) == set()


def test_every_unsafe_method_needs_the_token_of_a_form(portal: Portal) -> None:
    callers = Callers(portal)
    client = portal.confirmed(portal.account("root", "admin", personal=True), enforce_csrf_checks=True)
    before = portal.tables(*WRITTEN_BY_READING)
    form = {"role": "admin", "feed": "clicks", "post": "yes", "username": "x", "email": "x@example.org"}
    for address in sorted(set(every_address(callers))):
        for send in (client.post, client.put, client.patch, client.delete):
            status = send(address, form if send == client.post else b"{}").status_code
            assert status in (403, 404, 405), (send.__name__, address, status)
    assert changed(before, portal.tables(*WRITTEN_BY_READING)) == set()
    assert client.get("/").status_code == 200  # not even signed out


def test_every_change_has_its_entry_and_no_entry_a_secret(portal: Portal) -> None:
    from vsf_assets.portal.audit.models import AuditEntry

    callers = Callers(portal)
    client = callers.clients["admin"]
    user = portal.account("ann", "analyst")
    team = user.memberships.get(team__name="platform").team
    own = portal.client()
    own.post("/account/login/", {"login": "ann", "password": PASSWORD})
    own.post("/account/reauthenticate/", {"password": PASSWORD})
    grant = {"team": callers.ids["team"], "feed": "limits", "may_read": "on"}
    token = {"name": "mine", "team": team.id, "scopes": ["read"], "days": 5}
    sent: list[tuple[Any, str, dict[str, Any]]] = [
        *((client, line.example.format(**callers.ids), dict(line.data)) for line in TABLE if line.method == "POST"),
        (client, "/admin/accounts/team/add/", {"name": "a new team"}),
        (client, "/admin/accounts/grant/add/", grant),
        (client, "/admin/accounts/user/add/", {"username": "new.one", "is_active": "on", "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}),  # noqa: E501
        (own, "/tokens/", token),
        (own, "/account/email/", {"action_add": "", "email": "ann@example.org"}),
        (own, "/account/email/", {"action_remove": "", "email": "ann@example.org"}),
        (own, "/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}),
        (own, "/account/logout/", {}),
    ]  # fmt: skip
    silent, pages = [], []
    for browser, address, form in sent:
        before, entries = portal.tables(*WRITTEN_BY_READING), AuditEntry.objects.count()
        pages.append(browser.post(address, form).content.decode())
        touched = changed(before, portal.tables(*WRITTEN_BY_READING)) - {"audit_auditentry", *OWN_MARKS}
        if (touched or browser is own) and AuditEntry.objects.count() == entries:
            silent.append((address, touched))
    assert silent == []
    kept = repr(portal.tables()["audit_auditentry"])
    links = [part.partition("/")[0] for page in pages for part in page.split("/join/")[1:]]
    tokens = [f"vsf_{part.partition('<')[0]}" for page in pages for part in page.split("<code>vsf_")[1:]]
    assert len(links) == 2
    assert len(tokens) == 1
    for secret in (*links, *tokens, PASSWORD, NEW, "ann@example.org", "new.one", "victim"):
        assert secret not in kept, secret


def test_sessions_hold_over_a_new_secret_while_the_earlier_one_is_kept(portal: Portal) -> None:
    from django.conf import settings
    from django.test import override_settings

    portal.account("ann", "reader")
    client = portal.client()
    client.post("/account/login/", {"login": "ann", "password": PASSWORD})
    earlier = settings.SECRET_KEY
    with override_settings(SECRET_KEY="ab" * 40, SECRET_KEY_FALLBACKS=[]):
        stranger = portal.client()
        stranger.cookies = client.cookies.copy()
        assert stranger.get("/").status_code == 302
    client = portal.client()
    client.post("/account/login/", {"login": "ann", "password": PASSWORD})
    with override_settings(SECRET_KEY="ab" * 40, SECRET_KEY_FALLBACKS=[earlier]):
        assert client.get("/").status_code == 200
        assert client.get("/data/").status_code == 200


def test_a_log_in_with_an_unknown_name_costs_a_hash_too(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.auth import hashers

    portal.account("ann", "reader")
    done: list[str] = []
    plain = hashers.MD5PasswordHasher.encode
    monkeypatch.setattr(
        hashers.MD5PasswordHasher, "encode", lambda self, *given: (done.append("hash"), plain(self, *given))[1]
    )
    counts = []
    for name in ("ann", "nobody"):
        done.clear()
        portal.client().post("/account/login/", {"login": name, "password": "wrong"})
        counts.append(len(done))
    assert counts == [1, 1]


def test_failed_log_ins_count_over_a_restart(portal: Portal) -> None:
    from vsf_assets.portal.serve import prepare

    portal.account("ann", "reader")
    for _ in range(10):
        portal.client().post("/account/login/", {"login": "ann", "password": "wrong"})
    prepare(portal.settings, lambda _: None)
    shown = portal.client().post("/account/login/", {"login": "ann", "password": PASSWORD})
    assert "10 log-ins failed" in shown.content.decode()


def test_ids_in_addresses_are_random(portal: Portal) -> None:
    from vsf_assets.portal.shared.random_ids import new_id

    made = [new_id() for _ in range(200)]
    assert {found.version for found in made} == {7}
    assert len({found.int & (2**62 - 1) for found in made}) == 200
    of_portal = [key for name, key in Callers(portal).ids.items() if name not in OF_LEDGER]
    ids = [key if isinstance(key, uuid.UUID) else uuid_of(key) for key in of_portal]
    assert {key.version for key in ids} == {7}
