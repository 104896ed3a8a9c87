"""Upkeep of a lake that several machines share: which data files are merged, which versions are forgotten, what goes.

Here: the order, and the rules by which files go. Not here: merging itself, in a process that can remove no file
(shared_merge.py), and listing and removing files (shared_files.py).

The caller holds the build lock, so no build reads a pinned version and none is published. Files go for one of three
reasons. All of them spare what a kept snapshot or the catalog names, and a kept snapshot that cannot be read stops all.

- DuckLake has scheduled them: no version has them any more. They go when that was so an hour before the time of the
  version that the oldest kept snapshot was built of; both times are PostgreSQL's.
- They are of an earlier generation, or of one that was given up, and no kept snapshot is of it.
- They are orphans: no catalog names them, and the run that wrote them has ended. The files are listed first, then the
  runs that live, then the names: a file that was listed and is of no living run can get no name any more.

A process that was stopped in between and has lost its locks does no harm when it goes on: what was to go stays so.
"""

# ruff: noqa: S608 - the statements hold names of this module and of DuckLake's tables

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.storage.s3_client import is_address
from vsf_assets.warehouse.forms import shared_attach
from vsf_assets.warehouse.forms.form import Config
from vsf_assets.warehouse.forms.lake_upkeep import LARGEST_MERGED
from vsf_assets.warehouse.forms.published import KeptSnapshot, needed_by
from vsf_assets.warehouse.forms.shared_files import GenerationFiles
from vsf_assets.warehouse.forms.shared_merge import MergeProcess
from vsf_assets.warehouse.forms.shared_merge_choice import MergeChoice, next_merge, next_rewrite
from vsf_assets.warehouse.shared.control import (
    check_locks,
    current_generation,
    generation_schemas,
    schema_of,
    short_transaction,
)
from vsf_assets.warehouse.shared.locks import ANY_SNAPSHOT, OF_DAGSTER, Token, dead_runs, forget_runs, living_runs
from vsf_assets.warehouse.shared.no_removal import removal_is_denied

if TYPE_CHECKING:
    from psycopg import Connection

_AT_ONCE = 500
"""Files that are looked up, and removed, at once."""

_GRACE_US = 3_600_000_000
"""Microseconds for which a file stays at least before the oldest version that a kept snapshot was built of."""

_UNFINISHED = "tmp_"
"""What DuckDB puts before the name of a file that it has not finished."""


