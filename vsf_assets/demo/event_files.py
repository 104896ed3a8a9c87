"""Writes the demo's event files: one for each processing date and cohort, with known defects.

Here: the assignment of events to files, and the defects, each on another day (the constants below). Not here: the
events (event_stream.py). Some phones send an event on the next day, so a file also holds events of the previous day.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from vsf_assets.demo.accounts_and_lines import DAYS, FIRST_DAY, Line
from vsf_assets.demo.event_stream import Event, make_events, stamp
from vsf_assets.demo.file_formats import AT, events_file
from vsf_assets.synthetic.model.sequential_prng import Chance

COHORT = "testmdn_child_parent_rs"
"""The cohort of most files."""

UNKNOWN_LINE = "5559999999"
DAYS_OF_UNKNOWN_LINE = tuple(date(2019, 4, day) for day in (11, 12, 13, 14, 16))
"""The file of each date has one event of a line that no file of lines contains."""

REPEATS_ROWS = date(2019, 4, 18)
"""The file of this date holds its first three rows twice."""

LANDS_LAST = date(2019, 4, 25)
"""The file of this date lands after the files of all other dates."""

OFFLINE, BACK_ONLINE = date(2019, 4, 26), date(2019, 4, 28)
"""Every tenth line is offline on the first date; its events arrive on the second date, in a separate file."""

OVERLAPS = date(2019, 5, 2)
"""The file of this date repeats the last 20 events of the previous date, the first with another app version."""

SHARES_AN_ID = date(2019, 5, 3)
"""The last event of the file of this date has the id of the last event of OVERLAPS."""

DELIVERED_TWICE = date(2019, 5, 7)
"""The file of this date lands a second time, under the name of another cohort."""

HAS_BAD_ROWS = date(2019, 5, 8)
"""The file of this date has six bad rows: time, number of fields, JSON (twice), phone number, missing id."""

TWO_COHORTS = date(2019, 5, 10)
"""On this date, every fourth line is in the file of a second cohort."""

MISSING = date(2019, 5, 15)
"""No file of this date arrives."""

CUT = date(2019, 5, 16)
"""The file of this date is truncated in the middle; the complete file follows."""

OUTAGE = date(2019, 5, 21)
"""From 12:00 UTC on, the service accepts no events; about a third of the usual events remain."""

Rows = dict[tuple[date, str], list[list[str]]]
"""(Processing date, cohort) -> rows, ordered by time."""


def event_files(seed: int, lines: list[Line]) -> dict[str, bytes]:
    """Return path in the landing zone -> content, in landing order."""
    rows = _rows_by_file(make_events(seed, lines))
    _insert_repeats(rows)
    _insert_bad_rows(rows[HAS_BAD_ROWS, COHORT])
    files = {_path(day, cohort): events_file(rows[day, cohort]) for day, cohort in sorted(rows)}
    files[_path(DELIVERED_TWICE, "testmdn_parents_rs")] = files[_path(DELIVERED_TWICE, COHORT)]
    whole = files.pop(_path(CUT, COHORT))
    files[_path(CUT, COHORT)] = whole[: len(whole) // 2]
    files[_path(CUT, f"{COHORT}_again")] = whole
    files[_path(LANDS_LAST, COHORT)] = files.pop(_path(LANDS_LAST, COHORT))
    return files


def _path(day: date, cohort: str) -> str:
    return f"events/{day}_{cohort}.txt.gz"


def _rows_by_file(events: Iterable[Event]) -> Rows:
    """Group events by file; drop the events that never arrive."""
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
    """Change the upload time of an event to the first seconds of BACK_ONLINE."""
    uploaded = datetime(BACK_ONLINE.year, BACK_ONLINE.month, BACK_ONLINE.day, 6, 0, event.line.number % 60, tzinfo=UTC)
    event.fields[AT["client_upload_time"]] = event.fields[AT["server_upload_time"]] = stamp(uploaded)


def _insert_repeats(rows: Rows) -> None:
    """Add the defects between rows: an unknown line, repeated rows, events of the previous day, one id on two dates."""
    for day in DAYS_OF_UNKNOWN_LINE:
        rows[day, COHORT][30][AT["mdn"]] = UNKNOWN_LINE
    repeating = rows[REPEATS_ROWS, COHORT]
    repeating += repeating[:3]
    again = [row.copy() for row in rows[OVERLAPS - timedelta(days=1), COHORT][-20:]]
    again[0][AT["version_name"]] = "8.10.1"
    rows[OVERLAPS, COHORT][:0] = again
    rows[SHARES_AN_ID, COHORT][-1][AT["uuid"]] = rows[OVERLAPS, COHORT][-1][AT["uuid"]]


def _insert_bad_rows(rows: list[list[str]]) -> None:
    """Insert bad rows between the valid rows: changed copies of valid rows, with new ids."""
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
