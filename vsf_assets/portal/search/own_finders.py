"""Finds lines by number, files, datasets and tables in the current snapshot.

Here: finders on tables that every installation has. Not here: what a request may see, which lists decide
(data/table_query.py): a finder asks for a list like any page.
"""

from urllib.parse import quote, urlencode

from django.http import HttpRequest

from vsf_assets.masking.pseudonyms import PSEUDONYM
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.table_catalog import ShownTable, catalog_of
from vsf_assets.portal.data.table_query import Filter, ListRequest, list_rows
from vsf_assets.portal.datasets.ownership import dataset_access
from vsf_assets.portal.datasets.versions import list_datasets
from vsf_assets.portal.search.finders import MOST, Found, Group, register_finder
from vsf_assets.snapshots.pool import OpenSnapshot

_LINES, _FILES, _DATASETS = "marts.dim_lines", "reports.files", "marts.dim_dataset_versions"
_DIGITS = 15
"""Digits of the longest phone number."""


def _readable(request: HttpRequest, name: str) -> tuple[OpenSnapshot, ShownTable, Access] | None:
    """Return a table for which the account may ask; None if there is none."""
    access = Access(request.user.account_rights)
    snapshot: OpenSnapshot = request.snapshot()  # type: ignore[attr-defined]
    table = catalog_of(snapshot).get(name)
    return (snapshot, table, access) if table is not None and access.may_read(table) else None


def find_lines(request: HttpRequest, text: str) -> Group:
    """Find lines by their whole number, or by the pseudonym that stands for it."""
    opened = _readable(request, _LINES)
    number = text.replace(" ", "").replace("-", "") if not text.startswith(PSEUDONYM) else text
    is_number = number.isascii() and number.isdigit() and len(number) <= _DIGITS
    if opened is None or not (is_number or number.startswith(PSEUDONYM)):
        return Group()
    snapshot, table, access = opened
    if is_number and not access.may_see_personal:
        return Group(note="Numbers are found by those who may see personal data; others search by a pseudonym, anon-…")
    page = list_rows(snapshot, table, access, ListRequest((Filter("mtn", "", number),), limit=MOST))
    found = [
        Found(str(row["mtn"]), f"/data/marts/dim_lines/row/?{urlencode({'line_key': row['line_key']})}", _since(row))
        for row in page.rows.records()
    ]
    return Group(found, f"/data/marts/dim_lines/?{urlencode({'mtn': number})}" if page.next else "")


def _since(row: dict[str, object]) -> str:
    return f"{row['device_grouping'] or 'unknown device'}, valid from {row['valid_from']} to {row['valid_to'] or 'now'}"


def find_files(request: HttpRequest, text: str) -> Group:
    """Find deliveries by a part of the file's name."""
    opened = _readable(request, _FILES)
    if opened is None:
        return Group()
    wanted = ListRequest((Filter("file_name", "contains", text),), sort="landed_at", is_descending=True, limit=MOST)
    page = list_rows(*opened, wanted)
    found = [
        Found(
            str(row["file_name"]),
            f"/data/reports/files/?{urlencode({'feed': row['feed'], 'file_name': row['file_name']})}",
            f"{row['feed']}, {row['status']}, landed {row['landed_at']:%Y-%m-%d %H:%M}",
        )
        for row in page.rows.records()
    ]
    return Group(found, f"/data/reports/files/?{urlencode({'file_name__contains': text})}" if page.next else "")


def find_datasets(request: HttpRequest, text: str) -> Group:
    """Find datasets by a part of the name, those that the page Dictionaries lists."""
    snapshot: OpenSnapshot = request.snapshot()  # type: ignore[attr-defined]
    if _DATASETS not in catalog_of(snapshot):
        return Group()
    access = dataset_access(request.user.account_rights, snapshot)
    lines, following = list_datasets(snapshot, access, text, limit=MOST)
    found = [
        Found(line.name, f"/dictionaries/{quote(line.name)}/", f"version {line.current_version or line.newest_version}")
        for line in lines
    ]
    return Group(found, f"/dictionaries/?{urlencode({'_search': text})}" if following else "")


def find_tables(request: HttpRequest, text: str) -> Group:
    """Find tables by a word of their name, of their meaning, or of a column's name; those by name come first."""
    access = Access(request.user.account_rights)
    words, ranked = text.casefold(), []
    for table in access.readable(catalog_of(request.snapshot())).values():  # type: ignore[attr-defined]
        texts = (table.full_name, " ".join(table.by_name), table.description)
        places = [place for place, where in enumerate(texts) if words in where.casefold()]
        if places:
            ranked.append((places[0], table.full_name, table))
    found = [
        Found(name, f"/data/{table.schema}/{table.name}/", table.description)
        for _, name, table in sorted(ranked)[:MOST]
    ]
    return Group(found, f"/data/?{urlencode({'_search': text})}" if len(ranked) > MOST else "")


register_finder("Lines", find_lines)
register_finder("Files", find_files)
register_finder("Datasets", find_datasets)
register_finder("Tables", find_tables)
