"""The tolerant reading: named defects, and random tables with injected ones told exactly.

Not here: rules between rows and files (dbt), and records that cannot be cut into fields (test_delimited_*.py).
"""

import csv
import io
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from vsf_assets.contracts import get_table
from vsf_assets.feeds import all_feeds
from vsf_assets.feeds.reading import Delimited
from vsf_assets.readers.common.byte_stream import UnreadableError
from vsf_assets.readers.delimited.reader import DelimitedReader
from vsf_assets_tests.blocks import check_block
from vsf_assets_tests.datasets import COLUMNS, DATAPOINTS, NAMESPACES
from vsf_assets_tests.reading import small_blocks

HEADER = b"namespace_id,namespace_option_name,namespace_option_standard_name\n"
Finding = tuple[int, str, str | None, str | None, str]
Rows = dict[int, tuple[str | None, ...]]


def dialect() -> Delimited:
    reading = all_feeds()["datasets"].reading
    assert isinstance(reading, Delimited)
    return reading


def read(data: bytes, table: str = "raw.namespaces") -> tuple[Rows, list[Finding]]:
    """Return the rows by line, and findings as (line, anomaly, column, value, severity)."""
    contract, rows, findings, quarantined = get_table(table), {}, [], 0
    for block in DelimitedReader(io.BytesIO(data), dialect(), list(contract.schema.columns)).blocks():
        checked = check_block(block, contract, dialect())
        rows |= {row[0]: row[1:] for row in checked.valid.rows()}
        findings += checked.findings.rows(named=True)
        quarantined += checked.quarantined
    held_back = {f["line_number"] for f in findings if f["is_quarantined"]}
    assert len(held_back) == quarantined
    assert held_back.isdisjoint(rows)
    names = ("line_number", "anomaly", "column_name", "raw_value", "severity")
    return rows, sorted((tuple(f[name] for name in names) for f in findings), key=repr)


@pytest.mark.parametrize(
    ("line", "row", "findings"),
    [
        (b"n,Fund,fund", ("n", "Fund", "fund"), []),
        (b"n", ("n", None, None), [(2, "missing_fields", "namespace_option_name", None, "warning")]),
        (b"n,,", ("n", None, None), [(2, "missing_value", "namespace_option_name", None, "warning")]),
        (b"n,a,b,c,d", ("n", "a", "b"), [(2, "extra_fields", None, "c,d", "warning")]),
        (b"n,a,b,", ("n", "a", "b"), [(2, "extra_fields", None, "", "warning")]),
        (b"n;a;b", ("n", "a", "b"), []),
        (b"n;a, with comma;b", ("n", "a, with comma", "b"), []),
        (b'"n";"a;b";"c,d"', ("n", "a;b", "c,d"), []),
        (b'n;"two\nlines";b', ("n", "two\nlines", "b"), []),
        (b"n;a", ("n", "a", None), [(2, "missing_fields", "namespace_option_standard_name", None, "warning")]),
        (b"n;a;b;c", ("n", "a", "b"), [(2, "extra_fields", None, "c", "warning")]),
        (b"n,a;b;c", ("n", "a;b;c", None), [(2, "missing_fields", "namespace_option_standard_name", None, "warning")]),
        (b"n,a;b,c", ("n", "a;b", "c"), []),
        (b"n,\xff,b", ("n", "\\xff", "b"), [(2, "invalid_encoding", "namespace_option_name", "\\xff", "warning")]),
        (b"n,a\0,b", ("n", "a\\x00", "b"), [(2, "invalid_encoding", "namespace_option_name", "a\\x00", "warning")]),
        (b",a,b", None, [(2, "missing_value", "namespace_id", None, "error")]),
        (b"n\xff,a,b", None, [(2, "invalid_encoding", "namespace_id", "n\\xff", "error")]),
        (b'n,"a,b', None, [(2, "unbalanced_quote", "namespace_option_name", None, "error")]),
        (b'n,"a"x,b', None, [(2, "unbalanced_quote", "namespace_option_name", None, "error")]),
    ],
)
def test_a_row_with_its_key_is_kept_and_its_defects_are_told(
    line: bytes, row: tuple[str | None, ...] | None, findings: list[Finding]
) -> None:
    rows, reported = read(HEADER + line + b"\nlast,L,l\n")
    assert rows.pop(2, None) == row
    assert list(rows.values()) == [("last", "L", "l")]
    assert reported == findings


