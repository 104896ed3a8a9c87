"""Files that are something else than their feed expects: named, with what to do. Expected words by hand.

Here: the first bytes and the reasons. Not here: headers of text (test_header_words.py).
"""

import bz2
import gzip
import io
import lzma
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest

from vsf_assets.feeds import all_feeds
from vsf_assets.readers.common.byte_stream import FileStream, UnreadableError
from vsf_assets.readers.common.content_types import (
    content_instead_of_delimited,
    content_instead_of_names,
    content_of,
    likely_encoding,
)
from vsf_assets.readers.dispatch import portions

TEXT = "click_id,banner_id,campaign_id\n1,2,3\n"


def refusal(data: bytes, feed: str = "clicks", name: str = "clicks_1.csv") -> UnreadableError:
    with pytest.raises(UnreadableError) as caught:
        list(portions(FileStream(io.BufferedReader(io.BytesIO(data)), name), all_feeds()[feed]))
    return caught.value


def zipped(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, "application/vnd.oasis.opendocument.spreadsheet" if name == "mimetype" else TEXT)
    return made.getvalue()


def tarred() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("clicks_1.csv"), io.BytesIO())
    return made.getvalue()


def sqlite(folder: Path) -> bytes:
    with sqlite3.connect(folder / "a.db") as connection:
        connection.execute("create table clicks (click_id integer)")
    connection.close()
    return (folder / "a.db").read_bytes()


def parquet(folder: Path) -> bytes:
    pl.DataFrame({"click_id": [1]}).write_parquet(folder / "a.parquet")
    return (folder / "a.parquet").read_bytes()


def duck(folder: Path) -> bytes:
    with duckdb.connect(str(folder / "a.duckdb")) as connection:
        connection.execute("create table clicks (click_id integer)")
    return (folder / "a.duckdb").read_bytes()


FILES = {
    "UTF-16 with mark": (TEXT.encode("utf-16"), "invalid_encoding", "UTF-16 (little-endian", "'CSV UTF-8'"),
    "UTF-16 LE": (TEXT.encode("utf-16-le"), "invalid_encoding", "UTF-16 (little-endian", "'CSV UTF-8'"),
    "UTF-16 BE": (TEXT.encode("utf-16-be"), "invalid_encoding", "UTF-16 (big-endian)", "'CSV UTF-8'"),
    "UTF-16 BE mark": (b"\xfe\xff" + TEXT.encode("utf-16-be"), "invalid_encoding", "UTF-16 (big-endian)", "UTF-8"),
    "UTF-32 with mark": (TEXT.encode("utf-32"), "invalid_encoding", "UTF-32 (little-endian)", "UTF-8"),
    "UTF-32 LE": (TEXT.encode("utf-32-le"), "invalid_encoding", "UTF-32 (little-endian)", "UTF-8"),
    "UTF-32 BE": (TEXT.encode("utf-32-be"), "invalid_encoding", "UTF-32 (big-endian)", "UTF-8"),
    "CR alone": (TEXT.replace("\n", "\r").encode(), "unknown_header", "lines end with CR alone", "'CSV UTF-8'"),
    "ZIP": (zipped("clicks_1.csv"), "unreadable_file", "a ZIP archive", "unpack it"),
    "XLSX": (zipped("[Content_Types].xml", "xl/workbook.xml"), "unreadable_file", "(XLSX)", "'CSV UTF-8'"),
    "ODS": (zipped("mimetype", "content.xml"), "unreadable_file", "(ODS)", "'CSV UTF-8'"),
    "XLS": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "unreadable_file", "(XLS)", "'CSV UTF-8'"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "unreadable_file", "a PDF document", "right file"),
    "gzip twice": (gzip.compress(gzip.compress(TEXT.encode())), "unreadable_file", "with gzip twice", "once"),
    "bzip2": (bz2.compress(TEXT.encode()), "unreadable_file", "bzip2", "unpack it"),
    "xz": (lzma.compress(TEXT.encode()), "unreadable_file", "xz", "unpack it"),
    "zstd": (b"\x28\xb5\x2f\xfd\x24\x00\x01\x00\x00", "unreadable_file", "zstd", "unpack it"),
    "7z": (b"7z\xbc\xaf\x27\x1c\x00\x04", "unreadable_file", "7-Zip", "unpack it"),
    "tar": (tarred(), "unreadable_file", "a tar archive", "unpack it"),
    "Parquet": (parquet, "unreadable_file", "a Parquet file", "export the table"),
    "zeros": (bytes(4096), "unreadable_file", "nothing but zero bytes", "copy it again"),
    "JSON lines": (b'{"click_id":1}\n{"click_id":2}\n', "unreadable_file", "JSON lines", "form of its feed"),
    "JSON": (b'[{"click_id":1}]', "unreadable_file", "JSON", "export"),
    "HTML": (b"\n<!DOCTYPE html>\n<html><title>Sign in</title>", "unreadable_file", "an HTML page", "sign-in"),
    "HTML behind a comment": (b"<!-- x --><HTML>", "unreadable_file", "an HTML page", "sign-in"),
    "XML": (b"\xef\xbb\xbf<?xml version='1.0'?><clicks/>", "unreadable_file", "XML", "export"),
}


