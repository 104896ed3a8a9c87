"""The backstop of a shared lake: it sees deliveries that no snapshot shows, whichever machine stored them."""

from pathlib import Path

import dagster as dg
import pytest

from vsf_assets.defs.marts import BUILD_JOB
from vsf_assets.defs.recovery_sensors import backstop_sensor
from vsf_assets.resources.warehouse import WarehouseResource
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets_tests import instances
from vsf_assets_tests.lake.shared.homes import shared_home
from vsf_assets_tests.warehouses import clicks


def test_the_backstop_requests_a_build_of_what_another_home_stored(
    tmp_path: Path, catalog: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_this_process_remove()
    place, landing = str(tmp_path / "lakes" / "lake"), tmp_path / "landing"
    landing.mkdir()
    places = {"LANDING": str(landing), "ARCHIVE": str(tmp_path / "archive"), "SNAPSHOTS": str(tmp_path / "snapshots")}
    worker, service = (shared_home(tmp_path / name, catalog, place, **places) for name in ("worker", "service"))
    monkeypatch.setattr(WarehouseResource, "settings", lambda _: service.settings)
    jobs = [instances.loaded_defs().resolve_job_def(BUILD_JOB)]
    with dg.DagsterInstance.ephemeral() as instance:
        before = instances.tick(backstop_sensor(jobs), instance)
        assert before.skip_message == "there is no warehouse yet"
        worker.warehouse.prepare(lambda _: None)
        worker.land("clicks_1.csv", clicks(1, 2))
        assert len(worker.ingest().stored) == 1
        seen = instances.tick(backstop_sensor(jobs), instance)
        assert seen.cursor == BUILD_JOB, "it waits for one tick"
        (request,) = instances.tick(backstop_sensor(jobs), instance, seen.cursor).run_requests
        assert request.job_name == BUILD_JOB
