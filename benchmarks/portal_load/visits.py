"""What people ask the portal for, and a client that asks.

Here: addresses of pages by kind, drawn at random, and requests over a kept connection. Not here: how many clients there
are, and what is made of their times.
"""

import http.client
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.portal_load.served import Person

ACTIVITY = "/data/marts/fct_activity_events/"
_SORTS = ("event_at", "-event_at", "event_date", "device_carrier", "-os_name", "session_id")
_WORDS = ("zebra", "android", "ios", "verizon", "iphone", "texas", "english", "pixel")

_NUMBERS = ("",) * 50 + tuple(map(str, range(50)))

SEARCHED_WORD, SEARCHED_KEY = "searched for a word", "searched for a part of a key"

Draw = Callable[[random.Random], str]

PAGES: dict[str, Draw] = {
    "home": lambda _: "/",
    "status": lambda _: "/status/",
    "tables": lambda _: "/data/",
    "first page": lambda _: ACTIVITY,
    "filter by day": lambda chance: f"{ACTIVITY}?event_date=2019-05-{chance.randint(18, 28)}",
    "filter by a part": lambda chance: f"{ACTIVITY}?device_family__contains={chance.choice('abcdefghij')}",
    "sorted": lambda chance: f"{ACTIVITY}?_sort={chance.choice(_SORTS)}",
    SEARCHED_WORD: lambda chance: (
        f"{ACTIVITY}?_search={chance.choice(_WORDS)}{chance.choice(('', chance.randint(0, 99)))}"
    ),
    SEARCHED_KEY: lambda chance: f"{ACTIVITY}?_search={chance.randrange(16**3):03x}",
    "lines": lambda chance: f"/data/marts/dim_lines/?_limit={chance.randint(40, 60)}",
    "profile": lambda _: "/profile/",
    "API, 100 rows": lambda chance: f"/api/v1/activity?limit={chance.randint(90, 110)}",
}
"""Kind of page -> an address of it."""


def draw_page(chance: random.Random) -> tuple[str, str]:
    """Return a kind and an address of it: one in eleven is a search, of either kind; the others are as frequent."""
    kind = chance.choice([name for name in PAGES if name != SEARCHED_KEY])
    if kind == SEARCHED_WORD and chance.random() < 0.5:
        kind = SEARCHED_KEY
    return kind, PAGES[kind](chance)


@dataclass(frozen=True)
class Visit:
    """One request: its kind, the seconds until the last byte, the status, the snapshot, and when it began."""

    kind: str
    seconds: float
    status: int
    snapshot: str = ""
    at: float = 0.0


class Client:
    """A browser of somebody, with one connection that it keeps."""

    def __init__(self, port: int, person: Person) -> None:
        self._port, self._headers = port, {"Cookie": f"vsf_session={person.cookie}", "Accept-Encoding": "gzip"}
        self._connection = self._connect()

    def visit(self, kind: str, address: str, **headers: str) -> Visit:
        """Ask for an address, and read the answer to its last byte."""
        began = time.perf_counter()
        try:
            self._connection.request("GET", address, headers={**self._headers, **headers})
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            self._connection = self._connect()
            return Visit(kind, time.perf_counter() - began, 0)
        seconds = time.perf_counter() - began
        return Visit(kind, seconds, answer.status, answer.headers.get("X-Vsf-Snapshot", ""), began)

    def leave(self, address: str, size: int) -> Visit:
        """Ask for an address on a connection of its own, read some bytes, and leave without a word."""
        began = time.perf_counter()
        connection = self._connect()
        try:
            connection.request("GET", address, headers=self._headers)
            status = 200 if not size else connection.getresponse().status
        except (OSError, http.client.HTTPException):
            status = 0
        connection.close()
        return Visit("left", time.perf_counter() - began, status)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
