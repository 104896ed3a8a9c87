"""Which findings of a file are listed, and how the others are counted.

Here: the choice on real readers, against one that is made again of all findings; blocks of any size. Not here: the
findings themselves (test_checking.py, test_json_records.py) and the ledger (engine/test_bounded_findings.py).
"""

import io
import json
from collections import defaultdict
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from vsf_assets.feeds import all_feeds
from vsf_assets.readers.common.byte_stream import FileStream
from vsf_assets.readers.common.limits import SHORT_TEXT, FindingsLimit, stored, text_once
from vsf_assets.readers.common.long_texts import LONGEST_TEXT
from vsf_assets.readers.delimited import validation as checking
from vsf_assets.readers.dispatch import findings_limit, portions
from vsf_assets.readers.json import array_reader as jsonarray
from vsf_assets_tests.reading import small_blocks

KEYS = ("anomaly", "column_name", "severity", "is_quarantined")
HEADERS = {
    "clicks": (b"click_id,banner_id,campaign_id\n", ""),
    "datasets": (b"namespace_id,namespace_option_name,namespace_option_standard_name\n", "namespaces.csv"),
}
LINES = [b"1,2,3", b"x,y,z", b"1,y,3", b"1,2", b"1,2,3,4", b"", b'"', b",,3", b"\xff,2,3", b"1,\0,3", b'1,"2\n",3']


def read(feed: str, data: bytes, limit: FindingsLimit) -> tuple[pl.DataFrame, int]:
    """Return the findings of a file as they are stored, and how many records were quarantined."""
    read_ = list(
        portions(FileStream(io.BytesIO(data), "x"), all_feeds()[feed], "utf-8", HEADERS.get(feed, ("", ""))[1], limit)
    )
    frames = [stored(portion.findings) for portion in read_] + [limit.summary()]
    for portion in read_:
        assert portion.records == portion.loaded + portion.quarantined + portion.blank + portion.skipped
    return pl.concat(frames), sum(portion.quarantined for portion in read_)


def chosen(every: pl.DataFrame, most: int) -> tuple[list[Any], dict[Any, tuple[int, int]]]:
    """Choose of all findings once more: (listed ones, group -> (records, unlisted records)), row by row."""
    lines = defaultdict(list)
    for row in every.sort("line_number").to_dicts():
        group = tuple(row[key] for key in KEYS)
        if row["line_number"] not in lines[group]:
            lines[group].append(row["line_number"])
    listed = {(group, line) for group, all_lines in lines.items() for line in all_lines[:most]}
    shown = {line for _, line in listed}
    counted: dict[Any, list[int]] = {g: [len(found) - most, 0] for g, found in lines.items() if len(found) > most}
    for line in {line for found in lines.values() for line in found} - shown:
        counted[min((g for g, found in lines.items() if line in found[most:]), key=_order)][1] += 1
    rows = [r for r in every.to_dicts() if (tuple(r[key] for key in KEYS), r["line_number"]) in listed]
    return rows, {group: (records, unlisted) for group, (records, unlisted) in counted.items()}


def _order(group: tuple[Any, ...]) -> tuple[Any, ...]:
    """Order groups; a group without a column comes first."""
    return tuple((value is not None, value) for value in group)


def comparable(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(str(sorted(row.items())) for row in rows)


@pytest.mark.slow
@given(
    st.sampled_from(sorted(HEADERS)),
    st.lists(st.sampled_from(LINES), max_size=40),
    st.integers(1, 6),
    st.sampled_from([(16 << 20, 64 << 10, 1 << 17), (64, 16, 3), (200, 40, 2)]),
)
@examples(max_examples=150, deadline=None)
def test_the_first_records_of_a_kind_and_column_are_listed_whatever_the_blocks(
    feed: str, lines: list[bytes], most: int, sizes: tuple[int, int, int]
) -> None:
    header, name = HEADERS[feed]
    data = header + b"\n".join(lines)
    every, quarantined = read(feed, data, FindingsLimit())
    rows, counted = chosen(every, most)
    with small_blocks(*sizes[:2]), pytest.MonkeyPatch.context() as patch:
        patch.setattr(checking, "SLICE_ROWS", sizes[2])
        found, again = read(feed, data, findings_limit(all_feeds()[feed], name, most))
    summary = {
        tuple(row[key] for key in KEYS): (row["records"], row["unlisted_records"])
        for row in found.filter(pl.col("line_number").is_null()).to_dicts()
    }
    listed = found.filter(pl.col("line_number").is_not_null())
    assert comparable(listed.to_dicts()) == comparable(rows)
    assert summary == counted
    held = found.filter("is_quarantined")
    assert held["line_number"].drop_nulls().n_unique() + held["unlisted_records"].sum() == quarantined == again


@pytest.mark.parametrize("block", [16, 16 << 20])
def test_records_of_json_are_counted_alike(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonarray, "BLOCK", block)
    wrong = {"type": "song", "data": {"artist_name": 1, "title": 2, "year": 3, "release": "R"}}
    extra = {"type": "song", "data": {"artist_name": "A", "title": "T", "year": 1, "release": "R"}}
    records: list[Any] = [wrong] * 5
    records += [{**extra, "data": {**extra["data"], f"unknown_{n}": 1}} for n in range(5)]  # type: ignore[dict-item]
    limit = findings_limit(all_feeds()["catalog"], "x.data", 2)
    found, quarantined = read("catalog", json.dumps(records).encode(), limit)
    listed = found.filter(pl.col("line_number").is_not_null()).select("line_number", "column_name").rows()
    assert listed == [
        (0, "artist_name"),
        (0, "title"),
        (1, "artist_name"),
        (1, "title"),
        (5, "unknown_0"),
        (6, "unknown_1"),
    ]
    summary = found.filter(pl.col("line_number").is_null())
    assert summary.select("anomaly", "column_name", "records", "unlisted_records").rows() == [
        ("extra_fields", None, 3, 3),  # names of no contract are one group, however many there are
        ("invalid_value", "artist_name", 3, 3),
        ("invalid_value", "title", 3, 0),
    ]
    assert quarantined == 10
    assert "3 more records have this anomaly, the first of them on line 2: artist_name" in summary["reason"][1]


def test_a_record_of_many_defects_has_one_finding_that_counts_the_rest() -> None:
    fields = ",".join(f'"f{n}":{n}' for n in range(8000))
    data = f'[{{"type":"song","data":{{{fields}}}}}]'.encode()
    found, quarantined = read("catalog", data, FindingsLimit())
    assert (found.height, quarantined) == (21, 1)
    assert found["reason"][20] == "the record has 7,984 more defects like these; the first 20 are listed"  # 4 missing
    texts = found["raw_text"].str.len_chars().to_list()
    assert texts == [LONGEST_TEXT // 4 + 1, *[SHORT_TEXT + 1] * 20]  # as much of the text as is kept, once


def test_a_long_row_of_many_defects_is_stored_once() -> None:
    row = b"x" * 3000 + b"," + b"y" * 3000 + b",z\n"
    found, _ = read("clicks", HEADERS["clicks"][0] + row, FindingsLimit())
    assert found["raw_text"].str.len_chars().to_list() == [len(row) - 1, SHORT_TEXT + 1, SHORT_TEXT + 1]
    assert found["column_name"].to_list() == ["click_id", "banner_id", "campaign_id"]


def test_short_texts_stand_with_every_finding() -> None:
    frame = pl.DataFrame({"line_number": [2, 2, 3], "raw_text": ["a" * SHORT_TEXT, "a" * SHORT_TEXT, None]})
    assert text_once(frame).equals(frame)
