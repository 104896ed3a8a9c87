"""Comments on marts and reports: every build writes those of the tables that it made, in one transaction.

Here: what the database says after a build. Not here: raw tables (engine/test_comments.py) and the pages in docs/.
"""

import json
import shutil
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner

from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.contracts.descriptions import comment
from vsf_assets.devtools.data_dictionary import current_entries
from vsf_assets.publish.publish import publish
from vsf_assets.transform import dbt_runner as dbt
from vsf_assets.transform.dbt_paths import DBT_PROJECT
from vsf_assets.transform.dbt_private import close_connections
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.builds import invoked
from vsf_assets_tests.comments import read_comments, uncommented
from vsf_assets_tests.docs.pages import blocks, text_of
from vsf_assets_tests.forms import opened, variables
from vsf_assets_tests.prebuilt import put_built_warehouse


@pytest.fixture
def built(tmp_path: Path) -> Settings:
    """A home with a warehouse in which all was built on nothing: see prebuilt.py."""
    path = tmp_path / "home"
    settings = read_settings({"VSF_HOME": str(path), "VSF_SETTLE_SECONDS": "0", **variables(path)})
    put_built_warehouse(settings)
    return settings


def comment_on(settings: Settings, *statements: str) -> None:
    with Warehouse.of(settings).connect() as connection:
        for statement in statements:
            connection.execute(f"comment on {statement}")


def test_a_snapshot_has_a_comment_on_every_table_and_column(built: Settings) -> None:
    warehouse = Warehouse.of(built)
    with warehouse.lock("publish"):
        snapshot = publish(warehouse, 7)
    with opened(snapshot) as connection:
        assert uncommented(connection) == []


def test_comments_say_what_the_data_dictionary_says(built: Settings) -> None:
    wanted: dict[tuple[str, str | None], str] = {}
    for entry in current_entries():
        refers = [(reference.column, reference.target) for reference in entry.references]
        wanted[entry.name, None] = comment(entry.description, entry.key, refers)
        wanted |= {(entry.name, column.name): column.description for column in entry.columns}
    with Warehouse.of(built).connect(read_only=True) as connection:
        assert read_comments(connection) == wanted


def test_a_table_s_comment_names_its_key_and_what_its_columns_refer_to(built: Settings) -> None:
    with Warehouse.of(built).connect(read_only=True) as connection:
        found = read_comments(connection)
    assert (found["marts.fct_usage_limits", None] or "").endswith(
        "Usage limits. One row per line, account, date and kind of limit. Key: usage_limit_key."
        " References: account_key to marts.dim_accounts.account_key, date_key to marts.dim_dates.calendar_date,"
        " line_key to marts.dim_lines.line_key."
    )
    assert (found["marts.dim_song_versions", None] or "").endswith(
        " Key: song_key, version_number. References: song_key to marts.dim_songs.song_key."
    )
    assert "Key:" not in (found["reports.files", None] or "")


def test_the_query_of_the_guide_for_analysts_shows_what_columns_mean(built: Settings) -> None:
    (sql,) = (block for block in blocks(text_of("docs/analysts.md"), "sql") if "duckdb_columns" in block)
    with Warehouse.of(built).connect(read_only=True) as connection:
        found = connection.execute(sql).fetchall()
    (table,) = (table for table in current_entries() if table.name == "marts.fct_activity_daily")
    assert found == [(column.name, column.type.upper(), column.description) for column in table.columns]


def test_a_build_writes_the_comments_of_the_tables_it_made_and_no_others(built: Settings) -> None:
    comment_on(
        built,
        "table marts.dim_event_types is 'made again, so lost'",
        "table marts.fct_activity_daily is 'its days are replaced in place'",
        "column marts.fct_activity_daily.events is null",
        "table marts.dim_songs is 'not made in this build'",
    )
    outcome = dbt.build(Warehouse.of(built), ["dim_event_types", "fct_activity_daily"])
    assert outcome.errors == []
    with Warehouse.of(built).connect(read_only=True) as connection:
        found = read_comments(connection)
    assert (found["marts.dim_event_types", None] or "").startswith("One row per event type")
    assert (found["marts.fct_activity_daily", None] or "").startswith("Who was active when.")
    assert found["marts.fct_activity_daily", "events"] == "Activity events of the line on that date."
    assert found["marts.dim_songs", None] == "not made in this build"


def test_checks_and_compiling_write_no_comments(built: Settings) -> None:
    comment_on(built, "table marts.dim_songs is 'left alone'")
    for arguments in (["test", "--select", "dim_songs_rows_are_whole"], ["compile", "--select", "dim_songs"]):
        result, _ = invoked(built, arguments)
        assert result.success
    with Warehouse.of(built).connect(read_only=True) as connection:
        assert read_comments(connection)["marts.dim_songs", None] == "left alone"


def test_dbt_by_hand_writes_them_too(built: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    comment_on(built, "table marts.dim_event_types is null", "column marts.dim_event_types.feature is null")
    target = built.home / "by-hand"
    target.mkdir()
    shutil.copy(dbt.ensure_manifest(built).with_name("partial_parse.msgpack"), target)  # parsing takes the longest
    places = {
        "--project-dir": DBT_PROJECT,
        "--profiles-dir": DBT_PROJECT,
        "--target-path": target,
        "--log-path": target,
    }
    words = ["build", "--select", "dim_event_types", "--exclude-resource-type", "unit_test"]
    with Warehouse.of(built).building() as target_of_dbt:
        monkeypatch.setenv("VSF_WAREHOUSE_FILE", target_of_dbt.path)
        monkeypatch.setenv("VSF_WAREHOUSE_STATEMENTS", json.dumps(target_of_dbt.statements))
        try:
            done = dbtRunner().invoke(["--quiet", *words, *(str(word) for place in places.items() for word in place)])
        finally:
            close_connections()
    assert done.success, done.result
    with opened(Warehouse.of(built).file) as connection:
        found = read_comments(connection)
    assert (found["marts.dim_event_types", None] or "").endswith("Key: event_type_key.")
    assert (found["marts.dim_event_types", "feature"] or "").startswith("Part of the app")
