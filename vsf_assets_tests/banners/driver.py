"""Calls the banner application without a server: requests, answers, visitors, and a clock that tests set.

Here: helpers. Not here: assertions, and a real server (test_service.py).
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from vsf_assets.banners.app import BannerApp
from vsf_assets.banners.options import WebOptions
from vsf_assets.banners.prepared import Slots
from vsf_assets.banners.score_table import ScoreTable, table_of
from vsf_assets.web.signing_keys import SigningKey

HOUR = 1_800_000_000.0 // 3600 * 3600
"""The beginning of an hour, in seconds since 1970."""

KEYS = (SigningKey("0a", 0.0, b"k" * 32),)
PLAIN = WebOptions("next", frozenset(), False, Path("/nonexistent"))


class Clock:
    """A clock that shows what a test sets."""

    def __init__(self, minute: float = 0.0) -> None:
        self.now = HOUR + 60 * minute

    def __call__(self) -> float:
        return self.now


@dataclass
class Response:
    """An answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value.decode() for key, value in self.headers if key == name.encode()), None)

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def banner(self) -> int:
        return int(self.json["banner"]["banner_id"])

    @property
    def kind(self) -> str:
        return str(self.json["type"])


def ask(
    app: BannerApp, target: str | bytes, method: str = "GET", headers: Iterable[tuple[str, str]] = (), **scope: Any
) -> Response:
    """Return the answer to a request; `target` is path and query as bytes on the wire."""
    raw = target if isinstance(target, bytes) else target.encode()
    path, _, query = raw.partition(b"?")
    given = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    pairs = given if any(name == b"host" for name, _ in given) else [(b"host", b"banners.example"), *given]
    pairs = scope.pop("pairs", pairs)
    whole = {"type": "http", "method": method, "raw_path": path, "query_string": query, "headers": pairs}
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    call = app({"http_version": "1.1", **whole, **scope}, _nothing, send)
    try:
        call.send(None)  # it awaits nothing but `send`, so one step is all; a loop would cost ten times as much
    except StopIteration:
        pass
    else:
        raise AssertionError("the application waits for something")
    start, body = messages
    return Response(start["status"], start["headers"], body["body"])


async def _nothing() -> Any:
    raise AssertionError("the body of a request is not read")


@dataclass
class Visitor:
    """A visitor who keeps what the service gives it: by `way` as a cookie, in a header, or in the query."""

    app: BannerApp
    way: str = "cookie"
    token: str = ""
    seen: list[int] = field(default_factory=list)

    def see(self, campaign: int) -> int:
        """Return the next banner of a campaign."""
        headers, target = [], f"/campaigns/{campaign}"
        if self.token and self.way == "cookie":
            headers = [("cookie", f"vsf_visitor={self.token}")]
        elif self.token and self.way == "header":
            headers = [("x-vsf-visitor", self.token)]
        elif self.token:
            target += f"?visitor={self.token}"
        answer = ask(self.app, target, headers=headers)
        if self.way == "cookie":
            cookie = answer.header("set-cookie") or ""
            self.token = cookie.partition(";")[0].removeprefix("vsf_visitor=")
        else:
            self.token = answer.json["visitor"]
        self.seen.append(answer.banner)
        return answer.banner


def scores(campaigns: Mapping[int, Mapping[int, Iterable[int]]], snapshot: int = 41) -> ScoreTable:
    """Return a table of campaign -> quarter -> banners."""
    rows = [
        (campaign, quarter, banner, "top_revenue")
        for campaign, quarters in campaigns.items()
        for quarter, banners in quarters.items()
        for banner in banners
    ]
    return table_of(snapshot, rows)


def app_of(table: ScoreTable, clock: Clock | None = None, options: WebOptions = PLAIN, keys: Any = KEYS) -> BannerApp:
    """Return an application that serves a table."""
    app = BannerApp(options, keys, clock=clock or Clock())
    app.replace(slots=Slots(table))
    return app


def write_snapshot(home: Path, number: int, campaigns: Mapping[int, Mapping[int, Iterable[int]]]) -> Path:
    """Publish a snapshot that holds nothing but chosen banners."""
    folder = home / "snapshots"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"vsf-{number}.duckdb"
    write_scores(file, campaigns)
    link = folder / ".next"
    link.symlink_to(file.name)
    link.rename(folder / "current.duckdb")
    return file


def write_scores(file: Path, campaigns: Mapping[int, Mapping[int, Iterable[int]]]) -> None:
    """Write a DuckDB file with chosen banners."""
    rows = [
        f"({campaign}, {quarter}, {rank}, {banner}, 'top_revenue')"
        for campaign, quarters in campaigns.items()
        for quarter, banners in quarters.items()
        for rank, banner in enumerate(banners, 1)
    ]
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "create schema marts; create table marts.fct_campaign_scores"
            " (campaign_id bigint, quarter integer, rank integer, banner_id bigint, rule varchar)"
        )
        if rows:
            connection.execute(f"insert into marts.fct_campaign_scores values {', '.join(rows)}")
