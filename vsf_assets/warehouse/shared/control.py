"""The control schema of a shared lake: epochs of its locks, which generation holds, and who made its tables.

Here: the schema `vsf`, which all generations of the lake share, and the transactions that read and change it. Not here:
taking a lock (locks.py), and the trigger that compares each commit with these rows (fence.py).

A generation is one catalog of the lake, with a schema (`vsf_g<k>`) and a folder of data files (`g<k>/`) of its own. Its
number comes from a sequence and is never used twice. Nothing is renamed when another generation takes over: sessions
that are attached keep the ids of tables.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, LiteralString

from vsf_assets.common.errors import LockLostError, VsfError

if TYPE_CHECKING:
    from psycopg import Connection

SCHEMA = "vsf"

LOCK_NAMES = ("build", "commit")
"""The locks of a lake, in the order in which they are taken."""

IDLE_SECONDS = 10
"""Time after which PostgreSQL ends a transaction that holds a row of a lock and says nothing. A process that was
stopped there would else keep everybody from the lock for ever."""

_CREATE: tuple[LiteralString, ...] = (
    "create schema if not exists vsf",
    "create table if not exists vsf.locks (name text primary key, epoch bigint not null, word text not null)",
    "insert into vsf.locks values ('build', 0, ''), ('commit', 0, '') on conflict do nothing",
    "create sequence if not exists vsf.generation_numbers",
    """
    create table if not exists vsf.generation (
        only_row boolean primary key default true check (only_row), current_number bigint, building_number bigint
    )
    """,
    "insert into vsf.generation default values on conflict do nothing",
    """
    create table if not exists vsf.versions (
        generation bigint not null, name text not null, value text not null, primary key (generation, name)
    )
    """,
    """
    create table if not exists vsf.runs (
        run_id text primary key, number integer generated always as identity (minvalue 1000),
        taken_at timestamptz not null default now()
    )
    """,
    """
    create or replace view vsf.dead_runs as select run_id from vsf.runs where not exists (
        select from pg_locks
        where locktype = 'advisory' and granted and objsubid = 2 and classid = 'vsf'::regnamespace::oid
            and objid = number::bigint::oid
            and database = (select oid from pg_database where datname = current_database())
    )
    """,
)


@dataclass(frozen=True)
class HeldLock:
    """A lock as it was taken: its name, its epoch, and the random word of this take."""

    name: str
    epoch: int
    word: str


@dataclass(frozen=True)
class Generations:
    """The generation that holds, and the one that is being built; None for none."""

    current: int | None
    building: int | None


def schema_of(generation: int) -> str:
    """Return the schema of a generation's catalog."""
    return f"vsf_g{generation}"


@contextmanager
def short_transaction(connection: "Connection[tuple[Any, ...]]") -> Iterator[None]:
    """Run the block in one transaction that PostgreSQL ends when the process says nothing for IDLE_SECONDS."""
    with connection.transaction():
        connection.execute(
            "select set_config('idle_in_transaction_session_timeout', %s, true)", [f"{IDLE_SECONDS * 1000}"]
        )
        yield


def create_control(connection: "Connection[tuple[Any, ...]]") -> None:
    """Create what is not there of the control schema; two callers at once wait for each other."""
    with short_transaction(connection):
        connection.execute("select pg_advisory_xact_lock(hashtext('vsf control schema'))")
        for statement in _CREATE:
            connection.execute(statement)


def has_control(connection: "Connection[tuple[Any, ...]]") -> bool:
    """Return whether the control schema is there."""
    return connection.execute("select to_regclass('vsf.generation') is not null").fetchone() == (True,)


def control_id(connection: "Connection[tuple[Any, ...]]") -> int:
    """Return the number of the control schema in PostgreSQL, of which the keys of its locks are made.

    Raises:
        VsfError: the schema is not there.
    """
    row = connection.execute("select to_regnamespace('vsf')::oid::bigint where to_regclass('vsf.locks') is not null")
    found = row.fetchone()
    if found is None:
        raise VsfError("the database of VSF_CATALOG holds no lake yet; make it with: vsf prepare")
    return int(found[0])


