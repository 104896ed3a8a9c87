"""How files are written: the types of a declaration that readers know.

Here: frozen types, and what of them goes into a contract's version. Not here: any reading of files (readers/).
"""

from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True)
class Tolerance:
    """What a reading forgives. A row that has its key is loaded whatever else is wrong with it.

    A short row is filled up with empty fields, a long one is cut, and a value that breaks the contract is loaded;
    each with its findings as warnings. Only a row without its key, or one that cannot be cut into fields, is held
    back. The names of a header are matched trimmed, in NFC and whatever their case, a first line like `sep=;` is
    obeyed, and keys are trimmed, with a finding.

    Attributes:
        other_delimiter: one byte that a file (its header says so) or a single line may use instead.
        aliases: (spelling, column) of headers that are accepted for a column's name.
        empty_columns: how many columns without a name the header ends in; the reader sets it for a file. As many
            empty fields at the end of a row are nothing that is said.
    """

    other_delimiter: str
    aliases: tuple[tuple[str, str], ...] = ()
    empty_columns: int = 0


@dataclass(frozen=True)
class Delimited:
    """How a delimited text file is written.

    Attributes:
        delimiter: one byte between fields.
        quote: one byte around fields that contain the delimiter or a newline.
        escape: byte that makes the next one literal; None where a quote is doubled instead.
        tolerance: what is forgiven; None where a record must have exactly the header's fields and keep the contract.
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
        tables: (type, table) for every type that is wanted.
        skipped: table of the types that nobody asked for, whose records are skipped and counted.
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
    """Return what goes into a contract's version of how files are read: the declaration and the reading's revision.

    The declaration alone does not change when the code that reads is mended. The revision of a reading is raised when
    its files give other rows or findings than before, so that originals are read again and an old home holds what a
    rebuild would give. The first revision adds nothing: versions of readings that never changed stay as they are.
    """
    return repr(reading) if reading.revision == 1 else f"{reading!r} revision {reading.revision}"
