"""The ready questions, which docs/analysts.md shows too, asked of a snapshot made of a few files.

Here: the files, and the answers worked out by hand. Not here: the form of the files (unit/test_ready_questions.py).
"""

import os
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from vsf_assets.ready_questions.question_files import ReadyQuestion, ready_questions
from vsf_assets_tests.attached import attached
from vsf_assets_tests.catalogs import Record, app, load, scan, song
from vsf_assets_tests.commandline import Home, enter_home
from vsf_assets_tests.docs.pages import blocks, text_of
from vsf_assets_tests.events import event, event_file
from vsf_assets_tests.warehouses import Home as CatalogHome

STATES = {
    "2019-01-01_linedim.csv": """MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT
5551000001,ANDROID,Retail,2019-04-01
5551000002,APPLE,Direct,2019-05-10
5551000003,ANDROID,Indirect,2019-03-02
""",
    "2019-05-20_linedim.csv": """MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT
5551000001,ANDROID,Direct,2019-04-01
""",
    "2019-01-01_accountdim.csv": """CUST_ACCT,SEGMENT_NAME,SVC_PLAN
ACCT10001,Millenials,Premium
ACCT10002,Baby_Boomer,Basic
""",
    "2019-05-20_accountdim.csv": """CUST_ACCT,SEGMENT_NAME,SVC_PLAN
ACCT10001,Millenials,Basic
""",
    "limitfact.csv": """MTN,CUST_ACCT,LIMITING_DT,LIMIT_TYPE
5551000001,ACCT10001,2019-05-02,USG
5551000002,ACCT10002,2019-05-03,TIME
5551000003,ACCT10002,2019-05-04,USG
""",
}
FIRST = ("e1", "2019-05-06 08:00:00.000", "5551000001", "app_open", {})
NOISY = [(f"n{n}", f"2019-05-27 10:00:0{n}.000", "5551000001", "app_open", {}) for n in range(7)]
EVENTS: dict[str, list[tuple[str, str, str, str, dict[str, str]]]] = {
    "2019-05-06": [FIRST, ("e2", "2019-05-06 09:30:00.000", "5551000002", "location_view", {"battery": "80"})],
    # The first event once more, a day late: it counts once, on its own date.
    "2019-05-07": [("e3", "2019-05-07 08:00:00.000", "5551000001", "app_open", {}), FIRST],
    "2019-05-13": [
        ("e4", "2019-05-13 08:00:00.000", "5551000002", "app_open", {}),
        ("e5", "2019-05-13 09:00:00.000", "5559999999", "app_open", {}),
    ],
    "2019-05-20": [
        ("e6", "2019-05-20 08:00:00.000", "5551000001", "location_view", {"battery": "80", "shared": "true"}),
        ("e7", "2019-05-20 09:00:00.000", "", "app_open", {}),
    ],
    "2019-05-27": NOISY,
    "2019-06-05": [("e8", "2019-06-05 08:00:00.000", "5551000001", "app_open", {})],
}
"""Processing date -> (uuid, event_time, mdn, event_type, properties as JSON values)."""

CAMPAIGNS = {
    "impressions/1/impressions_1.csv": "banner_id,campaign_id\n10,300\n10,300\n11,300\n12,300\n20,7\n",
    "clicks/1/clicks_1.csv": "click_id,banner_id,campaign_id\n1,10,300\n2,10,300\n3,11,300\nx,10,300\n",
    "conversions/1/conversions_1.csv": "conversion_id,click_id,revenue\n1,1,2.500000\n2,2,1.000000\n",
    "impressions/2/impressions_2.csv": "banner_id,campaign_id\n2000,7\n",
    "clicks/2/clicks_2.csv": "click_id,banner_id,campaign_id\n1,2000,7\n2,2000,7\n",
    "conversions/2/conversions_2.csv": "conversion_id,click_id,revenue\n1,1,4.000000\n",
}
BOOK = {"type": "book", "data": {"title": "B"}}
SCANS: dict[int, dict[str, list[Record]]] = {
    0: {
        "a.data": [song("Nelly", "N Dey Say", 2005, "Sweat"), app("A", rating=4.0), BOOK],
        "b.data": [
            app("B", size=2_000_000, rating=3.0),
            song("Ann", "Sun", 2001, "Dawn"),
            song("Ann", "Sun", 2001, "Day"),
        ],
    },
    10: {"a.data": [song("Nelly", "N Dey Say", 2005, "N Dey Say"), app("A", rating=4.0), BOOK]},
}
"""Minute after START -> the objects that a scan of the catalog found new or changed."""

