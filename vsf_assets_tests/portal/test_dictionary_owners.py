"""Which team a dataset's name belongs to, and what others see of it: nothing.

Here: claims of names, foreign datasets on every page and in every table. Not here: what deliveries and changes do
(test_dictionary_changes.py).
"""

import json
import re
import shutil
from pathlib import Path

import pytest

from vsf_assets_tests.portal.dictionaries import ODD, SAMPLE, SMALL_1
from vsf_assets_tests.portal.dictionary_forms import (
    allow,
    announce,
    form,
    landed,
    landing,
    own,
    rows,
    steward,
    under_other_names,
)
from vsf_assets_tests.portal.driver import Portal, random_id
from vsf_assets_tests.portal.test_dictionaries import heading
from vsf_assets_tests.portal.test_rights_matrix import without_token

__all__ = ["landing"]


def test_a_name_belongs_to_the_team_that_first_delivered_it(portal: Portal, landing: Path) -> None:
    first, second = steward(portal, "first", "ann"), steward(portal, "second", "bob")
    assert first.post("/dictionaries/", form("ours", under_other_names(SMALL_1))).status_code == 302
    shutil.rmtree(landing / "datasets")
    for client in (second, steward(portal, name="cat")):  # the platform's members too
        refused = client.post("/dictionaries/", form("ours", under_other_names(SMALL_1)))
        assert refused.status_code == 409
        assert "the name ours is not available" in refused.content.decode().lower()
    assert first.post("/dictionaries/", form("ours", under_other_names(SMALL_1))).status_code == 302
    platforms = second.post("/dictionaries/", form(SAMPLE, under_other_names(SMALL_1)))
    assert platforms.status_code == 409  # it landed by another way
    assert set(landed(landing)) == {f"datasets/ours/{name}" for name in SMALL_1}


def test_the_address_for_single_uploads_keeps_names_of_other_teams_too(portal: Portal) -> None:
    second = steward(portal, "second", "bob")
    file = {"file_name": "columns.csv", "bytes": 3, "feed": "datasets", "partition": SAMPLE}
    answer = second.post("/api/v1/uploads", json.dumps(file), content_type="application/json")
    assert (answer.status_code, "not available" in answer.json()["detail"]) == (409, True)


def test_a_name_that_lies_in_the_landing_zone_is_the_platforms(portal: Portal, landing: Path) -> None:
    folder = landing / "datasets" / "landed"
    folder.mkdir(parents=True)
    (folder / "columns.csv").write_bytes(SMALL_1["columns.csv"])
    files = under_other_names(SMALL_1)
    assert (
        "not available"
        in steward(portal, "second", "bob").post("/dictionaries/", form("landed", files)).content.decode()
    )
    assert "is pending already" in steward(portal).post("/dictionaries/", form("landed", files)).content.decode()


def test_a_name_that_was_only_announced_is_free_when_the_upload_has_ended(portal: Portal) -> None:
    from vsf_assets.portal.deliveries.models import Delivery

    parts = [{"kind": name, "file_name": name, "bytes": 5} for name in SMALL_1]
    first, second = steward(portal, "first", "ann"), steward(portal, "second", "bob")
    assert announce(first, "wanted", parts).status_code == 201
    assert announce(second, "wanted", parts).status_code == 409
    Delivery.objects.update(state=Delivery.CANCELED)
    assert announce(second, "wanted", parts).status_code == 201
    assert announce(first, "wanted", parts).status_code == 409


