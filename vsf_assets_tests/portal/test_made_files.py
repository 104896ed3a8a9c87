"""Made-up files: schemas, their revisions in the landing zone, first rows, files at once, and requests.

Here: what the API and the pages answer, without a browser. Not here: the editor (test_made_editor.py), other teams
(test_made_teams.py), processes and streams (test_made_streams.py), a browser and a run (test_made_browser.py).
"""

import csv
import hashlib
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from vsf_assets.pipeline.request_progress import RequestProgress, write_progress
from vsf_assets.synthetic.request_spec import request_of
from vsf_assets.synthetic.schema_parser import parse_mapping, parse_schema
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.made_world import (
    SMALL,
    bytes_of,
    every_type,
    marketer,
    order,
    post_schema,
    schema_id,
    streamed,
)


def landed(portal: Portal, feed: str = "fake_schemas") -> list[Path]:
    return sorted((Path(portal.settings.landing) / feed).glob("*"))


def test_a_saved_schema_is_a_landed_file(portal: Portal) -> None:
    client = marketer(portal)
    answer = post_schema(client, SMALL).json()
    assert (answer["name"], answer["revision"], answer["state"]) == ("customers", 1, "saved, in use from the next run")
    (file,) = landed(portal)
    schema = parse_schema(file.read_bytes())
    assert schema.name.startswith("customers-")
    assert (schema.table, schema.separator) == ("customers", ";")
    assert [column.name for column in schema.columns] == ["id", "name", "born"]
    assert "saved, in use from the next run" in client.get(f"/made-up-files/{answer['id']}/").content.decode()
    file.unlink()  # a run took it
    assert client.get(f"/api/v1/schemas/{answer['id']}").json()["state"] == "in use"
    assert portal.audit()[-2:] == ["made.schema_begun", "made.schema_saved"]


def put(client: Any, schema: str, content: Any) -> Any:
    """Save a revision of a schema; return the answer."""
    return client.put(f"/api/v1/schemas/{schema}", json.dumps(content), content_type="application/json")


def test_saving_again_lands_a_revision_unless_nothing_changed(portal: Portal) -> None:
    client = marketer(portal)
    schema = schema_id(client, SMALL)
    assert put(client, schema, SMALL).json()["revision"] == 1
    assert len(landed(portal)) == 1
    assert put(client, schema, {**SMALL, "quote": "single"}).json()["revision"] == 2
    assert len({parse_schema(file.read_bytes()).name for file in landed(portal)}) == 2
    wrong = put(client, schema, {**SMALL, "columns": [{"name": "id", "type": "Integer", "from": 5, "to": 1}]})
    assert wrong.status_code == 422
    assert "column 'id', option from: 5 is greater than to: 1" in wrong.json()["detail"]
    assert client.get(f"/api/v1/schemas/{schema}").json()["content"]["quote"] == "single"
    assert post_schema(client, SMALL).status_code == 409  # the name
    assert post_schema(client, {**SMALL, "name": "../x"}).status_code == 422
    assert len(landed(portal)) == 2


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl", "sql"])
def test_a_small_file_is_that_of_the_generator_byte_for_byte(portal: Portal, form: str) -> None:
    client = marketer(portal)
    schema_id(client, SMALL)
    content = every_type()
    schema = schema_id(client, content)
    found = streamed(order(client, schema, rows=1000, seed=7, format=form))
    assert found == bytes_of(content, 1000, 7, form, SMALL)
    assert landed(portal, "fake_requests") == []
    assert not list((portal.settings.home / "portal").glob("exports/*"))


def test_the_preview_is_the_first_ten_rows_of_the_file(portal: Portal) -> None:
    client = marketer(portal)
    schema_id(client, SMALL)
    content = every_type()
    content["columns"][2]["unique"] = True  # e-mail addresses depend on the number of rows then
    schema = schema_id(client, content)
    rows = list(csv.reader(io.StringIO(bytes_of(content, 70_000, 3, "csv", SMALL).decode(), newline="")))
    found = client.get(f"/api/v1/schemas/{schema}/preview?rows=70000&seed=3").json()
    assert (found["columns"], found["rows"]) == (rows[0], rows[1:11])
    assert len(client.get(f"/api/v1/schemas/{schema}/preview?rows=3").json()["rows"]) == 3


def test_an_exported_schema_gives_the_same_bytes(portal: Portal) -> None:
    client = marketer(portal)
    content = {"name": "open", "columns": [{"name": 'a "b": no', "type": "Date"}, {"name": "#\u202e", "type": "City"}]}
    schema = schema_id(client, content)
    text = client.get(f"/made-up-files/{schema}/schema.yaml").content
    assert parse_mapping(text)["columns"] == content["columns"]
    exported = parse_schema(text)
    assert exported.today is not None  # so that another day gives the same file
    assert streamed(order(client, schema, rows=50)) == bytes_of(parse_mapping(text), 50)


