"""docs/feeds.md prints the one list of names, and every kind that a listing leaves out."""

import re

from vsf_assets.storage.ignored_names import COPIES, UNFINISHED
from vsf_assets_tests.docs.pages import text_of
from vsf_assets_tests.odd import HARMLESS

SECTION = text_of("docs/feeds.md").split("## What a listing leaves out\n")[1].split("\n## ")[0]


def test_the_page_has_exactly_the_names_of_the_code() -> None:
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", SECTION, re.MULTILINE)
    assert dict(rows) == {**UNFINISHED, **COPIES}


def test_the_page_names_every_kind_with_the_exit_code() -> None:
    rows = re.findall(r"^\| ([a-zA-Z/+, ]+) \| .+ \| ([01]) \|$", SECTION, re.MULTILINE)
    codes = {kind: code for kinds, code in rows for kind in kinds.split(", ")}
    assert {kind for kind, code in codes.items() if code == "1"} == {"not permitted", "I/O error", "too deep"}
    assert set(HARMLESS.values()) | {"device", "odd name", "changing"} == {k for k, c in codes.items() if c == "0"}
