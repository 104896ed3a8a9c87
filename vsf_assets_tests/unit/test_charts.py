"""Charts: the bundle is the one that was made, specs are complete, values become JSON, a single day has a week.

Here: the room charts. Not here: that a browser draws them (portal/test_insight_browser.py), and colours
(test_chart_colours.py).
"""

import gzip
import hashlib
import json
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from vsf_assets.charts.inline_charts import inline_json
from vsf_assets.charts.scripts import BUNDLE, LICENSES, VERSIONS
from vsf_assets.charts.specs import FOLDER, MOST_TICKS, THEME, chart, simple_chart, spec_names
from vsf_assets.devtools.chart_bundle import bundle_text


def test_the_bundle_is_the_one_that_was_made() -> None:
    text = BUNDLE.read_bytes()
    about = json.loads(VERSIONS.read_text())
    assert (len(text), hashlib.sha256(text).hexdigest()) == (about["bytes"], about["sha256"])
    assert len(gzip.compress(text, 9, mtime=0)) < 310_000
    assert f'"{about["vega-lite"]}.'.encode() in text
    assert b"</script" not in text  # it stands in HTML reports


def test_the_bundle_s_names_are_those_of_a_function() -> None:
    begin, end = bundle_text("LIBRARIES").split("LIBRARIES")
    text = BUNDLE.read_text(encoding="utf-8")
    assert text.startswith(begin)
    assert text.endswith(end)
    assert begin.endswith('(() => {\n"use strict";\n')


def test_every_library_has_its_licence() -> None:
    text = LICENSES.read_text()
    for name in ("vega 6.2.0", "vega-lite 6.4.1", "vega-embed 7.0.2", "vega-interpreter 2.0.0", "d3-scale 4.0.2"):
        assert name in text
    for licence in ("BSD-3-Clause", "ISC", "MIT", "Apache-2.0", "Unlicense"):
        assert re.search(rf"^{licence}$", text, re.MULTILINE), licence  # its text
        assert re.search(rf"^{licence}[, ]", text, re.MULTILINE), licence  # what it is of


@pytest.mark.parametrize("name", spec_names())
def test_a_spec_has_neither_data_nor_look_of_its_own(name: str) -> None:
    spec = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert {"mark", "layer"} & set(spec)
    assert not {"data", "config", "width", "$schema", "description", "background"} & set(spec)
    colours = re.findall(r"#[0-9a-fA-F]{3,8}\b|\b(?:red|blue|green|black|white)\b", json.dumps(spec))
    assert colours == []


def test_colours_of_specs_are_those_of_the_style_sheet() -> None:
    style = (BUNDLE.parent / "charts.css").read_text(encoding="utf-8")
    for name in (*spec_names(), THEME):
        for variable in re.findall(r"var\((--[\w-]+)\)", (FOLDER / f"{name}.json").read_text(encoding="utf-8")):
            assert f"{variable}:" in style, (name, variable)


AT = datetime.fromisoformat("2019-05-20T04:07:14.645")


def test_values_become_json() -> None:
    row = (None, True, 7, Decimal("1.250000"), float("nan"), date(2019, 5, 20), AT)
    names = ("null", "truth", "count", "money", "nan", "day", "at")
    found = chart("bar", names, [row], "what", {"x_type": "ordinal", "x_title": "a", "y_title": "b"})
    assert found["data"]["values"] == [
        {
            "null": None,
            "truth": True,
            "count": 7,
            "money": 1.25,
            "nan": None,
            "day": "2019-05-20",
            "at": "2019-05-20T04:07:14.645Z",
        }
    ]
    assert found["description"] == "what"
    assert found["encoding"]["x"] == {"field": "x", "type": "ordinal", "title": "a"}


def test_a_word_that_is_not_given_is_an_error() -> None:
    with pytest.raises(KeyError, match="x_title"):
        chart("bar", ("x", "y"), [], "what", {"x_type": "ordinal"})


