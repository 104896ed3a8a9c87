"""The pages hold together: links lead somewhere, the data dictionary is fresh, the release has its entry."""

import re
import tomllib
from pathlib import Path

import pytest

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.contracts import all_tables
from vsf_assets.devtools.data_dictionary import (
    PAGE,
    DictionaryColumn,
    DictionaryTable,
    current_page,
    data_dictionary,
    of_models,
)
from vsf_assets_tests.docs.pages import anchors, links, pages, text_of


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(PROJECT_ROOT)))
def test_every_link_within_the_project_leads_somewhere(page: Path) -> None:
    for link in links(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{link}: no such heading"


def test_the_decisions_are_numbered_without_a_gap_and_all_listed() -> None:
    folder = PROJECT_ROOT / "docs" / "decisions"
    names = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))
    listed = (folder / "README.md").read_text(encoding="utf-8")
    assert [name for name in names if name not in listed] == []


def test_the_newest_release_in_the_changelog_is_the_package_s_version() -> None:
    released = re.findall(r"^## (\d+\.\d+\.\d+)$", text_of("CHANGELOG.md"), re.MULTILINE)
    assert released[0] == tomllib.loads(text_of("pyproject.toml"))["project"]["version"]


def test_the_data_dictionary_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == current_page(), "docs/data-dictionary.md is stale; run: make generated"


def test_the_data_dictionary_has_every_contract() -> None:
    assert [name for name in all_tables() if f"### {name}\n" not in PAGE.read_text(encoding="utf-8")] == []


def test_a_column_description_cannot_break_the_table() -> None:
    entry = DictionaryTable(
        "marts.fct_x", "One row is an x.", ("x_key",), (DictionaryColumn("x_key", "varchar", "md5 of a|b\nof <n>"),)
    )
    assert "| `x_key` | varchar | md5 of a\\|b of &lt;n> |" in data_dictionary([entry])


def test_parts_of_a_report_and_workshop_models_are_not_listed() -> None:
    files = {path: {"models": [{"name": "x"}]} for path in ("reports/findings/f.yml", "staging/a/s.yml")}
    assert list(of_models(files)) == []


def test_a_key_of_several_columns_is_shown() -> None:
    both = {"rows_with_required": {"arguments": {"key": ["mtn", "event_date"], "required": ["mtn"]}}}
    (entry,) = of_models({"marts/a/m.yml": {"models": [{"name": "x", "data_tests": [both]}]}})
    assert entry.key == ("mtn", "event_date")
