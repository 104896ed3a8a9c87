"""What a schema may say, and that everything else is an error that names the column and the option."""

import re
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.synthetic.model.column_types import KINDS
from vsf_assets.synthetic.model.schema import SchemaError, schema_of
from vsf_assets.synthetic.schema_parser import parse_schema, read_schema
from vsf_assets_tests.synthetic.making import MORE, OPTIONS, TEN, column, schema


def test_every_type_that_was_asked_for_is_there() -> None:
    assert {kind.name for kind in KINDS} == {*TEN, *MORE, *OPTIONS, "Choice", "Constant"}


@pytest.mark.parametrize("spelt", ["Full Name", "full name", "FULL_NAME", "full-name", " Full  Name "])
def test_a_type_is_read_in_any_usual_spelling(spelt: str) -> None:
    assert schema(column(spelt)).columns[0].kind.name == "Full Name"


def test_columns_stand_by_order_number_then_as_they_come_and_those_without_one_last() -> None:
    given = [("a", None), ("b", 7), ("c", -1), ("d", 7), ("e", 0), ("f", None)]
    found = schema(*({"name": n, "type": "Job", **({} if o is None else {"order": o})} for n, o in given))
    assert [each.name for each in found.columns] == ["c", "e", "b", "d", "a", "f"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [(",", ","), (";", ";"), ("|", "|"), ("\t", "\t"), (" ", " "), ("tab", "\t"), ("space", " "), ("comma", ",")],
)
def test_a_separator_is_a_character_or_its_name(written: str, meant: str) -> None:
    assert schema(column("Job"), separator=written).separator == meant


def test_quotes_are_double_or_single() -> None:
    found = [schema(column("Job"), quote=quote).quote for quote in ('"', "'", "double", "single")]
    assert found == ['"', "'", '"', "'"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (column("Integer", from_=5, to=3), ("'x'", "option from", "5", "3")),
        (column("Integer", from_=2_000_000), ("'x'", "option from", "1000000")),
        (column("Text", from_=2, to=1), ("'x'", "option from")),
        (column("Text", from_=-1), ("'x'", "option from", "between 0")),
        (column("Date", from_="2024-02-01", to="2024-01-31"), ("'x'", "option from", "2024-01-31")),
        (column("Date", from_="2024-02-30"), ("'x'", "option from", "2024-02-30")),
        (column("Date", format="%Q"), ("'x'", "option format", "%Q")),
        (column("Date", format="YYYY"), ("'x'", "option format", "%d.%m.%Y")),
        (column("Date", format="%Y %H"), ("'x'", "option format", "time of day")),
        (column("Date", format="%"), ("'x'", "option format")),
        (column("Datetime", from_="2024-01-01T00:00:00+02:00"), ("'x'", "option from", "UTC")),
        (column("Datetime", to="later"), ("'x'", "option to", "later")),
        (column("Decimal", from_=0.001), ("'x'", "option from", "places")),
        (column("Decimal", from_=float("nan")), ("'x'", "option from", "finite")),
        (column("Decimal", places=19), ("'x'", "option places", "18")),
        (column("Decimal", from_=2, to=1), ("'x'", "option from")),
        (column("Integer", from_="1"), ("'x'", "option from", "'1'")),
        (column("Integer", to=1.5), ("'x'", "option to", "1.5")),
        (column("Integer", to=True), ("'x'", "option to", "True")),
        (column("Integer", to=2**63), ("'x'", "option to", "64 bits")),
        (column("Integer", form=2), ("'x'", "'form'", "did you mean from?")),
        (column("Job", to=2), ("'x'", "'to'")),
        (column("intger"), ("'x'", "type", "did you mean Integer?")),
        (column("car"), ("'x'", "type", "Full Name, Job")),
        ({"name": "x"}, ("'x'", "type", "None")),
        (column("Boolean", true_share=1.01), ("'x'", "option true_share", "between 0 and 1")),
        (column("Job", null_share=-0.1), ("'x'", "option null_share")),
        (column("Job", unique="yes"), ("'x'", "option unique", "'yes'")),
        (column("Job", order="first"), ("'x'", "option order", "'first'")),
        (column("Choice"), ("'x'", "option values", "missing")),
        (column("Choice", values=[]), ("'x'", "option values")),
        (column("Choice", values=["a", "a"]), ("'x'", "option values", "twice")),
        (column("Choice", values=["1", 1]), ("'x'", "option values", "twice")),
        (column("Choice", values=["a", "b"], weights=[1]), ("'x'", "option weights", "1 weights for 2")),
        (column("Choice", values=["a"], weights=[0]), ("'x'", "option weights")),
        (column("Choice", values=["a", "b"], weights=[-1, 2]), ("'x'", "option weights")),
        (column("Constant"), ("'x'", "option value", "missing")),
        (column("Constant", value=None), ("'x'", "option value")),
        (column("Sequence", step=0), ("'x'", "option step")),
        (column("Email", name_from="y"), ("'x'", "option name_from", "'y'", "Full Name")),
        (column("Email", name_from="x"), ("'x'", "option name_from")),
        (column("Constant", value="a\0b"), ("'x'", "option value", "NUL")),
        (column("Choice", values=["\ud800"]), ("'x'", "option values")),
        ({"name": "a\ud800", "type": "Job"}, ("column 1", "name")),
        ({"type": "Job"}, ("column 1", "name")),
        ({"name": "", "type": "Job"}, ("column 1", "name")),
        ("Job", ("column 1",)),
    ],
)
def test_what_cannot_be_is_an_error_that_names_column_and_option(given: Any, words: tuple[str, ...]) -> None:
    with pytest.raises(SchemaError) as error:
        schema_of({"name": "test", "columns": [given]})
    assert [word for word in words if word not in str(error.value)] == []


