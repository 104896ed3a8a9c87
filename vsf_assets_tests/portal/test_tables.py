"""Pages of tables: lists, filters, sort, pages, rows with their links, and exports.

Here: what a page shows against what DuckDB itself gives. Not here: who may see it (test_rights_matrix.py), and personal
values (test_personal_data.py).
"""

import base64
import csv
import html
import io
import json
import os
import re
import time
from pathlib import Path
from urllib.parse import urlencode

import duckdb
import pytest

from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.world import FORMULA, HOSTILE, PHONES


@pytest.fixture
def client(portal: Portal) -> object:
    return portal.client(portal.account("ann", "engineer", personal=True))


def page(client: object, address: str, status: int = 200) -> str:
    answer = client.get(address)  # type: ignore[attr-defined]
    assert answer.status_code == status, answer.content.decode()
    return answer.content.decode()


def heading(text: str) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", text, re.DOTALL)
    assert found
    return html.unescape(" ".join(found[1].split()))


def test_every_table_of_the_dictionary_has_a_page_with_its_rows(portal: Portal, client: object) -> None:
    sql = "select schema_name, table_name from duckdb_tables() where schema_name in ('marts', 'reports', 'raw')"
    names = portal.world.query(sql)
    assert len(names) > 50
    listed = page(client, "/data/")
    for schema, name in names:
        ((rows,),) = portal.world.query(f'select count(*) from {schema}."{name}"')
        assert f'href="/data/{schema}/{name}/"' in listed
        shown = page(client, f"/data/{schema}/{name}/")
        assert heading(shown).startswith(f"{name}: {rows:,} row")
        assert "transform_" not in shown


def test_descriptions_come_from_the_snapshots_comments(client: object) -> None:
    shown = page(client, "/data/marts/dim_lines/")
    assert "One row per version of a line" in shown
    assert "Channel that sold the line" in shown


def test_the_list_of_tables_is_searched_by_name_and_meaning(client: object) -> None:
    assert heading(page(client, "/data/?_search=banner_perf")) == "1 table with “banner_perf”"
    assert "No table has these words" in page(client, "/data/?_search=zebra")


@pytest.mark.parametrize(
    ("parameters", "condition"),
    [
        ({"mtn": "5551000001"}, "mtn = '5551000001'"),
        ({"mtn__contains": "777"}, "mtn like '%777%'"),
        ({"event_date__min": "2019-05-21"}, "event_date >= '2019-05-21'"),
        ({"event_date__max": "2019-05-20", "mtn": "5551000001"}, "event_date <= '2019-05-20' and mtn = '5551000001'"),
        ({"device_carrier__null": "yes"}, "device_carrier is null"),
        ({"_search": "SCRIPT"}, "device_carrier like '%script%'"),
        ({"is_before_activation": "true"}, "is_before_activation"),
    ],
)
def test_filters_give_the_rows_of_the_same_condition(
    portal: Portal, client: object, parameters: dict[str, str], condition: str
) -> None:
    ((rows,),) = portal.world.query(f"select count(*) from marts.fct_activity_events where {condition}")
    shown = heading(page(client, f"/data/marts/fct_activity_events/?{urlencode(parameters)}"))
    assert shown.startswith(f"fct_activity_events: {rows} of ")
    assert rows


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("nothing=1", "there is no column nothing in marts.fct_activity_events"),
        ("mtm=1", "Did you mean"),
        ("event_date__min=soon", "is no date"),
        ("event_date__like=2019", "is no filter"),
        ("_sort=nothing", "there is no column nothing in marts.fct_activity_events"),
        ("_limit=0", "from 1 to 1,000"),
        ("_limit=99999999999", "from 1 to 1,000"),
        ("_limit=0001000000", "from 1 to 1,000"),
        ("_limit=000001" + "0" * 30, "from 1 to 1,000"),
        ("_limit=000001" + "0" * 5000, "from 1 to 1,000"),
        ("_after=nonsense", "no cursor"),
        ("_after=WzFd", "no cursor"),
        ("mtn=%27%3B+drop+table+x", "No row fits"),
        ("&".join(f"mtn={number}" for number in range(21)), "20 filters at most"),
    ],
)
def test_what_is_not_understood_is_explained(client: object, query: str, words: str) -> None:
    answer = client.get(f"/data/marts/fct_activity_events/?{query}")  # type: ignore[attr-defined]
    assert answer.status_code == (200 if "No row" in words else 400)
    assert words.lower() in html.unescape(answer.content.decode()).lower()


