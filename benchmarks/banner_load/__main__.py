"""`make load`: measure the banner service beside a constant on the same server, and write docs/benchmarks.md.

Here: the rounds, in turns, and the table. Not here: servers (served.py) and clients (clients.py).
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.banner_load.clients import CONNECTIONS, NEW_SHARE, WRK, Outcome, own_client, wrk
from benchmarks.banner_load.served import CAMPAIGNS, Served, banner_service, constant_server, publish
from benchmarks.machine import commit, facts, load
from benchmarks.measure import markdown
from vsf_assets.banners.quarters import NEXT, quarter_at
from vsf_assets.web.signing_keys import FILE as KEY_FILE

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- banner load: begin -->", "<!-- banner load: end -->"
HEADER = ("what", "requests/s", "CPU µs/request", "p50 ms", "p99 ms", "errors", "repeats")
WARM_SECONDS = 5
SPARE_SECONDS = 15
LEAST_RATIO, MOST_P99 = 0.8, 5.0

SIDES = ("banners", "constant", "constant, but with a cookie verified and signed", "banners, new snapshot")

Client = Callable[[int, int], Outcome]


def main() -> None:
    """Run what the options ask for; end with an error if an answer was wrong."""
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="measurements per side, in turns")
    parser.add_argument("--seconds", type=int, default=4, help="of a round")
    parser.add_argument("--own-client", action="store_true", help="do not use wrk")
    parser.add_argument("--no-write", action="store_true", help=f"only print; leave docs/{PAGE.name} as it is")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vsf-load-") as folder:
        home = Path(folder)
        publish(home, 1)
        text, wrong = _measure(home, options.rounds, options.seconds, WRK is not None and not options.own_client)
    print(text)
    if not options.no_write:
        _write(text)
    if wrong:
        sys.exit(f"{wrong} answers were wrong, or repeated a banner")


def _measure(home: Path, rounds: int, seconds: int, with_wrk: bool) -> tuple[str, int]:
    began, at = load(), commit()
    with banner_service(home) as banners:
        _stay_in_a_quarter(WARM_SECONDS + (3 * rounds + 2) * seconds + SPARE_SECONDS)
        usual = own_client(banners.port, WARM_SECONDS)
        token, body = usual.token_bytes, usual.body_bytes
        client = partial(wrk, cookies=usual.cookies) if with_wrk else own_client
        keys = home / "portal" / KEY_FILE
        with constant_server(token, body) as constant, constant_server(token, body, keys) as signed:
            sides: dict[str, list[tuple[Outcome, float]]] = {name: [] for name in SIDES}
            for _ in range(rounds):
                for name, served in zip(SIDES, (banners, constant, signed), strict=False):
                    sides[name].append(_round(client, served, seconds))
            publishing = threading.Thread(target=_publish_twice, args=(home, seconds), daemon=True)
            publishing.start()
            sides[SIDES[3]].append(_round(client, banners, seconds))
            publishing.join()
        checked = own_client(banners.port, seconds)
        visitors = banners.visitors()
    every = [outcome for measured in sides.values() for outcome, _ in measured] + [checked]
    rows = [_row(name, measured) for name, measured in sides.items()]
    rows.append(_row("banners, own client that follows each visitor", [(checked, float("nan"))]))
    wrong = sum(o.errors + o.repeats for o in every) + visitors["invalid"]
    return _report(rows, sides, (began, at), with_wrk, (token, body), visitors), wrong


def _stay_in_a_quarter(seconds: float) -> None:
    """Wait for the next quarter of the hour if this one ends too soon: with other banners, cycles would begin anew."""
    left = quarter_at(time.time(), NEXT).until - time.time()
    if left < seconds:
        print(f"waiting {left:.0f} s for the next quarter of the hour", file=sys.stderr)
        time.sleep(left)


def _round(client: Client, served: Served, seconds: int) -> tuple[Outcome, float]:
    """Return what the client measured, and the worker's processor time per request in µs."""
    before = served.cpu_seconds()
    outcome = client(served.port, seconds)
    return outcome, (served.cpu_seconds() - before) / max(1, outcome.requests) * 1e6


def _publish_twice(home: Path, seconds: int) -> None:
    for number in (2, 3):
        time.sleep(seconds / 4)
        publish(home, number)


def _row(name: str, measured: list[tuple[Outcome, float]]) -> list[str]:
    outcomes = [outcome for outcome, _ in measured]
    rates = [outcome.rate for outcome in outcomes]
    cpu = statistics.median(used for _, used in measured)
    spread = f" ({min(rates):,.0f}–{max(rates):,.0f})" if len(rates) > 1 else ""
    return [
        name,
        f"{statistics.median(rates):,.0f}{spread}",
        "" if cpu != cpu else f"{cpu:.1f}",
        f"{statistics.median(o.p50 for o in outcomes):.2f}",
        f"{statistics.median(o.p99 for o in outcomes):.2f}",
        str(sum(o.errors for o in outcomes)),
        str(sum(o.repeats for o in outcomes)) if name.endswith("visitor") else "",
    ]


def _report(
    rows: list[list[str]],
    sides: dict[str, list[tuple[Outcome, float]]],
    began: tuple[str, str],
    with_wrk: bool,
    sizes: tuple[int, int],
    visitors: dict[str, int],
) -> str:
    pairs = list(zip(sides["banners"], sides["constant"], strict=True))
    ratio = statistics.median(ours[0].rate / raw[0].rate for ours, raw in pairs)
    cpu = statistics.median(raw[1] / ours[1] for ours, raw in pairs)
    p99 = statistics.median(ours[0].p99 for ours, _ in pairs)
    token = statistics.median(
        own[0].rate / raw[0].rate for own, raw in zip(sides[SIDES[2]], sides["constant"], strict=True)
    )
    client = "wrk" if with_wrk else "the bundled client"
    processor = dict(facts())["processor"]
    lines = [
        f"Measured on {datetime.now(UTC):%Y-%m-%d} at {began[1]} by {client}, {CONNECTIONS} connections,"
        f" {len(pairs)} rounds in turns; {processor}; load when it began: {began[0]}. One worker,"
        f" {CAMPAIGNS} campaigns at random, {NEW_SHARE:.0%} of the visitors new; the constant has {sizes[1]} bytes and"
        f" a cookie of {sizes[0]}. The service verified {visitors['known']:,} cookies, refused"
        f" {visitors['invalid']:,}, and met {visitors['new']:,} new visitors.",
        "",
        markdown(HEADER, rows),
        "",
        f"The banners reach {ratio:.2f} × the constant's requests/s (target: ≥ {LEAST_RATIO}), median of pairs of"
        f" rounds; by processor time {cpu:.2f} ×. p99 {p99:.1f} ms (target: ≤ {MOST_P99:g}). A constant that only"
        f" verifies a cookie and signs another reaches {token:.2f} ×.",
    ]
    return "\n".join(lines)


def _write(text: str) -> None:
    """Put the section between its markers on the page."""
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE} has no markers {BEGIN} … {END}")
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
