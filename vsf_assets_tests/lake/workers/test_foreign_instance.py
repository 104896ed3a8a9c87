"""Dagster is started by others, with an instance of their own, as its Helm chart does: the code location works there.

Coordinator and storages are those of deploy/kubernetes/dagster-values.yaml; runs are processes of this machine, in
place of Jobs of Kubernetes. Here: files that land are loaded and published. Not here: the schema of the values
(docs/test_kubernetes_files.py).
"""

import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets_tests.lake.workers.servers import free_port
from vsf_assets_tests.lake.workers.site import Site, until
from vsf_assets_tests.postgres_server import Server

pytestmark = pytest.mark.workers

VALUES: dict[str, Any] = yaml.safe_load((PROJECT_ROOT / "deploy" / "kubernetes" / "dagster-values.yaml").read_text())


def instance_of_the_chart(database: str) -> dict[str, Any]:
    """Return dagster.yaml as the chart writes it of the values, with another launcher."""
    given = VALUES["dagsterDaemon"]
    coordinator, monitoring = given["runCoordinator"]["config"]["queuedRunCoordinator"], given["runMonitoring"]
    at = urlsplit(database)
    storage = {"db_name": at.path.lstrip("/"), "hostname": at.hostname, "port": at.port, "username": at.username}
    storage["scheme"] = VALUES["postgresql"]["postgresqlScheme"]
    return {
        "storage": {"postgres": {"postgres_db": {**storage, "password": "x"}}},
        "run_coordinator": {
            "module": "dagster.core.run_coordinator",
            "class": "QueuedRunCoordinator",
            "config": {
                "max_concurrent_runs": coordinator["maxConcurrentRuns"],
                "dequeue_interval_seconds": coordinator["dequeueIntervalSeconds"],
                "tag_concurrency_limits": coordinator["tagConcurrencyLimits"],
            },
        },
        "run_launcher": {"module": "dagster", "class": "DefaultRunLauncher"},
        "run_monitoring": {
            "enabled": monitoring["enabled"],
            "start_timeout_seconds": monitoring["startTimeoutSeconds"],
            "poll_interval_seconds": monitoring["pollIntervalSeconds"],
        },
        "sensors": {"use_threads": True, "num_workers": given["sensors"]["numWorkers"]},
        "telemetry": {"enabled": False},
    }


def test_files_are_loaded_and_published_with_an_instance_of_others(site: Site, server: Server) -> None:
    with psycopg.connect(server.address, autocommit=True) as connection:
        connection.execute("create database dagster")
    instance, port = site.root / "opt" / "dagster_home", free_port()
    instance.mkdir(parents=True)
    database = server.address.removesuffix("/postgres") + "/dagster"
    (instance / "dagster.yaml").write_text(yaml.safe_dump(instance_of_the_chart(database)))
    workspace = {"load_from": [{"grpc_server": {"host": "127.0.0.1", "port": int(port), "location_name": "vsf"}}]}
    (instance / "workspace.yaml").write_text(yaml.safe_dump(workspace))
    site.more |= {"VSF_INGEST_RUNS": "2", "DAGSTER_HOME": str(instance)}
    site.vsf("prepare")
    arguments = VALUES["dagster-user-deployments"]["deployments"][0]["dagsterApiGrpcArgs"]
    site.start("code", "-m", "dagster", "api", "grpc", "--host", "127.0.0.1", "--port", port, *arguments)
    daemon = str(Path(sys.executable).with_name("dagster-daemon"))
    site.start("daemon", daemon, "run", "--workspace", str(instance / "workspace.yaml"))
    site.land(0, 20)
    until(lambda: site.waiting() < 20, "a sensor of the code location requests a run")
    site.land(100, 10)
    until(lambda: site.waiting() == 0, "every file is loaded")
    site.check_all_stored(30)
    until(lambda: (site.root / "snapshots" / "current.duckdb").exists(), "a snapshot is published")
    published = "select count(*) from raw.files where status = 'loaded'"
    until(lambda: site.vsf("query", published).split()[-1] == "30", "the snapshot shows every file")
    with psycopg.connect(database) as connection:
        ((runs,),) = connection.execute("select count(*) from runs where status = 'SUCCESS'").fetchall()
    assert runs >= 2, "the runs are recorded there"
    assert not list((site.root / "homes").glob("*/dagster/storage/**/*.db")), "and in no home"
