"""Private parts of Dagster stand in one file, checked with one version.

Not here: those of other libraries, and what each use does (dagster/).
"""

import re
from importlib.metadata import version
from pathlib import Path

from vsf_assets.resources import dagster_private

ROOT = Path(__file__).resolve().parents[2]
PRIVATE = re.compile(r"\bdagster(?:_\w+)?\._\w+")


def test_they_stand_in_the_file_of_the_library() -> None:
    using = [p for p in (ROOT / "vsf_assets").rglob("*.py") if PRIVATE.search(p.read_text(encoding="utf-8"))]
    assert [p.relative_to(ROOT).as_posix() for p in using] == ["vsf_assets/resources/dagster_private.py"]


def test_they_were_checked_with_what_is_installed() -> None:
    for package, checked in dagster_private.CHECKED.items():
        now = version(package)
        assert now in checked, (
            f"dagster_private.py was checked with {package} {' or '.join(checked)}, and this is {now}."
            f" Check again {dagster_private.RECHECK}; then write the version into CHECKED"
        )
