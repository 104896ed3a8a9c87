"""Catalogs from fetched files to marts: the figures of the samples, which record stands, and the rebuild.

Not here: single rules of the models (dbt unit tests beside them), and fetching.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.pipeline.rebuild import rebuild
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.builds import build_pending, built_directly
from vsf_assets_tests.catalogs import app, fetched, load, movie, scan, song
from vsf_assets_tests.dbt.deliveries import built_home, tables
from vsf_assets_tests.warehouses import Home, clicks


def build(home: Home, warehouse: Warehouse | None = None) -> dbt.DbtOutcome:
    """Build what changed; every check must pass."""
    outcome = build_pending(warehouse or home.warehouse)
    assert outcome is not None
    return outcome


@pytest.fixture(scope="module")
def sampled(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Return a home with the samples as one look left them, built and published."""
    folder = samples / "catalog"
    names = (folder / "files_list.data").read_text().split()
    home = built_home(tmp_path_factory.mktemp("sampled"))
    scan(home, {name: (folder / name).read_bytes() for name in names})
    load(home)
    build(home)
    return home


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select count(*), sum(lines_read) from reports.files where feed = 'catalog'", (12, 23646)),
        ("select sum(rows_quarantined), sum(rows_skipped) from reports.files", (0, 4415)),
        ("select record_type, sum(records) from reports.skipped_types group by all", ("book", 4415)),
        ("select count(*) from raw.movies", (6958,)),
        ("select count(*) from raw.apps", (6204,)),
        ("select count(*) from raw.songs", (6069,)),
        ("select count(*), sum(year), sum(length(release)) from marts.dim_songs", (6052, 6265413, 119245)),
        ("select release from marts.dim_songs where artist_name = 'Nelly' and title = 'N Dey Say'", ("N Dey Say",)),
        ("select count(*), sum(budget) from marts.dim_movies", (6486, 26248438933)),
        ("select count(*), count_if(is_awesome), sum(size_bytes) from marts.dim_apps", (4257, 8, 850254750684)),
        ("select sum(length(release)) from marts.dim_song_versions where version_number = 1", (119241,)),
        ("select anomaly, count(*) from reports.anomalies group by all", ("duplicate_key", 2)),
    ],
)
def test_the_samples_give_their_figures(sampled: Home, sql: str, expected: tuple[Any, ...]) -> None:
    assert sampled.query(sql) == [expected]


def test_the_archive_alone_gives_the_samples_again(sampled: Home) -> None:
    before = tables(sampled)
    with built_directly():
        report = rebuild(sampled.warehouse, "rebuild")
    assert report.problems == []
    assert tables(sampled) == before


FIRST = {
    "a.data": [song(year=1), movie("M m", budget=1), app(size=1)],
    "b.data": [song(year=2), song("B"), app("Z", size=2_000_000)],
}
SECOND = {"a.data": [song(year=3), movie("m-m", budget=2)], "gone.data": None}


def current_values(home: Home) -> list[tuple[Any, ...]]:
    return home.query("select artist_name, year, object_name, versions from marts.dim_songs order by 1")


@pytest.mark.parametrize("way", ["at once", "look by look", "the first object failed"])
def test_the_later_record_stands_whenever_it_was_fetched(tmp_path: Path, way: str) -> None:
    home = built_home(tmp_path)
    late = ("a.data",) if way == "the first object failed" else ()
    scan(home, FIRST, 0, late=late)
    load(home)
    if way != "at once":
        build(home)
        assert current_values(home)[0] == ("A", 2, "b.data", 1 if late else 2)
    scan(home, SECOND, 1)
    load(home)
    if late:
        fetched(home, "a.data", FIRST["a.data"])
        load(home)
    build(home)
    assert current_values(home) == [("A", 3, "a.data", 3), ("B", 2000, "b.data", 1)]
    versions = "select year, valid_from = valid_to, is_current from marts.dim_song_versions where artist_name = 'A'"
    assert home.query(f"{versions} order by version_number") == [(1, True, False), (2, False, False), (3, None, True)]
    movies = "select original_title, budget, versions, original_title_normalized from marts.dim_movies order by budget"
    assert home.query(movies) == [("M m", 1, 1, "m_m"), ("m-m", 2, 1, "mm")]
    found = home.query(
        "select file_name, line_number, anomaly, column_name, raw_value from reports.anomalies order by all"
    )
    assert found == [
        ("a.data", 0, "duplicate_key", "year", "3"),
        ("b.data", 0, "duplicate_key", "year", "2"),
        ("gone.data", None, "vanished", None, None),
    ]


