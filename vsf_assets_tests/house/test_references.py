"""Comments, docstrings and pages name only files, folders, dbt models, macros and tests that exist.

Here: the search for such names and their targets. Not here: links of pages (docs/) and the words of identifiers
(test_words.py). CHANGELOG.md is not searched: it names what earlier releases had.
"""

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.feeds import all_feeds

FOLDERS = ("vsf_assets", "vsf_assets_tests", "benchmarks", "deploy", "dbt_project/models", "dbt_project/macros", "docs")
PAGES = ("README.md", "CONTRIBUTING.md", "data/README.md", "dbt_project/dbt_project.yml")
SEARCHED = (".py", ".sql", ".yml", ".md")
BUILT = {"dist/", "vsf_assets/_project/", "dbt_project/target/"}
"""Folders that `make package` and dbt write."""

FILE_NAME = re.compile(r"(?<![\w./:{}<*-])(?:\.\./)*((?:[\w.-]+/)*[\w-]+\.(?:py|sql|yml))\b(?![\w*(])")
FOLDER_NAME = re.compile(r"(?<![\w./:{}<*$~-])((?:[a-z_0-9]+/)+)(?![\w*{<./-])")
MODEL_OR_TEST = re.compile(r"(?<![\w/.-])((?:stg|int|dim|fct|findings|test)_\w*[^\W_])(?![\w(*.])")
SQL_COMMENT = re.compile(r"--[^\n]*|\{#.*?#\}", re.DOTALL)
YAML_PROSE = re.compile(r"(?:#|description:).*")
MACRO = re.compile(r"\b([a-z_]\w+)\(\)")


@dataclass(frozen=True)
class Targets:
    """Everything that a text may name.

    Attributes:
        paths: files and folders below the project's root; folders end with a slash.
        written: files and folders that the platform writes, and folders of the landing zone.
        names: models, macros, columns of dbt, and functions and classes of Python.
        macros: macros of dbt.
    """

    paths: frozenset[str]
    written: frozenset[str]
    names: frozenset[str]
    macros: frozenset[str]

    @cache  # noqa: B019 - there is one
    def has_path(self, path: str) -> bool:
        """Whether a file or folder exists; a text may leave out the first folders of its path."""
        if any(known == path or known.endswith(f"/{path}") for known in self.paths):
            return True
        parts = [part for part in PurePosixPath(path).parts if part != "data"]
        return parts[0] in self.written


def searched_files() -> list[Path]:
    """Return the files whose comments, docstrings or pages are searched."""
    below = [path for folder in FOLDERS for path in (PROJECT_ROOT / folder).rglob("*") if path.suffix in SEARCHED]
    return sorted([*below, *(PROJECT_ROOT / page for page in PAGES)])


@cache
def targets() -> Targets:
    """Collect the files, models, macros and functions of the project."""
    files = [path for folder in FOLDERS for path in (PROJECT_ROOT / folder).rglob("*") if path.is_file()]
    files = [path for path in files if "__pycache__" not in path.parts]
    files += (PROJECT_ROOT / "dbt_project" / "tests").rglob("*.*")
    files += [path for path in PROJECT_ROOT.iterdir() if path.is_file()] + [PROJECT_ROOT / page for page in PAGES]
    paths = {path.relative_to(PROJECT_ROOT).as_posix() for path in files}
    paths |= _skeleton_files(paths)
    folders = {f"{parent.as_posix()}/" for path in paths for parent in PurePosixPath(path).parents}
    python = "\n".join(path.read_text() for path in files if path.suffix == ".py")
    sql = "\n".join(_without_comments(path.read_text()) for path in files if path.suffix == ".sql")
    yaml = "\n".join(path.read_text() for path in files if path.suffix == ".yml")
    macros = set(re.findall(r"\bmacro (\w+)\(", sql))
    names = {PurePosixPath(path).stem for path in paths} | set(re.findall(r"(?:def|class) (\w+)", python))
    names |= macros | set(re.findall(r"\w+", sql)) | set(re.findall(r"name: (\w+)", yaml))
    home = set(re.findall(r"^\| `(\w+)/` \|", (PROJECT_ROOT / "data" / "README.md").read_text(), re.MULTILINE))
    written = home | set(all_feeds()) | set(re.findall(r'"([\w-]+\.(?:sql|yml))"', python))
    return Targets(frozenset(paths | folders | BUILT), frozenset(written), frozenset(names), frozenset(macros))


