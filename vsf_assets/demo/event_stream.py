"""Simulates the events of the demo's phone lines, day by day.

Here: the active days of a line, its events, and the 40 fields of each event. Not here: the files of the events, and the
defects of files and rows (event_files.py).
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from vsf_assets.demo.accounts_and_lines import DAYS, FIRST_DAY, Line, account_name
from vsf_assets.demo.event_kinds import FROM_THE_SERVER, OPENING, make_properties, pick_kind
from vsf_assets.demo.file_formats import AT, COLUMNS, json_field
from vsf_assets.synthetic.model.sequential_prng import Chance

UPDATED = date(2019, 4, 29)
"""From this day on, phones change to version 8.11 of the app, one line after the other."""

GONE_AFTER = 30
"""Number of days after which every seventeenth line stops using the app."""

_HOURS = tuple(
    h
    for h, often in enumerate((5, 5, 4, 3, 2, 1, 0, 0, 0, 0, 1, 2, 3, 3, 2, 2, 2, 3, 3, 4, 5, 5, 6, 6))
    for _ in range(often)
)
"""Hours of a day in UTC; an hour occurs as often as events do. The families live some hours west of UTC."""

_WEEKDAY = (1, 1, 2, 2, 2, 3, 3, 4, 5)
_WEEKEND = (2, 2, 3, 3, 4, 4, 5, 6)
"""Possible numbers of events of a line on an active day."""

_CITIES = (
    ("New Jersey", "Newark", "New York, NY"),
    ("Texas", "Austin", "Austin, TX"),
    ("Oregon", "Salem", "Portland, OR"),
)
_APPLE = (("Apple iPhone 7", "12.1.4"), ("Apple iPhone 8", "12.2"), ("Apple iPhone XR", "12.2"))
_ANDROID = (("Google Pixel", "9"), ("Google Pixel 2", "9"), ("Samsung Galaxy S9", "8.0.0"))

_EVENT_TIMES = slice(AT["event_time"], AT["server_upload_time"] + 1)
_UPLOAD_TIMES = slice(AT["client_upload_time"], AT["server_upload_time"] + 1)
_PLACE = slice(AT["location_lat"], AT["location_lng"] + 1)


class Event(NamedTuple):
    """An event: the UTC date on which the service received it, and its 40 fields as text."""

    line: Line
    happened: datetime
    uploaded: date
    fields: list[str]


def make_events(seed: int, lines: list[Line]) -> Iterator[Event]:
    """Yield the events of all lines, day by day and line by line."""
    rng = Chance(f"{seed}-events")
    phones = [_phone(rng, line) for line in lines]
    for number in range(DAYS):
        day = FIRST_DAY + timedelta(days=number)
        for line, phone in zip(lines, phones, strict=True):
            if rng.random() < _chance(line, number, day):
                yield from _active_day(rng, line, phone, day)


def _chance(line: Line, number: int, day: date) -> float:
    """Return the probability that a line is active: constant; for a new line 1 on its first day, then decreasing."""
    if number < line.starts or (line.number % 17 == 5 and number > GONE_AFTER):
        return 0
    if line.is_new:
        return 1 if number == line.starts else max(0.4, 0.85 - 0.03 * (number - line.starts))
    return 0.72 if day.weekday() >= 5 else 0.66


def _phone(rng: Chance, line: Line) -> list[str]:
    """Return the fields that all events of a line share; the other fields are empty."""
    is_apple = line.device == "APPLE"
    model, system = rng.choice(_APPLE if is_apple else _ANDROID)
    region, city, market = _CITIES[line.account % len(_CITIES)]
    fields = {
        "mdn": line.mtn,
        "app": "150197",
        "amplitude_id": str(10_000_000_000 + rng.randrange(10**10)),
        "device_id": _uuid(rng),
        "user_id": f"user{1000 + line.number}",
        "os_name": "ios" if is_apple else "android",
        "os_version": system,
        "device_carrier": "Verizon",
        "country": "United States",
        "language": rng.choice(("English", "English", "English", "Spanish")),
        "user_properties": json_field(
            {"account": account_name(line.account), "role": "parent" if line.is_parent else "child"}
        ),
        "region": region,
        "city": city,
        "dma": market,
        "device_family": "Apple iPhone" if is_apple else f"{model.split()[0]} Phone",
        "device_type": model,
        "platform": "iOS" if is_apple else "Android",
        "start_version": rng.choice(("4.0.2.0", "7.3", "8.10")),
        "user_creation_time": f"{line.activated} 00:00:00.000",
        "library": "amplitude-ios/4.4.0" if is_apple else "amplitude-android/2.17.0",
        "event_id": str(rng.randrange(1, 600_000)),
    }
    return [fields.get(name, "") for name in COLUMNS]


def _active_day(rng: Chance, line: Line, phone: list[str], day: date) -> Iterator[Event]:
    """Yield the events of a line on a day: one session, with server requests between its events."""
    is_weekend = day.weekday() >= 5
    begin = datetime.combine(day, time(rng.choice(_HOURS), rng.randrange(60)), UTC)
    happened = begin + timedelta(milliseconds=rng.randrange(60_000))
    session = str(round(happened.timestamp() * 1000))
    kind = OPENING
    for _ in range(rng.choice(_WEEKEND if is_weekend else _WEEKDAY)):
        yield _event(rng, line, phone, kind, happened, "-1" if kind == FROM_THE_SERVER else session)
        kind = pick_kind(rng, is_parent=line.is_parent, is_weekend=is_weekend)
        happened += timedelta(milliseconds=rng.randrange(1_000, 400_000))
        if happened.date() != day:
            return


def _event(rng: Chance, line: Line, phone: list[str], kind: str, happened: datetime, session: str) -> Event:
    """Return an event; a phone that was offline sends it the next morning."""
    number, moment, uploaded = int(phone[AT["event_id"]]) + 1, stamp(happened), happened
    phone[AT["event_id"]] = str(number)
    fields = phone.copy()
    fields[_EVENT_TIMES] = [moment] * 4
    if rng.random() < 0.02:
        uploaded = datetime.combine(happened.date() + timedelta(days=1), time(rng.randrange(5, 14), number % 60), UTC)
        fields[_UPLOAD_TIMES] = [stamp(uploaded)] * 2
    fields[AT["session_id"]] = session
    fields[AT["event_type"]] = kind
    fields[AT["version_name"]] = "8.11" if (happened.date() - UPDATED).days > line.number % 20 else "8.10"
    fields[AT["event_properties"]] = json_field(make_properties(rng, kind, f"{moment[:10]}T{moment[11:19]}Z"))
    fields[AT["uuid"]] = _uuid(rng)
    if kind == OPENING and rng.random() < 0.04:
        fields[AT["mdn"]] = ""  # the user has not signed in yet
    if kind == "location_requestResolve" and rng.random() < 0.1:
        fields[_PLACE] = f"{rng.uniform(30, 45):.6f}", f"{-rng.uniform(74, 122):.6f}"
    return Event(line, happened, uploaded.date(), fields)


def stamp(moment: datetime) -> str:
    """Format a time as in event files: UTC with milliseconds."""
    return moment.isoformat(" ", "milliseconds")[:23]


def _uuid(rng: Chance) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
