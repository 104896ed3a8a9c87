"""What a file is that is no list of names and no JSON: it is named, and a list is never taken for it."""

import gzip
import io
import json
import zipfile

import pytest

from vsf_assets.ingest.content import kind_of_content, what_no_list_is
from vsf_assets_tests.records import read


def zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a", "a")
    return made.getvalue()


PAGE = b"\xef\xbb\xbf\n<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\n<body>...</body></html>\n"
NO_LISTS = {
    "page": (PAGE, "an HTML page"),
    "page with a comment": (b"<!-- x -->\n<html>\n</html>", "an HTML page"),
    "part of a page": (b"<div>\na.data\n</div>\n", "a page of HTML or XML"),
    "XML": (b"<?xml version='1.0'?><ListBucketResult/>", "an XML document"),
    "gzip": (gzip.compress(b"a.data\n"), "gzip data"),
    "ZIP": (zipped(), "a ZIP archive or a spreadsheet file"),
    "UTF-16": ("a.data\nb.data\n".encode("utf-16"), "text in UTF-16"),
    "UTF-16 without mark": ("a.data\nb.data\n".encode("utf-16-le"), "it holds NUL bytes"),
    "JSON": (json.dumps(["a.data", "b.data"], indent=1).encode(), "a JSON document"),
    "JSON object": (b'{"names": []}', "a JSON document"),
    "a line without end": (b"a" * 2_000_001, "no text of lines"),
}


@pytest.mark.parametrize("name", NO_LISTS)
def test_what_is_no_list_of_names_is_named(name: str) -> None:
    content, what = NO_LISTS[name]
    assert what in what_no_list_is(content, "utf-8")


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"", "utf-8"),
        (b"\n \n", "utf-8"),
        (b"a.data\r\nb.data", "utf-8"),
        (b"[1].data\n{2}.data\n", "utf-8"),
        (b"<1.data\n", "utf-8"),
        ("ä.data\n".encode("latin-1"), "iso8859-1"),
        ("a.data\n".encode("utf-16"), "utf-16"),
        ("a.data\n".encode("utf-16-le"), "utf-16-le"),
    ],
)
def test_a_list_of_odd_names_stays_a_list(content: bytes, encoding: str) -> None:
    assert what_no_list_is(content, encoding) == ""


def test_an_object_that_is_a_page_or_an_archive_is_named_in_its_finding() -> None:
    assert "the file is an HTML page, not a JSON array" in read(PAGE.removeprefix(b"\xef\xbb\xbf")).unreadable
    assert "the file is a ZIP archive or a spreadsheet file, not a JSON array" in read(zipped()).unreadable
    assert "the file is text in UTF-16" in read("[]".encode("utf-16")).unreadable


def test_text_is_nothing_known() -> None:
    assert kind_of_content(b"click_id,banner_id\n1,2\n") == ""