def cursor(*content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("table", "query", "words"),
    [
        ("marts/fct_activity_events", f"_sort=event_at&_after={cursor(1, 'abc', 1)}", "no cursor"),
        ("marts/fct_activity_events", f"_sort=event_at&_after={cursor(1, 99999)}", "no row that the cursor names"),
        ("marts/dim_lines", f"_sort=is_unknown&_after={cursor(1, True)}", "no cursor"),
        ("marts/dim_datapoints", "data_point_possible_values__min=a", "holds lists"),
    ],
)
def test_values_that_do_not_fit_are_the_readers_and_no_defect(
    client: object, table: str, query: str, words: str
) -> None:
    assert words in html.unescape(page(client, f"/data/{table}/?{query}", 400))
    if "after" in query:
        answer = client.get(f"/api/v1/tables/{table}?{query.replace('_sort', 'sort').replace('_after', 'after')}")  # type: ignore[attr-defined]
        assert (answer.status_code, words in answer.json()["detail"]) == (400, True)


def test_a_hidden_text_may_be_filtered_by_what_is_shown(portal: Portal) -> None:
    reader = portal.client(portal.account("bob", "reader"))
    items = reader.get("/api/v1/anomalies?raw_text=(hidden)&limit=1000").json()["items"]
    assert items
    assert {row["raw_text"] for row in items} == {"(hidden)"}
    assert reader.get("/api/v1/anomalies?raw_text=x,10,7").json()["items"] == []


@pytest.mark.parametrize("sort", ["", "mtn", "-mtn", "device_carrier", "-device_carrier", "event_at", "-session_id"])
def test_pages_lead_through_the_whole_list_without_a_repeat_or_a_gap(portal: Portal, sort: str) -> None:
    header = portal.token(portal.account("ann", "engineer", personal=True), "read", "personal")
    rows, after = [], ""
    while True:
        query = urlencode({"limit": 3, "sort": sort, "after": after})
        answer = portal.client().get(f"/api/v1/activity?{query}", **header).json()
        rows += answer["items"]
        after = answer["next"]
        if not after:
            break
        assert len(answer["items"]) == 3
    column = sort.removeprefix("-")
    order = f"{column} {'desc' if sort.startswith('-') else ''} nulls last, rowid" if sort else "rowid"
    wanted = portal.world.query(f"select event_uuid from marts.fct_activity_events order by {order}")
    assert [(row["event_uuid"],) for row in rows] == wanted


@pytest.mark.parametrize("sort", ["", "device_carrier", "-event_date", "is_before_activation"])
@pytest.mark.parametrize("condition", ["", "event_date__min=2019-05-21"])
def test_pages_lead_readers_of_pseudonyms_through_the_whole_list(portal: Portal, sort: str, condition: str) -> None:
    header = portal.token(portal.account("ann", "reader"), "read")
    rows, after = [], ""
    while True:
        query = f"{condition}&{urlencode({'limit': 3, 'sort': sort, 'after': after})}"
        answer = portal.client().get(f"/api/v1/activity?{query}", **header).json()
        rows += answer["items"]
        after = answer["next"]
        if not after:
            break
        assert len(answer["items"]) == 3
    where = " where event_date >= '2019-05-21'" if condition else ""
    column = sort.removeprefix("-")
    order = f" order by {column} {'desc' if sort.startswith('-') else ''} nulls last" if sort else ""
    shown = f", cast({column} as varchar)" if sort else ""
    wanted = portal.world.query(f"select event_uuid {shown} from marts.fct_activity_events{where}{order}")
    assert sorted(row["event_uuid"] for row in rows) == sorted(str(row[0]) for row in wanted)
    if sort:
        values = [None if row[column] is None else str(row[column]).lower() for row in rows]
        assert values == [row[1] and str(row[1]).lower() for row in wanted]


