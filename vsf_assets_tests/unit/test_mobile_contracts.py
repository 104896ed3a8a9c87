"""The rules of the mobile analytics family that a row can break by itself, and their casts.

Not here: reading files (test_delimited_escapes.py) and what dbt settles.
"""

import json
from datetime import date, datetime
from pathlib import PurePosixPath

import polars as pl
import pytest

from vsf_assets.contracts import get_table
from vsf_assets.contracts.by_family import mobile
from vsf_assets.contracts.derived_schemas import polars_types
from vsf_assets.feeds import all_feeds, recognize
from vsf_assets.feeds.partitioning import DAYS
from vsf_assets.readers.common.casts import cast
from vsf_assets.readers.delimited.block import Block
from vsf_assets_tests.blocks import check_block

EVENT = {"event_time": "2019-05-20 02:20:09.404", "event_type": "app_open", "uuid": "u-1"}


def findings(table: str, **cells: str) -> list[tuple[str, str | None]]:
    """Return (anomaly, column) of one record whose other cells are empty."""
    names = list(polars_types(get_table(table)))
    text = ",".join(cells.get(name, "") for name in names).encode()
    frame = pl.DataFrame({"_line": [2], **{name: [cells.get(name, "")] for name in names}})
    checked = check_block(Block(frame, body=text + b"\n", first_line=2), get_table(table), all_feeds()["lines"].reading)
    return checked.findings.select("anomaly", "column_name").rows()


def test_an_event_needs_a_time_a_type_and_a_uuid_and_nothing_else() -> None:
    assert findings("raw.events", **EVENT) == []
    assert sorted(findings("raw.events")) == [("missing_value", name) for name in sorted(EVENT)]


@pytest.mark.parametrize(
    ("column", "value", "anomaly"),
    [
        ("mdn", "5551000001", None),
        ("mdn", "555100001", "invalid_value"),
        ("mdn", "55510000012", "invalid_value"),
        ("mdn", "٣٣٣٣٣٣٣٣٣٣", "invalid_value"),
        ("session_id", "-1", None),
        ("session_id", "1.5", "invalid_value"),
        ("location_lat", "-52.5", None),
        ("location_lat", "nan", "invalid_value"),
        ("location_lat", "north", "invalid_value"),
        ("event_time", "2019-05-20", "invalid_value"),
        ("event_time", "2019-05-20T02:20:09.404", "invalid_value"),
        ("event_time", "2019-02-30 00:00:00", "invalid_value"),
        ("client_upload_time", "2019-05-20 02:20:09", None),
        ("event_properties", "{}", None),
        ("event_properties", '{"a":[1,{"b":null}]}', None),
        ("event_properties", "{a:1}", "invalid_json"),
        ("event_properties", "[1]", "invalid_json"),
        ("user_properties", '{"a":1}x', "invalid_json"),
    ],
)
def test_a_cell_of_an_event_is_judged_by_itself(column: str, value: str, anomaly: str | None) -> None:
    expected = [] if anomaly is None else [(anomaly, column)]
    assert findings("raw.events", **{**EVENT, column: value}) == expected


def test_closed_values_are_closed_and_open_ones_open() -> None:
    line = {"MTN": "5551000001", "DEVICE_GROUPING": "APPLE", "SALES_CHANNEL": "Retail", "SVC_ACT_DT": "2019-04-01"}
    assert findings("raw.lines", **line) == []
    assert findings("raw.lines", **{**line, "DEVICE_GROUPING": "NOKIA"}) == [("invalid_value", "DEVICE_GROUPING")]
    assert findings("raw.lines", **{**line, "SVC_ACT_DT": "01.04.2019"}) == [("invalid_value", "SVC_ACT_DT")]
    account = {"CUST_ACCT": "ACCT10001", "SEGMENT_NAME": "Generation_Z", "SVC_PLAN": "Gold"}
    assert findings("raw.accounts", **account) == []
    assert findings("raw.accounts", **{**account, "CUST_ACCT": "ACCT1"}) == [("invalid_value", "CUST_ACCT")]


def test_times_keep_their_milliseconds_and_dates_their_day() -> None:
    times = cast(pl.Series(["2019-05-20 23:59:59.999", "2019-05-20 00:00:00", None]), pl.Datetime("us"))
    assert times.to_list() == [datetime(2019, 5, 20, 23, 59, 59, 999000), datetime(2019, 5, 20), None]  # noqa: DTZ001
    assert cast(pl.Series(["2020-02-29", "2019-02-29", "2019-2-9"]), pl.Date()).to_list() == [
        date(2020, 2, 29),
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("2019-05-20_testmdn_child_parent_rs.txt.gz", ("events", "2019-05-20")),
        ("2019-02-30_x.txt.gz", ("events", None)),
        ("events/2019-05-21/export.gz", ("events", "2019-05-21")),
        ("2019-06-01_linedim.csv", ("lines", None)),
        ("accountdim.csv", ("accounts", None)),
        ("2019-06-01_limitfact.csv", ("limits", None)),
        ("2019-06-01_linedim.txt.gz", ("lines", None)),
        ("2019-06-01_lines.txt", ("lines", None)),
        ("2019-06-01_all_limits_rs.txt.gz", ("events", "2019-06-01")),
        ("events/linedim.csv", ("lines", None)),
        ("events/2019-05-20_linedim.csv", ("events", "2019-05-20")),
        ("2019-05-30/2019-05-20_rs.txt.gz", ("events", "2019-05-20")),
    ],
)
def test_names_tell_feed_and_day(path: str, expected: tuple[str, str | None]) -> None:
    found = recognize(path)
    assert found is not None
    assert (found[0].name, found[1]) == expected


def test_only_real_days_are_day_keys() -> None:
    assert DAYS.accepts("2019-05-20")
    assert not any(map(DAYS.accepts, ("2019-5-20", "20190520", "2019-02-30", "1", "")))
    assert DAYS.key_of(PurePosixPath("2019-05-20/2019-05-21_x.txt"), "events") == "2019-05-21"
    assert DAYS.key_of(PurePosixPath("2019-05-20/x.txt"), "events") == "2019-05-20"


@pytest.mark.parametrize(
    "texts",
    [
        ['{"a": 1', '"b": 2}', "{},{}"],
        ['{"a": [1', "2]}", "{},{}"],
        ["{},{}", "", "{}"],
        ["{}]", "[{}"],
        ["[]", "{}"],
        ["null", "{}"],
    ],
)
def test_texts_that_are_json_only_together_are_found(texts: list[str]) -> None:
    broken = [not is_object(text) for text in texts]
    frame = mobile._is_json_object(pl.Series(texts))
    assert frame.to_list() == [not bad for bad in broken]


def is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def test_an_empty_cell_is_neither() -> None:
    assert mobile._is_json_object(pl.Series([None, "{}", None])).to_list() == [None, True, None]
    assert mobile._is_json_object(pl.Series([None], dtype=pl.String)).to_list() == [None]
    assert mobile._is_json_object(pl.Series([None, "{", "{}"])).to_list() == [None, False, True]
