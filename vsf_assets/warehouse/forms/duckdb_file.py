"""The form of one DuckDB file, which holds everything: the default.

Here: opening, copying and replacing it. Not here: the interface (form.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from vsf_assets.common.duckdb_connections import connect
from vsf_assets.common.errors import VsfError
from vsf_assets.common.file_copy import copy_into
from vsf_assets.config.settings import Settings
from vsf_assets.warehouse.forms.form import BuildTarget, Form, log_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

NAME = "warehouse.duckdb"


class DuckdbFile(Form):
    """A warehouse in one DuckDB file; the stem of its name is the name of the database catalog."""

    @classmethod
    def of(cls, settings: Settings) -> "DuckdbFile":
        """Return the warehouse of a home in this form."""
        return cls(settings, settings.home / "warehouse" / NAME)

    @contextmanager
    def connect(self, read_only: bool) -> Iterator["DuckDBPyConnection"]:
        """Open the file."""
        connection = connect(self.file, read_only=read_only, config=self.config())
        try:
            connection.execute("set TimeZone = 'UTC'")
            yield connection
        finally:
            connection.close()

    @contextmanager
    def building(self) -> Iterator[BuildTarget]:
        """Name the file."""
        yield BuildTarget(str(self.file))

    def checkpoint(self, connection: "DuckDBPyConnection") -> None:
        """Write the log into the file."""
        connection.execute("checkpoint")

    def copy_to(self, target: BinaryIO, published: Path) -> bool:  # noqa: ARG002
        """Copy the file."""
        return copy_into(self.file, target)

    @contextmanager
    def to_upload(self) -> Iterator[Path]:
        """Give the file itself."""
        yield self.file

    def beside(self) -> "DuckdbFile":
        """Return the same file in a folder of its own."""
        found = replace(self, file=self.rebuild_folder / NAME)
        found.remove()
        return found

    def replace_with(self, beside: Form) -> None:
        """Replace the file, and remove its log: DuckDB must never apply it to the new one."""
        import duckdb

        if self.file.exists():
            try:
                with self.connect(read_only=False) as connection:
                    connection.execute("checkpoint")
            except (duckdb.Error, VsfError):
                # The old file is damaged, which may be the reason for the rebuild; the new one replaces it.
                self.file.unlink()
        log_of(self.file).unlink(missing_ok=True)
        beside.file.replace(self.file)
