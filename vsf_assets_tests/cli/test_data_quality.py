"""Data quality over time through `vsf run`: the shares of bad rows, and the warning when a feed departs from its own.

Not here: how the shares are counted (the unit test beside the model).
"""

import os
from datetime import UTC, datetime

from vsf_assets_tests.commandline import Home


def land(home: Home, day: int, bad: int, good: int) -> None:
    """Let a file of clicks land on a day of May 2019."""
    rows = [f"{day}{n:03},1,7" for n in range(good)] + ["x,1,7"] * bad
    path = f"clicks_1_{day}.csv"
    home.drop({path: "\n".join(["click_id,banner_id,campaign_id", *rows, ""])})
    at = datetime(2019, 5, day, 12, tzinfo=UTC).timestamp()
    os.utime(home.landing / path, (at, at))


def test_a_feed_that_gets_worse_is_warned_of_until_it_is_better(home: Home) -> None:
    home.drop({"impressions_1.csv": "banner_id,campaign_id\n1,7\n"})
    for day, bad in ((1, 0), (2, 2), (3, 1), (4, 6)):
        land(home, day, bad, 20 - bad)
    done = home.vsf("run")
    assert (done.exit_code, "warning: bad_shares_are_as_usual: 1 found" in done.output) == (0, True), done.output
    assert home.ask(
        "select landed_date::text, rows_read, rows_quarantined, bad_rows, bad_share, usual_share, kinds, worst_columns"
        " from reports.data_quality where feed = 'clicks' order by 1"
    ) == [
        ("2019-05-01", 20, 0, 0, 0.0, None, "", ""),
        ("2019-05-02", 20, 2, 2, 0.1, 0.0, "invalid_value 2", "click_id 2"),
        ("2019-05-03", 20, 1, 1, 0.05, 0.05, "invalid_value 1", "click_id 1"),
        ("2019-05-04", 20, 6, 6, 0.3, 0.05, "invalid_value 6", "click_id 6"),
    ]
    land(home, 5, 1, 19)
    done = home.vsf("run")
    assert (done.exit_code, "bad_shares_are_as_usual" in done.output) == (0, False), done.output


def test_a_warning_that_stands_is_not_told_as_a_new_one(home: Home) -> None:
    home.drop({"impressions_1.csv": "banner_id,campaign_id\n1,7\n"})
    home.drop({"clicks_1.csv": "click_id,banner_id,campaign_id\n1,2,7\n"})
    first = home.vsf("run").output
    assert "warning: references_are_known: 1 found: feed clicks, partition_key 1, file_name clicks_1.csv" in first
    home.drop({"impressions_2.csv": "banner_id,campaign_id\n5,7\n"})
    second = home.vsf("run").output
    assert "still, as in an earlier run: 1 warning (references_are_known)" in second, second
    assert "warning: references" not in second
    home.drop({"clicks_2.csv": "click_id,banner_id,campaign_id\n2,9,7\n"})
    assert "warning: references_are_known: 2 found" in home.vsf("run").output
