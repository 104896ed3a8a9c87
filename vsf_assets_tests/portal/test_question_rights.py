"""The table of rights of saved questions and of SQL: each address × callers who see personal data, and others.

Here: roles of the platform with the permission, a member of the platform without it, a writer of another team, and a
visitor. Not here: callers without the permission at all other addresses (matrix.py), and data links
(test_data_links.py).
"""

import uuid
from typing import Any

from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.question_forms import form_of, saved

CALLERS = ("visitor", "reader", "steward", "analyst", "engineer", "admin", "unpermitted", "outsider")
"""`unpermitted` is an administrator of the platform who sees no personal data; `outsider` an analyst who sees it, of a
team that may read every feed and is not the platform."""

SEES = dict.fromkeys(CALLERS, 200) | {"visitor": 302, "unpermitted": 404, "outsider": 404}
EXPORTS = SEES | {"reader": 403, "steward": 403}
ASKS = EXPORTS | {"unpermitted": 403, "outsider": 403}
CHANGES = {caller: 302 if status == 200 else status for caller, status in EXPORTS.items()}
REFUSED = {caller: 400 if status == 200 else status for caller, status in EXPORTS.items()}

TABLE: tuple[tuple[str, str, dict[str, int], dict[str, str]], ...] = (
    ("GET", "/questions/", dict.fromkeys(CALLERS, 200) | {"visitor": 302}, {}),
    ("GET", "/questions/sql/", ASKS, {}),
    ("POST", "/questions/sql/", ASKS, {"sql": "select 1"}),
    ("GET", "/questions/new/", ASKS, {}),
    ("POST", "/questions/new/", {caller: 400 if n == 200 else n for caller, n in ASKS.items()}, {"name": ""}),
    ("GET", "/questions/{question}/", SEES, {}),
    ("GET", "/questions/{question}/versions/", SEES, {}),
    ("GET", "/questions/{question}/export/json/", EXPORTS, {}),
    ("GET", "/questions/{question}/edit/", EXPORTS, {}),
    ("POST", "/questions/{question}/edit/", REFUSED, {"name": ""}),
    ("POST", "/questions/{question}/links/", CHANGES, {"name": "x"}),  # to the password
    ("POST", "/questions/{question}/links/{link}/end/", CHANGES, {}),
    ("GET", "/api/v1/questions/{question}.csv", EXPORTS | {"visitor": 401}, {}),
    ("POST", "/questions/{question}/delete/", CHANGES, {}),
)


def clients(portal: Portal) -> dict[str, Any]:
    found = {"visitor": portal.client()}
    for role in CALLERS[1:6]:
        found[role] = portal.client(portal.account(f"the-{role}", role, personal=True))
    found["unpermitted"] = portal.client(portal.account("unpermitted", "admin"))
    from vsf_assets.feeds import all_feeds

    portal.grant("others", *all_feeds())
    found["outsider"] = portal.client(portal.account("outsider", "analyst", team="others", personal=True))
    return found


def send(client: Any, method: str, address: str, form: dict[str, str]) -> int:
    answer = client.post(address, form) if method == "POST" else client.get(address)
    if answer.streaming:
        answer.close()
    return int(answer.status_code)


def test_every_caller_gets_the_answer_of_the_table(portal: Portal) -> None:
    from vsf_assets.portal.questions.data_links import create_link
    from vsf_assets.portal.questions.models import DataLink, Question

    callers, writer, wrong = clients(portal), portal.account("writer", "analyst", personal=True), []
    question = saved(writer, "one", "select 1 as n")
    for method, address, answers, form in TABLE:
        for caller in CALLERS:
            if not Question.objects.filter(pk=question.id).exists():  # the last caller deleted it
                question = saved(writer, "one", "select 1 as n")
            link = DataLink.objects.first() or create_link(question, writer, "x")[0]
            ids = {"question": question.id, "link": link.id}
            status = send(callers[caller], method, address.format(**ids), form)
            if status != answers[caller]:
                wrong.append((method, address, caller, status, answers[caller]))
            nobody = {"question": uuid.uuid4(), "link": uuid.uuid4()}
            if answers[caller] == 404 and send(callers[caller], method, address.format(**nobody), form) != 404:
                wrong.append((method, address, caller, "like nothing"))
    assert wrong == [], "\n".join(map(str, wrong))


def test_a_link_of_one_question_cannot_be_ended_at_another(portal: Portal) -> None:
    from vsf_assets.portal.questions.data_links import create_link
    from vsf_assets.portal.questions.models import DataLink

    writer = portal.account("writer", "analyst", personal=True)
    one, two = saved(writer, "one", "select 1"), saved(writer, "two", "select 2")
    link, _ = create_link(one, writer, "x")
    assert portal.client(writer).post(f"/questions/{two.id}/links/{link.id}/end/").status_code == 404
    assert DataLink.objects.filter(pk=link.id).exists()


def test_a_token_needs_its_scopes(portal: Portal) -> None:
    writer = portal.account("writer", "analyst", personal=True)
    question = saved(writer, "one", "select 1 as n")
    statuses = {}
    for scopes in (("read", "export", "personal"), ("read", "personal"), ("read", "export"), ("export", "personal")):
        header = portal.token(writer, *scopes)
        statuses[scopes] = portal.client().get(f"/api/v1/questions/{question.id}.csv", **header).status_code
    assert list(statuses.values()) == [200, 403, 404, 404]
    other = portal.token(writer, "read", "export", "personal", team="~writer")
    assert portal.client().get(f"/api/v1/questions/{question.id}.csv", **other).status_code == 404


def test_a_query_that_may_hold_personal_values_is_shown_to_those_alone_who_see_them(
    portal: Portal, monkeypatch: Any
) -> None:
    """Where masked copies are asked, a number that somebody wrote into a query must not be read by others."""
    from vsf_assets.portal.questions import question_rights

    writer = portal.account("writer", "analyst", personal=True)
    question = saved(writer, "one", "select 'N-5551000001' = 'x' as n")
    monkeypatch.setattr(question_rights, "why_not", lambda *_, **__: "")
    client = portal.client(portal.account("bob", "analyst"))
    for path in ("versions/", "edit/"):
        page = client.get(f"/questions/{question.id}/{path}").content.decode()
        assert "one" in page
        assert "N-5551000001" not in page
    (item,) = client.get("/api/v1/questions").json()["items"]
    assert item["sql"] is None
    client.post(f"/questions/{question.id}/edit/", form_of("one", ""))
    question.refresh_from_db()
    assert question.version == 1
