"""A home in which files are delivered, mended and delivered again, in three rounds, and what receipts said after each.

Here: the rounds, for a CSV feed with keys, a list of states, events, a dataset and typed JSON. Files are put into the
landing zone where an upload puts them. Not here: any expected value (test_repair.py).
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

    from vsf_assets.portal.shared.open_pool import pool

    settings, original = prepared_portal
    restore(settings, original)
    home = Home(tmp_path_factory.mktemp("repair") / "home")
    put_built_warehouse(home.settings)
    home.landing.mkdir(parents=True, exist_ok=True)
    with override_settings(VSF=home.settings):
        portal = Portal(settings, world)
        acted = Story(home, portal, portal.account("sue", "steward", team="shop"))
        _grant(acted)
        _act(acted, samples)
        yield acted
        pool().close()
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
