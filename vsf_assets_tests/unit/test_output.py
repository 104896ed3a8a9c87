"""How the command line writes: tables for people, CSV and JSON for machines.

Not here: whole processes with a pipe or a terminal (cli/test_output.py).
"""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsf_assets.cli.output import as_bytes, json_visible, pure_json, render, say, show_progress
from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import read_settings
from vsf_assets.pipeline.run_log import run_log

HOSTILE = "a\x1b[31mred\x07\r\u202e\u200b\x9b"
SHOWN = "a<U+001B>[31mred<U+0007><U+000D><U+202E><U+200B><U+009B>"


def test_a_table_shows_what_a_terminal_would_obey() -> None:
    assert render([HOSTILE, "n"], [[HOSTILE, 1]], "table").splitlines() == [
        f"{SHOWN}  n",
        f"{'-' * len(SHOWN)}  -",
        f"{SHOWN}  1",
    ]


def test_a_table_keeps_lines_together_and_cuts_long_cells() -> None:
    shown = render(["x"], [["a\nb"], ["\x1b" * 100], [None], [True]], "table").splitlines()
    assert shown[2:] == ["a↵b", "<U+001B>" * 12 + "<U+…", "-", "true"]


def test_numbers_given_as_text_stand_on_the_right() -> None:
    assert render(["n"], [["1"], ["22"]], "table", numeric=[0]).splitlines() == [" n", "--", " 1", "22"]


def test_csv_tells_null_from_an_empty_text_as_duckdb_does() -> None:
    rows = [
        [None, "", "a,b", 'a"b', "a\nb", "a\rb"],
        [True, Decimal("1.10"), 1, 1.5, datetime(2019, 5, 20, tzinfo=UTC), HOSTILE],
    ]
    assert render(["a", "b", "c", "d", "e", "f"], rows, "csv") == (
        'a,b,c,d,e,f\n,"","a,b","a""b","a\nb","a\rb"\ntrue,1.10,1,1.5,2019-05-20 00:00:00+00:00,"' + HOSTILE + '"'
    )


def strict(text: str) -> object:
    """Read JSON and nothing else: Python would take Infinity and NaN."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_json_of_python_values_is_json() -> None:
    row = [float("inf"), float("-inf"), float("nan"), datetime(2019, 5, 20, 1, 2, 3, tzinfo=UTC), None, "\udcff"]
    assert strict(render(list("abcdef"), [row], "json")) == [
        {"a": "Infinity", "b": "-Infinity", "c": "NaN", "d": "2019-05-20 01:02:03+00:00", "e": None, "f": "\udcff"}
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ('{"x":Infinity,"y":-Infinity,"z":NaN}', '{"x":"Infinity","y":"-Infinity","z":"NaN"}'),
        ('{"x":[nan,-inf,inf]}', '{"x":["NaN","-Infinity","Infinity"]}'),
        (r'{"Infinity":"NaN \" Infinity","b":-1}', r'{"Infinity":"NaN \" Infinity","b":-1}'),
        (r'["a\\",NaN]', r'["a\\","NaN"]'),
        ("[null,true,1e5,170141183460469231731687303715884105727]",) * 2,
    ],
)
def test_numbers_that_json_has_not_become_texts(given: str, expected: str) -> None:
    assert pure_json(given) == expected


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JSON_VALUES)
def test_json_without_such_numbers_stays_as_it_is(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert pure_json(text) == text
    assert strict(json_visible(text)) == value


def test_json_on_a_terminal_is_escaped_in_its_own_way() -> None:
    assert json_visible('{"a":"\u202ex\U000e0001 ü"}') == '{"a":"\\u202ex\\udb40\\udc01 ü"}'


@pytest.mark.parametrize(("text", "expected"), [("ü", b"\xc3\xbc"), ("a\udcff", b"a\xff"), ("a\ud800", b"a\\ud800")])
def test_a_text_that_is_no_text_ends_nothing(text: str, expected: bytes) -> None:
    assert as_bytes(text) == expected


def test_messages_keep_their_lines(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\nb\x1b")
    say("c\u200b", err=True)
    assert tuple(capsys.readouterr()) == ("a\nb<U+001B>\n", "c<U+200B>\n")


@pytest.mark.parametrize(("error", "is_shown"), [(VsfError("no room"), False), (KeyError("x"), True)])
def test_progress_leaves_an_error_for_people_to_the_end_of_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: Exception, is_shown: bool
) -> None:
    settings = read_settings({"VSF_HOME": str(tmp_path)})
    with show_progress(), pytest.raises(type(error)), run_log(settings, "r", str):
        raise error
    assert (type(error).__name__ in capsys.readouterr().err) is is_shown
    assert type(error).__name__ in (settings.logs / "r.jsonl").read_text()
