"""The repair loop from end to end: bad rows out, mended, in again, with real ingests, builds and snapshots.

Here: what the receipts say after each round of the story. Not here: the rounds (repair_story.py), sending the bytes,
and the parts of a receipt by themselves (test_receipts.py).
"""

import hashlib
import html
import json
import re
import shlex
import threading
from contextlib import ExitStack

import pytest

from vsf_assets.snapshots.query_turns import EXPORTS_AT_ONCE, QueryBudget
from vsf_assets_tests.portal.repair_story import BAD, LINES, Story, name_in, story
from vsf_assets_tests.waiting import wait_until

__all__ = ["story"]


def test_a_delivery_lands_is_taken_and_loaded(story: Story) -> None:
    states = [story.seen[number, "clicks_1.csv"]["state"] for number in (0, 1, 2)]
    assert states == ["landed", "taken", "loaded"]
    landed, taken, loaded = (story.seen[number, "clicks_1.csv"] for number in (0, 1, 2))
    assert landed["reason"] == "the service does not run: start vsf serve, or run vsf run"
    assert taken["reason"] == "the service does not run: start vsf serve, or run vsf run"
    assert landed["lines_read"] is None
    assert loaded["first_snapshot"] == 1
    counts = [loaded[name] for name in ("lines_read", "rows_loaded", "rows_quarantined", "rows_blank", "rows_skipped")]
    assert counts == [1000, 993, 7, 0, 0]
    assert loaded["heading"] == "7 of 1,000 rows of clicks_1.csv were held back"
    assert loaded["repair"] == {"bad": 7, "mended": 0, "open": 7, "open_lines": sorted(BAD)}


def test_bad_rows_come_out_as_they_were_delivered(story: Story) -> None:
    first = story.downloads["lines.csv"].decode()
    digest = hashlib.sha256("\n".join(["MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT", *LINES]).encode()).hexdigest()[
        :12
    ]
    header, *rows = first.splitlines()
    assert header == "MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT,vsf_reason"
    assert [row.partition(',"line ')[0] for row in rows] == [LINES[1], LINES[2]]
    assert rows[0].endswith(f'[{digest}:3]"')
    assert story.names == {
        "clicks_1.csv": "clicks_1_mend1.csv",
        "2019-05-20_shop.txt.gz": "2019-05-20_shop_mend1.txt",
        "lines.csv": "2026-01-05_lines_mend1.csv",
        "x.data": "x_mend1.data",
        "clicks_1_mend1.csv": "clicks_1_mend2.csv",
    }


def test_rows_that_were_mended_in_part_leave_the_others_open(story: Story) -> None:
    receipt = story.seen[4, "clicks_1.csv"]
    assert receipt["repair"] == {"bad": 7, "mended": 4, "open": 3, "open_lines": [501, 998, 1001]}
    assert receipt["heading"] == "3 of 7 bad rows of clicks_1.csv are still open"
    assert (
        "<strong>4 of 7 mended</strong>, <strong>3 of 7 still open</strong>: lines 501, 998 and 1,001."
        in story.pages[4, "clicks_1.csv"]
    )
    assert story.seen[4, "clicks_1_mend1.csv"]["heading"] == "1 of 5 rows of clicks_1_mend1.csv was held back"
    assert story.seen[4, "clicks_1_mend1.csv"]["mends"] == story.seen[4, "clicks_1.csv"]["id"]
    assert story.seen[3, "clicks_1.csv"]["mended_by"][0]["state"] == "landed"


def test_all_thousand_rows_are_loaded_once_when_the_last_chain_is_mended(story: Story) -> None:
    receipt = story.seen[5, "clicks_1.csv"]
    assert receipt["repair"] == {"bad": 7, "mended": 7, "open": 0, "open_lines": []}
    assert receipt["heading"] == "7 of 7 bad rows of clicks_1.csv are mended"
    assert [(mend["name"], mend["rows"]) for mend in receipt["mended_by"]] == [
        ("clicks_1_mend1.csv", 4),
        ("clicks_1_mend2.csv", 1),
        ("clicks_1_mend9.csv", 2),
    ]
    page = story.pages[5, "clicks_1.csv"]
    assert "7 of 7 mended by <a href=" in page
    assert page.count(">clicks_1_mend1.csv</a>") >= 1
    assert story.seen[5, "clicks_1_mend1.csv"]["repair"]["mended"] == 1
    stored = story.home.query(
        "select click_id, count(*) from raw.clicks join raw.files on file_id = _file_id"
        " where partition_key = '1' group by all order by 1"
    )
    assert stored == [(number, 1) for number in range(1, 1001)]
    assert story.home.query("select sum(clicks) from marts.fct_banner_performance where quarter = 1") == [(1000,)]


