"""Slots are replaced while requests run: each answer is of one snapshot and one quarter.

Not here: which snapshot is loaded (test_loading.py).
"""

import sys
import threading
from itertools import cycle

import pytest

from vsf_assets.banners.prepared import Slots
from vsf_assets.banners.quarters import Quarter, quarter_at
from vsf_assets_tests.banners.driver import HOUR, Clock, app_of, ask, scores

NUMBERS = (41, 42)
TABLES = {
    number: scores(
        {
            campaign: {q: range(number * 1000 + q * 100, number * 1000 + q * 100 + 4) for q in range(1, 5)}
            for campaign in (7, 8)
        },
        number,
    )
    for number in NUMBERS
}


def test_slots_that_are_replaced_while_the_quarter_turns_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of(TABLES[41])

    def replacing(now: float, boundary: str) -> Quarter:
        monkeypatch.undo()
        app.replace(slots=Slots(TABLES[42]))  # as the other thread may do at any time
        return quarter_at(now, boundary)

    monkeypatch.setattr("vsf_assets.banners.app.quarter_at", replacing)
    assert ask(app, "/campaigns/7").json["snapshot"] == 41
    assert ask(app, "/campaigns/7").json["snapshot"] == 42


def test_no_answer_mixes_snapshots_or_quarters_while_slots_are_replaced() -> None:
    clock = Clock()
    app = app_of(TABLES[41], clock)
    is_over = threading.Event()
    swaps = 0

    def swap() -> None:
        nonlocal swaps
        for number, minute in zip(cycle((42, 41)), cycle((0, 20, 35, 50, 5)), strict=False):
            if is_over.is_set():
                return
            app.replace(slots=Slots(TABLES[number]))
            clock.now = HOUR + 60 * minute
            swaps += 1

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=swap)
    thread.start()
    try:
        seen = set()
        for number in range(200_000):
            if number > 2000 and len(seen) == 8:
                break
            path = f"/campaigns/{7 + number % 2}" + ("", "?count=3", "/banners")[number % 3]
            answer = ask(app, path)
            assert answer.status == 200
            found = answer.json
            shown = found.get("banners") or [found["banner"]]
            for banner in shown:
                assert banner["banner_id"] // 100 == found["snapshot"] * 10 + found["quarter"]
            seen.add((found["snapshot"], found["quarter"]))
    finally:
        is_over.set()
        thread.join()
        sys.setswitchinterval(before)
    assert len(seen) == 8
    assert swaps > 20
