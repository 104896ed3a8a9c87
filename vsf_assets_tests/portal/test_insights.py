"""Every figure of an insight is the one of its command, on the page, in CSV and in the API; filters; who sees what.

Here: a walk over all insights. Not here: that charts are drawn (test_insight_browser.py), and addresses × roles
(matrix.py).
"""

import csv
import html
import io
import json
import re
import shlex
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import duckdb
import pytest

from vsf_assets.charts.specs import FOLDER
from vsf_assets.cli.query import json_rows, query_snapshot
from vsf_assets.config.settings import read_settings
from vsf_assets.portal.insights.all_insights import INSIGHTS
from vsf_assets.snapshots.pool import QueryLimits, SnapshotPool
from vsf_assets_tests.portal.driver import Portal

EVERYTHING = {
    name: "&".join(f"{found.name}=" for found in insight.filters if found.default) for name, insight in INSIGHTS.items()
}
"""Insight -> the parameters that take all rows, whatever days the default would leave out."""

CASES = [(name, EVERYTHING[name]) for name in INSIGHTS] + [
    ("activity", "by=device&from=2019-05-21&to=2019-05-21"),
    ("activity", "by=type&segment=unknown&from="),
    ("activity-totals", "by=type&from="),
    ("anomalies", "severity=error&from="),
    ("anomalies", "feed=clicks&from=&kind=invalid_value"),
    ("limited-lines", "active=all&type=OTHER"),
    ("limited-lines", "active=idle&type="),
    ("quality", "feed=events&from="),
    ("retention", "per=week&from="),
    ("volume", "from=2019-05-01&to=2019-07-01"),
    ("volume", ""),
]


@pytest.fixture
def client(portal: Portal) -> Any:
    return portal.client(portal.account("ann", "engineer", personal=True))


def get(client: Any, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.content.decode()[:2000])
    return answer.content.decode()


def command_of(page: str) -> list[str]:
    found = re.search(r"<pre><code>(vsf query .*?)</code>", page, re.DOTALL)
    assert found
    return shlex.split(html.unescape(found[1]))


def given_by_command(portal: Portal, page: str) -> list[dict[str, Any]]:
    """Return what the command that a page shows gives, as `vsf query --format json` writes it."""
    vsf, query, option, number, sql = command_of(page)
    assert (vsf, query, option) == ("vsf", "query", "--snapshot")
    answer = query_snapshot(portal.settings, sql, "json", int(number), None)
    return json.loads(f"[{','.join(json_rows(answer))}]")


