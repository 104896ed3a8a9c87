"""Adds the project's files to the wheel: the dbt project, dagster.yaml, workspace.yaml, examples, files of a service.

Here: which files, and their place in the package, `vsf_assets/_project/`; vsf_assets/config/settings.py looks for them
there. Not here: anything that pyproject.toml can say. A clone keeps the files at its top, and an editable installation
uses those.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
FILES = ("dagster.yaml", "workspace.yaml", "sources.example.toml", ".env.example")
FOLDERS = ("dbt_project", "deploy")
NOT_SHIPPED = ("target", "logs", ".user.yml")
"""What dbt writes into a clone's dbt project."""


class BuildWithProject(build_py):
    """The build of the package's files, and then of the project's."""

    def run(self) -> None:
        """Build into an empty folder: setuptools would also ship modules that an earlier build left there."""
        if self.editable_mode:
            super().run()
            return
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        target = Path(self.build_lib) / "vsf_assets" / "_project"
        for name in FOLDERS:
            shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns(*NOT_SHIPPED))
        for name in FILES:
            shutil.copy2(ROOT / name, target / name)


setup(cmdclass={"build_py": BuildWithProject})
