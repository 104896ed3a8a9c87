"""Findings of a feed as CSV, JSON and a page: order, counts, and texts that would do harm.

Not here: datasets through the command line (cli/test_datasets.py).
"""

import csv
import hashlib
import io
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
import pytest

from vsf_assets.cli.output_option import format_of_output
from vsf_assets.common.errors import UsageError
from vsf_assets.reports.finding_queries import FindingsQuery, feed_findings
from vsf_assets.reports.finding_writers import WRITERS

EVIL = "<script>alert('&')</script>"
ROWS = [
    ("clicks", "1", "b.csv", 3, "duplicate_row", "click_id", "=1+1", "warning", "repeats", "2019-05-21 10:00:00"),
    ("clicks", "1", "a.csv", 7, "invalid_value", "click_id", EVIL, "error", "no number", "2019-05-20 23:59:59"),
    ("clicks", "1", "a.csv", 2, "duplicate_row", "click_id", "10", "warning", "repeats", "2019-05-20 00:00:00"),
    ("clicks", "2", "a.csv", 1, "empty_file", None, None, "warning", "@none", "2019-05-20 00:00:00"),
    ("clicks", "9", None, None, "missing_partition", None, None, "warning", "no file", None),
    ("events", "1", "a.csv", 1, "volume", None, "9", "warning", "", "2019-05-20 00:00:00"),
]


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as found:
        found.execute("create schema reports")
        found.execute(
            "create table reports.anomalies (feed text, partition_key text, file_name text, line_number bigint,"
            " anomaly text, column_name text, raw_value text, severity text, reason text, landed_at timestamp)"
        )
        found.execute("create table reports.files (feed text, partition_key text)")
        found.execute("insert into reports.files values ('clicks', '4')")
        found.executemany("insert into reports.anomalies values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", ROWS)
        yield found


def written(connection: duckdb.DuckDBPyConnection, findings: FindingsQuery, form: str) -> str:
    file = io.StringIO()
    WRITERS[form](connection, findings, file)
    return file.getvalue()


def test_csv_is_in_order_and_harmless(connection: duckdb.DuckDBPyConnection) -> None:
    text = written(connection, feed_findings(connection, "clicks", None), "csv")
    header, *rows = csv.reader(text.splitlines())
    assert header == ["partition", "file", "line", "anomaly", "column", "value", "severity", "reason"]
    assert rows == [
        ["1", "a.csv", "2", "duplicate_row", "click_id", "10", "warning", "repeats"],
        ["1", "a.csv", "7", "invalid_value", "click_id", EVIL, "error", "no number"],
        ["1", "b.csv", "3", "duplicate_row", "click_id", "'=1+1", "warning", "repeats"],
        ["2", "a.csv", "1", "empty_file", "", "", "warning", "'@none"],
        ["9", "", "", "missing_partition", "", "", "warning", "no file"],
    ]


def test_json_has_the_values_as_delivered(connection: duckdb.DuckDBPyConnection) -> None:
    found = json.loads(written(connection, feed_findings(connection, "clicks", "1"), "json"))
    assert [(one["file"], one["line"], one["value"]) for one in found] == [
        ("a.csv", 2, "10"),
        ("a.csv", 7, EVIL),
        ("b.csv", 3, "=1+1"),
    ]
    assert json.loads(written(connection, feed_findings(connection, "clicks", "4"), "json")) == []


