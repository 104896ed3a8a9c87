"""The repair loop from end to end: bad rows out, mended, in again, with real ingests, builds and snapshots.

Here: one story of three rounds of deliveries for a CSV feed with keys, a list of states, events and typed JSON, and
what the receipts say after each. Not here: sending the bytes (deliveries have tests of their own), so files are put
into the landing zone where an upload would put them.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.config.settings import Settings
from vsf_assets.portal.status.home_state import forget
from vsf_assets.runs.run_record import CheckFailure, recorded_run
from vsf_assets_tests.builds import build_pending
from vsf_assets_tests.catalogs import load, scan, song
from vsf_assets_tests.events import event, event_file
from vsf_assets_tests.portal.driver import Portal, restore
from vsf_assets_tests.portal.world import World
from vsf_assets_tests.prebuilt import put_built_warehouse
from vsf_assets_tests.warehouses import Home

GRANTED = ("clicks", "events", "lines", "catalog", "limits", "datasets")
FEEDS = ("clicks", "events", "lines", "limits", "datasets")
PARTS = ("namespaces", "columns", "datapoints")
HEADER = "click_id,banner_id,campaign_id"
BAD = {5: "x4", 100: "99,", 101: "100,1", 500: '499,"1', 501: "500,1,2,3", 998: "997,1.5,7", 1001: "1000,10,seven"}
"""Line -> the seven bad rows of the file of clicks; a good row on line n is click n - 1."""


def click(line: int) -> str:
    return f"{line - 1},10,7"


def name_in(answer: Any) -> str:
    """Return the name that a download has."""
    return str(answer.headers["Content-Disposition"]).partition('filename="')[2].rstrip('"')


@dataclass
class Story:
    """The home, who delivers, and what was seen: (round, name) -> receipt."""

    home: Home
    portal: Portal
    steward: Any
    deliveries: dict[str, Any] = field(default_factory=dict)
    seen: dict[tuple[int, str], dict[str, Any]] = field(default_factory=dict)
    pages: dict[tuple[int, str], str] = field(default_factory=dict)
    downloads: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    minute: int = 0

    def deliver(self, name: str, content: bytes, mends: str = "", **given: str) -> Any:
        """Deliver a file: the portal chooses its place, and it lands there."""
        from vsf_assets.portal.deliveries.begin import AnnouncedFile, Sender, begin_upload

        file = AnnouncedFile(name, len(content), mends=self.deliveries.get(mends), **given)
        return self.land(begin_upload(Sender(self.steward, self.steward.account_rights), file).delivery, content)

    def deliver_together(self, dataset: str, files: dict[str, bytes]) -> None:
        """Deliver the files of a dataset, whose own names do not matter."""
        from vsf_assets.portal.deliveries.begin import AnnouncedFile, Sender, begin_together

        announced = [
            AnnouncedFile(f"my_{part}.csv", len(content), "datasets", dataset, landing_name=f"{part}.csv")
            for part, content in files.items()
        ]
        sender = Sender(self.steward, self.steward.account_rights)
        for begun, content in zip(begin_together(sender, announced), files.values(), strict=True):
            self.land(begun.delivery, content)

    def land(self, delivery: Any, content: bytes) -> Any:
        """Put a file where its upload would, and record that it has landed."""
        from vsf_assets.portal.deliveries.models import Delivery

        name = delivery.file_name
        self.minute += 1
        landed = self.home.land(delivery.path, content, self.minute)
        at = datetime.fromtimestamp(landed.stat().st_mtime, UTC)
        digest = hashlib.sha256(content).hexdigest()
        Delivery.objects.filter(pk=delivery.pk).update(state=Delivery.LANDED, sha256=digest, landed_at=at)
        self.deliveries[name] = Delivery.objects.get(pk=delivery.pk)
        return self.deliveries[name]

    def keep_receipts(self, number: int) -> None:
        """Keep what the receipts of all deliveries say."""
        from vsf_assets.portal.receipts.file_state import forget_places

        forget_places()
        client = self.portal.client(self.steward)
        for name, delivery in self.deliveries.items():
            self.seen[number, name] = client.get(f"/api/v1/uploads/{delivery.ulid}").json()
            page = client.get(f"/deliveries/{delivery.ulid}/")
            assert page.status_code == 200
            self.pages[number, name] = " ".join(page.content.decode().split())

    def bad_rows(self, name: str) -> bytes:
        """Return the bad rows of a delivery, and keep the name of the file."""
        answer = self.portal.client(self.steward).get(f"/api/v1/uploads/{self.deliveries[name].ulid}/bad-rows.csv")
        assert answer.status_code == 200
        self.names.setdefault(name, name_in(answer))
        content = b"".join(answer.streaming_content)
        self.downloads.setdefault(name, content)
        return content

    def build(self) -> None:
        build_pending(self.home.warehouse, checked=False)


@pytest.fixture(scope="module")
def story(
    prepared_portal: tuple[Settings, Path],
    world: World,
    samples: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Story]:
    """Return the story when it is acted."""
    from django.db import connections
    from django.test import override_settings

    from vsf_assets.portal import middleware
    from vsf_assets.snapshots.pool import QueryLimits, SnapshotPool

    settings, original = prepared_portal
    restore(settings, original)
    home = Home(tmp_path_factory.mktemp("repair") / "home")
    put_built_warehouse(home.settings)
    home.landing.mkdir(parents=True, exist_ok=True)
    pool = SnapshotPool(home.settings, QueryLimits(30.0, 512 * 10**6, home.root / "portal" / "exports"))
    with pytest.MonkeyPatch.context() as patch, override_settings(VSF=home.settings):
        patch.setattr(middleware, "pool", lambda: pool)
        portal = Portal(settings, world)
        acted = Story(home, portal, portal.account("sue", "steward", team="shop"))
        _grant(acted)
        _act(acted, samples)
        yield acted
    pool.close()
    forget()
    connections.close_all()
    restore(settings, original)


def _grant(story: Story) -> None:
    from vsf_assets.portal.accounts.account_changes import set_grant
    from vsf_assets.portal.accounts.models import Team

    for feed in GRANTED:
        set_grant(Team.objects.get(name="shop"), feed, may_deliver=True)
    story.steward = story.portal.fresh(story.steward)


def _act(story: Story, samples: Path) -> None:
    folder = samples / "datasets" / "managed_investments"
    story.deliver_together("managed", {part: (folder / f"{part}.csv").read_bytes() for part in PARTS})
    _first_round(story)
    _second_round(story)
    _third_round(story)


RECORDS = [
    event("e-1", "2019-05-20 10:00:00.000", mdn="5550000001"),
    event("e-2", "yesterday", mdn="5550000002", city='"a|b\\"c"'),
    "short|row",
    event("e-4", "2019-05-20 10:00:00.000", '{"broken', mdn="5550000004"),
]
LINES = ("5550000001,ANDROID,Retail,2019-01-01", "555,APPLE,Retail,2019-01-01", "5550000003,APPLE,Direct,never")
SONGS = [song("A"), song("B", year="1999"), song("C"), {"type": "song", "data": {}}]  # type: ignore[arg-type]


def _first_round(story: Story) -> None:
    rows = [BAD.get(line, click(line)) for line in range(2, 1002)]
    story.deliver("clicks_1.csv", "\r\n".join([HEADER, *rows, ""]).encode())
    story.deliver("2019-05-20_shop.txt.gz", event_file(*RECORDS))
    story.deliver("lines.csv", "\n".join(["MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT", *LINES]).encode())
    story.deliver("clicks_2.csv", b"click,banner\n1,2\n")
    scan(story.home, {"x.data": SONGS}, 5)
    story.keep_receipts(0)
    story.home.ingest(feeds=FEEDS)
    load(story.home)
    story.keep_receipts(1)
    _break_a_build(story)
    story.keep_receipts(6)
    story.build()
    story.keep_receipts(2)


def _break_a_build(story: Story) -> None:
    """Record a build that a check kept from being published, as a broken rule does, and its message with a value."""
    with recorded_run(story.home.root, "broken", "ingest+build", ["campaigns"]) as run:
        run.files_loaded = 2
        run.failed_checks.append(CheckFailure("keys_are_unique", "the first: mtn 5550000001", "keys are unique", 2))
        run.fail("blocking check keys_are_unique: mtn 5550000001")
    forget()


def _second_round(story: Story) -> None:
    bad = story.bad_rows("clicks_1.csv").decode().split("\r\n")
    kept = [
        bad[0],
        bad[1].replace("x4", click(5)),
        bad[2].replace('99,,"', '99,10,7,"'),
        bad[3].replace("100,1,", "100,10,7,"),
    ]
    kept += [bad[4].replace('499,"1', click(500)), bad[5]]  # the fifth is sent as it was; two are left out
    story.deliver(story.names["clicks_1.csv"], "\r\n".join([*kept, ""]).encode(), mends="clicks_1.csv")

    events = story.bad_rows("2019-05-20_shop.txt.gz").decode().split("\n")
    time = events[1].replace("yesterday", "2019-05-20 11:00:00.000")
    short = events[2].replace("short|row", RECORDS[0])  # a row that was loaded before
    fixed = events[3].replace('{\\"broken', "{}").replace('"{"broken"', '"{}"')
    story.deliver(
        story.names["2019-05-20_shop.txt.gz"],
        "\n".join([events[0], time, short, fixed, ""]).encode(),
        mends="2019-05-20_shop.txt.gz",
    )

    lines = story.bad_rows("lines.csv").decode()
    lines = lines.replace("\n555,", "\n5550000002,").replace("never", "2019-02-02")
    story.deliver(story.names["lines.csv"], lines.encode(), mends="lines.csv")

    ((file_id,),) = story.home.query("select file_id from raw.files where feed = 'catalog'")
    address = f"/deliveries/files/{file_id}/bad-rows/"
    assert story.portal.client(story.steward).get(address).status_code == 403  # another team delivered it
    answer = story.portal.client(story.portal.account("eve", "engineer", personal=True)).get(address)
    records = json.loads(b"".join(answer.streaming_content))
    story.names["x.data"] = name_in(answer)
    records[0]["data"]["year"] = 1999
    records[1]["data"] = song("D")["data"]
    scan(story.home, {"x.data": SONGS, "x_mend1.data": records}, 20)
    story.deliver("2_clicks_2.csv", f"{HEADER}\n1,10,7\n".encode(), mends="clicks_2.csv", partition="2")
    story.keep_receipts(3)
    story.home.ingest(feeds=FEEDS)
    load(story.home, only=("look.jsonl", "files_list.data", "x_mend1.data"))
    story.build()
    story.keep_receipts(4)


def _third_round(story: Story) -> None:
    again = story.bad_rows("clicks_1_mend1.csv").decode()
    story.deliver(
        story.names["clicks_1_mend1.csv"], again.replace("500,1,2,3", click(501)).encode(), mends="clicks_1_mend1.csv"
    )
    rest = story.bad_rows("clicks_1.csv").decode().split("\r\n")
    assert [row.partition(',"line')[0] for row in rest[1:4]] == [BAD[501], BAD[998], BAD[1001]]
    keyed = [rest[0], rest[2].replace(BAD[998], click(998)), rest[3].replace(BAD[1001], click(1001)), ""]
    story.deliver("clicks_1_mend9.csv", "\r\n".join(keyed).encode(), mends="clicks_1.csv")
    story.home.ingest(feeds=FEEDS)
    story.build()
    story.keep_receipts(5)


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
