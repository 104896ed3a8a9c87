"""The skeleton of a family: which names and kinds are refused, and what its files are called.

Not here: that the files work (test_adding_a_feed.py).
"""

from pathlib import Path

import pytest

from vsf_assets.common.errors import UsageError
from vsf_assets.devtools.feed_skeleton import KINDS, main, skeleton, write_skeleton
from vsf_assets_tests.families.free_names import ORDERS, free_name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "say how the feed is called"),
        ("Orders", "is no name for a feed"),
        ("order-lines", "is no name for a feed"),
        ("_orders", "is no name for a feed"),
        ("1st", "is no name for a feed"),
        ("../orders", "is no name for a feed"),
        ("x" * 31, "is no name for a feed"),
        ("order", "is a word of SQL or Python"),
        ("lambda", "is a word of SQL or Python"),
        ("clicks", "clicks exists: a feed"),
        ("click", "click exists: a feed, clicks"),
        ("banners", "banners exists: a room of vsf_assets"),
        (
            "sessions",
            r"sessions is a word of code that must know no family(?s:.*)shop_sessions:\n(?s:.*)  ingest/session",
        ),
        ("mobile_implausible", "the model .*findings__mobile_implausible.sql exists; nothing was written"),
        ("survey", "a class Survey exists; nothing was written"),
        ("campaigns", "campaigns exists: a family"),
        ("songs", "songs exists: a raw table"),
        ("ledger", "ledger exists: a folder of dbt models"),
        ("night_events", "the feed events claims files called so"),
    ],
)
def test_a_name_that_cannot_be_or_is_taken_is_refused_with_the_reason(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        write_skeleton(name, "csv-daily", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_kind_is_refused_and_the_kinds_are_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["orders", ""]) == 2
    said = capsys.readouterr().err
    assert [kind for kind in KINDS if f"{kind}: {KINDS[kind]}" not in said] == []


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    name = f"{free_name(ORDERS, tmp_path / 'tried')}s"
    page = tmp_path / "mine" / "docs" / "feeds" / f"{name}.md"
    page.parent.mkdir(parents=True)
    page.write_text("mine")
    with pytest.raises(UsageError, match=rf"docs/feeds/{name}\.md exists; nothing was written"):
        write_skeleton(name, "csv-daily", tmp_path / "mine")
    assert [path for path in (tmp_path / "mine").rglob("*") if path.is_file()] == [page]
    assert page.read_text() == "mine"


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_eight_files_each_with_one_mark_to_decide(kind: str) -> None:
    files = skeleton("store_visits", kind)
    assert len(files) == 8
    assert {path: text.count("TODO") for path, text in files.items()} == dict.fromkeys(files, 1)
    assert [path for path, text in files.items() if "[[" in text or "[%" in text] == []
    assert "class StoreVisits(" in files["vsf_assets/contracts/by_family/store_visits.py"]
    assert "store_visit_id: int" in files["vsf_assets/contracts/by_family/store_visits.py"]