def test_a_row_links_to_what_refers_to_it_and_to_what_it_refers_to(portal: Portal, client: object) -> None:
    ((key,),) = portal.world.query("select line_key from marts.dim_lines where mtn = ?", PHONES[1])
    shown = page(client, f"/data/marts/dim_lines/row/?line_key={key}")
    assert heading(shown) == f"line_key {key}"
    assert f"/data/marts/fct_activity_events/?line_key={key}" in shown
    assert f"/data/marts/fct_usage_limits/?line_key={key}" in shown
    ((event,),) = portal.world.query("select event_uuid from marts.fct_activity_events where mtn = ?", PHONES[1])
    shown = page(client, f"/data/marts/fct_activity_events/row/?event_uuid={event}&event_date=2019-06-03")
    assert f"/data/marts/dim_lines/?line_key={key}" in shown
    assert page(client, f"/data/marts/dim_lines/?line_key={key}").count('aria-label="row ') == 1


def test_a_delivery_links_to_its_findings(portal: Portal, client: object) -> None:
    name = "2019-06-03_testmdn_child_parent_rs.txt.gz"
    ((number,),) = portal.world.query("select rowid from reports.files where file_name = ?", name)
    shown = page(client, f"/data/reports/files/row/?_row={number}&_of=1")
    assert f"/data/reports/anomalies/?feed=events&amp;partition_key=2019-06-03&amp;file_name={name}" in shown


@pytest.mark.parametrize("personal", [True, False])
def test_every_open_link_of_a_list_leads_to_its_row(portal: Portal, personal: bool) -> None:
    client = portal.client(portal.account("ann", "engineer", personal=personal))
    for table in ("marts/dim_lines", "reports/files", "raw/events", "marts/fct_event_properties"):
        shown = page(client, f"/data/{table}/")
        links = [html.unescape(link) for link in re.findall(r'<a href="(row/\?[^"]+)"', shown)]
        assert links
        for link in links[:30]:
            page(client, f"/data/{table}/{link}")


def test_a_row_that_is_not_there_is_not_found(client: object) -> None:
    page(client, "/data/marts/dim_lines/row/?line_key=nothing", 404)
    page(client, "/data/marts/dim_lines/row/?_row=99999&_of=1", 404)
    assert "count" in page(client, "/data/marts/dim_lines/row/?_row=1&_of=77", 400)
    page(client, "/data/marts/dim_lines/row/", 400)


def test_a_long_text_makes_no_long_cursor(portal: Portal) -> None:
    header = portal.token(portal.account("ann", "engineer", personal=True), "read", "personal")
    answer = portal.client().get("/api/v1/activity?limit=1&sort=-device_carrier", **header).json()
    assert len(answer["items"][0]["device_carrier"]) > 10
    assert json.loads(base64.urlsafe_b64decode(answer["next"] + "=="))[0] == answer["snapshot"]
    assert len(answer["next"]) < 30


def test_csv_holds_every_row_and_no_formula(portal: Portal, client: object) -> None:
    answer = client.get("/data/marts/fct_activity_events/export/csv/?_sort=event_uuid")  # type: ignore[attr-defined]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="fct_activity_events-1.csv"'
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    wanted = portal.world.query("select event_uuid, device_carrier from marts.fct_activity_events order by 1")
    assert [row["event_uuid"] for row in rows] == [uuid for uuid, _ in wanted]
    carriers = {row["event_uuid"]: row["device_carrier"] for row in rows}
    for uuid, carrier in wanted:
        assert carriers[str(uuid)] == (f"'{carrier}" if carrier == FORMULA else carrier or "")
    assert not any(value[:1] in "=+@\t\r" for row in rows for value in row.values() if value)


