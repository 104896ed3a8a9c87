"""The shorter ways in dbt give what dbt's own ways give, and compiled templates outlive a process.

Not here: builds with them, which every other test of dbt runs.
"""

import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.transform import dbt_private
from vsf_assets.transform.dbt_private import dbts_own, flattened, take_shortcuts, with_ctes
from vsf_assets.transform.dbt_runner import ensure_manifest
from vsf_assets.transform.template_cache import TemplateCache

CTES = [SimpleNamespace(id=name, sql=f" __dbt__cte__{name} as (\nselect 1\n)") for name in ("a", "b")]


@pytest.fixture(autouse=True)
def _shortcuts() -> None:
    take_shortcuts({"LogModelResult"})


@pytest.fixture(scope="module")
def project() -> Any:
    settings = read_settings({"VSF_HOME": "/nonexistent"})
    return dbt_private.read_parsed_project(ensure_manifest(settings).with_name("partial_parse.msgpack"))


@pytest.mark.parametrize(
    "sql",
    [
        "select 1",
        "\n\n  select 1 as x\n",
        "with x as (select 1) select * from x",
        "\nWITH\n  x as (select 1) select * from x",
        "with recursive x as (select 1) select * from x",
        "with /* why */ x as (select 1) select * from x",
        "-- with a comment; and more\nselect 1",
        "/* with; */ with x as (select ';' as y) select * from x",
        "select 'with' as \"with\", ';' as semicolon -- with",
        "select * from (with y as (select 1) select * from y)",
        "from t select cast(a as timestamp with time zone)",
        "select 1; select 2",
        "with x as (select 1) select * from x;",
        "-- only a comment",
        "within as (select 1)",
    ],
)
def test_ephemeral_models_stand_where_dbt_puts_them(sql: str) -> None:
    assert with_ctes(sql, CTES) == dbts_own["inject"](sql, CTES)


def test_ephemeral_models_stand_where_dbt_puts_them_in_every_model(project: Any) -> None:
    texts = _texts_of_models(project)
    assert len(texts) > 50
    for plain in texts:
        assert with_ctes(plain, CTES) == dbts_own["inject"](plain, CTES)


def _texts_of_models(project: Any) -> list[str]:
    """Return the SQL of the models without its templates, where some of it is left."""
    raw = [node.raw_code for node in project.nodes.values() if node.resource_type == "model"]
    plain = [re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", "", text, flags=re.DOTALL) for text in raw]
    return [text for text in plain if text.strip()]


def test_few_models_are_left_to_dbts_own_way(project: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[str] = []
    monkeypatch.setitem(dbts_own, "inject", lambda sql, _: left.append(sql) or sql)
    texts = _texts_of_models(project)
    for text in texts:
        with_ctes(text, CTES)
    assert len(left) * 20 <= len(texts)


def test_a_name_means_the_same_macro(project: Any) -> None:
    macros = project.get_macros_by_package()

    def built(build: Any) -> Any:
        builder = dbts_own["builder"]("vsf", "vsf", None, ["dbt_duckdb", "dbt"], None)
        return build(builder, macros, {"a": 1})

    ours, own = built(dbt_private.namespace_of_macros), built(dbts_own["namespace"])
    assert _ids(flattened(ours)) == _ids(dict(own))
    assert len(_ids(dict(own))) > 500
    assert ours.get_from_package("dbt", "run_hooks").macro is own.get_from_package("dbt", "run_hooks").macro


def _ids(namespace: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _ids(member) if isinstance(member, dict) else (member.macro.unique_id, member.context)
        for name, member in namespace.items()
    }


def _kind_of_event(name: str) -> Any:
    """Return dbt's class of an event."""
    kinds = [dbts_own["message"]]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return next(kind for kind in kinds if kind.__name__ == name)


def test_an_event_is_read_when_somebody_asks_for_it() -> None:
    event = _kind_of_event("Note")(msg="nothing to do")
    assert event.message() == "nothing to do"
    assert event.to_dict() == {"msg": "nothing to do"}


def test_only_warnings_and_wanted_messages_are_passed_on() -> None:
    note, result = _kind_of_event("Note"), _kind_of_event("LogModelResult")
    info, warn, error = (SimpleNamespace(value=value) for value in ("info", "warn", "error"))
    passed: list[str] = []
    manager = dbts_own["manager"]()
    manager.add_callback(lambda message: passed.append(f"{message.info.name} {message.info.level}"))
    manager.fire_event(note(msg="a"), level=info)
    manager.fire_event(note(msg="b"), level=warn)
    manager.fire_event(note(msg="c"), level=error)
    manager.fire_event(result(description="d", status="e"), level=info)
    assert passed == ["Note warn", "Note error", "LogModelResult info"]


def test_types_of_results_are_told_as_ever() -> None:
    rows, columns = [(1, "2020-01-01", None), (2, "x", None)], ["number", "text", "empty"]
    ours = dbt_private.type_tester({"text"}, ()).run(rows, columns)
    own = dbts_own["tester"]({"text"}, ()).run(rows, columns)
    assert (
        [type(kind).__name__ for kind in ours]
        == [type(kind).__name__ for kind in own]
        == ["Integer", "Text", "Integer"]
    )


class _Compiler:
    """Compiles texts, and counts how often."""

    def __init__(self) -> None:
        self.compiled: Counter[str] = Counter()

    def __call__(self, text: str) -> Any:
        self.compiled[text] += 1
        return compile(text, "<template>", "exec")


def _in_new_process(file: Path, compiler: _Compiler, text: str, kind: str = "text") -> Any:
    cache = TemplateCache()
    cache.read(file)
    code = cache.compiled(compiler, text, kind)
    cache.write()
    return code


def test_a_template_is_compiled_once(tmp_path: Path) -> None:
    compiler, file = _Compiler(), tmp_path / "templates.code"
    for _ in range(3):
        found: dict[str, int] = {}
        exec(_in_new_process(file, compiler, "a = 1"), found)
        assert found["a"] == 1
    assert compiler.compiled == {"a = 1": 1}
    _in_new_process(file, compiler, "a = 1", "native")  # another compiler makes other code of it
    _in_new_process(file, compiler, "a = 2")
    assert compiler.compiled == {"a = 1": 2, "a = 2": 1}


def test_a_file_that_others_may_write_is_not_executed(tmp_path: Path) -> None:
    compiler, file = _Compiler(), tmp_path / "templates.code"
    _in_new_process(file, compiler, "a = 1")
    file.chmod(0o666)
    _in_new_process(file, compiler, "a = 1")
    assert compiler.compiled["a = 1"] == 2
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", [b"", b"no code", b"i\x01\x00\x00\x00"])
def test_a_damaged_file_is_made_again(tmp_path: Path, content: bytes) -> None:
    compiler, file = _Compiler(), tmp_path / "templates.code"
    file.write_bytes(content)
    file.chmod(0o600)
    _in_new_process(file, compiler, "a = 1")
    _in_new_process(file, compiler, "a = 1")
    assert compiler.compiled["a = 1"] == 1


def test_another_version_compiles_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler, file = _Compiler(), tmp_path / "templates.code"
    _in_new_process(file, compiler, "a = 1")
    monkeypatch.setattr("vsf_assets.transform.template_cache.version", lambda _: "another")
    _in_new_process(file, compiler, "a = 1")
    assert compiler.compiled["a = 1"] == 2
