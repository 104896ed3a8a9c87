"""The engine rooms know no family: families plug in through `Feed`.

Here: the rules, each on the package and on code that breaks it. Not here: how names are found in code
(devtools/family_words.py), and the order of the rooms (test_rooms.py).
"""

import re
from pathlib import Path

import pytest

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets.devtools.family_words import (
    ENGINE,
    FAMILIES,
    FREE,
    OTHERS,
    ROOT,
    engine_mentions,
    family_by_name,
    is_called_after,
    mentions,
    paths_in_the_engine,
    strings_in,
    words_in_the_engine,
    words_of,
)
from vsf_assets.devtools.import_order import ROOMS
from vsf_assets.feeds import all_feeds

PLAIN_ENGLISH = {"line", "lines", "limits"}
"""Names of feeds that every reader of files and every query needs as words; as whole strings they are names."""


def words_of_families() -> dict[str, str]:
    """Return the module of a family by each word that is its own, in the singular and as declared."""
    return {word: family for word, family in words_of(family_by_name()).items() if word not in PLAIN_ENGLISH}


def tables_of_families() -> dict[str, str]:
    """Return the module of a family by its raw tables, and by the models in dbt's folders called after it."""
    names = family_by_name()
    tables = {name: family for name, family in names.items() if name.startswith("raw.")}
    models = PROJECT_ROOT / "dbt_project" / "models"
    for path in models.rglob("*.sql"):
        owners = [names[part] for part in path.parent.relative_to(models).parts if part in names]
        tables |= dict.fromkeys([path.stem], owners[0]) if owners else {}
    return tables


def test_names_are_read_from_the_declarations_and_the_engine_rooms_are_rooms() -> None:
    assert {"events", "mobile_states", "mobile", "raw.songs", *FAMILIES, *all_feeds()} <= set(family_by_name())
    assert set(ENGINE) | set(FREE) <= set(ROOMS)


def test_the_engine_rooms_name_no_family() -> None:
    assert list(strings_in(ENGINE, family_by_name(), is_allowed_after_family=False)) == []


def test_the_engine_rooms_have_no_word_of_a_family_in_names_and_strings() -> None:
    words, tables = words_of_families(), tables_of_families()
    assert {"event", "catalog", "dataset_change"} <= set(words)
    assert {"raw.songs", "fct_activity_events", "int_datasets__uploads"} <= set(tables)
    assert list(words_in_the_engine(words, tables)) == []


def test_the_engine_rooms_are_not_called_after_families() -> None:
    assert paths_in_the_engine(words_of_families()) == []
    assert "landing/pending.py" in paths_in_the_engine({"pending"})


def test_a_word_of_sql_is_no_name_of_a_family_but_its_plural_is() -> None:
    assert words_of({"orders": "orders", "raw.orders": "orders"}) == {"orders": "orders"}
    assert words_of({"visits": "visits"}) == {"visit": "visits", "visits": "visits"}


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('F = f"{root}/datasets/{name}"', ["datasets"]),
        ('SQL = "select * from marts.fct_activity_events"', ["marts.fct_activity_events"]),
        ('SQL = f"from raw.songs where {x} and y"', ["raw.songs"]),
        ("def read_events(x): pass", ["read_events"]),
        ("class CatalogScan: pass", ["CatalogScan"]),
        ("class HTTPEvent: pass", ["HTTPEvent"]),
        ("def f(dataset_changes=1): pass\nf(mobile=2)", ["dataset_changes", "mobile"]),
        ("settings.events_start", ["events_start"]),
        ("import vsf_assets.catalog.scan", ["vsf_assets.catalog.scan"]),
        ("from vsf_assets.synthetic import writers", ["vsf_assets.synthetic.writers"]),
        ("import pyarrow.dataset as campaigns", ["campaigns"]),
        ('"""events"""\nfrom dbt_common.events import f\nVALUE = "VSF_EVENTS_START"\nlines = "limit 1; eventual"', []),
    ],
)
def test_a_word_of_a_family_is_found_in_names_and_strings(code: str, found: list[str]) -> None:
    mentioned = [name for _, name in engine_mentions(code, words_of_families(), tables_of_families())]
    assert mentioned == found


def test_other_rooms_name_a_family_only_in_files_called_after_it() -> None:
    assert list(strings_in(OTHERS, family_by_name(), is_allowed_after_family=True)) == []


def test_the_tools_and_the_definitions_name_families_only_as_rooms() -> None:
    """Some rooms are called after their family, and devtools/import_order.py lists the rooms."""
    families = family_by_name()
    lines = list(strings_in(["devtools"], families, is_allowed_after_family=True))
    definitions = (ROOT / "definitions.py").read_text(encoding="utf-8")
    lines += [f"definitions.py names {what}" for _, what, _ in mentions(definitions, families)]
    rooms = [f"devtools/import_order.py names {what} of {what}" for what in ROOMS if what in families]
    assert [re.sub(r":\d+", "", line) for line in lines] == rooms


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('NAME = "clicks"', ["clicks"]),
        ('def f():\n    """Of clicks."""\n    return feed == "mobile_states"', ["mobile_states"]),
        ('SQL = "select * from raw.songs join raw.files"', ["raw.songs"]),
        ('SQL = f"select {column} from raw.events where true"', ["raw.events"]),
        ("def f():\n    from vsf_assets.feeds.by_family.catalog import A", ["vsf_assets.feeds.by_family.catalog.A"]),
        ("from vsf_assets.contracts.by_family import mobile", ["vsf_assets.contracts.by_family.mobile"]),
        ("import vsf_assets.feeds.by_family.mobile", ["vsf_assets.feeds.by_family.mobile"]),
        ('"""clicks"""\nfrom vsf_assets.feeds import by_family\nTEXT = "the clicks of today; raw.findings"', []),
    ],
)
def test_a_name_is_found_where_it_stands(code: str, found: list[str]) -> None:
    assert [what for _, what, _ in mentions(code, family_by_name())] == found


def test_a_file_is_called_after_a_family_by_a_word_of_its_path() -> None:
    assert is_called_after(Path("catalog/clients/http.py"), "catalog")
    assert is_called_after(Path("defs/dataset_reports.py"), "datasets")
    assert is_called_after(Path("pipeline/synthetic_queue.py"), "synthetic")
    assert not is_called_after(Path("landing/catalogue.py"), "catalog")
    assert not is_called_after(Path("catalog/scan.py"), "datasets")
