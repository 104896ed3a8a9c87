"""The questions about mobile analytics in docs/analysts.md, asked of a snapshot made of a few files.

Here: the files, and the answers worked out by hand. Not here: what other queries of the page ask of
(test_vocabulary_pages.py holds them against the data dictionary).
"""

import os
import re
from datetime import date, datetime
from typing import Any

import pytest

from vsf_assets_tests.commandline import Home, enter_home
from vsf_assets_tests.docs.pages import blocks, text_of
from vsf_assets_tests.events import event, event_file

SECTION = text_of("docs/analysts.md").split("## Questions about mobile analytics\n")[1].split("\n## ")[0]
QUESTIONS = re.findall(r"^\*\*(.+?)\*\*", SECTION, re.MULTILINE)

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

ANSWERS: dict[str, list[tuple[Any, ...]]] = {
    # 5551000003 has such a limit and no activity, 5551000002 has a limit of another kind.
    "Which lines have activity and a usage limit?": [
        ("5551000001", 11, date(2019, 5, 6), date(2019, 6, 5)),
    ],
    "How much activity is there on Android lines, day by day?": [
        (date(2019, 5, 6), 1, 1),
        (date(2019, 5, 7), 1, 1),
        (date(2019, 5, 20), 1, 1),
        (date(2019, 5, 27), 7, 1),
        (date(2019, 6, 5), 1, 1),
    ],
    "Who was active before the service was activated?": [
        ("5551000002", date(2019, 5, 10), datetime(2019, 5, 6, 9, 30), 1),  # noqa: DTZ001 - UTC times are naive
    ],
    # From the 20th on the first line is sold by another channel and its account has another plan.
    "What did which segment, plan and sales channel do, by type of event and day?": [
        (date(2019, 5, 6), "Baby_Boomer", "Basic", "Direct", "location_view", 1),
        (date(2019, 5, 6), "Millenials", "Premium", "Retail", "app_open", 1),
        (date(2019, 5, 7), "Millenials", "Premium", "Retail", "app_open", 1),
        (date(2019, 5, 13), "Baby_Boomer", "Basic", "Direct", "app_open", 1),
        (date(2019, 5, 13), "unknown", "unknown", "unknown", "app_open", 1),
        (date(2019, 5, 20), "Millenials", "Basic", "Direct", "location_view", 1),
        (date(2019, 5, 27), "Millenials", "Basic", "Direct", "app_open", 7),
    ],
    "How many lines are active each day, and how many for the first time?": [
        (date(2019, 5, 6), 2, 2),
        (date(2019, 5, 7), 1, 0),
        (date(2019, 5, 13), 2, 1),
        (date(2019, 5, 20), 1, 0),
        (date(2019, 5, 27), 1, 0),
        (date(2019, 6, 5), 1, 0),
    ],
    # Of the two lines of the 6th one is back on the 7th and on June 5th, the other on the 13th.
    "How many new lines are back a day, a week, a month later?": [
        (date(2019, 5, 6), 2, 0.5, 0.5, 0.5),
        (date(2019, 5, 13), 1, 0.0, 0.0, None),
    ],
    "What do the events of a type say of themselves?": [
        ("battery", "80", 2),
        ("shared", "true", 1),
    ],
    "What changed for a line over time?": [
        ("ANDROID", "Retail", date(2019, 4, 1), date(1, 1, 1), date(2019, 5, 20), False),
        ("ANDROID", "Direct", date(2019, 4, 1), date(2019, 5, 20), date(9999, 12, 31), True),
    ],
    "Which active lines are unknown?": [
        ("5559999999", 1, date(2019, 5, 13), date(2019, 5, 13)),
    ],
    # Three Mondays with 2 events each (one has no mdn and counts here), then 7: (7 - 2) / sqrt(2) = 3.5.
    "On which days did unusually many or few events arrive?": [
        (date(2019, 5, 27), 2.0, 7, 3.5, 3),
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
        home.drop(STATES)
        home.drop({f"{day}_cohort.txt.gz": file_of(events) for day, events in EVENTS.items()})
        for minute, name in enumerate([*STATES, *(f"{day}_cohort.txt.gz" for day in EVENTS)]):
            landed = datetime.fromisoformat("2019-08-01T00:00:00+00:00").timestamp() + 60 * minute
            os.utime(home.landing / name, (landed, landed))
        home.load()
    return home


def test_the_page_asks_the_ten_questions_with_answers_here() -> None:
    assert list(ANSWERS) == QUESTIONS
    assert len(QUESTIONS) == len(blocks(SECTION, "sql")) == 10


@pytest.mark.parametrize(("question", "sql"), list(zip(QUESTIONS, blocks(SECTION, "sql"), strict=False)), ids=range(10))
def test_each_question_gets_the_answer_worked_out_by_hand(family: Home, question: str, sql: str) -> None:
    assert family.ask(sql) == ANSWERS[question]
