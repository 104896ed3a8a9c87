"""The star schema of the mobile analytics family: the samples' figures, and what late files do.

Not here: single rules of the models (dbt unit tests beside them) and how event files are read (ingest).
"""

import os
import shutil
from typing import Any

import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets_tests import events
from vsf_assets_tests.commandline import SAMPLES, Home, enter_home
from vsf_assets_tests.events import event_file
from vsf_assets_tests.prebuilt import put_built_warehouse

EVENT_SAMPLES = SAMPLES / "events"
FIRST_DAY = "2019-05-20_testmdn_child_parent_rs.txt.gz"
SECOND_DAY = "2019-05-21_testmdn_child_parent_rs.txt.gz"
BEFORE_JUNE = -100_000
"""Minutes; a state without a date in its name takes effect when it lands."""
MARTS = [
    "dim_dates",
    "dim_event_types",
    "dim_lines",
    "dim_accounts",
    "fct_activity_events",
    "fct_event_properties",
    "fct_usage_limits",
    "fct_activity_daily",
    "fct_activity_summary",
    "fct_limited_lines",
    "fct_daily_active_lines",
]


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home after one load of the samples; tests only ask it, and are skipped where there are none."""
    if not EVENT_SAMPLES.exists():
        pytest.skip(f"no samples at {SAMPLES}; set VSF_SAMPLES")
    with pytest.MonkeyPatch.context() as patch:
        home = enter_home(tmp_path_factory.mktemp("samples"), patch)
        land_samples(home)
        home.load()
    return home


def start_over(home: Home) -> None:
    shutil.rmtree(home.path)
    put_built_warehouse(read_settings())


def land(home: Home, name: str, content: bytes, minute: int) -> None:
    """Put a file into the landing zone, as landed on 2019-08-01 at a minute of the day."""
    home.drop({name: content})
    landed = 1564617600 + 60 * minute
    os.utime(home.landing / name, (landed, landed))


def land_samples(home: Home, *without: str) -> None:
    for minute, path in enumerate(sorted(EVENT_SAMPLES.iterdir())):
        if path.name not in without:
            land(home, path.name, path.read_bytes(), minute)


def event(uuid: str, time: str, properties: str = "{}") -> str:
    """Return an event of a line."""
    return events.event(uuid, time, properties, mdn="5551000001")


def marts(home: Home) -> dict[str, list[str]]:
    return {name: sorted(map(repr, home.ask(f"from marts.{name}"))) for name in MARTS}


def one(home: Home, sql: str) -> Any:
    (row,) = home.ask(sql)
    return row if len(row) > 1 else row[0]


def test_the_samples_give_the_expected_figures(samples: Home) -> None:
    ask = samples.ask
    files = "from reports.files where feed = 'events'"
    assert one(samples, f"select count(*), sum(lines_read), sum(rows_quarantined) {files}") == (2, 11, 2)
    assert one(samples, "select count(distinct (uuid, cast(event_time as date))) from raw.events") == 8
    found = "from reports.anomalies where feed = 'events'"
    assert ask(f"select anomaly, line_number {found} order by anomaly") == [
        ("duplicate_row", 5),
        ("invalid_value", 7),
        ("missing_fields", 6),
        ("unknown_reference", 4),
    ]
    assert one(samples, "select count(*), count(distinct event_uuid) from marts.fct_activity_events") == (7, 7)
    assert ask("""
        select distinct e.mtn from marts.fct_activity_events as e
        inner join marts.fct_usage_limits as l on e.mtn = l.mtn where l.limit_type = 'USG' order by 1
    """) == [("5551000001",), ("5551000003",)]
    assert ask("select mtn from marts.fct_limited_lines where limit_type = 'USG' and has_activity order by 1") == [
        ("5551000001",),
        ("5551000003",),
    ]
    by_line = "select count(*) from marts.fct_activity_events join marts.dim_lines using (line_key)"
    assert one(samples, f"{by_line} where device_grouping = 'ANDROID'") == 4
    assert one(samples, "select sum(events) from marts.fct_activity_summary where device_grouping = 'ANDROID'") == 4
    assert ask("""
        select feed, column_name, raw_value from reports.anomalies where anomaly = 'unknown_reference' order by 1
    """) == [("events", "mdn", "5559999999"), ("limits", "CUST_ACCT", "ACCT10009")]
    assert ask("select mtn from marts.fct_activity_events where is_before_activation") == [("5551000003",)]
    assert one(samples, f"{by_line} where event_date < service_activation_date") == 1
    assert one(samples, "select sum(events_before_activation) from marts.fct_activity_summary") == 1

    check_the_marts(samples)


def check_the_marts(samples: Home) -> None:
    """Check what the figures do not tell: properties, accounts of lines, retention, the calendar."""
    assert samples.ask("""
        select property_name, property_value from marts.fct_event_properties
        where property_name in ('limit', 'note', 'requestedAt', 'filters', 'cold') order by 1
    """) == [
        ("cold", "true"),
        ("filters", "3"),
        ("limit", "500,MB"),
        ("note", "a:b"),
        ("requestedAt", "2019-05-20T03:46:02Z"),
    ]
    assert one(
        samples,
        """
        select event_at::varchar, session_id, segment_name from marts.fct_activity_events
        join marts.dim_accounts using (account_key) where session_id = -1
    """,
    ) == ("2019-05-20 03:13:02.088", -1, "unknown")
    assert samples.ask("""
        select segment_name, service_plan, sum(events) from marts.fct_activity_summary group by all order by 1
    """) == [("Baby_Boomer", "Basic", 1), ("Millenials", "Premium", 2), ("unknown", "unknown", 4)]
    assert one(samples, "select count(*) from marts.fct_activity_daily where mtn = '5551000001' and events = 2") == 1
    assert samples.ask(
        "select * exclude (event_date, date_key) from marts.fct_daily_active_lines order by event_date"
    ) == [
        (3, 3, 1 / 3, None, None),
        (3, 2, None, None, None),
    ]
    days = (
        "select min(calendar_date)::text, max(calendar_date)::text, count(*) from marts.dim_dates where is_unknown = "
    )
    assert one(samples, f"{days} false") == ("2019-05-02", "2019-05-21", 20), "from the first limit to the last event"
    assert one(samples, f"{days} true") == ("0001-01-01", "0001-01-01", 1)


PROPERTIES = (
    r'{"a": "b:c,d|e \"f\" \\ é 😀 \u00e9", "n": 1.5, "b": false, "z": null, "o": {"k": [1, "x"]}, "a b": "-1"}'
)


@pytest.fixture(scope="module")
def odd_events(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with one event of all kinds of properties, and one event id on two dates; tests only ask it."""
    with pytest.MonkeyPatch.context() as patch:
        home = enter_home(tmp_path_factory.mktemp("odd"), patch)
        one_event = event("p1", "2019-05-20 01:02:03.004", properties=PROPERTIES)
        land(home, "2019-05-20_c.txt.gz", event_file(one_event), 1)
        rows = [event("u1", "2019-05-20 23:59:59.999"), event("u1", "2019-05-21 00:00:00.000")]
        land(home, f"{SECOND_DAY[:10]}_c.txt.gz", event_file(*rows), 2)
        home.load()
    return home


