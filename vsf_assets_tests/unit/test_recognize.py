"""Which feed and partition a path tells. Source: the campaign family's rules for names and folders."""

import pytest

from vsf_assets.feeds import all_feeds, families, recognize
from vsf_assets.feeds.by_family.catalog import file_name, listed_names, object_name
from vsf_assets.feeds.by_family.datasets import CHANGES


def reported(path: str) -> tuple[str, str | None] | None:
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
    assert reported(path) == (feed, partition)


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
    assert reported(path) == ("clicks", None)


def test_feed_folder_beats_the_name() -> None:
    assert reported("clicks/1/impressions_2.csv") == ("clicks", "1")
    assert reported("impressions/clicks/1/x.csv") == ("clicks", "1")


@pytest.mark.parametrize("path", ["readme.txt", "1/x.csv", "myclicks_1.csv", "clicksy_1.csv", "1/2/3", "click_1.csv"])
def test_other_files_are_unknown(path: str) -> None:
    assert reported(path) is None


def test_name_that_the_archive_could_not_hold_is_unknown() -> None:
    assert reported("clicks_1_" + "x" * 191) == ("clicks", "1")
    assert reported("clicks_1_" + "x" * 192) is None
    assert reported("clicks_1_" + "é" * 96) is None


def test_name_that_is_no_text_is_unknown() -> None:
    assert reported(b"clicks_1_\xff.csv".decode(errors="surrogateescape")) is None


def test_feeds_have_a_family_tables_and_a_description() -> None:
    assert [feed.name for feed in families()["campaigns"]] == ["impressions", "clicks", "conversions"]
    for feed in all_feeds().values():
        assert feed.tables and feed.description
        assert bool(feed.names) != (feed.is_fetched or bool(feed.members) or feed.name == CHANGES)


def test_a_fetched_file_lies_below_its_feed_and_profile() -> None:
    assert reported("catalog/default/clicks_1.csv") == ("catalog", "default")
    assert reported("catalog/default/20261122T101500.000001Z/clicks_1.csv") == ("catalog", "default")
    assert reported("catalog/clicks/x.data") == ("catalog", "clicks")
    assert reported("catalog_list/default/files_list.data") == ("catalog_list", "default")
    assert reported("catalog_looks/default/look.jsonl") == ("catalog_looks", "default")


@pytest.mark.parametrize("path", ["catalog/x", "catalog/1/x", "catalog/A/x", "catalog/a/b/x", "catalog/a b/x"])
def test_what_lies_elsewhere_is_of_no_profile(path: str) -> None:
    assert reported(path) == ("catalog", None)


@pytest.mark.parametrize("name", ["managed_investments", "events", "2019-05-20", "1", "Ä b", "x" * 100])
def test_a_file_of_a_dataset_lies_below_its_feed_and_the_dataset_s_name(name: str) -> None:
    assert reported(f"datasets/{name}/columns.csv") == ("datasets", name)


@pytest.mark.parametrize(
    "path",
    [
        "datasets/columns.csv",
        "datasets/a/b/columns.csv",
        "datasets/a/notes.csv",
        "datasets/a/clicks_1.csv",
        "datasets/a/COLUMNS.csv",
        "datasets/ a/columns.csv",
        "datasets/a.../columns.csv",
        "datasets/a|1/columns.csv",
        "datasets/a\nb/columns.csv",
        "datasets/" + "x" * 101 + "/columns.csv",
        "upload/datasets/a/columns.csv",
        "columns.csv",
    ],
)
def test_other_files_are_of_no_dataset(path: str) -> None:
    assert reported(path) is None


def test_only_the_first_folder_marks_a_fetched_file() -> None:
    assert reported("upload/catalog/x.data") is None
    assert reported("upload/catalog/clicks_1.csv") == ("clicks", "1")
    assert reported("catalog.json") is None


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("29c209f3.data", "29c209f3.data"),
        ("a b/ü.data", "a b%2Fü.data"),
        ("100%.data", "100%25.data"),
        ("..", "%2E."),
        (".hidden", "%2Ehidden"),
        ("x.tmp", "x%2Etmp"),
        ("x.DONE", "x%2EDONE"),
        ("x.done.data", "x.done.data"),
        ("a\\\x00\n", "a%5C%00%0A"),
    ],
)
def test_the_name_of_an_object_becomes_a_file_name_and_back(name: str, kept: str) -> None:
    assert file_name(name) == kept
    assert object_name(kept) == name


def test_a_list_is_names_by_line_without_the_blank_ones() -> None:
    assert list(listed_names("\ufeffa.data\r\n\n  \nb c.data\na.data")) == [
        (1, "a.data"),
        (4, "b c.data"),
        (5, "a.data"),
    ]
    assert list(listed_names("")) == list(listed_names("\n\n")) == []
