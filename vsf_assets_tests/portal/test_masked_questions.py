"""An account without personal data asks the masked copy of a whole snapshot: on the SQL page, by the API, by questions.

Here: the way from the real copy through the real process of queries to each form of an answer, and what a question of
somebody who sees personal data tells the others. Not here: the copy itself (test_masked_copies.py), and which copy is
asked (test_masked_sql.py).
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from vsf_assets.config.settings import Settings
from vsf_assets.masking.keep_copies import CopyKeeper
from vsf_assets.portal.questions.parameters import CHOICE, Parameter
from vsf_assets.portal.sql.bound_values import TEXT
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.question_forms import cells, form_of, saved
from vsf_assets_tests.portal.test_masked_copies import (
    columns_of,
    home_with,
    in_process,
    personal_values,
    point,
    small,
)
from vsf_assets_tests.portal.test_masked_sql import masked
from vsf_assets_tests.portal.test_questions import the_question
from vsf_assets_tests.portal.test_sql_route import ask
from vsf_assets_tests.portal.world import PHONES, World, forbidden_bytes

__all__ = ["in_process"]

SQL = "/questions/sql/"
PSEUDONYM = "anon-"
FEW = ("marts.dim_lines", "marts.fct_activity_events", "raw.events", "reports.anomalies")
LINES = "from marts.dim_lines order by all"


@pytest.fixture(scope="module")
def home(world: World, prepared_portal: object, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return a home with the snapshot of the world and its masked copy, made as the portal makes it."""
    from django.conf import settings as of_django

    settings = home_with(tmp_path_factory.mktemp("asked"), (world.snapshots / "current.duckdb").resolve())
    assert CopyKeeper(settings, of_django.VSF_PSEUDONYM_KEY).refresh()
    return settings


@pytest.fixture
def visited(portal: Portal, home: Settings) -> Iterator[Portal]:
    """Let the portal read the home, with masked copies."""
    with masked(portal, home):
        yield portal


def words_of(content: bytes) -> set[str]:
    """Return the words of an answer, as values stand in CSV, JSON and HTML."""
    return set(re.split(r"[\s\"',|<>&;{}\[\]()=\\]+", content.decode()))


def file_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_no_answer_has_a_personal_value_and_counts_are_those_of_the_snapshot(visited: Portal, home: Settings) -> None:
    user = visited.account("ann", "analyst")
    header, client = visited.token(user, "read", "export", "personal"), visited.client(user)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{Path(home.snapshots) / 'vsf-1.duckdb'}' as own (read_only)")
        personal = personal_values(connection, "own")
        read = {table for table, _, _ in columns_of(connection, "own")}
        tables = sorted(table for table in read if table.split(".")[0] in ("marts", "reports", "raw"))
        counts = " union all ".join(f"select '{table}', count(*) from {{}}{table}" for table in tables)
        expected = connection.execute(f"{counts.format(*['own.'] * len(tables))} order by 1").fetchall()
    assert ask(visited, header, f"{counts.format(*[''] * len(tables))} order by 1").json()["rows"] == [
        list(row) for row in expected
    ]
    answers = {table: ask(visited, header, f"from {table}").content for table in tables}
    answers |= {f"page of {table}": client.post(SQL, {"sql": f"from {table}"}).content for table in FEW}
    answers |= {form: file_of(client.post(SQL, {"sql": LINES, "download": form})) for form in ("csv", "json")}
    for name, content in answers.items():
        assert not words_of(content) & personal, name
        assert [mark for mark in forbidden_bytes() if mark in content] == [], name
    assert len(personal) > 40
    assert all(PSEUDONYM.encode() in answers[name] for name in ("marts.dim_lines", "page of marts.dim_lines", "csv"))


def test_a_question_and_its_link_answer_from_the_masked_copy(visited: Portal, world: World, tmp_path: Path) -> None:
    from vsf_assets.portal.questions.data_links import create_link

    user = visited.account("ann", "analyst")
    client, team = visited.client(user), str(user.memberships.get(team__name="platform").team_id)
    client.post("/questions/new/", form_of("Lines", LINES, team=team))
    question = the_question()
    secret = create_link(question, user, "workbook")[1]
    page = client.get(f"/questions/{question.id}/").content.decode()
    ((lines,),) = world.query("select count(*) from marts.dim_lines")
    assert len(cells(page)) == lines
    assert "with pseudonyms in place of personal data" in page
    files = [
        file_of(visited.client().get(f"/api/v1/questions/{question.id}.{form}", {"token": secret}))
        for form in ("csv", "json", "parquet")
    ]
    (tmp_path / "lines.parquet").write_bytes(files.pop())
    read = duckdb.sql(f"from '{tmp_path / 'lines.parquet'}'").fetchall()
    assert len(read) == lines
    for content in (page.encode(), *files, repr(read).encode()):
        assert [mark for mark in forbidden_bytes() if mark in content] == []
        assert PSEUDONYM.encode() in content


