"""dbt's data tests asked of a warehouse directly: one connection, no dbt, a tenth of the time.

Here: their compiled SQL, kept once per run of the tests, and asking it. Not here: when a home is checked
(commandline.py), and tests of dbt's way of running them (dbt/, dagster/).
"""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from vsf_assets.common.duckdb_extensions import OWN_SQL_ONLY
from vsf_assets.config.settings import Settings
from vsf_assets.warehouse.forms.form import BuildTarget
from vsf_assets_tests.forms import attach, attach_target, for_target

_COMPILED_WITH = ("score_seed", "plausible_days_before", "plausible_days_after", "awesome_rules")
"""Settings that compiled SQL may depend on."""


def keep_data_tests(results: Iterable[Any], settings: Settings, file: Path) -> None:
    """Write the compiled SQL of a build's data tests that block publishing, by name."""
    blocking = {
        item.node.name: item.node.compiled_code
        for item in results
        if item.node.resource_type == "test" and item.node.config.severity.lower() == "error"
    }
    assert len(blocking) > 50
    assert all("select" in sql.lower() for sql in blocking.values())
    file.write_text(json.dumps({"settings": settings_of_sql(settings), "tests": blocking}))


@cache
def kept(file: Path) -> Any:
    """Return what is kept in a file, which stays the same for all tests of a process."""
    return json.loads(file.read_text())


def can_ask(settings: Settings, file: Path) -> bool:
    """Return whether the tests were compiled for settings like these."""
    return bool(kept(file)["settings"] == settings_of_sql(settings))


def failed_data_tests(warehouse: Path | BuildTarget, file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the blocking tests that find rows in a warehouse, with the first of the rows."""
    failed = {}
    with duckdb.connect(config={"threads": 1, **OWN_SQL_ONLY}) as connection:
        connection.execute("set TimeZone = 'UTC'")
        if isinstance(warehouse, BuildTarget):
            attach_target(connection, warehouse)
        else:
            attach(connection, warehouse, "warehouse")
        for name, sql in kept(file)["tests"].items():
            sql = for_target(sql, warehouse) if isinstance(warehouse, BuildTarget) else sql
            found = connection.execute(f"select * from ({sql}\n) limit 5").fetchall()
            if found:
                failed[name] = found
    return failed


def settings_of_sql(settings: Settings) -> list[str]:
    """Return the settings that compiled SQL depends on, comparable."""
    return [repr(getattr(settings, name)) for name in _COMPILED_WITH]
