"""A search reads the columns alone that may hold its text, and finds the same rows as one that reads them all.

Here: a small table for which learning is switched on, and searches of the portal's pages with and without it; rows that
are found in a sample, and counts that end early. Not here: how fast searches are (`make portal-load`).
"""

import random
import re
from pathlib import Path

import duckdb
import numpy as np
import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.portal.data import page_places, search_sample, searched_texts
from vsf_assets.portal.data.page_places import Place
from vsf_assets.portal.data.row_order import RowOrder
from vsf_assets.portal.data.search_sample import first_found
from vsf_assets.portal.data.searched_texts import search_for
from vsf_assets.portal.data.table_catalog import ShownColumn, ShownTable
from vsf_assets.portal.shared.open_pool import pool
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
    return ShownTable("marts", "texts", "", (), columns, (), 3000, 3000, "mobile", frozenset(), "marts.texts")


def found_by(snapshot: OpenSnapshot, text: str) -> list[int]:
    condition = search_for(snapshot, table(), NAMES, text, "$text", sees_all=True).condition
    sql = f"select rowid from marts.texts where {condition} order by rowid"
    return [place for (place,) in snapshot.query(sql, {"text": text}).rows]


def columns_read(snapshot: OpenSnapshot, text: str) -> list[str]:
    return search_for(snapshot, table(), NAMES, text, "$text", sees_all=True).conditions


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


ORDER = RowOrder(b"k" * 32, 3000)


def first(snapshot: OpenSnapshot, text: str, after: int, limit: int) -> list[Place]:
    search = search_for(snapshot, table(), NAMES, text, "$text", sees_all=True)
    return first_found(snapshot, table(), ORDER, search, text, after, limit)


@pytest.mark.usefixtures("learns")
def test_the_first_rows_of_a_search_come_from_a_sample_in_the_keyed_order(
    snapshot: OpenSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_sample, "SAMPLE_ROWS", 1500)
    sampled = {place for _, place in ORDER.page(-1, 1500)}
    for text in ("0a", "7", "f-0", "b é", "nothing"):
        places = [place for place in found_by(snapshot, text) if place in sampled]
        expected = ORDER.smallest(np.array(places, dtype=np.uint32), -1, 1500)
        assert first(snapshot, text, -1, 1500) == expected, text
        if text == "7":
            assert len(expected) > 1000  # a third of the rows would hold it by chance alone
            assert first(snapshot, text, expected[9][0], 20) == expected[10:30]


@pytest.mark.usefixtures("learns")
def test_a_sample_that_would_be_large_is_not_made(snapshot: OpenSnapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_sample, "MOST_CHARACTERS", 3000)
    assert first(snapshot, "0a", -1, 20) == []
    snapshot.cache.clear()
    monkeypatch.undo()
    assert first(snapshot, "0a", -1, 20) == []  # a small table has none either


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


WORLD_KEYS = ("0", "7", "a1", "e")


def test_a_search_of_keys_is_counted_up_to_a_number_and_lists_the_same_rows(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = portal.account("ann", "reader"), portal.account("eve", "engineer", personal=True)
    readers = [portal.client(account) for account in accounts]

    def walk(client: object, words: str) -> tuple[str, list[str]]:
        """Return the heading of the first page and of the second, and the rows of all."""
        address, lines, headings = f"?_search={words}&_limit=2", [], []
        while address:
            text = page(client, f"/data/marts/fct_activity_events/{address}")
            headings.append(heading(text))
            lines += re.findall("<tr><th.*?</tr>|<tr><td.*?</tr>", text.partition("<tbody>")[2], re.DOTALL)
            following = re.search(r'href="([^"]+)" rel="next"', text)
            address = following[1].replace("&amp;", "&") if following else ""
        assert len(set(headings)) == 1
        return headings[0], [re.sub(r'<(th|td class="line")[^>]*>.*?</\1>', "", line, count=1) for line in lines]

    before = [walk(client, words) for client in readers for words in WORLD_KEYS]
    monkeypatch.setattr(searched_texts, "FEWEST_ROWS", 1)
    monkeypatch.setattr(searched_texts, "MOST_VALUES", 1)
    monkeypatch.setattr(page_places, "MOST_COUNTED", 3)
    with pool().current() as opened:
        opened.cache.pop(("texts", "marts.fct_activity_events"), None)
    after = [walk(client, words) for client in readers for words in WORLD_KEYS]
    assert [lines for _, lines in after] == [lines for _, lines in before]
    for (counted, lines), (_, all_lines) in zip(after, before, strict=True):
        assert ("more than 3 of" in counted) == (len(all_lines) > 3), (counted, lines)
    assert any("more than" in counted for counted, _ in after)
    assert not all("more than" in counted for counted, _ in after)
    assert "event_uuid" in opened.cache["sample", "marts.fct_activity_events"]