def test_a_large_file_is_a_landed_request_that_names_the_revision(portal: Portal) -> None:
    client = marketer(portal)
    schema_id(client, SMALL)
    schema = schema_id(client, every_type())
    answer = order(client, schema, rows=100_001, seed=5, format="parquet")
    assert answer.status_code == 202
    (file,) = landed(portal, "fake_requests")
    request = request_of(parse_mapping(file.read_bytes()))
    names = [parse_schema(each.read_bytes()) for each in landed(portal)]
    revision = next(each for each in names if each.name == request.schema_name)
    assert revision.parents == (next(each.name for each in names if each.table == "customers"),)
    assert (request.rows, request.seed, request.format, request.owner) == (100_001, 5, "parquet", "ann")
    state = client.get(answer.json()["url"]).json()
    assert (state["state"], state["rows"], state["content_url"]) == ("queued", 100_001, None)
    assert state["reason"] == "waits for the next run, which takes revision 1 first"
    assert client.get(f"{answer.json()['url']}/content").status_code == 409


def test_a_request_follows_a_schema_that_its_foreign_key_leads_to(portal: Portal) -> None:
    client = marketer(portal)
    parent = schema_id(client, SMALL)
    child = {"name": "orders", "columns": [{"name": "customer", "type": "Foreign Key", "schema": "customers"}]}
    child["columns"][0] |= {"column": "id", "rows": 100}  # type: ignore[index, operator]
    schema = schema_id(client, child)
    changed = {**SMALL, "columns": [{"name": "id", "type": "Integer", "from": 5, "to": 5}]}
    client.put(f"/api/v1/schemas/{parent}", json.dumps(changed), content_type="application/json")
    assert streamed(order(client, schema, rows=3)) == b"customer\n5\n5\n5\n"
    assert order(client, schema, rows=200_000).json()["revision"] == 2
    assert "<b>orders</b> lead to it" in client.get(f"/made-up-files/{parent}/delete/").content.decode()
    assert "lead to it" not in client.get(f"/made-up-files/{schema}/delete/").content.decode()
    assert client.delete(f"/api/v1/schemas/{parent}").status_code == 204
    gone = order(client, schema, rows=3)
    assert gone.status_code == 422
    assert "the team has no saved schema 'customers'" in gone.json()["detail"]


def test_states_follow_the_run_and_are_asked_for_with_a_tag(portal: Portal) -> None:
    client = marketer(portal)
    schema = schema_id(client, SMALL)
    url = order(client, schema, rows=200_000).json()["url"]
    from vsf_assets.portal.made.models import RequestedFile

    request = RequestedFile.objects.get()
    page = f"/made-up-files/{schema}/"

    def part(tag: str = "") -> Any:
        return client.get(page, HTTP_X_VSF_PART="files", HTTP_IF_NONE_MATCH=tag)

    tags = [part()["ETag"]]
    assert part(tags[0]).status_code == 304
    write_progress(portal.settings, request.name, RequestProgress("processing", 40), pytest.fail)
    now = part(tags[0])
    assert "processing 40 %" in now.content.decode()
    assert client.get(url, HTTP_IF_NONE_MATCH=client.get(url)["ETag"]).status_code == 304
    put(client, schema, {**SMALL, "quote": "single"})
    later = part(now["ETag"]).content.decode()  # the file is of the earlier revision, as the whole page says too
    assert "revision 1</span>" in later
    assert later.strip() in client.get(page).content.decode()
    target = portal.settings.made / request.target
    target.parent.mkdir(parents=True)
    target.write_bytes(b"made")
    write_progress(portal.settings, request.name, RequestProgress("ready", 100, None, 4, "ab" * 32), pytest.fail)
    ready = part(now["ETag"]).content.decode()
    assert "● ready" in ready
    assert 'data-settled="yes"' in ready
    download = client.get(f"/made-up-files/{schema}/files/{request.ulid}/")
    assert b"".join(download.streaming_content) == b"made"
    assert 'filename="customers_200000_seed0.csv"' in download["Content-Disposition"]
    assert b"".join(client.get(f"{url}/content").streaming_content) == b"made"
    write_progress(portal.settings, request.name, RequestProgress("failed", 0, "the disk is full"), pytest.fail)
    assert "the disk is full" in part().content.decode()
    reason = f"there is no schema '{request.revision.landed_name}': it was deleted"
    write_progress(portal.settings, request.name, RequestProgress("failed", 0, reason), pytest.fail)
    assert client.get(url).json()["reason"] == "there is no schema 'customers': it was deleted"


def test_deleting_a_schema_lands_the_deletion_of_its_files(portal: Portal) -> None:
    client = marketer(portal)
    schema = schema_id(client, SMALL)
    url = order(client, schema, rows=200_000).json()["url"]
    page = client.get(f"/made-up-files/{schema}/delete/").content.decode()
    assert "Its 1 file goes with it" in page
    assert client.post(f"/made-up-files/{schema}/delete/").status_code == 302
    deletions = [parse_mapping(file.read_bytes()) for file in landed(portal) if "-deleted" in file.name]
    (revision,) = (parse_schema(file.read_bytes()) for file in landed(portal) if "-deleted" not in file.name)
    assert deletions == [{"name": revision.name, "deleted": True}]
    assert client.get(url).status_code == client.get(f"/made-up-files/{schema}/").status_code == 404
    assert client.get("/api/v1/schemas").json()["items"] == []
    schema_id(client, SMALL)  # the name is free again


