"""A search reads the columns alone that may hold its text, and finds the same rows as one that reads them all.

Here: a small table for which learning is switched on, and searches of the portal's pages with and without it. Not here:
how fast searches are (`make portal-load`).
"""

import random
import re
from pathlib import Path

import duckdb
import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.portal.data import searched_texts
from vsf_assets.portal.data.searched_texts import search_conditions
from vsf_assets.portal.data.table_catalog import ShownColumn, ShownTable
from vsf_assets.snapshots.pool import OpenSnapshot, QueryLimits, SnapshotPool
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.test_tables import heading, page
from vsf_assets_tests.portal.world import MARKS, PHONES

CARRIERS = ("Verizon", "T-Mobile", "İstanbul Telekom", "naïve\nTwo Lines", None)
NAMES = ("key", "carrier", "late", "free")


def rows() -> list[tuple[str, str | None, str, str]]:
    """Return a column of keys, one of few values, one whose last value has another letter, and one of free text."""
    chance = random.Random(7)
    found = []
    for number in range(3000):
        key = f"{chance.getrandbits(64):016x}-{number:04x}"
        late = "Zebra" if number == 2999 else f"{chance.getrandbits(40):010x}"
        free = "".join(chance.choice("abcdeéßXYZ 123") for _ in range(12))
        found.append((key, CARRIERS[number % len(CARRIERS)], late, free))
    return found


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> OpenSnapshot:
    home = tmp_path_factory.mktemp("texts")
    folder = home / "snapshots"
    folder.mkdir()
    with duckdb.connect(str(folder / "vsf-1.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.texts (key varchar, carrier varchar, late varchar, free varchar)")
        connection.execute("insert into marts.texts select unnest($r, recursive := true)", {"r": [
            dict(zip(NAMES, row, strict=True)) for row in rows()
        ]})  # fmt: skip
    (folder / "current.duckdb").symlink_to("vsf-1.duckdb")
    pool = SnapshotPool(read_settings({"VSF_HOME": str(home)}), QueryLimits(20.0, 10**9, Path(home) / "exports"))
    with pool.current() as opened:
        return opened


@pytest.fixture
def learns(monkeypatch: pytest.MonkeyPatch, snapshot: OpenSnapshot) -> None:
    monkeypatch.setattr(searched_texts, "FEWEST_ROWS", 1)
    monkeypatch.setattr(searched_texts, "MOST_VALUES", 1000)
    snapshot.cache.clear()


def table() -> ShownTable:
    columns = tuple(ShownColumn(name, "VARCHAR", "") for name in NAMES)
    return ShownTable("marts", "texts", "", (), columns, (), 3000, 3000, "mobile", frozenset())


def found_by(snapshot: OpenSnapshot, text: str) -> list[int]:
    conditions = search_conditions(snapshot, table(), NAMES, text, "$text")
    if not conditions:
        return []
    sql = f"select rowid from marts.texts where {' or '.join(conditions)} order by rowid"
    return [place for (place,) in snapshot.query(sql, {"text": text}).rows]


def columns_read(snapshot: OpenSnapshot, text: str) -> list[str]:
    return search_conditions(snapshot, table(), NAMES, text, "$text")


@pytest.mark.usefixtures("learns")
def test_every_search_finds_the_rows_that_reading_all_columns_finds(snapshot: OpenSnapshot) -> None:
    content = rows()
    chance = random.Random(1)
    texts = ["verizon", "t-mobile", "zebra", "zebra1", "two\nl", "\n", "\0", "é", "ß", "İ".lower(), "x y", "'", ""]
    for _ in range(40):
        value = next(value for value in chance.sample(content[chance.randrange(3000)], 4) if value)
        begin = chance.randrange(len(value))
        texts.append(value[begin : begin + chance.randint(1, 4)].lower())
    for text in texts:
        # DuckDB's lower() makes one letter of İ, Python's makes two.
        lowered = [[(value or "").replace("İ", "i").lower() for value in row] for row in content]
        expected = [place for place, row in enumerate(lowered) if any(text in value for value in row)]
        if text == "":
            expected = list(range(3000))
        assert found_by(snapshot, text) == expected, text


@pytest.mark.usefixtures("learns")
def test_columns_that_cannot_hold_the_text_are_not_read(snapshot: OpenSnapshot) -> None:
    late, free = 'contains(lower("late"), $text)', 'contains(lower("free"), $text)'  # always read: letters of any kind
    assert columns_read(snapshot, "verizon") == ['contains(lower("carrier"), $text)', late, free]
    assert columns_read(snapshot, "zebra") == [late, free]
    assert columns_read(snapshot, "0f-0") == ['contains("key", $text)', late, free]


@pytest.mark.usefixtures("learns")
def test_a_letter_that_only_the_last_row_has_is_found(snapshot: OpenSnapshot) -> None:
    assert found_by(snapshot, "zebra") == [2999]


@pytest.mark.usefixtures("learns")
def test_without_time_to_learn_all_columns_are_read(snapshot: OpenSnapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searched_texts, "_SHARE", 1e-9)
    assert len(columns_read(snapshot, "zebra")) == len(NAMES)
    monkeypatch.undo()
    assert len(columns_read(snapshot, "zebra")) == len(NAMES)  # a table of few rows


SEARCHES = ("script", "e", "zzz", "0a", "samsung", PHONES[0], MARKS[3])


def test_pages_show_the_same_rows_when_the_portal_has_learned(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = portal.account("ann", "reader"), portal.account("eve", "engineer", personal=True)
    readers = [portal.client(account) for account in accounts]
    address = "/data/marts/fct_activity_events/?_search="

    def shown() -> list[tuple[str, list[str]]]:
        return [
            (heading(text), re.findall("<tbody>.*?</tbody>", text, re.DOTALL))
            for client in readers
            for text in (page(client, f"{address}{words}") for words in SEARCHES)
        ]

    before = shown()
    assert len({text for text, _ in before}) > 3
    monkeypatch.setattr(searched_texts, "FEWEST_ROWS", 1)
    assert shown() == before
