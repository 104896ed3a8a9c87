"""When a file may be read: the pure decision on two looks, and what a listing leaves out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vsf_assets.landing.stability import TimedListing, split_settled, timed_listing, wait_until_settled
from vsf_assets.storage.entry import Entry
from vsf_assets.storage.local import FolderStore

T0 = datetime(2026, 1, 5, tzinfo=UTC)
FILE = Entry("clicks_1.csv", 10, T0)
GROWN = Entry("clicks_1.csv", 11, T0)
TOUCHED = Entry("clicks_1.csv", 10, T0 + timedelta(microseconds=1))
MARKED = Entry("clicks_1.csv", 11, T0, has_done=True)


@pytest.mark.parametrize(
    ("earlier", "now", "seconds", "is_stable"),
    [
        (timed_listing([FILE], 0), timed_listing([FILE], 2), 2, True),
        (timed_listing([FILE], 0), timed_listing([FILE], 1.9), 2, False),
        (timed_listing([FILE], 0), timed_listing([GROWN], 9), 2, False),
        (timed_listing([FILE], 0), timed_listing([TOUCHED], 9), 2, False),
        (timed_listing([], 0), timed_listing([FILE], 9), 2, False),
        (timed_listing([FILE], 0), timed_listing([MARKED], 0), 2, True),
        (timed_listing([], 0), timed_listing([FILE], 0), 0, True),
        (timed_listing([FILE], 5), timed_listing([FILE], 2), 2, False),
    ],
    ids=["agree", "too soon", "grown", "touched", "new", "marker", "no waiting", "clock set back"],
)
def test_file_is_stable_when_two_looks_agree_or_a_marker_says_so(
    earlier: TimedListing, now: TimedListing, seconds: float, is_stable: bool
) -> None:
    stable, unsettled = split_settled(earlier, now, seconds)
    assert (len(stable), len(unsettled)) == ((1, 0) if is_stable else (0, 1))


def test_file_that_left_is_in_neither_list() -> None:
    assert split_settled(timed_listing([FILE], 0), timed_listing([], 9), 2) == ([], [])


class Listings(FolderStore):
    """A store whose listings are scripted; the last one repeats."""

    def __init__(self, *listings: list[Entry]):
        super().__init__(Path())
        self.listings = list(listings)

    def entries(self) -> list[Entry]:
        return self.listings.pop(0) if len(self.listings) > 1 else self.listings[0]


def test_waiting_goes_on_until_two_looks_agree() -> None:
    store = Listings([FILE], [GROWN], [GROWN])
    assert wait_until_settled(store, lambda _: True, 0.01, 5) == ([GROWN], [])


def test_waiting_ends_when_the_time_is_up() -> None:
    growing = [[Entry("a", size, T0), FILE] for size in range(1000)]
    stable, unsettled = wait_until_settled(Listings(*growing), lambda _: True, 0.01, 0.1)
    assert ([e.path for e in stable], [e.path for e in unsettled]) == (["clicks_1.csv"], ["a"])


def test_files_nobody_wants_are_not_waited_for() -> None:
    assert wait_until_settled(Listings([FILE]), lambda _: False, 60, 60) == ([], [])


def test_earlier_look_saves_the_wait() -> None:
    assert wait_until_settled(Listings([FILE]), lambda _: True, 60, 0, timed_listing([FILE], 0)) == ([FILE], [])


def test_listing_leaves_out_what_is_not_a_delivery(tmp_path: Path) -> None:
    for name in ["a.csv", "sub/b.csv", "c.tmp", "d.part", ".e", ".sub/f.csv", "a.csv.done", "sub/.b.csv.x.tmp"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    found = FolderStore(tmp_path).entries()
    assert [(e.path, e.size, e.has_done) for e in found] == [("a.csv", 1, True), ("sub/b.csv", 1, False)]


def test_landing_zone_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert FolderStore(tmp_path / "none").entries() == []
