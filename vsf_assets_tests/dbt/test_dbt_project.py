"""The dbt project on its own: it builds on nothing, its unit tests pass, scores equal another computation.

Not here: single rules of the models (dbt unit tests beside them) and the way through `vsf run`.
"""

import hashlib
import random
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.transform.dbt_paths import SCHEMAS_OF_ANALYSTS
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.builds import invoked
from vsf_assets_tests.commandline import Home
from vsf_assets_tests.data_tests import failed_data_tests
from vsf_assets_tests.forms import variables
from vsf_assets_tests.prebuilt import compiled_data_tests, put_built_warehouse

Pair = tuple[int, int]


@pytest.fixture
def empty(tmp_path: Path) -> Settings:
    """A home with a warehouse in which all was built on nothing, and every check passed: see prebuilt.py."""
    settings = read_settings(
        {"VSF_HOME": str(tmp_path / "home"), "VSF_SETTLE_SECONDS": "0", **variables(tmp_path / "home")}
    )
    put_built_warehouse(settings)
    return settings


def test_an_empty_warehouse_builds_typed_empty_tables_and_every_check_passes(empty: Settings) -> None:
    with Warehouse.of(empty).connect(read_only=True) as connection:
        sql = "select data_type from information_schema.columns where table_name = ? and column_name = ?"
        assert connection.execute(sql, ["fct_campaign_scores", "revenue"]).fetchall() == [("DECIMAL(38,6)",)]
        assert connection.table("marts.fct_campaign_scores").fetchall() == []


def test_the_schemas_of_analysts_come_first_in_any_list(empty: Settings) -> None:
    with Warehouse.of(empty).connect(read_only=True) as connection:
        tables = "from information_schema.tables where table_catalog = current_database()"
        sql = f"select distinct table_schema {tables} order by 1"
        schemas = [name for (name,) in connection.execute(sql).fetchall()]
    assert schemas[:3] == list(SCHEMAS_OF_ANALYSTS)
    assert schemas[3:] == ["transform_build_state", "transform_intermediate", "transform_previous_build"]


def test_the_unit_tests_of_the_models_pass(empty: Settings) -> None:
    result, _ = invoked(empty, ["test", "--select", "test_type:unit"])
    tests = [item for item in result.result if item.node.resource_type == "unit_test"]
    assert {item.node.name: item.message for item in tests if str(item.status) != "pass"} == {}
    assert len(tests) >= 20


def test_a_repeated_key_and_an_empty_required_column_are_found(empty: Settings) -> None:
    with Warehouse.of(empty).connect() as connection:
        connection.execute("insert into marts.dim_dates (calendar_date) values ('2019-05-20'), ('2019-05-20'), (null)")
    (found,) = dbt.build(Warehouse.of(empty), ["dim_dates_rows_are_whole"]).failed.values()
    assert (found.severity, found.columns) == ("error", ["problem", "row_count", "calendar_date"])
    assert sorted(found.rows) == [("incomplete", 1, None), ("repeated", 2, date(2019, 5, 20))]


def test_asked_directly_the_data_tests_find_what_dbt_finds(empty: Settings) -> None:
    """What other tests rely on who ask directly (data_tests.py), for rows that break several tests at once."""
    with Warehouse.of(empty).connect() as connection:
        connection.execute("insert into marts.dim_dates (calendar_date) values ('2019-05-20'), ('2019-05-20'), (null)")
        connection.execute("insert into marts.fct_campaign_scores (campaign_id, quarter, rank) values (1, 1, 1)")
        connection.execute("insert into raw.clicks (click_id, _file_id) values (1, 7)")
    result, _ = invoked(empty, ["test", "--exclude-resource-type", "unit_test"])
    failing = {item.node.name for item in result.result if str(item.status) == "fail"}
    found = failed_data_tests(Warehouse.of(empty).file, compiled_data_tests())
    assert found.keys() == failing
    assert len(failing) > 3


