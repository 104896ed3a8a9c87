"""The portal's answer to the proxy before Dagster's UI, its link, and WebSockets whose session is over.

Here: each in this process. Not here: all of it behind nginx (test_dagster_proxy.py).
"""

import asyncio
from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any

import pytest

from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.service import session_check
from vsf_assets.service.parts import Options, parts_of
from vsf_assets_tests.portal.driver import Portal

URL = "https://data.example.org:8443"


@pytest.mark.parametrize(
    ("role", "team", "personal", "access"),
    [
        ("engineer", "platform", False, "full"),
        ("admin", "platform", True, "full"),
        ("analyst", "platform", True, "read-only"),
        ("analyst", "platform", False, ""),
        ("reader", "platform", True, ""),
        ("steward", "platform", True, ""),
        ("marketer", "platform", True, ""),
        ("engineer", "others", True, ""),
        ("analyst", "others", True, ""),
        ("", "", True, ""),
    ],
)
def test_who_may_use_the_ui(portal: Portal, role: str, team: str, personal: bool, access: str) -> None:
    from django.test import override_settings

    client = portal.client(portal.account("ann", role, team=team, personal=personal))
    with override_settings(VSF=replace(portal.settings, ui_url=URL)):
        answer = client.get("/account/dagster-access/")
        assert (answer.status_code, answer.headers.get("X-Vsf-Access", "")) == (204 if access else 403, access)
        assert client.get("/account/dagster-access/?need=full").status_code == (204 if access == "full" else 403)
        led = client.get("/dagster/")
        assert (led.status_code, led.headers.get("Location")) == ((302, URL) if access else (403, None))
        assert client.post("/account/dagster-access/").status_code == 405
    assert client.get("/account/dagster-access/").status_code == 403  # without VSF_UI_URL
    assert client.get("/dagster/").status_code == 404


@pytest.mark.parametrize(
    ("role", "personal", "behind_proxy", "alone"),
    [
        ("engineer", False, URL, "http://local"),
        ("analyst", True, URL, ""),
        ("analyst", False, "", ""),
        ("", True, "", ""),
    ],
)
def test_the_link_is_for_whoever_may_use_it(
    portal: Portal, role: str, personal: bool, behind_proxy: str, alone: str
) -> None:
    from django.test import override_settings

    from vsf_assets.portal.accounts.dagster_access import address_of_dagster

    rights = portal.account("ann", role, personal=personal).account_rights
    assert (address_of_dagster(rights, "http://local"), address_of_dagster(rights, "")) == (alone, "")
    with override_settings(VSF=replace(portal.settings, ui_url=URL)):
        assert (address_of_dagster(rights, "http://local"), address_of_dagster(rights, "")) == (behind_proxy, "")


def test_visitors_and_tokens_do_not_pass(portal: Portal) -> None:
    from django.test import override_settings

    header = portal.token(portal.account("ann", "engineer", personal=True), "read", "export", "personal")
    with override_settings(VSF=replace(portal.settings, ui_url=URL)):
        assert portal.client().get("/account/dagster-access/").status_code == 401
        assert portal.client().get("/account/dagster-access/", **header).status_code == 401
        led = portal.client().get("/dagster/")
    assert led.headers["Location"] == "/account/login/?next=/dagster/"


def test_the_answer_asks_the_database_little(portal: Portal) -> None:
    from django.db import connection
    from django.test import override_settings
    from django.test.utils import CaptureQueriesContext

    client = portal.client(portal.account("ann", "engineer"))
    with override_settings(VSF=replace(portal.settings, ui_url=URL)):
        client.get("/account/dagster-access/")  # the first request of a session is written down
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/account/dagster-access/").status_code == 204
    assert len(queries) <= 5
    assert [query["sql"] for query in queries if not query["sql"].strip().lower().startswith("select")] == []


def test_the_service_starts_the_second_ui_only_where_it_is_wanted(tmp_path: Any) -> None:
    options = Options("127.0.0.1", 3000)
    for read_only, descriptors in ((None, (5,)), (6, (5, 6))):
        parts = {part.name: part for part in parts_of(tmp_path, options, tmp_path, tmp_path, 5, read_only)}
        web = parts["web server"]
        assert web.descriptors == descriptors
        assert ("--read-only-descriptor" in web.command) == (read_only is not None)


@pytest.fixture
def settings(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(session_check, "CHECK_SECONDS", 0.01)
    return read_settings({"VSF_HOME": str(tmp_path), "VSF_UI_URL": URL})


def test_the_address_of_the_ui_is_one_of_its_host_names(settings: Settings) -> None:
    assert settings.ui_hosts == {"data.example.org"}


@pytest.mark.parametrize(
    ("answers", "is_closed"),
    [
        (["full"] * 50, False),
        (["full", "full", ""], True),
        (["full", "read-only"], True),
        ([*[OSError("away")] * 4, *["full"] * 50], False),
        ([OSError("away")] * 5, True),
    ],
)
def test_a_web_socket_is_closed_when_its_person_may_not_look_any_more(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, answers: list[str | OSError], is_closed: bool
) -> None:
    left, sent, received = iter(answers), [], []

    def answer(_: Settings, cookie: str) -> str:
        assert cookie == "vsf_session=a"
        found = next(left)
        if isinstance(found, OSError):
            raise found
        return found

    monkeypatch.setattr(session_check, "ask_portal", answer)

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.sleep(0.25)  # the page says something after all questions but the last ones
        return {"type": "websocket.receive", "text": "hello"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def app(_: Any, receive: Any, __: Any) -> None:
        received.append(await receive())

    headers = [(b"x-vsf-access", b"full"), (b"cookie", b"vsf_session=a")]
    checked = session_check.with_session_check(app, settings)
    asyncio.run(checked({"type": "websocket", "path": "/graphql", "headers": headers}, receive, send))
    if is_closed:
        assert [message["type"] for message in sent] == ["websocket.close"]
        assert received == [{"type": "websocket.disconnect", "code": 1008}]
    else:
        assert (sent, received) == ([], [{"type": "websocket.receive", "text": "hello"}])


def test_web_sockets_that_came_by_no_proxy_are_left_alone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_check, "ask_portal", lambda *_: pytest.fail("the portal was asked"))
    passed = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        passed.append((scope, receive, send))
        await asyncio.sleep(0.05)

    checked = session_check.with_session_check(app, settings)
    asyncio.run(checked({"type": "websocket", "path": "/graphql", "headers": []}, "receive", "send"))  # type: ignore[arg-type]
    assert passed == [({"type": "websocket", "path": "/graphql", "headers": []}, "receive", "send")]
    assert session_check.with_session_check(app, replace(settings, ui_url="")) is app
