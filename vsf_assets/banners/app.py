"""The raw ASGI application of the banner service: paths, and the short way of the commonest request.

Here: which path is answered how, and the answer to a plain GET of a campaign's banner without a detour. A path is
matched on its raw bytes, so another spelling of it is unknown. Not here: what an answer holds (answers.py), and when
slots and keys are replaced (watching.py).
"""

import hashlib
import time
from collections.abc import Callable, Sequence

from vsf_assets.banners import answers, cycles, pictures, requests
from vsf_assets.banners.counters import INVALID, KNOWN, NEW, Counters
from vsf_assets.banners.options import WebOptions
from vsf_assets.banners.prepared import PREFIXES, Routes, Slot, Slots, campaign_of
from vsf_assets.banners.quarters import quarter_at
from vsf_assets.banners.score_table import ScoreTable
from vsf_assets.banners.visitor_tokens import TokenSigner, first_valid, mac_text
from vsf_assets.web.answers import HttpAnswer, Receive, Scope, Send, send_answer
from vsf_assets.web.signing_keys import SigningKey

_COOKIE_START = requests.COOKIE + b"="
_JSON, _NO_STORE = answers.JSON_HEADERS
_join = b"".join
_BODY = "http.response.body"
_START = "http.response.start"

_MOST_REMEMBERED = 500
"""Values of Accept and Host that are remembered as usual ones."""

Report = Callable[[], HttpAnswer]


