"""Recognizes a file of the wrong kind by its first bytes, and advises the sender.

Here: the recognition of encodings, archives, office files, databases, web pages and data in another format. It runs
only after a reader refused a file, or where a reader would accept any text. Not here: reading such files, and wrong
headers (readers/delimited/header_reasons.py).
"""

import json
import re
import unicodedata
from dataclasses import dataclass

from vsf_assets.common.visible_text import quoted

HEAD = 1 << 16
"""Size of the beginning of a file that is used for the recognition, in bytes."""

_SAVE = "save the sheet as 'CSV UTF-8' and deliver that"
_UNPACK = "unpack it and deliver the file inside; of compressed files only gzip is read"
_EXPORT = "export the table as text and deliver that"
_WRONG_FILE = "deliver the data itself; is this the right file?"

_MAGIC: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel file (XLS) or another office document", _SAVE),
    (0, b"%PDF-", "a PDF document", _WRONG_FILE),
    (0, b"\x1f\x8b", "compressed with gzip twice", "compress it once"),
    (0, b"BZh", "compressed with bzip2", _UNPACK),
    (0, b"\xfd7zXZ\0", "compressed with xz", _UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "compressed with Zstandard (zstd)", _UNPACK),
    (0, b"\x04\x22\x4d\x18", "compressed with LZ4", _UNPACK),
    (0, b"\x1f\x9d", "compressed with compress (.Z)", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
    (0, b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (0, b"PAR1", "a Parquet file", _EXPORT),
    (0, b"ORC", "an ORC file", _EXPORT),
    (0, b"Obj\x01", "an Avro file", _EXPORT),
    (0, b"ARROW1", "an Arrow file", _EXPORT),
    (0, b"SQLite format 3\0", "an SQLite database", _EXPORT),
    (8, b"DUCK", "a DuckDB database", _EXPORT),
    (0, b"{\\rtf", "a rich text document (RTF)", _WRONG_FILE),
    (0, b"\x89PNG\r\n", "a PNG image", _WRONG_FILE),
    (0, b"\xff\xd8\xff", "a JPEG image", _WRONG_FILE),
    (0, b"GIF8", "a GIF image", _WRONG_FILE),
)
"""(position, bytes at that position, kind of file, advice to the sender)."""

_UTF8_BOM = b"\xef\xbb\xbf"
_BOMS = (
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_ENCODINGS = {
    "utf-16-le": "UTF-16 (little-endian; spreadsheets call it 'Unicode text')",
    "utf-16-be": "UTF-16 (big-endian)",
    "utf-32-le": "UTF-32 (little-endian)",
    "utf-32-be": "UTF-32 (big-endian)",
}
_AS_UTF8 = "save it as UTF-8 (in a spreadsheet: 'CSV UTF-8') and deliver it again"

_HTML = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|title|script)[\s>]", re.I | re.DOTALL)
_XML = re.compile(rb"\s*<(?:\?xml\s|!DOCTYPE\s|[A-Za-z][\w.:-]*[\s/>])")
_PUNCTUATION = frozenset("€‚„…†‡ˆ‰‹‘’“”•–—˜™›¡¢£¤¥§¨©«¬®°±´¶·¸»¿×÷º¹²³¼½¾")


@dataclass(frozen=True)
class Content:
    """The recognized kind of a file.

    Attributes:
        anomaly: the anomaly of the finding.
        what: the kind, in words that follow "the file is".
        advice: advice to the sender.
        text: the beginning of the file's text, if it can be displayed.
    """

    anomaly: str
    what: str
    advice: str
    text: str | None = None

    def reason(self, expected: str) -> str:
        """Return the reason of the finding.

        Args:
            expected: the kind that the feed expects, such as `delimited text`.
        """
        return f"the file is {self.what}, not {expected}; {self.advice}"


def content_of(head: bytes) -> Content | None:
    """Recognize a file that cannot be UTF-8 text in the format of a feed; return None if it may be.

    Args:
        head: the first bytes of the file, at most HEAD.
    """
    head = head[:HEAD]
    return _encoded(head) or _binary(head) or _marked_up(head.removeprefix(_UTF8_BOM))


def content_instead_of_delimited(head: bytes) -> Content | None:
    """Recognize a file whose first line is not the header of its feed; return None if the kind is unknown."""
    return content_of(head) or _json(head[:HEAD].removeprefix(_UTF8_BOM)) or _without_line_feeds(head[:HEAD])


def content_instead_of_json(head: bytes) -> Content | None:
    """Recognize a file that does not begin with a JSON array; return None if the kind is unknown."""
    text = head[:HEAD].removeprefix(_UTF8_BOM)
    return content_of(head) or _json(text) or _delimited(text)


def content_instead_of_names(head: bytes) -> Content | None:
    """Recognize a file whose lines would all be accepted as names; return None if they may be names."""
    text = head[:HEAD].removeprefix(_UTF8_BOM).strip()
    is_json = text[:1] in (b"[", b"{") and text[-1:] in (b"]", b"}") and _parses(text)
    return content_of(head) or (_json(text) if is_json else None)


def likely_encoding(raw: bytes) -> str:
    """Describe the likely encoding of bytes that are not UTF-8; return an empty text if none is likely.

    Every byte string is valid in some one-byte encoding. So Windows-1252 is called likely only if each byte above ASCII
    is a letter in it, or a sign that word processors write.
    """
    try:
        text = raw.decode("cp1252")
    except UnicodeDecodeError:
        return ""
    high = [c for c in text if ord(c) > 127]
    are_usual = all(unicodedata.category(c) in ("Lu", "Ll") or c in _PUNCTUATION for c in high)
    if not high or not are_usual or _holds_utf8(raw):
        return ""
    return f"this looks like Windows-1252 ({quoted(text.rstrip(chr(13) + chr(10)), 40)})"


def _holds_utf8(raw: bytes) -> bool:
    """Whether at least one character above ASCII is encoded in UTF-8."""
    return any(ord(c) > 127 for c in raw.decode("utf-8", errors="ignore"))


def _encoded(head: bytes) -> Content | None:
    """Recognize UTF-16 and UTF-32 by the byte order mark, or by the positions of the zero bytes of ASCII letters."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return _in_encoding(head[len(mark) :], encoding)
    sample = head[: len(head) // 4 * 4][:400]
    if not sample:
        return None
    if not head.strip(b"\0"):
        return Content("unreadable_file", "nothing but zero bytes", "the copy failed: copy it again")
    zeros = [sample[at::4].count(0) * 4 / len(sample) for at in range(4)]
    most, few = 0.7, 0.3
    if zeros[1] > most and zeros[3] > most and zeros[0] < few:
        return _in_encoding(head, "utf-32-le" if zeros[2] > most else "utf-16-le")
    if zeros[0] > most and zeros[2] > most and zeros[3] < few:
        return _in_encoding(head, "utf-32-be" if zeros[1] > most else "utf-16-be")
    return None


def _in_encoding(head: bytes, encoding: str) -> Content:
    text = head[: len(head) // 4 * 4].decode(encoding, errors="replace")
    return Content("invalid_encoding", f"text in {_ENCODINGS[encoding]}", _AS_UTF8, text.split("\n")[0][:1000].strip())


def _binary(head: bytes) -> Content | None:
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        return _zip(head)
    for at, magic, what, advice in _MAGIC:
        if head.startswith(magic, at):
            return Content("unreadable_file", what, advice)
    return None


def _zip(head: bytes) -> Content:
    """Distinguish the kinds of files that are ZIP archives."""
    if b"xl/" in head:
        return Content("unreadable_file", "an Excel workbook (XLSX)", _SAVE)
    if b"opendocument.spreadsheet" in head:
        return Content("unreadable_file", "an OpenDocument spreadsheet (ODS)", _SAVE)
    if b"word/" in head or b"opendocument.text" in head:
        return Content("unreadable_file", "a text document of an office program", _WRONG_FILE)
    return Content("unreadable_file", "a ZIP archive", _UNPACK)


def _marked_up(head: bytes) -> Content | None:
    if _HTML.match(head):
        advice = "an address often answers with one when a sign-in is needed; look at the download and deliver the data"
        return Content("unreadable_file", "an HTML page", advice, _first_line(head))
    if _XML.match(head):
        return Content("unreadable_file", "XML", _EXPORT, _first_line(head))
    return None


def _json(head: bytes) -> Content | None:
    """Recognize JSON by its beginning: an array, one object on each line, or one object."""
    text = head.strip()
    if re.match(rb'\{\s*["}]', text):
        lines = [line for line in text.splitlines() if line.strip()]
        are_lines = len(lines) > 1 and _parses(lines[0]) and lines[1].lstrip().startswith(b"{")
        what = "JSON lines, an object on each line" if are_lines else "a JSON object"
        advice = "deliver it in the form of its feed"
    elif re.match(rb'\[\s*(?:[\[\]{"]|-?\d)', text):
        what, advice = "JSON", "export the table as text and deliver that"
    else:
        return None
    return Content("unreadable_file", what, advice, _first_line(text))


def _parses(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _without_line_feeds(head: bytes) -> Content | None:
    if b"\n" in head or b"\r" not in head.rstrip(b"\r"):
        return None
    what = "text whose lines end with CR alone, as on old Macs"
    return Content("unknown_header", what, "save it as 'CSV UTF-8', with LF or CR LF", _first_line(head))


def _delimited(head: bytes) -> Content | None:
    """Recognize a header or a row of delimited text."""
    line = head.lstrip().split(b"\n")[0].strip()
    names = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
    for delimiter, name in names.items():
        if delimiter.encode() in line and line[:1] not in (b"[", b"{"):
            shown = quoted(line.decode(errors="backslashreplace"))
            what = f"delimited text (with {name}; its first line is {shown})"
            return Content("unreadable_file", what, "deliver it in the form of its feed")
    return None


def _first_line(head: bytes) -> str:
    line = re.split(rb"[\r\n]", head.strip(), maxsplit=1)[0]
    return line[:1000].decode(errors="backslashreplace").replace("\0", "\\x00")
