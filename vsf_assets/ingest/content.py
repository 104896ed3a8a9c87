"""What a file is that is not what was expected: pages, archives and pictures known by their first bytes.

Here: pure functions on the begin of a file. Not here: what is expected of it (the readers).
"""

from vsf_assets.ingest.records import MAX_RECORD

_MAGIC = (
    (b"\x1f\x8b", "gzip data"),
    (b"PK\x03\x04", "a ZIP archive or a spreadsheet file"),
    (b"\xd0\xcf\x11\xe0", "an old spreadsheet or document file"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ", "xz data"),
    (b"\x28\xb5\x2f\xfd", "Zstandard data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"%PDF", "a PDF document"),
    (b"PAR1", "a Parquet file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
)
_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script")
_BOM = b"\xef\xbb\xbf"
_HEAD = 1024


def kind_of_content(data: bytes) -> str:
    """Return what a file is by its first bytes, in words; empty where nothing is known of them."""
    for magic, what in _MAGIC:
        if data.startswith(magic):
            return what
    head = data[:_HEAD].removeprefix(_BOM).lstrip().lower()
    if head.startswith(_PAGE) or (head.startswith((b"<!--", b"<?xml")) and b"<html" in head):
        return "an HTML page"
    if head.startswith((b"<?xml", b"<error", b"<listbucketresult")):
        return "an XML document"
    return ""


def what_no_list_is(content: bytes, encoding: str) -> str:
    """Return what a list of names is instead, in words; empty where it may be one.

    Args:
        content: all of it.
        encoding: the one that it is meant to be in, as Python calls it; one of 16 or 32 bits has NUL bytes.
    """
    is_wide = encoding.startswith(("utf-16", "utf-32", "utf_16", "utf_32"))
    what = "" if is_wide else kind_of_content(content)
    if what or is_wide:
        return what
    head = content[:_HEAD].removeprefix(_BOM).lstrip()
    if head.startswith(b"<") and b">" in head:
        return "a page of HTML or XML"
    if head.startswith((b"{", b"[")) and _is_json(content):
        return "a JSON document"
    if b"\0" in content:
        return "binary data or text in UTF-16: it holds NUL bytes"
    if _has_long_line(content):
        return f"no text of lines: one has more than {MAX_RECORD:,} bytes"
    return ""


def _has_long_line(content: bytes) -> bool:
    """Whether a line is longer than is read of any; in steps as long as that, so that no line is copied."""
    at = 0
    while len(content) - at > MAX_RECORD:
        at = content.rfind(b"\n", at, at + MAX_RECORD + 1) + 1
        if not at:
            return True
    return False


def _is_json(content: bytes) -> bool:
    import orjson

    try:
        orjson.loads(content.removeprefix(_BOM))
    except orjson.JSONDecodeError:
        return False
    return True
