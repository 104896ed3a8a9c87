"""The files in deploy/ as tests read them: units, stages of the Dockerfile, compose files and manifests.

Here: reading. Not here: assertions (test_deploy_files.py, test_lake_deployment.py, test_kubernetes_files.py).
"""

import re
import shlex
from collections.abc import Iterator
from typing import Any

import yaml

from vsf_assets.config.settings import PROJECT_ROOT

DEPLOY = PROJECT_ROOT / "deploy"
VSF, PYTHON = "/opt/vsf/bin/vsf", "/opt/vsf/bin/python"
"""What deploy/install.sh makes."""


def value(unit: str, key: str) -> str:
    """Return the one value of a key in a unit."""
    (found,) = re.findall(rf"^{key}=(.*)$", (DEPLOY / unit).read_text(), re.MULTILINE)
    return str(found)


def dockerfile(stage: str) -> dict[str, str]:
    """Return the instructions of a stage; of several of one name the last."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    (found,) = re.findall(rf"^FROM \S+ AS {stage}\n(.*?)(?=^FROM|\Z)", text, re.MULTILINE | re.DOTALL)
    return dict(line.split(maxsplit=1) for line in found.splitlines() if line.strip())


def compose(name: str) -> dict[str, Any]:
    """Return a compose file."""
    return dict(yaml.safe_load((DEPLOY / name).read_text()))


def filled(text: str, values: dict[str, str]) -> str:
    """Return a text of a compose file with its variables filled in."""
    return re.sub(r"\$\{(\w+)(?::[?-]([^}]*))?\}", lambda found: values.get(found[1]) or found[2] or "", text)


def manifests() -> list[dict[str, Any]]:
    """Return the manifests of Kubernetes."""
    return list(yaml.safe_load_all((DEPLOY / "kubernetes" / "platform.yaml").read_text()))


def pods() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and specification of each pod in the manifests."""
    for one in manifests():
        spec = one.get("spec", {})
        spec = spec.get("jobTemplate", {"spec": spec})["spec"]
        if "template" in spec:
            yield one["metadata"]["name"], spec["template"]["spec"]


def commands_of_vsf() -> Iterator[tuple[str, str]]:
    """Yield where and what: the command lines of the platform in units, compose files and manifests."""
    for unit in sorted(DEPLOY.glob("*.service")):
        program, *words = shlex.split(value(unit.name, "ExecStart"))
        assert program == VSF
        yield unit.name, shlex.join(["vsf", *words])
    for file in ("compose.yaml", "compose.lake.yaml"):
        for name, service in compose(file)["services"].items():
            if service["image"] == "vsf" and "entrypoint" not in service:
                yield f"{file} {name}", shlex.join(["vsf", *service["command"]])
    for name, pod in pods():
        for container in pod["containers"]:
            if container.get("command", [""])[0] == VSF:
                yield f"{name} {container['name']}", shlex.join(["vsf", *container["command"][1:]])
