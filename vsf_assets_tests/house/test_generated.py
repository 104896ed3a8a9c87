"""Generated files are what `make generated` writes, and nothing else says that it is generated.

Not here: what the dictionary and the picture of the rooms say (docs/test_pages.py, test_rooms.py).
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.devtools import generated_files
from vsf_assets.devtools.dbt_generator import FINDINGS, PARTS, finding_parts, ledger_tests, sources_files
from vsf_assets.devtools.generated_files import HEAD, orphans, stale_files
from vsf_assets.feeds import all_feeds


@pytest.fixture(scope="module", autouse=True)
def generated() -> Iterator[dict[Path, str]]:
    """Every generated file, made once: each look at them takes a second."""
    made = generated_files.generated_files()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generated_files, "generated_files", lambda: made)
        yield made


def test_no_generated_file_is_stale() -> None:
    stale = [path.relative_to(PROJECT_ROOT).as_posix() for path in stale_files()]
    assert stale == [], "run: make generated"


def test_a_file_that_is_generated_as_a_whole_says_so_and_by_which_command(generated: dict[Path, str]) -> None:
    for path, text in generated.items():
        if path.suffix != ".md":
            assert HEAD in text.partition("\n")[0] and "`make generated`; do not edit" in text.partition("\n")[0], path
        else:
            assert "make generated" in text, path


def test_no_file_of_a_family_that_is_gone_is_left() -> None:
    assert orphans() == []


def test_every_raw_table_of_a_feed_is_a_source_and_is_compared_with_the_ledger_where_it_counts_rows() -> None:
    sources = [
        table["name"] for text in sources_files().values() for table in yaml.safe_load(text)["sources"][0]["tables"]
    ]
    tests = "\n".join(ledger_tests().values())
    for feed in all_feeds().values():
        for name in (table.removeprefix("raw.") for table in feed.tables):
            assert sources.count(name) == 1
            assert (f"{{'table': '{name}', 'feed': '{feed.name}'" in tests) != (name == "skipped_types")


def test_every_part_of_the_report_is_in_the_list() -> None:
    listed = PARTS.read_text(encoding="utf-8")
    assert [p.stem for p in FINDINGS.glob("*.sql") if f"'{p.stem}'" not in listed] == []
    assert listed.count("'model'") == len(list(FINDINGS.glob("*.sql")))


def test_a_part_is_told_apart_by_its_columns() -> None:
    def columns(*names: str) -> dict[str, list[dict[str, str]]]:
        return {"columns": [{"name": name} for name in names]}

    a, b, c = columns("file_id", "event_date"), columns("feed"), columns("file_id", "records")
    text = finding_parts({"a": a, "b": b, "c": c})
    assert "{'model': 'a', 'is_about_a_file': true, 'has_counts': false, 'has_days': true}," in text
    assert "{'model': 'b', 'is_about_a_file': false, 'has_counts': false, 'has_days': false}," in text
    assert "{'model': 'c', 'is_about_a_file': true, 'has_counts': true, 'has_days': false}," in text
    with pytest.raises(ValueError, match="d needs a column file_id"):
        finding_parts({"d": columns("anomaly")})
