"""Names that more than one feed claims, and declarations that contradict each other. Not here: plain names."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from vsf_assets.feeds import all_feeds, feeds_of_name, recognize
from vsf_assets.feeds.feed import Feed
from vsf_assets.feeds.partitioning import DAYS
from vsf_assets.feeds.recognition import DeclarationError, by_name, recognition_of
from vsf_assets.landing.pending import MOST_LINES, ambiguous_lines, classify_landed
from vsf_assets.storage.entry import Entry

ORDERS = Feed(
    name="orders",
    family="orders",
    description="Orders.",
    tables=("raw.orders",),
    examples=("orders.csv",),
    not_ours=("reorders.csv",),
    names=(r"^orders",),
)


def rivals(path: str) -> list[str]:
    return [feed.name for feed in recognition_of(path, all_feeds()).rivals]


@pytest.mark.parametrize(
    ("path", "feeds"),
    [
        ("clicks_impressions_1.csv", ["clicks", "impressions"]),
        ("upload/2019-05-20_clicks_1.txt", ["clicks", "events"]),
        ("1/events_of_clicks.csv", ["clicks", "events"]),
        ("clicks_events_2.csv", ["clicks", "events"]),
        ("lines_impressions_clicks_1.csv", ["clicks", "impressions", "lines"]),
    ],
)
def test_a_name_that_two_feeds_claim_is_of_none(path: str, feeds: list[str]) -> None:
    assert recognize(path) is None
    assert sorted(rivals(path)) == feeds


@pytest.mark.parametrize(
    ("path", "feed", "partition"),
    [
        ("impressions/clicks_impressions_1.csv", "impressions", "1"),
        ("clicks/1/clicks_impressions_2.csv", "clicks", "1"),
        ("clicks/clicks_impressions_1.csv", "clicks", None),
        ("events/2019-05-20_clicks_1.txt", "events", "2019-05-20"),
        ("fake_schemas/events.schema.yaml", "fake_schemas", None),
        ("catalog/default/clicks_impressions_1.csv", "catalog", "default"),
        ("lines/lines_clicks_1.csv", "lines", None),
    ],
)
def test_a_folder_settles_an_ambiguous_name(path: str, feed: str, partition: str | None) -> None:
    found = recognize(path)
    assert found is not None
    assert (found[0].name, found[1]) == (feed, partition)
    assert rivals(path) == []


def test_only_names_that_two_feeds_claim_are_ambiguous() -> None:
    assert rivals("notes.txt") == rivals("clicks_1.csv") == rivals("clicks_impressions_" + "x" * 200) == []
    assert [feed.name for feed in feeds_of_name("clicks_impressions_1.csv")] == ["impressions", "clicks"]
    assert feeds_of_name("notes.txt") == ()


def test_an_ambiguous_file_holds_nothing_back_and_names_its_feeds() -> None:
    landed = datetime(2026, 1, 5, tzinfo=UTC)
    paths = ["clicks_events_1.csv", "a/clicks_1.csv", "notes.txt"]
    queue = classify_landed([Entry(path, 1, landed) for path in paths], set())
    assert [item.entry.path for item in queue.new] == ["a/clicks_1.csv"]
    assert [entry.path for entry in queue.unknown] == ["notes.txt"]
    assert ambiguous_lines(queue.ambiguous) == [
        "clicks_events_1.csv: its name is one of clicks and events; put it into the folder of its feed:"
        " clicks/QUARTER/clicks_events_1.csv or events/DAY/clicks_events_1.csv"
    ]
    dated = classify_landed([Entry("2019-05-20_clicks_1.txt", 1, landed)], set())
    assert ambiguous_lines(dated.ambiguous)[0].endswith(
        "its feed: clicks/2019-05-20_clicks_1.txt or events/2019-05-20_clicks_1.txt"
    )
    many = classify_landed([Entry(f"clicks_events_{number}.csv", 1, landed) for number in range(12)], set())
    lines = ambiguous_lines(many.ambiguous)
    assert (len(lines), lines[-1]) == (MOST_LINES + 1, "2 more files have names that more than one feed claims")


def test_the_declarations_agree() -> None:
    assert by_name(list(all_feeds().values())) == all_feeds()
    assert by_name([*all_feeds().values(), ORDERS])["orders"] is ORDERS


@pytest.mark.parametrize(
    ("feeds", "why"),
    [
        ((replace(ORDERS, examples=()),), "orders: give examples"),
        ((replace(ORDERS, not_ours=()),), "orders: give names in not_ours"),
        ((replace(ORDERS, examples=("order.csv",)),), "orders: it does not claim its own example order.csv"),
        ((replace(ORDERS, not_ours=("orders_2.csv",)),), "orders: it claims orders_2.csv, which it declares as not"),
        ((replace(ORDERS, not_ours=("orders_clicks_1.csv",)),), "orders: it claims orders_clicks_1.csv, which it"),
        ((replace(ORDERS, partitioning=DAYS),), "orders: it finds no day in its example orders.csv"),
        (
            (replace(ORDERS, examples=("clicks/1/orders.csv",)),),
            "orders: clicks claims its example clicks/1/orders.csv",
        ),
        ((replace(ORDERS, examples=("orders_events.txt",)),), "orders: events and orders claim its example orders_ev"),
        ((replace(ORDERS, names=("lines|orders",)),), "lines: lines and orders claim its example lines.csv"),
        ((ORDERS, replace(ORDERS, family="shop")), "orders: another feed has this name"),
    ],
)
def test_declarations_that_contradict_each_other_do_not_load(feeds: tuple[Feed, ...], why: str) -> None:
    with pytest.raises(DeclarationError, match="contradict each other") as failed:
        by_name([*all_feeds().values(), *feeds])
    assert why in str(failed.value)
