"""A sixth family, added as docs/adding-a-feed.md says, in a copy of the project, and used from file to snapshot.

Here: the page's commands and edits, read from the page itself, and what they leave. The page adds `orders`; where the
project has such a feed, the test reads the page with a name that is free. Not here: which names and kinds are refused
(test_skeleton.py).
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
from vsf_assets_tests.families.free_names import ORDERS, VISITS, free_name
from vsf_assets_tests.families.project_copy import ProjectCopy, copy_project, diffs

FOLDERS = ("vsf_assets/contracts/", "vsf_assets/feeds/", "dbt_project/", "docs/", "vsf_assets_tests/")
STALE = "vsf_assets_tests/house/test_generated.py::test_no_generated_file_is_stale"


def page_of(name: str) -> str:
    """Return the page, for a feed of another name; SQL's `order by` and the verb stay."""
    word = re.compile(r"(?<![A-Za-z])([Oo])rder(?!ed|ing| by)")
    return word.sub(lambda found: name.capitalize() if found.group(1) == "O" else name, text_of(GUIDE))


@pytest.fixture
def project(tmp_path: Path) -> ProjectCopy:
    """A copy of the project as git knows it."""
    is_checkout = subprocess.run(["git", "rev-parse"], cwd=PROJECT_ROOT, capture_output=True, check=False)
    if shutil.which("make") is None or is_checkout.returncode:
        pytest.skip("not a git checkout, or no make")
    return copy_project(tmp_path / "project")


def make_lines(page: str) -> list[list[str]]:
    """Return the make commands of the page's examples, as words behind `make`."""
    return [line.split()[1:] for block in blocks(page, "bash") for line in block.splitlines() if line[:5] == "make "]


def documented_files(page: str, name: str) -> set[str]:
    """Return the files that the page says the skeleton has."""
    return {row[0].strip("`") for row in table_rows(page) if f"{name}s" in row[0]}


def test_the_page_is_read_for_a_name_that_is_free(tmp_path: Path) -> None:
    assert free_name(("click", "song", "crate"), tmp_path) == "crate"
    assert page_of("order") == text_of(GUIDE)
    assert "make feed NAME=crates KIND=csv-daily" in page_of("crate")
    assert "select crate_id, customer_name, amount from marts.fct_crates order by 1" in page_of("crate")


def test_a_family_is_added_in_eight_files_and_runs_from_file_to_snapshot(project: ProjectCopy, tmp_path: Path) -> None:
    name, other = free_name(ORDERS, tmp_path), free_name(VISITS, tmp_path)
    page = page_of(name)
    skeleton, generating, testing = make_lines(page)
    assert (skeleton[0], generating, testing) == ("feed", ["generated"], ["test"])
    written = set(re.findall(r"^wrote (.+)$", project.make(*skeleton), re.MULTILINE))
    assert written == project.changed() == documented_files(page, name)

    edited = [project.edit(diff) for diff in diffs(page)]
    assert set(edited) == written
    assert [path for path in written if "TODO" in (project.root / path).read_text(encoding="utf-8")] == []
    project.make("feed", f"NAME={other}s", "KIND=csv-whole")  # stays as it was written

    stale = project.pytest(STALE)
    assert stale.returncode == 1, stale.stdout + stale.stderr
    assert f"dbt_project/models/staging/{name}s/_sources.yml" in stale.stdout
    generated = set(re.findall(r"^wrote (.+)$", project.make(*generating), re.MULTILINE))

    by_hand = {path for path in project.changed() - generated if f"{other}s" not in path}
    assert by_hand == written
    assert len(by_hand) <= 8
    assert [path for path in by_hand if not path.startswith(FOLDERS)] == []
    assert generated & written == set()
    modules = sorted(path for path in project.changed() if path.endswith(".py"))
    for words in (["check"], ["format", "--check"]):
        linted = project.run(sys.executable, "-m", "ruff", *words, *modules)
        assert linted.returncode == 0, linted.stdout

    dictionary = (project.root / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    tables = re.findall(rf"^### (.*(?:{name}s|{other}s).*)$", dictionary, re.MULTILINE)
    assert set(tables) == {f"marts.dim_{other}s", f"marts.fct_{name}s", f"raw.{name}s", f"raw.{other}s"}
    good_rows = "test_good_rows_reach_the_mart_and_bad_and_repeated_ones_are_reported"
    used = project.pytest(
        f"vsf_assets_tests/families/test_{name}s.py",
        f"vsf_assets_tests/families/test_{other}s.py::{good_rows}",
        "vsf_assets_tests/house/test_generated.py",
        "vsf_assets_tests/house/test_families.py",
        "vsf_assets_tests/house/test_rules.py::test_every_model_is_described_beside_it_or_with_its_family",
        "vsf_assets_tests/docs/test_pages.py::test_every_link_within_the_project_leads_somewhere",
        "vsf_assets_tests/docs/test_pages.py::test_the_data_dictionary_has_every_contract",
        "vsf_assets_tests/golden/test_contract_versions.py",
    )
    assert used.returncode == 0, used.stdout + used.stderr
