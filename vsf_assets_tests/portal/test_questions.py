"""Saved questions: writing, values, shapes, versions, and what other teams see of them.

Here: pages and the API. Expected values come from DuckDB on the same file. Not here: data links (test_data_links.py),
and the SQL page (test_sql_page.py).
"""

import uuid
from typing import Any

import pytest

from vsf_assets.portal.questions.parameters import CHOICE, Parameter, WrongValueError, values_of
from vsf_assets.portal.sql.bound_values import DATE, DECIMAL, TEXT, WHOLE, Bound
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.question_forms import DEVICE, LINES, cells, form_of, saved
from vsf_assets_tests.portal.world import World

LIST = "/questions/"


def writer(portal: Portal, name: str = "ann") -> Any:
    return portal.account(name, "analyst", personal=True)


def team_of(user: Any, name: str = "platform") -> str:
    return str(user.memberships.get(team__name=name).team_id)


def the_question() -> Any:
    from vsf_assets.portal.questions.models import Question

    return Question.objects.get()


def test_a_question_is_written_shown_and_asked_with_other_values(portal: Portal, world: World) -> None:
    user = writer(portal)
    client = portal.client(user)
    begun = client.post("/questions/new/", {"begin": "1", "sql": LINES}).content.decode()
    assert 'name="p0-name" value="device"' in begun  # the names in the query are proposed
    data = form_of("Lines of a kind of device", LINES, DEVICE, team=team_of(user), description="By number.")
    answer = client.post("/questions/new/", data)
    question = the_question()
    assert answer.headers["Location"] == f"/questions/{question.id}/"
    page = client.get(answer.headers["Location"]).content.decode()
    expected = world.query(LINES.replace("$device", "'ANDROID'"))
    assert cells(page) == [[str(value) for value in row] for row in expected]
    assert "Kind of device" in page
    (group,) = world.query("select max(device_grouping) from marts.dim_lines where device_grouping != 'ANDROID'")[0]
    other = client.get(f"/questions/{question.id}/", {"device": group}).content.decode()
    assert len(cells(other)) == len(world.query(LINES.replace("$device", f"'{group}'"))) > 0
    assert "Lines of a kind of device" in client.get(LIST).content.decode()
    assert "Lines of a kind" in client.get("/search/", {"q": "kind of dev"}).content.decode()
    assert portal.audit()[-1] == "question.created"
    csv = client.get(f"/questions/{question.id}/export/csv/")
    assert csv.content.decode().splitlines()[1:] == [f'"{mtn}","{device}"' for mtn, device in expected]


def test_a_change_keeps_the_earlier_version(portal: Portal) -> None:
    user = writer(portal)
    client = portal.client(user)
    question = saved(user, "One", "select 1 as n")
    client.post(f"/questions/{question.id}/edit/", form_of("Two", "select $n as n", {"name": "n", "default": "x"}))
    changed = the_question()
    assert (changed.name, changed.version, changed.sql) == ("Two", 2, "select $n as n")
    page = client.get(f"/questions/{question.id}/versions/").content.decode()
    assert "2 versions" in page
    assert "select 1 as n" in page
    assert portal.audit()[-2:] == ["question.created", "question.changed"]
    client.post(f"/questions/{question.id}/edit/", form_of("Two", "select $n as n", {"name": "n", "default": "x"}))
    assert the_question().version == 2  # nothing is different
    deleted = client.post(f"/questions/{question.id}/delete/")
    assert deleted.headers["Location"] == LIST
    assert client.get(f"/questions/{question.id}/").status_code == 404
    assert portal.audit()[-1] == "question.deleted"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sql": "select nothing"}, "(line 1, column 8)"),
        ({"sql": "copy (select 1) to 'x'"}, "Files are not written by SQL"),
        ({"sql": "select $n, $m"}, "$m has no value"),
        ({"sql": "select 1"}, "The query does not use $n"),
        ({"name": ""}, "This field is required"),
        ({"name": "x" * 121}, "at most 120 characters"),
        ({"shape": "pie"}, "Select a valid choice"),
        ({"p0-name": "N or 1=1"}, "is no name of a parameter"),
        ({"p0-name": "token"}, "cannot have the name token"),
        ({"p0-kind": "money"}, "The kind of n is one of"),
        ({"p0-kind": "choice"}, "needs 1 to 50 choices"),
        ({"p0-kind": "whole", "p0-default": "1.5"}, "is a whole number"),
        ({"p1-name": "n"}, "Two parameters have the name n"),
        ({"team": str(uuid.UUID(int=1))}, "Select a valid choice"),
    ],
)
def test_a_wrong_form_is_refused_in_words(portal: Portal, change: dict[str, str], words: str) -> None:
    user = writer(portal)
    form = form_of("Q", "select $n", {"name": "n", "default": "1"}, team=team_of(user)) | change
    answer = portal.client(user).post("/questions/new/", form)
    assert answer.status_code == 400
    assert words in answer.content.decode().replace("&#x27;", "'")
    from vsf_assets.portal.questions.models import Question

    assert not Question.objects.exists()


