"""SQL on snapshots of a lake: which copy is asked, by whom, what is said while there is none, and that copies go.

Here: the API on a home with a lake. Not here: pages, which read the snapshot itself (lake/test_local_lake.py), masks
(test_masked_copies.py), and what a query reaches (test_sql.py).
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from django.test import override_settings

from vsf_assets.masking.keep_copies import CopyKeeper, PlainCopyKeeper
from vsf_assets.masking.masked_snapshots import every_copy
from vsf_assets.publish.old_snapshots import prune
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.test_sql_route import ask
from vsf_assets_tests.portal.world import PHONES
from vsf_assets_tests.warehouses import Home, publish_click

LINES = "select mtn, n from marts.dim_lines"
KEY = b"a key of pseudonyms, longer than 32 bytes"


@pytest.fixture
def lake(tmp_path: Path) -> Home:
    """A home with a lake, with one line in a mart and snapshot 1."""
    home = Home(tmp_path / "home", LAKE=str(tmp_path / "lake"), PORTAL_SQL="unconfined", PORTAL_MASKED="yes")
    home.ingest()
    (home.settings.home / "portal").mkdir()
    with home.warehouse.write("test") as connection:
        connection.execute("create schema if not exists marts")
        connection.execute("drop table if exists marts.dim_lines")
        connection.execute(f"create table marts.dim_lines as select '{PHONES[0]}' as mtn, 1 as n")
    publish_click(home, 1)
    return home


def test_sql_asks_a_copy_that_holds_the_rows(portal: Portal, lake: Home) -> None:
    from vsf_assets.portal.accounts.models import User

    header = portal.token(portal.account("bob", "analyst", personal=True), "read", "export", "personal")
    blind = portal.token(portal.account("ann", "analyst"), "read", "export")
    keepers = [CopyKeeper(lake.settings, KEY), PlainCopyKeeper(lake.settings)]
    chosen = replace(portal.settings.portal, masked=True)
    with override_settings(VSF=lake.settings, VSF_PORTAL=chosen, VSF_PSEUDONYM_KEY=KEY):
        waiting = ask(portal, header, LINES)
        assert waiting.status_code == 503
        assert "the copy for SQL of snapshot 1 is being made; ask again in a minute" in waiting.json()["detail"]
        assert [keeper.refresh() for keeper in keepers] == [True, True]
        assert [keeper.refresh() for keeper in keepers] == [False, False]

        answer = ask(portal, header, LINES).json()
        assert (answer["rows"], answer["snapshot"], answer["note"]) == ([[PHONES[0], 1]], 1, "")
        assert ask(portal, header, "select click_id from raw.clicks").json()["rows"] == [[1]]
        ((masked, _),) = ask(portal, blind, LINES).json()["rows"]
        assert masked.startswith("anon-")

        publish_click(lake, 2)
        page = portal.client(User.objects.get(username="bob")).get("/questions/sql/?sql=select+1&snapshot=2")
        assert "The copy for SQL of snapshot 2 is being made; ask snapshot 1." in page.content.decode()
        answer = ask(portal, header, "select click_id from raw.clicks").json()
        assert answer["rows"] == [[1]]
        assert answer["note"] == "this is snapshot 1: the copy for SQL of snapshot 2 is being made"
        assert ask(portal, header, LINES, snapshot=3).status_code == 410
        assert keepers[1].refresh()
        answer = ask(portal, header, "select click_id from raw.clicks order by 1").json()
        assert (answer["rows"], answer["note"]) == ([[1], [2]], "")
        assert ask(portal, header, "select click_id from raw.clicks", snapshot=1).json()["rows"] == [[1]]


@pytest.mark.lake
def test_a_copy_goes_with_its_snapshot(lake: Home) -> None:
    keeper = PlainCopyKeeper(lake.settings)
    for number in (2, 3):
        assert keeper.refresh()
        publish_click(lake, number)
    assert [copy.path for copy in every_copy(lake.settings.snapshots)] == ["plain/vsf-1.duckdb", "plain/vsf-2.duckdb"]
    settings = replace(lake.settings, keep_snapshots=1, keep_snapshot_hours=0)
    prune(settings, now=datetime.now(UTC) + timedelta(days=30))
    assert every_copy(lake.settings.snapshots) == []


def test_a_snapshot_that_holds_its_rows_has_no_copy(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", LAKE="")
    snapshot = publish_click(home, 1)
    assert not PlainCopyKeeper(home.settings).refresh()
    assert not (Path(home.settings.snapshots) / "plain").exists()
    assert isinstance(snapshot, Path)
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        assert connection.execute("select click_id from raw.clicks").fetchall() == [(1,)]