def test_csv_quotes_every_value_and_disarms_wide_signs(client: object) -> None:
    from vsf_assets.portal.data.exports import _harmless

    answer = client.get("/data/marts/dim_lines/export/csv/?mtn=5551000001")  # type: ignore[attr-defined]
    _, line, *_ = b"".join(answer.streaming_content).decode().splitlines()
    assert re.fullmatch(r'("[^"]*")?(,("[^"]*")?)*', line)
    assert '"5551000001"' in line
    signs = "=+-@\t＝＋－＠"
    texts = ", ".join(f"('{sign}1')" for sign in f"{signs}a")
    found = duckdb.sql(f"select {_harmless(('x', True))} from (values {texts}) t(x)").fetchall()
    assert [text for (text,) in found] == [f"'{sign}1" for sign in signs] + ["a1"]


def test_parquet_holds_the_values_as_they_are(portal: Portal, client: object, tmp_path: Path) -> None:
    answer = client.get("/data/marts/fct_activity_events/export/parquet/?mtn=" + PHONES[0])  # type: ignore[attr-defined]
    file = tmp_path / "rows.parquet"
    file.write_bytes(b"".join(answer.streaming_content))
    wanted = portal.world.query("select * from marts.fct_activity_events where mtn = ? order by rowid", PHONES[0])
    assert duckdb.sql(f"from '{file}'").fetchall() == wanted
    assert list((portal.settings.home / "portal" / "exports").iterdir()) == []


def test_commands_leave_exports_alone_and_a_start_removes_old_ones_only(portal: Portal) -> None:
    from vsf_assets.portal.data.exports import SECONDS, remove_leftovers
    from vsf_assets.portal.serve import prepare

    folder = portal.settings.home / "portal" / "exports"
    folder.mkdir(exist_ok=True)
    written, left = folder / "written.csv", folder / "left.csv"
    written.touch()
    left.touch()
    os.utime(left, (time.time() - 2 * SECONDS - 1,) * 2)
    prepare(portal.settings, lambda _: None)
    assert {written, left} <= set(folder.iterdir())
    remove_leftovers(folder)
    assert (written.exists(), left.exists()) == (True, False)
    written.unlink()


def test_hostile_values_are_text_on_every_page(client: object) -> None:
    shown = page(client, "/data/marts/fct_activity_events/?_search=a")
    shown += page(client, "/data/marts/fct_activity_events/row/?event_uuid=hostile-1&event_date=2019-06-03")
    assert "<script>alert" not in shown
    assert "<img src=x" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page(client, "/data/marts/fct_activity_events/")
    assert "\u202e" not in page(client, "/data/marts/fct_activity_events/?_limit=1000")
    for value in HOSTILE:
        found = page(client, f"/data/marts/fct_activity_events/?{urlencode({'device_carrier': value})}")
        assert heading(found).startswith("fct_activity_events: 1 of ")
        assert "<script>alert" not in found


def test_the_page_shows_the_command_and_the_curl_line_that_give_the_same(portal: Portal, client: object) -> None:
    shown = html.unescape(page(client, f"/data/marts/fct_activity_events/?mtn={PHONES[0]}&_sort=-event_at&_limit=5"))
    command = re.search(r"vsf query '(.*)'</code>", shown)
    curl = re.search(r"curl -H \"Authorization: Bearer \$VSF_TOKEN\" '?http://127.0.0.1:8000([^'<]+)'?<", shown)
    assert command
    assert curl
    sql = command[1].replace("""'"'"'""", "'")
    header = portal.token(portal.fresh(portal.account("bob", "engineer", personal=True)), "read", "personal")
    by_api = portal.client().get(curl[1], **header).json()["items"]
    by_command = portal.world.query(f"select event_uuid from ({sql})")
    on_page = re.findall(r"event_uuid=((?:mark|hostile)-\d)", shown)
    assert [row["event_uuid"] for row in by_api] == [uuid for (uuid,) in by_command] == on_page
    assert len(on_page) == 5