@pytest.mark.both_forms
def test_a_state_that_returns_stands_again_and_one_that_stays_adds_nothing(tmp_path: Path) -> None:
    home = built_home(tmp_path)
    states = [[song(year=1)], [song(year=2)], [song(year=1)], [song(year=1)]]
    for minute, records in enumerate(states):
        scan(home, {"a.data": records, "b.data": [song(year=1)]} if minute == 0 else {"a.data": records}, minute)
        load(home)
    build(home)
    assert current_values(home) == [("A", 1, "a.data", 3)]
    assert home.query("select anomaly, count(*) from reports.anomalies group by all order by all") == [
        ("duplicate_file", 1),
        ("duplicate_key", 1),
    ]


def test_only_what_depends_on_the_changed_feeds_is_built(tmp_path: Path) -> None:
    home = built_home(tmp_path)
    home.land("clicks_1.csv", clicks(1))
    home.ingest()
    build(home)
    scan(home, FIRST)
    load(home)
    built = set(build(home).timings)
    assert {"int_catalog__object_states", "dim_songs", "dim_app_versions", "anomalies", "files"} <= built
    assert not {name for name in built if "campaign" in name or "vsf" in name}
    home.land("clicks_1_more.csv", clicks(2), minute=5)
    home.ingest()
    built = set(build(home).timings)
    assert not {name for name in built if name.startswith(("int_catalog", "dim_song", "dim_movie", "dim_app"))}


def test_a_profile_has_a_rule_of_its_own_and_a_changed_one_builds_anew(tmp_path: Path) -> None:
    home = built_home(tmp_path)
    scan(home, {"a.data": [app("big", size=2_000_000), app("small")]})
    scan(home, {"a.data": [app("theirs", size=2_000_000, rating=5)]}, profile="theirs")
    load(home)
    build(home)
    awesome = "select name from marts.dim_apps where is_awesome order by 1"
    assert home.query(awesome) == [("small",)]
    ruled = replace(home.settings, awesome_rules={"theirs": "rating >= 4 and size_bytes > 5"})
    build(home, Warehouse(ruled, home.warehouse.form))
    assert home.query(awesome) == [("small",), ("theirs",)]


def test_titles_and_parts_that_differ_are_entries_of_their_own(tmp_path: Path) -> None:
    """Vowel signs belong to letters, an accent may be written in two ways, and a `|` is no border between parts."""
    home = built_home(tmp_path)
    titles = ["सैयारा", "सियार", "Am\u00e9lie", "Ame\u0301lie", "???", "!!!"]
    records = [movie(title, budget=n) for n, title in enumerate(titles)]
    records += [song("A|B", "C"), song("A", "B|C"), app("N|1", "2"), app("N", "1|2")]
    scan(home, {"a.data": records})
    load(home)
    build(home)
    assert home.query("select original_title_normalized, budget from marts.dim_movies order by budget") == [
        ("सैयारा", 0),
        ("सियार", 1),
        ("am\u00e9lie", 3),
        ("???", 4),
        ("!!!", 5),
    ]
    assert home.query("select artist_name, title from marts.dim_songs order by 1") == [("A", "B|C"), ("A|B", "C")]
    assert home.query("select name, version from marts.dim_apps order by 1") == [("N", "1|2"), ("N|1", "2")]
    assert home.query("select song_key = md5('A|B|C') from marts.dim_songs where artist_name = 'A'") == [(True,)]
