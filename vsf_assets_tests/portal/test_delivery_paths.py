"""Where a delivered file belongs: names that are refused, and what a sender must add.

Here: pure functions. The expected places are those of the description of the feeds.
"""

import pytest

from vsf_assets.landing.delivery_path import UnplacedFileError, check_file_name, deliverable_feeds, place_file


@pytest.mark.parametrize(
    ("name", "feed", "partition", "path"),
    [
        (
            "2019-05-20_testmdn_child_parent_rs.txt.gz",
            "",
            "",
            "events/2019-05-20/2019-05-20_testmdn_child_parent_rs.txt.gz",
        ),
        ("2019-06-01_linedim.csv", "", "", "lines/2019-06-01_linedim.csv"),
        ("clicks_1_again.csv", "", "", "clicks/1/clicks_1_again.csv"),
        ("export.csv", "clicks", "3", "clicks/3/export.csv"),
        ("clicks_1.csv", "clicks", "2", "clicks/2/clicks_1.csv"),
        ("export.txt", "events", "2019-05-20", "events/2019-05-20/export.txt"),
        ("namespaces.csv", "datasets", "my set", "datasets/my set/namespaces.csv"),
        ("people.schema.yaml", "", "", "fake_schemas/people.schema.yaml"),
        ("people_1000.request.yaml", "", "", "fake_requests/people_1000/people_1000.request.yaml"),
        ("Überblick_ß.csv", "lines", "", "lines/Überblick_ß.csv"),
    ],
)
def test_a_file_is_placed_where_its_feed_is_read(name: str, feed: str, partition: str, path: str) -> None:
    placed = place_file(name, feed, partition)
    assert placed.path == path


def test_a_file_of_a_dataset_may_have_another_name_in_the_landing_zone() -> None:
    placed = place_file("ns final.csv", "datasets", "managed", "namespaces.csv")
    assert (placed.feed, placed.partition, placed.path) == ("datasets", "managed", "datasets/managed/namespaces.csv")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../clicks_1.csv", "names a folder"),
        ("/etc/clicks_1.csv", "names a folder"),
        ("..\\clicks_1.csv", "names a folder"),
        ("C:clicks_1.csv", "names a folder"),
        ("..", "names a folder"),
        ("clicks_1\0.csv", "<U+0000>"),
        ("clicks_1\n.csv", "<U+000A>"),
        ("clicks_1\u202egpj.csv", "<U+202E>"),
        ("clicks_1\u200b.csv", "invisible"),
        ("clicks_1\ud800.csv", "invisible"),
        ("CON", "device"),
        ("nul.csv", "device"),
        ("Com1.clicks_1.csv", "device"),
        ("lpt9", "device"),
        ("clicks_1_" + "x" * 300 + ".csv", "at most 200"),
        ("é" * 110, "220 bytes"),
        (".clicks_1.csv", "hidden"),
        (".vsf-home", "hidden"),
        ("clicks_1.csv.tmp", "unfinished"),
        ("clicks_1.csv.bak", "copies of an earlier state"),
        ("clicks_1.csv.done", "mark another file"),
        (" clicks_1.csv", "space"),
        ("clicks_1.csv.", "ends with a dot"),
        ("", "empty"),
        ("  ", "empty"),
    ],
)
def test_names_that_could_do_harm_or_would_never_be_loaded_are_refused(name: str, words: str) -> None:
    with pytest.raises(UnplacedFileError) as caught:
        check_file_name(name)
    text = str(caught.value)
    assert words in text
    assert text.isprintable()
    assert len(text) < 300


@pytest.mark.parametrize(
    ("name", "feed", "partition", "missing", "words"),
    [
        ("order_lines.csv", "", "", "feed", "say which feed"),
        ("x.csv", "clicks", "", "partition", "does not tell the quarter; add it: 1, 2, 3, 4"),
        ("x.csv", "clicks", "5", "partition", "is no quarter"),
        ("x.txt", "events", "", "partition", "like 2019-05-20"),
        ("x.txt", "events", "2019-02-30", "partition", "is no day"),
        ("2019-05-20_x.txt", "events", "2019-05-21", "", "says the day 2019-05-20"),
        ("x.csv", "clik", "", "feed", "clicks"),
        ("x.jsonl", "catalog_looks", "", "feed", "fetches or writes them itself"),
        ("x.data", "catalog", "", "feed", "fetches or writes them itself"),
        ("lines.csv", "lines", "1", "", "has no partitions"),
        ("x.csv", "datasets", "a", "", "its files are namespaces.csv, columns.csv, datapoints.csv"),
        ("namespaces.csv", "datasets", "a/../b", "partition", "is no dataset"),
        ("namespaces.csv", "datasets", "old.bak", "", "would never be loaded"),
    ],
)
def test_a_refusal_says_what_to_add(name: str, feed: str, partition: str, missing: str, words: str) -> None:
    with pytest.raises(UnplacedFileError) as caught:
        place_file(name, feed, partition)
    assert words in str(caught.value)
    assert caught.value.missing == missing


def test_a_missing_partition_comes_with_the_feed_and_the_choices() -> None:
    with pytest.raises(UnplacedFileError) as caught:
        place_file("clicks.csv")
    assert (caught.value.feed, caught.value.choices) == ("clicks", ("1", "2", "3", "4"))


def test_people_deliver_files_of_the_feeds_that_are_neither_fetched_nor_written_by_the_platform() -> None:
    assert set(deliverable_feeds()) == {
        *("impressions", "clicks", "conversions", "datasets", "events", "lines", "accounts", "limits"),
        *("fake_schemas", "fake_requests"),
    }  # fmt: skip
