"""Workers of two releases with other contracts on one queue: who is not of the lake's release writes nothing.

Here: the upgrade through Celery. Not here: a single run (lake/shared/test_forced_errors.py).
"""

import re
import shutil
import signal
from pathlib import Path

import pytest

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.warehouse.forms.form import DATABASE
from vsf_assets_tests.lake.workers.servers import WORKER, service
from vsf_assets_tests.lake.workers.site import Site, until
from vsf_assets_tests.redis_server import Broker

pytestmark = pytest.mark.workers

NEXT = "99.0"


def next_release(folder: Path) -> Path:
    """Make the next release in a folder: this one with another number, and one more rule in the contract of clicks."""
    made = shutil.ignore_patterns("__pycache__", "target", "logs", "static", "node_modules")
    for name in ("vsf_assets", "dbt_project"):
        shutil.copytree(PROJECT_ROOT / name, folder / name, ignore=made)
    for path in PROJECT_ROOT.iterdir():
        if path.is_file() and path.name not in (".git", ".env"):
            shutil.copy(path, folder)
    contract = folder / "vsf_assets" / "contracts" / "by_family" / "campaigns.py"
    rule = 'click_id: int = pa.Field(\n        description="Identifies the click'
    text = contract.read_text()
    assert text.count(rule) == 1
    contract.write_text(text.replace(rule, rule.replace("pa.Field(", "pa.Field(ge=-1,")))
    metadata = folder / f"vsf_assets-{NEXT}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vsf-assets\nVersion: {NEXT}\n")
    return folder


def stored_since(site: Site, snapshot: int) -> set[str]:
    """Return the contract versions of all rows of the ledger that were ever stored after a version of the lake."""
    ((newest,),) = site.query(f"select max(snapshot_id) from ducklake_snapshots('{DATABASE}')")
    if newest == snapshot:
        return set()
    span = f"'{DATABASE}', 'raw', 'files', {snapshot + 1}, {newest}"
    return {version for (version,) in site.query(f"select contract_version from ducklake_table_insertions({span})")}


def test_workers_of_two_releases(site: Site, broker: Broker, tmp_path: Path) -> None:
    site.more |= {"VSF_BROKER": broker.address, "VSF_INGEST_RUNS": "3"}
    newer = next_release(tmp_path / "newer")
    site.trees |= dict.fromkeys(("new0", "new1", "new-service", "migrator"), newer)
    site.vsf("prepare")
    site.start("old0", *WORKER)
    site.start("old1", *WORKER, "--own")
    site.start("service", *service())
    site.land(0, 20)
    until(lambda: site.waiting() < 20, "the first file is loaded")
    for name in ("new0", "new1"):
        site.start(name, *WORKER)
    for name in ("new0", "new1"):
        until(lambda log=name: f"this is release {NEXT}" in site.log(log), f"{name} says that it waits")  # type: ignore[misc]
    site.land(100, 20)
    until(lambda: site.waiting() == 0, "the old workers load everything")
    (before,) = {version for (version,) in site.query("select contract_version from raw.files")}

    site.land(200, 20)
    assert NEXT in site.vsf("migrate", home="migrator")
    ((migrated,),) = site.query(f"select max(snapshot_id) from ducklake_snapshots('{DATABASE}')")
    site.signal("service", signal.SIGTERM)
    site.processes["service"].wait()
    site.start("new-service", *service())
    site.land(300, 20)
    until(lambda: site.waiting() == 0, "the new workers load everything")
    again = "select count(*) from raw.files where contract_version = ?"
    until(
        lambda: site.query(again.replace("?", f"'{before}'")) == [(0,)], "originals of the old contract are read again"
    )
    (after,) = stored_since(site, migrated)
    assert after != before
    site.check_all_stored(80)
    said = "".join(site.log(name) for name in ("old0", "old1"))
    assert re.search(rf"made by release {NEXT} with other versions of clicks", said)
    assert all(site.processes[name].poll() is None for name in ("old0", "old1", "new0", "new1"))
