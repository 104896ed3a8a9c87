"""What a visitor sees: each banner once per cycle, never one twice in a row, all equally often.

Not here: the form of answers (test_answers.py), and real scores (test_real_scores.py).
"""

import random
from collections import Counter
from itertools import pairwise

import pytest

from vsf_assets.banners.cycles import next_banner, next_banners
from vsf_assets.banners.prepared import Slot, Slots
from vsf_assets.banners.visitor_tokens import LONGEST_ENTRIES
from vsf_assets_tests.banners.driver import Clock, Visitor, app_of, ask, scores

TEN = scores({7: dict.fromkeys(range(1, 5), range(101, 111))})


def slot_of(banners: range, campaign: int = 7, snapshot: int = 41) -> Slot:
    slot = Slots(scores({campaign: {1: banners}}, snapshot)).quarters[1][b"/campaigns/%d" % campaign]
    assert slot is not None
    return slot


def walk(slot: Slot, steps: int, entries: bytes = b"") -> list[int]:
    seen = []
    for _ in range(steps):
        banner, others, own = next_banner(slot, entries)
        entries = others + own
        seen.append(int(banner.id))
    return seen


def has_no_repeat(seen: list[int]) -> bool:
    return all(first != second for first, second in pairwise(seen))


@pytest.mark.parametrize("way", ["cookie", "header", "query"])
def test_no_visitor_sees_a_banner_twice_in_a_row_however_the_token_travels(way: str) -> None:
    app = app_of(TEN)
    for _ in range(20):
        visitor = Visitor(app, way)
        seen = [visitor.see(7) for _ in range(60)]
        assert has_no_repeat(seen)
        assert all(set(seen[n : n + 10]) == set(range(101, 111)) for n in range(0, 60, 10))


@pytest.mark.parametrize("size", [2, 3, 4, 5, 10])
def test_a_thousand_visitors_see_each_banner_once_per_cycle_and_all_equally_often(size: int) -> None:
    slot, shown = slot_of(range(size)), Counter[int]()
    for _ in range(1000 if size == 10 else 100):
        seen = walk(slot, 200)
        assert has_no_repeat(seen)
        assert all(len(set(seen[n : n + size])) == size for n in range(0, 200 - size, size))
        shown.update(seen)
    mean = shown.total() / size
    assert all(abs(count - mean) <= 0.03 * mean for count in shown.values())


def test_visitors_who_come_once_or_a_few_times_see_all_banners_equally_often() -> None:
    slot, chance = slot_of(range(10)), random.Random(3)
    for most in (1, 2, 7):
        shown = Counter(banner for _ in range(30_000) for banner in walk(slot, chance.randint(1, most)))
        mean = shown.total() / 10
        assert all(abs(count - mean) <= 0.03 * mean for count in shown.values()), (most, shown)


def test_orders_differ_between_visitors() -> None:
    slot = slot_of(range(10))
    orders = {tuple(walk(slot, 10)) for _ in range(60)}
    assert len(orders) > 25


def test_a_campaign_with_one_banner_shows_it_always() -> None:
    assert walk(slot_of(range(1)), 5) == [0] * 5


def test_campaigns_that_share_banners_keep_their_cycles_and_seldom_repeat_across() -> None:
    table = scores({campaign: {1: range(100 + campaign, 110 + campaign)} for campaign in range(1, 9)})
    app, chance = app_of(table), random.Random(5)
    repeats = 0
    for _ in range(15):
        visitor, by_campaign = Visitor(app), dict[int, list[int]]()
        for _ in range(200):
            campaign = chance.randint(1, 8)
            by_campaign.setdefault(campaign, []).append(visitor.see(campaign))
        for seen in by_campaign.values():
            assert has_no_repeat(seen)
            assert all(len(set(seen[n : n + 10])) == 10 for n in range(0, len(seen) - 9, 10))
        repeats += sum(first == second for first, second in pairwise(visitor.seen))
    # Without care 3,000 answers of such campaigns would repeat about 200 times; the last of a cycle has no alternative.
    assert repeats < 60


