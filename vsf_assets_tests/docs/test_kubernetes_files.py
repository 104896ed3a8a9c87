"""deploy/kubernetes: the launcher's configuration has Dagster's schema, and everything that the files name exists.

No test of this project runs Kubernetes. Here: schemas, names and settings. Not here: containers on one machine
(test_lake_deployment.py).
"""

import importlib.util
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from dagster._config import process_config, resolve_to_config_type
from dagster._core.run_coordinator import QueuedRunCoordinator

from vsf_assets.config.settings import PROJECT_ROOT, read_settings
from vsf_assets.config.variables import VARIABLES
from vsf_assets.resources.instance_config import START_SECONDS, instance_config
from vsf_assets_tests.docs.deploy_files import DEPLOY, VSF, dockerfile, manifests, pods
from vsf_assets_tests.docs.pages import text_of

VALUES: dict[str, Any] = yaml.safe_load((DEPLOY / "kubernetes" / "dagster-values.yaml").read_text())
LAUNCHER: dict[str, Any] = VALUES["runLauncher"]["config"]["customRunLauncher"]
VERSION = re.findall(r'^version = "(.*)"', (PROJECT_ROOT / "pyproject.toml").read_text(), re.MULTILINE)[0]


def settings_of_pods() -> dict[str, str]:
    (found,) = [one for one in manifests() if one["metadata"]["name"] == "vsf-settings"]
    return dict(found["data"])


def snake_case(given: Any) -> Any:
    """Return a value of the chart with the names that the chart writes into dagster.yaml."""
    if isinstance(given, dict):
        return {re.sub(r"(?=[A-Z])", "_", key).lower(): snake_case(value) for key, value in given.items()}
    return [snake_case(each) for each in given] if isinstance(given, list) else given


def errors(schema: Any, config: Any) -> list[str]:
    outcome = process_config(resolve_to_config_type(schema), config)
    return [] if outcome.success else [error.message for error in outcome.errors or []]


def test_the_configuration_of_the_launcher_has_its_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    launcher = pytest.importorskip("dagster_k8s").K8sRunLauncher
    assert (LAUNCHER["module"], LAUNCHER["class"]) == (launcher.__module__.partition(".")[0], launcher.__name__)
    monkeypatch.setenv("DAGSTER_HOME", "/opt/dagster/dagster_home")
    schema, config = launcher.config_type(), LAUNCHER["config"]
    assert errors(schema, config) == []
    assert errors(schema, {**config, "no_such_field": 1})  # so that an empty list says something
    assert errors(schema, {**config, "run_k8s_config": {"pod_specs": {}}})
    assert errors(schema, {name: value for name, value in config.items() if name != "instance_config_map"})


def test_a_job_of_kubernetes_can_be_made_of_it() -> None:
    """The schema leaves the fields inside volumes and specifications free; the client of Kubernetes knows them."""
    job = pytest.importorskip("dagster_k8s.job")
    config = LAUNCHER["config"]
    names = ("image_pull_policy", "service_account_name", "instance_config_map", "postgres_password_secret")
    lists = ("env_config_maps", "env_secrets", "volumes", "volume_mounts", "resources")
    given = {name: config[name] for name in (*names, *lists)}
    made = job.construct_dagster_k8s_job(
        job.DagsterK8sJobConfig(job_image="vsf-kubernetes", dagster_home="/opt/dagster/dagster_home", **given),
        args=["dagster", "api", "execute_run", "x"],
        job_name="run",
        user_defined_k8s_config=job.UserDefinedDagsterK8sConfig.from_dict(config["run_k8s_config"]),
    )
    spec = made.spec.template.spec
    assert (made.spec.backoff_limit, made.spec.ttl_seconds_after_finished) == (0, 3600)
    assert spec.termination_grace_period_seconds == 60
    (container,) = spec.containers
    assert container.command is None  # so the image's entrypoint runs the arguments
    home = settings_of_pods()["VSF_HOME"]
    (mounted,) = [mount.name for mount in container.volume_mounts if mount.mount_path == home]
    (volume,) = [volume for volume in spec.volumes if volume.name == mounted]
    assert volume.empty_dir.size_limit == "20Gi"


def test_the_image_runs_programs_that_are_named_as_arguments() -> None:
    """The chart and the launcher name them so, without a path."""
    stage = dockerfile("kubernetes")
    assert stage["ENTRYPOINT"] == "[]"
    assert stage["ENV"].startswith(f"PATH={Path(VSF).parent}:")
    (extras,) = re.findall(r"VSF_EXTRAS=(\S+)", dockerfile("vsf")["RUN"] + (DEPLOY / "Dockerfile").read_text())[-1:]
    assert set(extras.split(",")) == {"postgres", "lake", "workers", "kubernetes"}