def test_the_deletion_of_every_revision_lands_with_a_file_or_without(portal: Portal) -> None:
    client = marketer(portal)
    schema = schema_id(client, SMALL)
    key = {"name": "k", "type": "Foreign Key", "schema": "customers", "column": "id", "rows": 50}
    child = schema_id(client, {"name": "orders", "columns": [key]})
    assert order(client, child, rows=200_000).status_code == 202
    more = json.dumps({**SMALL, "columns": SMALL["columns"][:2]})
    assert client.put(f"/api/v1/schemas/{schema}", more, content_type="application/json").status_code == 200
    revisions = {parse_schema(file.read_bytes()).name for file in landed(portal) if file.name.startswith("customers")}
    assert client.delete(f"/api/v1/schemas/{schema}").status_code == 204
    deletions = {parse_mapping(file.read_bytes())["name"] for file in landed(portal) if "-deleted" in file.name}
    assert deletions == revisions
    assert len(revisions) == 2


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"rows": -1}, "rows: -1 is not allowed; write a number from 0 to 100,000,000"),
        ({"rows": 10**9}, "write such a file by vsf generate"),
        ({"rows": 5, "seed": 2**63}, "seed"),
        ({"rows": 5, "format": "xlsx"}, "format"),
    ],
)
def test_what_cannot_be_made_is_refused_in_words(portal: Portal, wanted: dict[str, Any], words: str) -> None:
    client = marketer(portal)
    schema = schema_id(client, SMALL)
    answer = order(client, schema, **wanted)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    form = {"seed": "0", "format": "csv"} | {name: str(value) for name, value in wanted.items()}
    page = client.post(f"/made-up-files/{schema}/generate/", form)
    assert page.status_code == 422
    assert 'role="alert"' in page.content.decode()


def test_names_that_are_one_for_a_database_are_refused_before_anything_is_sent(portal: Portal) -> None:
    client = marketer(portal)
    schema = schema_id(client, {"name": "two", "columns": [{"name": n, "type": "City"} for n in ("Id", "id")]})
    for rows in (5, 200_000):
        answer = order(client, schema, rows=rows, format="sql")
        assert answer.status_code == 422
        assert "for a database its name is the same as 'Id'" in answer.json()["detail"]
    assert order(client, schema, rows=5).status_code == 200


def test_true_is_no_number_of_rows(portal: Portal) -> None:
    client = marketer(portal)
    schema = schema_id(client, SMALL)
    for wanted, word in (({"rows": True}, "true"), ({"rows": 5, "seed": False}, "false")):
        answer = order(client, schema, **wanted)
        assert answer.status_code == 400
        assert f"{word} is not a whole number" in answer.json()["detail"]


def test_a_file_that_would_repeat_values_is_refused_before_anything_is_sent(portal: Portal) -> None:
    client = marketer(portal)
    schema = schema_id(client, {"name": "jobs", "columns": [{"name": "job", "type": "Job", "unique": True}]})
    for rows in (640, 200_000):
        answer = order(client, schema, rows=rows)
        assert answer.status_code == 422
        assert "this Job has only 639" in answer.json()["detail"]
    assert len(streamed(order(client, schema, rows=639)).splitlines()) == 640
    assert landed(portal, "fake_requests") == []


def test_a_file_in_a_bucket_is_sent_by_a_portal_on_another_host(portal: Portal, bucket: Bucket) -> None:
    client = marketer(portal)
    schema = schema_id(client, SMALL)
    url = order(client, schema, rows=200_000).json()["url"]
    from vsf_assets.portal.made.models import RequestedFile

    request = RequestedFile.objects.get()
    elsewhere = replace(portal.settings, made_address=bucket.address("made"))
    write_progress(elsewhere, request.name, RequestProgress("processing", 40), pytest.fail)
    with override_settings(VSF=elsewhere):
        assert client.get(url).json()["state"] == "processing"
        bucket.put(f"made/{request.target}", b"made")
        digest = hashlib.sha256(b"made").hexdigest()
        write_progress(elsewhere, request.name, RequestProgress("ready", 100, None, 4, digest), pytest.fail)
        assert b"".join(client.get(f"{url}/content").streaming_content) == b"made"
        assert b"".join(client.get(f"/made-up-files/{schema}/files/{request.ulid}/").streaming_content) == b"made"
        shutil.rmtree(elsewhere.home / "cache" / "made")
        bucket.client.delete_object(Bucket=bucket.name, Key=f"made/{request.target}")
        assert client.get(f"{url}/content").status_code == 409
