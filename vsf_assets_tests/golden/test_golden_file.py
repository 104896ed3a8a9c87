r"""One file with every defect, plain and compressed, against rows and findings checked by hand.

Here: files/conversions_1.csv and what it must give, as text that a person can read: `-` is null, and
`\n`, `\r` stand for line ends inside a value. Not here: one defect at a time (unit/).
"""

import gzip
from pathlib import Path

import pytest

from vsf_assets_tests.warehouses import Home

FILES = Path(__file__).parent / "files"
CONTENT = (FILES / "conversions_1.csv").read_bytes()


def shown(value: object) -> str:
    return "-" if value is None else str(value).replace("\n", "\\n").replace("\r", "\\r")


def table(rows: list[tuple[object, ...]], separator: str) -> list[str]:
    return [separator.join(shown(value) for value in row) for row in rows]


@pytest.fixture(params=["plain", "gzip", "two gzip members", "small blocks"])
def ingested(home: Home, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Home:
    name, content = "conversions_1.csv.gz", CONTENT
    if request.param == "gzip":
        content = gzip.compress(CONTENT)
    elif request.param == "two gzip members":
        content = gzip.compress(CONTENT[:100]) + gzip.compress(CONTENT[100:])
    else:
        name = "conversions_1.csv"
    if request.param == "small blocks":
        monkeypatch.setattr("vsf_assets.readers.delimited.reader.BIG_BLOCK", 32)
        monkeypatch.setattr("vsf_assets.readers.delimited.reader.SMALL_BLOCK", 16)
    home.land(name, content)
    home.ingest()
    return home


def test_rows_are_those_checked_by_hand(ingested: Home) -> None:
    rows = ingested.query("select _line, conversion_id, click_id, revenue from raw.conversions order by _line")
    assert table(rows, ",") == (FILES / "conversions_1.rows.csv").read_text().splitlines()[1:]


def test_findings_are_those_checked_by_hand(ingested: Home) -> None:
    columns = "line_number, anomaly, column_name, raw_value, raw_text"
    assert (
        table(ingested.findings(columns), "\t") == (FILES / "conversions_1.findings.tsv").read_text().splitlines()[1:]
    )


def test_counts_add_up(ingested: Home) -> None:
    assert ingested.files("status, lines_read, rows_loaded, rows_quarantined, rows_blank") == [("loaded", 19, 5, 12, 2)]
