"""Containers and units of a shared lake: everything that they start, mount or set exists, and fits together.

Here: deploy/compose.lake.yaml, the units of workers, the database's script, the policy of the bucket. Not here:
Kubernetes (test_kubernetes_files.py), and the other files of deploy/ (test_deploy_files.py). No container is started.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest

from vsf_assets.config.settings import PROJECT_ROOT, read_settings
from vsf_assets.config.variables import VARIABLES
from vsf_assets.resources.instance_config import database_url
from vsf_assets_tests.docs.deploy_files import DEPLOY, PYTHON, VSF, commands_of_vsf, compose, dockerfile, filled, value
from vsf_assets_tests.docs.test_commands_pages import check
from vsf_assets_tests.object_server import ObjectServer
from vsf_assets_tests.postgres_server import PROGRAMS

FILE = "compose.lake.yaml"
GIVEN = {
    "PGPASSWORD": "secret1",
    "REDIS_PASSWORD": "secret2",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret3",
}
"""Variables that a person gives."""


def services() -> dict[str, dict[str, Any]]:
    return dict(compose(FILE)["services"])


def platform() -> dict[str, str]:
    """Return what the programs of the platform get, filled in."""
    return {name: filled(str(text), GIVEN) for name, text in services()["worker"]["environment"].items()}


@pytest.mark.parametrize(("where", "line"), list(commands_of_vsf()))
def test_each_command_of_the_platform_exists(where: str, line: str) -> None:
    check(line)


def test_every_image_is_built_of_a_stage_but_the_store() -> None:
    known = {service["image"] for service in services().values() if "build" in service}
    for name, service in services().items():
        if name == "store":
            assert re.fullmatch(r"[\w./-]+:[\w.-]+", service["image"])  # a release, not the newest
            continue
        assert service["image"] in known
        if "build" in service:
            assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
            stage = dockerfile(service["build"]["target"])
            assert "CMD" in stage
            for source in stage.get("COPY", "dist/x /").split()[:-1]:
                assert source.startswith("dist/") or (PROJECT_ROOT / source).is_file()


def test_everything_that_is_mounted_named_or_waited_for_exists() -> None:
    whole = compose(FILE)
    for service in services().values():
        places = [volume.partition(":")[0] for volume in service.get("volumes", [])]
        assert all((DEPLOY / place).is_file() for place in places if place.startswith("."))
        assert {place for place in places if place[0] not in "./"} <= whole["volumes"].keys()
        waited_for = service.get("depends_on", {})
        assert set(waited_for) <= whole["services"].keys()
        for name, condition in waited_for.items() if isinstance(waited_for, dict) else ():
            if condition["condition"] == "service_healthy":
                assert "healthcheck" in whole["services"][name]
    for mounted, stage in (("database", "database"), ("broker", "broker")):
        (volume,) = whole["services"][mounted]["volumes"]
        assert volume.partition(":")[2] == dockerfile(stage)["VOLUME"]


def test_the_settings_fit_each_other_and_the_servers(tmp_path: Path) -> None:
    given = platform()
    unknown = {name for name in given if not name.startswith(("AWS_", "PG"))} - {each.name for each in VARIABLES}
    assert unknown == set()
    settings = read_settings({**given, "VSF_HOME": str(tmp_path)})
    assert (settings.lake, settings.ingest_runs) == ("s3://vsf/lake", 4)
    whole = compose(FILE)["services"]
    hosts = re.findall(r"(?:host=|//[^/ ]*@|http://)([a-z]+)", " ".join(given.values()))
    assert set(hosts) == {"database", "broker", "store"}
    assert set(hosts) <= whole.keys()
    assert "host=database" in database_url(settings.lake_database)
    made = set(re.findall(r"for database in (.*); do", (DEPLOY / "postgres.sh").read_text())[0].split())
    wanted = {given["VSF_CATALOG"].partition("dbname=")[2].split()[0], given["VSF_PORTAL_DATABASE"].rpartition("/")[2]}
    assert wanted <= made
    for name in ("vsf", "worker", "own-worker", "prepare"):
        assert whole[name]["environment"] == whole["worker"]["environment"]
    assert whole["own-worker"]["volumes"] == whole["vsf"]["volumes"]
    assert whole["database"]["environment"]["POSTGRES_PASSWORD"] == "${PGPASSWORD:?}"


def test_the_bucket_is_made_once(object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> None:
    program, option, text = services()["bucket"]["entrypoint"]
    assert (program, option) == (PYTHON, "-c")
    for name, given in platform().items():
        monkeypatch.setenv(name, given)
    monkeypatch.setenv("AWS_ENDPOINT_URL", object_server.endpoint)
    for _ in range(2):
        subprocess.run([sys.executable, "-c", text], check=True)
    assert "vsf" in [bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]]
    boto3.client("s3").delete_bucket(Bucket="vsf")


def test_the_policy_lets_nobody_remove_data_files_of_the_lake() -> None:
    policy = json.loads((DEPLOY / "bucket-policy.json").read_text())
    by_name = {statement["Sid"]: statement for statement in policy["Statement"]}
    denied = by_name["WhoCommitsRemovesNoDataFile"]
    assert denied["Effect"] == "Deny"
    assert "s3:DeleteObject" in denied["Action"]
    places = {name: text.replace("s3://", "arn:aws:s3:::") + "/*" for name, text in platform().items() if "s3:" in text}
    assert denied["Resource"] == [places.pop("VSF_LAKE")]
    assert set(places.values()) <= set(by_name["FileAwayAndPruneButNotInTheLake"]["Resource"])


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the user that PostgreSQL runs as."""
    made = Path("/tmp") / f"vsf-script-{os.getpid()}"
    made.mkdir(mode=0o755)
    if os.geteuid() == 0:
        shutil.chown(made, "postgres", "postgres")
    yield made
    shutil.rmtree(made)


