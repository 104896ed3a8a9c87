"""Incremental builds end in the tables of one full build, whatever the order and batches of deliveries.

Not here: which days a build makes again (test_affected_days.py), what the tables hold (test_star_schema.py)
and what is in which order ingested (engine/).
"""

import itertools
import random
from pathlib import Path

import pytest

from vsf_assets_tests.dbt.deliveries import FEEDS, LINES, WORLDS, ReadResult, build, built_home, deliveries, tables
from vsf_assets_tests.warehouses import Home


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Return the tables of one full build of everything, checked by every test."""
    home = Home(tmp_path_factory.mktemp("at_once"))
    for name, content, minute in itertools.chain.from_iterable(map(deliveries, WORLDS)):
        home.land(name, content, minute)
    home.ingest(feeds=FEEDS)
    build(home)
    found = tables(home)
    # The comparison would be empty talk if the cases were not there.
    made = "transform_intermediate.int_mobile"
    for world in WORLDS:
        assert len(rows_of(found, f"{made}__events_on_several_dates", f"'{world}x")) > 2
        assert len(rows_of(found, f"{made}__implausible_events", f"datetime.date(1, 1, {world + 1})")) == 3
        assert len(rows_of(found, f"{made}__repeated_events", f"'{world}")) > 10
        assert len(rows_of(found, "marts.dim_lines", f"'555{world}")) > len(LINES) + 2
    return found


def rows_of(found: dict[str, list[str]], table: str, word: str) -> list[str]:
    return [row for row in found[table] if word in row]


def batches(chance: random.Random, world: int) -> list[list[ReadResult]]:
    """Return the deliveries of a world in an order of their own, cut into two or three batches of three."""
    files = deliveries(world)
    chance.shuffle(files)
    cuts = sorted(chance.sample(range(1, len(files)), chance.randint(1, 2)))
    parts = [files[start:end] for start, end in itertools.pairwise([0, *cuts, len(files)])]
    at = sorted(chance.sample(range(3), len(parts)))
    return [parts[at.index(n)] if n in at else [] for n in range(3)]


@pytest.mark.parametrize(("seed", "again"), list(enumerate([("events", "accounts"), ("lines", "limits")])))
def test_any_order_and_batching_ends_in_the_same_tables(
    tmp_path: Path, at_once: dict[str, list[str]], seed: int, again: tuple[str, ...]
) -> None:
    """Twenty orders: in each of two homes ten worlds, each in an order and in batches of its own.

    A build costs seconds whatever it builds, so the worlds share them. As they share no day, line, account or
    id, a day that the build of one leaves stale is not made by another's. What is read again comes before the
    second build, not the last one: it makes all days of the feed again, and would repair what is stale.
    """
    chance = random.Random(seed)
    home = Home(tmp_path) if seed == 1 else built_home(tmp_path)
    for number, parts in enumerate(zip(*(batches(chance, world) for world in WORLDS), strict=True), 1):
        for name, content, minute in itertools.chain.from_iterable(parts):
            home.land(name, content, minute)
        home.ingest(feeds=FEEDS)
        if again and number == 2:
            home.ingest(feeds=again, reload="all")
        build(home)
    found = tables(home)
    assert [name for name in at_once if found[name] != at_once[name]] == []
    assert found.keys() == at_once.keys()
