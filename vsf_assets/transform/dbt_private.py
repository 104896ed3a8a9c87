"""Uses of private parts of dbt: everything beyond `dbt.cli.main`, the interface that it documents for programs.

Here: each such use, with its reason, its measured gain, and the versions it was checked with. Not here: running dbt
(dbt_runner.py). Importing dbt takes a second, so each function imports it locally. A test fails with a version outside
of `CHECKED`; `RECHECK` lists what to check then.
"""

import functools
import re
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vsf_assets.transform.template_cache import TemplateCache

CHECKED = {"dbt-core": ("1.11.16",), "dbt-common": ("1.39.0",), "dbt-duckdb": ("1.11.1",)}

RECHECK = (
    "that dbt-duckdb still keeps the file open after an invocation (close_connections), that partial_parse.msgpack"
    " still is a whole manifest for this decoder (read_parsed_project), and that dagster-dbt still understands the"
    " messages (message_as_dict); vsf_assets_tests/dbt and vsf_assets_tests/dagster run all three; that a flag without"
    " a source still asks `BehaviorFlagRendered._default_source` (name_sources_cheaply; dbt/test_behavior_flags.py);"
    " that the shorter ways below give what dbt's own give (dbt/test_dbt_shortcuts.py)"
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


def read_sources_from(project: Any, database: str, others: Collection[str]) -> None:
    """Let the models of a parsed project read their sources from another attached database.

    Where runs deliver during a build, that is an attachment of one version (warehouse/forms/). In the profile it cannot
    be chosen: dbt keeps the name with the parsed models.

    Args:
        project: from `read_parsed_project`.
        database: its name.
        others: names of tables that stay where they are.
    """
    for source in project.sources.values():
        if source.name not in others:
            source.relation_name = source.relation_name.replace(source.database, database)
            source.database = database


def run_before(statements: Iterable[str]) -> None:
    """Let dbt's connections of this process run SQL before they attach the warehouse; see dbt_plugin.py."""
    from vsf_assets.transform import dbt_plugin

    dbt_plugin.of_this_process[:] = statements


def take_shortcuts(wanted: Collection[str]) -> None:
    """Let dbt leave out work whose result nobody uses, and do some of the rest in a shorter way. Idempotent.

    Measured in turns, processor time, 36 models and tests of small tables: the first build of a process takes 0.52 of
    what it took, a later one 0.66.

    Args:
        wanted: names of the messages that the callbacks of this program read.
    """
    from dbt import compilation
    from dbt.context.macros import MacroNamespaceBuilder
    from dbt.context.manifest import ManifestContext
    from dbt.plugins.manager import PluginManager
    from dbt_common.clients import agate_helper
    from dbt_common.clients.jinja import MacroFuzzEnvironment
    from dbt_common.events.base_types import BaseEvent
    from dbt_common.events.event_manager import EventManager

    if compilation.inject_ctes_into_sql is not with_ctes:
        dbts_own.update(inject=compilation.inject_ctes_into_sql, read=BaseEvent.__init__, fire=EventManager.fire_event)
        dbts_own.update(builder=MacroNamespaceBuilder, manager=EventManager, message=BaseEvent)
        dbts_own.update(namespace=MacroNamespaceBuilder.build_namespace)
        dbts_own.update(tester=agate_helper.build_type_tester, compile=MacroFuzzEnvironment.compile)
        MacroFuzzEnvironment.compile = _compiled
        agate_helper.build_type_tester = type_tester
        compilation.inject_ctes_into_sql = with_ctes
        compilation.Linker.get_graph_summary = lambda *_: {}  # type: ignore[method-assign]  # for developers of dbt
        MacroNamespaceBuilder.build_namespace = namespace_of_macros  # type: ignore[method-assign, assignment]
        ManifestContext.to_dict = _flat_context  # type: ignore[method-assign]
        BaseEvent.__init__ = _read_later  # type: ignore[method-assign]
        BaseEvent.__getattr__ = _read_now  # type: ignore[method-assign]
        EventManager.fire_event = _fire_if_heard  # type: ignore[method-assign]
        # It searches all folders of sys.path for packages named dbt_…
        PluginManager.get_prefixed_modules = functools.cache(  # type: ignore[method-assign]
            PluginManager.get_prefixed_modules
        )
    _heard.update(wanted)


dbts_own: dict[str, Any] = {}
"""What dbt has in the place of a shorter way, and the classes that have it."""

templates = TemplateCache()
"""The compiled templates of this process."""

_heard: set[str] = set()
"""Names of the messages that callbacks read."""

_BEFORE = re.compile(r"(?:\s+|--[^\n]*\n|/\*.*?\*/)*", re.DOTALL)
"""White space and comments at the beginning of a statement."""
_WITH = re.compile(r"with(?:\s+recursive)?\s+", re.IGNORECASE)
_ANY_WITH = re.compile(r"\bwith\b", re.IGNORECASE)
_NO_CODE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"[^\"]*\"", re.DOTALL)
"""Comments, texts and quoted names."""


