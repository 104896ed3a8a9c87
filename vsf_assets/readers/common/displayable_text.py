"""Converts bytes of a file to text that can be stored and displayed.

Here: line ends, UTF-8, and the longest text that is displayed. Not here: invisible characters
(common/visible_text.py).
"""

BOM = b"\xef\xbb\xbf"


MAX_RECORD = 2_000_000
"""Longest record in bytes; a longer line is not read, and a quote that stays open for longer is unbalanced."""


SHOWN_TEXT = 65_536
"""Bytes of a too long line that its finding keeps; the rest is in the archived original."""


def without_line_end(line: bytes) -> bytes:
    """Return the line without its line end: LF with any number of CR before it, or CR at the end of the file."""
    return line.removesuffix(b"\n").rstrip(b"\r")


def is_utf8(raw: bytes) -> bool:
    """Whether the bytes are valid UTF-8."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def show(raw: bytes) -> str:
    r"""Return bytes as text that can be stored: without line end, with NUL and invalid UTF-8 as `\xNN`."""
    return without_line_end(raw).decode(errors="backslashreplace").replace("\0", "\\x00")