FIRST_DAY, DAYS = date(2019, 5, 6), 31
NOT_DELIVERED = [
    day for day in (str(FIRST_DAY + timedelta(days=number)) for number in range(DAYS)) if day not in EVENTS
]
"""Days from the first to the last delivered one that have no file."""

MISSING = "no file of this day, though earlier and later days were delivered"
REPEATS = "repeats line 2 of 2019-05-06_cohort.txt.gz, which stands"
NOT_A_NUMBER = "click_id must be a whole number that fits 64 bits, in digits only"
DISAGREES = "release was Dawn in record 1 of b.data, which held until then; the later one stands"

ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    "banners_shown": [
        (1, 10, Decimal("3.5"), 2, 2, "top_revenue"),
        (2, 11, Decimal(0), 0, 1, "most_clicked"),
        (3, 12, Decimal(0), 0, 0, "random"),
    ],
    "revenue_by_quarter": [
        (7, Decimal(0), Decimal(4), None, None),
        (300, Decimal("3.5"), None, None, None),
    ],
    # Of 300: 3 clicks on 4 impressions, 2 of 3 sold. Of 7: 2 clicks on 2 impressions, 1 of 2 sold.
    "shown_clicked_sold": [
        (7, 2, 100.0, 50.0, Decimal(4)),
        (300, 4, 75.0, 66.67, Decimal("3.5")),
    ],
    "clicked_never_sold": [(300, 11, 1)],
    "few_converting_banners": [(7, 1, 0, 1), (7, 2, 1, 1), (300, 1, 1, 3)],
    "conversions_by_quarter": [(7, 0, 1, 0, 0, 1), (300, 2, 0, 0, 0, 2)],
    # 5551000003 has such a limit and no activity, 5551000002 has a limit of another kind.
    "limited_active_lines": [
        ("5551000001", 11, date(2019, 5, 6), date(2019, 6, 5)),
    ],
    "activity_by_device": [
        (date(2019, 5, 6), 1, 1),
        (date(2019, 5, 7), 1, 1),
        (date(2019, 5, 20), 1, 1),
        (date(2019, 5, 27), 7, 1),
        (date(2019, 6, 5), 1, 1),
    ],
    "active_before_activation": [
        ("5551000002", date(2019, 5, 10), datetime(2019, 5, 6, 9, 30), 1),  # noqa: DTZ001 - UTC times are naive
    ],
    # From the 20th on the first line is sold by another channel and its account has another plan.
    "activity_by_segment": [
        (date(2019, 5, 6), "Baby_Boomer", "Basic", "Direct", "location_view", 1),
        (date(2019, 5, 6), "Millenials", "Premium", "Retail", "app_open", 1),
        (date(2019, 5, 7), "Millenials", "Premium", "Retail", "app_open", 1),
        (date(2019, 5, 13), "Baby_Boomer", "Basic", "Direct", "app_open", 1),
        (date(2019, 5, 13), "unknown", "unknown", "unknown", "app_open", 1),
        (date(2019, 5, 20), "Millenials", "Basic", "Direct", "location_view", 1),
        (date(2019, 5, 27), "Millenials", "Basic", "Direct", "app_open", 7),
    ],
    "daily_active_lines": [
        (date(2019, 5, 6), 2, 2),
        (date(2019, 5, 7), 1, 0),
        (date(2019, 5, 13), 2, 1),
        (date(2019, 5, 20), 1, 0),
        (date(2019, 5, 27), 1, 0),
        (date(2019, 6, 5), 1, 0),
    ],
    # Of the two lines of the 6th one is back on the 7th and on June 5th, the other on the 13th.
    "daily_retention": [
        (date(2019, 5, 6), 2, 0.5, 0.5, 0.5),
        (date(2019, 5, 13), 1, 0.0, 0.0, None),
    ],
    "event_properties": [
        ("battery", "80", 2),
        ("shared", "true", 1),
    ],
    "line_history": [
        ("ANDROID", "Retail", date(2019, 4, 1), date(1, 1, 1), date(2019, 5, 20), False),
        ("ANDROID", "Direct", date(2019, 4, 1), date(2019, 5, 20), date(9999, 12, 31), True),
    ],
    "unknown_active_lines": [
        ("5559999999", 1, date(2019, 5, 13), date(2019, 5, 13)),
    ],
    # Three Mondays with 2 events each (one has no mdn and counts here), then 7: (7 - 2) / sqrt(2) = 3.5.
    "unusual_days": [
        (date(2019, 5, 27), 2.0, 7, 3.5, 3),
    ],
    # On May 6th two lines began, and one on the 13th. June 5th is a Wednesday, so its week is not over: three whole
    # weeks follow the first, two the second. 5551000002 is back in the first week, 5551000001 in the two after it.
    "weekly_retention": [
        (date(2019, 5, 6), 2, 1, 1, 0.5),
        (date(2019, 5, 6), 2, 2, 1, 0.5),
        (date(2019, 5, 6), 2, 3, 1, 0.5),
        (date(2019, 5, 13), 1, 1, 0, 0.0),
        (date(2019, 5, 13), 1, 2, 0, 0.0),
    ],
    # Of Mondays before, each with 2 events: up to three spreads, of the square root of 2 each. Others have no such day.
    "expected_events": [
        (date(2019, 5, 6), 2, None, None, None, False),
        (date(2019, 5, 7), 1, None, None, None, False),
        (date(2019, 5, 13), 2, 2.0, 0.0, 2 + 3 * 2**0.5, False),
        (date(2019, 5, 20), 2, 2.0, 0.0, 2 + 3 * 2**0.5, False),
        (date(2019, 5, 27), 7, 2.0, 0.0, 2 + 3 * 2**0.5, True),
        (date(2019, 6, 5), 1, None, None, None, False),
    ],
    "song_history": [
        (1, 2005, "Sweat", datetime(2026, 1, 5, 12, 0), datetime(2026, 1, 5, 12, 10), "a.data", 0),  # noqa: DTZ001
        (2, 2005, "N Dey Say", datetime(2026, 1, 5, 12, 10), None, "a.data", 0),  # noqa: DTZ001
    ],
    "catalog_disagreements": [
        ("b.data", 2, "release", "Day", DISAGREES),
    ],
    "apps_by_genre": [("G", 2, 1, 3.5, 1_000_002.5)],
    # One in each of the two states of a.data.
    "skipped_types": [("default", "book", 2, 1)],
    # The catalog's 9 records are 3 of each state of a.data and 3 of b.data; the two books are not loaded.
    "arrived_files": [
        ("accounts", None, 2, 2, 3, 3, 0),
        ("catalog", "default", 3, 3, 9, 7, 0),
        ("catalog_list", "default", 2, 2, 3, 3, 0),
        ("catalog_looks", "default", 2, 2, 3, 3, 0),
        ("clicks", "1", 1, 1, 4, 3, 1),
        ("clicks", "2", 1, 1, 2, 2, 0),
        ("conversions", "1", 1, 1, 2, 2, 0),
        ("conversions", "2", 1, 1, 1, 1, 0),
        *(("events", day, 1, 1, len(events), len(events), 0) for day, events in EVENTS.items()),
        ("impressions", "1", 1, 1, 5, 5, 0),
        ("impressions", "2", 1, 1, 1, 1, 0),
        ("limits", None, 1, 1, 3, 3, 0),
        ("lines", None, 2, 2, 4, 4, 0),
    ],
    "findings": sorted(
        [
            ("catalog", "default", "duplicate_key", "warning", 1, DISAGREES),
            ("clicks", "1", "invalid_value", "error", 1, NOT_A_NUMBER),
            ("events", "2019-05-07", "duplicate_row", "warning", 1, REPEATS),
            ("events", "2019-05-13", "unknown_reference", "warning", 1, "no such line was delivered; the event counts"),
            ("events", "2019-05-27", "volume", "warning", 1, "7 events where its own weekdays let expect 2.0"),
            *(("events", day, "missing_partition", "warning", 1, MISSING) for day in NOT_DELIVERED),
        ]
    ),
    "origin_of_clicks": [("clicks_2.csv", 2, 1, 2000), ("clicks_2.csv", 3, 2, 2000)],
    "bad_share_by_week": [
        (date(2019, 7, 29), "accounts", 2, 3, 0, 0.0),
        (date(2019, 7, 29), "clicks", 2, 6, 1, 16.67),
        (date(2019, 7, 29), "conversions", 2, 3, 0, 0.0),
        (date(2019, 7, 29), "events", 6, 16, 0, 0.0),
        (date(2019, 7, 29), "impressions", 2, 6, 0, 0.0),
        (date(2019, 7, 29), "limits", 1, 3, 0, 0.0),
        (date(2019, 7, 29), "lines", 2, 4, 0, 0.0),
        (date(2026, 1, 5), "catalog", 3, 7, 0, 0.0),
        (date(2026, 1, 5), "catalog_list", 2, 3, 0, 0.0),
        (date(2026, 1, 5), "catalog_looks", 2, 3, 0, 0.0),
    ],
}


