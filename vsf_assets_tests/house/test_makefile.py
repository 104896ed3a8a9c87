"""`make install` installs the same pins with uv and with pip.

Here: the commands that make would run. Not here: running them, which takes minutes.
"""

import shutil
import subprocess

import pytest

from vsf_assets.config.settings import PROJECT_ROOT

PINS = "--constraint constraints.txt --editable '.[dev]'"


def commands(uv: str) -> str:
    """Return what `make install` would run."""
    if shutil.which("make") is None:
        pytest.skip("there is no make")
    words = ["make", "--dry-run", "--always-make", "install", f"UV={uv}", "PYTHON=python3"]
    return subprocess.run(words, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True).stdout


def test_uv_where_it_is_there() -> None:
    said = commands("/opt/uv")
    assert "/opt/uv venv --quiet --seed" in said
    assert f"/opt/uv pip install --quiet --python .venv/bin/python {PINS}" in said
    assert "-m pip" not in said


def test_pip_otherwise() -> None:
    said = commands("")
    assert "python3 -m venv --clear .venv" in said
    assert f".venv/bin/python -m pip install --quiet {PINS}" in said
    assert "uv pip" not in said
