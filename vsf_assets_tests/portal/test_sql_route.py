"""The address that answers SQL: who may ask, and the forms of answers and problems.

Here: the API, also on snapshots in a bucket. Not here: what a query can reach (test_sql.py). Expected values come from
DuckDB on the same file.
"""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.objects.test_portal_snapshots import fetched, publish
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.world import World


def ask(portal: Portal, header: dict[str, str], sql: str, **more: object) -> Any:
    body = json.dumps({"sql": sql, **more})
    return portal.client().post("/api/v1/sql", body, content_type="application/json", **header)


def test_the_api_answers_rows_columns_and_the_snapshot(portal: Portal, world: World) -> None:
    header = portal.token(portal.account("ann", "analyst", personal=True), "read", "export", "personal")
    answer = ask(portal, header, "select count(*) as lines from marts.dim_lines")
    assert answer.status_code == 200
    content = answer.json()
    (expected,) = world.query("select count(*) from marts.dim_lines")
    assert content["rows"] == [list(expected)]
    assert (content["columns"], content["types"], content["is_cut"]) == (["lines"], ["BIGINT"], False)
    number = content["snapshot"]
    assert answer.headers["X-Vsf-Snapshot"] == str(number)
    assert ask(portal, header, "select 1", snapshot=number).json()["rows"] == [[1]]
    gone = ask(portal, header, "select 1", snapshot=number + 1)
    assert gone.status_code == 410
    assert f"the current one is {number}" in gone.json()["detail"]


def test_a_problem_says_what_was_wrong(portal: Portal) -> None:
    header = portal.token(portal.account("ann", "analyst", personal=True), "read", "export", "personal")
    refused = ask(portal, header, "copy (select 1) to 'x.csv'")
    assert (refused.status_code, refused.json()["reason"]) == (400, "refused")
    assert "download the answer as CSV" in refused.json()["detail"]
    for character in ("\0", "\ud800"):
        assert ask(portal, header, f"select '{character}'").json()["reason"] == "refused"
    failed = ask(portal, header, "select nothing from marts.dim_lines")
    assert (failed.status_code, failed.json()["reason"]) == (400, "failed")
    assert 'Referenced column "nothing" not found' in failed.json()["detail"]


@pytest.mark.parametrize(
    ("role", "team", "personal", "scopes", "status"),
    [
        ("analyst", "platform", True, ("read", "export", "personal"), 200),
        ("admin", "platform", True, ("read", "export", "personal"), 200),
        ("reader", "platform", True, ("read", "export", "personal"), 403),
        ("analyst", "platform", False, ("read", "export", "personal"), 403),
        ("analyst", "platform", True, ("read", "export"), 403),
        ("analyst", "platform", True, ("read", "personal"), 403),
        ("analyst", "platform", True, ("export", "personal"), 403),
        ("analyst", "others", True, ("read", "export", "personal"), 403),
    ],
)
def test_only_who_may_read_everything_may_ask(
    portal: Portal, role: str, team: str, personal: bool, scopes: tuple[str, ...], status: int
) -> None:
    portal.grant("others", "clicks", "events", "lines")
    header = portal.token(portal.account("ann", role, team=team, personal=personal), *scopes, team=team)
    assert ask(portal, header, "select 1").status_code == status


def test_snapshots_in_a_bucket_are_answered(portal: Portal, bucket: Bucket, tmp_path: Path) -> None:
    from django.test import override_settings

    header = portal.token(portal.account("ann", "analyst", personal=True), "read", "export", "personal")
    settings = replace(portal.settings, home=tmp_path / "home", snapshots=bucket.address("snapshots"))
    with override_settings(VSF=settings):
        assert ask(portal, header, "from t").status_code == 503
        for number in (1, 2, 3):
            publish(bucket, number, tmp_path)
        answers = [ask(portal, header, "from t", snapshot=number) for number in (None, 2, 1, None)]
        assert [answer.json()["rows"] for answer in answers] == [[[3]], [[2]], [[1]], [[3]]]
        assert [answer.headers["X-Vsf-Snapshot"] for answer in answers] == ["3", "2", "1", "3"]
        assert fetched(bucket, "vsf-3.duckdb") == 1
        named = ask(portal, header, "select database_name from duckdb_databases() where not internal")
        assert named.json()["rows"] == [["vsf-3"]]
        assert ask(portal, header, "from t", snapshot=4).status_code == 410
        bucket.server.fail("error", path="vsf-2.duckdb", status=403, code="AccessDenied")
        away = ask(portal, header, "from t", snapshot=2)
        assert (away.status_code, "try again later" in away.json()["detail"]) == (503, True)
        bucket.server.fail("error", path="snapshots/current", status=403, code="AccessDenied")
        assert ask(portal, header, "from t").status_code == 503
        bucket.server.settle()
    copies = settings.home / "portal" / "snapshots"
    assert {file.name.partition("-")[2] for file in copies.rglob("*.duckdb")} == {"vsf-1.duckdb", "vsf-3.duckdb"}
    assert not list((copies / "lent").iterdir())


def test_an_analyst_reads_raw_tables_by_sql(portal: Portal, world: World) -> None:
    """As the decision says: whoever may ask reads the whole snapshot, also what pages keep for engineers."""
    user = portal.account("ann", "analyst", personal=True)
    header = portal.token(user, "read", "export", "personal")
    assert portal.client(user).get("/data/raw/builds/").status_code == 404
    answer = ask(portal, header, "select count(*) from raw.builds")
    assert answer.json()["rows"] == [list(world.query("select count(*) from raw.builds")[0])]
