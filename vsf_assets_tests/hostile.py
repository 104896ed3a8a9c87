"""Hostile surroundings: every variable that a library knows, set to a value that would change or end a run.

Here: the names, taken from the libraries as they are installed, and the values. Not here: what must come out of a
run in them (cli/test_surroundings.py).
"""

import re
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

PREFIXES = ("DBT_", "PANDERA_", "POLARS_", "DUCKDB_", "DAGSTER_")
PACKAGES = (
    *("dagster", "dagster_aws", "dagster_dbt", "dagster_duckdb", "dagster_shared"),
    *("dbt", "dbt_common", "duckdb", "pandera", "polars"),
)
BINARIES = ("_polars_runtime_32", "_duckdb")
_NAME = re.compile(rb"(?<![A-Z0-9_])(?:" + "|".join(PREFIXES).encode() + rb")[A-Z0-9_]+")
_NAME_IN_BINARY = re.compile(rb"(?:POLARS_|DUCKDB_)(?:(?!POLARS_|DUCKDB_)[A-Z0-9_])+")
"""In a binary names follow each other without anything between them."""

GIVEN = re.compile(
    r"DAGSTER_(HOME|CURRENT_IMAGE|PG_PASSWORD|K8S_.*|CONTAINER_.*|(?!DBT_).*TIMEOUT.*|RUN_(?!QUEUE|RECORD|STATUS).*)$"
)
"""What is an operator's to give: a wrong value there is a mistake of theirs."""

VALUES = {
    "DBT_EMPTY": "1",
    "DBT_FULL_REFRESH": "1",
    "DBT_FAIL_FAST": "1",
    "DBT_DEFER": "1",
    "DBT_WARN_ERROR": "1",
    "DBT_TARGET": "prod",
    "DBT_PROFILE": "other",
    "DBT_STATE": "/nowhere",
    "DBT_INDIRECT_SELECTION": "empty",
    "DBT_EXCLUDE_RESOURCE_TYPES": "model test",
    "DBT_RESOURCE_TYPES": "seed",
    "DBT_SAMPLE": "1 day",
    "DBT_EVENT_TIME_START": "2031-01-01",
    "DBT_EVENT_TIME_END": "2031-01-02",
    "DBT_STORE_FAILURES": "1",
    "DBT_THREADS": "0",
    "DBT_PROJECT_DIR": "/nowhere",
    "DBT_PROFILES_DIR": "/nowhere",
    "PANDERA_VALIDATION_ENABLED": "False",
    "PANDERA_VALIDATION_DEPTH": "SCHEMA_ONLY",
    "PANDERA_CACHE_DATAFRAME": "True",
    "PANDERA_KEEP_CACHED_DATAFRAME": "True",
    "PANDERA_USE_NARWHALS_BACKEND": "True",
    "POLARS_ENGINE_AFFINITY": "gpu",
    "POLARS_FMT_MAX_ROWS": "1",
}
"""Values that mean something; every other name gets GARBAGE."""

GARBAGE = "-7 hostile"


@cache
def known_names() -> list[str]:
    """Return every name with a fixed prefix in the sources and binaries of the libraries, and dbt's options."""
    found = set[bytes]()
    for package in PACKAGES:
        for folder in find_spec(package).submodule_search_locations or ():  # type: ignore[union-attr]
            for file in Path(folder).rglob("*.py"):
                found.update(_NAME.findall(file.read_bytes()))
    for file in _binaries():
        found.update(_NAME_IN_BINARY.findall(file.read_bytes()))
    names = {name.decode() for name in found} | set(dbt_options())
    # dbt reads the name of each of its options with this prefix, too.
    names |= {name.replace("DBT_", "DBT_ENGINE_", 1) for name in names if re.match(r"DBT_(?!ENGINE_)", name)}
    return sorted(name for name in names if not name.endswith("_"))


def dbt_options() -> Iterable[str]:
    """Return the variables that dbt's command line takes its options from."""
    from dbt.cli.main import cli

    for command in (cli, *cli.commands.values()):
        for option in command.params:
            yield from [option.envvar] if isinstance(option.envvar, str) else option.envvar or ()


def hostile_variables() -> dict[str, str]:
    """Return every known name that is not an operator's to give, with a value."""
    names = [name for name in known_names() if not GIVEN.match(name)]
    return {name: VALUES.get(name.replace("DBT_ENGINE_", "DBT_"), GARBAGE) for name in names}


def _binaries() -> Iterable[Path]:
    for name in BINARIES:
        spec = find_spec(name)
        assert spec is not None, name
        if spec.submodule_search_locations:
            yield from (file for folder in spec.submodule_search_locations for file in Path(folder).glob("*.so"))
        elif spec.origin:
            yield Path(spec.origin)
