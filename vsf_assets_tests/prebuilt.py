"""A warehouse with every mart built and empty, made once per test process and copied into homes.

Here: that one short cut. A first build makes every model and check, which costs ten times what a
delivery costs afterwards. Not for tests of the first build itself: those start without a warehouse.
"""

import shutil
from datetime import UTC, datetime
from functools import cache
from tempfile import TemporaryDirectory

from vsf_assets.settings import Settings, read_settings
from vsf_assets.warehouse import dbt
from vsf_assets.warehouse.builds import record_build
from vsf_assets.warehouse.connection import Warehouse, ensure_tables


def put_built_warehouse(settings: Settings) -> None:
    """Give a home a warehouse whose build 0 absorbed nothing; the next build is number 1."""
    settings.warehouse_file.parent.mkdir(parents=True, exist_ok=True)
    template = read_settings({"VSF_HOME": _home().name})
    shutil.copyfile(template.warehouse_file, settings.warehouse_file)


@cache
def _home() -> TemporaryDirectory[str]:
    """Return the folder of the original; it goes with the process."""
    folder = TemporaryDirectory(prefix="vsf-built-")
    settings = read_settings({"VSF_HOME": folder.name, "VSF_SETTLE_SECONDS": "0"})
    dbt.ensure_manifest(settings)
    warehouse = Warehouse.of(settings)
    with warehouse.connect() as connection:
        ensure_tables(connection)
    outcome = dbt.build(settings, warehouse.file)
    assert (outcome.errors, outcome.failed) == ([], {})
    with warehouse.connect() as connection:
        record_build(connection, settings, 0, "template", datetime.now(UTC), outcome.absorbed)
        connection.execute("checkpoint")
    return folder
