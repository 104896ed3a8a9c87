"""Which feed and partition a path tells. Source: the campaign family's rules for names and folders."""

import pytest

from vsf_assets.feeds import all_feeds, families, recognize


def told(path: str) -> tuple[str, str | None] | None:
    found = recognize(path)
    return None if found is None else (found[0].name, found[1])


@pytest.mark.parametrize(
    ("path", "feed", "partition"),
    [
        ("clicks_1.csv", "clicks", "1"),
        ("clicks_1_again.csv", "clicks", "1"),
        ("clicks_4.csv.gz", "clicks", "4"),
        ("CLICKS_2.CSV", "clicks", "2"),
        ("2026-01-05_impressions_3.csv", "impressions", "3"),
        ("conversions_1", "conversions", "1"),
        ("2/clicks_1.csv", "clicks", "2"),
        ("2/clicks.csv", "clicks", "2"),
        ("clicks/2/part.csv", "clicks", "2"),
        ("2/clicks/part.csv", "clicks", "2"),
        ("3/2/clicks_1.csv", "clicks", "2"),
        ("clicks/clicks_3.csv", "clicks", "3"),
        ("upload/of today/clicks_3.csv", "clicks", "3"),
        ("Clicks/1/x", "clicks", "1"),
    ],
)
def test_name_and_folders_tell_feed_and_quarter(path: str, feed: str, partition: str) -> None:
    assert told(path) == (feed, partition)


@pytest.mark.parametrize(
    "path",
    [
        "clicks_12.csv",
        "clicks.csv",
        "clicks_0.csv",
        "clicks_5.csv",
        "clicks_01.csv",
        "clicks1.csv",
        "5/clicks.csv",
        "q1/clicks.csv",
    ],
)
def test_file_of_a_feed_may_tell_no_quarter(path: str) -> None:
    assert told(path) == ("clicks", None)


def test_feed_folder_beats_the_name() -> None:
    assert told("clicks/1/impressions_2.csv") == ("clicks", "1")
    assert told("impressions/clicks/1/x.csv") == ("clicks", "1")


@pytest.mark.parametrize("path", ["readme.txt", "1/x.csv", "myclicks_1.csv", "clicksy_1.csv", "1/2/3", "click_1.csv"])
def test_other_files_are_unknown(path: str) -> None:
    assert told(path) is None


def test_name_that_the_archive_could_not_hold_is_unknown() -> None:
    assert told("clicks_1_" + "x" * 191) == ("clicks", "1")
    assert told("clicks_1_" + "x" * 192) is None
    assert told("clicks_1_" + "é" * 96) is None


def test_name_that_is_no_text_is_unknown() -> None:
    assert told(b"clicks_1_\xff.csv".decode(errors="surrogateescape")) is None


def test_feeds_have_a_family_tables_and_a_description() -> None:
    assert [feed.name for feed in families()["campaigns"]] == ["impressions", "clicks", "conversions"]
    for feed in all_feeds().values():
        assert feed.tables and feed.description and feed.names