def test_a_name_that_is_taken_over_before_the_first_delivery_is_written_is_lost(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the claim of a name and the rows of its deliveries another team may come: one of both gets the name."""
    from vsf_assets.portal.datasets.models import DatasetName
    from vsf_assets.portal.deliveries import begin
    from vsf_assets.portal.deliveries.models import Delivery

    parts = [{"kind": name, "file_name": name, "bytes": 5} for name in SMALL_1]
    first, second = steward(portal, "first", "ann"), steward(portal, "second", "bob")
    check, answers = begin._check_disk, []

    def slow(size: int) -> None:
        monkeypatch.setattr(begin, "_check_disk", check)
        answers.append(announce(second, "wanted", parts).status_code)
        check(size)

    monkeypatch.setattr(begin, "_check_disk", slow)
    refused = announce(first, "wanted", parts)
    assert (answers, refused.status_code) == ([201], 409)
    assert "not available" in refused.json()["detail"]
    assert set(Delivery.objects.values_list("team__name", flat=True)) == {"second"}
    assert DatasetName.objects.get(name="wanted").team.name == "second"


def test_foreign_datasets_answer_like_ones_that_never_were(portal: Portal) -> None:
    own(portal, "small", "first")
    own(portal, SAMPLE, "second")
    other = steward(portal, "second", "bob")
    allow(portal, "second", reads=True)
    paths = (
        "",
        "versions/",
        "versions/1/",
        "versions/1/anomalies/",
        "versions/2/changes/1/",
        "versions/1/anomalies_report.csv",
    )
    for path in paths:
        foreign, missing = (other.get(f"/dictionaries/{name}/{path}") for name in ("small", "never"))
        assert foreign.status_code == missing.status_code == 404
        assert without_token(foreign).replace("small", "") == without_token(missing).replace("never", "")
    for path in ("versions", "choices", "anomalies.csv", "datapoints.json?namespace=ns-1&database=db"):
        foreign, missing = (other.get(f"/api/v1/datasets/{name}/{path}") for name in ("small", "never"))
        assert (foreign.status_code, foreign.content) == (404, missing.content)
    for name in ("small", "never"):
        assert other.post(f"/dictionaries/{name}/delete/", {"name": name}).status_code == 404
    listed = other.get("/api/v1/datasets").json()["items"]
    assert [item["name"] for item in listed] == [SAMPLE, ODD]
    assert other.get(f"/dictionaries/{SAMPLE}/").status_code == 200


def test_rows_of_foreign_datasets_are_missing_from_every_table(portal: Portal) -> None:
    portal.grant("second", "datasets")
    analyst = portal.client(portal.account("bob", "engineer", team="second"))
    tables = {
        "marts.dim_dataset_versions": "dataset",
        "marts.dim_namespaces": "dataset",
        "marts.fct_dataset_columns": "dataset",
        "reports.dataset_anomalies": "dataset",
        "reports.files": "partition_key",
        "raw.namespaces": "",
    }
    before = {name: rows(analyst, name, column) for name, column in tables.items()}
    own(portal, "small", "first", was="smaller")
    after = {name: rows(analyst, name, column) for name, column in tables.items()}
    for name, column in tables.items():
        if column:
            assert after[name] == [value for value in before[name] if value not in ("small", "smaller")] != before[name]
    assert (len(before["raw.namespaces"]), len(after["raw.namespaces"])) == (4 + 2 + 1 + 2 + 2, 4 + 1)
    counted = {item["name"]: item["rows"] for item in analyst.get("/api/v1/tables").json()["items"]}
    assert {name: counted[name] for name in tables} == {name: len(found) for name, found in after.items()}


def test_raw_changes_name_no_dataset_of_another_team(portal: Portal) -> None:
    portal.grant("second", "datasets", "dataset_changes")
    engineer = portal.client(portal.account("bob", "engineer", team="second"))
    address = "/api/v1/tables/raw/dataset_changes?limit=1000"
    assert [row["new_name"] for row in engineer.get(address).json()["items"]] == ["small"]
    own(portal, "small", "first")
    assert engineer.get(address).json()["items"] == []


def test_the_calendar_counts_no_file_of_a_foreign_dataset(portal: Portal) -> None:
    portal.grant("second", "datasets")
    client = portal.client(portal.account("bob", "reader", team="second"))
    sql = "select count(*) from reports.files where feed = 'datasets' and partition_key != ?"

    def counted() -> int:
        days = re.findall(r'title="datasets, [^"]*; (\d+) file', client.get("/").content.decode())
        return sum(map(int, days))

    assert counted() == portal.world.query(sql, "")[0][0]
    own(portal, "small", "first", was="smaller")
    assert counted() == portal.world.query(sql, "small")[0][0]


def test_who_exports_for_one_team_exports_nothing_of_a_team_in_which_he_reads(portal: Portal) -> None:
    from vsf_assets.portal.accounts.account_changes import set_role
    from vsf_assets.portal.accounts.models import Team

    own(portal, "small", "first", was="smaller")
    portal.grant("second", "datasets")
    user = portal.account("ann", "reader", team="first")
    set_role(user, Team.objects.get(name="second"), "analyst")
    bob = portal.account("bob", "reader")  # of the platform, who reads the datasets of all teams
    set_role(bob, Team.objects.get(name="second"), "analyst")
    for each in (user, bob):
        client = portal.client(portal.fresh(each))
        address = "/data/marts/dim_dataset_versions/"
        assert "small" in client.get(address).content.decode()
        exported = b"".join(client.get(f"{address}export/csv/").streaming_content).decode()
        assert SAMPLE in exported
        assert "small" not in exported
        set_role(each, Team.objects.get(name="platform" if each == bob else "first"), "analyst")
        client = portal.client(portal.fresh(each))
        assert "small" in b"".join(client.get(f"{address}export/csv/").streaming_content).decode()


def test_a_rename_by_another_way_keeps_the_owner(portal: Portal) -> None:
    allow(portal, "first")
    own(portal, "smaller", "first")  # the snapshot has its rename to small
    first = portal.client(portal.account("ann", "steward", team="first"))
    assert first.get("/dictionaries/small/").status_code == 200
    assert [item["name"] for item in first.get("/api/v1/datasets").json()["items"]] == ["small"]


def test_who_claims_a_former_name_later_gets_nothing_of_the_renamed_dataset(portal: Portal) -> None:
    from django.utils import timezone

    from vsf_assets.portal.datasets.models import DatasetName

    own(portal, "smaller", "first")
    DatasetName.objects.update(since=timezone.now())  # months after its rename to small
    ann, bob = steward(portal, "first", "ann"), steward(portal, "second", "bob")
    allow(portal, "second", reads=True)
    assert ann.get("/dictionaries/small/").status_code == 404
    assert ann.post("/dictionaries/small/delete/", {"name": "small"}).status_code == 404
    assert bob.get("/dictionaries/small/").status_code == 200


def test_the_former_name_of_a_dataset_of_the_platform_stays_the_platforms(portal: Portal) -> None:
    from vsf_assets.portal.datasets.models import DatasetName

    parts = [{"kind": name, "file_name": name, "bytes": 5} for name in SMALL_1]
    ann = steward(portal, "first", "ann")
    for _ in range(2):  # the refused claim leaves nothing that could be taken over
        assert announce(ann, "smaller", parts).status_code == 409
    assert not DatasetName.objects.filter(team__name="first").exists()
    assert announce(steward(portal, name="cat"), "smaller", parts).status_code == 201


def test_a_rename_to_a_name_of_another_team_is_refused_like_any_that_is_not_available(portal: Portal) -> None:
    from vsf_assets.portal.datasets.models import DatasetName

    own(portal, "small", "first")
    own(portal, SAMPLE, "second")
    own(portal, "renamed to", "second")
    DatasetName.objects.filter(name="renamed to").update(is_renamed=True)
    allow(portal, "first")
    first = portal.client(portal.account("ann", "steward", team="first"))
    for name in (SAMPLE, "renamed to", ODD):
        answer = first.post("/dictionaries/small/rename/", {"new_name": name})
        assert (answer.status_code, "is not available" in answer.content.decode()) == (400, True), name


def test_uploads_of_other_teams_answer_like_ones_that_never_were(portal: Portal) -> None:
    sent = steward(portal, "first", "ann").post("/dictionaries/", form("ours", under_other_names(SMALL_1)))
    second = steward(portal, "second", "bob")
    group = sent.url.split("/")[-2]
    from vsf_assets.common.ulids import ulid_of

    for address in (sent.url, f"{sent.url}state/", f"/api/v1/dataset-uploads/{group}"):
        foreign, missing = second.get(address), second.get(address.replace(group, ulid_of(random_id())))
        assert (foreign.status_code, without_token(foreign)) == (404, without_token(missing))


def test_a_reader_of_nothing_is_told_what_to_do(portal: Portal) -> None:
    page = portal.client(portal.account("ann")).get("/dictionaries/")
    assert heading(page) == "No dictionary yet"
    assert "a grant of the feed" in page.content.decode()
    allow(portal, "first")
    page = portal.client(portal.account("bob", "steward", team="first")).get("/dictionaries/")
    assert "Deliver the three files of one, and it appears here" in page.content.decode()
