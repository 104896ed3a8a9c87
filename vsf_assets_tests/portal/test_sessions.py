"""The page of sessions: every session is listed, and one or all others end at once.

Here: what the page does, over SQLite; test_postgres.py ends one over PostgreSQL. Not here: log-in itself
(test_log_in.py).
"""

import re
from typing import Any

from vsf_assets_tests.portal.driver import PASSWORD, Portal
from vsf_assets_tests.portal.test_accounts import NEW, join

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36"


def browser(portal: Portal, name: str, agent: str, address: str = "192.0.2.1") -> Any:
    client = portal.client()
    client.defaults |= {"HTTP_USER_AGENT": agent, "REMOTE_ADDR": address}
    client.post("/account/login/", {"login": name, "password": PASSWORD})
    assert client.get("/").status_code == 200
    return client


def rows(client: Any) -> dict[str, str]:
    """Return the text of each session's row, and the address of the form that ends it."""
    page = client.get("/account/sessions/").content.decode()
    found = re.findall(r'<th scope="row">(.*?)</th>.*?action="(/account/sessions/\w+/end/)"', page, re.DOTALL)
    return {re.sub(r"<[^>]+>", "", name): address for name, address in found}


def test_sessions_are_listed_with_browser_and_address(portal: Portal) -> None:
    portal.account("ann", "reader")
    first = browser(portal, "ann", FIREFOX)
    browser(portal, "ann", PHONE, "198.51.100.7")
    browser(portal, "ann", "curl/8.1 \u202e<b>", "2001:db8::1")
    assert list(rows(first)) == ["Firefox on Linux ● this one", "Chrome on Android", "curl/8.1 &lt;U+202E&gt;&lt;b&gt;"]
    page = first.get("/account/sessions/").content.decode()
    assert "You are signed in in 3 places" in page
    assert all(address in page for address in ("192.0.2.1", "198.51.100.7", "2001:db8::1"))
    assert first.session.session_key not in page
    assert first.get("/account/sessions/").headers["Cache-Control"].find("no-store") >= 0


def test_one_session_ends_at_once_and_the_others_stay(portal: Portal) -> None:
    portal.account("ann", "reader")
    own, phone, third = (browser(portal, "ann", agent) for agent in (FIREFOX, PHONE, "curl/8.1"))
    address = rows(own)["Chrome on Android"]
    assert own.get(address).status_code == 405
    assert own.post(address).headers["Location"] == "/account/sessions/"
    assert phone.get("/").status_code == 302
    assert phone.get("/api/v1/me").status_code == 401
    assert "The session of Chrome on Android ended" in own.get("/account/sessions/").content.decode()
    assert own.get("/").status_code == third.get("/").status_code == 200
    assert own.post(address).status_code == 404
    assert portal.audit().count("session.ended_by_list") == 1


def test_ending_this_session_signs_out(portal: Portal) -> None:
    portal.account("ann", "reader")
    own, other = browser(portal, "ann", FIREFOX), browser(portal, "ann", PHONE)
    assert own.post(rows(own)["Firefox on Linux ● this one"]).headers["Location"] == "/account/login/"
    assert own.get("/").status_code == 302
    assert other.get("/").status_code == 200


def test_all_others_end_at_once(portal: Portal) -> None:
    portal.account("ann", "reader")
    portal.account("bob", "reader")
    clients = [browser(portal, "ann", FIREFOX) for _ in range(3)]
    of_another = browser(portal, "bob", FIREFOX)
    clients[0].post("/account/sessions/")
    assert [client.get("/").status_code for client in (*clients, of_another)] == [200, 302, 302, 200]
    assert list(rows(clients[0])) == ["Firefox on Linux ● this one"]


def test_nobody_ends_the_session_of_another(portal: Portal) -> None:
    portal.account("ann", "reader")
    portal.account("bob", "reader")
    ann, bob = browser(portal, "ann", FIREFOX), browser(portal, "bob", PHONE)
    (address,) = rows(ann).values()
    foreign, missing = bob.post(address), bob.post("/account/sessions/nothing/end/")
    assert foreign.status_code == missing.status_code == 404
    assert ann.get("/").status_code == 200


def test_a_changed_password_ends_other_sessions_and_keeps_this_one_in_the_list(portal: Portal) -> None:
    portal.account("ann", "reader")
    own, other = browser(portal, "ann", FIREFOX), browser(portal, "ann", PHONE)
    own.post("/account/password/change/", {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    assert other.get("/").status_code == 302
    assert list(rows(own)) == ["Firefox on Linux ● this one"]


def test_a_session_that_a_link_began_is_listed_too(portal: Portal) -> None:
    from vsf_assets.portal.accounts.one_time_links import first_admin_link

    client = portal.client()
    client.defaults["HTTP_USER_AGENT"] = FIREFOX
    join(client, f"/join/{first_admin_link()}/", username="root")
    assert list(rows(client)) == ["Firefox on Linux ● this one"]