def generations(connection: "Connection[tuple[Any, ...]]") -> Generations:
    """Return which generation holds, and which one is being built."""
    row = connection.execute("select current_number, building_number from vsf.generation").fetchone()
    return Generations(*row) if row else Generations(None, None)


def current_generation(connection: "Connection[tuple[Any, ...]]") -> int:
    """Return the number of the generation that holds.

    Raises:
        VsfError: there is none yet.
    """
    found = generations(connection).current
    if found is None:
        raise VsfError("the lake has no tables yet; make them with: vsf prepare")
    return found


def generation_schemas(connection: "Connection[tuple[Any, ...]]") -> dict[int, str]:
    """Return the generations that have a catalog, also those that nobody uses any more: number -> schema."""
    sql = r"select nspname from pg_namespace where nspname ~ '^vsf_g[0-9]+$'"
    return {int(name.removeprefix("vsf_g")): name for (name,) in connection.execute(sql).fetchall()}


def check_locks(connection: "Connection[tuple[Any, ...]]", held: tuple[HeldLock, ...]) -> None:
    """Keep these locks from being taken until the end of the running transaction.

    Raises:
        LockLostError: somebody has taken one since.
    """
    for lock in held:
        found = connection.execute(
            "select 1 from vsf.locks where name = %s and epoch = %s and word = %s for share",
            [lock.name, lock.epoch, lock.word],
        ).fetchone()
        if found is None:
            raise LockLostError(f"another process has taken the {lock.name} lock of the lake; nothing was changed")


def start_generation(connection: "Connection[tuple[Any, ...]]", held: tuple[HeldLock, ...]) -> int:
    """Return the number of a new generation, which is being built from now on; its catalog is not there yet.

    Raises:
        LockLostError: the build lock is not held any more.
    """
    with short_transaction(connection):
        check_locks(connection, _needed(held, "build"))
        (number,) = connection.execute("select nextval('vsf.generation_numbers')").fetchall()[0]
        connection.execute("update vsf.generation set building_number = %s", [number])
    return int(number)


def swap_generation(connection: "Connection[tuple[Any, ...]]", held: tuple[HeldLock, ...], generation: int) -> None:
    """Let the generation that is being built take over, in one transaction.

    Raises:
        LockLostError: both locks are not held any more.
        VsfError: another generation is being built.
    """
    with short_transaction(connection):
        check_locks(connection, _needed(held, "build", "commit"))
        changed = connection.execute(
            "update vsf.generation set current_number = building_number, building_number = null"
            " where building_number = %s",
            [generation],
        ).rowcount
        if changed != 1:
            raise VsfError(f"generation {generation} of the lake is not the one that is being built; run: vsf rebuild")


def _needed(held: tuple[HeldLock, ...], *names: str) -> tuple[HeldLock, ...]:
    missing = set(names) - {lock.name for lock in held}
    if missing:
        raise LockLostError(f"this needs the lock of the lake: {', '.join(sorted(missing))}")
    return held


def record_versions(
    connection: "Connection[tuple[Any, ...]]", held: tuple[HeldLock, ...], generation: int, versions: Mapping[str, str]
) -> None:
    """Record who made the tables of a generation: version and digests of contracts, by name; others are forgotten.

    Raises:
        LockLostError: both locks are not held any more.
    """
    with short_transaction(connection):
        check_locks(connection, _needed(held, "build", "commit"))
        connection.execute("delete from vsf.versions where generation = %s", [generation])
        for name, value in versions.items():
            connection.execute("insert into vsf.versions values (%s, %s, %s)", [generation, name, value])


def recorded_versions(connection: "Connection[tuple[Any, ...]]", generation: int) -> dict[str, str]:
    """Return what `record_versions` recorded of a generation."""
    rows = connection.execute("select name, value from vsf.versions where generation = %s", [generation]).fetchall()
    return {str(name): str(value) for name, value in rows}
