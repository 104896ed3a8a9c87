"""Identifiers use the field's words: those that the project has replaced do not come back.

Here: the list, and every name of Python code in the package, the tests and the benchmarks. Names of test functions
are sentences and do not count. docs/naming.md says which word stands for what.
"""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from vsf_assets.config.settings import PROJECT_ROOT

AS_PART = {
    "tell": "report, log or emit",
    "tells": "reports, logs or emits",
    "told": "reported, logged or recorded",
    "look": "listing or scan",
    "looks": "listings or scans",
    "looked": "listed or scanned",
    "anew": "again, or full refresh",
    "due": "to_fetch",
    "unlike": "mismatched",
    "half": "temp_path",
    "youngest": "last_modified",
    "asked": "requested",
    "brought": "fetched",
    "learnt": "fetched states",
    "judge": "validate",
    "judged": "validated",
    "suspect": "invalid, or to validate",
    "suspects": "invalid, or to validate",
    "spoilt": "malformed",
    "astray": "escapes_root",
    "absorbed": "previous_build",
    "standing": "existing_or_empty",
    "differing": "symmetric_difference",
}
"""Word -> what stands for it; banned as a whole name and as a word of one."""

AS_NAME = {
    "take": "load",
    "together": "group_by_upload",
    "Work": "InputFile",
    "Delivery": "ReadResult",
    "Asked": "FileRequest",
    "Made": "FulfilmentResult",
    "hold_back": "defer_incomplete or backoff_reason",
    "sort_out": "classify_landed",
    "to_file": "needs_archiving",
    "is_whole": "is_complete",
    "whole_rows": "rows_with_required",
    "no_search_in_vain": "block_missing_optional_imports",
    "collector_at_rest": "gc_paused",
}
"""Name -> what stands for it; banned as a whole name only: inside others they are plain English."""

OF_OTHERS = {("tell", ".")}
"""(name, token before it) that belong to a library: `file.tell()`."""


def sources() -> list[Path]:
    folders = ("vsf_assets", "vsf_assets_tests", "benchmarks")
    return sorted(path for folder in folders for path in (PROJECT_ROOT / folder).rglob("*.py"))


def replaced_words(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield (line, identifier, word) of every identifier that is or holds a replaced word."""
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        name = token.string
        if token.type == tokenize.NAME and not name.startswith("test_") and (name, before) not in OF_OTHERS:
            words = [part.lower() for part in re.split(r"_|(?<=[a-z0-9])(?=[A-Z])", name)]
            for word in AS_PART.keys() & words | AS_NAME.keys() & {name}:
                yield token.start[0], name, word
        before = name


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PROJECT_ROOT)))
def test_no_identifier_uses_a_replaced_word(path: Path) -> None:
    found = [
        f"line {line}: {name}: say {AS_PART.get(word) or AS_NAME[word]} instead of {word}"
        for line, name, word in replaced_words(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


def test_the_search_finds_words_in_names_of_every_form() -> None:
    text = "def tell(x): pass\nclass LastLook: pass\nis_told = x.judge\ntake = file.tell()\nmistake = retold = 1\n"
    assert [(line, word) for line, _, word in replaced_words(text)] == [
        (1, "tell"),
        (2, "look"),
        (3, "told"),
        (3, "judge"),
        (4, "take"),
    ]


def test_modules_are_not_called_by_replaced_words() -> None:
    stems = {path: set(path.stem.removeprefix("test_").split("_")) for path in sources()}
    assert not {path.name for path, words in stems.items() if path.name[:5] != "test_" and words & AS_PART.keys()}


def test_no_two_classes_of_the_package_share_a_name() -> None:
    places: dict[str, list[str]] = {}
    for path in sorted((PROJECT_ROOT / "vsf_assets").rglob("*.py")):
        for name in re.findall(r"^\s*class (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            places.setdefault(name, []).append(str(path.relative_to(PROJECT_ROOT)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
