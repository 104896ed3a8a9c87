"""Open sign-up with a mail server: confirming an address, a new password by mail, and what strangers cannot learn.

Here: whole ways through the pages with a real SMTP server in this process, and what happens while it is away. Not here:
invitations and links of administrators (test_accounts.py).
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from vsf_assets_tests.portal.driver import PASSWORD, Portal
from vsf_assets_tests.portal.mail_server import MailServer, mail_server
from vsf_assets_tests.portal.test_account_rules import log_in
from vsf_assets_tests.portal.test_accounts import NEW
from vsf_assets_tests.portal.test_rights_matrix import without_token

ADDRESS = "guest@example.org"


@pytest.fixture
def mail(portal: Portal) -> Iterator[MailServer]:
    """Open the portal for sign-up, with a mail server on this machine."""
    from django.test import override_settings

    from vsf_assets.config.portal_settings import MailServer as Named
    from vsf_assets.portal.config import django_settings

    with mail_server() as server:
        named = Named("127.0.0.1", server.port, "", "", "portal@example.org")
        changed = replace(portal.settings.portal, signup="open", mail=named, url="https://data.example.org")
        made = django_settings(replace(portal.settings, portal=changed))
        kept = {name: value for name, value in made.items() if name.startswith(("EMAIL_", "DEFAULT_FROM", "ACCOUNT_"))}
        smtp = "django.core.mail.backends.smtp.EmailBackend"
        with override_settings(VSF_PORTAL=changed, **{"EMAIL_BACKEND": smtp, **kept}):
            yield server


def sign_up(portal: Portal, name: str = "guest", address: str = ADDRESS) -> Any:
    fields = {"username": name, "email": address, "password1": NEW, "password2": NEW}
    return portal.client().post("/account/signup/", fields, follow=True)


def link_in(text: str) -> str:
    """Return the path of the link in a letter, which leads to the portal's own address."""
    found = re.search(r"https://data\.example\.org(/account/\S+)", text)
    assert found, text
    return found[1]


def page(answer: Any, *names: str) -> str:
    """Return a page without what a person typed."""
    text = without_token(answer)
    for name in names:
        text = text.replace(name, "X")
    return text


def later() -> None:
    """Let the time pass in which the library sends one mail to an address."""
    from django.core.cache import cache

    cache.clear()


def test_an_account_confirms_its_address_and_signs_in_with_a_team_of_its_own(portal: Portal, mail: MailServer) -> None:
    shown = sign_up(portal)
    assert "Confirm your address" in shown.content.decode()
    (letter,) = mail.letters
    assert (letter["To"], letter["From"]) == (ADDRESS, "portal@example.org")
    assert letter["Subject"].startswith("[VSF portal] ")
    assert "testserver" not in letter.as_string()
    assert log_in(portal, "guest", NEW).get("/").status_code == 302  # not confirmed yet
    link = link_in(mail.texts(ADDRESS)[0])
    visitor = portal.client()
    assert f"Is {ADDRESS} your address?" in visitor.get(link).content.decode()
    assert log_in(portal, "guest", NEW).get("/").status_code == 302  # looking confirms nothing
    assert visitor.post(link).headers["Location"] == "/account/login/"
    client = log_in(portal, "guest", NEW)
    assert client.get("/").status_code == 200
    me = client.get("/api/v1/me").json()
    assert [(team["name"], "manage" in team["rights"]) for team in me["teams"]] == [("~guest", True)]
    assert client.get("/data/marts/dim_lines/").status_code == 404
    assert "account.email_confirmed" in portal.audit()


def test_a_link_that_confirms_works_once_and_a_changed_one_never(portal: Portal, mail: MailServer) -> None:
    sign_up(portal)
    link = link_in(mail.texts(ADDRESS)[0])
    visitor = portal.client()
    for wrong in (f"{link[:-2]}x/", "/account/confirm-email/nothing/", f"{link[:-1]}:x/"):
        assert "This link does not work" in visitor.get(wrong).content.decode()
        assert visitor.post(wrong).status_code == 404
    visitor.post(link)
    assert "This link does not work" in visitor.get(link).content.decode()
    assert visitor.post(link).status_code == 404


