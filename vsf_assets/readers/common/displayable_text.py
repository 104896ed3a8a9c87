"""Converts bytes of a file to text that can be stored and displayed.

Here: line ends, UTF-8, and how long a shown text may be. Not here: invisible characters (common/visible_text.py).
"""

BOM = b"\xef\xbb\xbf"


MAX_RECORD = 2_000_000
"""Bytes after which a line is too long and an open quote counts as unbalanced."""


SHOWN_TEXT = 65_536
"""Bytes of a line that is too long which are kept with its finding; the archive has the rest."""


def without_line_end(line: bytes) -> bytes:
    """Return the line without its line end: LF, any number of CR before it, or CR at the end of the file."""
    return line.removesuffix(b"\n").rstrip(b"\r")


def is_utf8(raw: bytes) -> bool:
    """Whether bytes are text in UTF-8."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def show(raw: bytes) -> str:
    r"""Return bytes as text that can be stored: line end cut, what is not UTF-8 or NUL as `\xNN`."""
    return without_line_end(raw).decode(errors="backslashreplace").replace("\0", "\\x00")
