"""Decides which environment variables are passed to the libraries, and which the platform removes.

Here: pure functions that classify a variable as given (passed through) or fixed (removed before a library is used).
Not here: the platform's own variables (config/variables.py), and the environment: config/settings.py removes fixed
variables. A variable that a user sets for another project must not change a table here. It is no error either: users
of dbt often have such variables set.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

FIXED_PREFIXES = ("DBT_", "PANDERA_", "POLARS_", "DUCKDB_", "DAGSTER_")
"""Prefixes of variables of the libraries that compute the tables; the platform removes them unless they are given."""

GIVEN = {
    "DAGSTER_HOME": "folder of an instance that is started by hand",
    "DAGSTER_PG_PASSWORD": "set by a run launcher",
    "DAGSTER_CURRENT_IMAGE": "set by a run launcher",
}
"""Names with a fixed prefix that are passed through -> the reason."""

EVENT_BATCHES = {"DAGSTER_EVENT_BATCH_SIZE": "1000"}
"""What the service sets for its processes that create runs: planned events of a run are stored in one transaction."""

GIVEN_PREFIXES = ("DAGSTER_RUN_", "DAGSTER_K8S_", "DAGSTER_CONTAINER_")
"""Prefixes of variables that a run launcher sets for the processes that it starts."""

_TUNING = ("DAGSTER_RUN_QUEUE_", "DAGSTER_RUN_RECORD_", "DAGSTER_RUN_STATUS_")
"""Prefixes of Dagster's tuning variables, which match `GIVEN_PREFIXES` and are fixed all the same."""

_TIMEOUT = re.compile(r"^DAGSTER_(?!DBT_).*TIMEOUT")


def is_given(name: str, named_by_instance: Collection[str] = ()) -> bool:
    """Whether a variable is passed through to the libraries.

    Args:
        name: name of the variable, e.g. AWS_PROFILE; a name without a fixed prefix is always passed through.
        named_by_instance: names that the instance's own dagster.yaml reads by `env:`.
    """
    if not name.startswith(FIXED_PREFIXES) or name in GIVEN or name in named_by_instance:
        return True
    if name.startswith(_TUNING):
        return False
    return name.startswith(GIVEN_PREFIXES) or _TIMEOUT.match(name) is not None


def fixed_names(environ: Iterable[str], named_by_instance: Collection[str] = ()) -> list[str]:
    """Return the names of `environ` that the platform removes before it calls a library."""
    return sorted(name for name in environ if not is_given(name, named_by_instance))


def names_by_env(document: Any) -> set[str]:
    """Return the variables that a parsed dagster.yaml names by `env:`, at any depth."""
    if isinstance(document, Mapping):
        named = {value for key, value in document.items() if key == "env" and isinstance(value, str)}
        return named.union(*(names_by_env(value) for value in document.values()))
    if isinstance(document, list):
        return set().union(*(names_by_env(value) for value in document))
    return set()
