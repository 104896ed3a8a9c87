"""A full build removes tables of dbt's schemas that no model makes, and nothing else.

Not here: a whole home of an earlier release (cli/test_earlier_home.py).
"""

from pathlib import Path

import pytest

from vsf_assets.config.settings import read_settings
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.transform.build_state import PREVIOUS_BUILD
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.forms import changed_elsewhere, variables
from vsf_assets_tests.prebuilt import put_built_warehouse

UNKNOWN = ("marts.gone", "reports.gone", "transform_intermediate.gone", f"{PREVIOUS_BUILD}.gone", "staging.gone")
OTHERS = ("raw.not_dbt_s", "sandbox.not_dbt_s")
RELATIONS = "select table_schema || '.' || table_name from information_schema.tables"


@pytest.mark.parametrize("full", [True, False])
def test_a_full_build_drops_what_no_model_makes(tmp_path: Path, full: bool) -> None:
    settings = read_settings({"VSF_HOME": str(tmp_path / "home"), **variables(tmp_path / "home")})
    put_built_warehouse(settings)
    warehouse = Warehouse.of(settings)
    with changed_elsewhere(warehouse) as connection:
        known = {name for (name,) in connection.execute(RELATIONS).fetchall()}
        connection.execute("create schema staging; create schema sandbox")
        for name in (*UNKNOWN, *OTHERS):
            connection.execute(f"create table {name} as select 1 as x")
        connection.execute("create view marts.gone_too as select 1 as x")
    with warehouse.lock("test"):
        outcome = dbt.build(warehouse.pinned(), ["dim_event_types"], full)
    assert (outcome.errors, list(outcome.timings)) == ([], ["dim_event_types"])
    with warehouse.connect(read_only=True) as connection:
        left = {name for (name,) in connection.execute(RELATIONS).fetchall()}
        schemas = {name for (name,) in connection.execute("select schema_name from duckdb_schemas()").fetchall()}
    assert left - known == set(OTHERS) | (set() if full else {*UNKNOWN, "marts.gone_too"})
    assert known - left == set()
    assert ("staging" in schemas, "sandbox" in schemas) == (not full, True)