def test_properties_come_out_exactly(odd_events: Home) -> None:
    assert dict(odd_events.ask("select property_name, property_value from marts.fct_event_properties")) == {
        "a": 'b:c,d|e "f" \\ é 😀 é',
        "n": "1.5",
        "b": "false",
        "z": "null",
        "o": '{"k":[1,"x"]}',
        "a b": "-1",
    }


def test_a_new_state_changes_facts_from_its_date_on(home: Home) -> None:
    header = b"MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT\n"
    line = b"5551000001,ANDROID,Retail,2019-04-01\n"
    days = [event("u1", "2019-05-31 23:59:59.999"), event("u2", "2019-06-01 00:00:00.000")]
    land(home, "linedim.csv", header + line, BEFORE_JUNE)
    land(home, "2019-06-02_cohort.txt.gz", event_file(*days), 2)
    home.load(checked=False)
    channels = """
        select e.event_uuid, l.sales_channel, l.is_current, l.valid_from::text, l.valid_to::text
        from marts.fct_activity_events as e inner join marts.dim_lines as l using (line_key) order by 1
    """
    assert [row[1] for row in home.ask(channels)] == ["Retail", "Retail"]
    land(home, "2019-06-01_linedim.csv", header + line.replace(b"Retail", b"Direct"), 3)
    land(home, "2019-07-01_linedim.csv", header + line.replace(b"Retail", b"Direct"), 4)
    home.load()
    assert home.ask(channels) == [
        ("u1", "Retail", False, "0001-01-01", "2019-06-01"),
        ("u2", "Direct", True, "2019-06-01", "9999-12-31"),
    ]
    assert one(home, "select sales_channel from marts.dim_lines where mtn = '5551000001' and is_current") == "Direct"
    assert one(home, "select count(*) from marts.dim_lines where mtn = '5551000001'") == 2
    assert home.ask("select file_name, anomaly, severity from reports.anomalies where feed = 'lines'") == [
        ("2019-07-01_linedim.csv", "duplicate_file", "warning")
    ]


