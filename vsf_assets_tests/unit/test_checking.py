"""A block against its contract: typed rows, one finding per bad cell, a bad row held back once.

Here: judging records. Not here: cutting them (test_delimited_*.py), storing them (engine/).
"""

import io
from decimal import Decimal

import pandera.polars as pa
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from vsf_assets.contracts import all_tables, get_table
from vsf_assets.contracts.by_family.campaigns import Money
from vsf_assets.contracts.derived_schemas import has_rules, polars_types
from vsf_assets.contracts.table import Table
from vsf_assets.readers.common.findings import broken_by_pandera, broken_rules
from vsf_assets.readers.delimited.reader import DelimitedReader
from vsf_assets.readers.delimited.validation import CheckedBlock
from vsf_assets.readers.dispatch import integer_columns
from vsf_assets_tests.blocks import check_block
from vsf_assets_tests.reading import COMMA, reference, small_blocks


class Ruled(pa.DataFrameModel):
    """A contract with rules that the campaign contracts do not have."""

    id: int = pa.Field(ge=1)
    note: str = pa.Field(nullable=True, str_length={"max_value": 3}, str_startswith="a")
    price: Money = pa.Field(nullable=True)


RULED = Table("raw.ruled", "a row", ("id",), Ruled)


class Measured(pa.DataFrameModel):
    """A contract with numbers of which one is required."""

    id: int
    length: float
    width: float = pa.Field(nullable=True)


MEASURED = Table("raw.measured", "a row", ("id",), Measured)


def check(data: bytes, table: Table) -> list[CheckedBlock]:
    reader = DelimitedReader(io.BytesIO(data), COMMA, list(polars_types(table)), integer_columns(table, COMMA))
    return [check_block(block, table, COMMA) for block in reader.blocks()]


def valid_rows(data: bytes, table: Table) -> list[tuple]:
    return [row for checked in check(data, table) for row in checked.valid.rows()]


def findings(data: bytes, table: Table, *columns: str) -> list[tuple]:
    found = [row for checked in check(data, table) for row in checked.findings.select(columns).rows()]
    return sorted(found, key=str)


CLICKS = b"click_id,banner_id,campaign_id\n"


def test_valid_rows_have_the_contracts_types_and_their_lines() -> None:
    (checked,) = check(b"revenue,click_id,conversion_id\n1.5,2,3\n", get_table("raw.conversions"))
    assert checked.valid.schema == {
        "_line": pl.Int64(),
        "conversion_id": pl.Int64(),
        "click_id": pl.Int64(),
        "revenue": pl.Decimal(18, 6),
    }
    assert checked.valid.rows() == [(2, 3, 2, Decimal("1.5"))]


def test_row_with_several_findings_is_quarantined_once() -> None:
    (checked,) = check(CLICKS + b"x,,5\n1,2,3\n", get_table("raw.clicks"))
    assert checked.quarantined == 1
    assert checked.valid.rows() == [(3, 1, 2, 3)]
    assert findings(
        CLICKS + b"x,,5\n", get_table("raw.clicks"), "line_number", "anomaly", "column_name", "raw_value"
    ) == [
        (2, "invalid_value", "click_id", "x"),
        (2, "missing_value", "banner_id", None),
    ]


def test_finding_keeps_the_record_as_delivered() -> None:
    data = CLICKS + b'1,2,3\r\n4,"5\nx",6\r\n'
    assert findings(data, get_table("raw.clicks"), "line_number", "raw_value", "raw_text") == [
        (3, "5\nx", '4,"5\nx",6')
    ]


def test_every_finding_of_a_bad_row_is_an_error_that_holds_it_back() -> None:
    data = CLICKS + b"1,2\nx,2,3\n"
    assert findings(data, get_table("raw.clicks"), "line_number", "severity", "is_quarantined") == [
        (2, "error", True),
        (3, "error", True),
    ]


def test_reason_tells_what_the_cell_must_hold() -> None:
    ((reason,),) = findings(CLICKS + b"1,2,9223372036854775808\n", get_table("raw.clicks"), "reason")
    assert reason == "campaign_id must be a whole number that fits 64 bits, in digits only"


@pytest.mark.parametrize("beside", [b"", b"7,8,9\n", b"7,8,9 \n", b'7,"8",9\n', b"7,8\n"])
def test_cell_of_spaces_is_an_invalid_value_whatever_stands_beside_it(beside: bytes) -> None:
    found = findings(CLICKS + b" ,2,3\n" + beside, get_table("raw.clicks"), "line_number", "anomaly", "raw_value")
    assert (2, "invalid_value", " ") in found


def test_short_record_names_the_first_missing_column() -> None:
    data = b"campaign_id,click_id,banner_id\n1\n"
    assert findings(data, get_table("raw.clicks"), "anomaly", "column_name") == [("missing_fields", "click_id")]


