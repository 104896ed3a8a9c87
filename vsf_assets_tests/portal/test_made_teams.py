"""Made-up files of other teams: nothing of them shows on any page, in the API, the search, tables, or the audit.

Here: two teams, tokens and roles. Not here: every address × every caller (test_rights_matrix.py).
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.made_world import SMALL, every_type, marketer, order, post_schema, schema_id

SECRET = "quarterlysecret"
OWN = {**SMALL, "name": SECRET, "columns": [{"name": f"{SECRET} column", "type": "City"}]}


def test_another_team_sees_nothing_of_a_schema(portal: Portal) -> None:
    ann, bob = marketer(portal), marketer(portal, "others", "bob")
    schema = schema_id(ann, OWN)
    order(ann, schema, rows=200_000)
    platform = portal.client(portal.account("cat", "marketer", team="platform"))
    for client in (bob, platform):
        for address in ("/made-up-files/", f"/search/?q={SECRET}", "/", "/status/", "/notices/", "/data/", "/team/"):
            page = client.get(address).content.decode()
            assert f"{SECRET}<" not in page.replace(f'value="{SECRET}"', ""), address
            assert f"{SECRET}-" not in page, address
        for address in ("schemas", f"schemas?search={SECRET}", "files?limit=1000", "me", "notices"):
            assert SECRET not in client.get(f"/api/v1/{address}").content.decode()
    assert SECRET in ann.get("/made-up-files/").content.decode()
    assert f'href="/made-up-files/{schema}/"' in ann.get(f"/search/?q={SECRET[3:9]}").content.decode()
    assert SECRET not in json.dumps([str(row) for row in audit_rows()])


def audit_rows() -> list[Any]:
    from vsf_assets.portal.audit.models import AuditEntry

    return list(AuditEntry.objects.values())


def test_two_teams_have_schemas_of_one_name_that_do_not_meet(portal: Portal) -> None:
    ann, bob = marketer(portal), marketer(portal, "others", "bob")
    schema_id(ann, SMALL)
    other = {**SMALL, "columns": [{"name": "name", "type": "Constant", "value": "bob's"}]}
    schema_id(bob, other)
    child = {
        "name": "orders",
        "columns": [{"name": "c", "type": "Foreign Key", "schema": "customers", "column": "name", "rows": 5}],
    }
    assert b"".join(order(bob, schema_id(bob, child), rows=2).streaming_content) == b"c\nbob's\nbob's\n"
    assert len(list((Path(portal.settings.landing) / "fake_schemas").glob("customers-*"))) == 2
    missing = post_schema(ann, {**child, "name": "x", "columns": [{**child["columns"][0], "schema": "orders"}]})  # type: ignore[dict-item, index]
    assert "the team has no saved schema 'orders'; there are: customers" in missing.json()["detail"]


def test_schemas_in_a_circle_are_refused_by_that_name(portal: Portal) -> None:
    ann = marketer(portal)
    first = schema_id(ann, SMALL)
    key = {"name": "k", "type": "Foreign Key", "schema": "orders", "column": "c", "rows": 5}
    orders = {"name": "orders", "columns": [{**key, "name": "c", "schema": "customers", "column": "id"}]}
    assert "in a circle" in post_schema(ann, {**orders, "columns": [key]}).json()["detail"]
    schema_id(ann, orders)
    changed = json.dumps({**SMALL, "columns": [key]})
    back = ann.put(f"/api/v1/schemas/{first}", changed, content_type="application/json")
    assert back.status_code == 422
    assert "in a circle" in back.json()["detail"]


@pytest.mark.parametrize("role", ["reader", "analyst", "steward", "engineer"])
def test_members_of_a_team_without_the_right_read_and_do_not_change(portal: Portal, role: str) -> None:
    ann = marketer(portal)
    schema = schema_id(ann, SMALL)
    member = portal.client(portal.account("member", role, team="made"))
    assert member.get(f"/made-up-files/{schema}/").status_code == 200
    assert member.get(f"/api/v1/schemas/{schema}/preview").status_code == 200
    assert member.delete(f"/api/v1/schemas/{schema}").status_code == 403
    assert order(member, schema, rows=1).status_code == 403
    assert member.post(f"/made-up-files/{schema}/delete/").status_code == 403
    assert member.get(f"/api/v1/schemas/{schema}").json()["name"] == "customers"


def test_a_token_makes_files_for_its_team_with_the_scope_deliver(portal: Portal) -> None:
    user = portal.account("ann", "marketer", team="made")
    client = portal.client()
    both, read = portal.token(user, "read", "deliver", team="made"), portal.token(user, "read", team="made")
    saved = post_schema(client, SMALL, **both)
    assert saved.status_code == 201
    assert post_schema(client, {**SMALL, "name": "x"}, **read).status_code == 403
    address = f"/api/v1/schemas/{saved.json()['id']}"
    assert client.get(address, **read).json()["team"] == "made"
    assert client.delete(address, **read).status_code == 403
    of_own_team = portal.token(user, "read", "deliver", team="~ann")
    assert client.get(address, **of_own_team).status_code == 404


def test_rows_of_tables_are_left_out_for_teams_with_a_grant(portal: Portal, tmp_path: Path) -> None:
    """A grant for the feeds opens what the platform asked for, and nothing of other teams."""
    from vsf_assets.portal.accounts.rights import READ
    from vsf_assets.portal.data.access import Access
    from vsf_assets.portal.data.owned_rows import conditions, foreign_partitions, is_foreign
    from vsf_assets.portal.data.table_catalog import catalog_of
    from vsf_assets.portal.made.models import RequestedFile, SchemaRevision
    from vsf_assets.portal.shared.open_pool import pool

    ann = marketer(portal)
    order(ann, schema_id(ann, OWN), rows=200_000)
    request, path = RequestedFile.objects.get().name, SchemaRevision.objects.get().path.rpartition("/")[2]
    portal.grant("others", "fake_requests", "fake_schemas", "fake_states")
    users = {
        "granted": portal.account("bob", "engineer", team="others"),
        "own": portal.account("dan", "reader", team="made"),
        "reader": portal.account("cat", "reader"),
        "engineer": portal.account("eve", "engineer"),
    }
    hidden = {"granted": True, "own": False, "reader": True, "engineer": False}
    with pool().current() as snapshot, duckdb.connect() as connection:
        connection.execute("create schema raw; create schema reports; use memory")
        connection.execute("create table raw.files (file_id bigint, feed text, partition_key text, file_name text)")
        connection.execute("insert into raw.files values (1, 'fake_schemas', null, ?)", [path])
        connection.execute("insert into raw.files values (2, 'fake_requests', $1, $1 || '.request.yaml')", [request])
        connection.execute("insert into raw.files values (3, 'fake_schemas', null, 'landed.schema.yaml')")
        connection.execute(
            "create table raw.fake_schemas as select file_id as _file_id from raw.files where file_id != 2"
        )
        connection.execute("create table reports.fake_requests as select ? as request", [request])
        connection.execute("create table raw.fake_states as from reports.fake_requests")
        for who, user in users.items():
            access, left = Access(user.account_rights, READ), {}
            for name in ("raw.files", "raw.fake_schemas", "reports.fake_requests", "raw.fake_states"):
                values: dict[str, Any] = {}
                where = " and ".join(conditions(snapshot, catalog_of(snapshot)[name], access, values)) or "true"
                used = {key: value for key, value in values.items() if f"${key}:" in where}
                sql = f"select count(*) from {name} where {where}"
                left[name] = connection.execute(sql, used).fetchall()[0][0]
            all_rows = {"raw.files": 3, "raw.fake_schemas": 2, "reports.fake_requests": 1, "raw.fake_states": 1}
            others = {"raw.files": 1, "raw.fake_schemas": 1, "reports.fake_requests": 0, "raw.fake_states": 0}
            assert left == (others if hidden[who] else all_rows), who
            foreign = foreign_partitions(user.account_rights, snapshot)
            assert is_foreign(foreign, "fake_schemas", None, path) == hidden[who]
            assert is_foreign(foreign, "fake_requests", request, "x") == hidden[who]


def test_names_of_a_deleted_team_stay_hidden(portal: Portal) -> None:
    from vsf_assets.portal.accounts.models import Team
    from vsf_assets.portal.made.access import foreign_files

    ann = marketer(portal)
    schema_id(ann, OWN)
    reader = portal.account("bob", "reader", team="others")
    Team.objects.get(name="made").delete()
    (name,) = foreign_files(reader.account_rights, None, "read")
    assert name.startswith(SECRET)


def test_records_of_deletions_stay_hidden(portal: Portal) -> None:
    from vsf_assets.portal.made.access import foreign_files

    ann = marketer(portal)
    schema = schema_id(ann, OWN)
    order(ann, schema, rows=200_000)
    ann.delete(f"/api/v1/schemas/{schema}")
    reader = portal.account("bob", "reader", team="others")
    landed = {path.name for path in (Path(portal.settings.landing) / "fake_schemas").iterdir()}
    assert len(landed) == 2
    assert set(foreign_files(reader.account_rights, None, "read")) == landed


def test_a_schema_waits_in_the_list_of_its_team_alone(portal: Portal) -> None:
    """The page Status lists files that wait; those of other teams are not among them."""
    from vsf_assets.portal.status import waiting_files

    ann = marketer(portal)
    schema_id(ann, OWN)
    waiting_files._kept.clear()  # of an earlier test
    engineer = portal.client(portal.account("eve", "engineer"))
    assert f"{SECRET}-" in engineer.get("/status/").content.decode()
    reader = portal.client(portal.account("cat", "reader"))
    assert f"{SECRET}-" not in reader.get("/status/").content.decode()


@pytest.mark.parametrize("form", ["page", "api"])
def test_hostile_names_are_shown_as_they_are(portal: Portal, form: str) -> None:
    from vsf_assets_tests.portal.world import HOSTILE

    client = marketer(portal)
    columns = [{"name": name, "type": "Constant", "value": name} for name in HOSTILE]
    schema = schema_id(client, {"name": "hostile", "columns": columns})
    if form == "api":
        preview = client.get(f"/api/v1/schemas/{schema}/preview").json()
        assert preview["columns"] == preview["rows"][0] == list(HOSTILE)
        return
    for address in (f"/made-up-files/{schema}/", f"/made-up-files/{schema}/edit/"):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "49" not in page.partition("7|add:7")[0][-20:]
    for name in ("<b>", "a\u202eb", "x" * 81, "", "..", "a/b", "a\nb"):
        answer = client.post("/made-up-files/new/", {"way": "empty", "name": name})
        assert answer.status_code == 422, name
        assert "<b>" not in answer.content.decode().partition("<main")[2].replace("<button", "")


def test_every_change_stands_in_the_audit_without_names(portal: Portal) -> None:
    client = marketer(portal)
    schema = schema_id(client, {**every_type(), "columns": OWN["columns"]})
    order(client, schema, rows=200_000)
    client.delete(f"/api/v1/schemas/{schema}")
    rows = [row for row in audit_rows() if row["action"].startswith("made.")]
    actions = ["made.schema_begun", "made.schema_saved", "made.file_requested", "made.schema_deleted"]
    assert sorted(row["action"] for row in rows) == sorted(actions)
    assert {row["team"] for row in rows} != {None}
    assert datetime.now(UTC) > max(row["at"] for row in rows)
    assert "all types" not in str(rows)
