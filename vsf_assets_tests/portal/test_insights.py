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
from datetime import datetime
from typing import Any

import pytest

from vsf_assets.cli.query import json_rows, query_snapshot
from vsf_assets.portal.insights.all_insights import INSIGHTS
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


def asked_by_command(portal: Portal, page: str) -> list[dict[str, Any]]:
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
    wanted = asked_by_command(portal, page)
    if not wanted:
        assert "No row fits" in page
        assert name in ("scores", "rules", "lines-before-activation") or query
        return
    columns = list(wanted[0])
    items = json.loads(get(client, f"/api/v1/insights/{name}?{query}"))["items"]
    rows = list(csv.DictReader(io.StringIO(get(client, f"/insights/{name}/figures.csv?{query}"))))
    assert list(items[0]) == list(rows[0]) == columns
    assert len(items) == len(rows) == len(wanted)
    differing = [
        (number, column, found[number][column], row[column])
        for number, row in enumerate(wanted)
        for column in columns
        for found in (items, rows)
        if not same(found[number][column], row[column])
    ]
    assert differing == []
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
