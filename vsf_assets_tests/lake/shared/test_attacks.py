"""Attacks on the commits of a shared lake: each guard has one that it stands up to, and that succeeds without it.

Here: races, lost sessions, stopped processes, restored rows, old generations. An attack returns how its writers ended
and what the lake holds afterwards; a list says what that is with all guards and without one. Not here: lost answers to
COMMIT and restarts (test_lost_answers.py).
"""

import secrets
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import pytest

from vsf_assets.warehouse.shared import fence
from vsf_assets.warehouse.shared.fence import FenceGuards
from vsf_assets.warehouse.shared.locks import LockGuards
from vsf_assets_tests.lake.shared.attackers import (
    FAILED,
    KNOWN,
    REFUSED,
    STORED,
    TIMEOUT,
    end_session,
    ending,
    has_passed_the_fence,
    is_waiting,
    stopped,
    store,
)
from vsf_assets_tests.lake.shared.proxies import PASS, CommitProxy
from vsf_assets_tests.lake.shared.small_lake import STORED_ONCE, SmallLake, attached, deliver
from vsf_assets_tests.waiting import wait_until

FILE = "clicks.csv"
ONCE, TWICE = {FILE: STORED_ONCE}, {FILE: 2 * STORED_ONCE}


def two_writers(lake: SmallLake) -> object:
    """While one stores a delivery, another one comes with the same."""
    ends = []
    second = threading.Thread(target=lambda: ends.append(store(lake, "second", FILE)))

    def start_second() -> None:
        second.start()
        with lake.control() as control:
            wait_until(lambda: ends or is_waiting(control, "second"))

    first = store(lake, "first", FILE, start_second)
    second.join()
    return first, *ends, lake.content()


def begun_before(lake: SmallLake) -> object:
    """A transaction begins before its writer takes the lock; DuckLake itself would try it again, in silence."""
    with lake.session("early") as session, closing(lake.attach()) as connection:
        connection.execute("begin")
        assert connection.execute("from lake.ledger").fetchall() == []
        other = store(lake, "other", FILE)
        with session.hold("commit", FILE) as token:

            def commit() -> bool:
                fence.sign(connection, "lake", token, FILE)
                connection.execute("insert into lake.rows select ?, range from range(3)", [FILE])
                connection.execute("insert into lake.ledger values (?)", [FILE])
                connection.execute("commit")
                return True

            return other, ending(commit), lake.content()


def lost_session(lake: SmallLake) -> object:
    """The session of a lock ends in the middle of a commit, and nobody else comes; then the next run does."""
    first = store(lake, "first", FILE, lambda: end_session(lake, "first"))
    return first, store(lake, "next", FILE), lake.content()


def lost_session_and_another(lake: SmallLake) -> object:
    """The session of a lock ends, another writer takes it, and the first one commits before that one does."""
    ends = []

    def lose() -> None:
        end_session(lake, "first")
        barrier = threading.Barrier(2, timeout=60)
        second = threading.Thread(target=lambda: ends.append(store(lake, "second", FILE, lambda: hold_up(barrier))))
        second.start()
        barrier.wait()
        seconds.append((second, barrier))

    def hold_up(barrier: threading.Barrier) -> None:
        barrier.wait()  # it has the lock and saw the ledger
        barrier.wait()  # the first one has committed or not

    seconds: list[tuple[threading.Thread, threading.Barrier]] = []
    first = store(lake, "first", FILE, lose)
    for second, barrier in seconds:
        barrier.wait()
        second.join()
    return first, *ends, lake.content()


def restored(lake: SmallLake) -> object:
    """The database comes back from a backup, so another writer gets the epoch that a writer already has."""
    with (
        lake.session("first") as first,
        lake.session("second") as second,
        closing(lake.attach()) as connection,
        first.hold("commit", FILE) as token,
    ):
        with lake.control() as control, first.connection() as session:
            control.execute("update vsf.locks set epoch = epoch - 1, word = '' where name = 'commit'")
            session.execute("select pg_advisory_unlock_all()")
        with second.hold("commit", FILE) as other:
            assert other.locks[0].epoch == token.locks[0].epoch
            return ending(lambda: deliver(connection, token, FILE))


def stopped_past_the_take_over(lake: SmallLake) -> object:
    """A writer is stopped before it commits, another one takes over, and the first one goes on."""
    with stopped(lake, "sleeper", FILE) as go_on:
        second = store(lake, "second", FILE, wait=2.5)
        return second, go_on(), lake.content()


def old_generation(lake: SmallLake) -> object:
    """A writer that is attached to a generation takes the lock after another one took its place."""
    with lake.session("late") as session, closing(lake.attach(1)) as connection:
        second = lake.prepare()
        with session.hold("commit", FILE) as token:
            end = ending(lambda: deliver(connection, token, FILE))
    return end, lake.content(second)


def stopped_before_commit(lake: SmallLake) -> object:
    """A writer has passed the fence and is stopped before COMMIT: its transaction keeps the row of the lock."""
    reached, goes_on, ends = threading.Event(), threading.Event(), []

    def pause_commit() -> str:
        if has_passed_the_fence(lake):
            reached.set()
            goes_on.wait()
        return PASS

    def sleep() -> None:
        with (
            lake.session("sleeper") as session,
            closing(attached(through, lake.folder)) as connection,
            session.hold("commit", FILE) as token,
        ):
            first.append(ending(lambda: deliver(connection, token, FILE)))

    first: list[str] = []
    with CommitProxy(lake.catalog, pause_commit).running() as through, lake.control() as control:
        sleeper = threading.Thread(target=sleep)
        sleeper.start()
        assert reached.wait(60)
        end_session(lake, "sleeper")
        second = threading.Thread(target=lambda: ends.append(store(lake, "second", FILE)))
        second.start()
        wait_until(lambda: ends or is_waiting(control, "second"))
        deadline = time.monotonic() + 5 * IDLE
        while not ends and time.monotonic() < deadline:
            time.sleep(0.05)
        before = list(ends)
        goes_on.set()
        sleeper.join()
        second.join()
    return before, first, ends, lake.content()