@pytest.mark.parametrize(("data", "anomaly", "what", "advice"), FILES.values(), ids=FILES)
@pytest.mark.parametrize("feed", ["clicks", "datasets"])
def test_what_is_no_text_of_the_feed_is_named_with_what_to_do(
    data: bytes | Callable[[Path], bytes], anomaly: str, what: str, advice: str, feed: str, tmp_path: Path
) -> None:
    data = data if isinstance(data, bytes) else data(tmp_path)
    content = content_instead_of_delimited(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    assert content is not None
    error = refusal(data) if feed == "clicks" else UnreadableError(content.anomaly, content.reason("delimited text"))
    assert error.anomaly == anomaly
    assert what in error.reason
    assert advice in error.reason
    assert error.reason.isprintable()


@pytest.mark.parametrize("make", [sqlite, duck])
def test_databases_are_named(make, tmp_path: Path) -> None:
    assert "database" in refusal(make(tmp_path)).reason


def test_utf_16_shows_its_text_and_not_its_bytes() -> None:
    assert refusal(TEXT.encode("utf-16")).raw_text == "click_id,banner_id,campaign_id"


def test_a_file_named_gz_that_is_something_else_is_named() -> None:
    reason = refusal(zipped("a.csv"), name="clicks_1.csv.gz").reason
    assert reason.startswith("clicks_1.csv.gz is named .gz but is not gzip; it is a ZIP archive: unpack it")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"a;b\n1;2\n", "it is delimited text (with semicolons; its first line is 'a;b')"),
        (b'{"type":"song"}\n{"type":"song"}\n', "it is JSON lines"),
        (b'{"type":"song","data":{}}', "it is a JSON object"),
        (b"<html><body>Sign in", "it is an HTML page"),
        ('[{"type":"song"}]'.encode("utf-16"), "it is text in UTF-16"),
        (zipped("a.json"), "it is a ZIP archive"),
    ],
)
def test_objects_of_catalogs_that_are_no_json_array_are_named(data: bytes, what: str) -> None:
    error = refusal(data, "catalog", "a.data")
    assert what in error.reason
    assert "not a JSON array" in error.reason


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"<html>\n<body>\nSign in\n", "an HTML page"),
        (b'["a.data","b.data"]', "JSON"),
        ("a.data\nb.data\n".encode("utf-16"), "UTF-16"),
        (gzip.compress(gzip.compress(b"a.data\n", mtime=0), mtime=0), "gzip twice"),
    ],
)
def test_a_list_whose_lines_are_no_names_is_refused(data: bytes, what: str) -> None:
    reason = refusal(data, "catalog_list", "files_list.data").reason
    assert what in reason
    assert "not a list of names" in reason


@pytest.mark.parametrize(
    "data", [b"", b"a.data\nb.data\n", b"[a].data\n", b"{x}\n", b"<a>.data\n"[1:], b"PK.data\n", "ä\n".encode()]
)
def test_names_are_names(data: bytes) -> None:
    assert content_instead_of_names(data) is None


@pytest.mark.parametrize(
    "data", [b"", TEXT.encode(), "näme;größe\n".encode(), b"a", b"\xef\xbb\xbfa,b\n", b"\xff,b\n", b"x\0y\n"]
)
def test_text_is_nothing_else(data: bytes) -> None:
    assert content_of(data) is None


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"w\xe4hrung", "this looks like Windows-1252 ('währung')"),
        (b"5 \x80", "this looks like Windows-1252 ('5 €')"),
        (b"\x93x\x94", "this looks like Windows-1252 ('“x”')"),
        (b"plain", ""),
        (b"\x81", ""),
        ("é".encode() + b"\xe4", ""),
        (b"a\xa0", ""),
    ],
)
def test_a_likely_encoding_is_named_only_where_it_is_likely(raw: bytes, words: str) -> None:
    assert likely_encoding(raw) == words