class Cells(HTMLParser):
    """Collects tables as rows of texts, and every tag."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.tags: set[str] = set()
        self.in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.in_cell = tag in ("td", "th")
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.in_cell = False

    def handle_data(self, data: str) -> None:
        if self.in_cell:
            self.tables[-1][-1][-1] += data


def without_scripts(text: str) -> str:
    """Return a page without the contents of its scripts, each of which is the JSON of a chart or the one that draws."""
    return re.sub(r"(<script[^>]*>).*?</script>", r"\1</script>", text, flags=re.DOTALL)


def test_the_page_counts_and_shows(connection: duckdb.DuckDBPyConnection) -> None:
    text = written(connection, feed_findings(connection, "clicks", None), "html")
    page = Cells()
    page.feed(text)
    kinds, days, *samples = page.tables
    assert kinds[1:] == [
        ["duplicate_row", "warning", "2"],
        ["empty_file", "warning", "1"],
        ["invalid_value", "error", "1"],
        ["missing_partition", "warning", "1"],
    ]
    assert days == [
        ["day", "duplicate_row", "empty_file", "invalid_value", "missing_partition"],
        ["2019-05-20", "1", "1", "1", "0"],
        ["2019-05-21", "1", "0", "0", "0"],
        ["not delivered", "0", "0", "0", "1"],
    ]
    assert samples[2][1] == ["1", "a.csv", "7", "invalid_value", "click_id", EVIL, "error", "no number"]
    assert re.search(r"(src|href|url)\s*[=(]", without_scripts(text)) is None
    assert "Nothing was found wrong" in written(connection, feed_findings(connection, "clicks", "4"), "html")


def test_the_page_runs_the_script_that_draws_its_chart_and_no_other(connection: duckdb.DuckDBPyConnection) -> None:
    text = written(connection, feed_findings(connection, "clicks", None), "html")
    data, script = re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL)
    digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in text
    shown = {
        (row["day"], row["anomaly"], row["severity"]): row["findings"] for row in json.loads(data)["data"]["values"]
    }
    assert shown == {
        ("2019-05-20", "duplicate_row", "warning"): 1,
        ("2019-05-21", "duplicate_row", "warning"): 1,
        ("2019-05-20", "empty_file", "warning"): 1,
        ("2019-05-20", "invalid_value", "error"): 1,
    }
    nothing = written(connection, feed_findings(connection, "clicks", "4"), "html")
    assert "<script" not in nothing
    assert "script-src" not in nothing


def test_no_value_ends_the_block_of_a_chart(connection: duckdb.DuckDBPyConnection) -> None:
    kind = "</script><script>alert(1)</script>&<!--"
    row = ("clicks", "9", "c.csv", 1, kind, None, None, "error", "x", "2019-05-20 00:00:00")
    connection.execute("insert into reports.anomalies values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    text = written(connection, feed_findings(connection, "clicks", "9"), "html")
    data, _ = re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL)
    assert [row["anomaly"] for row in json.loads(data)["data"]["values"]] == [kind]
    assert not set(data) & set("<>&")


def test_the_page_shows_a_reason_whole_and_dates_on_one_line(connection: duckdb.DuckDBPyConnection) -> None:
    reason, value = "r" * 1000, "v" * 1000
    row = ("clicks", "1", "c.csv", 1, "unknown_header", None, value, "error", reason, "2019-05-20 00:00:00")
    connection.execute("insert into reports.anomalies values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    text = written(connection, feed_findings(connection, "clicks", "1"), "html")
    assert f"<td>{reason}</td>" in text
    assert f"<td>{'v' * 300}…</td>" in text
    assert '<td class="short">2019-05-20</td>' in text
    assert '<td class="short error">error</td>' in text


def test_the_page_says_how_many_of_each_severity(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "insert into reports.anomalies select 'events', '1', 'a.csv', range, 'extra_fields', null, null, 'warning',"
        " 'one too many', timestamp '2019-05-21 00:00:00' from range(1233)"
    )
    text = written(connection, feed_findings(connection, "events", None), "html")
    assert "<p>1,234 warnings. An error is not loaded, a warning is loaded and reported.</p>" in text
    text = written(connection, feed_findings(connection, "clicks", None), "html")
    assert "<p>4 warnings, 1 error. An error" in text


def test_a_value_in_the_template_s_language_stays_as_it_is(connection: duckdb.DuckDBPyConnection) -> None:
    value = "{{ 7 * 7 }}{% endif %}{#"
    row = ("clicks", "1", "c.csv", 1, "invalid_value", None, value, "error", value, "2019-05-20 00:00:00")
    connection.execute("insert into reports.anomalies values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    page = Cells()
    page.feed(written(connection, feed_findings(connection, "clicks", "1"), "html"))
    cells = next(row for table in page.tables[2:] for row in table if row[1] == "c.csv")
    assert cells[5:] == [value, "error", value]


def test_the_page_is_written_while_its_rows_are_read(connection: duckdb.DuckDBPyConnection) -> None:
    file = io.StringIO()
    written_before: list[int] = []

    class Watched(FindingsQuery):
        def samples(self, connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
            for row in super().samples(connection):
                written_before.append(len(re.findall("<tr>", file.getvalue())))
                yield row

    found = feed_findings(connection, "clicks", None)
    WRITERS["html"](connection, Watched(**vars(found)), file)
    # Two tables above (5 and 4 rows), then a header and rows for each kind: 2, 1, 1 and 1. One row is read ahead.
    assert written_before == [9, 11, 12, 14, 16]


def test_what_is_not_known_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(UsageError, match="no feed 'nix'; feeds: impressions"):
        feed_findings(connection, "nix", None)
    with pytest.raises(UsageError, match="nothing was delivered for clicks 3"):
        feed_findings(connection, "clicks", "3")


@pytest.mark.parametrize(
    ("given", "name", "form"),
    [
        (None, None, "csv"),
        (None, "a.HTML", "html"),
        ("json", None, "json"),
        ("json", "a.json", "json"),
        ("json", "a", "json"),
    ],
)
def test_the_name_decides_the_format(given: str | None, name: str | None, form: str) -> None:
    assert format_of_output(given, Path(name) if name else None, list(WRITERS), "csv") == form


@pytest.mark.parametrize(("given", "name"), [(None, "a.txt"), (None, "a"), ("json", "a.csv"), ("csv", "a.txt")])
def test_a_name_of_another_format_is_refused(given: str | None, name: str) -> None:
    with pytest.raises(UsageError):
        format_of_output(given, Path(name), list(WRITERS), "csv")
