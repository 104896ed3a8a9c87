"""The page about made-up data: its examples work, its tables are complete, and the bytes are the promised ones."""

import hashlib
import re
from pathlib import Path

from vsf_assets.synthetic import ENGINE_VERSION
from vsf_assets.synthetic.generator import MAKERS, Frames
from vsf_assets.synthetic.model.column_types import EVERY_COLUMN, KINDS
from vsf_assets.synthetic.model.date_formats import DAY_LETTERS, TIME_LETTERS
from vsf_assets.synthetic.request_spec import FileRequest, deleted_schema, request_of
from vsf_assets.synthetic.schema_parser import parse_mapping, parse_schema
from vsf_assets.synthetic.writers import write_file
from vsf_assets_tests.docs.pages import blocks, text_of

PAGE = text_of("docs/made-up-files.md")
YAML = blocks(PAGE, "yaml")[0].encode()


def test_the_examples_are_schemas(tmp_path: Path) -> None:
    schemas = [example for example in (*blocks(PAGE, "yaml"), *blocks(PAGE, "json")) if "columns" in example]
    assert len(schemas) == 2
    for number, example in enumerate(schemas):
        schema = parse_schema(example.encode())
        assert write_file(Frames(schema, 100), tmp_path / str(number)).rows == 100


def test_the_example_of_a_request_and_of_a_deletion() -> None:
    _, request, deletion = (parse_mapping(example.encode()) for example in blocks(PAGE, "yaml"))
    assert request_of(request) == FileRequest("customers", 1000, 7, "ann@example.com", "parquet")
    assert deleted_schema(deletion) == "customers"


def test_the_first_lines_are_those_of_the_page(tmp_path: Path) -> None:
    write_file(Frames(parse_schema(YAML), 1000), tmp_path / "customers.csv")
    lines = (tmp_path / "customers.csv").read_text().splitlines()
    assert lines[:2] == [line for line in PAGE.splitlines() if line.startswith(("id;name", "1000;"))]


def test_every_type_and_option_stands_on_the_page() -> None:
    assert set(MAKERS) == {kind.name for kind in KINDS}
    for kind in KINDS:
        (line,) = [line for line in PAGE.splitlines() if line.startswith(f"| {kind.name} |")]
        assert [option for option in kind.options if f"`{option}`" not in line] == []
    assert [option for option in EVERY_COLUMN if f"| `{option}` |" not in PAGE] == []


def test_every_letter_of_a_format_stands_on_the_page() -> None:
    listed = re.search(r"\*\*Formats\*\* are .*?`%%`", PAGE, re.DOTALL)
    assert listed
    assert set(re.findall(r"`%(\w)`", listed.group())) == {*DAY_LETTERS, *TIME_LETTERS}


def test_the_bytes_are_those_of_this_version_of_the_engine(tmp_path: Path) -> None:
    """Where this fails, the engine or its lists give other bytes: raise ENGINE_VERSION and tell it in CHANGELOG."""
    columns = "".join(
        f"- {{name: {kind.name}, type: {kind.name}}}\n" for kind in KINDS if kind.name not in ("Choice", "Constant")
    )
    frames = Frames(parse_schema(f"name: all\ncolumns:\n{columns}".encode()), 10_000, 1)
    write_file(frames, tmp_path / "all.csv")
    digest = hashlib.sha256((tmp_path / "all.csv").read_bytes()).hexdigest()
    assert (ENGINE_VERSION, digest[:16]) == ("1", "3a3362ddaecac3ed")
