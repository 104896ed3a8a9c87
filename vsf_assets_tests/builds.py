"""Builds in tests that are not about dbt's own way of testing: the models through dbt, the data tests directly.

Here: that one helper. Not here: the SQL of the data tests (data_tests.py), and a home that needs no first build
(prebuilt.py).
"""

import pytest

from vsf_assets.pipeline.build import build_and_publish
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.data_tests import can_ask, failed_data_tests
from vsf_assets_tests.prebuilt import compiled_data_tests


def build_pending(warehouse: Warehouse, checked: bool = True, full: bool = False) -> dbt.DbtOutcome | None:
    """Build what is pending and publish it, and return dbt's outcome, None where nothing was; nothing may fail.

    Args:
        warehouse: the warehouse of the home.
        checked: whether the data tests are asked, all that block publishing.
        full: whether every mart is made again.
    """
    directly = can_ask(warehouse.settings, compiled_data_tests())
    with pytest.MonkeyPatch.context() as patch:
        if directly or not checked:
            patch.setattr(dbt, "LEFT_OUT", ("unit_test", "test"))
        report = build_and_publish(warehouse, "test", only_if_pending=True, full=full)
    assert report.problems == []
    if checked and directly:
        assert failed_data_tests(warehouse.file, compiled_data_tests()) == {}
    return report.outcome