def test_a_link_shows_personal_data_only_while_its_query_is_of_somebody_who_sees_it(visited: Portal) -> None:
    """Else who was given a link could change its query, and read what the account of the link sees."""
    from vsf_assets.portal.questions.data_links import create_link

    seeing = visited.account("bob", "analyst", personal=True)
    question = saved(seeing, "Lines", "select count(*) as n from marts.dim_lines")
    address, secret = f"/api/v1/questions/{question.id}.csv", create_link(question, seeing, "workbook")[1]
    assert visited.client().get(address, {"token": secret}).status_code == 200
    other = visited.client(visited.account("ann", "analyst"))
    assert other.post(f"/questions/{question.id}/edit/", form_of("Lines", LINES)).status_code == 302
    content = visited.client().get(address, {"token": secret}).content
    assert PHONES[0].encode() not in content
    assert PSEUDONYM.encode() in content
    own = visited.client(seeing)
    assert PHONES[0].encode() in own.get(address).content  # the account itself sees what it may
    own.post(f"/questions/{question.id}/edit/", form_of("Every line", LINES))  # who saves a query has seen it
    assert PHONES[0].encode() in visited.client().get(address, {"token": secret}).content


def test_a_query_that_is_hidden_is_quoted_by_no_answer(visited: Portal) -> None:
    """Somebody who sees personal data wrote numbers into it: as a literal, as a first value, in what fails."""
    seeing = visited.account("bob", "analyst", personal=True)
    sql = f"select count(*) filter (mtn = '{PHONES[0]}'), count(*) as \"all lines\", $a = $b from marts.dim_lines"
    parameters = Parameter("a", TEXT, default=PHONES[0]), Parameter("b", CHOICE, default="x", choices=("x", "y"))
    counted, failing = (
        saved(seeing, "Counted", sql, *parameters),
        saved(seeing, "Failing", f"select 'N{PHONES[0]}'::int"),
    )
    ann = visited.client(visited.account("ann", "analyst"))
    addresses = {
        f"/questions/{counted.id}/": 200,
        f"/questions/{counted.id}/?a=&b=": 200,
        f"/questions/{counted.id}/export/csv/": 200,
        f"/api/v1/questions/{counted.id}.json": 200,
        "/api/v1/questions": 200,
        f"/questions/{failing.id}/": 400,
        f"/questions/{failing.id}/export/csv/": 400,
        f"/api/v1/questions/{failing.id}.csv": 400,
    }
    answers = {address: ann.get(address) for address in addresses}
    assert {address: answer.status_code for address, answer in answers.items()} == addresses
    assert [address for address, answer in answers.items() if PHONES[0].encode() in answer.content] == []
    assert answers[f"/questions/{counted.id}/export/csv/"].content.startswith(
        b'"column 1","all lines","column 3"\n"0","'
    )
    assert b"Those who see personal data see why" in answers[f"/questions/{failing.id}/"].content
    assert cells(ann.get(f"/questions/{counted.id}/?a=y&b=y").content.decode())[0][2] == "true"
    own = visited.client(seeing)
    assert all(PHONES[0].encode() in own.get(f"/questions/{found.id}/").content for found in (counted, failing))


def test_a_link_to_a_snapshot_without_a_copy_keeps_its_query(visited: Portal, home: Settings) -> None:
    """As somebody gets it from a colleague who sees personal data, and asks the newest snapshot."""
    client = visited.client(visited.account("ann", "analyst"))
    folder = Path(home.snapshots)
    (folder / "vsf-2.duckdb").hardlink_to(folder / "vsf-1.duckdb")
    point(home, 2)
    try:
        for number, words, status in (
            (2, "The masked copy of snapshot 2 is being made", 503),
            (9, "no masked copy", 410),
        ):
            opened = client.get(SQL, {"sql": "select 'KEPT'", "snapshot": number})
            sent = client.post(SQL, {"sql": "select 'KEPT'", "snapshot": number})
            assert (opened.status_code, sent.status_code) == (200, status)
            for page in (opened.content.decode(), sent.content.decode()):
                assert words in page
                assert "ask snapshot 1" in page
                assert "select &#x27;KEPT&#x27;</textarea>" in page
                assert 'name="snapshot" value=""' in page
        earlier = client.get(SQL, {"sql": "select 'KEPT'", "snapshot": 1}).content.decode()
        assert '?sql=select+%27KEPT%27">Ask that one' in earlier
    finally:
        point(home, 1)
        (folder / "vsf-2.duckdb").unlink()


