"""Who asks the masked copy of a snapshot by SQL, and what is said while there is none.

Here: the API, with snapshots in a folder and in a bucket, and what people are told of a copy that fails. Not here: the
copy (test_masked_copies.py), and SQL on the snapshot itself (test_sql_route.py).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from vsf_assets.config.settings import Settings
from vsf_assets.masking.copy_state import FAILED, MADE, CopyState, write_state
from vsf_assets.masking.keep_copies import CopyKeeper
from vsf_assets.masking.masked_snapshots import every_copy
from vsf_assets.publish.old_snapshots import prune
from vsf_assets_tests.object_server import Bucket
from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.notice_world import NoticeWorld, notices
from vsf_assets_tests.portal.test_masked_copies import home_with, in_process, point, small
from vsf_assets_tests.portal.test_sql_route import ask
from vsf_assets_tests.portal.world import PHONES
from vsf_assets_tests.waiting import wait_until

pytestmark = pytest.mark.usefixtures("in_process")
__all__ = ["in_process", "notices"]

LINES = "select mtn, n from marts.dim_lines"


@contextmanager
def masked(portal: Portal, settings: Settings, is_on: bool = True) -> Iterator[bytes]:
    """Let the portal read a home, with or without masked copies; give its key of pseudonyms."""
    from django.conf import settings as of_django
    from django.test import override_settings

    with override_settings(VSF=settings, VSF_PORTAL=replace(portal.settings.portal, masked=is_on)):
        yield of_django.VSF_PSEUDONYM_KEY


def analyst(portal: Portal) -> dict[str, str]:
    """Return the header of an analyst without personal data, whose token asks for it in vain."""
    return portal.token(portal.account("ann", "analyst"), "read", "export", "personal")


def problem_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["detail"]


def test_who_sees_no_personal_data_asks_the_masked_copy(portal: Portal, tmp_path: Path) -> None:
    settings = home_with(tmp_path, small(tmp_path, 1))
    header = analyst(portal)
    seeing = portal.token(portal.account("bob", "analyst", personal=True), "read", "export", "personal")
    with masked(portal, settings) as key:
        assert CopyKeeper(settings, key).refresh()
        answer = ask(portal, header, LINES).json()
        ((mtn, number),) = answer["rows"]
        assert (mtn[:5], len(mtn), number) == ("anon-", 25, 1)
        assert (answer["snapshot"], answer["is_masked"], answer["note"]) == (1, True, "")
        assert PHONES[0] not in json.dumps(answer)
        named = ask(portal, header, "select database_name from duckdb_databases() where not internal").json()
        assert named["rows"] == [["vsf-1"]]
        whole = ask(portal, seeing, LINES).json()
        assert (whole["rows"], whole["is_masked"]) == ([[PHONES[0], 1]], False)


@pytest.mark.parametrize(
    ("role", "team", "scopes", "status"),
    [
        ("analyst", "platform", ("read", "export"), 503),
        ("engineer", "platform", ("read", "export"), 503),
        ("reader", "platform", ("read", "export"), 403),
        ("analyst", "platform", ("read",), 403),
        ("analyst", "others", ("read", "export"), 403),
    ],
)
def test_masked_copies_need_the_right_to_read_and_export_every_feed(
    portal: Portal, tmp_path: Path, role: str, team: str, scopes: tuple[str, ...], status: int
) -> None:
    settings = home_with(tmp_path, small(tmp_path, 1))
    portal.grant("others", "lines")
    header = portal.token(portal.account("ann", role, team=team), *scopes, team=team)
    with masked(portal, settings):
        assert ask(portal, header, "select 1").status_code == status  # 503: it may ask, and there is no copy yet


def test_without_the_setting_there_is_no_sql_and_the_answer_says_why(portal: Portal, tmp_path: Path) -> None:
    settings = home_with(tmp_path, small(tmp_path, 1))
    header = analyst(portal)
    with masked(portal, settings, is_on=False) as key:
        CopyKeeper(settings, key).refresh()  # a copy of before the setting was switched off
        status, detail = problem_of(ask(portal, header, LINES))
    assert status == 403
    assert "VSF_PORTAL_MASKED=yes" in detail


def test_while_a_copy_is_made_an_older_one_is_asked(portal: Portal, tmp_path: Path) -> None:
    settings = home_with(tmp_path, small(tmp_path, 1))
    header = analyst(portal)
    with masked(portal, settings) as key:
        assert problem_of(ask(portal, header, LINES)) == (
            503,
            "the masked copy of snapshot 1 is being made; ask again in a minute",
        )
        keeper = CopyKeeper(settings, key)
        assert keeper.refresh()
        for number in (2, 3):
            (Path(settings.snapshots) / f"vsf-{number}.duckdb").write_bytes(small(tmp_path, number).read_bytes())
            point(settings, number)
        answer = ask(portal, header, LINES).json()
        assert (answer["snapshot"], answer["rows"][0][1]) == (1, 1)
        assert answer["note"] == "this is snapshot 1: the masked copy of snapshot 3 is being made"
        assert problem_of(ask(portal, header, LINES, snapshot=3)) == (
            503,
            "the masked copy of snapshot 3 is being made; ask snapshot 1",
        )
        assert problem_of(ask(portal, header, LINES, snapshot=2)) == (
            410,
            "there is no masked copy of snapshot 2; ask snapshot 1",
        )
        assert keeper.refresh()
        answer = ask(portal, header, LINES).json()
        assert (answer["snapshot"], answer["rows"][0][1], answer["note"]) == (3, 3, "")
        assert ask(portal, header, LINES, snapshot=1).json()["rows"][0][1] == 1


def test_copies_of_snapshots_in_a_bucket(portal: Portal, bucket: Bucket, tmp_path: Path) -> None:
    settings = replace(
        home_with(tmp_path), snapshots=bucket.address("snapshots"), keep_snapshots=1, keep_snapshot_hours=0
    )
    header = analyst(portal)
    with masked(portal, settings) as key:
        keeper = CopyKeeper(settings, key)
        assert not keeper.refresh()
        for number in (1, 2):
            bucket.put(f"snapshots/vsf-{number}.duckdb", small(tmp_path, number).read_bytes())
            bucket.put("snapshots/current", f"vsf-{number}.duckdb")
            assert (keeper.refresh(), CopyKeeper(settings, key).refresh()) == (True, False)
        answers = [ask(portal, header, LINES, snapshot=number).json() for number in (None, 1, 2)]
        assert [(answer["snapshot"], answer["rows"][0][1]) for answer in answers] == [(2, 2), (1, 1), (2, 2)]
        assert all(answer["rows"][0][0].startswith("anon-") for answer in answers)
        assert [copy.number for copy in every_copy(settings.snapshots)] == [1, 2]
        bucket.put("snapshots/vsf-3.duckdb", small(tmp_path, 3).read_bytes())
        bucket.put("snapshots/current", "vsf-3.duckdb")
        assert len(prune(settings, now=datetime.now(UTC) + timedelta(days=1))) == 2
        assert every_copy(settings.snapshots) == []  # of snapshot 3 none was made
    assert not list((settings.home / "portal" / "masking").glob("*.duckdb"))


def test_a_copy_that_fails_stands_on_the_status_page(portal: Portal) -> None:
    reason = f"disk full, near {PHONES[0]}"
    write_state(portal.settings.home, CopyState(1, FAILED, 1.9e9, reason=reason))
    engineer = portal.client(portal.account("ann", "engineer", personal=True))
    reader = portal.client(portal.account("bob", "reader"))
    try:
        with masked(portal, portal.settings):
            shown, short = (client.get("/status/").content.decode() for client in (engineer, reader))
        with masked(portal, portal.settings, is_on=False):
            off = engineer.get("/status/").content.decode()
    finally:
        (portal.settings.home / "portal" / "masked.json").unlink()
    failed = "he masked copy of snapshot 1 could not be made"
    assert [failed in page for page in (shown, short, off)] == [True, True, False]
    assert [reason in page for page in (shown, short)] == [True, False]


def test_masked_copies_that_fail_are_one_event_of_the_platform_until_one_is_made(notices: NoticeWorld) -> None:
    from django.conf import settings
    from django.test import override_settings

    from vsf_assets.portal.notices.models import NoticeEvent
    from vsf_assets.portal.notices.recipients import Teams

    notices.portal.grant("others", "clicks")
    notices.portal.account("ann", "engineer")
    for folder in ("service", "portal"):
        (notices.settings.home / folder).mkdir(exist_ok=True)

    def state(number: int, kind: str) -> None:
        write_state(
            notices.settings.home, CopyState(number, kind, notices.now().timestamp(), reason="it quotes 5557770001")
        )

    with override_settings(VSF_PORTAL=replace(settings.VSF_PORTAL, masked=True)):
        state(1, MADE)
        assert notices.scan(1) == ([], [])
        notices.minute = 2
        state(2, FAILED)
        ((key,), over) = notices.scan(3)
        assert (key.startswith("masked:2:"), over) == (True, [])
        event = NoticeEvent.objects.get()
        teams = Teams()
        assert [teams.all[team].name for team in teams.who_may_know(event)] == ["platform"]
        assert "5557770001" not in repr(event.details)
        state(3, FAILED)
        assert notices.scan(4) == ([], [])
        state(3, MADE)
        assert notices.scan(5) == ([], [key])


@pytest.mark.parametrize("is_on", [True, False])
def test_the_portal_makes_copies_where_the_setting_says_so(portal: Portal, tmp_path: Path, is_on: bool) -> None:
    """Also of a snapshot that was published before: switching the setting on makes what is missing."""
    from vsf_assets.portal.serve import keep_masked_copies

    settings = home_with(tmp_path, small(tmp_path, 1))
    with masked(portal, settings):
        keeper = keep_masked_copies(replace(settings, portal=replace(settings.portal, masked=is_on)))
        if is_on:
            wait_until(lambda: bool(every_copy(settings.snapshots)), 20)
        keeper.stop()
    assert [copy.number for copy in every_copy(settings.snapshots)] == ([1] if is_on else [])