def test_long_record_shows_what_is_too_much() -> None:
    data = CLICKS + b"1,2,3,4,5\n"
    assert findings(data, get_table("raw.clicks"), "anomaly", "column_name", "raw_value") == [
        ("extra_fields", None, "4,5")
    ]


def test_rules_of_the_contract_are_findings_of_their_cells() -> None:
    data = b'id,note,price\n0,abcd,\n1,b,1\n2,,1.1234567\n3,a,2\n4,"",\n'
    assert findings(data, RULED, "line_number", "anomaly", "column_name", "raw_value") == [
        (2, "invalid_value", "id", "0"),
        (2, "invalid_value", "note", "abcd"),
        (3, "invalid_value", "note", "b"),
        (4, "invalid_value", "price", "1.1234567"),
    ]
    assert valid_rows(data, RULED) == [(5, 3, "a", Decimal(2)), (6, 4, None, None)]


def test_cell_that_breaks_two_rules_has_two_findings_and_one_quarantined_row() -> None:
    (checked,) = check(b"id,note,price\n1,bbbb,\n", RULED)
    assert (checked.findings.height, checked.quarantined) == (2, 1)


cells = st.sampled_from(["1", "", " ", "+2", "3 ", "x", "9223372036854775808", '"4"', '" "', '""', "1.0", "5\r5"])
rows = st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=8)


@examples(max_examples=15)
@given(rows, st.sampled_from([8, 1 << 20]))
def test_row_is_judged_the_same_alone_and_among_others(table_rows, size) -> None:
    table = get_table("raw.clicks")
    columns = ("anomaly", "column_name", "raw_value", "raw_text")
    lines = [",".join(row).encode() + b"\n" for row in table_rows]
    alone = [finding for line in lines for finding in findings(CLICKS + line, table, *columns)]
    with small_blocks(size, 8):
        combined = findings(CLICKS + b"".join(lines), table, *columns)
    assert combined == sorted(alone, key=str)


@examples(max_examples=40)
@given(
    st.lists(
        st.sampled_from([b"1,2,3\n", b",", b'"', b"\n", b"\r", b"7", b"\xff", b"\0", b" ", b"\n4,5,6\n"]), max_size=30
    )
)
def test_no_record_is_lost(parts: list[bytes]) -> None:
    body = b"".join(parts)
    expected = reference(body, 3, COMMA, line=2)
    with small_blocks(16, 8):
        data = CLICKS + body
        names = ["click_id", "banner_id", "campaign_id"]
        blocks = list(DelimitedReader(io.BytesIO(data), COMMA, names, names).blocks())
    checked = [check_block(block, get_table("raw.clicks"), COMMA) for block in blocks]
    lines_read = sum(block.records for block in blocks)
    loaded, quarantined = sum(c.valid.height for c in checked), sum(c.quarantined for c in checked)
    assert lines_read == len(expected.rows) + len(expected.bad) + expected.blank
    assert lines_read == loaded + quarantined + sum(block.blank for block in blocks)
    held_back = {line for c in checked for line in c.findings["line_number"]}
    assert len(held_back) == quarantined


@pytest.mark.parametrize("table", [*all_tables().values(), RULED, MEASURED], ids=lambda table: table.name)
def test_columns_without_rules_are_checked_as_pandera_checks_all(table: Table) -> None:
    types = polars_types(table)
    for rows in (
        {name: [None, None] for name in types},
        {name: [None] * (n % 3) + [-1] * (3 - n % 3) for n, name in enumerate(types)},
        {name: [-1] * (n % 2) + [None] * (3 - n % 2) for n, name in enumerate(types)},
        {name: [7] for name in types},
        {name: [] for name in types},
    ):
        typed = pl.DataFrame({name: pl.Series(values).cast(types[name]) for name, values in rows.items()})
        assert typed.schema == types
        assert broken_rules(typed, table).rows() == broken_by_pandera(typed, table.schema, table).rows()


def test_what_is_no_number_is_no_required_value() -> None:
    typed = pl.DataFrame({"id": [1, None], "length": [float("nan"), 1.0], "width": [float("nan"), None]})
    assert broken_rules(typed, MEASURED).select("row", "column_name").rows() == [(1, "id"), (0, "length")]
    assert broken_rules(typed, MEASURED).rows() == broken_by_pandera(typed, MEASURED.schema, MEASURED).rows()


def test_a_contract_with_unique_values_has_rules() -> None:
    class Unique(pa.DataFrameModel):
        id: int = pa.Field(unique=True)
        place: int

    assert has_rules(Table("raw.unique", "a row", ("id",), Unique))
