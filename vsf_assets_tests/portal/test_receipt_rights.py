"""What a receipt of a file of a dictionary shows to whom: equal bytes open the texts of one file, and no others.

Here: files of the platform and of other teams, equal bytes, partitions that look alike. Not here: what a receipt says
(test_receipts.py), and whole pages by role (matrix.py).
"""

from typing import Any

import pytest

from vsf_assets_tests.portal.dictionaries import MARK, ODD
from vsf_assets_tests.portal.dictionary_forms import allow, own
from vsf_assets_tests.portal.driver import Portal, make_delivery
from vsf_assets_tests.portal.test_rights_matrix import without_token


def files_of(portal: Portal, dataset: str) -> dict[str, tuple[int, str]]:
    """Return file name -> (id, SHA-256) of the first version under a name at landing."""
    sql = "select file_name, file_id, sha256 from raw.files where feed = 'datasets' and partition_key = ?"
    return {str(name): (int(str(number)), str(sha)) for name, number, sha in portal.world.query(sql, dataset)}


def sent(portal: Portal, team: str, digests: list[str]) -> None:
    """Let a team have delivered files with these digests, in a dataset of its own."""
    from vsf_assets.portal.accounts.models import Team
    from vsf_assets.portal.data import access
    from vsf_assets.portal.deliveries.models import Delivery

    for number, sha in enumerate(digests):
        path = {"feed": "datasets", "partition": "own", "file_name": f"{number}.csv", "path": f"datasets/own/{number}"}
        make_delivery(Team.objects.get(name=team), sha256=sha, state=Delivery.LANDED, **path)
    access._kept.clear()


def report(client: Any, number: int) -> str:
    answer = client.get(f"/deliveries/files/{number}/anomalies/csv/")
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()


def test_one_file_with_equal_bytes_opens_the_findings_of_this_file_alone(portal: Portal) -> None:
    allow(portal, "first")
    client = portal.client(portal.account("ann", "steward", team="first"))
    files = files_of(portal, ODD)
    sent(portal, "first", [files["namespaces.csv"][1]])
    assert MARK not in report(client, files["namespaces.csv"][0])
    assert client.get(f"/deliveries/files/{files['columns.csv'][0]}/").status_code == 404
    sent(portal, "first", [files["columns.csv"][1]])
    own_texts = report(client, files["columns.csv"][0])
    assert MARK in own_texts  # of the file that it delivered
    assert "maybe" not in own_texts  # of datapoints.csv
    sent(portal, "first", [files["datapoints.csv"][1]])
    whole = report(client, files["namespaces.csv"][0])
    assert MARK in whole
    assert "maybe" in whole


def test_equal_bytes_do_not_lead_to_a_file_of_another_team(portal: Portal) -> None:
    own(portal, "small", "first", was="smaller")
    portal.grant("second", "datasets", may_deliver=True)
    client = portal.client(portal.account("bob", "steward", team="second"))
    number, sha = files_of(portal, "smaller")["columns.csv"]
    sent(portal, "second", [sha])
    pages = [client.get(f"/deliveries/files/{each}/") for each in (number, 7)]
    assert [page.status_code for page in pages] == [404, 404]
    assert without_token(pages[0]) == without_token(pages[1])
    row = "/deliveries/files/?feed=datasets&file_name=columns.csv&landed_at=1970-01-01&sha256="
    assert [client.get(row + each).status_code for each in (sha, "0" * 64)] == [404, 404]
    ann = portal.client(portal.account("ann", "steward", team="first"))
    assert ann.get(f"/deliveries/files/{number}/").status_code == 404  # it neither delivered it nor has a grant to read


def test_a_team_keeps_its_rows_of_a_dataset_that_was_renamed(portal: Portal) -> None:
    """Reports say the name of today, and the ledger the name under which the files landed."""
    allow(portal, "first")
    own(portal, "small", "first", was="smaller")
    portal.grant("first", "clicks")  # reports of files are for who reads any feed
    client = portal.client(portal.account("ann", "reader", team="first"))
    digests = sorted(sha for _, sha in files_of(portal, "smaller").values())
    sql = "select count(*) from reports.files where partition_key = 'small' and list_contains(?, sha256)"

    def seen() -> list[str]:
        rows = client.get("/api/v1/files?feed=datasets&partition_key=small&limit=1000").json()["items"]
        return sorted(row["sha256"] for row in rows)

    assert seen() == []
    sent(portal, "first", digests)
    assert set(seen()) == set(digests)
    assert len(seen()) == portal.world.query(sql, digests)[0][0]


