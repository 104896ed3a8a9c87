"""The wheel: what it holds, and that it works from a read-only installation outside the project.

Not here: the bounds of its dependencies (house/test_dependencies.py), and where settings look for files when the
package is installed (unit/test_installed_settings.py).
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from vsf_assets.config.settings import PROJECT_ROOT, read_settings
from vsf_assets_tests.forms import variables
from vsf_assets_tests.prebuilt import put_built_warehouse, put_dagster_storage
from vsf_assets_tests.rights import drop_rights_before_exec

BUILD = "import sys, setuptools.build_meta as backend; getattr(backend, sys.argv[1])(sys.argv[2])"
CLICKS = "click_id,banner_id,campaign_id\n1,2,3\n1,2,3\n"


def build(source: Path, kind: str, target: Path) -> Path:
    """Build a `wheel` or an `sdist` in a folder of its own, as pip and build do; return its path."""
    words = [sys.executable, "-c", BUILD, f"build_{kind}", str(target)]
    done = subprocess.run(words, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nsetuptools of constraints.txt builds it: make install"
    (built,) = target.iterdir()
    return built


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which dbt has run, and an earlier build left a module."""
    source = tmp_path_factory.mktemp("project")
    for folder in ("vsf_assets", "dbt_project", "deploy", "vsf_assets_tests/house"):
        shutil.copytree(PROJECT_ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in PROJECT_ROOT.iterdir():
        if path.is_file() and path.name != ".git":
            shutil.copy(path, source / path.name)
    for leftover in ("dbt_project/target/manifest.json", "dbt_project/logs/dbt.log", "build/lib/vsf_assets/gone.py"):
        (source / leftover).parent.mkdir(parents=True, exist_ok=True)
        (source / leftover).touch()
    return source


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(source, "wheel", tmp_path_factory.mktemp("wheel"))


def names_below(folder: str) -> set[str]:
    """Return the files of a folder of the project, without what Python and dbt wrote there."""
    made = {"__pycache__", "target", "logs", ".user.yml"}
    paths = [path.relative_to(PROJECT_ROOT) for path in (PROJECT_ROOT / folder).rglob("*") if path.is_file()]
    return {path.as_posix() for path in paths if made.isdisjoint(path.parts)}


def test_the_wheel_holds_the_package_and_the_project_s_files_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.startswith("vsf_assets-")}
        (license_file,) = (name for name in archive.namelist() if name.endswith("/LICENSE"))
        assert archive.read(license_file) == (PROJECT_ROOT / "LICENSE").read_bytes()
    top = {"dagster.yaml", "workspace.yaml", "sources.example.toml", ".env.example"}
    assert names == names_below("vsf_assets") | {
        f"vsf_assets/_project/{name}" for name in names_below("dbt_project") | names_below("deploy") | top
    }


def test_a_wheel_made_from_the_source_archive_is_the_same(source: Path, wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "sdist").mkdir()
    (tmp_path / "wheel").mkdir()
    with tarfile.open(build(source, "sdist", tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    with zipfile.ZipFile(wheel) as one, zipfile.ZipFile(build(unpacked, "wheel", tmp_path / "wheel")) as other:
        assert other.namelist() == one.namelist()


class Installation:
    """The unpacked wheel, and an empty working directory."""

    def __init__(self, wheel: Path, folder: Path):
        self.site, self.work = folder / "site", folder / "work"
        self.work.mkdir()
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.site)
        for path in (*self.site.rglob("*"), self.site):
            path.chmod(0o555 if path.is_dir() else 0o444)

    def files(self) -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in self.site.rglob("*")}

    def vsf(self, *words: str) -> str:
        """Run a command as a user who may not write into the installation; return what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "vsf_assets.cli.main", *words],
            cwd=self.work,
            env={**{k: v for k, v in os.environ.items() if not k.startswith(("VSF_", "DAGSTER_"))}, **self._own()},
            preexec_fn=drop_rights_before_exec,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _own(self) -> dict[str, str]:
        return {"PYTHONPATH": str(self.site), "VSF_SETTLE_SECONDS": "0", **variables(self.work / "data")}


@pytest.mark.slow
def test_a_read_only_installation_works_in_the_working_directory(wheel: Path, tmp_path: Path) -> None:
    installed = Installation(wheel, tmp_path)
    before = installed.files()
    home = installed.work / "data"
    settings = read_settings({"VSF_HOME": str(home), **variables(home)})
    put_built_warehouse(settings)  # the first build costs what a test may cost
    put_dagster_storage(settings)
    (installed.work / "clicks_1.csv").write_text(CLICKS)

    version = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert installed.vsf("--version").startswith(f"vsf {version} (DuckDB ")
    installed.vsf("land", "clicks_1.csv")
    installed.vsf("run")
    sql = "select anomaly, file_name from reports.anomalies where feed = 'clicks' and line_number = 3"
    assert installed.vsf("query", sql, "--format", "csv") == "anomaly,file_name\nduplicate_row,clicks_1.csv\n"

    assert sorted(path.name for path in installed.work.iterdir()) == ["clicks_1.csv", "data"]
    assert (home / "dbt" / "parsed" / "manifest.json").is_file()
    assert installed.files() == before
