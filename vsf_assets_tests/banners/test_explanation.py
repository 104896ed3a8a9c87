"""The words that explain a choice, for each scoring rule and tie.

Not here: the command (test_real_scores.py).
"""

from collections.abc import Iterator

import duckdb
import pytest

from vsf_assets.common.errors import UsageError
from vsf_assets.reports.campaign_explanation import explain_choice, ordinal

Row = tuple[int, str, int, int]
"""Banner, revenue, conversions, clicks."""


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("create schema marts")
        yield opened


def put(connection: duckdb.DuckDBPyConnection, banners: list[Row], ranks: list[tuple[int, str]]) -> None:
    """Store banners in the order of their rank, of which the first have a rank and a rule."""
    performance = ", ".join(
        f"('{banner}', 1, 2, {banner}, 50, {clicks}, {conversions}, {revenue}::decimal(38, 6))"
        for banner, revenue, conversions, clicks in banners
    )
    connection.execute(
        "create table marts.fct_banner_performance as from (values " + performance + ") as t(banner_performance_key,"
        " campaign_id, quarter, banner_id, impressions, clicks, conversions, revenue)"
    )
    scores = ", ".join(
        f"('{row[0]}', 1, 2, {rank}, {row[0]}, '{rule}')" for row, (rank, rule) in zip(banners, ranks, strict=False)
    )
    connection.execute(
        "create table marts.fct_campaign_scores as from (values " + scores + ") as t(banner_performance_key,"
        " campaign_id, quarter, rank, banner_id, rule)"
    )


def test_few_conversions_are_filled_up(connection: duckdb.DuckDBPyConnection) -> None:
    banners = [(5, "2.5", 1, 3), (9, "0", 0, 4), (2, "0", 0, 1), (3, "0", 0, 1), (8, "0", 0, 0), (7, "0", 0, 0)]
    rules = ["top_revenue", *["most_clicked"] * 3, "random"]
    put(connection, banners, list(enumerate(rules, 1)))
    found = explain_choice(connection, 1, 2)
    assert found.rule == "1 banner converted (1 to 4): they by revenue, then the most clicked, then others, to 5"
    assert [banner.why for banner in found.banners] == [
        "1st of 1 by revenue (2.500000)",
        "no conversion; 1st of 3 by clicks (4)",
        "no conversion; 2nd of 3 by clicks (1); before 3 of the same clicks by its lower id",
        "no conversion; 3rd of 3 by clicks (1)",
        "no conversion and no click; 1st in the order of the seed",
    ]
    assert (found.left_out, found.next_one) == (1, "1 have neither a conversion nor a click")


def test_ties_of_revenue_are_named(connection: duckdb.DuckDBPyConnection) -> None:
    banners = [(n, "1.5", 3 - (n > 1) - (n > 3), 9 - (n > 2)) for n in range(1, 6)]
    put(connection, banners, [(n, "top_revenue") for n in range(1, 6)])
    found = explain_choice(connection, 1, 2)
    assert found.rule == "5 banners converted (5 to 9): all of them, by revenue"
    assert [banner.why.partition("; ")[2] for banner in found.banners] == [
        "before 2 of the same revenue by more conversions",
        "before 3 of the same revenue by more clicks",
        "before 4 of the same revenue by more conversions",
        "before 5 of the same revenue by its lower id",
        "",
    ]
    assert (found.left_out, found.next_one) == (0, "")


def test_the_first_that_is_left_out_is_named(connection: duckdb.DuckDBPyConnection) -> None:
    put(connection, [(n, f"{20 - n}", 1, 1) for n in range(1, 13)], [(n, "top_revenue") for n in range(1, 11)])
    found = explain_choice(connection, 1, 2)
    assert found.rule == "12 banners converted (10 or more): the top 10 by revenue"
    assert (found.left_out, found.next_one) == (2, "11 is 11th by revenue (9.000000)")


def test_a_small_campaign_without_conversions(connection: duckdb.DuckDBPyConnection) -> None:
    put(connection, [(1, "0", 0, 2), (2, "0", 0, 0)], [(1, "most_clicked"), (2, "random")])
    found = explain_choice(connection, 1, 2)
    assert found.rule == "no banner converted: the 5 most clicked, then others; the campaign has 2 only"
    with pytest.raises(UsageError, match=r"campaign 1 has no banner in quarter 3; it has in 2$"):
        explain_choice(connection, 1, 3)
    with pytest.raises(UsageError, match="no banner is chosen for a campaign 4"):
        explain_choice(connection, 4, 1)


def test_ordinals() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 10, 11, 12, 13, 21, 101, 111)] == [
        *("1st", "2nd", "3rd", "4th", "10th", "11th", "12th", "13th", "21st", "101st", "111th")
    ]
