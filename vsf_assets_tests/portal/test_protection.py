"""Protection of every address: headers, defects, problems, tags and cookies.

Here: walks over all addresses. Not here: requests that read or change (test_every_change.py), and bodies, hosts and
proxies, which the layer before Django checks (test_dispatcher.py).
"""

import logging
from typing import Any

import pytest

from vsf_assets_tests.portal.driver import PASSWORD, Portal
from vsf_assets_tests.portal.matrix import TABLE

OWN_PAGES = (
    *(
        "/account/login/",
        "/account/logout/",
        "/account/signup/",
        "/account/password/change/",
        "/account/reauthenticate/",
    ),
    *("/account/password/reset/", "/account/2fa/", "/account/2fa/totp/activate/", "/account/2fa/recovery-codes/"),
    *("/account/2fa/recovery-codes/generate/", "/account/sessions/", "/account/email/", "/account/inactive/"),
)
ADMIN_PAGES = ("/admin/", *(f"/admin/accounts/{name}/" for name in ("user", "team", "membership", "grant", "apitoken")))


def addresses() -> list[str]:
    own = [line.example for line in TABLE if line.example and "{" not in line.example and line.method == "GET"]
    return list(dict.fromkeys([*own, *OWN_PAGES, *ADMIN_PAGES]))


def admin(portal: Portal) -> Any:
    user = portal.account("root", "admin", personal=True)
    return portal.confirmed(user)


POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def test_every_answer_has_the_headers_of_protection(portal: Portal) -> None:
    client = admin(portal)
    for address in addresses():
        answer = client.get(address)
        given = answer.headers
        assert answer.status_code < 500, address
        assert set(given["Content-Security-Policy"].split("; ")) == set(POLICY.split("; ")), address
        assert given["X-Content-Type-Options"] == "nosniff"
        assert given["Referrer-Policy"] == "same-origin"
        assert given["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "geolocation=()" in given["Permissions-Policy"]
        assert "private" in given["Cache-Control"] or "no-store" in given["Cache-Control"], address
        if answer.streaming:
            answer.close()


def test_no_page_has_a_script_or_a_style_of_its_own_or_from_elsewhere(portal: Portal) -> None:
    import re

    client = admin(portal)
    for address in addresses():
        answer = client.get(address)
        if answer.streaming or "html" not in answer.headers["Content-Type"]:
            continue
        page = answer.content.decode()
        assert re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", page) == [], address
        assert re.findall(r"<style|\sstyle=|\son[a-z]+=\"", page) == [], address
        loaded = re.findall(r"(?:src|href)=\"(https?:)?//[^\"]*\"", page)
        assert loaded == [], address


WRITTEN_BY_READING = ("django_session", "portal_cache", "usersessions_usersession", "sqlite_sequence")
"""Tables that a GET may change: sessions, the cache (limits of libraries), and when a session was last seen."""


def test_a_defect_shows_no_path_and_no_traceback(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from vsf_assets.portal.api import routes
    from vsf_assets.portal.status import status_views

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the secret /etc/path of a defect")

    monkeypatch.setattr(status_views, "home_state", broken)
    monkeypatch.setattr(routes, "list_answer", broken)
    client = portal.client(portal.account("ann", "engineer"))
    client.raise_request_exception = False
    with caplog.at_level(logging.CRITICAL):
        for address in ("/", "/api/v1/lines"):
            answer = client.get(address)
            assert answer.status_code == 500
            assert "/etc/path" not in answer.content.decode()
            assert "Traceback" not in answer.content.decode()
    assert "went wrong" in client.get("/").content.decode()


def test_the_page_of_a_defect_asks_no_database(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import OperationalError

    def locked(*_: Any, **__: Any) -> None:
        raise OperationalError("database is locked")

    client = portal.client(portal.account("ann", "reader"))
    client.raise_request_exception = False
    monkeypatch.setattr(SessionStore, "_get_session_from_db", locked)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Something went wrong here" in answer.content.decode()


def test_problems_of_the_api_are_problem_json(portal: Portal) -> None:
    client = portal.client(portal.account("ann", "reader"))
    for address, status in (
        ("/api/v1/nothing", 404),
        ("/api/v1/tables/marts/nothing", 404),
        ("/api/v1/lines?nothing=1", 400),
        ("/api/v1/lines?limit=x", 400),
        ("/api/v1/lines?limit=100000", 400),
        ("/api/v1/lines?limit=0001000000", 400),
        ("/api/v1/lines?limit=0", 400),
        ("/api/v1/lines?after=WzIsIDFd", 409),
    ):
        answer = client.get(address)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json"), address
        found = answer.json()
        assert (found["status"], found["type"][:8]) == (status, "urn:vsf:")
        assert found["detail"]


def test_an_unchanged_answer_of_the_api_is_not_sent_again(portal: Portal) -> None:
    client = portal.client(portal.account("ann", "reader"))
    first = client.get("/api/v1/lines?limit=2")
    again = client.get("/api/v1/lines?limit=2", HTTP_IF_NONE_MATCH=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    tag = first.headers["ETag"]
    for known in (f"W/{tag}", f'"other", {tag}', f'"other" , W/{tag}', "*"):
        assert client.get("/api/v1/lines?limit=2", HTTP_IF_NONE_MATCH=known).status_code == 304, known
    for other in ('"other"', tag.strip('"'), "", f'"{tag}"'):
        assert client.get("/api/v1/lines?limit=2", HTTP_IF_NONE_MATCH=other).status_code == 200, other
    assert client.get("/api/v1/lines?limit=3", HTTP_IF_NONE_MATCH=first.headers["ETag"]).status_code == 200
    other = portal.client(portal.account("bob", "reader", personal=True))
    assert other.get("/api/v1/lines?limit=2", HTTP_IF_NONE_MATCH=first.headers["ETag"]).status_code == 200


def test_a_column_that_becomes_personal_changes_the_tag(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.portal.api import list_answers

    client = portal.client(portal.account("ann", "reader"))
    known = {"HTTP_IF_NONE_MATCH": client.get("/api/v1/lines?limit=2").headers["ETag"]}
    monkeypatch.setattr(list_answers, "_version", lambda: "another version")
    assert client.get("/api/v1/lines?limit=2", **known).status_code == 200


def test_reading_a_page_writes_nothing_but_when_a_session_begins(portal: Portal) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = portal.client(portal.account("ann", "reader"))
    client.get("/")
    for address in ("/", "/data/", "/data/marts/dim_lines/", "/profile/", "/api/v1/lines"):
        with CaptureQueriesContext(connection) as done:
            client.get(address)
        assert [query["sql"] for query in done if not query["sql"].strip().lower().startswith("select")] == [], address


def test_cookies_are_for_tls_alone_where_browsers_use_it(portal: Portal) -> None:
    from dataclasses import replace

    from vsf_assets.portal.config import django_settings

    secure = replace(portal.settings, portal=replace(portal.settings.portal, url="https://data.example.org"))
    made, plain = django_settings(secure), django_settings(portal.settings)
    for name in ("SESSION", "CSRF"):
        assert made[f"{name}_COOKIE_NAME"].startswith("__Host-")
        assert (made[f"{name}_COOKIE_SECURE"], made[f"{name}_COOKIE_HTTPONLY"]) == (True, True)
        assert plain[f"{name}_COOKIE_SECURE"] is False
    assert made["SECURE_HSTS_SECONDS"] > 0


def test_an_earlier_secret_still_holds_sessions_after_a_new_one(portal: Portal) -> None:
    from vsf_assets.portal.config import SECRET, django_settings

    file = portal.settings.keys / SECRET
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.read_text()
    try:
        file.write_text("ab" * 40 + "\n" + before)
        made = django_settings(portal.settings)
        assert (made["SECRET_KEY"], made["SECRET_KEY_FALLBACKS"]) == ("ab" * 40, [before.strip()])
    finally:
        file.write_text(before)


def test_a_session_may_send_unsafe_requests_of_its_own_page_only(portal: Portal) -> None:
    portal.account("ann", "reader")
    client = portal.client()
    client.post("/account/login/", {"login": "ann", "password": PASSWORD})
    assert client.cookies["vsf_session"]["httponly"]
    assert client.cookies["vsf_session"]["samesite"] == "Lax"
