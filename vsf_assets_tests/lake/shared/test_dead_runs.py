"""Runs of Dagster that show the lake that they are alive: a run whose process is gone is marked as failed."""

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import dagster as dg

from vsf_assets.defs.run_reaper import reap_elsewhere
from vsf_assets.resources.instance_config import QUEUE_OPTIONS, database_url, instance_config
from vsf_assets.warehouse.forms.shared_attach import let_this_process_remove
from vsf_assets_tests.lake.shared.homes import shared_home
from vsf_assets_tests.waiting import wait_until
from vsf_assets_tests.warehouses import Home

SHIPPED = (Path(__file__).parents[3] / "dagster.yaml").read_text(encoding="utf-8")


def be_alive(root: Path, database: str, lake: str, run_id: str, is_there: str) -> None:
    """Show that a run is alive until the process is killed."""
    with shared_home(root, database, lake).warehouse.form.presence(run_id, print):
        Path(is_there).touch()
        signal.pause()


def test_a_run_is_dead_when_its_lock_is_free(tmp_path: Path, catalog: str) -> None:
    let_this_process_remove()
    place = str(tmp_path / "lakes" / "lake")
    home = shared_home(tmp_path / "home", catalog, place)
    with home.warehouse.form.presence("before the lake is made", print):
        assert home.warehouse.form.dead_runs() == []
    home.warehouse.prepare(lambda _: None)
    with dg.DagsterInstance.ephemeral() as instance:
        job = dg.GraphDefinition(name="nothing").to_job()
        killed, living, unknown = (
            instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED).run_id for _ in range(3)
        )
        start = multiprocessing.get_context("spawn").Process
        arguments = (tmp_path / "other", catalog, place, killed, str(tmp_path / "there"))
        process = start(target=be_alive, args=arguments)
        process.start()
        wait_until((tmp_path / "there").exists)
        with home.warehouse.form.presence(living, print):
            assert reap_elsewhere(instance, home.warehouse.form) == []
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join()
            wait_until(lambda: home.warehouse.form.dead_runs() == [killed])
            home.warehouse.keep_up(list, time.time())
            assert home.warehouse.form.dead_runs() == [killed], "upkeep forgets no run before Dagster knows of its end"
            assert reap_elsewhere(instance, home.warehouse.form) == [killed]
            assert reap_elsewhere(instance, home.warehouse.form) == []
        states = [instance.get_run_by_id(run).status.value for run in (killed, living, unknown)]  # type: ignore[union-attr]
        assert states == ["FAILURE", "STARTED", "STARTED"]
        assert home.warehouse.form.dead_runs() == []


def test_a_queue_changes_storages_and_launcher_alone(tmp_path: Path) -> None:
    database = "host=pg dbname=vsf user=vsf options='-c lc_messages=C'"
    more = {"INGEST_RUNS": "3", "BROKER": "redis://:secret@redis:6379/0"}
    settings = Home(tmp_path / "home", CATALOG=database, LAKE=str(tmp_path / "lake"), **more).settings
    text = instance_config(settings, SHIPPED)
    assert "secret" not in text
    assert "secret" not in repr(settings)
    found = json.loads(text)
    shown = found["run_launcher"]["config"]
    assert shown["broker"] == {"env": "VSF_BROKER"}
    assert shown["config_source"] == QUEUE_OPTIONS
    assert found["concurrency"]["runs"]["max_concurrent_runs"] == 5
    assert found["run_storage"]["config"]["postgres_url"] == database_url(database)
    import sqlalchemy

    url = sqlalchemy.make_url(database_url(database))
    ((), arguments) = url.get_dialect()().create_connect_args(url)
    assert arguments == {
        "host": "pg",
        "dbname": "vsf",
        "user": "vsf",
        "options": "-c lc_messages=C -c search_path=vsf_dagster",
    }
