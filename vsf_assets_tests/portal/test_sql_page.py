"""The SQL page: what it runs and does not run, history, links to a snapshot, and files.

Here: the pages. Expected values come from DuckDB on the same file, or from the query itself. Not here: the confined
process (test_sql.py), and the page in a browser (test_questions_browser.py).
"""

import csv
import html
import io
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import duckdb
import pytest

from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.question_forms import cells
from vsf_assets_tests.portal.world import World

SQL = "/questions/sql/"


def analyst(portal: Portal) -> Any:
    return portal.client(portal.account("ann", "analyst", personal=True))


def history(portal: Portal) -> list[Any]:
    from vsf_assets.portal.questions.models import RanQuery

    return list(RanQuery.objects.order_by("id"))


def test_a_query_runs_when_its_form_is_sent_and_stands_in_the_history(portal: Portal, world: World) -> None:
    client = analyst(portal)
    sql = "select device_grouping, count(*) as lines\nfrom marts.dim_lines group by all order by all"
    page = client.post(SQL, {"sql": sql.replace("\n", "\r\n")}).content.decode()
    expected = [["null" if v is None else str(v) for v in row] for row in world.query(sql)]
    assert cells(page) == expected
    number = world.query("select max(build_number) from raw.builds")[0][0]
    assert f"{len(expected)} rows from snapshot {number}</h1>" in page
    assert 'class="number">lines <span class="quiet">bigint' in page
    assert urlencode({"sql": sql, "snapshot": number}).replace("&", "&amp;") in page
    (ran,) = history(portal)
    assert (ran.sql, ran.snapshot, ran.rows, ran.error, ran.is_cut) == (sql, number, len(expected), "", False)
    assert 0 < ran.seconds < 20


