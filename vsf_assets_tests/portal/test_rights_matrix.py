"""Every address × every caller answers what the table of rights says, and foreign ids look like ids that never were.

Here: the walk over Django's addresses and OpenAPI, and rows of other teams. Not here: the table (matrix.py).
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from vsf_assets.common.ulids import ulid_of
from vsf_assets_tests.portal.dictionaries import SAMPLE
from vsf_assets_tests.portal.dictionary_forms import own
from vsf_assets_tests.portal.driver import PASSWORD, Portal, random_id
from vsf_assets_tests.portal.matrix import TABLE
from vsf_assets_tests.portal.matrix_answers import CALLERS, OWN, ROLES, Line
from vsf_assets_tests.portal.question_forms import saved

BELOW = ("account/", "admin/")


def without_token(answer: Any) -> str:
    """Return a page without what differs each time: its CSRF token, and how long ago something was."""
    return re.sub(r'csrfmiddlewaretoken" value="\w+"|>(now|\d+ \w+ ago)<', "", answer.content.decode())


def routes(patterns: Any, before: str = "") -> Iterator[str]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns, route)
        else:
            yield route


def test_every_address_has_a_line(portal: Portal) -> None:
    from django.urls import get_resolver

    known = {line.route for line in TABLE}
    found = set(routes(get_resolver().url_patterns))
    assert len(found) > 60
    assert sorted(r for r in found if r not in known and not r.startswith(BELOW)) == []
    assert sorted(route for route in known if route not in found and route not in BELOW) == []


def test_every_operation_of_the_api_has_a_line(portal: Portal) -> None:
    described = portal.client().get("/api/v1/openapi.json").json()["paths"]
    known = {(f"/{line.route}".replace("<", "{").replace(">", "}"), line.method.lower()) for line in TABLE}
    assert {(path, method) for path, operations in described.items() for method in operations} <= known


def add_notice(feed: str) -> Any:
    """Return a notice about a feed."""
    from django.utils import timezone

    from vsf_assets.portal.notices.models import NoticeEvent

    now = timezone.now()
    return NoticeEvent.objects.create(
        key=f"unreadable:{feed}", kind="unreadable", feed=feed, happened_at=now, found_at=now
    )


def add_schema(team: str, schema_id: str, file_id: str) -> dict[str, str]:
    """Give a team a schema that landed, and a request for a file; return their ids under names."""
    from vsf_assets.portal.accounts.models import Team
    from vsf_assets.portal.made.models import MadeSchema, RequestedFile, SchemaRevision

    content = {"name": team, "columns": [{"name": "id", "type": "UUID"}]}
    found, now = Team.objects.get(name=team), datetime.now(UTC)
    schema = MadeSchema.objects.create(team=found, name=team, draft=content, modified_at=now)
    landed = {"number": 1, "landed_name": f"{team}-r1", "path": f"fake_schemas/{team}-r1.schema.yaml", "landed_at": now}
    revision = SchemaRevision.objects.create(schema=schema, content=content, landed=content, **landed)
    wanted = {"number": 1, "name": f"{team}-1", "rows": 10**6, "seed": 0, "format": "csv", "landed_at": now}
    return {schema_id: schema.ulid, file_id: RequestedFile.objects.create(revision=revision, **wanted).ulid}


def add_question(writer: Any) -> dict[str, Any]:
    """Return the ids of a question of the platform, and of a data link of it."""
    from vsf_assets.portal.questions.data_links import create_link

    question = saved(writer, "a question", "select 1 as n")
    return {"question": question.id, "data_link": create_link(question, writer, "x")[0].id}


class Callers:
    """Clients of every caller, and ids of a team that only the platform's administrators may change."""

    def __init__(self, portal: Portal) -> None:
        from vsf_assets.portal.accounts.account_changes import set_grant
        from vsf_assets.portal.accounts.api_tokens import create_token
        from vsf_assets.portal.accounts.models import Membership, Team
        from vsf_assets.portal.accounts.one_time_links import invite

        self.clients = {"visitor": portal.client(), "stranger": portal.client(portal.account("stranger"))}
        for role in ROLES:
            user = portal.account(f"the-{role}", role)
            self.clients[role] = portal.confirmed(user) if role == "admin" else portal.client(user)
        portal.grant("others", "clicks")
        other = portal.account("other", "admin", team="others")
        second = portal.account("second", "admin", team="third")
        victim = portal.account("victim", "reader", team="third")
        self.clients["other"] = portal.client(other)
        own(portal, SAMPLE, "senders")
        senders = Team.objects.get(name="senders")
        for feed in ("events", "datasets"):
            set_grant(senders, feed, may_read=False, may_deliver=True)
        portal.grant("granted", "datasets")
        self.clients["sender"] = portal.client(portal.account("sender", "steward", team="senders"))
        self.clients["granted"] = portal.client(portal.account("granted", "analyst", team="granted"))
        team = Team.objects.get(name="third")
        member = Membership.objects.get(user=victim, team=team)
        invite(team, "reader", may_see_personal=False, actor=second)
        token = create_token(victim, team, "x", ["read"], 1)[0]
        notice = add_notice("impressions")
        self.ids = {
            "team": team.id,
            "member": member.id,
            "token": token.id,
            "link": team.links.get().id,
            "notice": notice.id,
            **add_question(portal.account("writer", "analyst", personal=True)),
            "delivery": portal.delivered("senders", "events").ulid,
        }
        for feed in ("clicks", "events"):
            sql = "select file_id from raw.files where feed = ? order by landed_at desc limit 1"
            self.ids[feed] = portal.world.query(sql, feed)[0][0]
        for team, (schema, file) in {"platform": ("made", "made_file"), "third": ("theirs", "their_file")}.items():
            self.ids |= add_schema(team, schema, file)
        ((self.ids["sample"],),) = portal.world.query(
            "select min(file_id) from raw.files where feed = 'datasets' and partition_key = ?", SAMPLE
        )

    def send(self, caller: str, line: Line, ids: dict[str, Any] | None = None) -> Any:
        address = line.example.format(**(ids or self.ids))
        client = self.clients[caller]
        if line.json:
            return {"POST": client.post, "PUT": client.put}[line.method](
                address, line.json, content_type="application/json"
            )
        send = {"POST": client.post, "DELETE": client.delete, "GET": client.get}[line.method]
        return send(address, dict(line.data)) if line.data else send(address)


