"""The same content twice: what counts, what is recorded, whichever comes first.

Here: deliveries of equal bytes. Not here: rows that repeat inside or across files (dbt settles them).
"""

import gzip

import pytest

from vsf_assets_tests.warehouses import Home, clicks, conversions

pytestmark = pytest.mark.both_forms

STATUS = "file_name, status, lines_read, rows_loaded, rows_quarantined, rows_blank"


def test_same_content_under_another_name_adds_nothing(home: Home) -> None:
    home.land("clicks_1.csv", clicks(1, 2))
    home.ingest()
    rows = home.query("from raw.clicks order by all")
    home.land("clicks_1_again.csv", clicks(1, 2), minute=5)
    home.ingest()
    assert home.query("from raw.clicks order by all") == rows
    assert home.files(STATUS) == [
        ("clicks_1.csv", "loaded", 2, 2, 0, 0),
        ("clicks_1_again.csv", "duplicate_file", 0, 0, 0, 0),
    ]
    assert len(home.archived()) == 2


def test_same_file_landed_again_later_is_a_delivery_of_its_own(home: Home) -> None:
    for minute in (0, 5):
        home.land("clicks_1.csv", clicks(1), minute)
        home.ingest()
    assert home.files("status, rows_loaded") == [("loaded", 1), ("duplicate_file", 0)]
    assert len(home.archived()) == 2


def test_duplicate_that_landed_earlier_takes_the_rows_over(home: Home) -> None:
    broken = clicks(1) + b"x,1,1\n\n"
    home.land("clicks_1_late.csv", broken, minute=9)
    home.ingest()
    home.land("clicks_1_early.csv", broken, minute=2)
    home.ingest()
    assert home.files(STATUS) == [
        ("clicks_1_early.csv", "loaded", 3, 1, 1, 1),
        ("clicks_1_late.csv", "duplicate_file", 0, 0, 0, 0),
    ]
    assert home.findings() == [("clicks_1_early.csv", 3, "invalid_value", "click_id")]
    assert home.query("select distinct file_name from raw.clicks join raw.files on _file_id = file_id") == [
        ("clicks_1_early.csv",)
    ]


def test_same_bytes_in_another_quarter_are_loaded(home: Home) -> None:
    home.land("1/clicks.csv", clicks(1))
    home.land("2/clicks.csv", clicks(1))
    home.ingest()
    assert home.files("partition_key, status") == [("1", "loaded"), ("2", "loaded")]
    assert home.click_ids() == [1, 1]


def test_same_rows_in_other_bytes_are_loaded(home: Home) -> None:
    home.land("clicks_1.csv", clicks(1))
    home.land("clicks_1.csv.gz", gzip.compress(clicks(1)), minute=1)
    home.ingest()
    assert home.files("status") == [("loaded",), ("loaded",)]


@pytest.mark.parametrize("content", [b"", b"click_id,banner_id,campaign_id\n"])
def test_empty_content_twice_is_a_duplicate_too(home: Home, content: bytes) -> None:
    home.land("clicks_1.csv", content)
    home.land("clicks_1_b.csv", content, minute=1)
    home.ingest()
    assert home.files("status") == [("loaded",), ("duplicate_file",)]
    assert home.findings() == [("clicks_1.csv", None, "empty_file", None)]


def test_unreadable_content_twice_is_unreadable_twice(home: Home) -> None:
    home.land("clicks_1.csv", b"nothing\n")
    home.land("clicks_1_b.csv", b"nothing\n", minute=1)
    home.ingest()
    assert home.files("status") == [("unreadable",), ("unreadable",)]
    assert [row[:3] for row in home.findings()] == [
        ("clicks_1.csv", 1, "unknown_header"),
        ("clicks_1_b.csv", 1, "unknown_header"),
    ]


def test_one_delivery_seen_at_two_places_is_one_delivery(home: Home) -> None:
    home.land("1/clicks_1.csv", clicks(1))
    home.land("clicks/1/clicks_1.csv", clicks(1))
    home.ingest()
    assert home.files("status") == [("loaded",)]
    assert (home.landed(), len(home.archived())) == ([], 1)


def test_equal_names_times_and_sizes_with_other_content_are_two_deliveries(home: Home) -> None:
    home.land("1/clicks_1.csv", clicks(1))
    home.land("clicks/1/clicks_1.csv", clicks(2))
    home.ingest()
    assert home.files("status") == [("loaded",), ("loaded",)]
    assert home.click_ids() == [1, 2]
    assert (home.landed(), len(home.archived())) == ([], 2)


def test_duplicates_in_one_feed_do_not_touch_another(home: Home) -> None:
    home.land("conversions_1.csv", conversions(1))
    home.land("clicks_1.csv", conversions(1))
    home.ingest()
    assert sorted(home.files("feed, status")) == [("clicks", "unreadable"), ("conversions", "loaded")]