def test_a_name_is_unique_in_its_team(portal: Portal) -> None:
    user = writer(portal)
    saved(user, "Q", "select 1")
    answer = portal.client(user).post("/questions/new/", form_of("Q", "select 2", team=team_of(user)))
    assert answer.status_code == 400
    assert "has a question with the name “Q” already" in answer.content.decode()


def test_values_of_the_address_are_bound(portal: Portal) -> None:
    user = writer(portal)
    given = [
        (WHOLE, "300", 300),
        (WHOLE, "-9223372036854775808", "-9223372036854775808"),
        (DECIMAL, "1.50", "1.50"),
        (DECIMAL, f"-{'1' * 30}.{'1' * 8}", f"-{'1' * 30}.{'1' * 8}"),
        (DATE, "2019-05-20", "2019-05-20"),
        (TEXT, "' or 1=1 --", "' or 1=1 --"),
        (TEXT, "", ""),
        (CHOICE, "it's", "it's"),
    ]
    parameters = [
        Parameter(f"v{number}", kind, choices=("a", "it's") if kind == CHOICE else ())
        for number, (kind, _, _) in enumerate(given)
    ]
    question = saved(user, "Q", f"select {', '.join(f'${p.name} as {p.name}' for p in parameters)}", *parameters)
    values = {p.name: text for p, (_, text, _) in zip(parameters, given, strict=True)}
    answer = portal.client(user).get(f"/api/v1/questions/{question.id}.json", values)
    expected = {p.name: value for p, (_, _, value) in zip(parameters, given, strict=True)}
    assert answer.json()["items"] == [expected]


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        (WHOLE, "1; drop table x", "is a whole number"),
        (WHOLE, "9223372036854775808", "is a whole number"),
        (WHOLE, "١٢", "is a whole number"),
        (WHOLE, "", "needs a value"),
        (DECIMAL, "1e999999999", "is a decimal number"),
        (DECIMAL, "nan", "is a decimal number"),
        (DECIMAL, "1" * 31, "is a decimal number"),
        (DECIMAL, f"{'1' * 30}.{'1' * 9}", "at most 38 digits"),  # DuckDB would take it for a float
        (DATE, "2019-02-30", "is a date"),
        (DATE, "20190520", "is a date"),
        (DATE, "2019-05-20'", "is a date"),
        (CHOICE, "c", "is one of a, b"),
        (TEXT, "x" * 1001, "at most 1,000 characters"),
        (TEXT, "a\0b", "at most 1,000 characters"),
    ],
)
def test_a_wrong_value_is_refused_in_words(portal: Portal, kind: str, text: str, words: str) -> None:
    user = writer(portal)
    question = saved(user, "Q", "select $v as v", Parameter("v", kind, choices=("a", "b") if kind == CHOICE else ()))
    client = portal.client(user)
    answer = client.get(f"/api/v1/questions/{question.id}.csv", {"v": text})
    assert (answer.status_code, answer.json()["parameter"]) == (400, "v")
    assert words in answer.json()["detail"]
    page = client.get(f"/questions/{question.id}/", {"v": text})
    assert page.status_code == 400
    assert words in page.content.decode()


def test_values_that_are_not_given_are_the_first_ones_or_null() -> None:
    parameters = (Parameter("a", WHOLE, default="7"), Parameter("b", DATE, is_optional=True), Parameter("c", TEXT))
    found = values_of(parameters, {"c": "x"})
    assert found == {"a": Bound(WHOLE, "7"), "b": Bound(DATE, None), "c": Bound(TEXT, "x")}
    with pytest.raises(WrongValueError, match="C needs a value"):
        values_of(parameters, {})
    with pytest.raises(WrongValueError, match="There is no parameter “d”; the question has a, b, c"):
        values_of(parameters, {"c": "x", "d": "1"})


