"""Declared dependencies: each has one pin. That imports and declarations agree is for deptry (`make lint`)."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def normalized(name: str) -> str:
    """Return the name of a package as an index compares it, without extras."""
    return re.sub(r"[-_.]+", "-", name.partition("[")[0]).lower()


def test_each_declared_package_has_one_pin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = [normalized(line.partition("==")[0]) for line in lines if re.match(r"[\w.-]+==[\w.]+$", line)]
    assert {name: pinned.count(normalized(name)) for name in declared} == dict.fromkeys(declared, 1)


def test_no_line_of_the_pins_is_anything_else() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not re.match(r"#|[\w.-]+==[\w.]+$", line)] == []
