"""Identifiers use the field's words: those that the project has replaced do not come back.

Here: the list; every name of Python code in the package, the tests and the benchmarks; every identifier of dbt's SQL;
and the names of modules, models and macros. Names of test functions are sentences and do not count. docs/naming.md says
which word stands for what. Not here: the schemas of dbt (test_dbt_schemas.py).
"""

import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.contracts import all_tables
from vsf_assets.contracts.derived_schemas import polars_types
from vsf_assets.feeds import all_feeds

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

NAMED_BY_DJANGO = {"Meta", "Migration"}
"""Classes that Django looks up by their names."""

AS_STEM = AS_PART | {"looking": "listing", "taking": "loading", "asking": "requesting", "telling": "reporting"}
"""Banned as words of a module's name too."""

OF_FILES = {"file", "raw", "stream"}
"""Receivers of `.tell()`, the position in an open file: a method of the library, not a word of the project."""

IDENTIFIER = re.compile(r"[^\W\d]\w*")
_SQL_SKIPPED = re.compile(r"\{#.*?#\}|--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_JINJA = re.compile(r"\{\{.*?\}\}", re.DOTALL)


def sources() -> list[Path]:
    folders = ("vsf_assets", "vsf_assets_tests", "benchmarks")
    return sorted(path for folder in folders for path in (PROJECT_ROOT / folder).rglob("*.py"))


@cache
def words_in(name: str) -> set[str]:
    """Return the replaced words of an identifier; empty if it has none."""
    parts = {part.lower() for part in re.split(r"_|(?<=[a-z0-9])(?=[A-Z])", name)}
    return AS_PART.keys() & parts | AS_NAME.keys() & {name}


def replaced_words(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield (line, identifier, word) of every identifier that is or holds a replaced word."""
    if not any(map(words_in, set(IDENTIFIER.findall(text)))):  # also those of comments; most files need no tokenizer
        return
    before = ["", ""]
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        name = token.string
        is_position = name == "tell" and before[1] == "." and before[0] in OF_FILES
        if token.type == tokenize.NAME and not name.startswith("test_") and not is_position:
            for word in words_in(name):
                yield token.start[0], name, word
        before = [before[1], name]


def sql_sources() -> list[Path]:
    return sorted((PROJECT_ROOT / "dbt_project").rglob("*.sql"))


def published_names() -> set[str]:
    """Return the names of raw tables, their columns and the feeds: users know them, so they stay."""
    tables = all_tables().values()
    columns = {column for table in tables for column in polars_types(table)}
    return {table.name.partition(".")[2] for table in tables} | columns | set(all_feeds())


def replaced_sql_words(text: str, published: set[str]) -> Iterator[tuple[int, str, str]]:
    """Yield (line, identifier, word) of SQL outside comments and literals; strings of `{{ }}` become identifiers."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match.group())

    without_comments = re.sub(r"\{#.*?#\}", blank, text, flags=re.DOTALL)
    unquoted = _JINJA.sub(lambda match: match.group().replace("'", " "), without_comments)
    for number, line in enumerate(_SQL_SKIPPED.sub(blank, unquoted).split("\n"), 1):
        for name in re.findall(r"[A-Za-z_]\w*", line):
            for word in words_in(name) if name not in published else ():
                yield number, name, word


def test_no_identifier_uses_a_replaced_word() -> None:
    found = [
        f"{path.relative_to(PROJECT_ROOT)}:{line}: {name}: say {AS_PART.get(word) or AS_NAME[word]} instead of {word}"
        for path in sources()
        for line, name, word in replaced_words(path.read_text(encoding="utf-8"))
    ]
    assert len(sources()) > 1000
    assert not found, "\n".join(found)


def test_the_search_finds_words_in_names_of_every_form() -> None:
    text = "def tell(x): pass\nclass LastLook: pass\nis_told = x.judge\ntake = file.tell()\nmistake = retold = 1\n"
    text += "report.tell()\nself.raw.tell()\ntell()\n"
    assert [(line, word) for line, _, word in replaced_words(text)] == [
        (1, "tell"),
        (2, "look"),
        (3, "told"),
        (3, "judge"),
        (4, "take"),
        (6, "tell"),
        (8, "tell"),
    ]


def test_no_identifier_of_sql_uses_a_replaced_word() -> None:
    published = published_names()
    found = [
        f"{path.relative_to(PROJECT_ROOT)}:{line}: {name}: say {AS_PART.get(word) or AS_NAME[word]} instead of {word}"
        for path in sql_sources()
        for line, name, word in replaced_sql_words(path.read_text(encoding="utf-8"), published)
    ]
    assert len(sql_sources()) > 100
    assert not found, "\n".join(found)


def test_the_search_finds_words_in_sql_outside_comments_and_literals() -> None:
    text = """{# looks standing #}
with standing as ( -- a look
    select raw_looks.due_on, 'standing', 'it''s due', catalog_looks.x /* told
    */ from {{ ref('stg_looks') }} as catalog_looks
    where {{ key(['half.x']) }} = 'half' and due
)"""
    assert [(line, name) for line, name, _ in replaced_sql_words(text, {"catalog_looks"})] == [
        (2, "standing"),
        (3, "raw_looks"),
        (3, "due_on"),
        (4, "stg_looks"),
        (5, "half"),
        (5, "due"),
    ]


def replaced_stem(stem: str) -> set[str]:
    """Return the replaced words of a module's name."""
    name = stem.removeprefix("test_")
    return AS_STEM.keys() & set(name.split("_")) | {old for old in AS_NAME if old.lower() == name}


def test_modules_models_and_macros_are_not_called_by_replaced_words() -> None:
    names = {str(path.relative_to(PROJECT_ROOT)): replaced_stem(path.stem) for path in (*sources(), *sql_sources())}
    assert {path: words for path, words in names.items() if words} == {}


@pytest.mark.parametrize("stem", ["test_looking", "test_taking", "together", "work", "last_look", "hold_back"])
def test_a_replaced_word_is_found_in_the_name_of_a_module(stem: str) -> None:
    assert replaced_stem(stem)
    assert not replaced_stem("test_work_in_proportion")


def test_no_two_classes_of_the_package_share_a_name() -> None:
    places: dict[str, list[str]] = {}
    for path in sorted((PROJECT_ROOT / "vsf_assets").rglob("*.py")):
        for name in re.findall(r"^\s*class (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            if name in NAMED_BY_DJANGO:
                continue
            places.setdefault(name, []).append(str(path.relative_to(PROJECT_ROOT)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
