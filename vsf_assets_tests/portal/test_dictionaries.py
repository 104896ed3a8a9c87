"""The pages and the API of dictionaries: lists, the cascade, reports, versions, and what changed.

Here: what they show of the datasets in dictionaries.py. Not here: deliveries, renames and deletions
(test_dictionary_changes.py), and a browser (test_dictionary_browser.py).
"""

import csv
import io
import json
import re
import subprocess
from contextlib import ExitStack
from html import unescape
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pytest

from vsf_assets.snapshots.query_turns import EXPORTS_AT_ONCE, QueryBudget
from vsf_assets_tests.portal.dictionaries import ODD, SAMPLE, SCRIPT
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.test_command import vsf
from vsf_assets_tests.portal.test_personal_data import body

FINDINGS = [
    ("namespaces.csv", "3", "missing_fields"),
    ("namespaces.csv", "5", "duplicate_row"),
    ("columns.csv", "6", "unknown_reference"),
    ("columns.csv", "7", "unknown_reference"),
    ("columns.csv", "8", "extra_fields"),
    ("columns.csv", "9", "duplicate_key"),
    ("datapoints.csv", "6", "invalid_value"),
    ("datapoints.csv", "7", "missing_fields"),
]
"""The findings of the sample, as the description of the feeds lists them."""

FUND_ID = {
    "namespace": "ns-3",
    "database": "managed_investment__operations__stg",
    "table": "stable_value_fund_client_demographics",
    "column": "fund_id",
}


