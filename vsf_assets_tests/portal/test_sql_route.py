"""The address that answers SQL: who may ask, and the forms of answers and problems.

Here: the API. Not here: what a query can reach (test_sql.py). Expected values come from DuckDB on the same file.
"""

import json
from typing import Any

import pytest

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
        ("analyst", "others", True, ("read", "export", "personal"), 403),
    ],
)
def test_only_who_may_read_everything_may_ask(
    portal: Portal, role: str, team: str, personal: bool, scopes: tuple[str, ...], status: int
) -> None:
    portal.grant("others", "clicks", "events", "lines")
    header = portal.token(portal.account("ann", role, team=team, personal=personal), *scopes, team=team)
    assert ask(portal, header, "select 1").status_code == status
