"""Clients of the load test: wrk where it is installed, and one of our own that keeps its connections.

Here: requests for random campaigns by visitors of whom a tenth are new, and what came of them. Our own client follows
each visitor, so it counts repeats too. wrk sends the cookies that our client's visitors had in the end, and reads none
that it gets: different ones would cost it more than the constant's, and it shares the processor with the server. Not
here: servers.
"""

import asyncio
import random
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.banner_load.served import CAMPAIGNS

CONNECTIONS, VISITORS, NEW_SHARE = 16, 480, 0.1
WRK = shutil.which("wrk")

_PREPARED = 5_000
"""Requests that wrk sends in turns, made before the measurement: it is to cost the same whichever server answers."""

_LUA = """
local requests, place = {{}}, 0
init = function()
  local cookies = {{{cookies}}}
  math.randomseed(7)
  for number = 1, {prepared} do
    local headers = {{}}
    if math.random() >= {new_share} then headers["Cookie"] = cookies[math.random(1, #cookies)] end
    requests[number] = wrk.format("GET", "/campaigns/" .. math.random(1, {campaigns}), headers)
  end
end
request = function()
  place = place % {prepared} + 1
  return requests[place]
end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("result %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass
class Outcome:
    """What a client measured: requests, seconds, the median and the 99th percentile in ms, errors, repeats.

    Our own client also tells the mean size of tokens and bodies in bytes, and what cookies its visitors ended with.
    """

    requests: int
    seconds: float
    p50: float
    p99: float
    errors: int
    repeats: int = 0
    token_bytes: int = 0
    body_bytes: int = 0
    cookies: tuple[bytes, ...] = ()

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


def wrk(port: int, seconds: int, cookies: Sequence[bytes]) -> Outcome:
    """Ask a server with wrk for some seconds, by visitors who have these cookies, and by new ones."""
    texts = ", ".join(f'"{cookie.decode()}"' for cookie in cookies)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_LUA.format(cookies=texts, prepared=_PREPARED, new_share=NEW_SHARE, campaigns=CAMPAIGNS))
        script.flush()
        command = [str(WRK), "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", script.name, f"http://127.0.0.1:{port}/"]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"^result (\d+) (\d+) ([\d.]+) ([\d.]+) (\d+)$", text, re.MULTILINE)
    if found is None:
        raise SystemExit(f"wrk printed no result: {text}")
    requests, duration, p50, p99, errors = map(float, found.groups())
    return Outcome(int(requests), duration / 1e6, p50 / 1000, p99 / 1000, int(errors))


@dataclass
class _Visitor:
    cookie: bytes = b""
    last: dict[int, bytes] = field(default_factory=dict)


@dataclass
class _Counts:
    times: list[float] = field(default_factory=list)
    errors: int = 0
    repeats: int = 0
    token_bytes: int = 0
    body_bytes: int = 0


_BANNER = re.compile(rb'"banner_id": (\d+)')
_COOKIE = re.compile(rb"set-cookie: (vsf_visitor=[^;]+)")


def own_client(port: int, seconds: float, visitors: int = VISITORS) -> Outcome:
    """Ask a server for some seconds over connections that stay open; each visitor asks one thing at a time."""
    counts = _Counts()
    people = [_Visitor() for _ in range(visitors)]
    began = time.monotonic()
    asyncio.run(_ask(port, began + seconds, people, counts))
    took = time.monotonic() - began
    times = sorted(counts.times) or [0.0]
    return Outcome(
        len(counts.times),
        took,
        times[len(times) // 2] * 1000,
        times[int(len(times) * 0.99)] * 1000,
        counts.errors,
        counts.repeats,
        counts.token_bytes // len(times),
        counts.body_bytes // len(times),
        tuple(visitor.cookie for visitor in people if visitor.cookie),
    )


async def _ask(port: int, until: float, visitors: list[_Visitor], counts: _Counts) -> None:
    share = len(visitors) // CONNECTIONS
    parts = [visitors[n * share : (n + 1) * share] for n in range(CONNECTIONS)]
    await asyncio.gather(*(_connection(port, until, part, counts, n) for n, part in enumerate(parts)))


async def _connection(port: int, until: float, visitors: list[_Visitor], counts: _Counts, seed: int) -> None:
    chance = random.Random(seed)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.monotonic() < until:
        place = chance.randrange(len(visitors))
        if chance.random() < NEW_SHARE:
            visitors[place] = _Visitor()
        visitor, campaign = visitors[place], chance.randint(1, CAMPAIGNS)
        cookie = b"Cookie: %s\r\n" % visitor.cookie if visitor.cookie else b""
        began = time.perf_counter()
        writer.write(b"GET /campaigns/%d HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n" % (campaign, cookie))
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        body = await reader.readexactly(int(length[1]) if length else 0)
        counts.times.append(time.perf_counter() - began)
        counts.errors += not head.startswith(b"HTTP/1.1 200 ")
        token, banner = _COOKIE.search(head), _BANNER.search(body)
        visitor.cookie = token[1] if token else b""
        counts.token_bytes += len(visitor.cookie) - len("vsf_visitor=")
        counts.body_bytes += len(body)
        if banner is not None:
            counts.repeats += visitor.last.get(campaign) == banner[1]
            visitor.last[campaign] = banner[1]
    writer.close()
    await writer.wait_closed()