def test_a_short_row_without_its_key_is_held_back() -> None:
    rows, reported = read(HEADER + b",a\n")
    assert rows == {}
    assert reported == [
        (2, "missing_fields", "namespace_option_standard_name", None, "error"),
        (2, "missing_value", "namespace_id", None, "error"),
    ]


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_the_header_tells_delimiter_and_order(bom: bytes, end: bytes) -> None:
    lines = [b"namespace_option_name;namespace_id;namespace_option_standard_name", b"F;n;f", b"F,m,f", b"F"]
    rows, reported = read(bom + end.join(lines) + end)
    assert rows == {2: ("n", "F", "f"), 3: ("m", "F", "f")}
    assert reported == [(4, "missing_fields", "namespace_id", None, "error")]


def test_both_spellings_of_abbreviations_are_accepted_and_no_other() -> None:
    right = ",".join(DATAPOINTS).replace("abreviations", "abbreviations")
    rows, _ = read(f"{right}\ndp,N,,a|b\n".encode(), "raw.datapoints")
    assert rows[2][:4] == ("dp", "N", None, "a|b")
    with pytest.raises(UnreadableError, match="not expected abbreviations"):
        read(right.replace("approved_", "").encode(), "raw.datapoints")


def test_an_empty_value_is_never_an_invalid_one() -> None:
    data = ",".join(DATAPOINTS).encode() + b"\ndp-1,N,,,,,,,,,\ndp-2,N,,,,,,,,true,\ndp-3,N,,,,,,,,TRUE,\n"
    assert read(data, "raw.datapoints")[1] == [(3, "invalid_value", "is_derived", "true", "warning")]


def test_names_of_the_contracts_are_those_of_the_files() -> None:
    for table, names in (("namespaces", NAMESPACES), ("columns", COLUMNS), ("datapoints", DATAPOINTS)):
        assert tuple(get_table(f"raw.{table}").schema.columns) == names


def test_many_short_rows_are_read_in_smaller_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vsf_assets.readers.delimited.reader.MOST_IRREGULAR", 5)
    rows, reported = read(HEADER + b"".join(b"n-%d\n" % n for n in range(30_000)))
    assert rows[30_001] == ("n-29999", None, None)
    assert [line for line, *_ in sorted(reported)] == sorted(rows) == list(range(2, 30_002))


def everything(data: bytes, few: int) -> list[str]:
    """Return all that is told of a file's rows and findings, read with this limit of what is read at once."""
    contract, found = get_table("raw.datapoints"), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vsf_assets.readers.delimited.lenient_batch.FEW", few)
        for block in DelimitedReader(io.BytesIO(data), dialect(), list(contract.schema.columns)).blocks():
            checked = check_block(block, contract, dialect())
            found += [repr(row) for row in (*checked.valid.rows(), *checked.findings.rows())]
    return sorted(found)


@examples(max_examples=60)
@given(st.lists(st.text(st.sampled_from('ab ,,,,;;|""\n\r\0é\ufeff'), max_size=30), max_size=40))
def test_many_records_at_once_are_read_like_single_ones(lines: list[str]) -> None:
    data = ",".join(DATAPOINTS).encode() + b"\n" + "\n".join(lines).encode() + b"\n"
    assert everything(data, 1) == everything(data, 1_000_000)


