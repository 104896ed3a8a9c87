"""The page about made-up data: its examples work, its tables are complete, and the bytes are the promised ones."""

import hashlib
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from vsf_assets.synthetic import ENGINE_VERSION
from vsf_assets.synthetic.generator import MAKERS, Frames
from vsf_assets.synthetic.model.column_types import EVERY_COLUMN, KINDS
from vsf_assets.synthetic.model.date_formats import DAY_LETTERS, TIME_LETTERS
from vsf_assets.synthetic.model.locale_names import LOCALES
from vsf_assets.synthetic.model.schema import schema_of
from vsf_assets.synthetic.model.template_grammar import FUNCTIONS
from vsf_assets.synthetic.model.type_catalog import VALUE_KINDS, type_catalog
from vsf_assets.synthetic.request_spec import FORMATS, FileRequest, deleted_schema, request_of
from vsf_assets.synthetic.schema_parser import parse_mapping, parse_schema
from vsf_assets.synthetic.writers import write_file
from vsf_assets_tests.docs.pages import blocks, text_of
from vsf_assets_tests.synthetic.making import MORE, OPTIONS, PARENT, TEN

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


NEEDED: dict[str, dict[str, Any]] = {"Choice": {"values": ["a"]}, "Constant": {"value": 1}}
KIND_OF = {kind.name: kind for kind in KINDS}
FIRST_TYPES = [kind for kind in KINDS if kind.name in (*TEN, *MORE)]


def digest_of(tmp_path: Path, content: str) -> str:
    write_file(Frames(parse_schema(content.encode()), 10_000, 1, parents=[PARENT]), tmp_path / "all.csv")
    return hashlib.sha256((tmp_path / "all.csv").read_bytes()).hexdigest()[:16]


def test_the_bytes_are_those_of_this_version_of_the_engine(tmp_path: Path) -> None:
    """Where this fails, the engine or its lists give other bytes: raise ENGINE_VERSION and tell it in CHANGELOG."""
    columns = "".join(
        f"- {{name: {kind.name}, type: {kind.name}, {str(OPTIONS[kind.name])[1:-1]}}}\n"
        for kind in KINDS
        if kind.name in OPTIONS
    )
    others = (
        "- {name: Integer, type: Integer}\n- {name: Decimal, type: Decimal}\n- {name: Full Name, type: Full Name}\n"
    )
    locales = "".join(
        f"- {{name: {kind} {locale}, type: {kind}, locale: {locale}}}\n"
        for kind in ("Full Name", "Company Name", "Address", "Phone Number", "City", "Street")
        for locale in LOCALES
    )
    digest = digest_of(tmp_path, f"name: all\ncolumns:\n{others}{columns}{locales}")
    assert (ENGINE_VERSION, digest) == ("2", "43598bc3c4f76b23")


def test_the_first_types_have_the_bytes_of_the_first_version(tmp_path: Path) -> None:
    """The digest is that of version 1, whose ranges of days ended on 2029-12-31 by default."""
    ends = {"Date": ", to: 2029-12-31", "Datetime": ", to: 2029-12-31T23:59:59"}
    columns = "".join(f"- {{name: {k.name}, type: {k.name}{ends.get(k.name, '')}}}\n" for k in FIRST_TYPES)
    assert digest_of(tmp_path, f"name: all\ncolumns:\n{columns}") == "3a3362ddaecac3ed"


def test_every_function_and_locale_stands_on_the_page() -> None:
    assert [name for name in FUNCTIONS if f"`{name}`" not in PAGE] == []
    assert [locale for locale in LOCALES if f"`{locale}`" not in PAGE] == []
    assert [form for form in FORMATS if f"`{form}`" not in PAGE] == []


def test_the_catalog_describes_every_type_as_json() -> None:
    """A page or program offers types from it alone."""
    catalog = json.loads(json.dumps(type_catalog()))
    assert [each["name"] for each in catalog["types"]] == list(MAKERS)
    for described in (*catalog["types"], {"name": "every column", "options": catalog["every_column"]}):
        for option in described["options"]:
            assert option["kind"] in VALUE_KINDS, (described["name"], option["name"])
            assert option["help"]
            assert (option["kind"] == "choice") is bool(option["choices"])
            assert option["default"] is None or not option["required"]
    (date,) = [each for each in catalog["types"] if each["name"] == "Date"]
    assert [(option["name"], option["default"]) for option in date["options"]] == [
        ("from", "2000-01-01"),
        ("to", "today"),
        ("format", None),
    ]
    (latitude,) = [each for each in catalog["types"] if each["name"] == "Latitude"]
    assert latitude["options"][0] == {
        "name": "from",
        "kind": "decimal",
        "required": False,
        "default": "-90",
        "lowest": "-90",
        "highest": "90",
        "choices": [],
        "column_types": [],
        "help": "the lowest degree, included",
    }


def test_the_defaults_of_the_catalog_are_what_a_schema_may_say() -> None:
    for described in type_catalog()["types"]:
        options = {each["name"]: each["default"] for each in described["options"] if each["default"] is not None}
        options = {
            name: float(value) if isinstance(KIND_OF[described["name"]].options[name].default, Decimal) else value
            for name, value in options.items()
            if value != "today"
        }
        needed = {**OPTIONS, **NEEDED}.get(described["name"], {})
        beside = [{"name": kind, "type": kind} for kind in ("Integer", "Decimal", "Full Name")]
        made = schema_of(
            {"name": "s", "columns": [*beside, {"name": "x", "type": described["name"], **options, **needed}]}
        )
        assert made.columns[-1].kind.name == described["name"]