LINES = [line for line in TABLE if line.answers is not OWN]


def test_every_caller_gets_the_answer_of_the_table(portal: Portal) -> None:
    callers = Callers(portal)
    wrong = []
    for line in LINES:
        assert isinstance(line.answers, dict)
        for caller in CALLERS:
            answer = callers.send(caller, line)
            if answer.status_code != line.answers[caller]:
                wrong.append((line.example, caller, answer.status_code, line.answers[caller]))
            if answer.streaming:
                answer.close()
    assert wrong == [], "\n".join(map(str, wrong))


def test_foreign_ids_answer_like_ids_that_never_were(portal: Portal) -> None:
    callers = Callers(portal)
    nobody: dict[str, Any] = {name: random_id() for name in callers.ids}
    of_ulids = ("delivery", "made", "made_file", "theirs", "their_file")
    nobody |= {name: ulid_of(random_id()) for name in of_ulids} | {"clicks": 1, "events": 2, "sample": 3}
    for line in LINES:
        if "{" in line.example:
            assert isinstance(line.answers, dict)
            callers_without = [c for c in ("stranger", "reader", "engineer", "other") if line.answers[c] == 404]
            assert callers_without, line
            for caller in callers_without:
                foreign, missing = callers.send(caller, line), callers.send(caller, line, nobody)
                assert foreign.status_code == missing.status_code == 404, line.example
                assert without_token(foreign) == without_token(missing)


def test_another_team_reads_the_rows_of_its_feeds_alone(portal: Portal) -> None:
    portal.grant("others", "clicks")
    client = portal.client(portal.account("other", "analyst", team="others"))
    assert {row["feed"] for row in client.get("/api/v1/files?limit=1000").json()["items"]} == {"clicks"}
    assert {row["feed"] for row in client.get("/api/v1/anomalies?limit=1000").json()["items"]} == {"clicks"}
    exported = b"".join(client.get("/data/reports/anomalies/export/csv/").streaming_content).decode()
    assert "clicks" in exported
    assert "events" not in exported
    assert "linedim" not in client.get("/").content.decode()
    listed = {item["name"]: item["rows"] for item in client.get("/api/v1/tables").json()["items"]}
    assert set(listed) == {"reports.anomalies", "reports.data_quality", "reports.files"}
    assert listed["reports.files"] == 1  # how many files other teams delivered is not said either
    assert "files: 1 row" in client.get("/data/reports/files/").content.decode()


def test_all_feeds_of_a_subject_open_its_tables(portal: Portal) -> None:
    portal.grant("others", "clicks", "impressions")
    client = portal.client(portal.account("other", "reader", team="others"))
    assert client.get("/data/marts/fct_campaign_scores/").status_code == 404
    portal.grant("others", "conversions")
    assert client.get("/data/marts/fct_campaign_scores/").status_code == 200
    assert client.get("/data/marts/dim_lines/").status_code == 404


def test_a_token_has_the_rights_of_one_team_and_of_its_scopes(portal: Portal) -> None:
    user = portal.account("ann", "engineer")
    client = portal.client()
    of_platform, of_own = portal.token(user, "read"), portal.token(user, "read", team="~ann")
    nothing = portal.token(user, "deliver")
    assert client.get("/api/v1/lines", **of_platform).status_code == 200
    assert client.get("/api/v1/lines", **of_own).status_code == 404
    assert client.get("/api/v1/lines", **nothing).status_code == 404
    assert client.get("/api/v1/me", **nothing).json()["token_scopes"] == ["deliver"]


@pytest.mark.parametrize("change", ["expired", "inactive", "ended", "demoted"])
def test_a_token_ends_with_what_it_stands_on(portal: Portal, change: str) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from vsf_assets.portal.accounts.api_tokens import end_token
    from vsf_assets.portal.accounts.models import ApiToken, Membership

    user = portal.account("ann", "engineer")
    header = portal.token(user, "read")
    assert portal.client().get("/api/v1/tables/raw/events", **header).status_code == 200
    token = ApiToken.objects.get()
    if change == "expired":
        ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif change == "inactive":
        type(user).objects.update(is_active=False)
    elif change == "ended":
        end_token(token, user)
    else:
        Membership.objects.filter(user=user).update(role="reader")
    wanted = 404 if change == "demoted" else 401
    assert portal.client().get("/api/v1/tables/raw/events", **header).status_code == wanted


def test_a_token_is_stored_as_its_digest_alone(portal: Portal) -> None:
    header = portal.token(portal.account("ann", "engineer"), "read")
    text = header["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    assert text.startswith("vsf_")
    assert len(text) >= 4 + 43  # 256 bits in base64
    assert text.encode() not in repr(portal.tables()).encode()
    assert PASSWORD not in repr(portal.tables())