@dataclass
class Generated:
    """A file, the rows it holds by line, and (line, anomaly) of what must be told of it."""

    data: bytes = b""
    rows: Rows = field(default_factory=dict)
    findings: list[tuple[int, str]] = field(default_factory=list)


def line_of(values: list[str], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerow(values)
    return out.getvalue()


EMPTIED = {"missing_value": "data_point_name", "missing_key": "data_point_id", "invalid_value": "is_derived"}
DEFECTS = ["none", "none", "other", "short", "long", "invalid_encoding", *EMPTIED]
VALUES = st.text(st.sampled_from('ab ,;|\n"é€1='), max_size=5)


def readable(value: str, delimiter: str, used: str) -> str:
    """Return a value for a row in the delimiter `used` of a file with another delimiter.

    A quote behind the file's delimiter begins a field that may span lines, also a quote that ends a value: no reader
    can tell.
    """
    is_ambiguous = used != delimiter and f'{delimiter}"' in f'{value}"'
    return value.replace(delimiter, "b") if is_ambiguous else value


@st.composite
def files(draw: st.DrawFn) -> Generated:
    """Return a file of data points with at most one defect per row."""
    delimiter = draw(st.sampled_from(",;"))
    order = ["data_point_id", *draw(st.permutations(DATAPOINTS[1:]))]
    made, text, line = Generated(), [line_of(order, delimiter).encode()], 2
    for number, defect in enumerate(draw(st.lists(st.sampled_from(DEFECTS), max_size=12))):
        row = {name: draw(VALUES) for name in DATAPOINTS} | {"data_point_id": f"dp-{number}"}
        row["is_derived"] = draw(st.sampled_from(["TRUE", "FALSE", ""]))
        row["data_point_name"] = row["data_point_name"] if row["data_point_name"].strip() else "name"
        if defect in EMPTIED:
            row[EMPTIED[defect]] = "maybe" if defect == "invalid_value" else ""
        if defect == "invalid_encoding":
            row[order[1]] = "?"
        used = {",": ";", ";": ","}[delimiter] if defect == "other" else delimiter
        row = {name: readable(value, delimiter, used) for name, value in row.items()}
        values = [row[name] for name in order]
        if defect == "short":
            values = values[: draw(st.integers(1, len(order) - 1))]
            row |= dict.fromkeys(order[len(values) :], "")
        if defect == "long":
            values.append(draw(VALUES))
        raw = line_of(values, used).encode()
        if defect == "invalid_encoding":
            raw, row[order[1]] = raw.replace(b"?", b"\xfe", 1), "\\xfe"
        if defect != "missing_key":
            made.rows[line] = tuple(row[name] or None for name in DATAPOINTS)
        kind = {"short": "missing_fields", "long": "extra_fields", "missing_key": "missing_value"}.get(defect, defect)
        made.findings += [(line, kind)] if defect not in ("none", "other") else []
        line += raw.count(b"\n")
        text.append(raw)
    made.data = draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + b"".join(text)
    return made


@pytest.mark.slow
@examples(max_examples=150)
@given(files(), st.sampled_from([24, 300, 10_000]), st.sampled_from([8, 64]), st.sampled_from([1, 1000]))
def test_findings_are_exactly_the_injected_defects(made: Generated, big: int, small: int, few: int) -> None:
    with small_blocks(big, small), pytest.MonkeyPatch.context() as patch:
        patch.setattr("vsf_assets.readers.delimited.lenient_batch.FEW", few)
        rows, reported = read(made.data, "raw.datapoints")
    assert sorted((line, anomaly) for line, anomaly, *_ in reported) == sorted(made.findings)
    assert rows == made.rows


def test_a_header_with_the_other_delimiter_is_told_by_its_columns() -> None:
    with pytest.raises(UnreadableError) as caught:
        read(b"namespace_id;namespace_option_name;oops\nn;a;b\n")
    assert ": missing namespace_option_standard_name; not expected oops; expected" in str(caught.value)