def test_mended_events_count_once_and_a_repetition_is_named(story: Story) -> None:
    receipt = story.seen[4, "2019-05-20_shop.txt.gz"]
    assert receipt["repair"] == {"bad": 3, "mended": 3, "open": 0, "open_lines": []}
    assert "3 of 3 mended by" in story.pages[4, "2019-05-20_shop.txt.gz"]
    assert "1 row repeats a row that was delivered before" in story.pages[4, "2019-05-20_shop_mend1.txt"]
    events = story.home.query("select event_uuid, count(*) from marts.fct_activity_events group by all order by 1")
    assert events == [("e-1", 1), ("e-2", 1), ("e-4", 1)]


def test_mended_states_take_effect_when_the_first_file_did(story: Story) -> None:
    assert "2 of 2 mended by" in story.pages[4, "lines.csv"]
    found = story.home.query("select mtn, count(*) from marts.dim_lines where not is_unknown group by all order by 1")
    assert found == [("5550000001", 1), ("5550000002", 1), ("5550000003", 1)]


def test_mended_json_records_are_found_by_the_name_and_keys_of_their_object(story: Story) -> None:
    client = story.portal.client(story.steward)
    ((file_id,),) = story.home.query("select file_id from raw.files where feed = 'catalog' and file_name = 'x.data'")
    page = " ".join(client.get(f"/deliveries/files/{file_id}/").content.decode().split())
    assert "2 of 2 mended by <a href=" in page
    assert "x_mend1.data</a>" in page
    songs = story.home.query("select artist_name, year from marts.dim_songs order by 1")
    assert songs == [("A", 2000), ("B", 1999), ("C", 2000), ("D", 2000)]


