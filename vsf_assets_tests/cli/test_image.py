"""The image: the steps of deploy/Dockerfile in a clean root of Debian, and the service in it.

`make test-image` runs it. debootstrap makes the root, from which `debian:12-slim` differs by little; then each
instruction of the Dockerfile is done there. Here: what the image does. Not here: the script that it runs
(test_install_script.py), and what deploy/ names (docs/test_deploy_files.py). It needs root, a mirror of Debian and an
index of Python packages, and takes minutes.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from vsf_assets.config.settings import PROJECT_ROOT

pytestmark = [
    pytest.mark.image,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a root of its own"),
    pytest.mark.skipif(shutil.which("debootstrap") is None, reason="debootstrap is not installed"),
]

MOUNTS = "mount --rbind /proc {0}/proc && mount --bind /dev {0}/dev && mount -t tmpfs -o mode=1777 tmpfs {0}/dev/shm"
LOOPBACK = [
    sys.executable,
    "-c",
    "import fcntl, socket, struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'lo', 1))",
]
"""A command that turns the loopback interface on (SIOCSIFFLAGS, IFF_UP), which a new network has turned off."""

PASSED_ON = re.compile(r"(PIP_|https?_proxy|HTTPS?_PROXY)")


@dataclass
class Image:
    """A root that the instructions of a stage were done in.

    Attributes:
        root: its folder.
        user, folder: who runs commands there, and where.
        variables: of its environment.
        lists: instruction -> its words, for ENTRYPOINT, CMD and HEALTHCHECK.
    """

    root: Path
    user: str = "root"
    folder: str = "/"
    variables: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)

    def command(self, words: list[str], alone: bool) -> list[str]:
        """Return a command that runs words in the root, with mounts that end with it.

        Args:
            words: what runs.
            alone: whether it gets ports of its own, and no network.
        """
        path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        variables = {"PATH": path, "HOME": "/tmp", **self.variables}
        assigned = [f"{name}={value}" for name, value in variables.items()]
        inside = ["env", "-i", *assigned, "sh", "-c", f"cd {self.folder} && exec {shlex.join(words)}"]
        chroot = ["chroot", f"--userspec={self.user}:{self.user}", str(self.root), *inside]
        before = f"{MOUNTS.format(self.root)} && {shlex.join(LOOPBACK) if alone else 'true'}"
        separate = ["unshare", "--mount", *["--net"] * alone]
        return [*separate, "sh", "-c", f"{before} && exec {shlex.join(chroot)}"]

    def run(self, *words: str, alone: bool = False) -> str:
        """Run words in the root; return what they print."""
        done = subprocess.run(self.command(list(words), alone), capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def do(self, name: str, rest: str, context: Path) -> None:
        """Do an instruction of a Dockerfile."""
        if name == "RUN":
            self.run("sh", "-c", rest)
        elif name == "COPY":
            self._copy(rest.split(), context)
        elif name == "USER":
            self.user = rest
        elif name == "WORKDIR":
            self.folder = rest
        elif name == "ENV":
            key, _, value = rest.partition("=")
            self.variables[key] = value
        elif name in ("ENTRYPOINT", "CMD"):
            self.lists[name] = json.loads(rest)
        elif name == "HEALTHCHECK":
            self.lists[name] = json.loads(rest.partition(" CMD ")[2])
        else:
            assert name in ("STOPSIGNAL", "VOLUME"), name

    def _copy(self, words: list[str], context: Path) -> None:
        *sources, target = words
        inside = self.root / target.lstrip("/")
        inside.mkdir(parents=True, exist_ok=True)
        for source in sources:
            (file,) = context.glob(source)
            shutil.copy(file, inside)


def instructions(stage: str) -> list[tuple[str, str]]:
    """Return the instructions of a stage of the Dockerfile after its FROM."""
    text = re.sub(r"^#.*\n", "", (PROJECT_ROOT / "deploy" / "Dockerfile").read_text(), flags=re.MULTILINE)
    text = text.replace("\\\n", " ")
    (found,) = re.findall(rf"^FROM debian:12-slim AS {stage}\n(.*?)(?=^FROM|\Z)", text, re.MULTILINE | re.DOTALL)
    return [(line.split()[0], line.split(maxsplit=1)[1].strip()) for line in found.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """The root after all instructions, with a wheel of this tree."""
    context = tmp_path_factory.mktemp("context")
    source = context / "source"
    for folder in ("vsf_assets", "dbt_project", "deploy"):
        made = shutil.ignore_patterns("__pycache__", "target", "logs")
        shutil.copytree(PROJECT_ROOT / folder, source / folder, ignore=made)
    for path in PROJECT_ROOT.iterdir():
        if path.is_file() and path.name not in (".git", ".env"):
            shutil.copy(path, source / path.name)
    (context / "dist").mkdir()
    words = [sys.executable, "-c", "import setuptools.build_meta as backend; backend.build_wheel('../dist')"]
    subprocess.run(words, cwd=source, capture_output=True, check=True)
    root = tmp_path_factory.mktemp("debian") / "root"
    mirror = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
    subprocess.run(["debootstrap", "--variant=minbase", "bookworm", root, mirror], capture_output=True, check=True)
    for name in ("resolv.conf", "hosts"):
        shutil.copy(Path("/etc", name), root / "etc" / name)
    # What this machine trusts besides Debian's certificates, such as its proxy, the root trusts too.
    shutil.copytree("/usr/local/share/ca-certificates", root / "usr/local/share/ca-certificates", dirs_exist_ok=True)
    built = Image(root, variables={name: value for name, value in os.environ.items() if PASSED_ON.match(name)})
    shutil.copytree(source / "deploy", context / "deploy")
    shutil.copy(source / "constraints.txt", context)
    for name, rest in instructions("vsf"):
        built.do(name, rest, context)
    yield built
    shutil.rmtree(root)


def test_the_demo_runs_in_the_image(image: Image) -> None:
    vsf = image.lists["ENTRYPOINT"]
    image.run(*vsf, "demo")
    filled = image.run(*vsf, "query", "select count(*) > 0 as filled from marts.fct_activity_events", "--format", "csv")
    assert filled == "filled\ntrue\n"


def test_the_service_of_the_image_is_found_healthy(image: Image) -> None:
    """As a container engine does: start it, ask by HEALTHCHECK, and stop it by SIGTERM."""
    service = shlex.join([*image.lists["ENTRYPOINT"], *image.lists["CMD"]])
    check = shlex.join(image.lists["HEALTHCHECK"])
    script = (
        f"{service} >/tmp/serve.log 2>&1 & service=$!;"
        f" for turn in $(seq 60); do sleep 3; {check} >/tmp/check.log 2>&1 && found=healthy && break; done;"
        " kill -TERM $service; wait $service; echo $found $?; tail -n 2 /tmp/check.log; cat /tmp/serve.log"
    )
    said = image.run("sh", "-c", script, alone=True)
    assert said.startswith("healthy 0\n"), said


def test_nobody_but_root_may_write_to_the_image(image: Image) -> None:
    """But for the home and /tmp: the container's own files may be read-only."""
    kinds = ["-xdev", "-not", "-type", "l", "-writable", "-not", "-path", "/tmp*", "-not", "-path", "/var/lib/vsf*"]
    found = image.run("sh", "-c", f"{shlex.join(['find', '/', *kinds])} 2>/dev/null || true").splitlines()
    assert [
        path for path in found if not path.startswith(("/dev", "/proc", "/var/tmp", "/run/lock", "/var/backups/vsf"))
    ] == []
