"""Generates the demo's accounts and phone lines, and the files that list them.

Here: lines, accounts and limits, their start dates and changes. Not here: events (event_stream.py). The first account
changes its sales channel, the second account its plan. The defects: a line of 9 digits, a duplicate account, a
duplicate limit, a limit of an unknown account.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from vsf_assets.demo.file_formats import csv_file
from vsf_assets.synthetic.model.sequential_prng import Chance

FIRST_DAY = date(2019, 4, 8)
DAYS = 49
"""Seven weeks, Monday to Sunday."""

STATED = date(2019, 4, 1)
CHANGED = date(2019, 5, 6)
"""The dates from which the first and the second files of lines, accounts and limits are valid."""

ACCOUNTS, NEW_ACCOUNTS = 60, 10
"""Number of households, and number of new ones among them, which begin within the seven weeks; they are the last."""

TOO_EARLY = 5
"""Number of the last households that use the app on the parent's line before its service is activated."""

UNKNOWN_ACCOUNT = "ACCT99999"


@dataclass(frozen=True)
class Line:
    """A phone line.

    Attributes:
        number: number of the line, from 0.
        account: number of its account, from 0; the first line of an account is a parent's, the others are children's.
        starts: day of the first activity, counted from FIRST_DAY; 0 if the line existed before.
    """

    number: int
    account: int
    is_parent: bool
    device: str
    channel: str
    activated: date
    starts: int

    @property
    def mtn(self) -> str:
        """The phone number."""
        return f"555{2_000_001 + self.number}"

    @property
    def is_new(self) -> bool:
        """Whether the line begins within the seven weeks; then only the second file of lines contains it."""
        return self.starts > 0


def make_lines(seed: int) -> list[Line]:
    """Return the lines of all households."""
    rng = Chance(f"{seed}-lines")
    lines: list[Line] = []
    for account in range(ACCOUNTS):
        channel = (
            "Retail" if account == 0 else rng.choice(("Retail", "Retail", "Retail", "Direct", "Direct", "Indirect"))
        )
        is_new = account >= ACCOUNTS - NEW_ACCOUNTS
        starts = rng.randrange(4, 38) if is_new else 0
        for member in range(rng.choice((2, 3, 3, 4, 5))):
            before = rng.randrange(4) if is_new else rng.randrange(40, 1200)
            if member == 0 and account >= ACCOUNTS - TOO_EARLY:
                before = -2
            lines.append(
                Line(
                    number=len(lines),
                    account=account,
                    is_parent=member == 0,
                    device=rng.choice(("APPLE", "APPLE", "APPLE", "ANDROID", "ANDROID")),
                    channel=channel,
                    activated=FIRST_DAY + timedelta(days=starts - before),
                    starts=starts,
                )
            )
    return lines


def state_files(seed: int, lines: list[Line]) -> dict[str, bytes]:
    """Return path in the landing zone -> content of the files of lines, accounts and limits."""
    rng = Chance(f"{seed}-states")
    accounts = [_account(rng, number) for number in range(ACCOUNTS)]
    first, new = accounts[:-NEW_ACCOUNTS], accounts[-NEW_ACCOUNTS:]
    moved = [replace(line, channel="Direct") for line in lines if line.account == 0]
    upgraded = accounts[1].replace("Basic", "Premium")
    return {
        f"lines/{STATED}_linedim.csv": _lines(
            [line for line in lines if not line.is_new], "555300001,APPLE,Retail,2018-01-02"
        ),
        f"lines/{CHANGED}_linedim.csv": _lines(moved + [line for line in lines if line.is_new]),
        f"accounts/{STATED}_accountdim.csv": _accounts([*first, first[7]]),
        f"accounts/{CHANGED}_accountdim.csv": _accounts([upgraded, *new]),
        "limits/limitfact.csv": _limits(rng, lines),
    }


def account_name(number: int) -> str:
    """Return the account number as written in files."""
    return f"ACCT{20_001 + number}"


def _account(rng: Chance, number: int) -> str:
    segment = rng.choice(("Millenials", "Millenials", "Baby_Boomer"))
    if number >= ACCOUNTS - 4:
        segment = "Generation_X"  # a new segment, not announced by the sender
    plan = "Basic" if number == 1 else rng.choice(("Premium", "Basic"))
    return f"{account_name(number)},{segment},{plan}"


def _accounts(rows: list[str]) -> bytes:
    return csv_file("CUST_ACCT,SEGMENT_NAME,SVC_PLAN", rows)


def _lines(lines: list[Line], *bad: str) -> bytes:
    rows = [f"{line.mtn},{line.device},{line.channel},{line.activated}" for line in lines]
    return csv_file("MTN,DEVICE_GROUPING,SALES_CHANNEL,SVC_ACT_DT", [*rows, *bad])


def _limits(rng: Chance, lines: list[Line]) -> bytes:
    """Return limits on every child's line; limits connect lines with accounts."""
    rows = []
    for line in lines:
        if line.is_parent:
            continue
        day = FIRST_DAY + timedelta(days=line.starts + rng.randrange(5) if line.is_new else -rng.randrange(1, 300))
        rows.append(f"{line.mtn},{account_name(line.account)},{day},USG")
        if rng.random() < 0.3:
            rows.append(f"{line.mtn},{account_name(line.account)},{day},TIME")
    parent = next(line for line in lines if line.account == 2)
    rows += [f"{parent.mtn},{UNKNOWN_ACCOUNT},2019-05-02,USG", rows[0]]
    return csv_file("MTN,CUST_ACCT,LIMITING_DT,LIMIT_TYPE", rows)