def moment(text: str) -> datetime | None:
    """Return the time that a text says, as the API or as DuckDB writes it; None for another text."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def same(shown: Any, wanted: Any) -> bool:
    """Whether a value of the API, or a text of CSV, is the value of the command."""
    if wanted is None or isinstance(wanted, bool):
        return shown in (wanted, "" if wanted is None else str(wanted).lower())
    if isinstance(wanted, int | float):
        return float(shown) == pytest.approx(float(wanted), rel=1e-12, abs=1e-12)
    return shown == wanted or moment(shown) == moment(wanted) is not None


@pytest.mark.parametrize(("name", "query"), CASES)
def test_every_figure_is_the_one_of_the_command(portal: Portal, client: Any, name: str, query: str) -> None:
    page = get(client, f"/insights/{name}/?{query}")
    wanted = given_by_command(portal, page)
    if not wanted:
        assert "No row fits" in page
        assert name in ("scores", "rules", "lines-before-activation") or query
        return
    columns = list(wanted[0])
    items = json.loads(get(client, f"/api/v1/insights/{name}?{query}"))["items"]
    rows = list(csv.DictReader(io.StringIO(get(client, f"/insights/{name}/figures.csv?{query}"))))
    assert list(items[0]) == list(rows[0]) == columns
    assert len(items) == len(rows) == len(wanted)
    unequal = [
        (number, column, found[number][column], row[column])
        for number, row in enumerate(wanted)
        for column in columns
        for found in (items, rows)
        if not same(found[number][column], row[column])
    ]
    assert unequal == []
    assert in_chart(page, columns, wanted) == []
    assert len(re.findall(r"<tr>", page)) - 1 == len(wanted)


def in_chart(page: str, columns: list[str], wanted: list[dict[str, Any]]) -> list[object]:
    """Return what a chart has otherwise than the command: its rows are the first ones of the answer."""
    found = re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    if not found:
        return []
    values = json.loads(found[1])["data"]["values"]
    assert values
    return [
        (row[column], of_command[column])
        for row, of_command in zip(values, wanted, strict=False)
        for column in columns
        if not same(row[column], of_command[column])
    ]


def test_retention_is_that_of_the_mart(portal: Portal, client: Any) -> None:
    items = json.loads(get(client, "/api/v1/insights/retention?from="))["items"]
    shares = {(item["first_seen"], item["later"]): item["share"] for item in items}
    days = portal.world.query(
        "select event_date::varchar, retention_1, retention_7, retention_30 from marts.fct_daily_active_lines"
        " where date_key <> date '0001-01-01' and new_lines > 0"
    )
    wanted = {(day, later): share for day, *found in days for later, share in zip((1, 7, 30), found, strict=True)}
    assert {place: shares.get(place) for place in wanted} == pytest.approx(wanted)
    assert any(share is not None for share in wanted.values())
    assert all(share == 1 for (_, later), share in shares.items() if later == 0)


def test_unusual_days_of_the_volume_are_those_of_the_report(portal: Portal, client: Any) -> None:
    items = json.loads(get(client, "/api/v1/insights/volume?from="))["items"]
    states = {item["day"]: item["state"] for item in items}
    unusual = portal.world.query("select processing_date::varchar from reports.volume_anomalies")
    assert {day for day, state in states.items() if state in ("too few", "too many")} == {day for (day,) in unusual}
    missing = portal.world.query("select partition_key from reports.anomalies where anomaly = 'missing_partition'")
    assert {day for day, state in states.items() if state == "missing"} == {day for (day,) in missing}
    assert missing


def test_activity_adds_up_to_the_events(portal: Portal, client: Any) -> None:
    ((events,),) = portal.world.query(
        "select count(*) from marts.fct_activity_events where date_key <> date '0001-01-01'"
    )
    for address in ("activity?by=type", "activity?by=plan", "activity-totals?by=segment", "devices?"):
        items = json.loads(get(client, f"/api/v1/insights/{address}&from="))["items"]
        assert sum(item["events"] for item in items) == events, address


def test_limited_lines_are_those_of_the_original_s_address(client: Any) -> None:
    shown = json.loads(get(client, "/api/v1/insights/limited-lines"))["items"]
    old = json.loads(get(client, "/vsf/api/by_limit/?type=USG&limit=1000"))["results"]
    assert sorted(item["mtn"] for item in shown) == sorted(item["MTN"] for item in old)
    assert shown


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("volume/?nothing=1", "nothing is no filter of volume; its filters: from, to"),
        ("volume/?from=yesterday", "is no date like 2019-05-20"),
        ("activity/?by=mtn", "is none of segment, plan, channel, device, type"),
        ("scores/?campaign=1 or 1=1", "is no whole number"),
        ("scores/?campaign=99999999999999999999", "is no whole number"),
        (f"activity/?segment={'x' * 201}", "longer than 200 characters"),
    ],
)
def test_what_is_not_understood_is_explained(client: Any, address: str, words: str) -> None:
    assert words.casefold() in html.unescape(get(client, f"/insights/{address}", 400)).casefold()
    answer = client.get(f"/api/v1/insights/{address.replace('/?', '?')}")
    assert (answer.status_code, words in answer.json()["detail"]) == (400, True)


@pytest.mark.parametrize("value", ["'; drop table x; --", "[marts.dim_lines]", "{where}", "\u202e$f0"])
def test_a_hostile_value_is_a_value(portal: Portal, client: Any, value: str) -> None:
    page = get(client, f"/insights/activity/?{urlencode({'segment': value, 'from': ''})}")
    assert "No row fits" in page
    if value.isprintable():
        assert given_by_command(portal, page) == []
        assert value.replace("'", "''") in command_of(page)[-1]
    else:
        assert value not in html.unescape(command_of(page)[-1])


def test_an_address_that_shows_defaults_asks_the_same_later(client: Any) -> None:
    page = get(client, "/insights/volume/")
    (query,) = re.findall(r'figures\.csv\?([^"]*)"', page)
    assert re.fullmatch(r"from=\d{4}-\d\d-\d\d", query)
    assert f'value="{query.removeprefix("from=")}"' in page


def test_another_team_sees_figures_of_its_feeds_alone(portal: Portal) -> None:
    portal.grant("others", "clicks")
    other = portal.client(portal.account("other", "reader", team="others"))
    assert set(re.findall(r'href="/insights/([\w-]+)/"', get(other, "/insights/"))) == {"quality", "anomalies"}
    assert {row["feed"] for row in json.loads(get(other, "/api/v1/insights/quality?from="))["items"]} == {"clicks"}
    ((findings,),) = portal.world.query("select count(*) from reports.anomalies where feed = 'clicks'")
    items = json.loads(get(other, "/api/v1/insights/anomalies?from="))["items"]
    assert sum(item["findings"] for item in items) == findings
    listed = get(other, "/insights/anomalies/?from=")
    assert '<option value="clicks">' in listed
    assert "events" not in re.findall(r'<option value="([^"]*)"', listed)
    assert [item["name"] for item in json.loads(get(other, "/api/v1/insights"))["items"]] == ["quality", "anomalies"]
    assert "/scores/" not in get(other, "/")


def test_lines_are_pseudonyms_without_the_permission(portal: Portal) -> None:
    reader = portal.client(portal.account("bob", "reader"))
    page = get(reader, "/insights/limited-lines/?type=&active=all")
    assert "Lines are pseudonyms" in page
    items = json.loads(get(reader, "/api/v1/insights/limited-lines?type=&active=all"))["items"]
    assert items
    assert all(item["mtn"].startswith("anon-") for item in items)


def test_a_long_answer_says_that_it_is_cut(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.portal.insights import figures

    monkeypatch.setattr(figures.figures, "__defaults__", (2,))
    page = get(client, "/insights/active-lines/?from=")
    assert "These are the first 2 rows" in page
    assert "<h1>The first 2 rows: Up to " in page
    monkeypatch.setattr(figures, "MOST_ROWS", 2)
    assert "more than 2 rows" in get(client, "/insights/active-lines/figures.csv?from=", 400)


def test_the_api_answers_a_known_tag_without_the_figures(client: Any) -> None:
    answer = client.get("/api/v1/insights/limits")
    again = client.get("/api/v1/insights/limits", HTTP_IF_NONE_MATCH=answer["ETag"])
    assert (again.status_code, again.content, again["X-Vsf-Snapshot"]) == (304, b"", answer["X-Vsf-Snapshot"])
    assert client.get("/api/v1/insights/limits?type=USG").headers["ETag"] != answer["ETag"]


def test_csv_holds_no_formula() -> None:
    from vsf_assets.portal.insights.figures import csv_text
    from vsf_assets.snapshots.pool import Rows

    rows = Rows(["a", "b", "c"], ["VARCHAR", "BIGINT", "VARCHAR"], [("=1+1", -5, None), ('x"y', None, "-2")])
    assert csv_text(rows).splitlines() == ['"a","b","c"', '"\'=1+1","-5",', '"x""y",,"\'-2"']


def test_fields_of_a_chart_are_columns_of_its_insight(portal: Portal, client: Any) -> None:
    for name, insight in INSIGHTS.items():
        if insight.spec:
            page = get(client, f"/insights/{name}/?{EVERYTHING[name]}")
            assert ('<script type="application/json">' in page) is not bool(insight.measure), name  # nothing was earned
            rows = json.loads(get(client, f"/api/v1/insights/{name}?{EVERYTHING[name]}"))["items"]
            spec = (FOLDER / f"{insight.spec}.json").read_text(encoding="utf-8")
            made = set(re.findall(r'"as": "(\w+)"', spec)) | {"what", "count"}
            assert set(re.findall(r'"field": "(\w+)"', spec)) <= set(rows[0]) | made, name


def test_a_campaign_says_why_its_banners_are_chosen(portal: Portal, client: Any) -> None:
    from vsf_assets.reports.campaign_explanation import explain_choice

    with duckdb.connect() as connection:
        current = (portal.world.snapshots / "current.duckdb").resolve()
        connection.execute(f"attach '{current}' as world (read_only)")
        connection.execute("use world")
        wanted = explain_choice(connection, 7, 1)
    page = html.unescape(get(client, "/scores/7/"))
    assert "Campaign 7 shows 1 banner in quarter 1" in page
    assert wanted.rule[1:] in page
    assert all(banner.why in page for banner in wanted.banners)
    assert "vsf report explain 7 1" in page
    assert "has no banner in quarter 2" in get(client, "/scores/7/?quarter=2")
    assert "Quarter is 1, 2, 3 or 4" in get(client, "/scores/7/?quarter=5", 400)
    get(client, f"/scores/{2**63}/", 404)
    assert client.get("/scores/?campaign=7").headers["Location"] == "/scores/7/"
    assert "is no number of a campaign" in html.unescape(get(client, "/scores/?campaign=x", 400))


def test_days_of_a_heading_stay_whole_and_texts_harmless() -> None:
    from vsf_assets.portal.data.page_filters import whole_days

    shown = whole_days("<b>& 2 events from 2019-04-08 to 2019-05-26, 12019-04-08")
    days = "<time>2019-04-08</time> to <time>2019-05-26</time>"
    assert shown == f"&lt;b&gt;&amp; 2 events from {days}, 12019-04-08"


def test_headlines_of_one_kind_and_of_no_revenue() -> None:
    from vsf_assets.snapshots.pool import Rows

    found = Rows(["day", "anomaly", "severity", "findings", "records"], [], [(None, "volume", "warning", 1, 1)])
    assert INSIGHTS["anomalies"].headline(found) == "1 finding of the kind volume"
    names = ["campaign_id", "banners", "impressions", "clicks", "conversions", "revenue"]
    assert INSIGHTS["campaigns"].headline(Rows(names, [], [(1, 2, 3, 0, 0, 0)] * 2)) == (
        "2 campaigns, and none earned anything"
    )


def test_an_earlier_snapshot_is_shown_while_it_is_kept(
    portal: Portal, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read_settings({"VSF_HOME": str(tmp_path)})
    folder = Path(settings.snapshots)
    folder.mkdir(parents=True)
    for number in (1, 2):
        shutil.copy((portal.world.snapshots / "current.duckdb").resolve(), folder / f"vsf-{number}.duckdb")
    with duckdb.connect(str(folder / "vsf-1.duckdb")) as connection:
        connection.execute("delete from marts.fct_limited_lines where limit_type <> 'USG'")
    (folder / "current.duckdb").symlink_to("vsf-2.duckdb")
    pool = SnapshotPool(settings, QueryLimits(5, 200 * 10**6, tmp_path / "exports"))
    monkeypatch.setattr("vsf_assets.portal.middleware.pool", lambda: pool)
    kinds = {}
    for number in (1, 2):
        answer = client.get(f"/api/v1/insights/limits?snapshot={number}")
        assert (answer["X-Vsf-Snapshot"], answer.json()["snapshot"]) == (str(number), number)
        kinds[number] = {item["limit_type"] for item in answer.json()["items"]}
    assert kinds[1] == {"USG"} < kinds[2]
    page = get(client, "/insights/limits/?snapshot=1")
    assert "These are the figures of snapshot 1" in page
    assert "OTHER" not in page
    assert "vsf query --snapshot 1 " in html.unescape(page)
    assert "figures.csv?snapshot=1" in page
    assert "OTHER" not in get(client, "/insights/limits/figures.csv?snapshot=1")
    assert "OTHER" in get(client, "/insights/limits/figures.csv")
    assert "snapshot=1" in get(client, "/scores/7/?snapshot=1")
    (folder / "vsf-1.duckdb").unlink()
    assert "Snapshot 1 is not there; the current one is 2" in get(client, "/insights/limits/?snapshot=1", 410)
    assert "the current one is 2" in get(client, "/api/v1/insights/limits?snapshot=7", 410)
    assert "is no number of a snapshot" in get(client, "/insights/limits/?snapshot=-1", 400)
    pool.close()