def test_runs_are_queued_as_on_one_machine(tmp_path: Path) -> None:
    settings = read_settings({**settings_of_pods(), "VSF_HOME": str(tmp_path)})
    ours = yaml.safe_load(instance_config(settings, (PROJECT_ROOT / "dagster.yaml").read_text()))
    coordinator = VALUES["dagsterDaemon"]["runCoordinator"]
    config = snake_case(coordinator["config"]["queuedRunCoordinator"])
    assert coordinator["type"] == QueuedRunCoordinator.__name__
    assert errors(QueuedRunCoordinator.config_type(), config) == []
    runs = ours["concurrency"]["runs"]
    assert config["max_concurrent_runs"] == runs["max_concurrent_runs"]
    assert config["tag_concurrency_limits"] == runs["tag_concurrency_limits"]
    assert config["dequeue_interval_seconds"] == ours["run_coordinator"]["config"]["dequeue_interval_seconds"]
    daemon = VALUES["dagsterDaemon"]
    assert daemon["runMonitoring"]["startTimeoutSeconds"] == START_SECONDS
    assert snake_case(daemon["sensors"]) == ours["sensors"]


def test_the_code_location_is_started_as_dagster_understands_it() -> None:
    from dagster._cli.api import grpc_command

    (deployment,) = VALUES["dagster-user-deployments"]["deployments"]
    words = deployment["dagsterApiGrpcArgs"]
    context = grpc_command.make_context("grpc", ["-h", "0.0.0.0", "-p", str(deployment["port"]), *map(str, words)])
    module = context.params["module_name"]
    (module,) = module if isinstance(module, tuple) else (module,)
    assert importlib.util.find_spec(module) is not None
    (ours,) = yaml.safe_load((PROJECT_ROOT / "workspace.yaml").read_text())["load_from"]
    assert ours["python_module"]["module_name"] == module
    assert context.params["location_name"] == ours["python_module"]["location_name"] == words[-1]


def test_the_settings_of_all_pods_are_valid(tmp_path: Path) -> None:
    given = settings_of_pods()
    assert {name for name in given if not name.startswith("AWS_")} - {each.name for each in VARIABLES} == set()
    settings = read_settings({**given, "VSF_HOME": str(tmp_path)})
    assert settings.lake == "s3://vsf/lake"
    assert VALUES["postgresql"]["postgresqlHost"] in settings.lake_database
    assert f"dbname={VALUES['postgresql']['postgresqlDatabase']} " not in settings.lake_database


def test_every_object_and_image_that_is_named_exists() -> None:
    page = text_of("docs/deployment.md")
    by_command = set(re.findall(r"kubectl create (?:secret \w+|configmap) ([\w-]+)", page))
    defined = {one["metadata"]["name"] for one in manifests()} | by_command
    text = "".join(file.read_text() for file in sorted((DEPLOY / "kubernetes").glob("*.yaml")))
    config = LAUNCHER["config"]
    named = {*config["env_config_maps"], *config["env_secrets"], config["postgres_password_secret"]}
    for name, pod in pods():
        volumes = {volume["name"] for volume in pod.get("volumes", [])}
        for container in pod["containers"]:
            assert {mount["name"] for mount in container.get("volumeMounts", [])} <= volumes, name
            for source in container.get("envFrom", []):
                named |= {each["name"] for each in source.values()}
        for volume in pod.get("volumes", []):
            named |= {each["name"] for kind, each in volume.items() if kind == "configMap"}
            named |= {each["secretName"] for kind, each in volume.items() if kind == "secret"}
            named |= {each["claimName"] for kind, each in volume.items() if kind == "persistentVolumeClaim"}
    assert named - defined == set()
    stages = set(re.findall(r" AS (\w+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE))
    images = set(re.findall(r"vsf-(\w+):", text)) | set(re.findall(r"repository: \S+/vsf-(\w+)", text))
    assert images == {"kubernetes", "proxy"}
    assert images <= stages
    assert set(re.findall(r"vsf-\w+:(\d\S*)", text) + re.findall(r'tag: "(.*)"', text)) == {VERSION}
    for service in (one for one in manifests() if one["kind"] == "Service"):
        assert service["metadata"]["name"] in {name for name, _ in pods()}


def test_programs_of_the_pods_are_those_of_the_image() -> None:
    prefix = str(Path(VSF).parent)
    for _, pod in pods():
        for container in pod["containers"]:
            probe = container.get("readinessProbe", {}).get("exec", {}).get("command", [])
            words = [*container.get("command", [VSF]), *probe]
            paths = [word for word in words if word.startswith("/opt")]
            assert {str(Path(path).parent) for path in paths} == {prefix}, shlex.join(words)


def test_the_chart_is_of_dagsters_version() -> None:
    pinned = re.findall(r"^dagster==(.*)$", (PROJECT_ROOT / "constraints.txt").read_text(), re.MULTILINE)
    text = (DEPLOY / "kubernetes" / "dagster-values.yaml").read_text()
    assert set(re.findall(r"version (\d+\.\d+\.\d+)", text)) == set(pinned)
