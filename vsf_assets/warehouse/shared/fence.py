"""The fence of a shared lake: PostgreSQL itself refuses commits of those who do not hold the lock any more.

Here: the trigger on DuckLake's table of changes, of which each commit inserts one row, and the text of a commit that it
reads. Not here: the locks whose epochs it compares (locks.py).

The text stands in `commit_extra_info`: `b<epoch>:<word>` under the build lock, `c<epoch>:<word>@<base>` under the
commit lock, both with a comma between under both. `base` is the snapshot that the transaction saw when it looked at the
ledger.
A program that commits without us, such as dbt, shows the text of the build lock by the setting `vsf.token` of its
session, which the trigger writes into the commit. Not seen by the trigger: set_option, expire, cleanup and removal of
orphans, which insert no row.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from vsf_assets.warehouse.shared.control import IDLE_SECONDS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from psycopg import Connection

TABLE = "ducklake_snapshot_changes"

MARK = "vsf-fence:"
"""Start of the fence's messages. None of them holds one of RETRIED: DuckLake would try ten times more, in silence."""

SESSION_SETTING = "vsf.token"
"""Setting of a session of PostgreSQL whose value counts for commits that have no text of their own."""

RETRIED = ("primary key", "unique", "conflict", "concurrent")
"""Words in a message of PostgreSQL after which DuckLake 1.5.5 retries a commit."""


class Signature(Protocol):
    """What a commit shows to the fence (locks.Token)."""

    def text(self, base: int) -> str:
        """Return the text for a transaction that saw the snapshot `base`."""


@dataclass(frozen=True)
class FenceGuards:
    """What the fence refuses, and how long it lets a transaction sleep. Tests switch one off and see what it was for.

    Attributes:
        text: commits without a text of the right form.
        epoch: an epoch or a word that is not the row's.
        generation: a schema that is neither the current generation nor, under the build lock, the one being built.
        base: a commit under the commit lock after which another one came that it did not see.
        idle_seconds: time that a transaction may sleep between the trigger and COMMIT; 0 for any.
    """

    text: bool = True
    epoch: bool = True
    generation: bool = True
    base: bool = True
    idle_seconds: float = IDLE_SECONDS


_ALL = FenceGuards()

_FORM = r"^(?:b(\d{1,18}):([0-9a-f]+))?(?:(?:^|,)c(\d{1,18}):([0-9a-f]+)@(\d{1,18}))?$"

# Under REPEATABLE READ, which DuckDB asks for, a row that somebody else has changed is an error whose words DuckLake
# would retry on, so it is caught.
_FUNCTION = """
create or replace function vsf.fence() returns trigger language plpgsql security definer
set search_path = pg_temp as $fence$
declare
    found_text text[];
    has_build boolean;
    has_commit boolean;
    is_wanted boolean;
begin
    new.commit_extra_info := coalesce(nullif(new.commit_extra_info, ''), current_setting('{setting}', true), '');
    found_text := regexp_match(new.commit_extra_info, '{form}');
    has_build := found_text[1] is not null;
    has_commit := found_text[3] is not null;
    if {idle_ms} > 0 then
        perform set_config('idle_in_transaction_session_timeout', '{idle_ms}', true);
    end if;
    if {text} and not (has_build or has_commit) then
        raise exception '{mark} a commit to the lake shows that it holds a lock of the lake; this one does not';
    end if;
    begin
        if {epoch} and has_build then
            perform 1 from vsf.locks where name = 'build' and epoch = found_text[1]::bigint and word = found_text[2]
            for share;
            if not found then
                raise exception '{mark} the build lock was taken by another process';
            end if;
        end if;
        if {epoch} and has_commit then
            perform 1 from vsf.locks where name = 'commit' and epoch = found_text[3]::bigint and word = found_text[4]
            for share;
            if not found then
                raise exception '{mark} the commit lock was taken by another process';
            end if;
        end if;
    exception when serialization_failure then
        raise exception '{mark} a lock of the lake was taken by another process during this commit';
    end;
    if {generation} then
        select coalesce(
            tg_table_schema = 'vsf_g' || current_number or (has_build and tg_table_schema = 'vsf_g' || building_number),
            false
        ) into is_wanted from vsf.generation;
        if is_wanted is not true then
            raise exception '{mark} % is not the generation of the lake that holds', tg_table_schema;
        end if;
    end if;
    if {base} and has_commit then
        execute format(
            'select not exists (select from %I.%I where snapshot_id > $1 and commit_extra_info ~ ''(^|,)c[0-9]'')',
            tg_table_schema, tg_table_name
        ) using found_text[5]::bigint into is_wanted;
        if not is_wanted then
            raise exception '{mark} another delivery was stored after this one looked at the ledger';
        end if;
    end if;
    return new;
end
$fence$
"""


def create_fence(connection: "Connection[tuple[Any, ...]]", guards: FenceGuards = _ALL) -> None:
    """Create the function of the fence, or replace it; the control schema is there."""
    values = {
        "form": _FORM,
        "mark": MARK,
        "setting": SESSION_SETTING,
        "idle_ms": str(round(guards.idle_seconds * 1000)),
        **{name: str(getattr(guards, name)).lower() for name in ("text", "epoch", "generation", "base")},
    }
    statement = _FUNCTION
    for name, value in values.items():
        statement = statement.replace(f"{{{name}}}", value)
    with connection.transaction():
        connection.execute(statement.encode())
        connection.execute("revoke all on function vsf.fence() from public")


def install_fence(connection: "Connection[tuple[Any, ...]]", schema: str, guards: FenceGuards = _ALL) -> None:
    """Put the fence before the catalog in a schema; from now on it takes no commit without a lock."""
    from psycopg import sql

    create_fence(connection, guards)
    connection.execute(
        sql.SQL(
            "create or replace trigger vsf_fence before insert on {} for each row execute function vsf.fence()"
        ).format(sql.Identifier(schema, TABLE))
    )


def sign(connection: "DuckDBPyConnection", database: str, signature: Signature, message: str) -> int:
    """Let the running transaction show its locks to the fence; return the snapshot that it sees.

    To be called before the ledger is looked at: what was stored after that snapshot is then refused by the fence.

    Args:
        connection: a connection of DuckDB, in a transaction that began after the locks were taken.
        database: name of the attached lake.
        signature: the locks.
        message: what the commit is for.
    """
    row = connection.execute("select id from ducklake_current_snapshot(?)", [database]).fetchone()
    base = int(row[0]) if row else 0
    connection.execute(
        "call ducklake_set_commit_message(?, 'vsf', ?, extra_info => ?)", [database, message, signature.text(base)]
    )
    return base