def _compiled(self: Any, source: Any, *arguments: Any, **named: Any) -> Any:
    """Return a compiled template; dbt gives its text alone."""
    if arguments or named or not isinstance(source, str):
        return dbts_own["compile"](self, source, *arguments, **named)
    return templates.compiled(lambda text: dbts_own["compile"](self, text), source, type(self).__name__)


def with_ctes(sql: str, ctes: Sequence[Any]) -> str:
    """Return a statement with the ephemeral models that it reads, as dbt's `inject_ctes_into_sql` does.

    That one parses the whole statement to find its first word, a quarter of the time of a node. This one looks at the
    beginning, and leaves statements to dbt whose first `with` may be elsewhere, or which may be several.
    """
    if not ctes:
        return sql
    start = _BEFORE.match(sql).end()  # type: ignore[union-attr]  # it matches everything
    begins_with = _WITH.match(sql, start)
    code = _NO_CODE.sub("", sql)
    if ";" in code or (begins_with is None and _ANY_WITH.search(code)):
        text: str = dbts_own["inject"](sql, ctes)
        return text
    added = ", ".join(cte.sql for cte in ctes)
    if begins_with is None:
        start = len(sql) - len(sql.lstrip())
        return f"{sql[:start]}with{added} {sql[start:]}"
    return f"{sql[: begins_with.end()]}{added}, {sql[begins_with.end() :]}"


def namespace_of_macros(self: Any, macros_by_package: Mapping[str, Mapping[str, Any]], context: dict[str, Any]) -> Any:
    """Return the macros that a template sees, by package, as dbt's `MacroNamespaceBuilder.build_namespace` does.

    That one makes each of 600 macros in four calls, twice per node: a tenth of its time.
    """
    from dbt.context.macros import MacroNamespace

    generator = _macro_generator()
    for package, macros in macros_by_package.items():
        made = {macro.name: generator(macro, context, self.node, self.thread_ctx) for macro in macros.values()}
        is_internal = package in self.internal_package_names
        (self.internal_packages if is_internal else self.packages)[package] = made
        if not is_internal and package == self.search_package:
            self.locals.update(made)
        elif not is_internal and package == self.root_package:
            self.globals.update(made)
    shared: dict[str, Any] = {}
    for package in reversed(self.internal_package_names_order):
        shared.update(self.internal_packages.get(package, {}))
    return MacroNamespace(self.globals, self.locals, shared, self.packages)


@functools.cache
def _macro_generator() -> Any:
    """Return dbt's class of macros that can be called, with one constructor instead of three."""
    from dbt.clients.jinja import MacroGenerator

    class Generator(MacroGenerator):
        def __init__(self, macro: Any, context: dict[str, Any], node: Any, stack: Any) -> None:
            self.macro, self.context, self.node, self.stack = macro, context, node, stack

    return Generator


def type_tester(text_columns: Iterable[str], string_null_values: Iterable[str] | None = ("null", "")) -> Any:
    """Return what tells the types of a result's columns; a new one makes two calendars that know words for days."""
    nulls = None if string_null_values is None else tuple(string_null_values)
    return _made_tester(frozenset(text_columns), nulls)


@functools.lru_cache
def _made_tester(text_columns: frozenset[str], string_null_values: tuple[str, ...] | None) -> Any:
    return dbts_own["tester"](text_columns, string_null_values)


def flattened(namespace: Any) -> dict[str, Any]:
    """Return what each name means in a namespace of macros: the first of its dictionaries that has it counts."""
    macros: dict[str, Any] = {}
    for members in reversed(tuple(namespace._search_order())):
        macros.update(members)
    return macros


def _flat_context(self: Any) -> dict[str, Any]:
    """Return the variables and macros that a template sees.

    dbt asks five dictionaries for each of 600 macros, twice per node: a tenth of its time.
    """
    from dbt.context.configured import ConfiguredContext
    from dbt.context.macros import MacroNamespace

    context: dict[str, Any] = ConfiguredContext.to_dict(self)
    namespace = self.namespace
    if isinstance(namespace, MacroNamespace):
        context.update(flattened(namespace))
    else:  # while dbt parses tests
        context.update(namespace.local_namespace)
        context.update(namespace.project_namespace)
    return context


def _read_later(self: Any, *arguments: Any, **named: Any) -> None:
    """Keep what an event is made of; dbt makes a protobuf message of it at once, which for most events nobody reads."""
    self.__dict__["unread"] = (arguments, named)


def _read_now(self: Any, name: str) -> Any:
    """Return an attribute that an event does not have until its message is made."""
    if "unread" in self.__dict__:
        arguments, named = self.__dict__.pop("unread")
        dbts_own["read"](self, *arguments, **named)
    return getattr(self.__dict__["pb_msg"], name) if name != "pb_msg" else self.__dict__["pb_msg"]


def _fire_if_heard(
    self: Any, e: Any, level: Any = None, node: Any = None, force_warn_or_error_handling: bool = False
) -> None:
    """Pass an event on if it is a warning or an error, or if a log or a callback of this program reads it."""
    is_quiet = (level or e.level_tag()).value in ("debug", "info")
    if is_quiet and not force_warn_or_error_handling and not self.loggers and type(e).__name__ not in _heard:
        return
    dbts_own["fire"](self, e, level=level, node=node, force_warn_or_error_handling=force_warn_or_error_handling)
