"""The same landed files ingested in any sequence and batching give the same tables and archive.

Ingest times and run ids excepted; findings, duplicates and broken files included.
"""

import gzip
import itertools
import random
from pathlib import Path

import pytest

from vsf_assets_tests.warehouses import Home, clicks

BAD = clicks(1, 2) + b"x,1,1\n3,\n\n"
THREE = [("clicks_1_a.csv", BAD, 0), ("clicks_1_b.csv", BAD, 1), ("clicks_1_c.csv", BAD, 2)]
MANY = [
    *THREE,
    ("2/clicks.csv", BAD, 3),
    ("clicks_1_d.csv", clicks(3), 3),
    ("1/clicks_1_a.csv", clicks(4), 0),  # same name and time as another, other content
    ("clicks_1_e.csv.gz", gzip.compress(clicks(3), mtime=0)[:-5], 4),
    ("clicks.csv", clicks(3), 5),
    ("clicks_1_f.csv", b"", 5),
]


def ingest_in_turn(root: Path, turns: list[list[tuple[str, bytes, int]]]) -> tuple[object, object]:
    home = Home(root)
    for turn in turns:
        for path, content, minute in turn:
            home.land(path, content, minute)
        home.ingest()
    assert home.landed() == []
    return home.state(), home.archived()


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[object, object]]:
    """Return what files landed together give, by their number."""
    folder = tmp_path_factory.mktemp("together")
    return {len(files): ingest_in_turn(folder / str(len(files)), [files]) for files in (THREE, MANY)}


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_three_equal_files_in_any_order(tmp_path: Path, at_once: dict, order: tuple[int, ...]) -> None:
    assert ingest_in_turn(tmp_path, [[THREE[i]] for i in order]) == at_once[len(THREE)]


@pytest.mark.parametrize("seed", range(4))
def test_many_files_in_any_order_and_batching(tmp_path: Path, at_once: dict, seed: int) -> None:
    chance = random.Random(seed)
    files = chance.sample(MANY, len(MANY))
    cuts = sorted(chance.sample(range(1, len(files)), chance.randint(1, 4)))
    turns = [files[a:b] for a, b in itertools.pairwise([0, *cuts, len(files)])]
    assert ingest_in_turn(tmp_path, turns) == at_once[len(MANY)]


def test_what_together_gives_is_what_the_rules_say(at_once: dict) -> None:
    state, _ = at_once[len(MANY)]
    statuses = sorted(row[5] for row in state["raw.files"])
    assert statuses == ["duplicate_file"] * 2 + ["loaded"] * 5 + ["unreadable"] * 2
    # clicks_1_a (BAD) and clicks_1_a (4), quarter 2 (BAD), clicks_1_d (3)
    assert sorted(row[2] for row in state["raw.clicks"]) == [1, 1, 2, 2, 3, 4]