def test_a_page_does_not_wait_for_mends_that_take_long_to_read(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.portal.receipts import mends, receipt

    may_read, keys_of_rows = threading.Event(), mends.keys_of_rows
    monkeypatch.setattr(mends, "keys_of_rows", lambda *given: may_read.wait(60) and keys_of_rows(*given))
    monkeypatch.setattr(receipt, "READING_SECONDS", 0.0)
    monkeypatch.setattr(mends, "_kept", {})
    client = story.portal.client(story.steward)
    ((file_id,),) = story.home.query("select file_id from raw.files where feed = 'catalog' and file_name = 'x.data'")

    def page() -> str:
        return " ".join(client.get(f"/deliveries/files/{file_id}/").content.decode().split())

    early = page()
    assert "Mended rows are still being counted." in early
    assert 'data-settled="no"' in early
    may_read.set()
    wait_until(lambda: "2 of 2 mended by <a href=" in page())
    assert 'data-settled="yes"' in page()


def test_bad_rows_are_written_in_turns_of_exports_and_within_their_time(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vsf_assets.portal import middleware
    from vsf_assets.portal.receipts import downloads

    client = story.portal.client(story.steward)
    ((file_id,),) = story.home.query("select file_id from raw.files where file_name = 'lines.csv'")
    address = f"/deliveries/files/{file_id}/bad-rows/?all=1"
    answer = client.get(address)
    assert b"".join(answer.streaming_content) == story.downloads["lines.csv"]
    answer.close()
    with ExitStack() as turns, middleware.pool().current() as snapshot:
        for number in range(EXPORTS_AT_ONCE):
            turns.enter_context(snapshot.limits.turn(QueryBudget(f"other {number}"), is_export=True))
        assert client.get(address).status_code == 503
        assert client.get(f"/deliveries/files/{file_id}/").status_code == 200
    monkeypatch.setattr(downloads, "SECONDS", 0.0)
    late = client.get(address)
    assert late.status_code == 422
    assert "mend the whole file, and send it again" in late.content.decode()
    assert not list(snapshot.limits.folder.glob("*.rows"))


def test_an_unreadable_file_is_mended_by_a_whole_one(story: Story) -> None:
    first = story.seen[2, "clicks_2.csv"]
    assert (first["state"], first["heading"]) == ("unreadable", "clicks_2.csv cannot be read")
    assert "the header is not the one of this feed" in first["reason"]
    assert story.seen[4, "clicks_2.csv"]["heading"] == "clicks_2.csv cannot be read; 2_clicks_2.csv came in its place"


def test_numbers_are_those_of_the_reports(story: Story) -> None:
    names = ("lines_read", "rows_loaded", "rows_quarantined", "rows_blank", "rows_skipped", "first_snapshot")
    columns = f"sha256, {', '.join(names)}"
    reported = {str(row[0]): list(row[1:]) for row in story.home.query(f"select {columns} from reports.files")}
    shown = {seen["sha256"]: [seen[name] for name in names] for (number, _), seen in story.seen.items() if number == 5}
    assert len(shown) == 13
    assert shown == {digest: reported[digest] for digest in shown}


def test_a_failed_check_is_named_until_a_build_is_published(story: Story) -> None:
    broken = story.seen[6, "clicks_1.csv"]
    assert broken["state"] == "taken"
    assert broken["heading"] == "clicks_1.csv is loaded but not published: keys_are_unique"
    assert broken["reason"] == "not published: keys_are_unique (keys_are_unique: keys are unique)"
    assert "press Materialize in Dagster" in broken["advice"]
    assert "5550000001" not in story.pages[6, "clicks_1.csv"]
    assert story.seen[2, "clicks_1.csv"]["state"] == "loaded"


EIGHT = [
    "namespaces.csv,3,missing_fields",
    "namespaces.csv,5,duplicate_row",
    "columns.csv,6,unknown_reference",
    "columns.csv,7,unknown_reference",
    "columns.csv,8,extra_fields",
    "columns.csv,9,duplicate_key",
    "datapoints.csv,6,invalid_value",
    "datapoints.csv,7,missing_fields",
]
"""The findings of the sample, as the description of the feeds has them."""


def test_a_dataset_offers_the_report_of_its_version_once_it_is_loaded(story: Story) -> None:
    delivery = story.deliveries["my_columns.csv"]
    client = story.portal.client(story.steward)
    answer = client.get(f"/deliveries/{delivery.ulid}/anomalies/csv/")
    assert name_in(answer) == "anomalies_report.csv"
    lines = b"".join(answer.streaming_content).decode().splitlines()
    assert lines[0] == "file,line,anomaly,column,value,severity,reason"
    assert [",".join(line.split(",")[:3]) for line in lines[1:]] == EIGHT
    assert "data-download" not in story.pages[1, "my_columns.csv"]
    page = story.pages[2, "my_columns.csv"]
    assert f'data-download="/deliveries/{delivery.ulid}/anomalies/csv/"' in page
    assert "managed, version 1" in page
    assert all(f"my_{part}.csv</a>" in page for part in ("namespaces", "datapoints"))
    reports = {
        form: b"".join(client.get(f"/deliveries/{delivery.ulid}/anomalies/{form}/").streaming_content)
        for form in ("json", "html")
    }
    assert [row["line"] for row in json.loads(reports["json"])] == [3, 5, 6, 7, 8, 9, 6, 7]
    assert b"Anomalies of dataset managed, version 1" in reports["html"]


def test_the_rows_of_a_dataset_are_mended_in_its_files(story: Story) -> None:
    answer = story.portal.client(story.steward).get(
        f"/api/v1/uploads/{story.deliveries['my_columns.csv'].ulid}/bad-rows.csv"
    )
    assert answer.status_code == 409
    assert answer.json()["detail"] == "no row of the file was held back"


def test_a_page_asks_for_news_with_the_tag_of_what_it_shows(story: Story) -> None:
    client = story.portal.client(story.steward)
    address = f"/deliveries/{story.deliveries['clicks_1.csv'].ulid}/"
    page = client.get(address)
    shown = page.content.decode()
    assert shown.index("<td>invalid_value</td>") < shown.index("<td>unknown_reference</td>")  # bad rows come first
    of_kind = client.get(f"{address}?anomaly=extra_fields").content.decode()
    assert "<td>extra_fields</td>" in of_kind
    assert "<td>invalid_value</td>" not in of_kind
    assert f'data-tag="{page["ETag"]}"'.replace('"&', "&").count("data-tag") == 1
    part = client.get(address, headers={"X-Vsf-Part": "receipt"})
    assert part.content.decode().startswith('<div class="receipt"')
    assert part["ETag"] == page["ETag"]
    same = client.get(address, headers={"X-Vsf-Part": "receipt", "If-None-Match": page["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert {answer["Cache-Control"] for answer in (page, part, same)} == {"private, no-store"}
    ulid = story.deliveries["clicks_1.csv"].ulid
    found = client.get(f"/api/v1/uploads/{ulid}")
    assert client.get(f"/api/v1/uploads/{ulid}", headers={"If-None-Match": found["ETag"]}).status_code == 304


def test_texts_are_shown_to_the_delivering_team_and_with_the_permission(story: Story) -> None:
    ulid = story.deliveries["lines.csv"].ulid
    readers = {
        "own": story.portal.account("own", "reader", team="shop"),
        "engineer": story.portal.account("dan", "engineer"),
        "personal": story.portal.account("pat", "engineer", personal=True),
    }
    shown = {name: story.portal.client(user).get(f"/deliveries/{ulid}/") for name, user in readers.items()}
    assert {name: LINES[1] in page.content.decode() for name, page in shown.items()} == {
        "own": True,
        "engineer": False,
        "personal": True,
    }
    downloads = {
        name: story.portal.client(user).get(f"/deliveries/{ulid}/bad-rows/?all=1") for name, user in readers.items()
    }
    assert {name: answer.status_code for name, answer in downloads.items()} == {
        "own": 200,
        "engineer": 403,
        "personal": 200,
    }
    stranger = story.portal.client(story.portal.account("tom", "admin", team="others", personal=True))
    assert stranger.get(f"/deliveries/{ulid}/").status_code == 404
    deliver_only = story.portal.token(story.steward, "deliver", team="shop")
    assert story.portal.client().get(f"/api/v1/uploads/{ulid}", **deliver_only).json()["rows_quarantined"] == 2


def test_findings_of_own_files_are_shown_in_the_tables_too(story: Story) -> None:
    own = story.portal.client(story.portal.account("amy", "reader", team="shop"))
    texts = {row["raw_text"] for row in own.get("/api/v1/anomalies?feed=lines").json()["items"]}
    assert texts == {LINES[1], LINES[2]}
    others = own.get("/api/v1/anomalies?feed=catalog").json()["items"]
    assert {row["reason"] for row in others} == {"(hidden)"}  # nobody of the team sent it
    engineer = story.portal.client(story.portal.account("ben", "engineer"))
    seen = engineer.get("/api/v1/anomalies?limit=1000").json()["items"]
    assert {row["raw_text"] for row in seen} <= {"(hidden)", None}


def test_a_day_lists_its_files_and_a_row_of_the_reports_leads_to_its_file(story: Story) -> None:
    client = story.portal.client(story.steward)
    listed = client.get("/deliveries/files/?feed=events&day=2019-05-20").content.decode()
    assert "2 files of events for 2019-05-20, 3 rows held back" in listed
    assert f'href="/deliveries/{story.deliveries["2019-05-20_shop.txt.gz"].ulid}/"' in listed
    row = client.get("/data/reports/files/row/?feed=events&file_name=2019-05-20_shop.txt.gz").content.decode()
    link = row.partition('<a class="button" href="')[2].partition('"')[0].replace("&amp;", "&")
    page = client.get(link, follow=True)
    assert "3 of 3 bad rows of 2019-05-20_shop.txt.gz are mended" in page.content.decode()
    assert client.get("/deliveries/files/?feed=impressions").status_code == 404


@pytest.mark.parametrize(("feed", "day"), [("events", ""), ("events", "2019-05-20"), ("clicks", "landed")])
def test_the_list_of_files_shows_the_command_and_the_curl_line_that_give_the_same(
    story: Story, feed: str, day: str
) -> None:
    if day == "landed":  # its partitions are quarters: the day is the one on which a file landed
        sql = "select cast(cast(landed_at as date) as varchar) from reports.files where feed = 'clicks' limit 1"
        day = story.home.query(sql)[0][0]
    engineer = story.portal.account(f"files-{feed}{day}", "engineer", personal=True)
    address = f"/deliveries/files/?feed={feed}{'&day=' if day else ''}{day}"
    shown = html.unescape(story.portal.client(engineer).get(address).content.decode())
    on_page = re.findall(r'<th scope="row"><a href="[^"]+">([^<]+)</a></th><td data-label="State">', shown)
    command = re.search(r"<code>(vsf query .*)</code>", shown)
    curl = re.search(r"curl -H \"Authorization: Bearer \$VSF_TOKEN\" '?http://[^/]+([^'<]+)'?<", shown)
    assert command
    assert curl
    header = story.portal.token(story.portal.fresh(engineer), "read", "personal")
    by_api = [row["file_name"] for row in story.portal.client().get(curl[1], **header).json()["items"]]
    (sql,) = shlex.split(command[1])[2:]
    by_command = [row[0] for row in story.home.query(f"select file_name from ({sql})")]
    assert sorted(by_api) == sorted(by_command) == sorted(on_page)  # some landed at the same moment
    assert on_page
