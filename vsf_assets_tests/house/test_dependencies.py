"""Declared dependencies: each has one pin, and bounds that begin with the pinned version.

Not here: that imports and declarations agree, which is for deptry (`make lint`).
"""

import re
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from vsf_assets.resources import dagster_private
from vsf_assets_tests.house.test_private_apis import PRIVATE

ROOT = Path(__file__).resolve().parents[2]
USED_PRIVATELY = {name for module in (*PRIVATE.values(), dagster_private) for name in module.CHECKED}
BREAKING_MINORS = {
    "boto3": "goes with one minor version of botocore",
    "dagster-aws": "goes with one minor version of dagster",
    "dagster-duckdb": "goes with one minor version of dagster",
    "dagster-webserver": "goes with one minor version of dagster",
    "django": "the last series for Python 3.11",
    "duckdb-extension-httpfs": "goes with one version of duckdb",
    "granian": "whether a signal ended its server is told by an attribute without a promise",
    "pandera": "before 1.0",
    "polars": "the fast path's proof holds for this reader",
    "sqlalchemy": "the event log storage extends Dagster's, which follows its minor versions",
}
"""Package that is bounded by the next minor version -> why, beside those whose private parts are used."""


def toml() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def lines_of_pins() -> list[str]:
    return (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()


def pins() -> dict[str, str]:
    """Return package -> pinned version."""
    parts = (line.partition("==") for line in lines_of_pins() if re.match(r"[\w.-]+==[\w.]+$", line))
    return {canonicalize_name(name): version for name, _, version in parts}


def next_version(pinned: str, is_minor: bool) -> str:
    """Return the lowest version of the next major or minor series."""
    version = Version(pinned)
    return f"{version.major}.{version.minor + 1}" if is_minor else str(version.major + 1)


def test_each_declared_package_has_one_pin() -> None:
    project = toml()["project"]
    declared = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    names = [canonicalize_name(Requirement(text).name) for text in declared]
    pinned = [canonicalize_name(line.partition("==")[0]) for line in lines_of_pins()]
    assert {name: pinned.count(name) for name in names} == dict.fromkeys(names, 1)


def test_bounds_go_from_the_pin_to_the_next_version_that_may_break() -> None:
    wanted, found = {}, {}
    for text in toml()["project"]["dependencies"]:
        requirement = Requirement(text)
        pinned = pins()[canonicalize_name(requirement.name)]
        is_minor = requirement.name in USED_PRIVATELY or requirement.name in BREAKING_MINORS
        wanted[requirement.name] = {f">={pinned}", f"<{next_version(pinned, is_minor)}"}
        found[requirement.name] = set(map(str, requirement.specifier))
    assert found == wanted


def test_the_builder_of_the_wheel_is_the_pinned_one() -> None:
    assert toml()["build-system"]["requires"] == [f"setuptools=={pins()['setuptools']}"]


def test_dagster_finds_the_code_location_of_the_workspace_by_itself() -> None:
    import yaml

    (entry,) = yaml.safe_load((ROOT / "workspace.yaml").read_text(encoding="utf-8"))["load_from"]
    found = toml()["tool"]["dagster"]
    assert found == {
        "module_name": entry["python_module"]["module_name"],
        "code_location_name": entry["python_module"]["location_name"],
    }


def test_no_line_of_the_pins_is_anything_else() -> None:
    assert [line for line in lines_of_pins() if line and not re.match(r"#|[\w.-]+==[\w.]+$", line)] == []
