"""Uploads that end otherwise than by landing at once: too late, without a name, without the right any more.

Here: the portal beside the fast layer, on a landing folder. Not here: the usual way, refusals at the beginning, and
lists (test_deliveries.py).
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from vsf_assets_tests.portal.driver import Portal, random_id
from vsf_assets_tests.portal.test_deliveries import API, begin, fast, send, steward
from vsf_assets_tests.portal.upload_driver import FastLayer

__all__ = ["fast", "steward"]


def test_what_does_not_arrive_in_a_day_goes(portal: Portal, steward: Any, fast: FastLayer) -> None:
    from django.utils import timezone

    from vsf_assets.portal.deliveries.models import Delivery
    from vsf_assets.portal.deliveries.take_up import take_up

    send(fast, begin(steward).json(), b"ab")
    Delivery.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert take_up() == 1
    (item,) = steward.get(API).json()["items"]
    assert (item["state"], fast.parts()) == ("expired", [])
    assert "send it again" in item["reason"]


def test_an_upload_that_gets_no_name_holds_up_no_other_and_ends_in_time(
    portal: Portal, steward: Any, fast: FastLayer
) -> None:
    from django.utils import timezone

    from vsf_assets.portal.deliveries.models import Delivery
    from vsf_assets.portal.deliveries.take_up import take_up

    send(fast, begin(steward, "clicks_1.csv").json(), b"ab")
    broken = begin(steward, "clicks_2.csv").json()
    in_the_way = Path(portal.settings.landing) / "clicks"
    in_the_way.write_bytes(b"a file where a folder must be")
    assert send(fast, broken, b"abc").status == 503
    Delivery.objects.exclude(partition="2").update(expires_at=timezone.now() - timedelta(days=2))
    assert take_up() == 1
    assert states() == {"1": "expired", "2": "sending"}
    assert len(fast.parts()) == 1
    Delivery.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert [take_up(), take_up()] == [1, 0]
    assert (states(), fast.parts()) == ({"1": "expired", "2": "expired"}, [])
    in_the_way.unlink()
    assert fast.landed() == {}


def test_a_whole_upload_lands_at_the_latest_when_its_time_is_over(
    portal: Portal, steward: Any, fast: FastLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a bucket: `give` alone names nothing whose bytes the store does not have."""
    from django.utils import timezone

    from vsf_assets.portal.deliveries.models import Delivery
    from vsf_assets.portal.deliveries.take_up import take_up
    from vsf_assets.portal.fast.folder_names import FolderNames

    sent = set()

    def prepare(_: Any, record: Any) -> Any:
        sent.add(record.id)
        return record

    monkeypatch.setattr(FolderNames, "is_prepared", lambda _, record: record.id in sent)
    with monkeypatch.context() as patched:
        patched.setattr(FolderNames, "prepare", lambda *_: (_ for _ in ()).throw(OSError("the store is away")))
        assert send(fast, begin(steward).json(), b"abc").status == 503
    monkeypatch.setattr(FolderNames, "prepare", prepare)
    assert (take_up(), states()) == (0, {"1": "sending"})
    Delivery.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert (take_up(), states()) == (1, {"1": "landed"})
    assert fast.landed() == {"clicks/1/clicks_1.csv": b"abc"}


def end_role(user: Any) -> None:
    user.memberships.update(role="reader")


def end_grant(user: Any) -> None:
    from vsf_assets.portal.accounts.models import Grant

    Grant.objects.filter(team__memberships__user=user).update(may_deliver=False)


def end_account(user: Any) -> None:
    type(user).objects.filter(pk=user.pk).update(is_active=False)


def end_team(user: Any) -> None:
    user.memberships.get(team__name="others").team.delete()


def end_on_another_host(_: Any) -> None:
    """The mark of a canceled upload stands in the other host's folder alone."""
    from vsf_assets.portal.deliveries.models import Delivery

    Delivery.objects.update(state=Delivery.CANCELED, reason="its sender canceled it")


@pytest.mark.parametrize(
    ("end", "state", "words"),
    [
        (end_role, "refused", "role steward"),
        (end_grant, "refused", "grant"),
        (end_account, "refused", "account"),
        (end_team, "", "team was deleted"),
        (end_on_another_host, "canceled", "canceled"),
    ],
)
def test_what_ended_while_the_bytes_came_lands_nothing(
    portal: Portal, fast: FastLayer, end: Any, state: str, words: str
) -> None:
    portal.grant("others", "clicks", may_deliver=True)
    user = portal.account("bob", "steward", "others")
    begun = begin(portal.client(user), team=str(user.memberships.get(team__name="others").team_id)).json()
    assert send(fast, begun, b"ab").status == 400
    end(user)
    refused = send(fast, begun, b"abc")
    assert (refused.status, words in refused.json["detail"]) == (403, True)
    assert (fast.landed(), fast.parts()) == ({}, [])
    assert list(states().values()) == ([state] if state else [])
    assert send(fast, begun, b"abc").status == 409


def test_a_database_that_is_away_leaves_the_question_for_later(
    portal: Portal, steward: Any, fast: FastLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import DatabaseError

    from vsf_assets.portal.deliveries import still_allowed
    from vsf_assets.portal.deliveries.take_up import take_up

    begun = begin(steward).json()

    def away(*_: Any) -> str:
        raise DatabaseError("away")

    with monkeypatch.context() as patched:
        patched.setattr(still_allowed, "_why_not", away)
        assert send(fast, begun, b"abc").status == 503
    assert (fast.landed(), take_up(), states()) == ({}, 1, {"1": "landed"})
    assert fast.landed() == {"clicks/1/clicks_1.csv": b"abc"}


def test_what_landed_while_another_host_gave_it_up_has_landed(portal: Portal, steward: Any, fast: FastLayer) -> None:
    from vsf_assets.portal.deliveries.models import Delivery
    from vsf_assets.portal.deliveries.take_up import take_up

    fast.on_end = None
    fast.restart()
    send(fast, begin(steward).json(), b"abc")
    end_on_another_host(None)
    assert (take_up(), states(), take_up()) == (1, {"1": "landed"}, 0)
    assert Delivery.objects.get().reason == ""
    assert portal.audit()[-1] == "delivery.landed"


def test_an_announcement_that_is_sent_again_gives_the_upload_that_it_began(portal: Portal, steward: Any) -> None:
    key = {"HTTP_IDEMPOTENCY_KEY": str(random_id())}

    def announce(**changes: Any) -> Any:
        body = json.dumps({"file_name": "clicks_1.csv", "bytes": 3, **changes})
        return steward.post(API, body, "application/json", **key)

    first, again = announce(), announce()
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] == again.json()["id"]
    assert len(steward.get(API).json()["items"]) == 1
    assert announce(bytes=4).status_code == 422
    assert announce(feed="clicks", partition="2").status_code == 422
    assert begin(steward).json()["id"] != first.json()["id"]  # without a key each is another one
    other = portal.client(portal.account("bob", "steward"))
    body = json.dumps({"file_name": "clicks_1.csv", "bytes": 3})
    assert other.post(API, body, "application/json", **key).json()["id"] != first.json()["id"]
    key["HTTP_IDEMPOTENCY_KEY"] = "x"
    assert announce().status_code == 400


def states() -> dict[str, str]:
    from vsf_assets.portal.deliveries.models import Delivery

    return dict(Delivery.objects.values_list("partition", "state"))