def test_a_question_without_first_values_waits_for_them(portal: Portal) -> None:
    user = writer(portal)
    question = saved(user, "Q", "select $v as v", Parameter("v", WHOLE))
    page = portal.client(user).get(f"/questions/{question.id}/")
    assert page.status_code == 200
    assert "Fill in the values" in page.content.decode()


def test_looks_are_a_number_and_charts_above_the_table(portal: Portal) -> None:
    user = writer(portal)
    client = portal.client(user)
    pages = {}
    rows = "select date '2019-05-20' + n::int as day, (n * 1.5)::decimal(9, 2) as share from range(3) t(n)"
    for shape, sql in (("number", "select 1234 as lines"), ("line", rows), ("bar", rows)):
        question = saved(user, shape, sql, shape=shape)
        pages[shape] = client.get(f"/questions/{question.id}/").content.decode()
    assert '<span class="figure">1234</span> lines' in pages["number"]
    for shape in ("line", "bar"):
        assert '"x": "2019-05-22", "y": 3.0}' in pages[shape]
        assert "charts/vega" in pages[shape]
        assert [row[1] for row in cells(pages[shape])] == ["0.00", "1.50", "3.00"]
    assert "vega" not in pages["number"]
    odd = saved(user, "odd", "select * from (values ('a', 'nan'::double), ('b', 0.5), ('c', 'inf'))", shape="bar")
    page = client.get(f"/questions/{odd.id}/").content.decode()
    assert all(f'"x": "{x}", "y": {y}}}' in page for x, y in (("a", "null"), ("b", "0.5"), ("c", "null")))
    text = saved(user, "no number", "select 'a' as x, 'b' as y", shape="line")
    assert "so there is no chart" in client.get(f"/questions/{text.id}/").content.decode()


