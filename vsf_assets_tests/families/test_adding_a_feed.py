"""A sixth family, added as docs/adding-a-feed.md says, in a copy of the project, and used from file to snapshot.

Here: the page's commands and edits, read from the page itself, and what they leave. Not here: which names and kinds are
refused (test_skeleton.py).
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.devtools.feed_skeleton import GUIDE
from vsf_assets_tests.docs.pages import blocks, table_rows, text_of
from vsf_assets_tests.families.project_copy import ProjectCopy, copy_project, diffs

PAGE = text_of(GUIDE)
FOLDERS = ("vsf_assets/contracts/", "vsf_assets/feeds/", "dbt_project/", "docs/", "vsf_assets_tests/")
STALE = "vsf_assets_tests/house/test_generated.py::test_no_generated_file_is_stale"


@pytest.fixture
def project(tmp_path: Path) -> ProjectCopy:
    """A copy of the project as git knows it."""
    is_checkout = subprocess.run(["git", "rev-parse"], cwd=PROJECT_ROOT, capture_output=True, check=False)
    if shutil.which("make") is None or is_checkout.returncode:
        pytest.skip("not a git checkout, or no make")
    return copy_project(tmp_path / "project")


def make_lines() -> list[list[str]]:
    """Return the make commands of the page's examples, as words behind `make`."""
    return [line.split()[1:] for block in blocks(PAGE, "bash") for line in block.splitlines() if line[:5] == "make "]


def documented_files() -> set[str]:
    """Return the files that the page says the skeleton has."""
    return {row[0].strip("`") for row in table_rows(PAGE) if "orders" in row[0]}


def test_a_family_is_added_in_eight_files_and_runs_from_file_to_snapshot(project: ProjectCopy) -> None:
    skeleton, generating, testing = make_lines()
    assert (skeleton[0], generating, testing) == ("feed", ["generated"], ["test"])
    written = set(re.findall(r"^wrote (.+)$", project.make(*skeleton), re.MULTILINE))
    assert written == project.changed() == documented_files()

    edited = [project.edit(diff) for diff in diffs(PAGE)]
    assert set(edited) == written
    assert [path for path in written if "TODO" in (project.root / path).read_text(encoding="utf-8")] == []
    project.make("feed", "NAME=visits", "KIND=csv-whole")  # stays as it was written

    stale = project.pytest(STALE)
    assert stale.returncode == 1, stale.stdout + stale.stderr
    assert "dbt_project/models/staging/orders/_sources.yml" in stale.stdout
    generated = set(re.findall(r"^wrote (.+)$", project.make(*generating), re.MULTILINE))

    by_hand = {path for path in project.changed() - generated if "visits" not in path}
    assert by_hand == written
    assert len(by_hand) <= 8
    assert [path for path in by_hand if not path.startswith(FOLDERS)] == []
    assert generated & written == set()
    modules = sorted(path for path in project.changed() if path.endswith(".py"))
    for words in (["check"], ["format", "--check"]):
        linted = project.run(sys.executable, "-m", "ruff", *words, *modules)
        assert linted.returncode == 0, linted.stdout

    dictionary = (project.root / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    tables = re.findall(r"^### (.*(?:orders|visits).*)$", dictionary, re.MULTILINE)
    assert sorted(tables) == ["marts.dim_visits", "marts.fct_orders", "raw.orders", "raw.visits"]
    used = project.pytest(
        "vsf_assets_tests/families/test_orders.py",
        "vsf_assets_tests/families/test_visits.py::test_good_rows_reach_the_mart_and_bad_and_repeated_ones_are_reported",
        "vsf_assets_tests/house/test_generated.py",
        "vsf_assets_tests/house/test_rules.py::test_every_model_is_described_beside_it_or_with_its_family",
        "vsf_assets_tests/docs/test_pages.py::test_every_link_within_the_project_leads_somewhere",
        "vsf_assets_tests/docs/test_pages.py::test_the_data_dictionary_has_every_contract",
        "vsf_assets_tests/golden/test_contract_versions.py",
    )
    assert used.returncode == 0, used.stdout + used.stderr