@pytest.mark.skipif(not PROGRAMS, reason="PostgreSQL is not installed (Debian: postgresql)")
def test_the_database_starts_anew_with_what_it_holds(folder: Path) -> None:
    """The first start makes role and databases, also if an earlier one was cut off; the second keeps all."""
    import psycopg

    script = shutil.copy(DEPLOY / "postgres.sh", folder)
    given = {"PGDATA": str(folder / "data"), "POSTGRES_PASSWORD": "secret1", "POSTGRES_ADDRESSES": "127.0.0.1"}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = ["sh", script, "-c", f"port={port}", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off"]
    user: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    (folder / "data.new").mkdir()  # of a start that was cut off
    for start in range(2):
        log = (folder / "log").open("wb")
        server = subprocess.Popen(
            words, env={**os.environ, **given}, cwd="/", stdout=log, stderr=subprocess.STDOUT, **user
        )
        address = f"host=127.0.0.1 port={port} user=vsf password=secret1"
        try:
            for database in ("vsf", "vsf_portal", "vsf_dagster"):
                with connected(f"{address} dbname={database}", server) as connection:
                    assert connection.execute("show lc_messages").fetchone() == ("C",)
                    if start == 0:
                        connection.execute("create table kept (n int)")
                    else:
                        connection.execute("select n from kept")
            with pytest.raises(psycopg.OperationalError, match="password"):
                psycopg.connect(f"{address}x dbname=vsf")
        finally:
            server.terminate()
            server.wait()
            log.close()
    assert not (folder / "data.password").exists()


def connected(address: str, server: "subprocess.Popen[bytes]") -> Any:
    """Return a connection as soon as the server takes one; it ends with the test if the server ends."""
    import psycopg

    while server.poll() is None:
        with suppress(psycopg.OperationalError):
            return psycopg.connect(address)
        time.sleep(0.1)
    raise AssertionError(f"the server ended with {server.returncode}")


def filters(unit: str) -> set[str]:
    """Return the system calls that a unit allows."""
    lines = re.findall(r"^SystemCallFilter=(.*)$", (DEPLOY / unit).read_text(), re.MULTILINE)
    words, allowed = [word for line in lines for word in line.split()], set[str]()
    while words:
        word = words.pop()
        if not word.startswith("@"):
            allowed.add(word)
            continue
        done = subprocess.run(["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True)
        words += [line.strip() for line in done.stdout.splitlines()[1:] if line.strip()[:1] not in ("", "#")]
    return allowed


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", ["vsf.service", "vsf-worker.service", "vsf-worker-own.service"])
def test_a_unit_lets_processes_take_rights_from_themselves(unit: str) -> None:
    """Queries of people do so by Landlock and seccomp, and who commits to a lake in a folder by Landlock."""
    needed = {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "prctl"}
    assert needed - filters(unit) == set()


def test_the_units_of_workers_are_those_of_the_service_but_for_what_they_start() -> None:
    def rules(unit: str) -> list[str]:
        text = (DEPLOY / unit).read_text().partition("ProtectSystem=")[2]
        return [line for line in text.splitlines() if line and not line.startswith("#")]

    for unit in ("vsf-worker.service", "vsf-worker-own.service"):
        assert rules(unit) == rules("vsf.service")
        assert value(unit, "ExecStart").startswith(f"{VSF} worker")
        assert value(unit, "KillMode") == "mixed"  # SIGTERM for the worker alone, which finishes its runs


def test_no_file_names_a_setting_that_does_not_exist() -> None:
    known = {each.name for each in VARIABLES}
    known |= set(re.findall(r"\$\{(VSF_[A-Z_]+)", (DEPLOY / "install.sh").read_text()))
    for file in DEPLOY.rglob("*"):
        if file.is_file():
            assert set(re.findall(r"\bVSF_[A-Z_]+\b", file.read_text())) - known == set(), file
