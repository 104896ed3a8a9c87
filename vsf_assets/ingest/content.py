"""What a file is that is not what was expected: pages, archives and pictures known by their first bytes.

Here: pure functions on the begin of a file. Not here: what is expected of it (the readers).
"""

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
