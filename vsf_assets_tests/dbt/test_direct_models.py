"""Homes of tests that build the compiled SQL directly hold what dbt builds: the same tables, incremental and full.

Not here: any expected figure.
"""

from pathlib import Path

from vsf_assets_tests.builds import build_pending
from vsf_assets_tests.datasets import small_dataset
from vsf_assets_tests.dbt.deliveries import FEEDS, built_home, deliveries
from vsf_assets_tests.forms import opened
from vsf_assets_tests.warehouses import CAMPAIGNS, Home, clicks, conversions

Table = tuple[list[tuple[str, str]], list[str]]


def tables(file: Path) -> dict[str, Table]:
    """Return every table that dbt makes: its columns with their types, and its rows without the time of the build."""
    with opened(file) as connection:
        names = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables"
            " where table_catalog = current_database() and table_schema != 'raw'"
        ).fetchall()
        found = {}
        for (name,) in names:
            columns = [(row[0], row[1]) for row in connection.execute(f"describe {name}").fetchall()]
            kept = ", ".join(column for column, _ in columns if column not in ("loaded_at", "run_id", "published_at"))
            found[name] = (columns, sorted(map(repr, connection.execute(f"select {kept} from {name}").fetchall())))
        return found


def load(home: Home, first: int, last: int) -> None:
    """Load some deliveries of mobile analytics; without any, campaigns and a dataset, each with a defect.

    These come with the full build, which builds their models in any case.
    """
    for name, content, minute in deliveries(0)[first:last]:
        home.land(name, content, minute)
    if first == last:
        home.land("impressions_1.csv", b"banner_id,campaign_id\n1,7\n1,7\n")
        home.land("clicks_1.csv", clicks(1, 1, 2) + b"x,1,7\n", 1)
        home.land("conversions_1.csv", conversions(1, 3), 2)
        for file, content in small_dataset(namespaces=["ns-1,Fund,fund", "ns-2"]).items():
            home.land(f"datasets/a/{file}", content, 3)
    home.ingest(feeds=[*FEEDS, *CAMPAIGNS, "datasets"])


def test_tables_are_those_that_dbt_builds(tmp_path: Path) -> None:
    with_dbt, directly = built_home(tmp_path / "dbt"), built_home(tmp_path / "directly")
    middle = len(deliveries(0)) // 2
    for first, last, full in ((0, middle, False), (middle, len(deliveries(0)), False), (0, 0, True)):
        for home in (with_dbt, directly):
            load(home, first, last)
            # The data tests are asked in one of them: the tables of the other must be the same.
            build_pending(home.warehouse, checked=home is directly, full=full, with_dbt=home is with_dbt)
        built = tables(directly.warehouse.file)
        assert len(built) > 60
        assert sum(bool(rows) for _, rows in built.values()) > (35 if full else 20)
        assert built == tables(with_dbt.warehouse.file)