def test_a_name_that_is_a_number_is_to_be_quoted() -> None:
    with pytest.raises(SchemaError, match="name: 5 is not a text; put it in quotes"):
        schema_of({"name": 5, "columns": [column("Job")]})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "t", "columns": []}, ("columns", "none")),
        ({"name": "t"}, ("columns", "none")),
        ({"columns": [column("Job")]}, ("name", "None")),
        ({"name": "../t", "columns": [column("Job")]}, ("name", "../t")),
        ({"name": "t", "columns": [column("Job")], "separator": "#"}, ("separator", "'#'", "semicolon")),
        ({"name": "t", "columns": [column("Job")], "quote": "`"}, ("quote", "'`'", "single")),
        ({"name": "t", "columns": [column("Job")], "seperator": ","}, ("'seperator'", "did you mean separator?")),
        ({"name": "t", "columns": [column("Job"), column("Text")]}, ("'x'", "twice")),
        ([], ("mapping",)),
    ],
)
def test_a_schema_that_cannot_be_says_why(given: Any, words: tuple[str, ...]) -> None:
    with pytest.raises(SchemaError) as error:
        schema_of(given)
    assert [word for word in words if word not in str(error.value)] == []


def test_an_address_fits_the_nearest_name_before_it_and_prefers_a_domain_to_a_company() -> None:
    found = schema(
        column("Email", "a"),
        column("Full Name", "n1"),
        column("Company Name", "c1"),
        column("Full Name", "n2"),
        column("Email", "b"),
        column("Domain Name", "d1"),
        column("Full Name", "n3"),
        column("Email", "c", name_from="n1"),
    )
    fits = {each.name: (each.options["name_from"], each.options["domain_from"]) for each in found.columns[::4]}
    assert fits == {"a": ("n1", "d1"), "b": ("n2", "d1")}
    assert found.columns[7].options["name_from"] == "n1"
    assert found.columns[5].options["company_from"] == "c1"


YAML = b"""
name: people
separator: tab
quote: single
columns:
  - name: no
    type: choice
    values: [yes, no, 007, 1, 1.5, true, 2024-01-01]
  - {name: born, type: date, from: 2024-01-01, to: 2024-12-31}
  - {name: seen, type: datetime, from: 2024-01-01, to: 2024-01-01T10:00:00}
  - {name: paid, type: decimal, from: -1.25, to: 1}
"""


def test_yaml_words_are_what_they_look_like() -> None:
    found = parse_schema(YAML)
    assert (found.separator, found.quote) == ("\t", "'")
    assert found.columns[0].name == "no"
    assert found.columns[0].options["values"] == ("yes", "no", "007", 1, 1.5, True, "2024-01-01")
    assert (found.columns[1].options["from"], found.columns[1].options["to"]) == (date(2024, 1, 1), date(2024, 12, 31))
    assert found.columns[2].options["to"] == datetime.fromisoformat("2024-01-01T10:00:00")
    assert found.columns[3].options["from"] == Decimal("-1.25")


def test_json_gives_the_same_schema_as_yaml() -> None:
    as_json = b"""\xef\xbb\xbf{"name": "people", "columns": [{"name": "n", "type": "Integer", "from": -1, "to": 0}]}"""
    as_yaml = b"name: people\ncolumns:\n- name: n\n  type: Integer\n  from: -1\n  to: 0\n"
    assert parse_schema(as_json) == parse_schema(as_yaml)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ("mapping",)),
        (b"name: \xff", ("UTF-8", "byte 6")),
        (b"name: a\nname: b", ("line 2", "'name'", "twice")),
        (b"a: &x 1\nb: *x", ("line 2", "references")),
        (b"name: a\n  columns:", ("YAML", "line 2")),
        (b"? [a]\n: b", ("line 1", "key")),
        (b"a: !!python/object:os.system x", ("YAML", "line 1")),
        (b"[" * 1100, ("deeply",)),
        (b'{"a": 1, "a": 2}', ("'a'", "twice")),
        (b'{"a": ', ("JSON", "line 1")),
        (b"name: a\x00", ("YAML",)),
    ],
)
def test_a_file_that_is_no_schema_says_where(content: bytes, words: tuple[str, ...]) -> None:
    with pytest.raises(SchemaError) as error:
        parse_schema(content)
    assert [word for word in words if word not in str(error.value)] == []


def test_the_error_of_a_file_begins_with_its_path(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    with pytest.raises(SchemaError, match=f"^{file}: No such file"):
        read_schema(file)
    file.write_bytes(b"name: a\ncolumns: []")
    with pytest.raises(SchemaError, match=f"^{file}: columns: there are none"):
        read_schema(file)
    file.write_bytes(b" " * 1_000_001)
    with pytest.raises(SchemaError, match="1000000 bytes"):
        read_schema(file)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 60, "line 1: it is nested too deeply"),
        ("a: " + "1" * 5000, "more than 4,300 digits"),
        ('{"a": ' + "1" * 5000 + "}", "more than 4,300 digits"),
        ("\na: !!timestamp x", "line 2: YAML tags (!) are not supported"),
    ],
)
def test_what_would_cost_much_or_fail_oddly_is_refused(text: str, why: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(why)):
        parse_schema(text.encode())


def test_columns_find_the_nearest_one_before_them_else_the_first_after() -> None:
    kinds = ["Email", "Full Name", "Email", "Full Name", "Full Name", "Email"]
    columns = [{"name": f"c{place}", "type": kind} for place, kind in enumerate(kinds)]
    read = schema_of({"name": "n", "columns": columns}).columns
    assert [column.options["name_from"] for column in read if column.kind.name == "Email"] == ["c1", "c1", "c4"]
