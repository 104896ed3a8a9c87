"""Deliveries of datasets by form and API, renames and deletions.

Here: requests, and what lies in the landing zone after them. Not here: whose a name is (test_dictionary_owners.py),
pages of loaded datasets (test_dictionaries.py), and streamed bytes, which need a server (test_dictionary_browser.py).
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.feeds import recognize
from vsf_assets_tests.datasets import COLUMNS
from vsf_assets_tests.portal.dictionaries import RENAMED, SAMPLE, SMALL_1, sample_files
from vsf_assets_tests.portal.dictionary_forms import (
    allow,
    announce,
    form,
    landed,
    landing,
    steward,
    under_other_names,
    uploaded,
)
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.test_dictionaries import heading

__all__ = ["landing"]


def test_the_plain_form_lands_three_files_under_any_names(portal: Portal, landing: Path, samples: Path) -> None:
    files = sample_files(samples)
    answer = steward(portal).post("/dictionaries/", form(" new one ", under_other_names(files)))
    assert answer.status_code == 302, answer.content.decode()
    assert landed(landing) == {f"datasets/new one/{name}": content for name, content in files.items()}
    assert len({path.stat().st_mtime_ns for path in (landing / "datasets" / "new one").iterdir()}) == 1
    assert [word for word in portal.audit() if word.startswith("d")] == ["delivery.begun"] * 3 + ["delivery.landed"] * 3


def test_the_page_of_an_upload_follows_it_until_it_is_loaded(portal: Portal, samples: Path) -> None:
    from vsf_assets.portal.deliveries.models import Delivery

    client = steward(portal)
    sent = client.post("/dictionaries/", form("new", under_other_names(sample_files(samples))))
    page = client.get(sent.url)
    assert heading(page) == "new has landed and waits to be loaded"
    assert client.get(f"{sent.url}state/").json()["state"] == "landed"
    assert client.get(sent.url.replace("/new/", "/other/")).status_code == 404
    # As if this were the upload that the snapshot has.
    (at,) = portal.world.query("select max(landed_at) from reports.files where partition_key = ?", SAMPLE)[0]
    assert isinstance(at, datetime)
    own_clock = at.replace(tzinfo=UTC) - timedelta(seconds=3)  # that of a bucket is another one
    Delivery.objects.update(partition=SAMPLE, landed_at=own_clock)
    address = sent.url.replace("/new/", f"/{SAMPLE}/")
    assert client.get(f"{address}state/").json()["state"] == "loaded"
    page = client.get(address)
    assert heading(page) == f"Version 1 of {SAMPLE} is loaded, with 8 findings"
    assert f'data-report="/dictionaries/{SAMPLE}/versions/1/anomalies_report.csv"' in page.content.decode()
    by_api = client.get(f"/api/v1/dataset-uploads/{sent.url.split('/')[-2]}").json()
    assert (by_api["state"], by_api["version"], by_api["findings"], by_api["first_snapshot"]) == ("loaded", 1, 8, 1)
    Delivery.objects.update(landed_at=at.replace(tzinfo=UTC) - timedelta(minutes=1))
    assert client.get(f"{address}state/").json()["state"] == "landed"  # the same files, delivered at another time


def test_who_may_not_read_a_dataset_learns_nothing_of_the_version_that_an_upload_became(
    portal: Portal, samples: Path
) -> None:
    from vsf_assets.portal.deliveries.models import Delivery

    client = steward(portal, "first")  # with a grant to deliver, and none to read
    sent = client.post("/dictionaries/", form("new", under_other_names(sample_files(samples))))
    (at,) = portal.world.query("select max(landed_at) from reports.files where partition_key = ?", SAMPLE)[0]
    assert isinstance(at, datetime)
    Delivery.objects.update(partition=SAMPLE, landed_at=at.replace(tzinfo=UTC))
    address = f"/api/v1/dataset-uploads/{sent.url.split('/')[-2]}"
    for reads, number, findings in ((False, None, None), (True, 1, 8)):
        allow(portal, "first", reads=reads)
        by_api = client.get(address).json()
        assert (by_api["state"], by_api["version"], by_api["findings"]) == ("loaded", number, findings)
        page = client.get(sent.url.replace("/new/", f"/{SAMPLE}/")).content.decode()
        assert ("Version 1" in page) == reads


def test_an_upload_keeps_its_page_when_its_dataset_was_renamed(portal: Portal) -> None:
    from vsf_assets.portal.deliveries.models import Delivery

    client = steward(portal)
    sent = client.post("/dictionaries/", form("smaller", under_other_names(SMALL_1)))
    (at,) = portal.world.query("select min(uploaded_at) from marts.dim_dataset_versions where dataset = 'small'")[0]
    assert isinstance(at, datetime)
    Delivery.objects.update(landed_at=at.replace(tzinfo=UTC))
    assert heading(client.get(sent.url)) == "Version 1 of small is loaded, with 0 findings"


TWO = {"a.csv": SMALL_1["columns.csv"], "b.csv": SMALL_1["columns.csv"], "c.csv": SMALL_1["namespaces.csv"]}
WITH_SEMICOLONS = b"\xef\xbb\xbfsep=;\r\n" + ";".join(reversed(COLUMNS)).upper().encode() + b"\r\n"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (TWO, "'a.csv' and 'b.csv' are both columns; leave one of them out"),
        (dict(list(TWO.items())[1:]), "the file of datapoints is missing; add it"),
        ({"c.csv": SMALL_1["namespaces.csv"]}, "the file of columns and of datapoints is missing"),
        ({"x.csv": b"a,b\n1,2\n", **TWO}, "'x.csv' has none of the three headers"),
        ({}, "the file of namespaces and of columns and of datapoints is missing"),
    ],
)
def test_wrong_sets_of_files_are_refused_in_words(
    portal: Portal, landing: Path, files: dict[str, bytes], words: str
) -> None:
    answer = steward(portal).post("/dictionaries/", form("new", files))
    assert answer.status_code == 422
    assert words.lower() in answer.content.decode().replace("&#x27;", "'").lower()
    assert 'value="new"' in answer.content.decode()  # the form keeps the name
    assert landed(landing) == {}


def test_headers_tell_files_apart_as_the_reading_does() -> None:
    from vsf_assets.portal.datasets.file_kinds import kind_of

    assert [kind_of(content) for content in SMALL_1.values()] == list(SMALL_1)
    assert kind_of(WITH_SEMICOLONS) == "columns.csv"
    assert kind_of(
        b"\n\n" + SMALL_1["datapoints.csv"].replace(b"approved_abreviations", b"approved_abbreviations")
    ) == ("datapoints.csv")
    assert kind_of(b"") == kind_of(b"\xff\xfe") == kind_of(SMALL_1["columns.csv"][10:]) == ""


@pytest.mark.parametrize("name", ["", "..", "a/b", "a|b", ".hidden", "x.bak", "ä" * 51, "a\x00b"])
def test_names_that_no_dataset_can_have_are_refused(portal: Portal, landing: Path, name: str) -> None:
    client = steward(portal)
    assert client.post("/dictionaries/", form(name, under_other_names(SMALL_1))).status_code == 422
    assert client.post("/dictionaries/small/rename/", {"new_name": name}).status_code == 400
    assert landed(landing) == {}


def test_large_files_are_refused_by_the_plain_form_with_what_to_do(portal: Portal, landing: Path) -> None:
    large = {**SMALL_1, "columns.csv": SMALL_1["columns.csv"] + b"x" * 1_000_000}
    answer = steward(portal).post("/dictionaries/", form("new", under_other_names(large)))
    assert answer.status_code == 413
    assert "vsf land" in answer.content.decode()
    assert landed(landing) == {}


def test_the_api_takes_three_files_in_one_request_or_their_announcement(portal: Portal, landing: Path) -> None:
    user = portal.account("ann", "steward")
    client, header = portal.client(), portal.token(user, "deliver")
    files = [uploaded(name, content) for name, content in under_other_names(SMALL_1).items()]
    answer = client.post("/api/v1/datasets/by%20api/files", {"files": files}, **header)
    assert answer.status_code == 201, answer.content
    assert set(landed(landing)) == {f"datasets/by api/{name}" for name in SMALL_1}
    assert all(recognize(path) for path in landed(landing))
    assert client.get(answer.json()["url"], **header).json()["state"] == "landed"
    parts = [{"kind": name.removesuffix(".csv"), "file_name": f"x {name}", "bytes": 5} for name in SMALL_1]
    begun = announce(client, "announced", parts, **header)
    assert begun.status_code == 201, begun.content
    assert {upload["kind"] for upload in begun.json()["uploads"]} == {"namespaces", "columns", "datapoints"}
    assert client.get(begun.json()["url"], **header).json()["state"] == "sending"
    assert announce(client, "announced", parts[:2], **header).status_code == 422
    assert announce(client, "announced", [*parts[:2], parts[0]], **header).status_code == 422
    assert announce(client, "announced", parts, **portal.token(user, "read")).status_code == 403


def test_a_rename_lands_as_the_command_lands_it_and_takes_effect_later(portal: Portal, landing: Path) -> None:
    client = steward(portal)
    answer = client.post("/dictionaries/small/rename/", {"new_name": " great "})
    assert (answer.status_code, answer.url) == (302, "/dictionaries/small/versions/")
    ((path, content),) = landed(landing).items()
    assert recognize(path)[0].name == "dataset_changes"  # type: ignore[index]
    assert path.endswith("_rename.jsonl")
    assert json.loads(content) == {"action": "rename", "dataset": "small", "new_name": "great"}
    assert content.endswith(b"}\n")
    page = client.get(answer.url).content.decode()
    assert "small becomes great with the next run." in page
    assert "The rename to great was asked for and takes effect with the next run" in page
    assert "becomes great" in client.get("/dictionaries/").content.decode()
    again = client.post("/dictionaries/small/delete/", {"name": "small"})
    assert "takes effect with the next run" in again.content.decode()
    assert len(landed(landing)) == 1
    assert portal.audit()[-1] == "dataset.renamed"
    allow(portal, "second")
    second = portal.client(portal.account("bob", "steward", team="second"))
    assert second.post("/dictionaries/", form("great", under_other_names(SMALL_1))).status_code == 409  # it is taken


def test_a_change_that_the_snapshot_has_waits_no_more(portal: Portal) -> None:
    from vsf_assets.portal.datasets.models import DatasetChange

    client = steward(portal)
    change = DatasetChange.objects.create(
        action="rename", dataset="smaller", new_name="small", path=f"dataset_changes/{RENAMED}"
    )
    assert "takes effect" not in client.get("/dictionaries/small/versions/").content.decode()
    change.path = "dataset_changes/20990105T143000.000001Z_rename.jsonl"
    change.save()
    assert "takes effect" in client.get("/dictionaries/small/versions/").content.decode()


def test_a_deletion_needs_the_typed_name(portal: Portal, landing: Path) -> None:
    client = steward(portal)
    refused = client.post("/dictionaries/small/delete/", {"name": "Small"})
    assert (refused.status_code, landed(landing)) == (400, {})
    assert "Type small to delete it; nothing was deleted." in refused.content.decode()
    assert client.post("/dictionaries/small/delete/", {"name": "small"}).status_code == 302
    (content,) = landed(landing).values()
    assert json.loads(content) == {"action": "delete", "dataset": "small", "new_name": None}
    assert portal.audit()[-1] == "dataset.deleted"


def test_changes_by_the_api(portal: Portal, landing: Path) -> None:
    user = portal.account("ann", "steward")
    client, header = portal.client(), portal.token(user, "read", "deliver")

    def post(path: str, content: dict[str, str], **headers: str) -> Any:
        body = json.dumps(content)
        return client.post(f"/api/v1/datasets/{path}", body, content_type="application/json", **headers)

    assert post("small/rename", {"new_name": SAMPLE}, **header).status_code == 409  # there is one
    assert post("small/rename", {"new_name": "great"}, **portal.token(user, "read")).status_code == 403
    assert post("small/delete", {"name": "other"}, **header).status_code == 422
    assert landed(landing) == {}
    assert post("small/rename", {"new_name": "great"}, **header).status_code == 202
    assert post(f"{SAMPLE}/delete", {"name": SAMPLE}, **header).status_code == 202
    assert [path.rpartition("_")[2] for path in sorted(landed(landing))] == ["rename.jsonl", "delete.jsonl"]


def test_a_refused_record_changes_nothing(portal: Portal, landing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.common.errors import UsageError
    from vsf_assets.portal.datasets import change_requests
    from vsf_assets.portal.datasets.models import DatasetChange, DatasetName

    def refuse(*_: object) -> None:
        raise UsageError("the landing zone is full")

    monkeypatch.setattr(change_requests, "land_change", refuse)
    answer = steward(portal).post("/dictionaries/small/rename/", {"new_name": "great"})
    assert "The landing zone is full" in answer.content.decode()
    assert DatasetChange.objects.count() == 0
    assert portal.audit()[-2:] == ["dataset.renamed", "dataset.change_failed"]
    assert not DatasetName.objects.filter(is_renamed=True).exists()
    files = under_other_names(SMALL_1)
    second = steward(portal, "second", "bob")
    assert second.post("/dictionaries/", form("great", files)).status_code == 302  # the name is free


def test_a_change_asks_store_and_snapshot_outside_of_its_transaction(
    portal: Portal, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction of SQLite keeps every other writer waiting, as a slow bucket does."""
    from django.db import connection

    from vsf_assets.portal.datasets import change_requests, ownership
    from vsf_assets.portal.datasets.models import DatasetChange
    from vsf_assets.snapshots.pool import OpenSnapshot
    from vsf_assets.storage.s3_client import ObjectStoreError

    requested = []

    def watched(owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def watch(*arguments: Any, **named: Any) -> Any:
            requested.append((name, connection.in_atomic_block))
            return original(*arguments, **named)

        monkeypatch.setattr(owner, name, watch)

    for owner, name in ((OpenSnapshot, "kept"), (ownership, "open_store"), (change_requests, "land_change")):
        watched(owner, name)
    client = steward(portal)
    assert client.post("/dictionaries/small/rename/", {"new_name": "great"}).status_code == 302
    assert {name for name, _ in requested} == {"kept", "open_store", "land_change"}
    assert not any(is_inside for _, is_inside in requested)
    assert DatasetChange.objects.get().path in landed(landing)

    def away(*_: object) -> None:
        raise ObjectStoreError("s3://secret cannot be reached")

    monkeypatch.setattr(change_requests, "land_change", away)
    answer = client.post(f"/dictionaries/{SAMPLE}/delete/", {"name": SAMPLE})
    assert (answer.status_code, DatasetChange.objects.count()) == (503, 1)


def test_of_two_changes_at_once_one_is_refused(portal: Portal, landing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vsf_assets.portal.datasets import change_requests

    client, original = steward(portal), change_requests.pending_changes
    answers = []

    def slow(*arguments: Any) -> Any:
        found = original(*arguments)
        monkeypatch.setattr(change_requests, "pending_changes", original)
        answers.append(client.post("/dictionaries/small/delete/", {"name": "small"}).status_code)
        return found

    monkeypatch.setattr(change_requests, "pending_changes", slow)
    refused = client.post("/dictionaries/small/rename/", {"new_name": "great"})
    assert (answers, refused.status_code) == ([302], 400)
    assert "takes effect with the next run" in refused.content.decode()
    assert len(landed(landing)) == 1


def test_a_change_whose_record_is_nowhere_after_a_day_waits_no_more(portal: Portal, landing: Path) -> None:
    from vsf_assets.portal.datasets.models import DatasetChange

    client = steward(portal)
    assert client.post("/dictionaries/small/rename/", {"new_name": "great"}).status_code == 302
    DatasetChange.objects.update(landed_at=datetime.now(UTC) - timedelta(days=2))
    assert "takes effect" in client.get("/dictionaries/small/versions/").content.decode()
    (landing / DatasetChange.objects.get().path).unlink()
    assert "takes effect" not in client.get("/dictionaries/small/versions/").content.decode()
