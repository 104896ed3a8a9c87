"""What a published snapshot must hold: its marts computed anew, in another form, from the files of its own ledger.

Here: files whose marts depend on each other, a fresh home with one file as its warehouse, into which exactly those are
delivered that the ledger of a snapshot names, and the comparison of all tables. Not here: who published the snapshot,
and beside what.
"""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from vsf_assets.snapshots.connect import connect_snapshot
from vsf_assets.snapshots.current import Snapshot
from vsf_assets_tests.builds import build_pending
from vsf_assets_tests.lake.kept_tables import differences, keep, keep_tables
from vsf_assets_tests.warehouses import Home, clicks, conversions

Landed = Mapping[str, tuple[bytes, int]]
"""Name of a file -> its content, and the minute at which it landed."""

FEEDS = ("clicks", "clicks", "impressions", "conversions")
"""Feeds of files that land one after another."""

BY_PLACE = {"file_id", "_file_id"}
"""Columns that number files in the order in which they were stored, which writers decide who run at once."""

PUBLISHED = "published"
"""Folder, within that of a comparison, of the snapshot's own tables."""

OF_BUILDS = ("raw.builds", "raw.published_files")
"""Tables with rows of each build, of which the fresh home makes one."""


def deliveries(count: int) -> dict[str, tuple[bytes, int]]:
    """Return files of three rows each: conversions are of clicks of other files, and these of banners and campaigns."""
    found = {}
    for number in range(count):
        feed, ids = FEEDS[number % len(FEEDS)], range(3 * number, 3 * number + 3)
        content = {
            "clicks": clicks(*ids, campaign=number % 5),
            "impressions": b"banner_id,campaign_id\n" + b"".join(b"%d,%d\n" % (10 * (i - 3), number % 5) for i in ids),
            "conversions": conversions(*(i - 9 for i in ids)),
        }[feed]
        found[f"{feed}_{number // 4 % 4 + 1}_{number}.csv"] = (content, number)
    return found


def click_ids(count: int) -> list[int]:
    """Return the ids of the clicks of that many files."""
    numbers = [number for number in range(count) if FEEDS[number % len(FEEDS)] == "clicks"]
    return [i for number in numbers for i in range(3 * number, 3 * number + 3)]


def check_recomputation(snapshot: Snapshot, landed: Landed, folder: Path) -> int:
    """Compare every table of a snapshot with that of a fresh home; return the number of files in its ledger.

    Args:
        snapshot: published by a home that took each file once.
        landed: all files that landed there; the snapshot may have been built before some of them were stored.
        folder: of this comparison.
    """
    folder.mkdir()
    published, again = folder / PUBLISHED, folder / "computed anew"
    with closing(connect_snapshot(snapshot)) as connection:
        ledger = connection.execute("select file_name, status from raw.files order by 1").fetchall()
        there = keep_tables(connection, published, without=BY_PLACE)
    names = [name for name, _ in ledger]
    assert ledger == [(name, "loaded") for name in sorted(set(names))]
    home = Home(folder / "home", LAKE="")
    for name in names:
        content, minute = landed[name]
        home.land(name, content, minute)
    home.ingest()
    assert build_pending(home.warehouse, checked=False, full=True) is not None
    assert keep(home, again, without=BY_PLACE) == there
    assert {schema for schema, _, _ in (name.partition(".") for name in there)} == {"raw", "marts", "reports"}
    assert [found for found in differences(published, again) if not found.startswith(OF_BUILDS)] == []
    return len(names)