def text_of(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    answer.close()
    return bytes(content).decode()


def heading(answer: Any) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", answer.content.decode(), re.DOTALL)
    assert found
    return unescape(re.sub(r"<[^>]+>", "", found[1])).strip()


def links(answer: Any) -> list[str]:
    return [unescape(link) for link in re.findall(r'href="([^"]+)"', answer.content.decode())]


@pytest.fixture
def reader(portal: Portal) -> Any:
    return portal.client(portal.account("ann", "reader"))


def test_the_list_names_versions_and_completeness(reader: Any) -> None:
    page = reader.get("/dictionaries/")
    assert heading(page) == "3 dictionaries"
    assert "incomplete" in page.content.decode()
    items = reader.get("/api/v1/datasets").json()["items"]
    shown = {
        i["name"]: (i["versions"], i["complete_versions"], i["current_version"], i["newest_findings"]) for i in items
    }
    assert shown == {SAMPLE: (1, 1, 1, 8), "small": (3, 2, 2, 1), ODD: (1, 1, 1, 2)}
    assert heading(reader.get("/dictionaries/?_search=MANAGED")) == "Dictionaries with “MANAGED”"
    assert f"/dictionaries/{SAMPLE}/" not in links(reader.get(f"/dictionaries/?after={SAMPLE}"))
    first = reader.get("/api/v1/datasets?limit=2").json()
    second = reader.get(f"/api/v1/datasets?{urlencode({'limit': 2, 'after': first['next']})}").json()
    assert [i["name"] for i in first["items"] + second["items"]] == [SAMPLE, ODD, "small"]
    assert second["next"] is None


def test_the_cascade_counts_what_is_below_each_choice(reader: Any) -> None:
    answers = []
    given: dict[str, str] = {}
    for level, name in FUND_ID.items():
        answer = reader.get(f"/api/v1/datasets/{SAMPLE}/choices", given).json()
        answers.append((answer["level"], [(i["name"], i["count"]) for i in answer["items"]]))
        given[level] = name
    assert answers == [
        ("namespace", [("ns-1", 1), ("ns-2", 0), ("ns-3", 1), ("ns-9", 1)]),
        ("database", [("managed_investment__operations__stg", 2)]),
        ("table", [("fund_facts", 1), ("stable_value_fund_client_demographics", 1)]),
        ("column", [("fund_id", 2)]),
    ]
    last = reader.get(f"/api/v1/datasets/{SAMPLE}/choices", given).json()
    assert [i["data_point_id"] for i in last["items"]] == ["dp-1", "dp-2"]


def test_the_address_is_the_selection_and_a_changed_parent_resets_what_is_below(reader: Any) -> None:
    base = f"/dictionaries/{SAMPLE}/"
    page = reader.get(base, FUND_ID)
    assert heading(page) == "2 data points found"
    assert f"{base}?{urlencode({'namespace': 'ns-3', 'database': FUND_ID['database']})}" in links(page)
    was = {f"was_{level}": name for level, name in FUND_ID.items()}
    moved = reader.get(base, {**FUND_ID, **was, "namespace": "ns-1"})
    assert (moved.status_code, moved.url) == (302, f"{base}?namespace=ns-1")
    kept = reader.get(base, {**FUND_ID, **was})
    assert kept.url == f"{base}?{urlencode(FUND_ID)}"
    assert reader.get(base, {**FUND_ID, **was, "database": ""}).url == f"{base}?namespace=ns-3"
    assert reader.get(base, {"column": "fund_id"}).url == base  # nothing stands above it


@pytest.mark.parametrize(
    ("selection", "words"),
    [
        ({"namespace": "ns-3", "database": FUND_ID["database"]}, "3 data points found"),
        ({"namespace": "Managed Investment", "database": FUND_ID["database"]}, "3 data points found"),
        (
            {"namespace": "ns-1", "database": "fund__core", "table": "fund_facts", "column": "isin"},
            "No data point has been found",
        ),
        ({"namespace": "ns-1", "database": FUND_ID["database"]}, "No data point has been found"),
        ({"namespace": "ns-9", "database": "fund__core"}, "1 data point found"),
    ],
)
def test_the_page_says_how_many_data_points_were_found(reader: Any, selection: dict[str, str], words: str) -> None:
    page = reader.get(f"/dictionaries/{SAMPLE}/", selection)
    assert heading(page) == words
    assert ("report-form" in page.content.decode()) == words.endswith("found") * words[0].isdigit()


def test_equal_names_in_other_places_never_mix(reader: Any) -> None:
    base = "/api/v1/datasets/small"
    selected = {"namespace": "ns-1", "table": "t", "column": "col"}
    of_db, of_db2 = (
        text_of(reader.get(f"{base}/datapoints.json", {**selected, "database": name})) for name in ("db", "db2")
    )
    assert [
        next(iter(point)) for point in json.loads(of_db)["Owner_Name_namespaces"]["ns-1"]["databases"][0]["db"]
    ] == ["dp-2"]
    assert [
        next(iter(point)) for point in json.loads(of_db2)["Owner_Name_namespaces"]["ns-1"]["databases"][0]["db2"]
    ] == ["dp-1"]


def test_the_json_is_byte_for_byte_what_the_command_writes(portal: Portal, reader: Any) -> None:
    several = {"namespace": ["ns-3", "Fund"], "database": ["fund__core", FUND_ID["database"]]}
    options = [word for level, names in several.items() for name in names for word in (f"--{level}", name)]
    written = vsf(portal.settings.home, portal.world, "report", "datapoints", "--dataset", SAMPLE, *options, "-o", "-")
    assert written.returncode == 0, written.stderr
    assert text_of(reader.get(f"/api/v1/datasets/{SAMPLE}/datapoints.json", several)) == written.stdout
    one = reader.get(f"/dictionaries/{SAMPLE}/datapoints.json", {**FUND_ID, "file_name": "fund id"})
    assert one["Content-Disposition"] == 'attachment; filename="fund id.json"'
    report = json.loads(text_of(one))
    points = report["Managed_Investment_Data_namespaces"]["ns-3"]["databases"][0][FUND_ID["database"]]
    assert [list(point) for point in points] == [["dp-1"], ["dp-2"]]
    assert not list((portal.settings.home / "portal" / "exports").iterdir())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "Give the file a name."),
        ("../x.json", "The file name holds a character"),
        ("x.exe", "The name must end in .json"),
        (".x", "must not begin with a dot"),
        ("x\u202ey.json", "The file name holds a character"),
        ("ä" * 101, "longer than 200 bytes"),
    ],
)
def test_a_file_name_is_checked(reader: Any, name: str, words: str) -> None:
    answer = reader.get(f"/dictionaries/{SAMPLE}/datapoints.json", {**FUND_ID, "file_name": name})
    assert answer.status_code == 400
    assert words.lower() in unescape(answer.content.decode()).lower()
    assert heading(answer) == "2 data points found"  # the page with the form, so that another name can be given