def days_of(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    found: dict[str, Any] = chart("activity", ("day", "name", "events"), rows, "what")["encoding"]["x"]
    return found


def moment(text: str, hours: int) -> dict[str, Any]:
    day = date.fromisoformat(text)
    return {"year": day.year, "month": day.month, "date": day.day, "hours": hours, "utc": True}


def test_an_axis_of_one_day_shows_a_week_around_it() -> None:
    axis = days_of([(date(2019, 5, 20), "a", 1)])
    assert axis["scale"]["domain"] == [moment("2019-05-17", 0), moment("2019-05-24", 0)]
    assert axis["axis"]["values"] == [moment(f"2019-05-{day}", 12) for day in range(17, 24)]
    assert axis["timeUnit"] == "utcyearmonthdate"


@pytest.mark.parametrize("count", [7, 8, 49, 92, 400])
def test_ticks_stand_in_the_middle_of_days(count: int) -> None:
    axis = days_of([(date.fromordinal(737000 + number), "a", 1) for number in range(count)])
    assert "domain" not in axis["scale"]
    ticks = axis["axis"]["values"]
    assert MOST_TICKS // 2 < len(ticks) <= MOST_TICKS
    assert {tick["hours"] for tick in ticks} == {12}


def test_rows_without_a_day_and_no_rows_make_no_axis_of_days() -> None:
    assert "timeUnit" not in days_of([])
    assert days_of([(None, "a", 1), (date(2019, 5, 20), "a", 1)])["timeUnit"] == "utcyearmonthdate"
    moments = simple_chart("line", ["at", "n"], ["TIMESTAMP", "BIGINT"], [(AT, 1)], "what")
    assert moments is not None
    assert moments["encoding"]["x"]["scale"] == {"type": "utc"}
    assert "timeUnit" not in moments["encoding"]["x"]


@pytest.mark.parametrize(
    ("kind", "types", "x_type", "x"),
    [
        ("line", ["DATE", "BIGINT"], "temporal", "x"),
        ("bar", ["DATE", "DOUBLE"], "temporal", "x"),
        ("line", ["BIGINT", "DECIMAL(18,6)"], "quantitative", "x"),
        ("bar", ["BIGINT", "BIGINT"], "ordinal", "x"),
        ("bar", ["VARCHAR", "BIGINT"], "nominal", "y"),
        ("line", ["VARCHAR", "HUGEINT"], "nominal", "x"),
    ],
)
def test_an_answer_is_drawn_by_its_first_column(kind: str, types: list[str], x_type: str, x: str) -> None:
    found = simple_chart(kind, ["same", "same"], types, [(date(2019, 5, 20) if types[0] == "DATE" else 1, 2)], "what")
    assert found is not None
    assert (found["encoding"][x]["type"], found["encoding"][x]["title"]) == (x_type, "same")
    assert found["data"]["values"][0]["y"] == 2


def test_an_answer_without_numbers_has_no_chart() -> None:
    assert simple_chart("bar", ["a", "b"], ["BIGINT", "VARCHAR"], [(1, "x")], "what") is None
    assert simple_chart("bar", ["a"], ["BIGINT"], [(1,)], "what") is None
    for kind in ("BIGINT[]", "UUID", "UNION(a INTEGER)"):
        assert simple_chart("bar", ["a", "b"], ["VARCHAR", kind], [("a", 1)], "what") is None


def test_bars_by_name_are_as_high_as_they_are_many() -> None:
    for count in (1, 3):
        rows = [(f"name {number}", number) for number in range(count)]
        found = simple_chart("bar", ["a", "b"], ["VARCHAR", "BIGINT"], rows, "what")
        assert found is not None
        assert found["height"] == 28 * count


def test_no_text_leaves_its_block() -> None:
    text = inline_json({"a": "</script><!-- & \u2028"})
    assert not set(text) & set("<>&\u2028")
    assert json.loads(text) == {"a": "</script><!-- & \u2028"}
