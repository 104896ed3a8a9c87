"""A record of every commit to a shared lake, which outlives the upkeep, and what must be true of their epochs.

Here: a trigger behind the fence that writes what each commit showed, and the comparison of epochs. Not here: the fence,
and who tries to commit with an old epoch.
"""

import re
from itertools import pairwise
from typing import Any

import psycopg

from vsf_assets.warehouse.shared.control import generation_schemas
from vsf_assets.warehouse.shared.fence import TABLE

_TEXT = re.compile(r"(b)(\d+):([0-9a-f]+)|(c)(\d+):([0-9a-f]+)@\d+")

_RECORD = """
    create table if not exists public.commits (
        generation text, snapshot_id bigint, shown text, primary key (generation, snapshot_id)
    );
    create or replace function public.record_commit() returns trigger language plpgsql as $record$
    begin
        insert into public.commits values (tg_table_schema, new.snapshot_id, new.commit_extra_info);
        return new;
    end
    $record$;
"""


def record_commits(database: str, schema: str = "vsf_g1") -> None:
    """Record each commit to a generation from now on, in the transaction that commits it, after the fence."""
    with psycopg.connect(database, autocommit=True) as control:
        control.execute(_RECORD)
        control.execute(
            f"create trigger recorded after insert on {schema}.{TABLE}"
            " for each row execute function public.record_commit()".encode()
        )


def check_epochs(database: str) -> int:
    """See that no commit has an epoch below that of an earlier one; return the number of commits.

    Commits are looked at in the order of their versions, a generation after the one that it replaced, each lock by
    itself. An epoch belongs to one word, and the last of them is no higher than that of the lock itself.
    """
    with psycopg.connect(database, autocommit=True) as control:
        commits = _recorded(control)
        rows = dict(control.execute("select left(name, 1), epoch from vsf.locks").fetchall())
    words: dict[tuple[str, int], str] = {}
    for lock in "bc":
        shown = [(epoch, word) for text in commits for name, epoch, word in _locks(text) if name == lock]
        epochs = [epoch for epoch, _ in shown]
        assert epochs == sorted(epochs), f"commits of old epochs of lock {lock}: {_backward(epochs)}"
        assert max(epochs, default=0) <= rows[lock]
        for epoch, word in shown:
            assert words.setdefault((lock, epoch), word) == word, f"epoch {epoch} of lock {lock} has two words"
    return len(commits)


def _recorded(control: "psycopg.Connection[Any]") -> list[str]:
    """Return what each commit showed: those that were recorded, and those that a catalog still has."""
    found: dict[tuple[int, int], str] = {}
    for number, schema in generation_schemas(control).items():
        kept = control.execute(f"select snapshot_id, commit_extra_info from {schema}.{TABLE}".encode())
        found |= {(number, version): text or "" for version, text in kept.fetchall()}
    if control.execute("select to_regclass('public.commits')").fetchone() != (None,):
        for schema, version, text in control.execute("select generation, snapshot_id, shown from commits").fetchall():
            key = (int(schema.removeprefix("vsf_g")), version)
            assert found.setdefault(key, text) == text
    return [text for _, text in sorted(found.items())]


def _locks(text: str) -> list[tuple[str, int, str]]:
    found = [match.groups() for match in _TEXT.finditer(text)]
    return [(b or c, int(b_epoch or c_epoch), b_word or c_word) for b, b_epoch, b_word, c, c_epoch, c_word in found]


def _backward(epochs: list[int]) -> list[tuple[int, int]]:
    return [(one, other) for one, other in pairwise(epochs) if other < one]