@dataclass(frozen=True)
class Upkeep:
    """The upkeep of one lake, under the build lock.

    Attributes:
        settings: name the lake.
        token: of the build lock.
        number: of the generation that holds.
        kept: what kept snapshots need.
        dry_run: whether nothing is changed.
    """

    settings: Settings
    token: Token
    number: int
    kept: tuple[KeptSnapshot, ...]
    dry_run: bool

    @property
    def schema(self) -> str:
        """Schema of the generation that holds."""
        return schema_of(self.number)

    @property
    def files(self) -> GenerationFiles:
        """The data files of the generation that holds."""
        return self.files_of(self.number)

    def files_of(self, number: int) -> GenerationFiles:
        """Return the data files of a generation."""
        return GenerationFiles(shared_attach.data_path(self.settings, schema_of(number)).rstrip("/"))

    @property
    def oldest(self) -> KeptSnapshot | None:
        """The kept snapshot of this generation with the smallest pinned version."""
        own = [one for one in self.kept if one.generation == f"g{self.number}" and one.pinned is not None]
        return min(own, key=lambda one: one.pinned or 0, default=None)

    def query(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Ask PostgreSQL over the session of the locks, which therefore lives."""
        with self.token.session.connection() as connection:
            return connection.execute(sql.encode(), values).fetchall()

    def merge_and_expire(self, config: Config) -> None:
        """Merge small files, and forget versions that no kept snapshot needs."""
        tables = self.query(_SEVERAL.format(schema=self.schema), [LARGEST_MERGED])
        old = self._versions_to_forget()
        if not tables and not old:
            return
        with MergeProcess(self.settings, config, self.schema) as process:
            for table_id, schema, table, path in tables:
                self._merge_table(process, table_id, schema, table, path)
            if old:
                self.token.session.check_alive()
                process.expire(old)

    def _merge_table(self, process: MergeProcess, table_id: int, schema: str, table: str, path: str) -> None:
        """Merge the small files of a table in bounded commits, each under the commit lock; deliveries come between.

        Each commit leaves fewer files than before, or nothing that can be merged among those it looked at.
        """
        steps: list[Callable[[int], MergeChoice | None]] = [
            lambda _: next_rewrite(self.query, self.schema, table_id),
            lambda above: next_merge(self.query, self.schema, table_id, above),
        ]
        for next_choice in steps:
            above, goes_on = -1, True
            while goes_on:
                with self.token.session.hold("commit", f"merge files of {schema}.{table}") as both:
                    choice = next_choice(above)
                    if choice is None:
                        break
                    shown = both.text(ANY_SNAPSHOT)
                    files = process.merge(schema, table, f"{self.files.place}/{path}", shown, choice)
                if not files:
                    above, goes_on = choice.largest, not choice.files

    def _versions_to_forget(self) -> list[int]:
        """Return the versions below the smallest pinned one of kept snapshots; without any, none.

        They are a list, so that it may come late: no condition is evaluated anew.
        """
        if self.oldest is None:
            return []
        sql = f"select snapshot_id from {self.schema}.ducklake_snapshot where snapshot_id < %s order by 1"
        return [version for (version,) in self.query(sql, [self.oldest.pinned])]

    def remove_scheduled(self) -> Iterator[int]:
        """Remove what DuckLake has scheduled for long enough; yield sizes."""
        if self.oldest is None:
            return
        found = self.query(
            f"select path from {self.schema}.ducklake_files_scheduled_for_deletion"
            " where path_is_relative and schedule_start < to_timestamp(%s::numeric / 1000000) order by 1",
            [self.oldest.pinned_at - _GRACE_US],
        )
        if not found:
            return
        sizes = self.files.sizes()
        for some in _portions([path for (path,) in found]):
            free = self._unnamed(some)
            there = [path for path in free if path in sizes]
            yield from (sizes[path] for path in there)
            if not self.dry_run:
                self.files.remove(there)
                with self.token.session.connection() as connection, short_transaction(connection):
                    check_locks(connection, self.token.locks)
                    sql = f"delete from {self.schema}.ducklake_files_scheduled_for_deletion where path = any(%s)"
                    connection.execute(sql.encode(), [free])

    def _unnamed(self, paths: Sequence[str]) -> list[str]:
        """Return those of the paths that neither the catalog nor a kept snapshot names; names occur once in a lake."""
        named = {
            name
            for table in ("ducklake_data_file", "ducklake_delete_file")
            for (name,) in self.query(
                f"select substring(path from '[^/]*$') from {self.schema}.{table}"
                " where substring(path from '[^/]*$') = any(%s)",
                [[_name(path) for path in paths]],
            )
        }
        return [path for path in paths if _name(path) not in named and not self._is_kept(path)]

    def _is_kept(self, path: str) -> bool:
        return any(_name(path) in one.files for one in self.kept)

    def remove_orphans(self) -> Iterator[int]:
        """Remove what no catalog names and no living run has written; yield sizes."""
        dead = self._dead_runs()
        sizes = self.files.sizes()
        candidates = self._without_scheduled(self._unnamed_of_dead_runs(list(sizes)))
        for some in _portions(candidates):
            if self.dry_run:
                yield from (sizes[path] for path in some)
                continue
            with self.token.session.hold("commit", "remove files of runs that have ended"):
                orphans = self._unnamed_of_dead_runs(some)
                self.files.remove(orphans)
            yield from (sizes[path] for path in orphans)
        if not self.dry_run:
            with self.token.session.connection() as connection:
                forget_runs(connection, dead)

    def _dead_runs(self) -> list[str]:
        with self.token.session.connection() as connection:
            return [run for run in dead_runs(connection) if not run.startswith(OF_DAGSTER)]

    def _unnamed_of_dead_runs(self, paths: Sequence[str]) -> list[str]:
        """Return those of the listed paths that no living run has written, and that have no name afterwards."""
        with self.token.session.connection() as connection:
            living = tuple(f"{run}-" for run in living_runs(connection))
        left = [path for path in paths if not _name(path).removeprefix(_UNFINISHED).startswith(living)]
        return [path for some in _portions(left) for path in self._unnamed(some)]

    def _without_scheduled(self, paths: Sequence[str]) -> list[str]:
        found = self.query(
            f"select path from {self.schema}.ducklake_files_scheduled_for_deletion where path_is_relative"
        )
        scheduled = {path for (path,) in found}
        return [path for path in paths if path not in scheduled]

    def remove_generations(self) -> Iterator[int]:
        """Remove generations that do not hold and that no kept snapshot is of; yield sizes.

        As long as nothing of this generation is published, readers may need an earlier one.
        """
        if self.oldest is None:
            return
        needed = {one.generation for one in self.kept} | {f"g{self.number}"}
        with self.token.session.connection() as connection:
            found = generation_schemas(connection)
        for number, schema in sorted(found.items()):
            if f"g{number}" in needed:
                continue
            files = self.files_of(number)
            sizes = files.sizes()
            yield from sizes.values()
            if self.dry_run:
                continue
            self.token.session.check_alive()
            files.remove_place()
            with self.token.session.connection() as connection:
                self._drop(connection, number, schema)

    def _drop(self, connection: "Connection[tuple[Any, ...]]", number: int, schema: str) -> None:
        """Drop the catalog of a generation; one that somebody has open now goes the next time."""
        from psycopg.errors import LockNotAvailable

        try:
            with short_transaction(connection):
                check_locks(connection, self.token.locks)
                connection.execute("set local lock_timeout = '5s'")
                connection.execute(f'drop schema "{schema}" cascade'.encode())
                connection.execute("delete from vsf.versions where generation = %s", [number])
        except LockNotAvailable:
            return

    def add_index(self) -> None:
        """Make the index by which DuckLake finds the statistics of a column, if it is not there."""
        sql = "select 1 from pg_indexes where schemaname = %s and indexname = %s"
        if not self.query(sql, [self.schema, _INDEX]):
            with self.token.session.connection() as connection:
                connection.execute(
                    f"create index if not exists {_INDEX} on {self.schema}.ducklake_file_column_stats"
                    " (table_id, column_id)".encode()
                )


_INDEX = "vsf_statistics_of_columns"

_SEVERAL = """
    select tables.table_id, schemas.schema_name, tables.table_name, schemas.path || tables.path
    from {schema}.ducklake_schema as schemas
    inner join {schema}.ducklake_table as tables using (schema_id)
    where schemas.end_snapshot is null and tables.end_snapshot is null
        and (
            1 < (
                select count(*) from {schema}.ducklake_data_file as files
                where files.table_id = tables.table_id and files.end_snapshot is null and file_size_bytes < %s
            )
            or exists (
                select from {schema}.ducklake_delete_file as files
                where files.table_id = tables.table_id and files.end_snapshot is null
            )
        )
    order by 2, 3
"""
"""Tables with several small files, or with deleted rows, and their folders."""


def keep_up(
    settings: Settings, config: Config, token: Token, snapshots: Callable[[], Sequence[Path | str]], dry_run: bool
) -> list[int]:
    """Put a lake in order, under the build lock; return the sizes of removed files.

    Args:
        settings: name the lake.
        config: settings of DuckDB.
        token: of the build lock.
        snapshots: returns all published files that are kept, or their addresses.
        dry_run: whether to change nothing, and return what would be removed.

    Raises:
        LockLostError: the session of the lock has ended.
        VsfError: a kept snapshot cannot be read, or this process may remove nothing; nothing was removed then.
        OSError: a file cannot be removed.
    """
    if not dry_run and not is_address(settings.lake) and removal_is_denied(Path(settings.lake)):
        raise VsfError("this process has written to the lake and may remove none of its files; run: vsf maintain")
    with token.session.connection() as connection:
        number = current_generation(connection)
    kept = tuple(found for file in snapshots() if (found := needed_by(file)) is not None)
    upkeep = Upkeep(settings, token, number, kept, dry_run)
    if not dry_run:
        upkeep.add_index()
        upkeep.merge_and_expire(config)
    return [*upkeep.remove_scheduled(), *upkeep.remove_generations(), *upkeep.remove_orphans()]


def _portions(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    return (paths[start : start + _AT_ONCE] for start in range(0, len(paths), _AT_ONCE))


def _name(path: str) -> str:
    return path.rpartition("/")[2]