def test_a_query_that_is_sent_before_the_first_copy_is_made_is_kept(portal: Portal, tmp_path: Path) -> None:
    client = portal.client(portal.account("ann", "analyst"))
    with masked(portal, home_with(tmp_path, small(tmp_path, 1))):
        for answer in (
            client.post(SQL, {"sql": "select 'KEPT'"}),
            client.post(SQL, {"sql": "select 'KEPT'", "snapshot": "1", "download": "csv"}),
            client.get(SQL, {"sql": "select 'KEPT'"}),
        ):
            page = answer.content.decode()
            assert answer.status_code == 503
            assert "The masked copy of snapshot 1 is being made; ask again in a minute." in page
            assert "select &#x27;KEPT&#x27;</textarea>" in page
            assert '<button class="main" id="run">' in page


@pytest.mark.usefixtures("in_process")
def test_files_of_an_answer_say_what_the_page_says_of_it_and_their_tag_changes_with_it(
    portal: Portal, tmp_path: Path
) -> None:
    from vsf_assets.portal.questions.data_links import create_link

    user = portal.account("ann", "analyst")
    settings = home_with(tmp_path, small(tmp_path, 1))
    folder = Path(settings.snapshots)
    with masked(portal, settings) as key:
        keeper = CopyKeeper(settings, key)
        assert keeper.refresh()
        team = str(user.memberships.get(team__name="platform").team_id)
        client = portal.client(user)
        client.post("/questions/new/", form_of("Lines", "select n from marts.dim_lines", team=team))
        question = the_question()
        address, secret = f"/api/v1/questions/{question.id}", create_link(question, user, "workbook")[1]

        def get(form: str, tag: str = "") -> Any:
            headers = {"If-None-Match": tag} if tag else {}
            return portal.client().get(f"{address}.{form}", {"token": secret}, headers=headers)

        def said(form: str) -> tuple[str | None, str | None]:
            answer = get(form)
            file_of(answer)
            return answer.headers["X-Vsf-Masked"], answer.headers.get("X-Vsf-Note")

        assert {said(form) for form in ("csv", "json", "parquet")} == {("yes", None)}
        first = get("json")
        assert [first.json()[name] for name in ("snapshot", "is_masked", "note")] == [1, True, ""]
        assert get("json", first.headers["ETag"]).status_code == 304
        (folder / "vsf-2.duckdb").write_bytes(small(tmp_path, 2).read_bytes())
        point(settings, 2)
        note = "this is snapshot 1: the masked copy of snapshot 2 is being made"
        assert {said(form) for form in ("csv", "json", "parquet")} == {("yes", note)}
        second = get("json", first.headers["ETag"])
        assert [second.json()[name] for name in ("snapshot", "is_masked", "note")] == [1, True, note]
        assert f"{note.capitalize()}." in client.get(f"/questions/{question.id}/").content.decode()
        assert client.get(f"/questions/{question.id}/export/json/").json()["note"] == note
        assert keeper.refresh()
        third = get("json", second.headers["ETag"])
        assert (third.json()["snapshot"], third.json()["note"], third.json()["items"]) == (2, "", [{"n": 2}])
        # After a restore another file may have the same number.
        (folder / "vsf-2.duckdb").unlink()
        (folder / "vsf-2.duckdb").write_bytes(small(tmp_path, 3).read_bytes())
        assert keeper.refresh()
        fourth = get("json", third.headers["ETag"])
        assert (fourth.json()["snapshot"], fourth.json()["items"]) == (2, [{"n": 3}])


def test_files_for_those_who_see_personal_data_say_that_too(portal: Portal, tmp_path: Path) -> None:
    user = portal.account("bob", "analyst", personal=True)
    with masked(portal, home_with(tmp_path, small(tmp_path, 1))):
        answer = portal.client(user).post(SQL, {"sql": "select 1 as one", "download": "json"})
    assert answer.headers["X-Vsf-Masked"] == "no"
    assert [answer.json()[name] for name in ("items", "snapshot", "is_masked", "note")] == [[{"one": 1}], 1, False, ""]
