"""Data links of saved questions: what one opens, and that it stops at once.

Here: links in the address and as Bearer tokens. Not here: API tokens (test_rights_matrix.py).
"""

import re
import time
from typing import Any

import pytest

from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.question_forms import saved


def linked(portal: Portal) -> tuple[Any, Any, str]:
    """Return an account, its question, and the secret of a data link."""
    from vsf_assets.portal.questions.data_links import create_link

    user = portal.account("ann", "analyst", personal=True)
    question = saved(user, "Q", "select 'VALUE' as x")
    return user, question, create_link(question, user, "workbook")[1]


def get(portal: Portal, question: Any, secret: str, form: str = "csv", **values: str) -> Any:
    return portal.client().get(f"/api/v1/questions/{question.id}.{form}", {"token": secret, **values})


def test_a_link_is_shown_once_and_reads_its_question_alone(portal: Portal) -> None:
    user = portal.account("root", "admin", personal=True)
    question, other = saved(user, "Q", "select 'VALUE' as x"), saved(user, "R", "select 'OTHER' as x")
    client = portal.confirmed(user)
    page = client.post(f"/questions/{question.id}/links/", {"name": "workbook"}).content.decode()
    (secret,) = re.findall(r"vsfq_[\w-]+", page)
    assert len(secret) >= 5 + 43  # 256 bits in base64
    again = client.get(f"/questions/{question.id}/").content.decode()
    assert "workbook" in again
    assert secret not in again
    assert secret not in repr(portal.tables())
    assert get(portal, question, secret).content == b'"x"\n"VALUE"\n'
    assert get(portal, question, secret, "json").json()["items"] == [{"x": "VALUE"}]
    assert b"".join(get(portal, question, secret, "parquet").streaming_content)[:4] == b"PAR1"
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    assert portal.client().get(f"/api/v1/questions/{question.id}.csv", **bearer).status_code == 200
    assert get(portal, other, secret).status_code == 404
    for address in ("/api/v1/questions", "/api/v1/lines", "/api/v1/me", "/api/v1/tables"):
        assert portal.client().get(address, **bearer).status_code == 401
        assert portal.client().get(address, {"token": secret}).status_code == 401
    sql = portal.client().post("/api/v1/sql", '{"sql": "select 1"}', content_type="application/json", **bearer)
    assert sql.status_code == 401
    assert portal.audit()[-1] == "data_link.created"


def test_a_link_that_was_ended_stops_within_a_second(portal: Portal) -> None:
    from vsf_assets.portal.questions.models import DataLink

    user, question, secret = linked(portal)
    assert get(portal, question, secret).status_code == 200
    link = DataLink.objects.get()
    portal.client(user).post(f"/questions/{question.id}/links/{link.id}/end/")
    began = time.monotonic()
    assert get(portal, question, secret).status_code == 401
    assert time.monotonic() - began < 1
    assert portal.audit()[-1] == "data_link.ended"


@pytest.mark.parametrize("way", ["link", "token", "session"])
def test_who_is_shut_out_while_a_query_runs_gets_no_answer(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    from vsf_assets.portal.accounts.models import ApiToken
    from vsf_assets.portal.api import sql_route
    from vsf_assets.portal.questions import answers
    from vsf_assets.portal.questions.models import DataLink

    user, question, secret = linked(portal)
    header = portal.token(user, "read", "export", "personal")
    client = portal.client(user)
    address = f"/api/v1/questions/{question.id}.csv"

    def csv_of() -> Any:
        if way == "link":
            return get(portal, question, secret)
        return client.get(address) if way == "session" else portal.client().get(address, **header)

    def sql_of() -> Any:
        client_of, more = (client, {}) if way == "session" else (portal.client(), header)
        return client_of.post("/api/v1/sql", '{"sql": "select 1"}', content_type="application/json", **more)

    assert csv_of().status_code == 200
    ask = answers.ask

    def ask_and_end(*given: Any) -> Any:
        found = ask(*given)
        ApiToken.objects.all().delete()
        DataLink.objects.all().delete()
        client.session.flush()
        return found

    monkeypatch.setattr(answers, "ask", ask_and_end)
    monkeypatch.setattr(sql_route, "ask", ask_and_end)
    ended = csv_of()
    assert (ended.status_code, b"VALUE" in ended.content) == (401, False)
    if way != "link":
        client, header = portal.client(user), portal.token(user, "read", "export", "personal")
        assert sql_of().status_code == 401


@pytest.mark.parametrize(
    ("change", "status"),
    [("inactive", 401), ("role", 403), ("left", 404), ("personal", 404), ("question", 401), ("account", 401)],
)
def test_a_link_ends_with_what_it_stands_on(portal: Portal, change: str, status: int) -> None:
    from vsf_assets.portal.accounts.account_changes import set_personal
    from vsf_assets.portal.accounts.models import Membership
    from vsf_assets.portal.questions.changes import delete_question

    user, question, secret = linked(portal)
    address = f"/api/v1/questions/{question.id}.csv"
    if change == "inactive":
        type(user).objects.update(is_active=False)
    elif change == "role":
        Membership.objects.filter(user=user).update(role="reader")
    elif change == "left":
        Membership.objects.filter(user=user).delete()
    elif change == "personal":
        set_personal(user, may_see=False)
    elif change == "question":
        delete_question(question, user)
    else:
        type(user).objects.filter(pk=user.pk).delete()
    assert portal.client().get(address, {"token": secret}).status_code == status


def test_a_wrong_link_is_a_strangers_also_beside_a_session_or_a_token(portal: Portal) -> None:
    user, question, secret = linked(portal)
    client, header = portal.client(user), portal.token(user, "read", "export", "personal")
    address = f"/api/v1/questions/{question.id}.csv"
    assert client.get(address).status_code == 200
    for wrong in ("", "x", secret[:-1], secret.replace("vsfq_", "vsf_"), "vsfq_" + "é" * 43):
        assert client.get(address, {"token": wrong}).status_code == 401
        assert portal.client().get(address, {"token": wrong}, **header).status_code == 401


def test_the_day_of_the_last_use_is_noted(portal: Portal) -> None:
    from django.utils import timezone

    from vsf_assets.portal.questions.models import DataLink

    _, question, secret = linked(portal)
    assert DataLink.objects.get().last_used_on is None
    get(portal, question, secret)
    assert DataLink.objects.get().last_used_on == timezone.now().date()


def test_a_question_has_so_many_links_and_no_more(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.portal.questions import data_links
    from vsf_assets.portal.questions.models import DataLink

    monkeypatch.setattr(data_links, "MOST", 1)
    _, question, _ = linked(portal)
    admin = portal.confirmed(portal.account("root", "admin", personal=True))
    answer = admin.post(f"/questions/{question.id}/links/", {"name": "second"}, follow=True)
    assert "at most 1 data links" in answer.content.decode()
    assert DataLink.objects.count() == 1


def test_making_a_link_asks_for_the_password_again(portal: Portal) -> None:
    from vsf_assets.portal.questions.models import DataLink

    user, question, _ = linked(portal)
    answer = portal.client(user).post(f"/questions/{question.id}/links/", {"name": "x"})
    assert answer.status_code == 302
    assert "/account/reauthenticate/" in answer.headers["Location"]
    assert DataLink.objects.count() == 1
