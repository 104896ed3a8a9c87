"""What a request needs of a campaign in a quarter, as bytes that are made once.

Here: the prepared form of the slots of one snapshot, made of a ScoreTable; immutable in content, so that a request that
holds one sees one snapshot and one quarter. Not here: choosing a banner (cycles.py), and sending (app.py).
"""

import hashlib
import itertools
import json
import random
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from vsf_assets.banners.score_table import Banners, ScoreTable

MARKS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
"""The mark of each banner of a slot in a visitor's token; all may stand in a cookie and in a URL."""

PREFIXES = (b"/campaigns/", b"/campaign/")
CYCLES = 4
"""Random orders of a slot, each with all its rotations: any place of any order holds each banner equally often.

More orders would fill more of the processor's cache, of which each request would find less.
"""


@dataclass(frozen=True, slots=True)
class Banner:
    """A banner of a slot.

    Attributes:
        id: banner_id as text.
        last: end of an entry of any campaign whose last banner it is.
        json: it as a JSON object.
        body: beginning of the answer that shows it, up to the token.
    """

    id: bytes
    last: bytes
    json: bytes
    body: bytes


class Slot:
    """A campaign in a quarter: its banners, and the orders of their cycles.

    Attributes:
        campaign: campaign_id.
        quarter: 1 to 4.
        key: beginning of the campaign's entry in a token; `entry` with the tag, up to the marks left.
        tag: what tells these banners from others of the campaign: quarter, number of banners, and a digest of them.
        banners: mark (a byte's number) -> banner; empty if no banner is chosen in this quarter.
        opening: beginning of an answer with several banners; `closing` is the part between them and the token.
        list_body: the answer of the list of banners; `list_etag` its strong ETag.
    """

    __slots__ = (
        *("banners", "campaign", "closing", "entry", "key", "list_body", "list_etag", "opening", "quarter", "tag"),
        *("entry_length", "next_cycle", "next_order"),
    )

    def __init__(self, campaign: int, quarter: int, chosen: Banners, snapshot: int) -> None:
        self.campaign, self.quarter = campaign, quarter
        ids = ",".join(str(banner) for banner, _ in chosen).encode()
        self.key = b"~%d." % campaign
        # With their number, so that marks of an equal tag are always marks of these banners.
        digest = urlsafe_b64encode(hashlib.sha256(ids).digest()[:3])
        self.tag = b"%d%s%s" % (quarter, MARKS[len(chosen) - 1 :][:1], digest)
        self.entry = b"%s%s." % (self.key, self.tag)
        self.entry_length = len(self.entry)
        self.opening = b'{"campaign_id": %d, "quarter": %d, "banners": [' % (campaign, quarter)
        self.closing = b'], "snapshot": %d, "visitor": "' % snapshot
        marks = MARKS[: len(chosen)]
        self.banners = {
            mark: self._banner(banner, campaign, quarter, snapshot)
            for mark, (banner, _) in zip(marks, chosen, strict=True)
        }
        orders = _orders(marks)
        self.next_order = itertools.cycle(orders).__next__
        """Returns the order of the next cycle: marks."""
        self.next_cycle = itertools.cycle([self._cycle(order) for order in orders]).__next__
        """Returns the beginning of the next cycle: its first banner, and the entry after that one."""
        listed = [
            {"banner_id": banner, "image": f"/banners/{banner}.svg", "rank": rank, "rule": rule}
            for rank, (banner, rule) in enumerate(chosen, 1)
        ]
        content = {"campaign_id": campaign, "quarter": quarter, "banners": listed, "snapshot": snapshot}
        self.list_body = json.dumps(content).encode() + b"\n"
        self.list_etag = b'"%s"' % hashlib.sha256(self.list_body).hexdigest()[:32].encode()

    def _cycle(self, order: bytes) -> tuple[Banner, bytes]:
        banner = self.banners[order[0]]
        return banner, self.entry + order[1:] + banner.last

    def _banner(self, banner: int, campaign: int, quarter: int, snapshot: int) -> Banner:
        shown = b'{"banner_id": %d, "image": "/banners/%d.svg"}' % (banner, banner)
        body = b'{"campaign_id": %d, "quarter": %d, "banner": %s, "snapshot": %d, "visitor": "'
        return Banner(
            b"%d" % banner,
            b".%d" % banner,
            shown,
            body % (campaign, quarter, shown, snapshot),
        )


def _orders(marks: bytes) -> list[bytes]:
    """Return random orders of marks."""
    # Nothing secret depends on it. Rotations make each banner equally often the first.
    chance = random.Random()  # noqa: S311
    orders = []
    for _ in range(CYCLES if len(marks) > 2 else 1):
        order = bytes(chance.sample(marks, len(marks)))
        orders += [order[place:] + order[:place] for place in range(len(marks))]
    chance.shuffle(orders)
    return orders


class Routes(dict[bytes, "Slot | None"]):
    """Raw path -> slot, in one quarter of one snapshot; `routes[path]` is None for a path that no campaign has.

    A slot is prepared when its path is first asked for, so that a new snapshot with many campaigns costs no pause.

    Attributes:
        ready: raw path -> slot, of the prepared slots that have a banner.
    """

    def __init__(self, table: ScoreTable, quarter: int) -> None:
        super().__init__()
        self.table, self.quarter = table, quarter
        self.ready: dict[bytes, Slot] = {}

    def __missing__(self, path: bytes) -> "Slot | None":
        campaign = campaign_of(path)
        chosen = self.table.campaigns.get(campaign) if campaign is not None else None
        if campaign is None or chosen is None:
            return None
        slot = Slot(campaign, self.quarter, chosen.get(self.quarter, ()), self.table.snapshot)
        for prefix in PREFIXES:
            self[b"%s%d" % (prefix, campaign)] = slot
            if slot.banners:
                self.ready[b"%s%d" % (prefix, campaign)] = slot
        return slot


def campaign_of(path: bytes) -> int | None:
    """Return the id of a path that is exactly `/campaigns/<id>` or `/campaign/<id>`, written without extra digits."""
    for prefix in PREFIXES:
        text = path.removeprefix(prefix)
        if text != path and len(text) <= 20 and text.removeprefix(b"-").isdigit():
            campaign = int(text)
            return campaign if b"%d" % campaign == text else None
    return None


class Slots:
    """All slots of one snapshot: the routes of each quarter."""

    def __init__(self, table: ScoreTable) -> None:
        self.table = table
        self.snapshot = table.snapshot
        self.quarters = {quarter: Routes(table, quarter) for quarter in range(1, 5)}