class BannerApp:
    """Answers requests from slots and keys, which another thread may replace at any time.

    Args:
        options: what the settings say.
        keys: keys that sign tokens.
        reports: answers to paths beside banners, like `/healthz`; raw path -> function.
        clock: returns the time in seconds since 1970.
    """

    def __init__(
        self,
        options: WebOptions,
        keys: Sequence[SigningKey],
        reports: dict[bytes, Report] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.options = options
        self.counters = Counters()
        self.slots: Slots = Slots(ScoreTable(0, {}))
        self.keys = keys
        self.reports = reports or {}
        self._clock = clock
        self._since, self._until = 0.0, 0.0
        self._routes: Routes = self.slots.quarters[1]
        self._ready = self._routes.ready
        self._is_empty = True
        self._signer = TokenSigner(keys, 0.0)
        self._usual_accepts: set[bytes | None] = {None, b"*/*", b"application/json"}
        self._usual_hosts: set[bytes] = set()
        self._quick = self.counters.quick
        self._cookie_end = answers.cookie_end(options)

    def replace(self, slots: Slots | None = None, keys: Sequence[SigningKey] | None = None) -> None:
        """Use other slots or keys from the next request on; running ones keep what they have."""
        if slots is not None:
            self.slots = slots
        if keys is not None:
            self.keys = keys
        self._until = 0.0

    def _turn(self, now: float) -> None:
        """Choose the routes of the quarter, and the signer of the day."""
        slots, keys = self.slots, self.keys
        quarter = quarter_at(now, self.options.boundary)
        self._signer = TokenSigner(keys, now)
        self._routes = slots.quarters[quarter.number]
        self._ready = self._routes.ready
        self._is_empty = not slots.table.campaigns
        self._since, self._until = quarter.since, min(quarter.until, self._signer.until)
        if self.slots is not slots or self.keys is not keys:
            self._until = 0.0  # replaced meanwhile, by another thread

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        # Taken out before it is called: as `self._clock()`, CPython would look for a method of the class first.
        clock = self._clock
        now = clock()
        if not self._since <= now < self._until:
            self._turn(now)
        if scope.get("method") != "GET":  # or another protocol, which has none
            await self._detour(scope, receive, send)
            return
        pairs = scope["headers"]
        headers = dict(pairs)
        slot = self._ready.get(scope["raw_path"])
        if (
            slot is None
            or scope["query_string"]
            or len(headers) != len(pairs)
            or headers.get(b"host") not in self._usual_hosts
            or headers.get(b"accept") not in self._usual_accepts
            or b"origin" in headers
            or requests.VISITOR_HEADER in headers
        ):
            await self._detour(scope, receive, send)
            return
        signer = self._signer
        cookie = headers.get(b"cookie")
        if cookie is None:
            self._quick[NEW] += 1
            begin = signer.begin
            entries, mac = b"", begin()
        else:
            opened = signer.open_cookie(cookie)  # the visitor's is the only cookie of most
            if opened is None:
                opened = self._open_any(cookie)
            else:
                self._quick[KNOWN] += 1
            entries, mac = opened
        banner, others, own = cycles.next_banner(slot, entries)
        if others is not entries:
            mac = signer.hash_of(others)
        mac.update(own)
        code = mac_text(mac)
        value = _join((signer.cookie_head, code, others, own, self._cookie_end))
        # The server adds the length, for less than we would.
        await send({"type": _START, "status": 200, "headers": [_JSON, _NO_STORE, (b"set-cookie", value)]})
        await send({"type": _BODY, "body": _join((banner.body, signer.head, code, others, own, b'"}\n'))})

    def _open_any(self, cookies: bytes) -> "tuple[bytes, hashlib.blake2b]":
        """Return the entries of the first valid token among several cookies, none if none is valid, and their hash."""
        entries = first_valid(self._signer, requests.cookies_of(cookies))
        self._quick[INVALID if entries is None else KNOWN] += 1
        return entries or b"", self._signer.hash_of(entries or b"")

    async def _detour(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer any request that is not the commonest one."""
        if scope["type"] != "http":
            await _other_protocol(scope, receive, send)
            return
        slot = self._routes[scope["raw_path"]]
        headers = requests.Headers(scope["headers"])
        is_head = scope["method"] == "HEAD"
        hosts = headers.all(b"host")
        if not requests.is_host(hosts, scope["http_version"]):
            kind, answer = "refused", answers.BAD_HOST
        else:
            kind, answer = self._answer(scope, headers, slot)
            self._remember(hosts, headers.all(b"accept"))
        self.counters.answers[kind] += 1
        await send_answer(send, answer, is_head, answers.cross_site(self.options, headers))

    def _remember(self, hosts: Sequence[bytes], accepts: Sequence[bytes]) -> None:
        """Remember values of headers that need no detour, because the same ones come again and again."""
        if hosts and hosts[0] and len(self._usual_hosts) < _MOST_REMEMBERED:
            self._usual_hosts.add(hosts[0])
        is_short = len(accepts) == 1 and len(accepts[0]) < 200 and len(self._usual_accepts) < _MOST_REMEMBERED
        if is_short and not requests.prefers_html(accepts[0].decode("latin-1")):
            self._usual_accepts.add(accepts[0])

    def _answer(self, scope: Scope, headers: requests.Headers, slot: Slot | None) -> tuple[str, HttpAnswer]:
        """Return the kind of an answer for the counts, and the answer."""
        path, method = scope["raw_path"], scope["method"]
        found = self._page_of(path, slot)
        if found is None:
            return self._unknown(path)
        if method == "OPTIONS":
            return "page", answers.allowed(self.options, headers)
        if method not in ("GET", "HEAD"):
            return "refused", answers.NOT_ALLOWED
        kind, page = found
        if isinstance(page, Slot):
            if not page.banners:
                return "no_banner", answers.no_banner(page)
            if kind == "list":
                return "list", answers.list_of(page, headers)
            return self._shown(scope, headers, page)
        return kind, page(headers)

    def _page_of(
        self, path: bytes, slot: Slot | None
    ) -> tuple[str, Slot | Callable[[requests.Headers], HttpAnswer]] | None:
        """Return what a raw path stands for; None if it is unknown."""
        if slot is not None:
            return "banner", slot
        if path in self.reports:
            report = self.reports[path]
            return "page", lambda _: report()
        if path.endswith(b"/banners") and (of_list := self._routes[path.removesuffix(b"/banners")]) is not None:
            return "list", of_list
        match = pictures.PATH.fullmatch(path)
        if match is not None:
            banner, folder = match["id"].decode(), self.options.pictures
            return "picture", lambda headers: pictures.picture(banner, folder, answers.wanted_etags(headers))
        return None

    def _unknown(self, path: bytes) -> tuple[str, HttpAnswer]:
        if self._is_empty and campaign_of(path.removesuffix(b"/banners")) is not None:
            return "no_scores", answers.NO_SCORES
        if path.startswith(PREFIXES):
            return "not_found", answers.NO_CAMPAIGN
        return "not_found", answers.NOT_FOUND

    def _shown(self, scope: Scope, headers: requests.Headers, slot: Slot) -> tuple[str, HttpAnswer]:
        """Return an answer with banners for the visitor of a request."""
        query = requests.query_of(scope["query_string"])
        count = answers.count_of(query.count)
        if count == 0:
            return "refused", answers.BAD_COUNT
        tokens = [token for token in requests.tokens_of(headers, query) if token]
        entries = first_valid(self._signer, tokens)
        self.counters.visitors["new" if not tokens else "invalid" if entries is None else "known"] += 1
        banners, after = cycles.next_banners(slot, entries or b"", count or 1)
        token = self._signer.sign(after)
        # HEAD shows nothing, so the visitor stays where he is.
        cookie = () if scope["method"] == "HEAD" else ((b"set-cookie", _COOKIE_START + token + self._cookie_end),)
        if requests.prefers_html(headers.joined(b"accept")):
            return "banner", answers.html_of(slot, banners, token, cookie)
        return "banner", answers.json_of(slot, banners, count is not None, token, cookie)


async def _other_protocol(scope: Scope, receive: Receive, send: Send) -> None:
    """Take part in the server's start and end; refuse WebSockets."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
