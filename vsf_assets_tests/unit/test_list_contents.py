"""What a file is that is no list of names and no JSON: it is named, and a list is never taken for it."""

import gzip
import io
import json
import zipfile

import pytest

from vsf_assets.readers.common.content_types import content_instead_of_names
from vsf_assets.readers.common.decoding import has_long_line, utf8_head
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
    "part of a page": (b"<div>\na.data\n</div>\n", "XML"),
    "XML": (b"<?xml version='1.0'?><ListBucketResult/>", "XML"),
    "gzip": (gzip.compress(b"a.data\n", mtime=0), "compressed with gzip twice"),
    "ZIP": (zipped(), "a ZIP archive"),
    "UTF-16": ("a.data\nb.data\n".encode("utf-16"), "text in UTF-16"),
    "UTF-16 without mark": ("a.data\nb.data\n".encode("utf-16-le"), "text in UTF-16"),
    "JSON": (json.dumps(["a.data", "b.data"], indent=1).encode(), "JSON"),
    "JSON object": (b'{"names": []}', "a JSON object"),
}


@pytest.mark.parametrize("name", NO_LISTS)
def test_what_is_no_list_of_names_is_named(name: str) -> None:
    content, what = NO_LISTS[name]
    found = content_instead_of_names(content)
    assert found is not None
    assert what in found.what


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
    assert content_instead_of_names(utf8_head(content, encoding)) is None


def test_a_line_that_is_too_long_is_noticed_wherever_it_stands() -> None:
    assert has_long_line(b"a" * 2_000_001)
    assert has_long_line(b"a.data\n" + b"b" * 2_000_001)
    assert not has_long_line((b"a" * 1_999_999 + b"\n") * 3)


def test_an_object_that_is_a_page_or_an_archive_is_named_in_its_finding() -> None:
    page = read(PAGE.removeprefix(b"\xef\xbb\xbf")).unreadable
    assert "the file is not a JSON array" in page
    assert "it is an HTML page" in page
    assert "it is a ZIP archive" in read(zipped()).unreadable
    assert "it is text in UTF-16" in read("[]".encode("utf-16")).unreadable
