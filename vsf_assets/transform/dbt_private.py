"""Uses of private parts of dbt: everything beyond `dbt.cli.main`, the interface that it documents for programs.

Here: each such use, with its reason, its measured gain, and the versions it was checked with. Not here: running dbt
(dbt_runner.py). Importing dbt takes a second, so each function imports it locally. A test fails with a version outside
of `CHECKED`; `RECHECK` lists what to check then.
"""

import sys
from pathlib import Path
from typing import Any

CHECKED = {"dbt-core": ("1.11.16",), "dbt-common": ("1.39.0",), "dbt-duckdb": ("1.11.1",)}

RECHECK = (
    "that dbt-duckdb still keeps the file open after an invocation (close_connections), that partial_parse.msgpack"
    " still is a whole manifest for this decoder (read_parsed_project), and that dagster-dbt still understands the"
    " messages (message_as_dict); vsf_assets_tests/dbt and vsf_assets_tests/dagster run all three; that a flag without"
    " a source still asks `BehaviorFlagRendered._default_source` (name_sources_cheaply; dbt/test_behavior_flags.py)"
)


def close_connections() -> None:
    """Close the warehouse file, which dbt-duckdb keeps open for the life of the process (decision 0001).

    Otherwise the checks, the copy and the next ingest in this process could not open the file.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]


def message_as_dict(message: Any) -> dict[str, Any]:
    """Return a message of a dbt callback as a dictionary, in the form of dbt's JSON log.

    dagster-dbt translates such dictionaries into Dagster's events.
    """
    from dbt_common.events.functions import msg_to_dict

    as_dict: dict[str, Any] = msg_to_dict(message)
    return as_dict


def name_sources_cheaply() -> None:
    """Let the flags of an adapter name the module that declares them without reading source files.

    dbt asks `inspect.stack()` for each flag whenever an adapter is made. That searches all imported modules for each
    running function without a source file, to find a module's name, which each frame holds. Measured: 0.12 s of the
    0.2 s of an invocation that builds nothing, in a process that was started with `python -c` (multiprocessing's, and
    the workers of the tests); 0.01 s with `python -m`.
    """
    from dbt_common import behavior_flags

    flags = behavior_flags.BehaviorFlagRendered
    flags._default_source = staticmethod(lambda: declaring_module())  # type: ignore[method-assign]


def declaring_module() -> str:
    """Return the name of the innermost running module that is neither this one nor dbt's of flags, as dbt finds it."""
    from dbt_common import behavior_flags

    frame = sys._getframe(1)
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name in sys.modules and name not in (__name__, behavior_flags.__name__):
            return name
        frame = frame.f_back  # type: ignore[assignment]
    return "Unknown"


def read_parsed_project(file: Path) -> Any:
    """Return the parsed project from dbt's cache file, for `dbtRunner(manifest=...)`; the build then skips parsing.

    Loading it takes 0.2 s of processor time (0.04 s the second time). Parsing takes 3.5 s, and dbt's own check that
    no file changed 0.4 s.
    """
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    manifest = Manifest.from_msgpack(file.read_bytes(), decoder=extended_mashumuro_decoder)
    # The variable `graph` of macros (hooks in dbt_project.yml), which dbt sets only when it parses.
    manifest.build_flat_graph()  # type: ignore[no-untyped-call]
    return manifest