def test_an_address_shows_its_query_and_runs_nothing(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.portal.questions import sql_views

    monkeypatch.setattr(sql_views, "ask", lambda *_, **__: pytest.fail("a query ran"))
    client = analyst(portal)
    page = client.get(SQL, {"sql": "select 'of the address'", "download": "csv"}).content.decode()
    assert "select &#x27;of the address&#x27;</textarea>" in page
    assert "has not run" in page
    assert history(portal) == []


def test_a_link_names_its_snapshot_and_says_when_that_is_gone(portal: Portal, world: World) -> None:
    client = analyst(portal)
    number = world.query("select max(build_number) from raw.builds")[0][0]
    kept = client.get(SQL, {"sql": "select 1", "snapshot": number}).content.decode()
    assert f'name="snapshot" value="{number}"' in kept
    gone = client.get(SQL, {"sql": "select 1", "snapshot": number + 7})
    text = gone.content.decode()
    assert f"Snapshot {number + 7} is not kept any more. Run the query on the current one, snapshot {number}." in text
    assert 'name="snapshot" value=""' in text
    sent = client.post(SQL, {"sql": "select 1", "snapshot": number + 7})
    assert sent.status_code == 410
    assert f"snapshot {number + 7} is not there; the current one is {number}" in sent.content.decode().lower()
    assert history(portal) == []


@pytest.mark.parametrize(
    ("sql", "status", "words"),
    [
        ("select 1,\n  nothing", 400, "Line 2, column 3"),
        ("copy (select 1) to 'x'", 400, "download the answer as CSV"),
        ("select $x", 400, "$x has no value"),
        ("", 400, "There is no statement"),
    ],
)
def test_an_error_says_where_and_what_to_do(portal: Portal, sql: str, status: int, words: str) -> None:
    answer = analyst(portal).post(SQL, {"sql": sql})
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert [bool(ran.error) for ran in history(portal)] == [True]


def test_the_time_limit_says_what_to_do(portal: Portal) -> None:
    from dataclasses import replace

    from django.conf import settings
    from django.test import override_settings

    endless = "select count(*) from range(10000000) a, range(10000000) b where hash(a.range, b.range) = 1"
    client = analyst(portal)
    with override_settings(VSF_PORTAL=replace(settings.VSF_PORTAL, sql_seconds=0.3)):
        answer = client.post(SQL, {"sql": endless})
    assert answer.status_code == 422
    assert "took longer than 0.3 s. Filter by a date or a key before joining" in answer.content.decode()


def test_rows_beyond_the_limits_are_cut_and_said(portal: Portal) -> None:
    from dataclasses import replace

    from django.conf import settings
    from django.test import override_settings

    client = analyst(portal)
    with override_settings(VSF_PORTAL=replace(settings.VSF_PORTAL, sql_rows=5)):
        page = client.post(SQL, {"sql": "from range(6)"}).content.decode()
        file = client.post(SQL, {"sql": "from range(6)", "download": "csv"})
    assert len(cells(page)) == 5
    assert "These are the first 5 rows; there are more. A file has up to 5." in page
    assert (file.headers["X-Vsf-Cut"], file.content) == ("yes", b'"range"\n"0"\n"1"\n"2"\n"3"\n"4"\n')
    assert "10,000 rows, all" not in client.post(SQL, {"sql": "from range(1000)"}).content.decode()


VALUES = """select * from (values
    (1::bigint, 1.50::decimal(9, 2), 'plain', date '2019-05-20', true, [1, 2], 0.5::double),
    (-9007199254740993, -0.01, '=cmd()', null, false, null, 'nan'),
    (null, null, '', null, null, [], null)) as t(whole, exact, text, day, yes, list, float)"""


def test_files_have_the_values_of_the_answer(portal: Portal, tmp_path: Path) -> None:
    client = analyst(portal)
    answers = {form: client.post(SQL, {"sql": VALUES, "download": form}) for form in ("csv", "json", "parquet")}
    number = answers["csv"].headers["X-Vsf-Snapshot"]
    for form, answer in answers.items():
        assert f'filename="query-{number}.{form}"' in answer.headers["Content-Disposition"]
        assert answer.headers["Cache-Control"] == "private, no-store"
    assert list(csv.reader(io.StringIO(answers["csv"].content.decode()))) == [
        ["whole", "exact", "text", "day", "yes", "list", "float"],
        ["1", "1.50", "plain", "2019-05-20", "true", "[1,2]", "0.5"],
        ["-9007199254740993", "-0.01", "'=cmd()", "", "false", "", "nan"],
        ["", "", "", "", "", "[]", ""],
    ]
    assert b',"","' not in answers["csv"].content.splitlines()[2]  # null is an empty field without quotes
    assert answers["csv"].content.splitlines()[3].startswith(b',,"",')
    content = answers["json"].json()
    assert (content["snapshot"], content["is_cut"], content["next"]) == (int(number), False, None)
    first = {"whole": 1, "exact": "1.50", "text": "plain", "day": "2019-05-20", "yes": True, "list": [1, 2]}
    assert content["items"][0] == {**first, "float": 0.5}
    assert content["items"][1]["text"] == "=cmd()"
    file = tmp_path / "answer.parquet"
    file.write_bytes(b"".join(answers["parquet"].streaming_content))
    read = duckdb.sql(f"select *, typeof(exact), typeof(day), typeof(list) from '{file}' order by whole nulls last")
    rows = read.fetchall()
    assert [row[0] for row in rows] == [-9007199254740993, 1, None]
    assert [str(value) for value in rows[1][:6]] == ["1", "1.50", "plain", "2019-05-20", "True", "[1,2]"]
    assert rows[0][-3:] == ("DECIMAL(9,2)", "DATE", "VARCHAR")
    assert not list((portal.settings.home / "portal" / "exports").glob("*.parquet"))


def test_names_that_stand_twice_get_a_number(portal: Portal) -> None:
    answer = analyst(portal).post(SQL, {"sql": 'select 1 as x, 2 as x, 3 as "a""b"', "download": "json"})
    assert answer.json()["items"] == [{"x": 1, "x_1": 2, 'a"b': 3}]
    parquet = analyst_again(portal).post(SQL, {"sql": 'select 1 as x, 2 as x, 3 as "a""b"', "download": "parquet"})
    assert b"".join(parquet.streaming_content)[:4] == b"PAR1"


def analyst_again(portal: Portal) -> Any:
    from vsf_assets.portal.accounts.models import User

    return portal.client(User.objects.get(username="ann"))


def test_values_cannot_do_harm_on_the_page(portal: Portal) -> None:
    sql = "select '<script>alert(1)</script>' as \"<img src=x onerror=alert(1)>\", 'a\u202eb' as t"
    page = analyst(portal).post(SQL, {"sql": sql}).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert cells(page) == [["&lt;script&gt;alert(1)&lt;/script&gt;", "a&lt;U+202E&gt;b"]]


def test_who_may_ask_no_sql_is_told_why(portal: Portal) -> None:
    for name, role, personal, words in (
        ("rea", "reader", True, "that may export"),
        ("ana", "analyst", False, "VSF_PORTAL_MASKED=yes"),
    ):
        client = portal.client(portal.account(name, role, personal=personal))
        for answer in (client.get(SQL), client.post(SQL, {"sql": "select 1"})):
            assert answer.status_code == 403
            assert words in answer.content.decode()
        assert client.get("/questions/new/").status_code == 403
    assert history(portal) == []


def test_sql_can_be_switched_off(portal: Portal) -> None:
    from dataclasses import replace

    from django.conf import settings
    from django.test import override_settings

    client = analyst(portal)
    with override_settings(VSF_PORTAL=replace(settings.VSF_PORTAL, sql="no")):
        assert client.post(SQL, {"sql": "select 1"}).status_code == 403
        assert "VSF_PORTAL_SQL=no" in client.get(SQL).content.decode()
        assert "VSF_PORTAL_SQL=no" in client.get("/questions/").content.decode()


def test_the_history_is_the_accounts_own_and_can_be_removed(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.portal.questions import history as kept

    ann, bob = analyst(portal), portal.client(portal.account("bob", "analyst", personal=True))
    monkeypatch.setattr(kept, "MOST", 3)
    for number in range(5):
        ann.post(SQL, {"sql": f"select {number} as secret"})
    own = history(portal)
    assert [ran.sql for ran in own] == [f"select {number} as secret" for number in (2, 3, 4)]
    page = ann.get("/questions/sql/history/").content.decode()
    assert page.count("as secret</code>") == 3
    assert quote("select 4 as secret", safe="").replace("%20", "+") in page
    assert "secret" not in bob.get("/questions/sql/history/").content.decode()
    bob.post("/questions/sql/history/", {"ran": str(own[0].id)})
    bob.post("/questions/sql/history/", {"ran": "all"})
    assert len(history(portal)) == 3
    ann.post("/questions/sql/history/", {"ran": str(own[0].id)})
    assert [ran.id for ran in history(portal)] == [own[1].id, own[2].id]
    ann.post("/questions/sql/history/", {"ran": "nothing"})
    assert len(history(portal)) == 2
    ann.post("/questions/sql/history/", {"ran": "all"})
    assert history(portal) == []


def test_a_query_too_long_for_a_link_comes_back_from_the_history(portal: Portal) -> None:
    sql = f"select '{'é' * 40_000}' as long"
    ann, bob = analyst(portal), portal.client(portal.account("bob", "analyst", personal=True))
    assert ann.post(SQL, {"sql": sql}).status_code == 200
    (ran,) = history(portal)
    address = f"{SQL}?ran={ran.id}"
    for page in (ann.get(SQL), ann.get("/questions/sql/history/")):
        assert f'href="{address}"' in page.content.decode()
        assert len(page.content) < 60_000
    again = ann.get(address).content.decode()
    assert html.escape(sql) in again
    assert f'name="snapshot" value="{ran.snapshot}"' in again
    for other in (bob.get(address), ann.get(f"{SQL}?ran=nothing")):
        assert other.status_code == 200
        assert html.escape(sql) not in other.content.decode()


def test_the_history_holds_no_nul_which_postgresql_does_not_take(portal: Portal) -> None:
    assert analyst(portal).post(SQL, {"sql": "select '\0'"}).status_code == 400
    assert [ran.sql for ran in history(portal)] == ["select '\ufffd'"]


def test_old_queries_are_forgotten(portal: Portal) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from vsf_assets.portal.questions.models import RanQuery

    client = analyst(portal)
    client.post(SQL, {"sql": "select 1"})
    RanQuery.objects.update(ran_at=timezone.now() - timedelta(days=91))
    client.post(SQL, {"sql": "select 2"})
    assert [ran.sql for ran in history(portal)] == ["select 2"]


def test_examples_and_tables_stand_beside_the_editor(portal: Portal) -> None:
    from vsf_assets.ready_questions.question_files import ready_questions

    client = analyst(portal)
    page = client.get(SQL).content.decode()
    for question in ready_questions():
        assert f"?example={question.name}" in page
    assert 'data-name="marts.dim_lines"' in page
    assert 'data-name="raw.events"' in page
    assert 'href="/data/marts/dim_lines/"' in page
    assert 'href="/data/raw/events/"' not in page  # an analyst has no page of it, and reads it by SQL
    example = client.get(SQL, {"example": "banners_shown"}).content.decode()
    assert "campaign_id = 300" in example


def test_every_ready_question_runs(portal: Portal, world: World) -> None:
    from vsf_assets.portal.questions.running import limits, runner
    from vsf_assets.ready_questions.question_files import ready_questions

    path = (world.snapshots / "current.duckdb").resolve()
    for question in ready_questions():
        expected = world.query(question.sql_with_defaults)
        assert len(runner().run(path, question.sql_with_defaults, limits()).rows) == len(expected), question.name
