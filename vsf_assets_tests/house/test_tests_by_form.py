"""The list of tests that do not run with a lake only shrinks, and a tenth of the others runs with one in `make test`.

Here: the list and the marks. Not here: what they do (tests_by_form.py).
"""

import ast
from pathlib import Path

from vsf_assets_tests.tests_by_form import (
    FILES_LEFT_OUT,
    FOLDERS,
    NOT_WITH_A_LAKE,
    NOT_WITH_A_SHARED_LAKE,
    WITH_A_SHARED_LAKE,
)

TESTS = Path(__file__).resolve().parents[1]
MARK = "pytest.mark.both_forms"
MOST = 4
"""Tests on the list when it was last made shorter, or a folder was added; it may grow no more."""
MOST_FILES = 6
"""The same of the files that are left out."""
LEAST_SHARED = 23
"""Files that run with a shared lake; there may be no fewer."""
MOST_NOT_SHARED = 11
"""Tests of these files that do not run with one, and do with a lake on this machine; they may be no more."""


def functions(path: Path) -> dict[str, bool]:
    """Return the tests of a file, and whether each is marked."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    whole = any(isinstance(node, ast.Assign) and ast.unparse(node) == f"pytestmark = {MARK}" for node in tree.body)
    return {
        node.name: whole or MARK in map(ast.unparse, node.decorator_list)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def by_name() -> dict[str, bool]:
    """Return every test that runs with a lake or is listed, as the list names it, and whether it is marked."""
    paths = [path for folder in FOLDERS for path in (TESTS / folder).glob("test_*.py")]
    files = [path for path in paths if path.relative_to(TESTS).as_posix() not in FILES_LEFT_OUT]
    return {
        f"{path.relative_to(TESTS)}::{name}": is_marked for path in files for name, is_marked in functions(path).items()
    }


def test_each_entry_names_a_test_and_says_why() -> None:
    assert sorted(NOT_WITH_A_LAKE.keys() - by_name().keys()) == []
    assert [test for test, reason in NOT_WITH_A_LAKE.items() if len(reason.split()) < 3] == []


def test_the_list_does_not_grow() -> None:
    assert len(NOT_WITH_A_LAKE) <= MOST, "let the test open either form (forms.opened), or mend the lake"
    assert {"engine", "dbt", "cli"} <= set(FOLDERS), "a folder that ran with a lake does so no more"


def test_the_files_that_are_left_out_become_fewer() -> None:
    assert len(FILES_LEFT_OUT) <= MOST_FILES, "let the tests of the file open either form, or mend the lake"
    assert [name for name in FILES_LEFT_OUT if not (TESTS / name).is_file()] == []
    assert {name.partition("/")[0] for name in FILES_LEFT_OUT} <= set(FOLDERS)


def test_a_tenth_of_the_tests_runs_with_a_lake_in_every_suite_run() -> None:
    marked = {test for test, is_marked in by_name().items() if is_marked}
    assert marked & NOT_WITH_A_LAKE.keys() == set()
    assert len(marked) >= len(by_name().keys() - NOT_WITH_A_LAKE.keys()) / 10


def test_the_files_that_run_with_a_shared_lake_become_more() -> None:
    assert len(set(WITH_A_SHARED_LAKE)) >= LEAST_SHARED
    assert [name for name in WITH_A_SHARED_LAKE if not (TESTS / name).is_file()] == []


def test_each_test_of_these_files_that_does_not_run_with_a_shared_lake_has_a_reason() -> None:
    listed = {test: why for test, why in NOT_WITH_A_SHARED_LAKE.items() if test not in NOT_WITH_A_LAKE}
    known = {f"{name}::{test}" for name in WITH_A_SHARED_LAKE for test in functions(TESTS / name)}
    assert sorted(listed.keys() - known) == []
    assert [test for test, reason in listed.items() if len(reason.split()) < 3] == []
    assert len(listed) <= MOST_NOT_SHARED, "use what all forms have (warehouses.py, forms.py), or mend the lake"
