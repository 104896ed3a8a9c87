"""Deliveries: who may begin one, quotas, what becomes of it, and the list.

Here: Django and its database, with the fast layer called in between. Not here: the bytes (test_uploads.py), small files
of a form (test_delivery_form.py), and every caller at every address (test_rights_matrix.py).
"""

import hashlib
import json
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from vsf_assets_tests.portal.driver import Portal, make_delivery
from vsf_assets_tests.portal.upload_driver import FastLayer, killed_at

API = "/api/v1/uploads"


def begin(client: Any, name: str = "clicks_1.csv", size: int = 3, **more: Any) -> Any:
    body = json.dumps({"file_name": name, "bytes": size, **more})
    header = more.pop("header", {})
    return client.post(API, body, "application/json", **header)


def limited(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    """Change settings of the portal for a test."""
    from django.conf import settings

    monkeypatch.setattr(settings, "VSF_PORTAL", replace(settings.VSF_PORTAL, **changes))


@pytest.fixture
def steward(portal: Portal) -> Any:
    return portal.client(portal.account("ann", "steward"))


@pytest.fixture
def fast(portal: Portal) -> FastLayer:
    """The fast layer beside the portal: same landing zone, same keys, and wired to it as in its server."""
    from vsf_assets.portal.deliveries.still_allowed import why_not_now
    from vsf_assets.portal.deliveries.take_up import on_end

    found = FastLayer(portal.settings.home)
    found.on_end, found.why_not = on_end, why_not_now
    found.restart()
    return found


def send(fast: FastLayer, begun: Any, content: bytes) -> Any:
    """Send the bytes of a begun upload, as a client does with what the API answered."""
    import asyncio

    from vsf_assets.portal.fast.upload_address import upload_of_address

    upload = upload_of_address(begun["url"].partition("8000")[2].encode())
    assert upload is not None
    return asyncio.run(fast.ask("PUT", upload, begun["token"], [content], {"content-length": str(len(content))}))


def test_from_the_announcement_to_the_landing(portal: Portal, steward: Any, fast: FastLayer) -> None:
    begun = begin(steward)
    assert begun.status_code == 201
    answer = begun.json()
    assert (answer["feed"], answer["partition"], answer["path"]) == ("clicks", "1", "clicks/1/clicks_1.csv")
    assert answer["url"] == f"http://127.0.0.1:8000/api/v1/uploads/{answer['id']}/content"
    sent = send(fast, answer, b"abc")
    assert (sent.status, sent.json["receipt"]) == (201, answer["receipt"])
    (item,) = steward.get(API).json()["items"]
    assert (item["id"], item["state"], item["bytes"]) == (answer["id"], "landed", 3)
    assert item["sha256"] == hashlib.sha256(b"abc").hexdigest()
    place = Path(portal.settings.landing) / answer["path"]
    landed_at = item["landed_at"].rstrip("Z")
    from datetime import UTC, datetime

    assert datetime.fromisoformat(landed_at).replace(tzinfo=UTC).timestamp() == pytest.approx(
        place.stat().st_mtime, abs=1e-6
    )
    assert portal.audit()[-2:] == ["delivery.begun", "delivery.landed"]
    assert answer["token"] not in repr(portal.tables())


def test_a_landing_is_taken_up_once(portal: Portal, steward: Any, fast: FastLayer) -> None:
    from vsf_assets.portal.deliveries.take_up import take_up

    send(fast, begin(steward).json(), b"abc")
    assert [take_up(), take_up()] == [0, 0]  # its end did so
    assert portal.audit().count("delivery.landed") == 1


def test_reading_changes_nothing(portal: Portal, steward: Any, fast: FastLayer) -> None:
    answer = begin(steward).json()
    send(fast, answer, b"abc")
    begin(steward, "clicks_2.csv")
    left = ("django_session", "portal_cache", "accounts_apitoken")
    before = portal.tables(*left)
    for address in (API, f"{API}?state=landed", "/deliveries/", "/deliveries/?feed=clicks", "/deliveries/new/"):
        assert steward.get(address).status_code == 200
    assert portal.tables(*left) == before


def test_a_database_that_is_away_costs_the_sender_nothing(
    portal: Portal, steward: Any, fast: FastLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import DatabaseError

    from vsf_assets.portal.deliveries import take_up as module

    answer = begin(steward).json()

    def away(*_: Any) -> None:
        raise DatabaseError("away")

    with monkeypatch.context() as patched:
        patched.setattr(module, "_take_up", away)
        assert send(fast, answer, b"abc").status == 201
    assert module.take_up() == 1


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_kill_between_name_and_record_still_says_landed(
    portal: Portal, steward: Any, fast: FastLayer, is_taken: bool
) -> None:
    from vsf_assets.portal.deliveries.take_up import take_up
    from vsf_assets.portal.fast.folder_names import FolderNames

    answer = begin(steward).json()
    killed_at(FolderNames, "give", lambda: send_in_child(fast, answer, b"abc"))
    if is_taken:
        (Path(portal.settings.landing) / answer["path"]).unlink()
    assert take_up() == 1
    (item,) = steward.get(API).json()["items"]
    assert (item["state"], item["sha256"]) == ("landed", hashlib.sha256(b"abc").hexdigest())
    assert send(fast, answer, b"abc").status == 409


def send_in_child(fast: FastLayer, begun: Any, content: bytes) -> None:
    fast.restart()
    send(fast, begun, content)


@pytest.mark.parametrize(
    ("account", "more", "status", "words"),
    [
        (("reader", "platform", ()), {}, 403, "role steward"),
        (("steward", "others", ("clicks",)), {}, 201, ""),
        (("steward", "others", ("events",)), {}, 403, "grant to deliver clicks"),
        (("reader", "others", ("clicks",)), {}, 403, "role steward"),
        (("steward", "platform", ()), {"name": "../../etc/clicks_1.csv"}, 422, "names a folder"),
        (("steward", "platform", ()), {"name": "x.csv"}, 422, "say which feed"),
        (("steward", "platform", ()), {"name": "x.csv", "feed": "clicks"}, 422, "add it: 1, 2, 3, 4"),
        (("steward", "platform", ()), {"size": 21 * 10**9}, 413, "VSF_PORTAL_UPLOAD_MAX"),
        (("steward", "platform", ()), {"size": -1}, 400, "bytes"),
        (("steward", "platform", ()), {"sha256": "xyz"}, 422, "64 hexadecimal digits"),
        (("steward", "platform", ()), {"mends": "01J00000000000000000000000"}, 404, ""),
        (("steward", "platform", ()), {"team": "x"}, 400, "team is the id"),
        (("steward", "platform", ()), {"name": "a\ud800.csv"}, 400, ""),
    ],
)
def test_a_refusal_says_what_to_do(
    portal: Portal, account: tuple[str, str, tuple[str, ...]], more: dict[str, Any], status: int, words: str
) -> None:
    role, team, feeds = account
    if feeds:
        portal.grant(team, *feeds, may_deliver=True)
    answer = begin(portal.client(portal.account("bob", role, team=team)), **more)
    assert answer.status_code == status
    if status != 201:
        assert answer["Content-Type"] == "application/problem+json"
        assert words in answer.json()["detail"]
        assert "delivery.begun" not in portal.audit()


def test_a_grant_to_read_is_none_to_deliver(portal: Portal) -> None:
    portal.grant("others", "clicks")
    assert begin(portal.client(portal.account("bob", "steward", team="others"))).status_code == 403


def test_a_token_delivers_with_the_scope_for_it_alone(portal: Portal) -> None:
    user = portal.account("ann", "steward")
    client = portal.client()
    assert begin(client, header=portal.token(user, "read")).status_code == 403
    assert begin(client, header=portal.token(user, "deliver")).status_code == 201
    assert begin(client, header=portal.token(user, "deliver", team="~ann")).status_code == 403


def test_a_session_needs_the_csrf_token(portal: Portal) -> None:
    client = portal.client(portal.account("ann", "steward"), enforce_csrf_checks=True)
    assert begin(client).status_code == 403
    page = client.get("/deliveries/new/").content.decode()
    token = page.partition('csrfmiddlewaretoken" value="')[2].partition('"')[0]
    assert begin(client, header={"HTTP_X_CSRFTOKEN": token}).status_code == 201


def test_a_pending_name_is_refused_before_a_byte_is_sent(portal: Portal, steward: Any) -> None:
    place = Path(portal.settings.landing) / "clicks/1/clicks_1.csv"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"there")
    answer = begin(steward)
    assert (answer.status_code, answer.json()["pending"]) == (409, "clicks/1/clicks_1.csv")


def test_a_landing_zone_that_is_away_is_said_without_its_address(
    portal: Portal, steward: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vsf_assets.portal.deliveries import begin as module
    from vsf_assets.storage.s3_client import ObjectStoreError

    class Away:
        def stat(self, path: str) -> Any:
            raise ObjectStoreError(f"VSF_LANDING=s3://secret/{path} cannot be reached")

    monkeypatch.setattr(module, "open_store", lambda _: Away())
    away = begin(steward)
    assert (away.status_code, "try again" in away.json()["detail"]) == (503, True)
    assert "secret" not in away.content.decode()
    from django.core.files.uploadedfile import SimpleUploadedFile

    page = steward.post("/deliveries/new/", {"files": [SimpleUploadedFile("clicks_1.csv", b"1")]})
    assert (page.status_code, "try again" in page.content.decode()) == (503, True)
    assert "secret" not in page.content.decode()


def test_a_linked_folder_is_refused(portal: Portal, steward: Any, tmp_path: Path) -> None:
    (Path(portal.settings.landing) / "clicks").symlink_to(tmp_path)
    assert "link to a folder" in begin(steward).json()["detail"]


def test_the_quota_counts_what_was_announced_and_what_landed_in_a_day(
    portal: Portal, steward: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.utils import timezone

    from vsf_assets.portal.deliveries.models import Delivery

    limited(monkeypatch, quota=10)
    first = begin(steward, size=6).json()
    refused = begin(steward, "clicks_2.csv", size=5)
    assert (refused.status_code, refused.json()["used"], refused.json()["quota"]) == (429, 6, 10)
    assert steward.delete(f"{API}/{first['id']}").status_code == 204
    assert begin(steward, "clicks_2.csv", size=10).status_code == 201
    Delivery.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert begin(steward, "clicks_3.csv", size=10).status_code == 201


def test_the_quota_holds_when_uploads_begin_in_parallel(
    portal: Portal, steward: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connections

    limited(monkeypatch, quota=50)
    statuses: list[int] = []

    def one(number: int) -> None:
        statuses.append(begin(steward, f"clicks_1_{number}.csv", size=10).status_code)
        connections.close_all()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201] * 5 + [429] * 7


def test_a_full_disk_is_said_before_a_byte_is_sent(
    portal: Portal, steward: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vsf_assets.portal.deliveries import begin as begin_module

    monkeypatch.setattr(begin_module, "SPARE_BYTES", 10**18)
    answer = begin(steward)
    assert (answer.status_code, "make room" in answer.json()["detail"]) == (507, True)


def test_an_upload_that_was_given_up_takes_no_more_bytes(portal: Portal, steward: Any, fast: FastLayer) -> None:
    answer = begin(steward).json()
    send(fast, answer, b"ab")
    assert fast.parts() != []
    assert steward.delete(f"{API}/{answer['id']}").status_code == 204
    assert fast.parts() == []
    assert send(fast, answer, b"abc").status == 409
    assert steward.delete(f"{API}/{answer['id']}").status_code == 409
    assert steward.get(f"{API}?state=canceled").json()["items"][0]["id"] == answer["id"]
    assert portal.audit()[-1] == "delivery.canceled"


def test_files_of_a_dataset_land_together(portal: Portal, fast: FastLayer) -> None:
    import asyncio

    from vsf_assets.portal.deliveries.begin import AnnouncedFile, Sender, begin_together
    from vsf_assets.portal.deliveries.models import Delivery

    user = portal.account("ann", "steward")
    names = {"ns final.csv": "namespaces.csv", "c.csv": "columns.csv", "d.csv": "datapoints.csv"}
    files = [AnnouncedFile(own, 3, "datasets", "managed", landing_name=kept) for own, kept in names.items()]
    begun = begin_together(Sender(user, user.account_rights), files)
    assert len({each.delivery.group for each in begun}) == 1
    for number, each in enumerate(begun, 1):
        asyncio.run(fast.ask("PUT", each.delivery.id, each.token, [b"abc"], {}))
        assert Delivery.objects.filter(state="landed").count() == (3 if number == 3 else 0)
    assert set(fast.landed()) == {f"datasets/managed/{name}" for name in names.values()}
    assert len(set(Delivery.objects.values_list("landed_at", flat=True))) == 1


def test_giving_up_one_file_of_a_group_ends_them_all(portal: Portal, steward: Any, fast: FastLayer) -> None:
    import asyncio

    from vsf_assets.portal.deliveries.begin import AnnouncedFile, Sender, begin_together
    from vsf_assets.portal.deliveries.models import Delivery

    user = portal.account("bob", "steward")
    names = ("namespaces.csv", "columns.csv", "datapoints.csv")
    begun = begin_together(
        Sender(user, user.account_rights), [AnnouncedFile(name, 3, "datasets", "managed") for name in names]
    )
    asyncio.run(fast.ask("PUT", begun[0].delivery.id, begun[0].token, [b"abc"], {}))
    assert steward.delete(f"{API}/{begun[1].delivery.ulid}").status_code == 204
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["canceled", "refused", "refused"]
    assert (fast.parts(), fast.landed()) == ([], {})


def test_a_mending_delivery_takes_feed_and_partition_from_the_one_it_mends(portal: Portal, steward: Any) -> None:
    from vsf_assets.portal.accounts.models import Team
    from vsf_assets.portal.deliveries.models import Delivery

    bad = make_delivery(Team.objects.get(name="platform"), state="landed")
    answer = begin(steward, "mended.csv", mends=bad.ulid)
    assert (answer.status_code, answer.json()["path"]) == (201, "clicks/1/mended.csv")
    assert Delivery.objects.get(file_name="mended.csv").mends == bad
    assert begin(steward, "lines.csv", feed="lines", mends=bad.ulid).status_code == 422


def test_the_list_shows_the_own_teams_deliveries_with_filters_and_pages(portal: Portal, steward: Any) -> None:
    from vsf_assets.portal.accounts.models import Team

    own, other = Team.objects.get(name="platform"), Team.objects.create(name="others")
    made = [make_delivery(own, file_name=f"clicks_{n}.csv", state="landed" if n else "sending") for n in range(3)]
    made.sort(key=lambda each: each.ulid)  # ids of one millisecond have no order among themselves
    make_delivery(other, file_name="clicks_9.csv")
    listed = steward.get(f"{API}?limit=2").json()
    assert [item["id"] for item in listed["items"]] == [made[2].ulid, made[1].ulid]
    rest = steward.get(f"{API}?limit=2&after={listed['next']}").json()
    assert ([item["id"] for item in rest["items"]], rest["next"]) == ([made[0].ulid], None)
    assert [item["file_name"] for item in steward.get(f"{API}?state=sending").json()["items"]] == ["clicks_0.csv"]
    assert steward.get(f"{API}?feed=events").json()["items"] == []
    for wrong in ("state=gone", "after=x", "limit=0", "feed=none", "feed=%00"):
        assert steward.get(f"{API}?{wrong}").status_code == 400
    page = steward.get("/deliveries/?state=landed").content.decode()
    assert "clicks_2.csv" in page
    assert "clicks_0.csv" not in page
    assert "clicks_9.csv" not in steward.get("/deliveries/").content.decode()
    for wrong in ("state=gone", "feed=%00"):
        assert steward.get(f"/deliveries/?{wrong}").status_code == 400


def test_the_list_says_what_became_of_a_file_that_is_in_the_snapshot(portal: Portal, steward: Any) -> None:
    from datetime import UTC

    from vsf_assets.portal.accounts.models import Team

    ((sha256, landed_at),) = portal.world.query("select sha256, landed_at from reports.files where feed = 'clicks'")
    same = {"sha256": sha256, "state": "landed"}
    team = Team.objects.get(name="platform")
    at = landed_at.replace(tzinfo=UTC) + timedelta(seconds=3)  # type: ignore[attr-defined]  # a bucket has its own clock
    make_delivery(team, landed_at=at, **same)
    make_delivery(team, landed_at=landed_at.replace(tzinfo=UTC) + timedelta(hours=1), **same)  # type: ignore[attr-defined]
    later, earlier = steward.get(API).json()["items"]
    assert (earlier["outcome"], later["outcome"]) == ("loaded", None)
    page = steward.get("/deliveries/").content.decode()
    assert (page.count("✔ loaded"), page.count("● landed")) == (1, 1)


def test_a_delivery_is_given_up_on_the_page(portal: Portal, steward: Any) -> None:
    from vsf_assets.portal.deliveries.models import Delivery

    answer = begin(steward).json()
    assert "Give up" in steward.get("/deliveries/").content.decode()
    page = steward.post(f"/deliveries/{answer['id']}/cancel/", follow=True).content.decode()
    assert "was canceled" in page
    assert Delivery.objects.get().state == "canceled"