def test_reports_of_nothing_are_refused_in_words(reader: Any) -> None:
    address = f"/api/v1/datasets/{SAMPLE}/datapoints.json"
    nothing = reader.get(address, {**FUND_ID, "column": "nothing"})
    assert (nothing.status_code, nothing.json()["detail"]) == (404, "No data point has been found for this selection")
    assert "a namespace and a database" in reader.get(address, {"namespace": "ns-1"}).json()["detail"]
    assert reader.get(f"/dictionaries/{SAMPLE}/datapoints.json", {"namespace": "ns-1"}).status_code == 400
    page = reader.get(f"/dictionaries/{SAMPLE}/datapoints.json", {**FUND_ID, "column": "nothing"})
    assert heading(reader.get(page.url)) == "No data point has been found"


def test_the_findings_are_those_of_the_description_and_values_are_for_those_who_may_see_them(portal: Portal) -> None:
    address = f"/dictionaries/{SAMPLE}/versions/1/anomalies_report.csv"
    personal = text_of(portal.client(portal.account("bob", "reader", personal=True)).get(address))
    written: subprocess.CompletedProcess[str] = vsf(
        portal.settings.home, portal.world, "report", "anomalies", "--dataset", SAMPLE, "-o", "-"
    )
    assert personal == written.stdout
    rows = list(csv.DictReader(io.StringIO(personal)))
    assert [(row["file"], row["line"], row["anomaly"]) for row in rows] == FINDINGS
    client = portal.client(portal.account("ann", "reader"))
    hidden = list(csv.DictReader(io.StringIO(text_of(client.get(address)))))
    assert [(row["file"], row["line"], row["anomaly"]) for row in hidden] == FINDINGS
    assert {row["value"] for row in hidden} == {"", "(hidden)"}
    page = client.get(f"/dictionaries/{SAMPLE}/versions/1/anomalies/")
    assert heading(page) == f"8 findings in version 1 of {SAMPLE}"
    assert "dp-404" not in page.content.decode()
    assert text_of(client.get(f"/api/v1/datasets/{SAMPLE}/anomalies.csv")) == text_of(client.get(address))


def test_downloads_take_turns_of_exports_and_none_of_pages(reader: Any) -> None:
    from vsf_assets.portal.shared.open_pool import pool

    downloads = (
        f"/dictionaries/{SAMPLE}/versions/1/anomalies_report.csv",
        f"/dictionaries/{SAMPLE}/datapoints.json?{urlencode(FUND_ID)}",
    )
    with ExitStack() as turns, pool().current() as snapshot:
        for number in range(EXPORTS_AT_ONCE):
            turns.enter_context(snapshot.limits.turn(QueryBudget(f"other {number}"), is_export=True))
        assert [reader.get(address).status_code for address in downloads] == [503, 503]
        assert reader.get(f"/dictionaries/{SAMPLE}/versions/1/anomalies/").status_code == 200
    assert text_of(reader.get(downloads[0]))