def test_a_file_that_fails_asks_once(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.portal.questions import answers

    calls: list[str] = []
    ask = answers.ask
    monkeypatch.setattr(answers, "ask", lambda *given: calls.append("") or ask(*given))
    user = writer(portal)
    question = saved(user, "Q", "select error('no file')")
    answer = portal.client(user).get(f"/questions/{question.id}/export/csv/")
    assert (answer.status_code, len(calls)) == (400, 1)
    assert "no file" in answer.content.decode()


HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a\u202eb", "=cmd()", "{{ 7|add:7 }}")


@pytest.mark.parametrize("name", HOSTILE)
def test_names_cannot_do_harm(portal: Portal, name: str) -> None:
    user = writer(portal)
    client = portal.client(user)
    question = saved(user, name, f"select '{name}' as x", shape="number")
    pages = [
        client.get(address).content.decode()
        for address in (
            LIST,
            f"/questions/{question.id}/",
            f"/questions/{question.id}/edit/",
            f"/questions/{question.id}/versions/",
            f"/search/?q={name[:3]}",
        )
    ]
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    export = client.get(f"/questions/{question.id}/export/csv/")
    assert "\n" not in export.headers["Content-Disposition"]
    assert not any(line.startswith(("=", '"=')) for line in export.content.decode().splitlines())


def readings(question: Any) -> list[str]:
    """Return every address that reads a question."""
    return [
        f"/questions/{question.id}/",
        f"/questions/{question.id}/versions/",
        f"/questions/{question.id}/edit/",
        *(f"/questions/{question.id}/export/{form}/" for form in ("csv", "json", "parquet")),
        *(f"/api/v1/questions/{question.id}.{form}" for form in ("csv", "json", "parquet")),
    ]


def test_another_team_reads_no_question_by_any_way(portal: Portal) -> None:
    """Bob may ask SQL himself, and is no member of the team of the question."""
    from vsf_assets.portal.accounts.account_changes import set_role
    from vsf_assets.portal.accounts.models import Team
    from vsf_assets.portal.questions.data_links import create_link

    ann, bob = writer(portal), writer(portal, "bob")
    team = Team.objects.create(name="others")
    set_role(ann, team, "analyst")
    ann = portal.fresh(ann)
    secret, own = saved(ann, "SECRET-NAME", "select 'SECRET-VALUE' as x", team="others"), saved(bob, "Own", "select 1")
    assert "SECRET-VALUE" in portal.client(ann).get(f"/questions/{secret.id}/").content.decode()
    client, token = portal.client(bob), portal.token(bob, "read", "export", "personal")
    link = create_link(own, bob, "x")[1]
    nobody = uuid.uuid4()
    for address in readings(secret):
        never = address.replace(str(secret.id), str(nobody))
        for ask in (
            client.get,
            lambda a: portal.client().get(a, **token),
            lambda a: portal.client().get(a, {"token": link}),
        ):
            foreign, missing = ask(address), ask(never)
            assert foreign.status_code == missing.status_code, address
            assert foreign.status_code in (302, 404), address
            assert b"SECRET" not in foreign.content
    for address in (LIST, "/search/?q=SECRET", "/api/v1/questions", "/questions/sql/", "/questions/sql/history/"):
        assert b"SECRET-NAME" not in client.get(address).content.replace(b"q=SECRET", b"")
    for address in (
        f"/questions/{secret.id}/delete/",
        f"/questions/{secret.id}/links/",
        f"/questions/{secret.id}/edit/",
    ):
        assert client.post(address, form_of("Mine", "select 1")).status_code == 404
    assert b"SECRET" not in portal.client().get("/api/v1/questions", **token).content


@pytest.mark.parametrize(
    ("role", "personal", "page", "export", "edit"),
    [
        ("reader", True, 200, 403, 403),
        ("reader", False, 404, 404, 404),
        ("analyst", False, 404, 404, 404),
        ("engineer", True, 200, 200, 200),
        ("steward", True, 200, 403, 403),
    ],
)
def test_members_see_answers_that_they_may_see(
    portal: Portal, role: str, personal: bool, page: int, export: int, edit: int
) -> None:
    question = saved(writer(portal), "SECRET-NAME", "select 'SECRET-VALUE' as x")
    client = portal.client(portal.account("bob", role, personal=personal))
    addresses = [f"/questions/{question.id}/{path}" for path in ("", "export/csv/", "edit/")]
    assert [client.get(address).status_code for address in addresses] == [page, export, edit]
    assert client.get(f"/api/v1/questions/{question.id}.csv").status_code == export
    assert (b"SECRET-NAME" in client.get(LIST).content) == (page == 200)
    assert client.post(f"/questions/{question.id}/delete/").status_code == {200: 302}.get(edit, edit)


def test_a_team_that_was_granted_feeds_sees_no_answers(portal: Portal) -> None:
    """SQL reads every feed, so a team with some of them sees none of it."""
    from vsf_assets.portal.accounts.account_changes import set_role
    from vsf_assets.portal.accounts.models import Team

    portal.grant("others", "clicks", "events", "lines")
    ann = writer(portal)
    set_role(ann, Team.objects.get(name="others"), "analyst")
    question = saved(ann, "SECRET", "select 1", team="others")
    bob = portal.client(portal.account("bob", "analyst", team="others", personal=True))
    assert bob.get(f"/questions/{question.id}/").status_code == 404
    assert "members of the team platform" in bob.get(LIST).content.decode()


def test_the_answer_names_its_snapshot_and_is_known_again(portal: Portal, world: World) -> None:
    user = writer(portal)
    question = saved(user, "Q", "select 1 as n")
    client = portal.client(user)
    address = f"/api/v1/questions/{question.id}.csv"
    first = client.get(address)
    number = world.query("select max(build_number) from raw.builds")[0][0]
    assert first.headers["X-Vsf-Snapshot"] == str(number)
    assert client.get(address, HTTP_IF_NONE_MATCH=first.headers["ETag"]).status_code == 304
    client.post(f"/questions/{question.id}/edit/", form_of("Q", "select 2 as n"))
    again = client.get(address, HTTP_IF_NONE_MATCH=first.headers["ETag"])
    assert (again.status_code, again.content) == (200, b'"n"\n"2"\n')


def test_the_list_of_the_api_tells_parameters(portal: Portal) -> None:
    user = writer(portal)
    saved(user, "Q", "select $v as v", Parameter("v", CHOICE, "Value", "a", ("a", "b")))
    (item,) = portal.client(user).get("/api/v1/questions").json()["items"]
    expected = {"name": "v", "kind": "choice", "label": "Value", "default": "a", "choices": ["a", "b"]}
    assert item["parameters"] == [{**expected, "is_optional": False}]
    assert (item["name"], item["team"], item["sql"]) == ("Q", "platform", "select $v as v")


def test_a_ready_question_begins_a_new_one(portal: Portal) -> None:
    client = portal.client(writer(portal))
    assert "?ready=banners_shown" in client.get(LIST).content.decode()
    page = client.get("/questions/new/?ready=banners_shown").content.decode()
    assert 'name="p0-name" value="campaign"' in page
    assert 'name="p0-default" value="300"' in page
