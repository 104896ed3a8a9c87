"""Writes the demo's event files: one per processing date and cohort, with known defects.

Here: which file an event comes in, and the defects, each on a day of its own (the constants below).
Not here: the events (event_stream.py). Some phones send an event on the next day, so a file also holds
events of the day before.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from vsf_assets.demo.event_stream import Event, make_events, stamp
from vsf_assets.demo.file_formats import AT, events_file
from vsf_assets.demo.households import DAYS, FIRST_DAY, Line
from vsf_assets.synthetic.model.sequential_prng import Chance

COHORT = "testmdn_child_parent_rs"
"""The cohort of nearly every file."""

UNKNOWN_LINE = "5559999999"
DAYS_OF_UNKNOWN_LINE = tuple(date(2019, 4, day) for day in (11, 12, 13, 14, 16))
"""On each of them one event is of a line that nobody stated."""

REPEATS_ROWS = date(2019, 4, 18)
"""Its file holds its first three rows twice."""

LANDS_LAST = date(2019, 4, 25)
"""Its file lands after those of all other days."""

OFFLINE, BACK_ONLINE = date(2019, 4, 26), date(2019, 4, 28)
"""Every tenth line was offline on the first date; its events come on the second, in a file of their own."""

OVERLAPS = date(2019, 5, 2)
"""Its file begins with the last 20 events of the day before, the first of them with another version of the app."""

SHARES_AN_ID = date(2019, 5, 3)
"""The last event of its file has the id of the last one of OVERLAPS."""

DELIVERED_TWICE = date(2019, 5, 7)
"""Its file lands a second time, under the name of another cohort."""

HAS_BAD_ROWS = date(2019, 5, 8)
"""Its file has six bad rows: time, number of fields, JSON (twice), phone number, no id."""

TWO_COHORTS = date(2019, 5, 10)
"""Every fourth line is in a file of its own."""

MISSING = date(2019, 5, 15)
"""No file of this date ever comes."""

CUT = date(2019, 5, 16)
"""Its file is cut off in the middle; the whole one comes afterwards."""

OUTAGE = date(2019, 5, 21)
"""From 12:00 UTC on the service took nothing, which leaves about a third of the usual events."""

Rows = dict[tuple[date, str], list[list[str]]]
"""Processing date and cohort -> rows, ordered by time."""


def event_files(seed: int, lines: list[Line]) -> dict[str, bytes]:
    """Return path in the landing zone -> content, in the order of landing."""
    rows = _sorted_out(make_events(seed, lines))
    _share_and_repeat(rows)
    _spoil(rows[HAS_BAD_ROWS, COHORT])
    files = {_path(day, cohort): events_file(rows[day, cohort]) for day, cohort in sorted(rows)}
    files[_path(DELIVERED_TWICE, "testmdn_parents_rs")] = files[_path(DELIVERED_TWICE, COHORT)]
    whole = files.pop(_path(CUT, COHORT))
    files[_path(CUT, COHORT)] = whole[: len(whole) // 2]
    files[_path(CUT, f"{COHORT}_again")] = whole
    files[_path(LANDS_LAST, COHORT)] = files.pop(_path(LANDS_LAST, COHORT))
    return files


def _path(day: date, cohort: str) -> str:
    return f"events/{day}_{cohort}.txt.gz"


def _sorted_out(events: Iterable[Event]) -> Rows:
    """Return the rows of each file; events that never come are left out."""
    rows: Rows = {}
    end = FIRST_DAY + timedelta(days=DAYS)
    for event in events:
        day, cohort = event.uploaded, COHORT
        if event.happened.date() == OFFLINE and event.line.number % 10 == 0:
            day, cohort = BACK_ONLINE, "testmdn_late_rs"
            _upload_later(event)
        elif day == TWO_COHORTS and event.line.number % 4 == 0:
            cohort = "testmdn_beta_rs"
        if day < end and day != MISSING and not (event.happened.date() == OUTAGE and event.happened.hour >= 12):
            rows.setdefault((day, cohort), []).append(event.fields)
    for fields in rows.values():
        fields.sort(key=lambda row: row[AT["event_time"]])
    return rows


def _upload_later(event: Event) -> None:
    """Let an event reach the service on BACK_ONLINE, some seconds into the day."""
    uploaded = datetime(BACK_ONLINE.year, BACK_ONLINE.month, BACK_ONLINE.day, 6, 0, event.line.number % 60, tzinfo=UTC)
    event.fields[AT["client_upload_time"]] = event.fields[AT["server_upload_time"]] = stamp(uploaded)


def _share_and_repeat(rows: Rows) -> None:
    """Bring in an unknown line, rows twice, events of the day before, an id on two dates."""
    for day in DAYS_OF_UNKNOWN_LINE:
        rows[day, COHORT][30][AT["mdn"]] = UNKNOWN_LINE
    repeating = rows[REPEATS_ROWS, COHORT]
    repeating += repeating[:3]
    again = [row.copy() for row in rows[OVERLAPS - timedelta(days=1), COHORT][-20:]]
    again[0][AT["version_name"]] = "8.10.1"
    rows[OVERLAPS, COHORT][:0] = again
    rows[SHARES_AN_ID, COHORT][-1][AT["uuid"]] = rows[OVERLAPS, COHORT][-1][AT["uuid"]]


def _spoil(rows: list[list[str]]) -> None:
    """Put bad rows between the good ones: copies of good rows with ids of their own."""
    rng = Chance("bad rows")
    bad = [row.copy() for row in rows[100:106]]
    for row in bad:
        row[AT["uuid"]] = f"{rng.getrandbits(32):08x}{row[AT['uuid']][8:]}"
    bad[0][AT["event_time"]] = "2019-05-08 25:61:00.000"
    del bad[1][AT["platform"] :]
    bad[2][AT["event_properties"]] = '"{\\"level\\":\\"teen\\","'
    bad[3][AT["user_properties"]] = '"[\\"parent\\"]"'
    bad[4][AT["mdn"]] = "555-200-0001"
    bad[5][AT["uuid"]] = ""
    rows[100:100] = bad