def test_a_link_that_confirms_runs_out(portal: Portal, mail: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    sign_up(portal)
    link = link_in(mail.texts(ADDRESS)[0])
    over = time.time() + timedelta(days=3, minutes=1).total_seconds()
    monkeypatch.setattr("django.core.signing.time.time", lambda: over)
    assert portal.client().post(link).status_code == 404


def test_sign_up_answers_alike_for_an_address_that_has_an_account(portal: Portal, mail: MailServer) -> None:
    sign_up(portal)
    portal.client().post(link_in(mail.texts(ADDRESS)[0]))
    later()
    known, unknown = sign_up(portal, "second"), sign_up(portal, "third", "new@example.org")
    assert known.redirect_chain == unknown.redirect_chain
    assert page(known, ADDRESS) == page(unknown, "new@example.org")
    later()
    # Neither does signing in with the chosen name tell, and the owner of the address is told of it.
    form = {"password": NEW}
    tried = [portal.client().post("/account/login/", {"login": n, **form}, follow=True) for n in ("second", "third")]
    assert tried[0].redirect_chain == tried[1].redirect_chain != []
    assert page(tried[0], ADDRESS) == page(tried[1], "new@example.org")
    texts = mail.texts(ADDRESS)[1:]
    assert len(texts) == len(mail.texts("new@example.org")) == 2
    assert all("There is an account with this address" in text and "/confirm-email/" not in text for text in texts)
    assert log_in(portal, "guest", NEW).get("/").status_code == 200


def test_an_address_that_another_account_only_named_is_still_free(portal: Portal, mail: MailServer) -> None:
    sign_up(portal, "squatter")
    later()
    sign_up(portal, "owner")
    later()
    link = link_in(mail.texts(ADDRESS)[1])
    portal.client().post(link)
    assert log_in(portal, "owner", NEW).get("/").status_code == 200
    refused = portal.client().post(link_in(mail.texts(ADDRESS)[0]), follow=True)
    assert "Unable to confirm" in refused.content.decode()
    assert log_in(portal, "squatter", NEW).get("/").status_code == 302


def test_an_account_of_an_administrator_keeps_its_address(portal: Portal, mail: MailServer) -> None:
    from vsf_assets.portal.accounts.account_changes import create_account

    create_account("given", PASSWORD, email=ADDRESS)
    sign_up(portal)
    assert "There is an account with this address" in mail.texts(ADDRESS)[0]


def test_a_forgotten_password_is_set_by_a_link_that_works_once(portal: Portal, mail: MailServer) -> None:
    from vsf_assets.portal.accounts.account_changes import create_account

    user = create_account("guest", PASSWORD, email=ADDRESS)
    session = portal.client(user)
    assert session.get("/").status_code == 200
    visitor = portal.client()
    known = visitor.post("/account/password/reset/", {"email": ADDRESS}, follow=True)
    unknown = portal.client().post("/account/password/reset/", {"email": "nobody@example.org"}, follow=True)
    assert page(known) == page(unknown)
    assert "There is no account with this" in mail.texts("nobody@example.org")[0]
    link = link_in(mail.texts(ADDRESS)[0])
    assert "This link does not work" in portal.client().get(f"{link[:-3]}xx/").content.decode()
    form = visitor.get(link).headers["Location"]
    assert link.rstrip("/").rpartition("-")[2] not in form  # the address of the form holds no key
    short = visitor.post(form, {"password1": "short", "password2": "short"})
    assert "at least 12 characters" in short.content.decode()
    assert visitor.post(form, {"password1": NEW, "password2": NEW}).status_code == 302
    assert session.get("/").status_code == 302  # other sessions ended
    assert log_in(portal, "guest", PASSWORD).get("/").status_code == 302
    assert log_in(portal, "guest", NEW).get("/").status_code == 200
    assert "This link does not work" in portal.client().get(link, follow=True).content.decode()
    assert "account.password_reset" in portal.audit()


@pytest.mark.parametrize("defect", ["away", "refuses"])
def test_a_mail_server_that_takes_nothing_loses_nothing(
    portal: Portal, mail: MailServer, defect: str, caplog: pytest.LogCaptureFixture
) -> None:
    from django.test import override_settings

    from vsf_assets.portal.accounts.account_changes import create_account

    user = create_account("known", PASSWORD, email="known@example.org")
    mail.refuses = defect == "refuses"
    unused = 9  # the port "discard", where nothing listens
    with override_settings(EMAIL_PORT=unused if defect == "away" else mail.port):
        for name, address in (("guest", ADDRESS), ("second", "known@example.org")):
            shown = sign_up(portal, name, address)
            assert shown.status_code == 503
            assert "The mail could not be sent" in shown.content.decode()
            assert "sign in with your name and password" in shown.content.decode()
        answer = portal.client().post("/account/password/reset/", {"email": "known@example.org"})
        assert (answer.status_code, "Try again in some minutes" in answer.content.decode()) == (503, True)
        # A change that a mail would only have told of is made.
        client = log_in(portal, "known")
        client.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
        assert portal.fresh(user).check_password(NEW)
    assert mail.letters == []
    assert "example.org" not in caplog.text
    mail.refuses = False
    assert log_in(portal, "guest", NEW).get("/").status_code == 302
    portal.client().post(link_in(mail.texts(ADDRESS)[0]))
    assert log_in(portal, "guest", NEW).get("/").status_code == 200


def test_names_in_use_are_told_and_passwords_checked_as_everywhere(portal: Portal, mail: MailServer) -> None:
    portal.account("root", "admin")
    assert "already exists" in sign_up(portal, "Root").content.decode()
    assert "2 to 40 letters" in sign_up(portal, "a b").content.decode()
    assert "choose another name" in sign_up(portal, "platform").content.decode()
    assert mail.letters == []


@pytest.mark.parametrize(("signup", "words"), [("closed", "Nobody can sign up"), ("invitation", "by invitation")])
def test_sign_up_that_is_not_open_says_how_one_gets_an_account(portal: Portal, signup: str, words: str) -> None:
    from django.test import override_settings

    from vsf_assets.portal.accounts.models import User

    with override_settings(VSF_PORTAL=replace(portal.settings.portal, signup=signup)):
        assert words in portal.client().get("/account/signup/").content.decode()
        assert words in sign_up(portal).content.decode()
        assert "/account/signup/" not in portal.client().get("/account/login/").content.decode()
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("host", "is_tls", "expected"),
    [
        ("127.0.0.1", False, (False, False)),
        ("mail.example.org", False, (False, True)),
        ("mail.example.org", True, (True, False)),
        ("127.0.0.1", True, (True, False)),
    ],
)
def test_mail_leaves_the_machine_by_tls_alone(host: str, is_tls: bool, expected: tuple[bool, bool]) -> None:
    from vsf_assets.config.portal_settings import MailServer as Named
    from vsf_assets.portal.config import _mail

    made = _mail(Named(host, 587, "", "", "portal@example.org", is_tls))
    assert (made["EMAIL_USE_SSL"], made["EMAIL_USE_TLS"]) == expected
