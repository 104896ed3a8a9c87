"""Data quality over time through `vsf run`: the shares of bad rows, and the warning when a feed departs from its own.

Not here: how the shares are counted (the unit test beside the model).
"""

import os
from datetime import UTC, datetime

from vsf_assets.config.settings import read_settings
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.prebuilt import put_built_warehouse


def land(home: Home, day: int, bad: int, good: int) -> None:
    """Let a file of clicks land on a day of May 2019."""
    rows = [f"{day}{n:03},1,7" for n in range(good)] + ["x,1,7"] * bad
    path = f"clicks_1_{day}.csv"
    home.drop({path: "\n".join(["click_id,banner_id,campaign_id", *rows, ""])})
    at = datetime(2019, 5, day, 12, tzinfo=UTC).timestamp()
    os.utime(home.landing / path, (at, at))


def test_a_feed_that_gets_worse_is_warned_of_until_it_is_better_and_a_warning_that_stands_is_not_a_new_one(
    home: Home,
) -> None:
    """Two histories in one home: the clicks get worse and better, and conversions refer to unknown clicks all along."""
    put_built_warehouse(read_settings())
    home.drop({"impressions_1.csv": "banner_id,campaign_id\n1,7\n"})
    for day, bad in ((1, 0), (2, 2), (3, 1), (4, 6)):
        land(home, day, bad, 20 - bad)
    home.drop({"conversions_1.csv": "conversion_id,click_id,revenue\n1,99,5\n"})
    first = home.vsf("run")
    assert (first.exit_code, "warning: bad_shares_are_as_usual: 1 found" in first.output) == (0, True), first.output
    unknown = "feed conversions, partition_key 1, file_name conversions_1.csv"
    assert f"warning: references_are_known: 1 found: {unknown}" in first.output
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
    second = home.vsf("run")
    assert (second.exit_code, "bad_shares_are_as_usual" in second.output) == (0, False), second.output
    assert "still, as in an earlier run: 1 warning (references_are_known)" in second.output, second.output
    assert "warning: references" not in second.output

    home.drop({"conversions_2.csv": "conversion_id,click_id,revenue\n2,98,5\n"})
    assert "warning: references_are_known: 2 found" in home.vsf("run").output