def test_a_table_whose_rows_cannot_be_made_keeps_those_it_had(empty: Settings) -> None:
    had = [("catalog", "p", "old.data", "book", 7)]
    columns = "feed, partition_key, file_name, record_type, records"
    with Warehouse.of(empty).connect() as connection:
        connection.execute(f"insert into reports.skipped_types ({columns}) values (?, ?, ?, ?, ?)", had[0])
        connection.execute(
            "insert into transform_intermediate.int_ledger__files by name select 1 as file_id, 'loaded' as status"
        )
        connection.execute(
            "insert into raw.skipped_types by name select 1 as _file_id, 'book' as record_type, 1 as records"
        )
        connection.execute("alter table raw.skipped_types rename to taken_away")
        broken = "case when random() < 2 then cast(error('no rows today') as bigint) end as records"
        connection.execute(f"create view raw.skipped_types as select * replace ({broken}) from raw.taken_away")
    outcome = dbt.build(Warehouse.of(empty), ["skipped_types"])
    assert ["no rows today" in error for error in outcome.errors] == [True]
    with Warehouse.of(empty).connect(read_only=True) as connection:
        assert connection.execute(f"select {columns} from reports.skipped_types").fetchall() == had


def scores_by_hand(
    impressions: set[Pair], clicks: dict[int, Pair], conversions: list[tuple[int, Decimal]], seed: str
) -> dict[int, list[int]]:
    """Choose banners as the rules say, straight from the rows of one quarter: campaign -> banners in rank order."""
    clicked = Counter(clicks.values())
    sold: Counter[Pair] = Counter()
    earned: dict[Pair, Decimal] = defaultdict(Decimal)
    for click_id, revenue in conversions:
        if click_id in clicks:
            sold[clicks[click_id]] += 1
            earned[clicks[click_id]] += revenue
    chosen = {}
    for campaign in sorted({pair[1] for pair in impressions | set(clicked)}):
        banners = sorted(b for b, c in impressions | set(clicked) if c == campaign)
        winners = [b for b in banners if sold[b, campaign]]
        winners.sort(key=lambda b: (-earned[b, campaign], -sold[b, campaign], -clicked[b, campaign], b))
        if len(winners) >= 5:
            chosen[campaign] = winners[:10]
            continue
        others = sorted(
            (b for b in banners if b not in winners and clicked[b, campaign]), key=lambda b: (-clicked[b, campaign], b)
        )
        rest = [b for b in banners if b not in winners and b not in others]
        rest.sort(key=lambda b: hashlib.md5(f"{seed}|1|{campaign}|{b}".encode()).hexdigest())
        chosen[campaign] = [*winners, *others, *rest][:5]
    return chosen


def made_up_quarter(rng: random.Random) -> tuple[list[Pair], dict[int, Pair], list[tuple[int, Decimal]]]:
    """Return impressions, clicks and conversions of campaigns small and large, with ties on purpose."""
    sizes = {campaign: rng.choice([1, 3, 4, 6, 8, 12, 20]) for campaign in range(1, 31)}
    pairs = [(campaign * 100 + n, campaign) for campaign, size in sizes.items() for n in range(size)]
    impressions = [rng.choice(pairs) for _ in range(4 * len(pairs))]
    quiet = {campaign for campaign in sizes if rng.random() < 0.3}
    clicks = {n: pair for n, pair in enumerate(rng.choice(pairs) for _ in range(len(pairs))) if pair[1] not in quiet}
    buyers = [click for click, pair in clicks.items() if pair[1] % 3]
    conversions = [(rng.choice(buyers), Decimal(rng.choice([1, 1, 2]))) for _ in range(len(pairs) // 2)]
    return impressions, clicks, conversions


@pytest.mark.parametrize("seed", ["vsf", "it's another"])
def test_scores_equal_an_independent_computation(home: Home, monkeypatch: pytest.MonkeyPatch, seed: str) -> None:
    monkeypatch.setenv("VSF_SCORE_SEED", seed)
    impressions, clicks, conversions = made_up_quarter(random.Random(seed))
    home.drop(
        {
            "impressions_1.csv": "banner_id,campaign_id\n" + "".join(f"{b},{c}\n" for b, c in impressions),
            "clicks_1.csv": "click_id,banner_id,campaign_id\n"
            + "".join(f"{n},{b},{c}\n" for n, (b, c) in clicks.items()),
            "conversions_1.csv": "conversion_id,click_id,revenue\n"
            + "".join(f"{n},{click},{revenue}\n" for n, (click, revenue) in enumerate(conversions)),
        }
    )
    home.load(checked=seed == "vsf")
    found = defaultdict(list)
    for campaign, banner in home.ask(
        "select campaign_id, banner_id from marts.fct_campaign_scores order by campaign_id, rank"
    ):
        found[campaign].append(banner)
    assert dict(found) == scores_by_hand(set(impressions), clicks, conversions, seed)
    rules = {row[0] for row in home.ask("select distinct rule from marts.fct_campaign_scores")}
    assert rules == {"top_revenue", "most_clicked", "random"}