def test_every_table_shows_a_command_and_a_curl_line_that_give_its_rows(portal: Portal, client: object) -> None:
    header = portal.token(portal.fresh(portal.account("bob", "engineer", personal=True)), "read", "personal")
    sql = "select schema_name, table_name from duckdb_tables() where schema_name in ('marts', 'reports', 'raw')"
    with_rows = 0
    for schema, name in portal.world.query(sql):
        shown = html.unescape(page(client, f"/data/{schema}/{name}/?_limit=2"))
        command = re.search(r"vsf query '(.*)'</code>", shown)
        curl = re.search(r"curl -H \"Authorization: Bearer \$VSF_TOKEN\" '?http://127.0.0.1:8000([^'<]+)'?<", shown)
        assert command, name
        assert curl, name
        by_api = portal.client().get(curl[1], **header).json()["items"]
        query = command[1].replace("""'"'"'""", "'")
        plain = [
            column
            for column, kind in portal.world.query(f"select column_name, column_type from (describe ({query}))")
            if kind in ("VARCHAR", "BIGINT", "INTEGER", "BOOLEAN")
        ]
        named = ", ".join(f'"{column}"' for column in plain)
        by_command = portal.world.query(f"select {named} from ({query})")
        assert [tuple(row[column] for column in plain) for row in by_api] == by_command, name
        with_rows += bool(by_api)
    assert with_rows > 20


def test_nothing_of_the_address_is_shown_with_invisible_characters(client: object) -> None:
    given = {"device_carrier": "x\u202ey", "_search": "p\u202eq"}
    shown = page(client, f"/data/marts/fct_activity_events/?{urlencode(given)}")
    without_fields = re.sub(r"<input[^>]*>", "", shown)  # a field keeps what was typed
    assert "\u202e" not in without_fields
    assert "x&lt;U+202E&gt;y" in shown
    assert "“p&lt;U+202E&gt;q”" in shown
    assert "\u202e" not in re.sub(
        r"<input[^>]*>", "", page(client, f"/data/?{urlencode({'_search': given['_search']})}")
    )


def test_answers_with_personal_values_are_kept_by_no_browser(portal: Portal, client: object) -> None:
    for address in ("/", "/data/marts/dim_lines/", "/data/marts/dim_lines/export/csv/", "/api/v1/lines"):
        assert "no-store" in client.get(address).headers["Cache-Control"], address  # type: ignore[attr-defined]
    token = portal.token(portal.account("bob", "engineer", personal=True), "read", "personal")
    narrow = portal.token(portal.fresh(portal.account("cat", "engineer", personal=True)), "read")
    for address in ("/api/v1/lines", "/vsf/api/activity/"):
        assert portal.client().get(address, **token).headers["Cache-Control"] == "private, no-store"
        assert portal.client().get(address, **narrow).headers["Cache-Control"] == "private, no-cache"


def test_answers_name_their_snapshot(client: object) -> None:
    answer = client.get("/data/marts/dim_lines/")  # type: ignore[attr-defined]
    assert answer.headers["X-Vsf-Snapshot"] == "1"
    assert "Snapshot <strong>1</strong>" in answer.content.decode()


def test_a_question_that_is_too_large_says_so_and_offers_the_export(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vsf_assets.portal.api import list_answers
    from vsf_assets.portal.data import table_views
    from vsf_assets.snapshots.pool import QueryTooLargeError

    def too_large(*_: object) -> None:
        raise QueryTooLargeError("the query took longer than 10 s; filter by more columns")

    monkeypatch.setattr(table_views, "list_rows", too_large)
    monkeypatch.setattr(list_answers, "list_rows", too_large)
    query = "device_carrier__contains=x&_search=y"
    analyst = portal.client(portal.account("ann", "analyst"))
    shown = html.unescape(page(analyst, f"/data/marts/fct_activity_events/?{query}", 422))
    assert "too large for a page" in shown
    assert "longer than 10 s" in shown
    assert f'href="export/csv/?{query}"' in shown
    assert "vsf query" in shown
    reader = portal.client(portal.account("bob", "reader"))
    assert "export/csv" not in page(reader, f"/data/marts/fct_activity_events/?{query}", 422)
    answer = reader.get("/api/v1/activity")
    assert (answer.status_code, "longer than 10 s" in answer.json()["detail"]) == (422, True)
