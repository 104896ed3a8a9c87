"""What a receipt of a file of a dictionary shows to whom: equal bytes open the texts of one file, and no others.

Here: files of the platform and of other teams, equal bytes, partitions that look alike. Not here: what a receipt says
(test_receipts.py), and whole pages by role (matrix.py).
"""

from typing import Any

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