def test_the_second_day_may_land_first(samples: Home, home: Home) -> None:
    land_samples(home, FIRST_DAY)
    home.load(checked=False)
    assert one(home, "select count(*) from marts.fct_activity_events") == 3
    land(home, FIRST_DAY, (EVENT_SAMPLES / FIRST_DAY).read_bytes(), 60)
    home.load()
    assert marts(home) == marts(samples)


def test_a_day_again_under_another_cohort_name_doubles_nothing(home: Home) -> None:
    old = [event(f"u{n}", f"2019-05-20 0{n}:00:00.000") for n in range(4)]
    new = [event(f"v{n}", f"2019-05-20 0{n}:30:00.000") for n in range(4)]
    land(home, "2019-05-20_one.txt.gz", event_file(*old), 1)
    home.load(checked=False)
    land(home, "2019-05-20_two.txt.gz", event_file(*old[:2], *new, *old[2:]), 2)
    home.load()
    again = marts(home)
    assert one(home, "select count(*), sum(events) from marts.fct_activity_daily") == (1, 8)
    assert one(home, "select count(*) from reports.anomalies where anomaly = 'duplicate_row'") == 4
    start_over(home)
    land(home, "2019-05-20_one.txt.gz", event_file(*old, *new), 1)
    home.load(checked=False)
    assert again == marts(home)


def test_days_and_volumes_that_are_not_as_usual(home: Home) -> None:
    """Five weeks, half as much on weekends; a day is missing, one is thin, and a far future file is refused."""
    for n in range(35):
        day = f"2019-05-{n + 1:02}" if n < 31 else f"2019-06-{n - 30:02}"
        volume = {17: 0, 28: 20}.get(n, 50 if (n + 3) % 7 >= 6 or (n + 2) % 7 == 6 else 100) + n % 3
        if n != 17:
            rows = [event(f"{day}-{k}", f"{day} 10:00:00.{k:03}") for k in range(volume)]
            land(home, f"{day}_c.txt.gz", event_file(*rows), n)
    land(home, "2999-01-01_c.txt.gz", event_file(event("far", "2999-01-01 00:00:00.000")), 40)
    home.load()
    assert home.ask("select partition_key, file_name from reports.anomalies where anomaly = 'missing_partition'") == [
        ("2019-05-18", None)
    ]
    found = home.ask("select processing_date::text, observed, expected > 90, score < -3 from reports.volume_anomalies")
    assert found == [("2019-05-29", 21, True, True)]
    assert home.ask("select partition_key from reports.anomalies where anomaly = 'volume'") == [("2019-05-29",)]


def test_one_uuid_on_two_dates_is_two_events_and_a_warning(odd_events: Home) -> None:
    assert odd_events.ask("select event_uuid from marts.fct_activity_events order by 1") == [("p1",), ("u1",), ("u1",)]
    found = odd_events.ask(
        "select anomaly, column_name, line_number, severity from reports.anomalies where line_number > 0"
    )
    assert ("duplicate_key", "uuid", 3, "warning") in found
