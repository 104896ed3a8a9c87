"""Findings beyond the limit in the reports: the build's accounting holds, and the counts stand for the records.

Not here: which findings are listed (unit/test_findings_limit.py).
"""

import shutil

import pytest

from vsf_assets_tests.builds import built_directly
from vsf_assets_tests.commandline import Home

BAD = "click_id,banner_id,campaign_id\n" + "1,2,3\n" * 2 + "x,y,z\n" * 6 + "1,2\n" * 2


def test_uncounted_rows_of_a_file_are_in_the_reports_and_survive_a_rebuild(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VSF_FINDINGS_PER_FILE", "2")
    names = ",".join(f"c{number}" for number in range(32_000))
    home.drop({"clicks_1.csv": BAD, "clicks_2_bomb.csv": f"{names}\n"})
    home.load()  # with all tests of the build, also that quarantined rows have findings
    counted = home.ask(
        "select column_name, records, unlisted_records, line_number from reports.anomalies"
        " where feed = 'clicks' and records > 1 order by 1"
    )
    assert counted == [("banner_id", 4, 4, None), ("campaign_id", 4, 0, None), ("click_id", 4, 0, None)]
    quality = home.ask(
        "select partition_key, rows_read, bad_rows, kinds, worst_columns from reports.data_quality"
        " where feed = 'clicks' order by 1"
    )
    # Six rows are no numbers, two are short, one has no impression, and the one after it repeats it.
    assert quality == [
        (
            *("1", 10, 10, "invalid_value 18, missing_fields 2, duplicate_row 1, unknown_reference 1"),
            "campaign_id 8, banner_id 7, click_id 7",
        ),
        ("2", 0, 0, "unknown_header 1", ""),
    ]
    before = home.tables()
    home.lose_warehouse()
    shutil.rmtree(home.path / "snapshots")
    with built_directly():
        assert home.vsf("rebuild").exit_code == 0
    assert home.tables() == before