def test_findings_are_shown_page_by_page(portal: Portal, reader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.portal.datasets import findings

    monkeypatch.setattr(findings, "PAGE", 3)
    address, seen = f"/dictionaries/{SAMPLE}/versions/1/anomalies/", []
    while address:
        page = reader.get(address)
        seen += re.findall(
            r"<tr><td>(\w+\.csv)</td><td class=\"number\">(\d+)</td><td>(\w+)</td>", page.content.decode()
        )
        address = next((link for link in links(page) if "after=" in link), "")
    assert seen == FINDINGS
    assert reader.get(f"/dictionaries/{SAMPLE}/versions/1/anomalies/?after=x").status_code == 400
    kind = reader.get(f"/dictionaries/{SAMPLE}/versions/1/anomalies/?anomaly=missing_fields").content.decode()
    assert (kind.count("<td>missing_fields</td>"), kind.count("<td>duplicate_key</td>")) == (2, 0)


def test_the_versions_of_a_dataset_and_what_changed_between_two(reader: Any) -> None:
    versions = reader.get("/api/v1/datasets/small/versions").json()["items"]
    shown = [(v["number"], v["is_complete"], v["is_current"], v["findings"]) for v in versions]
    assert shown == [(3, False, False, 1), (2, True, True, 1), (1, True, False, 0)]
    assert heading(reader.get("/dictionaries/small/versions/")) == "small has 3 versions"
    changed = reader.get("/api/v1/datasets/small/versions/2/changes/1").json()["items"]
    assert [(row["key"], row["kind"]) for row in changed] == [
        ("c-1", "changed"),
        ("c-2", "removed"),
        ("c-3", "added"),
        ("c-4", "added"),
        ("c-5", "added"),
    ]
    assert changed[0]["fields"] == {"data_point_id": ["dp-1", "dp-2"]}
    page = reader.get("/dictionaries/small/versions/2/changes/1/")
    assert heading(page) == "5 rows changed from version 1 to 2 of small"
    assert heading(reader.get("/dictionaries/small/versions/1/changes/2/?what=datapoints")).startswith("5 rows")
    assert reader.get("/dictionaries/small/versions/2/changes/9/").status_code == 404
    assert reader.get("/dictionaries/small/versions/2/changes/1/?what=nothing").status_code == 400
    # Version 3 lacks its data points; its columns are those of version 1.
    back = reader.get("/api/v1/datasets/small/versions/3/changes/1").json()["items"]
    assert back == []
    gone = reader.get("/api/v1/datasets/small/versions/3/changes/1?what=datapoints&limit=2").json()
    assert ([(row["key"], row["kind"]) for row in gone["items"]], gone["next"]) == (
        [("dp-1", "removed"), ("dp-2", "removed")],
        "dp-2",
    )


def test_an_incomplete_version_is_browsed_and_is_not_current(reader: Any) -> None:
    page = reader.get("/dictionaries/small/versions/3/")
    assert "Version 3 is incomplete" in page.content.decode()
    nothing = reader.get("/dictionaries/small/versions/3/?namespace=ns-1&database=db")
    assert heading(nothing) == "No data point has been found"
    assert "version 2" in reader.get("/dictionaries/small/").content.decode()


def test_pages_are_keyset_pages(reader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.portal.datasets import browse

    everything = {"namespace": "ns-3", "database": FUND_ID["database"]}
    monkeypatch.setattr(browse.datapoints, "__defaults__", ("", 2))
    address, seen = f"/dictionaries/{SAMPLE}/?{urlencode(everything)}", []
    while address:
        page = reader.get(address)
        seen.append(re.findall(r'<th scope="row">(dp-\d)</th>', page.content.decode()))
        address = next((link for link in links(page) if "after_point=" in link), "")
    assert seen == [["dp-1", "dp-2"], ["dp-3"]]
    first = reader.get(f"/api/v1/datasets/{SAMPLE}/choices?limit=3").json()
    rest = reader.get(f"/api/v1/datasets/{SAMPLE}/choices?limit=3&after={first['next']}").json()
    assert [i["name"] for i in first["items"] + rest["items"]] == ["ns-1", "ns-2", "ns-3", "ns-9"]
    assert reader.get(f"/api/v1/datasets/{SAMPLE}/choices?search=EQUITY").json()["items"][0]["name"] == "ns-2"


def test_odd_names_and_values_stay_text(reader: Any) -> None:
    base = f"/dictionaries/{quote(ODD)}/"
    selection = {"namespace": "ns-1", "database": SCRIPT, "table": "x\u202ey", "column": "=cmd|a"}
    was = {f"was_{level}": "" for level in selection}
    assert unquote(reader.get(base, {**was, "namespace": "ns-1"}).url) == f"/dictionaries/{ODD}/?namespace=ns-1"
    for depth in range(5):
        page = reader.get(base, dict(list(selection.items())[:depth]))
        action = re.search(r'action="([^"]+)" class="cascade"', page.content.decode())
        assert action and reader.get(unescape(action[1])).status_code == 200
        assert page.status_code == 200
        assert "<script>alert" not in page.content.decode()
        assert "\u202e" not in re.sub(
            r'value="[^"]*"', "", page.content.decode()
        )  # values of fields travel as they are
    assert heading(page) == "1 data point found"
    report = text_of(reader.get(f"{base}datapoints.json", selection))
    assert json.loads(report)['O_"w"_n_namespaces']["ns-1"]["databases"][0][SCRIPT][0]["dp-1"]["data_type"] == "Date"
    for path in ("versions/", "versions/1/anomalies/", "versions/1/anomalies_report.csv"):
        assert reader.get(base + path).status_code == 200


def test_every_page_shows_the_command_and_the_curl_line_that_give_the_same(portal: Portal, reader: Any) -> None:
    pages = {
        "/dictionaries/": "vsf query",
        f"/dictionaries/{SAMPLE}/": "vsf report choices",
        f"/dictionaries/{SAMPLE}/?{urlencode(FUND_ID)}": "vsf report datapoints",
        "/dictionaries/small/versions/": "vsf query",
        "/dictionaries/small/versions/2/changes/1/": "vsf query",
        "/dictionaries/small/versions/3/anomalies/": "vsf report anomalies",
    }
    wrong = []
    for address, command in pages.items():
        blocks = [
            unescape(found)
            for found in re.findall(r"<pre><code>(.*?)</code></pre>", reader.get(address).content.decode(), re.DOTALL)
        ]
        urls = re.findall(r"http://[^/]+(/api/v1/[^\s']+)", "\n".join(blocks))
        if not any(command in block for block in blocks) or not urls:
            wrong.append((address, blocks))
        wrong += [(address, url) for url in urls if reader.get(url).status_code != 200]
    assert wrong == []


def test_nothing_of_the_datasets_changes_by_reading(portal: Portal, reader: Any) -> None:
    kept = ("django_session", "portal_cache", "usersessions_usersession")
    before = portal.tables(*kept)
    for address in ("/dictionaries/", f"/dictionaries/{SAMPLE}/", "/dictionaries/small/versions/", "/api/v1/datasets"):
        assert reader.get(address).status_code == 200
    assert portal.tables(*kept) == before


def test_quoted_values_reach_only_those_who_delivered_them(portal: Portal) -> None:
    from datetime import UTC, datetime, timedelta

    from vsf_assets.portal.accounts.models import Team
    from vsf_assets.portal.datasets.models import DatasetName

    steward = portal.account("ann", "reader")
    report = f"/api/v1/datasets/{SAMPLE}/anomalies.csv"
    row = DatasetName.objects.create(name=SAMPLE, team=Team.objects.get(name="platform"), since=datetime.now(UTC))
    assert b"dp-404" not in body(portal.client(steward).get(report))  # the version landed before, by another way
    row.since = datetime.now(UTC) - timedelta(days=3650)
    row.save()
    assert b"dp-404" in body(portal.client(steward).get(report))
    row.team = Team.objects.create(name="others")
    row.save()
    assert b"dp-404" not in body(portal.client(steward).get(report))
