"""A mistyped feed, dataset, profile, column type or command is answered with the name that was probably meant.

Not here: what the commands do with the right names.
"""

from pathlib import Path

import pytest

from vsf_assets.common.suggestions import did_you_mean
from vsf_assets.feeds import all_feeds, feeds_for_people, no_such_feed
from vsf_assets.synthetic.model.schema import SchemaError
from vsf_assets.synthetic.schema_parser import parse_schema
from vsf_assets_tests.commandline import Home

CLICKS = "; did you mean clicks?"


@pytest.mark.parametrize("words", [["run", "--feed", "klicks"], ["land", "klicks", "x.csv"], ["land", "Clicks"]])
def test_a_mistyped_feed(home: Home, words: list[str]) -> None:
    outcome = home.vsf(*words)
    assert (outcome.exit_code, outcome.errors.endswith(CLICKS)) == (2, True), outcome.errors


def test_a_missing_file_is_not_taken_for_a_feed(home: Home, tmp_path: Path) -> None:
    assert "did you mean" not in home.vsf("land", str(tmp_path / "click")).errors
    assert "did you mean" not in home.vsf("land", "clicks_1.csv").errors


def test_a_mistyped_profile(home: Home) -> None:
    assert home.vsf("run", "--profile", "defalt").errors.endswith("; did you mean default?")


def test_a_mistyped_type_of_a_column() -> None:
    with pytest.raises(SchemaError, match=r"no type 'Ful Name'; did you mean Full Name\?"):
        parse_schema(b"name: x\ncolumns:\n- name: a\n  type: Ful Name\n")


def test_a_word_that_is_like_no_name_has_no_suggestion() -> None:
    assert (did_you_mean("KLICKS", all_feeds()), did_you_mean("nix", all_feeds())) == (CLICKS, "")


def test_feeds_that_the_platform_writes_are_not_listed() -> None:
    written = {"catalog_looks", "catalog_list", "dataset_changes", "fake_states"}
    assert set(feeds_for_people().split(", ")) == set(all_feeds()) - written
    assert written.isdisjoint(no_such_feed("nix").replace(";", ",").split(", "))