def file_of(events: list[tuple[str, str, str, str, dict[str, str]]]) -> bytes:
    """Return a file of these events."""
    records = []
    for uuid, time, mdn, kind, properties in events:
        json = "{" + ", ".join(f'"{name}": {value}' for name, value in properties.items()) + "}"
        records.append(event(uuid, time, json, mdn=mdn, event_type=kind))
    return event_file(*records)


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home after one load of the files above, landed in this order; tests only ask it."""
    with pytest.MonkeyPatch.context() as patch:
        home = enter_home(tmp_path_factory.mktemp("questions"), patch)
        names = [*STATES, *(f"{day}_cohort.txt.gz" for day in EVENTS), *CAMPAIGNS]
        home.drop(
            {**STATES, **{f"{day}_cohort.txt.gz": file_of(events) for day, events in EVENTS.items()}, **CAMPAIGNS}
        )
        for minute, name in enumerate(names):
            landed = datetime.fromisoformat("2019-08-01T00:00:00+00:00").timestamp() + 60 * minute
            os.utime(home.landing / name, (landed, landed))
        catalog = CatalogHome(home.path)
        for minute, objects in SCANS.items():
            scan(catalog, objects, minute)
            load(catalog)
        home.load()
    return home


def test_every_ready_question_has_an_answer_here() -> None:
    assert list(ANSWERS) == [question.name for question in ready_questions()]


@pytest.mark.parametrize("question", ready_questions(), ids=lambda question: question.name)
def test_each_question_gets_the_answer_worked_out_by_hand(family: Home, question: ReadyQuestion) -> None:
    with attached(family.current.resolve()) as connection:
        assert connection.execute(question.sql, question.defaults).fetchall() == ANSWERS[question.name]


def test_the_page_shows_them_with_their_defaults() -> None:
    shown = blocks(text_of("docs/analysts.md"), "sql")
    assert [sql for sql in shown if sql in {q.sql_with_defaults for q in ready_questions()}] == [
        question.sql_with_defaults for question in ready_questions()
    ]


@pytest.mark.parametrize("question", [q for q in ready_questions() if q.parameters], ids=lambda question: question.name)
def test_defaults_as_literals_give_the_same(family: Home, question: ReadyQuestion) -> None:
    assert family.ask(question.sql_with_defaults) == ANSWERS[question.name]