def test_the_last_banner_is_not_repeated_when_quarter_or_snapshot_change() -> None:
    clock = Clock()
    app = app_of(TEN, clock)
    for number in range(200):
        visitor = Visitor(app)
        for _ in range(1 + number % 12):
            visitor.see(7)
        if number % 2:
            clock.now += 900
        else:
            app.replace(slots=Slots(scores({7: dict.fromkeys(range(1, 5), range(105 - number % 3, 112))}, number)))
        visitor.see(7)
        visitor.see(7)
        assert has_no_repeat(visitor.seen)


def test_an_equal_list_in_a_new_snapshot_goes_on_with_the_cycle() -> None:
    app = app_of(TEN)
    visitor = Visitor(app)
    seen = [visitor.see(7) for _ in range(4)]
    app.replace(slots=Slots(scores({7: dict.fromkeys(range(1, 5), range(101, 111))}, 42)))
    assert set(seen) | {visitor.see(7) for _ in range(6)} == set(range(101, 111))


@pytest.mark.parametrize("before", range(1, 65, 7))
def test_marks_of_other_banners_are_never_taken_for_those_of_a_slot(before: int) -> None:
    _, _, entries = next_banner(slot_of(range(before)), b"")
    for now in range(1, 65):
        if now != before:
            _, others, own = next_banner(slot_of(range(now)), entries)
            assert (others, len(own.split(b".")[2])) == (b"", now - 1)  # a new cycle


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 9, 10, 11, 1000])
def test_count_gives_different_banners_and_keeps_the_cycle(count: int) -> None:
    slot, entries, last, all_seen = slot_of(range(10)), b"", None, []
    for _ in range(60):
        banners, entries = next_banners(slot, entries, count)
        ids = [int(banner.id) for banner in banners]
        assert len(set(ids)) == len(ids) == min(count, 10)
        assert ids[0] != last
        last = ids[-1]
        all_seen += ids
    assert all(len(set(all_seen[n : n + 10])) == 10 for n in range(0, len(all_seen) - 9, 10))


def test_count_and_single_requests_mix() -> None:
    app, chance = app_of(TEN), random.Random(9)
    token, last, seen = "", None, []
    for _ in range(300):
        count = chance.choice([None, 1, 2, 3, 6])
        query = f"?visitor={token}" + (f"&count={count}" if count else "")
        answer = ask(app, f"/campaigns/7{query}").json
        shown = [banner["banner_id"] for banner in answer["banners"]] if count else [answer["banner"]["banner_id"]]
        assert len(set(shown)) == len(shown) == (count or 1)
        assert shown[0] != last
        token, last = answer["visitor"], shown[-1]
        seen += shown
    assert all(len(set(seen[n : n + 10])) == 10 for n in range(0, len(seen) - 9, 10))


def round_of_campaigns(campaigns: int, rounds: int) -> list[list[int]]:
    """Return what a visitor sees of each campaign who asks for all of them in turn; ids like those of the demo."""
    table = scores({100 * number: {1: range(1000 * number, 1000 * number + 10)} for number in range(1, campaigns + 1)})
    visitor = Visitor(app_of(table))
    turns = [[visitor.see(100 * number) for number in range(1, campaigns + 1)] for _ in range(rounds)]
    return [list(seen) for seen in zip(*turns, strict=True)]


def test_a_visitor_of_fifty_campaigns_keeps_the_cycles_of_all() -> None:
    for seen in round_of_campaigns(50, 30):
        assert has_no_repeat(seen)
        assert all(len(set(seen[n : n + 10])) == 10 for n in range(0, 30, 10))


def test_a_visitor_of_a_hundred_campaigns_sees_no_banner_twice_in_a_row() -> None:
    assert all(has_no_repeat(seen) for seen in round_of_campaigns(100, 20))


def test_a_visitor_of_very_many_campaigns_has_a_token_of_bounded_length() -> None:
    huge = 9_223_372_036_854_775_000
    table = scores({huge + n: {1: range(huge - 70, huge)} for n in range(120)})
    visitor = Visitor(app_of(table))
    for number in range(120):
        visitor.see(huge + number)
        assert len(visitor.token) <= LONGEST_ENTRIES + 30
    page = ask(visitor.app, f"/campaigns/{huge}?visitor={visitor.token}", headers=[("accept", "text/html")])
    assert sum(len(name) + len(value) + 4 for name, value in page.headers) < 4000  # proxies take 4 KiB
    recent = [visitor.see(huge + 119) for _ in range(64)]
    assert len({visitor.seen[119], *recent[:63]}) == 64
