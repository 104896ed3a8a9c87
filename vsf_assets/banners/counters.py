"""Counts of the banner workers, and their form for Prometheus.

Here: a worker's counts, the file through which all workers of a service share them, and the text of `/metrics`. Counts
never fall while the service runs: the file of a worker that died stays. Not here: what is counted (app.py).
"""

import json
from pathlib import Path
from typing import Any

from vsf_assets.common.atomic_files import atomic_write

ANSWERS = ("banner", "list", "picture", "page", "not_found", "no_banner", "no_scores", "refused")
VISITORS = ("known", "new", "invalid")
KNOWN, NEW, INVALID = range(3)
"""A token of ours, no token, and a token that is not ours, was changed or is too old."""


class Counters:
    """The counts of one worker."""

    __slots__ = ("answers", "quick", "visitors")

    def __init__(self) -> None:
        self.answers = dict.fromkeys(ANSWERS, 0)
        self.visitors = dict.fromkeys(VISITORS, 0)
        self.quick = [0] * len(VISITORS)
        """Banners of the short way, by the places of VISITORS; an item of a list is cheaper than one of a dict."""

    def as_json(self) -> dict[str, dict[str, int]]:
        """Return the counts as a dict that JSON can hold."""
        quick = list(self.quick)
        visitors = {name: self.visitors[name] + count for name, count in zip(VISITORS, quick, strict=True)}
        return {"answers": {**self.answers, "banner": self.answers["banner"] + sum(quick)}, "visitors": visitors}


def share(counters: Counters, folder: Path, worker: str) -> None:
    """Write the counts of a worker for the others.

    Raises:
        OSError: the file cannot be written.
    """
    atomic_write(folder / f"counters-{worker}.json", json.dumps(counters.as_json()).encode(), is_durable=False)


def total(counters: Counters, folder: Path, worker: str) -> Counters:
    """Return the counts of all workers: of this one as they are now, of others as they shared them."""
    found = Counters()
    for other in [counters.as_json(), *_shared(folder, worker)]:
        for kind, sums in (("answers", found.answers), ("visitors", found.visitors)):
            for name in sums:
                sums[name] += int(other.get(kind, {}).get(name, 0))
    return found


def _shared(folder: Path, worker: str) -> list[dict[str, Any]]:
    others = []
    for file in folder.glob("counters-*.json"):
        if file.name != f"counters-{worker}.json":
            try:
                others.append(json.loads(file.read_bytes()))
            except (OSError, ValueError):
                continue  # it is being removed with the service
    return others


def prometheus(counters: Counters, gauges: dict[str, tuple[str, float]]) -> bytes:
    """Return the text of `/metrics`; `gauges` maps a name to its help text and value."""
    lines = [
        "# HELP vsf_banners_requests_total Answered requests by kind of answer.",
        "# TYPE vsf_banners_requests_total counter",
        *(f'vsf_banners_requests_total{{answer="{name}"}} {count}' for name, count in counters.answers.items()),
        "# HELP vsf_banners_visitors_total Shown banners by the token that came with the request.",
        "# TYPE vsf_banners_visitors_total counter",
        *(f'vsf_banners_visitors_total{{token="{name}"}} {count}' for name, count in counters.visitors.items()),
    ]
    for name, (help_text, value) in gauges.items():
        lines += [f"# HELP {name} {help_text}", f"# TYPE {name} gauge", f"{name} {value:.15g}"]
    return ("\n".join(lines) + "\n").encode()
