"""Random deliveries of mobile analytics, and homes that build them file by file or at once.

Here: what the tests of incremental builds share. Not here: any expected value.
"""

import itertools
import random
from datetime import date, timedelta
from pathlib import Path

from vsf_assets_tests import events
from vsf_assets_tests.builds import build_pending
from vsf_assets_tests.commandline import tables_of_warehouse
from vsf_assets_tests.events import event_file
from vsf_assets_tests.prebuilt import put_built_warehouse
from vsf_assets_tests.warehouses import Home

FEEDS = ("events", "lines", "accounts", "limits")
FIRST = date(2025, 12, 20)
WORLDS = range(10)
"""Deliveries that have nothing in common: days, lines, accounts and ids of their own, a hundred days apart."""
ReadResult = tuple[str, bytes, int]


def lines_of(world: int) -> list[str]:
    return [f"555{world}00000{n}" for n in range(8)]


LINES = lines_of(0)


def event(chance: random.Random, uuid: str, day: date, mdn: str) -> str:
    return events.event(
        uuid,
        f"{day} {chance.randrange(24):02}:00:00.000",
        mdn=mdn,
        event_type=chance.choice(["app_open", "map_view", "limit_set"]),
        session_id=str(chance.randint(-1, 3)),
        properties=f'{{"k":{chance.randrange(3)}}}',
    )


def event_files(chance: random.Random, world: int = 0) -> list[ReadResult]:
    """Five days in two cohorts: late events, ids that repeat within a day, across files and across days.

    Some events have dates that cannot be; one of them is a day of the files, in a file two years older.
    """
    files, said = [], []
    first, landed = FIRST - timedelta(100 * world), -100 * 1440 * world
    lines, strange = [*lines_of(world), f"555{world}999999", ""], random.Random(f"strange {world}")
    for n, cohort in itertools.product(range(5), "ab"):
        processed = first + timedelta(n)
        days = [processed - timedelta(chance.choice([0, 0, 0, 1, 3])) for _ in range(12)]
        rows = [event(chance, f"{world}{cohort}{n}-{k}", day, chance.choice(lines)) for k, day in enumerate(days)]
        rows += chance.sample(said, min(len(said), 3))
        rows += [event(chance, f"{world}x{chance.randrange(4)}", processed, chance.choice(lines))]
        said += rows
        if n == 2:
            odd = [date(1, 1, world + 1), date(9999, 12, world + 1), processed - timedelta(401 + world)]
            rows += [event(strange, f"{world}{cohort}odd{k}", day, lines[k]) for k, day in enumerate(odd)]
            rows += [event(strange, f"{world}odd", odd[0], lines[0])]
        files.append((f"{processed}_{cohort}.txt.gz", event_file(*rows), landed + chance.randrange(-500, 500)))
    old = [event(strange, f"{world}old{k}", first + timedelta(k), lines[k]) for k in range(2)]
    files.append((f"{first - timedelta(730)}_old.txt.gz", event_file(*old), landed + 9))
    name, content, minute = files[3]
    files.append((name.replace("_", "_again_"), content, minute - 1))
    files.append((f"{first}_cut.txt.gz", content[:-20], landed + 7))
    return files


def state_files(chance: random.Random, world: int) -> list[ReadResult]:
    """First states after the last event's day in landing order or not, changes within the days, a late one."""
    files = []
    first, mtns = FIRST - timedelta(100 * world), lines_of(world)
    for n, day in enumerate(["", f"{first + timedelta(1)}_", f"{first + timedelta(3)}_"]):
        lines = [
            f"{m},{chance.choice(['APPLE', 'ANDROID'])},{chance.choice(['Retail', 'Direct'])},{first + timedelta(1)}"
            for m in mtns
        ]
        accounts = [
            f"ACCT{world}000{k},{chance.choice(['A', 'B'])},{chance.choice(['Premium', 'Basic'])}" for k in range(4)
        ]
        limits = [f"{m},ACCT{world}000{chance.randrange(5)},{first + timedelta(n)},USG" for m in chance.sample(mtns, 3)]
        limits += [f"{mtns[n]},ACCT{world}0004,{day},USG" for day in ("0001-01-01", "9999-12-31")]
        for name, header, rows in (
            ("linedim", "MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT", chance.sample(lines, 5)),
            ("accountdim", "CUST_ACCT,SEGMENT_NAME,SVC_PLAN", accounts),
            (f"limitfact_{n}", "MTN,CUST_ACCT,LIMITING_DT,LIMIT_TYPE", limits),
        ):
            content = "\n".join([header, *rows, ""]).encode()
            minute = chance.randrange(-500, 500) - 100 * 1440 * world
            files.append((f"{day}{name}_{world}.csv", content, minute))
    return files


def deliveries(world: int) -> list[ReadResult]:
    chance = random.Random(f"deliveries {world}")
    return event_files(chance, world) + state_files(chance, world)


def build(home: Home, full: bool = False) -> None:
    """Build what is pending; the data tests pass."""
    build_pending(home.warehouse, full=full)


def built_home(folder: Path) -> Home:
    """Return a home whose first build needs not be a full one."""
    home = Home(folder)
    put_built_warehouse(home.settings)
    return home


def tables(home: Home) -> dict[str, list[str]]:
    return tables_of_warehouse(home.warehouse)
