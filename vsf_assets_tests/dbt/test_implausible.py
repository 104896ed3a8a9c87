"""Dates that cannot be: of events, limits, activations, names and files. They are reported, and spoil nothing.

Not here: single rules of the models (dbt unit tests beside them) and builds by affected days (test_incremental.py).
"""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.dbt.deliveries import FEEDS, build, built_home
from vsf_assets_tests.events import event, event_file
from vsf_assets_tests.warehouses import Home

LINES = b"MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT\n"
LIMITS = b"MTN,CUST_ACCT,LIMITING_DT,LIMIT_TYPE\n"
A, B, C = "5551000001", "5551000002", "5551000003"


def at(uuid: str, day: str, mdn: str = A) -> str:
    return event(uuid, f"{day} 10:00:00.000", mdn=mdn)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home with one of each, built with every check; tests only ask it."""
    home = built_home(tmp_path_factory.mktemp("implausible"))
    odd = [at("first", "0001-01-01"), at("last", "9999-12-31"), at("early", "2018-04-14"), at("late", "2019-05-23")]
    good = [
        at("a", "2019-05-20"),
        at("edge1", "2018-04-15", B),
        at("edge2", "2019-05-22", B),
        at("no", "9999-12-31", ""),
    ]
    home.land("2019-05-20_a.txt.gz", event_file(*odd, *good), 0)
    # Delivered years late, but judged by its name; and a day of that file is none of this one.
    home.land("2016-03-01_late.txt.gz", event_file(at("old", "2016-02-29"), at("wrong", "2019-05-20", C)), 1)
    home.land("linedim.csv", LINES + f"{A},APPLE,Retail,2019-05-20\n{B},APPLE,Retail,9999-12-31\n".encode(), 2)
    home.land("9999-01-01_linedim.csv", LINES + f"{A},ANDROID,Retail,2019-05-20\n".encode(), 3)
    limits = f"{A},ACCT00001,2019-05-01,USG\n{A},ACCT00009,0001-01-01,USG\n{A},ACCT00009,9999-12-31,USG\n"
    home.land("limitfact.csv", LIMITS + limits.encode(), 4)
    accounts = home.land("accountdim.csv", b"CUST_ACCT,SEGMENT_NAME,SVC_PLAN\nACCT00001,S,P\nACCT00009,T,P\n", 5)
    os.utime(accounts, (315619200, 315619200))  # 1980-01-02, as unpackers leave it
    home.ingest(feeds=FEEDS)
    build(home)
    return home


def test_the_calendar_runs_from_the_first_to_the_last_plausible_day(home: Home) -> None:
    days = (
        "select min(calendar_date)::text, max(calendar_date)::text, count(*) from marts.dim_dates group by is_unknown"
    )
    assert sorted(home.query(days)) == [("0001-01-01", "0001-01-01", 1), ("2016-02-29", "2019-05-22", 1179)]


def test_facts_keep_their_date_and_point_to_a_day_or_the_unknown_member(home: Home) -> None:
    facts = "select event_uuid, event_date::text, date_key::text from marts.fct_activity_events order by 2, 1"
    assert home.query(facts) == [
        ("first", "0001-01-01", "0001-01-01"),
        ("old", "2016-02-29", "2016-02-29"),
        ("early", "2018-04-14", "0001-01-01"),
        ("edge1", "2018-04-15", "2018-04-15"),
        ("a", "2019-05-20", "2019-05-20"),
        ("wrong", "2019-05-20", "0001-01-01"),
        ("edge2", "2019-05-22", "2019-05-22"),
        ("late", "2019-05-23", "0001-01-01"),
        ("last", "9999-12-31", "0001-01-01"),
    ]
    limits = "select limiting_date::text, date_key::text from marts.fct_usage_limits order by 1"
    assert home.query(limits) == [
        ("0001-01-01", "0001-01-01"),
        ("2019-05-01", "2019-05-01"),
        ("9999-12-31", "0001-01-01"),
    ]
    for fact in ("fct_activity_daily", "fct_activity_summary", "fct_daily_active_lines"):
        assert home.query(f"select count(*) from marts.{fact} where date_key = '0001-01-01'") == [(5,)], fact


def test_each_is_reported_with_what_to_do(home: Home) -> None:
    found = home.query("""
        select feed, file_name, line_number, column_name, raw_value from reports.anomalies
        where anomaly = 'implausible_value' and severity = 'warning' and reason like '%:%' order by all
    """)
    assert found == [
        ("accounts", "accountdim.csv", None, None, "1980-01-02 00:00:00"),
        ("events", "2016-03-01_late.txt.gz", 3, "event_time", "2019-05-20 10:00:00"),
        ("events", "2019-05-20_a.txt.gz", 2, "event_time", "0001-01-01 10:00:00"),
        ("events", "2019-05-20_a.txt.gz", 3, "event_time", "9999-12-31 10:00:00"),
        ("events", "2019-05-20_a.txt.gz", 4, "event_time", "2018-04-14 10:00:00"),
        ("events", "2019-05-20_a.txt.gz", 5, "event_time", "2019-05-23 10:00:00"),
        ("events", "2019-05-20_a.txt.gz", 9, "event_time", "9999-12-31 10:00:00"),
        ("limits", "limitfact.csv", 3, "LIMITING_DT", "0001-01-01"),
        ("limits", "limitfact.csv", 4, "LIMITING_DT", "9999-12-31"),
        ("lines", "9999-01-01_linedim.csv", None, None, "9999-01-01"),
        ("lines", "linedim.csv", 3, "SVC_ACT_DT", "9999-12-31"),
    ]


def test_first_days_activation_and_accounts_go_by_plausible_dates(home: Home) -> None:
    new = "select event_date::text, new_lines from marts.fct_daily_active_lines where new_lines > 0 order by 1"
    assert home.query(new) == [("2016-02-29", 1), ("2018-04-15", 1)], "A and B; all that is of C is implausible"
    limited = "first_event_date::text, last_event_date::text, active_days, activity_events"
    assert home.query(f"select {limited} from marts.fct_limited_lines") == [("2016-02-29", "2019-05-20", 2, 6)]
    early = "select event_uuid from marts.fct_activity_events where is_before_activation"
    assert home.query(early) == [("old",)], "not those of year 1 or before an activation in 9999"
    current = "select device_grouping, valid_from::text from marts.dim_lines where is_current and mtn = ?"
    assert home.query(current, A) == [("ANDROID", "0001-01-01")], "it took effect when it landed, with the list before"
    accounts = "marts.fct_activity_events join marts.dim_accounts using (account_key)"
    assert home.query(f"select distinct segment_name from {accounts} where mtn = ?", A) == [("S",)]


def test_a_changed_setting_builds_everything_again(home: Home) -> None:
    wide = Warehouse(replace(home.settings, plausible_days_before=401, plausible_days_after=3), home.warehouse.form)
    other = Home(Path(home.settings.home))
    other.warehouse = wide
    try:
        build(other)
        keys = "select event_uuid from marts.fct_activity_events where date_key = '0001-01-01' order by 1"
        assert home.query(keys) == [("first",), ("last",), ("wrong",)]
    finally:
        build(home)
