"""The tables of a snapshot: columns, descriptions, keys and references, as the snapshot's own comments have them.

Here: reading them once per snapshot, and the subject of each table. Not here: who may read a table (access.py).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.contracts.personal import personal_kind
from vsf_assets.contracts.table import LINEAGE
from vsf_assets.feeds import all_feeds
from vsf_assets.snapshots.pool import OpenSnapshot
from vsf_assets.warehouse.forms.published import COLUMNS, RELATIONS

SCHEMAS = ("marts", "reports", "raw")
LEDGER = "ledger"
"""Subject of the tables that all feeds share."""

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "U")

_PARTS = re.compile(
    r"^(?P<text>.*?)(?: Key: (?P<key>[\w, ]+)\.)?(?: References: (?P<references>[\w., ]+)\.)?$", re.DOTALL
)
_REFERENCE = re.compile(r"(\w+) to (\w+)\.(\w+)\.(\w+)")

_TABLES = f"""
    select schema_name, table_name, comment, source from ({RELATIONS})
    where schema_name in ('marts', 'reports', 'raw') order by schema_name, table_name
"""  # noqa: S608 - a query of the platform, as below
_COLUMNS = f"""
    select schema_name, table_name, column_name, data_type, comment from ({COLUMNS})
    where schema_name in ('marts', 'reports', 'raw') order by schema_name, table_name, column_index
"""  # noqa: S608


@dataclass(frozen=True)
class ShownColumn:
    """A column: name, DuckDB type, meaning, and the kind of personal data in it, empty for none."""

    name: str
    type: str
    description: str
    personal: str = ""

    @property
    def is_number(self) -> bool:
        """Whether its values stand on the right."""
        return self.type.startswith(_NUMBERS) and not self.type.endswith("]")

    @property
    def is_text(self) -> bool:
        """Whether a search looks into it."""
        return self.type == "VARCHAR"


@dataclass(frozen=True)
class Link:
    """A column whose values are those of a column of another table."""

    column: str
    table: str
    target: str


@dataclass(frozen=True)
class ShownTable:
    """A table of a snapshot.

    Attributes:
        schema, name: its two names.
        description: content and meaning of a row.
        key: columns that identify a row; empty if none do.
        columns: in stored order.
        links: its references to other tables.
        rows: number of rows.
        places: end of the places at which rows are stored; more than `rows` where rows were removed.
        subject: what it is about: the folder of its model, LEDGER for what all feeds share.
        feeds: feeds whose deliveries it is made of; of a table with a column `feed`, each row has its own.
        source: where its rows are stored, as SQL; what stands there has a rowid.
    """

    schema: str
    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[ShownColumn, ...]
    links: tuple[Link, ...]
    rows: int
    places: int
    subject: str
    feeds: frozenset[str]
    source: str

    @property
    def full_name(self) -> str:
        """`schema.table`."""
        return f"{self.schema}.{self.name}"

    @property
    def by_name(self) -> dict[str, ShownColumn]:
        """The columns by name."""
        return {column.name: column for column in self.columns}

    @property
    def has_feed_column(self) -> bool:
        """Whether each row names its feed."""
        return self.subject == LEDGER and "feed" in self.by_name


Catalog = Mapping[str, ShownTable]
"""`schema.table` -> the table."""


def catalog_of(snapshot: OpenSnapshot) -> Catalog:
    """Return the tables of a snapshot by name; they are read once."""
    if "catalog" not in snapshot.cache:
        snapshot.cache["catalog"] = _read(snapshot)
    found: Catalog = snapshot.cache["catalog"]
    return found


def _read(snapshot: OpenSnapshot) -> Catalog:
    columns: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
    for schema, table, *column in snapshot.query(_COLUMNS).rows:
        columns.setdefault((schema, table), []).append((column[0], column[1], column[2]))
    tables = snapshot.query(_TABLES).rows
    counts = [
        f"select {place} as place, count(*) as rows, coalesce(max(rowid) + 1, 0) as places from {source}"  # noqa: S608 - names of the snapshot
        for place, (_, _, _, source) in enumerate(tables)
    ]
    found = snapshot.query(f"{' union all '.join(counts)} order by place").rows if tables else []
    rows = [(count, places) for _, count, places in found]
    return {
        f"{schema}.{table}": _table(schema, table, comment, number, columns[schema, table], source)
        for (schema, table, comment, source), number in zip(tables, rows, strict=True)
    }


def _table(
    schema: str, name: str, comment: str, rows: tuple[int, int], columns: list[tuple[str, str, str]], source: str
) -> ShownTable:
    parts = _PARTS.match(comment)
    text, key, references = parts.group("text", "key", "references") if parts else (comment, None, None)
    subject, feeds = _origin(schema, name)
    names = {column for column, _, _ in columns}
    named = tuple(word.strip() for word in (key or "").split(",") if word.strip() in names)
    if schema == "raw" and set(LINEAGE) <= names:
        named = LINEAGE  # the contract's key may repeat in deliveries
    links = tuple(Link(c, f"{s}.{t}", to) for c, s, t, to in _REFERENCE.findall(references or ""))
    shown = tuple(ShownColumn(c, kind, about, personal_kind(c)) for c, kind, about in columns)
    return ShownTable(schema, name, text, named, shown, links, *rows, subject, feeds, source)


def _origin(schema: str, name: str) -> tuple[str, frozenset[str]]:
    """Return the subject of a table, and the feeds that it is made of."""
    if schema == "raw":
        feeds = frozenset(feed.name for feed in all_feeds().values() if f"raw.{name}" in feed.tables)
        return next((all_feeds()[feed].models for feed in sorted(feeds)), LEDGER), feeds
    subject = _subjects().get((schema, name), LEDGER)
    of_subject = [feed for feed in all_feeds().values() if feed.models == subject]
    # Grants are for what people deliver: what the platform writes about it follows.
    delivered = [feed for feed in of_subject if not feed.is_written_by_platform]
    return subject, frozenset(feed.name for feed in delivered or of_subject)


@cache
def _subjects() -> dict[tuple[str, str], str]:
    """Return (schema, table) -> the folder of its model, which is its subject."""
    models = PROJECT_ROOT / "dbt_project" / "models"
    found = {}
    for schema in ("marts", "reports"):
        for path in (models / schema).rglob("*.sql"):
            found[schema, path.stem] = path.relative_to(models / schema).parts[0]
    return found
