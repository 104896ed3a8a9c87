"""Which names are lists of lines, accounts and limits. Source: the rule for names in docs/feeds.md.

Not here: other feeds (test_recognize.py) and the days of events (test_mobile_contracts.py).
"""

import itertools
import re

import pytest

from vsf_assets.cli.land import _effect
from vsf_assets.feeds import feeds_of_name, recognize
from vsf_assets.feeds.by_family.mobile import FIRST_DATE, LAST_DATE
from vsf_assets.transform.dbt_paths import DBT_PROJECT

WORDS = {
    "linedim": "lines", "lines": "lines",
    "accountdim": "accounts", "accounts": "accounts",
    "limitfact": "limits", "limits": "limits",
}  # fmt: skip
DATES = ("", "2019-06-01_", "2019-06-01-")
TAILS = ("", "_2", "-2", "2", "_corrected", "-north", "2019", "_lines_of_june")
EXTENSIONS = ("", ".csv", ".CSV", ".csv.gz", ".txt", ".txt.gz")


@pytest.mark.parametrize("word", WORDS)
def test_a_list_is_the_word_with_a_date_before_and_a_tail_behind(word: str) -> None:
    for date, tail, extension in itertools.product(DATES, TAILS, EXTENSIONS):
        for name in (f"{date}{word}{tail}{extension}", f"{date}{word.upper()}{tail}{extension}"):
            assert [feed.name for feed in feeds_of_name(name)] == [WORDS[word]], name


@pytest.mark.parametrize("word", WORDS)
def test_the_word_inside_another_name_tells_nothing(word: str) -> None:
    names = [f"order_{word}.csv", f"my{word}.csv", f"{word}ville.csv", f"{word} (1).csv", f"-{word}.csv"]
    names += [f"19-06-01_{word}.csv", f"20190601_{word}.csv", f"2019-06-01{word}.csv", f"2019-06-01_all_{word}.csv"]
    assert [name for name in names if recognize(name) is not None] == []


@pytest.mark.parametrize(
    "name", ["order_lines.csv", "guidelines.csv", "phonelines.csv", "usagelimits.csv", "allaccounts.csv"]
)
def test_files_of_other_people_are_unknown(name: str) -> None:
    assert recognize(name) is None


@pytest.mark.parametrize(
    ("path", "feed", "partition"),
    [
        ("2019-05-20_lines_cohort.txt.gz", "lines", None),
        ("2019-05-20_limits2.txt", "limits", None),
        ("2019-05-20_accountdim-rs.txt.gz", "accounts", None),
        ("lines_events.csv", "lines", None),
        ("2019-05-20_linesmen.txt.gz", "events", "2019-05-20"),
        ("2019-05-20_guidelines.txt.gz", "events", "2019-05-20"),
        ("2019-05-20_order_lines.txt", "events", "2019-05-20"),
        ("2019-05-20_my_linedim.txt.gz", "events", "2019-05-20"),
        ("lines/order_lines.csv", "lines", None),
        ("lines/20260101T000000.000000Z__0123456789ab__order_lines.csv", "lines", None),
        ("clicks_1_lines.csv", "clicks", "1"),
    ],
)
def test_events_and_lists_are_told_apart_and_a_folder_decides(path: str, feed: str, partition: str | None) -> None:
    found = recognize(path)
    assert found is not None
    assert (found[0].name, found[1]) == (feed, partition)


def test_python_and_dbt_have_the_same_first_and_last_date() -> None:
    macros = (DBT_PROJECT / "macros" / "plausible_dates.sql").read_text()
    assert re.findall(r"(first|last)_plausible_date\(\) -%} date '([\d-]+)'", macros) == [
        ("first", FIRST_DATE),
        ("last", LAST_DATE),
    ]


@pytest.mark.parametrize("date", ["", "9999-01-01_", "0001-01-01_", "2019-02-30_"])
def test_land_says_that_a_list_without_a_usable_date_takes_effect_today(date: str) -> None:
    assert "takes effect today" in _effect(f"lines/{date}linedim.csv")
    assert _effect("lines/2019-06-01_linedim.csv") == ""