def _skeleton_files(paths: set[str]) -> set[str]:
    """Return the files that `make feed` writes for the example of docs/adding-a-feed.md."""
    page = (PROJECT_ROOT / "docs" / "adding-a-feed.md").read_text()
    example = re.findall(r"^make feed NAME=(\w+)", page, re.MULTILINE)[0]
    templates = [re.fullmatch(r"vsf_assets/devtools/feed_templates/[\w-]+/(.*)\.jinja", path) for path in paths]
    return {found[1].replace("NAME", example) for found in templates if found}


def _without_comments(sql: str) -> str:
    return SQL_COMMENT.sub("", sql)


def _prose_of(suffix: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield the comments, docstrings and descriptions of a file, and pages as a whole, with their first line."""
    if suffix == ".py":
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            is_docstring = token.type == tokenize.STRING and token.line.lstrip().startswith('"""')
            if token.type == tokenize.COMMENT or is_docstring:
                yield token.start[0], token.string
    elif suffix == ".sql":
        yield from ((text.count("\n", 0, c.start()) + 1, c.group()) for c in SQL_COMMENT.finditer(text))
    elif suffix == ".yml":
        yield from ((text.count("\n", 0, c.start()) + 1, c.group()) for c in YAML_PROSE.finditer(text))
    else:
        yield 1, text


def stale_references(suffix: str, text: str) -> list[tuple[int, str]]:
    """Return (line, name) of each name in the prose of a file that has no target."""
    if not _without_target(suffix, text):  # whatever part of it is prose; most files need no tokenizer
        return []
    return sorted(
        (first + prose.count("\n", 0, found.start(1)), found[1])
        for first, prose in _prose_of(suffix, text)
        for found in _without_target(suffix, prose)
    )


def _without_target(suffix: str, text: str) -> list[re.Match[str]]:
    """Return the names in a text of a file, prose or not, that have no target."""
    known = targets()
    names = [found for form in (FILE_NAME, FOLDER_NAME) for found in form.finditer(text)]
    wrong = [found for found in names if not known.has_path(found[1])]
    wrong += [found for found in MODEL_OR_TEST.finditer(text) if found[1] not in known.names]
    if suffix in (".sql", ".yml"):
        wrong += [found for found in MACRO.finditer(text) if found[1] not in known.macros]
    return wrong


def test_every_name_in_prose_has_a_target() -> None:
    """All files in one test: to set up a test for each took pytest as long as the search takes."""
    paths = searched_files()
    stale = {
        path.relative_to(PROJECT_ROOT).as_posix(): stale_references(path.suffix, path.read_text()) for path in paths
    }
    assert len(stale) > 1000
    assert {path: names for path, names in stale.items() if names} == {}


def test_the_search_finds_names_without_a_target() -> None:
    python = (
        '"""See gone_module.py and\ngone_room/, but common/errors.py."""\nx = "other_module.py"  # test_of_nothing\n'
    )
    assert stale_references(".py", python) == [(1, "gone_module.py"), (2, "gone_room/"), (3, "test_of_nothing")]
    sql = "select gone_room/ 2 -- stg_gone__rows\n{# as gone_macro() #}\n"
    assert stale_references(".sql", sql) == [(1, "stg_gone__rows"), (2, "gone_macro")]
    yaml = "name: fct_gone\ndescription: Rows of fct_gone, see fct_clicks.\n"
    assert stale_references(".yml", yaml) == [(2, "fct_gone")]
    assert stale_references(".md", "# Page\n`vsf_assets/gone_room/` `landing/clicks/`\n") == [
        (2, "vsf_assets/gone_room/")
    ]