def attempts_of_a_refused_commit(lake: SmallLake) -> object:
    """Count how often DuckLake tries a commit that the fence refuses."""
    with lake.control() as control, closing(lake.attach()) as connection:
        control.execute("create sequence attempts")
        control.execute(
            "create function attempt() returns trigger language plpgsql as"
            " $$ begin perform nextval('public.attempts'); return new; end $$"
        )
        control.execute(  # by its name it is the first
            "create trigger a before insert on vsf_g1.ducklake_snapshot_changes for each row execute function attempt()"
        )
        connection.execute("set ducklake_retry_wait_ms = 1")
        assert ending(lambda: bool(connection.execute("insert into lake.rows values ('x', 1)"))) == REFUSED
        return control.execute("select last_value from attempts").fetchall()


def without_a_lock(lake: SmallLake) -> object:
    """Commit and show no lock."""
    with closing(lake.attach()) as connection:
        return ending(lambda: bool(connection.execute("insert into lake.rows values ('x', 1)")))


IDLE = 0.5
"""Seconds after which the fence of these lakes ends a transaction that sleeps."""

Change = Callable[[SmallLake, pytest.MonkeyPatch], SmallLake]


def without(**guards: Any) -> Change:
    """Return what switches off guards of the fence or of the locks."""

    def change(lake: SmallLake, _: pytest.MonkeyPatch) -> SmallLake:
        ours = {name: guards[name] for name in ("exclusion", "take_over") if name in guards}
        theirs = {name: value for name, value in guards.items() if name not in ours}
        return replace(lake, fence=replace(lake.fence, **theirs), locks=LockGuards(**ours))

    return change


def with_the_same_word(lake: SmallLake, patch: pytest.MonkeyPatch) -> SmallLake:
    patch.setattr(secrets, "token_hex", lambda size: "0" * 2 * size)
    return lake


def with_a_word_of_ducklake(lake: SmallLake, patch: pytest.MonkeyPatch) -> SmallLake:
    patch.setattr(fence, "MARK", f"{fence.MARK} conflict:")
    return lake


@dataclass(frozen=True)
class Attack:
    """An attack, what it leads to with all guards, and without some: name -> (what switches them off, result)."""

    run: Callable[[SmallLake], object]
    stands: object
    falls: dict[str, tuple[Change, object]]


ATTACKS = {
    "two writers at once": Attack(
        two_writers,
        (STORED, KNOWN, ONCE),
        {
            "the lock": (without(exclusion=False), (REFUSED, STORED, ONCE)),
            "lock and fence": (without(exclusion=False, epoch=False, base=False), (STORED, STORED, TWICE)),
        },
    ),
    "a transaction begun before the lock": Attack(
        begun_before,
        (STORED, REFUSED, ONCE),
        {"the base": (without(base=False), (STORED, STORED, TWICE))},
    ),
    "a lost session": Attack(lost_session, (STORED, KNOWN, ONCE), {}),
    "a lost session and another writer": Attack(
        lost_session_and_another,
        (REFUSED, STORED, ONCE),
        {
            "the epoch": (without(epoch=False), (STORED, REFUSED, ONCE)),
            "epoch and base": (without(epoch=False, base=False), (STORED, STORED, TWICE)),
        },
    ),
    "a restored database": Attack(restored, REFUSED, {"the word": (with_the_same_word, STORED)}),
    "a process stopped past the take-over": Attack(
        stopped_past_the_take_over,
        (STORED, REFUSED, ONCE),
        {
            "the take-over": (without(take_over=False), (TIMEOUT, STORED, ONCE)),
            "epoch and base": (without(epoch=False, base=False), (STORED, STORED, TWICE)),
        },
    ),
    "a writer of an old generation": Attack(
        old_generation, (REFUSED, {}), {"the generation": (without(generation=False), (STORED, {}))}
    ),
    "a process stopped before COMMIT": Attack(
        stopped_before_commit,
        ([STORED], [FAILED], [STORED], ONCE),
        {"the time-out": (without(idle_seconds=0), ([], [STORED], [KNOWN], ONCE))},
    ),
    "a refused commit": Attack(
        attempts_of_a_refused_commit, [(1,)], {"the choice of words": (with_a_word_of_ducklake, [(10,)])}
    ),
    "a commit without a lock": Attack(without_a_lock, REFUSED, {"the text": (without(text=False), STORED)}),
}


@pytest.fixture
def lake(catalog: str, tmp_path) -> SmallLake:
    return SmallLake(catalog, tmp_path, takeover=1.2, fence=FenceGuards(idle_seconds=IDLE))


@pytest.mark.parametrize("name", ATTACKS)
def test_with_its_guards_a_shared_lake_stands(lake: SmallLake, name: str) -> None:
    lake.prepare()
    assert ATTACKS[name].run(lake) == ATTACKS[name].stands


@pytest.mark.lake
@pytest.mark.parametrize(
    ("name", "guard"), [(name, guard) for name, attack in ATTACKS.items() for guard in attack.falls]
)
def test_without_a_guard_the_same_attack_succeeds(
    lake: SmallLake, name: str, guard: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, result = ATTACKS[name].falls[guard]
    weak = change(lake, monkeypatch)
    weak.prepare()
    assert ATTACKS[name].run(weak) == result != ATTACKS[name].stands
