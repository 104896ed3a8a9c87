"""Which tests run with which form of the warehouse. A plugin of pytest.

`make test` runs every test with one file, and those that are marked `both_forms` with a lake too. `make test-lake` runs
the tests of FOLDERS with a lake, all but the files and tests that are listed here.

Here: the choice and the lists. Not here: the homes in each form (forms.py), and how long the lists may be
(house/test_tests_by_form.py).
"""

from collections.abc import Iterator

import pytest

from vsf_assets_tests import forms

FOLDERS = ("engine", "dbt", "cli")
"""Folders whose tests run with a lake."""

FILES_LEFT_OUT = (
    "cli/test_datasets.py",
    "cli/test_demo_datasets.py",
    "cli/test_demo_output.py",
    "cli/test_installed_package.py",
    "cli/test_serve.py",
    "dbt/test_incremental.py",
)
"""Files of these folders of which not every test was seen to pass with a lake yet. The list may only shrink."""

WITH_A_SHARED_LAKE = (
    "engine/test_after_load.py",
    "engine/test_any_order.py",
    "engine/test_bounded_findings.py",
    "engine/test_broken_files.py",
    "engine/test_catalog.py",
    "engine/test_changed_after_load.py",
    "engine/test_comments.py",
    "engine/test_committing.py",
    "engine/test_connection.py",
    "engine/test_datasets.py",
    "engine/test_days.py",
    "engine/test_duplicates.py",
    "engine/test_files_that_change.py",
    "engine/test_ingest.py",
    "engine/test_inserting.py",
    "engine/test_lock.py",
    "engine/test_mended_readings.py",
    "engine/test_odd_entries.py",
    "engine/test_originals_are_safe.py",
    "engine/test_reading_again.py",
    "engine/test_run_record.py",
    "engine/test_two_homes.py",
    "engine/test_writers_that_stall.py",
)
"""Files whose tests also run with a lake that several machines share (`make test-shared`). The list may only grow."""

_LOG = (
    "it is about DuckDB's log of transactions beside the file; a lake has none (lake/test_guards.py kills its writers)"
)

NOT_WITH_A_LAKE = {
    "cli/test_status_ledger.py::test_a_log_beside_the_warehouse_is_read": _LOG,
    "engine/test_comments.py::test_comments_survive_a_process_that_ends_without_closing": _LOG,
    "engine/test_connection.py::test_a_new_warehouse_is_in_the_file_format_that_duckdb_1_5_opens": (
        "the extension chooses the format of a catalog, and comes for one release of DuckDB (docs/lake.md)"
    ),
    "engine/test_connection.py::test_what_was_committed_before_a_kill_is_read": _LOG,
}
"""Test, as pytest names it below this folder, without parameters -> why it says nothing about a lake, or cannot."""

_NO_FILE = "it is about the file of a warehouse, and a shared lake has none"
_PREPARED = "it is about runs that make or change tables; in a shared lake `vsf prepare` and `vsf migrate` alone do"

_NOT_OF_A_HOME = "a home does not hold a shared lake nor its id (lake/shared/test_ingest.py has homes that share one)"

NOT_WITH_A_SHARED_LAKE = NOT_WITH_A_LAKE | {
    "engine/test_comments.py::test_a_home_without_comments_gets_them_and_keeps_its_rows": _PREPARED,
    "engine/test_connection.py::test_a_table_that_another_program_dropped_is_there_for_the_next_write": _PREPARED,
    "engine/test_connection.py::test_error_under_a_connection_closes_it_so_that_another_process_can_write": _NO_FILE,
    "engine/test_connection.py::test_ledger_of_another_version_is_refused": _PREPARED,
    "engine/test_connection.py::test_reading_without_a_warehouse_makes_none": _PREPARED,
    "engine/test_connection.py::test_table_of_another_shape_keeps_its_rows_where_an_original_is_gone": _PREPARED,
    "engine/test_lock.py::test_ingest_that_waits_says_once_for_whom": (
        "deliveries wait for no file (lake/shared/test_control.py has those who wait for a lock of the lake)"
    ),
    "engine/test_two_homes.py::test_home_that_is_moved_keeps_its_landing_zone": _NOT_OF_A_HOME,
    "engine/test_two_homes.py::test_home_that_was_moved_and_lost_its_warehouse_still_has_its_own_landing_zone": (
        _NOT_OF_A_HOME
    ),
    "engine/test_two_homes.py::test_id_that_was_lost_with_the_warehouse_is_taken_back": _NOT_OF_A_HOME,
    "engine/test_reading_again.py::test_table_of_another_shape_is_made_anew_and_filled_again": _PREPARED,
}
"""The same of a shared lake, for the files above."""


def without_parameters(nodeid: str) -> str:
    """Return the name of a test as the list has it."""
    return nodeid.partition("[")[0].removeprefix("vsf_assets_tests/")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let a marked test run with each form, unless the whole run has a chosen one."""
    if metafunc.definition.get_closest_marker("both_forms") and not (forms.WHOLE_RUN or forms.WHOLE_RUN_IS_SHARED):
        metafunc.parametrize("form_of_warehouse", ("", forms.LAKE), ids=("file", "lake"), indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, in a run with a lake of either kind, what is listed."""
    if forms.WHOLE_RUN:
        for item in items:
            name = without_parameters(item.nodeid)
            if name.partition("::")[0] in FILES_LEFT_OUT:
                item.add_marker(pytest.mark.skip(reason="its file does not run with a lake yet"))
            elif reason := NOT_WITH_A_LAKE.get(name):
                item.add_marker(pytest.mark.skip(reason=reason))
    if forms.WHOLE_RUN_IS_SHARED:
        for item in items:
            if reason := NOT_WITH_A_SHARED_LAKE.get(without_parameters(item.nodeid)):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def form_of_warehouse(request: pytest.FixtureRequest) -> Iterator[None]:
    """Give the homes of a marked test the form that it runs with.

    A home that several tests share was made before; so the test with a lake is asked whether it made one.
    """
    if not hasattr(request, "param"):
        yield
        if forms.WHOLE_RUN_IS_SHARED:
            from vsf_assets_tests.shared_databases import close_lakes

            close_lakes()
        return
    made = len(forms.homes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VSF_TEST_FORM", request.param)
        yield
    if request.param == forms.LAKE:
        assert len(forms.homes) > made, "the test has no home of its own; do not mark it both_forms"
