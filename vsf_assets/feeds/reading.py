"""The formats of files that a feed can declare, and for which a reader exists.

Here: frozen types, and the text of them that a contract version covers. Not here: the readers (readers/).
"""

from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True)
class Tolerance:
    """The defects that a reading accepts: a row with its key is loaded whatever its other defects are.

    A short row is padded with empty fields, a long one is cut, and a value that breaks the contract is loaded; each
    with findings that are warnings. Only a row without its key, or one that cannot be split into fields, is
    quarantined. Header names are matched trimmed, in NFC and ignoring case. A first line like `sep=;` is honoured.
    Keys are trimmed, with a finding.

    Attributes:
        other_delimiter: one byte that a file (as its header shows) or a single line may use instead.
        aliases: (spelling, column) of header names that are accepted for a column.
        empty_columns: number of unnamed columns at the end of the header; the reader sets it for a file. That many
            empty fields at the end of a row cause no finding.
    """

    other_delimiter: str
    aliases: tuple[tuple[str, str], ...] = ()
    empty_columns: int = 0


@dataclass(frozen=True)
class Delimited:
    """A delimited text file.

    Attributes:
        delimiter: one byte between fields.
        quote: one byte around fields that contain the delimiter or a newline.
        escape: byte that makes the next one literal; None if a quote is doubled instead.
        tolerance: accepted defects; None if a record must have exactly the header's fields and satisfy the contract.
        revision: number of the reading, see `reading_text`.
    """

    revision: ClassVar[int] = 2
    delimiter: str = ","
    quote: str = '"'
    escape: str | None = None
    tolerance: Tolerance | None = None


@dataclass(frozen=True)
class JsonRecords:
    """A JSON array of `{"type": ..., "data": {...}}`; the fields of `data` are a table's columns, no more, no less.

    Attributes:
        tables: (type, table) for every loaded type.
        skipped: table of the other types, whose records are skipped and counted.
        revision: number of the reading, see `reading_text`.
    """

    revision: ClassVar[int] = 2
    tables: tuple[tuple[str, str], ...]
    skipped: str


@dataclass(frozen=True)
class JsonLines:
    """A JSON object per line; its keys are the columns."""

    revision: ClassVar[int] = 1


@dataclass(frozen=True)
class NameList:
    """A name per line; blank lines do not count."""

    revision: ClassVar[int] = 2


NO_DESCRIPTION = r"(?!.*\.(?:schema|request)\.(?:ya?ml|json)$)"
"""Start of a pattern of names: `clicks.schema.yaml` describes a made-up file of clicks and is no file of clicks."""


@dataclass(frozen=True)
class Described:
    """A YAML or JSON file that describes one thing, its one row: a schema of made-up data, or a request for some."""

    revision: ClassVar[int] = 2
    what: Literal["schema", "request"]


CSV = Delimited()

Reading = Delimited | JsonRecords | JsonLines | NameList | Described


def reading_text(reading: Reading) -> str:
    """Return the text of a reading that a contract version covers: the declaration and the reading's revision.

    The declaration does not change when the code of a reader is corrected. The revision of a reading is raised when its
    files produce other rows or findings than before. Then originals are read again, and an old home has the same rows
    as a rebuild. The first revision adds no text, so versions of readings that never changed stay the same.
    """
    return repr(reading) if reading.revision == 1 else f"{reading!r} revision {reading.revision}"
