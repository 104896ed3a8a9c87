"""Builds in tests that are not about dbt's own way of building and testing: its compiled SQL, asked directly.

Here: the helpers that do it. Not here: the SQL (direct_models.py, data_tests.py), and a home that needs no first build
(prebuilt.py).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from vsf_assets.config.settings import Settings
from vsf_assets.pipeline import build as pipeline
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets.warehouse.forms.form import BuildTarget
from vsf_assets_tests.data_tests import can_ask, failed_data_tests, kept
from vsf_assets_tests.direct_models import build_models
from vsf_assets_tests.prebuilt import compiled_data_tests, compiled_models


def build_pending(
    warehouse: Warehouse, checked: bool = True, full: bool = False, with_dbt: bool = False
) -> dbt.DbtOutcome | None:
    """Build what is pending and publish it, and return the outcome, None where nothing was; nothing may fail.

    Args:
        warehouse: the warehouse of the home.
        checked: whether the data tests are asked, all that block publishing.
        full: whether every mart is made again.
        with_dbt: whether dbt itself builds; it does also where the settings are not those of the compiled SQL.
    """
    directly = can_ask(warehouse.settings, compiled_data_tests())
    with pytest.MonkeyPatch.context() as patch:
        if directly or not checked:
            patch.setattr(dbt, "LEFT_OUT", ("unit_test", "test"))
        if directly and not with_dbt:
            patch.setattr(dbt, "invoke", _build_directly)
        patch.setattr(pipeline, "table_infos", lambda *_: {})  # they are for Dagster's records alone
        report = pipeline.build_and_publish(warehouse, "test", only_if_pending=True, full=full)
    assert report.problems == []
    if checked and directly:
        assert _failing(warehouse) == {}
    return report.outcome


def invoked(settings: Settings, arguments: Sequence[str]) -> tuple[Any, list[dict[str, Any]]]:
    """Run dbt with arguments on the warehouse of a home, as builds do."""
    warehouse = Warehouse.of(settings)
    lock = warehouse.lock("test") if settings.lake_database else nullcontext()
    with lock, warehouse.pinned().building() as target:
        return dbt.invoke(settings, target, arguments)


def _failing(warehouse: Warehouse) -> dict[str, Any]:
    """Return the rows of each data test that finds some in a warehouse."""
    if not warehouse.settings.lake_database:
        return failed_data_tests(warehouse.file, compiled_data_tests())
    with warehouse.lock("test"), warehouse.pinned().building() as target:
        return failed_data_tests(target, compiled_data_tests())


@contextmanager
def built_directly(checked: bool = True) -> Iterator[None]:
    """Let the builds of a block go without dbt; those with settings that compiled SQL depends on still use dbt.

    Dagster then records no events of models and their checks, and models get no comments.

    Args:
        checked: whether the data tests that block publishing are asked, after a build of some models all of them too.
    """
    invoke, tests = dbt.invoke, compiled_data_tests()  # which dbt itself makes

    def build(settings: Settings, target: BuildTarget, arguments: Sequence[str]) -> tuple[Any, list[dict[str, Any]]]:
        if "build" not in arguments or not can_ask(settings, tests):
            return invoke(settings, target, arguments)
        built, messages = _build_directly(settings, target, arguments)
        if checked:
            built.result += _failed(target)
        return built, messages

    with pytest.MonkeyPatch.context() as patch:
        if not checked:
            patch.setattr(dbt, "LEFT_OUT", ("unit_test", "test"))
        patch.setattr(dbt, "invoke", build)
        yield


def _failed(target: BuildTarget) -> list[SimpleNamespace]:
    """Return a result for each blocking data test that finds rows, with what `dbt_runner.build` reads of dbt's."""
    compiled = compiled_data_tests()
    tests, results = kept(compiled)["tests"], []
    for name, rows in failed_data_tests(target, compiled).items():
        about = {"unique_id": name, "name": name, "description": "", "config": SimpleNamespace(meta={})}
        node = SimpleNamespace(resource_type="test", compiled_code=tests[name], **about)
        results.append(SimpleNamespace(status="fail", failures=len(rows), message="", node=node))
    return results


def _build_directly(
    settings: Settings, target: BuildTarget, arguments: Sequence[str]
) -> tuple[Any, list[dict[str, Any]]]:
    """Do what `dbt build` with these arguments does to the tables, but for the comments."""
    words = list(arguments)
    start = ["--no-write-json", "build", *(w for k in dbt.LEFT_OUT for w in ("--exclude-resource-type", k))]
    assert words[: len(start)] == start
    words = words[len(start) :]
    full = words[:1] == ["--full-refresh"]
    words = words[full:]
    select = words[1:-2]
    assert words == (["--select", *select, "--indirect-selection", "cautious"] if words else [])
    return SimpleNamespace(result=build_models(target, compiled_models(full), select, full)), []
