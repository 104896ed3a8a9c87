"""Files that cannot be read as a whole: set aside with one finding, and no harm to the good ones beside."""

import gzip

import pytest

from vsf_assets_tests.warehouses import Home, clicks

BROKEN = {
    "truncated gzip": ("clicks_1.csv.gz", gzip.compress(clicks(*range(99)))[:-12], "unreadable_file", None),
    "no gzip": ("clicks_1.csv.gz", clicks(1), "unreadable_file", None),
    "wrong header": ("clicks_1.csv", b"click_id,banner,campaign_id\n1,2,3\n", "unknown_header", 1),
    "no quarter": ("clicks.csv", clicks(1), "missing_partition", None),
    "quarter that is none": ("clicks_12.csv", clicks(1), "missing_partition", None),
}


@pytest.mark.parametrize(("name", "content", "anomaly", "line"), BROKEN.values(), ids=BROKEN)
def test_broken_file_is_set_aside_whole_beside_a_good_one(
    home: Home, name: str, content: bytes, anomaly: str, line: int | None
) -> None:
    home.land("clicks_3.csv", clicks(7), minute=1)
    home.land(name, content)
    home.ingest()
    assert home.files() == [(name, "unreadable", 0, 0, 0), ("clicks_3.csv", "loaded", 1, 1, 0)]
    columns = "line_number, anomaly, severity, is_quarantined"
    assert home.findings(columns) == [(line, anomaly, "error", False)]
    assert home.click_ids() == [7]
    assert home.landed() == []
    assert content in home.archived().values()


def test_truncated_gzip_is_set_aside_whole(home: Home) -> None:
    content = gzip.compress(b"".join([clicks(*range(200_000)), b"x,y,z\n"]), compresslevel=1)[:-30]
    home.land("clicks_1.csv.gz", content)
    home.ingest()
    assert home.files() == [("clicks_1.csv.gz", "unreadable", 0, 0, 0)]
    assert home.click_ids() == []
    assert len(home.findings()) == 1


@pytest.mark.both_forms
def test_broken_file_delivered_again_whole_is_loaded(home: Home) -> None:
    whole = gzip.compress(clicks(1, 2), mtime=0)
    home.land("clicks_1.csv.gz", whole[:-4])
    home.ingest()
    home.land("clicks_1.csv.gz", whole, minute=1)
    home.ingest()
    assert home.files("status") == [("unreadable",), ("loaded",)]
    assert home.click_ids() == [1, 2]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("clicks_1.csv", b""),
        ("clicks_1.csv.gz", b""),
        ("clicks_1.csv.gz", gzip.compress(b"", mtime=0)),
        ("clicks_1.csv", b"\xef\xbb\xbf"),
        ("clicks_1.csv", b"click_id,banner_id,campaign_id\r\n"),
        ("clicks_1.csv", clicks() + b"\n\n"),
    ],
)
def test_file_without_data_rows_is_loaded_and_reported(home: Home, name: str, content: bytes) -> None:
    home.land(name, content)
    home.ingest()
    assert home.files("status, rows_loaded, rows_quarantined") == [("loaded", 0, 0)]
    assert home.findings("line_number, anomaly, severity") == [(None, "empty_file", "warning")]


def test_file_of_bad_rows_only_is_loaded_with_none(home: Home) -> None:
    home.land("clicks_1.csv", clicks() + b"x,1,1\n1,1\n")
    home.ingest()
    assert home.files() == [("clicks_1.csv", "loaded", 2, 0, 2)]
    assert [row[1:3] for row in home.findings()] == [(2, "invalid_value"), (3, "missing_fields")]


def test_every_loaded_file_conserves_its_lines(home: Home) -> None:
    home.land(
        "clicks_1.csv", clicks(1, 2) + b'\n"open,1,1\nx,,\n5,6,7,8\n\xff,1,1\n1,\0,1\n' + b"9" * 2_100_000 + b"\n1,2,3"
    )
    home.ingest()
    columns = "lines_read, rows_loaded, rows_quarantined, rows_blank, rows_skipped"
    assert home.files(columns) == [(10, 3, 6, 1, 0)]
    found = home.findings("line_number, anomaly")
    assert found == [
        (5, "unbalanced_quote"),
        (6, "invalid_value"),
        (6, "missing_value"),
        (6, "missing_value"),
        (7, "extra_fields"),
        (8, "invalid_encoding"),
        (9, "invalid_encoding"),
        (10, "line_too_long"),
    ]