def test_a_receipt_finds_a_file_by_its_partition_and_its_time(portal: Portal) -> None:
    from datetime import UTC, timedelta

    from vsf_assets.portal.receipts.ledger_entry import entry_of_file, entry_of_id
    from vsf_assets.portal.shared.open_pool import pool

    ((clicks,),) = portal.world.query("select file_id from raw.files where feed = 'clicks' limit 1")
    with pool().current() as snapshot:
        entry = entry_of_id(snapshot, int(str(clicks)))
        assert entry is not None
        landed_at = entry.landed_at.astimezone(UTC)

        def seek(seconds: float, partition: str | None) -> bool:
            at = landed_at - timedelta(seconds=seconds)
            return entry_of_file(snapshot, "clicks", entry.file_name, entry.sha256, at, partition) == entry

        assert [seek(s, "1") for s in (-6, -4, 0, 59, 61)] == [False, True, True, True, False]
        assert [seek(0, partition) for partition in ("2", "", None)] == [False, False, True]


def test_findings_of_a_file_are_those_of_its_partition(portal: Portal) -> None:
    """Three datasets landed in one minute, each with a file columns.csv, as in a bucket within a second."""
    from vsf_assets.portal.receipts import findings_of_file
    from vsf_assets.portal.receipts.ledger_entry import entry_of_id
    from vsf_assets.portal.shared.open_pool import pool

    sql = "select anomaly, count(*) from reports.anomalies where partition_key = ? and file_name = ? and landed_at = ?"
    ids = {name: files_of(portal, name)["columns.csv"][0] for name in (ODD, "smaller")}
    with pool().current() as snapshot:
        for landing, today in ((ODD, ODD), ("smaller", "small")):
            entry = entry_of_id(snapshot, ids[landing])
            assert entry is not None
            at = entry.landed_at.replace(tzinfo=None)
            wanted = portal.world.query(f"{sql} group by all order by 1", today, "columns.csv", at)
            kinds = findings_of_file.kinds_of(snapshot, entry)
            assert sorted((kind.anomaly, kind.records) for kind in kinds) == wanted
            version = findings_of_file.dataset_version(snapshot, entry)
            assert version is not None
            assert version[0] == today


def test_the_page_of_a_file_says_that_another_team_delivered_it(portal: Portal) -> None:
    """And its tag changes with what it says, so that an open page learns of it."""
    client = portal.client(portal.account("ann", "reader"))
    ((number,),) = portal.world.query("select file_id from raw.files where feed = 'clicks' limit 1")
    page = f"/deliveries/files/{number}/"
    shown, tags = [], []
    for partition in (None, "2", "1"):
        if partition is not None:
            delivery = portal.delivered("shop", "clicks")
            type(delivery).objects.filter(pk=delivery.pk).update(partition=partition)
        answer = client.get(page)
        shown.append("another team" in answer.content.decode())
        tags.append(answer.headers["ETag"])
        assert "shop" not in answer.content.decode()
    assert shown == [False, False, True]
    assert tags[0] == tags[1] != tags[2]


def test_the_receipt_of_a_deleted_dataset_says_so_and_names_no_other_dataset(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vsf_assets.portal.receipts import ledger_entry

    client = portal.client(portal.account("ann", "reader"))
    page = f"/deliveries/files/{files_of(portal, ODD)['columns.csv'][0]}/"
    assert "<dt>Dataset</dt>" in client.get(page).content.decode()
    deletion = f"select 'delete', '{ODD}', null, timestamp '2100-01-01'"
    monkeypatch.setattr(ledger_entry, "_CHANGES", deletion)
    shown = client.get(page).content.decode()
    assert "The dataset was deleted since, and its findings with it." in shown
    assert "Nothing is wrong" not in shown
    assert "<dt>Dataset</dt>" not in shown
