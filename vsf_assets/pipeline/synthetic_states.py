"""The present states of requests for made-up files, also those that no run has loaded yet.

Here: the states in files of the landing zone, and the progress of the file that is being made. Not here: making files
and writing these states (synthetic_fulfilment.py). Light to import: `vsf status` asks.
"""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

from vsf_assets.config.settings import Settings
from vsf_assets.feeds.by_family.synthetic import STATES
from vsf_assets.pipeline.made_places import read_note
from vsf_assets.pipeline.synthetic_queue import RequestRow
from vsf_assets.readers.common.limits import DESCRIPTION_BYTES
from vsf_assets.storage.base import Store, is_about_one_file
from vsf_assets.storage.factory import open_store

Log = Callable[[str], None]


def reported_states(landing: Store, log: Log = lambda _: None) -> dict[int, str]:
    """Return request -> its last state in the files of the landing zone.

    If such a file cannot be read, its request is fulfilled once more, with the same bytes.
    """
    states: dict[int, str] = {}
    for entry in landing.entries(STATES):
        if entry.size > DESCRIPTION_BYTES:
            continue  # the platform wrote no such file; the ingest reports it
        try:
            with landing.open(entry.path, entry.etag) as file:
                content = file.read(DESCRIPTION_BYTES)
        except FileNotFoundError:
            continue  # a run has just loaded it
        except OSError as error:
            if not is_about_one_file(error):
                raise
            log(f"warning: {entry.path} cannot be read: {error}")
            continue
        for line in content.splitlines():
            with suppress(ValueError, KeyError, TypeError, RecursionError):
                reported = json.loads(line)
                states[int(reported["request_id"])] = str(reported["state"])
    return states


NOW = ".now.json"
"""Note that says which file is being made, and how far."""


def states_now(settings: Settings, known: Iterable[RequestRow]) -> list[RequestRow]:
    """Return the requests with their present states, also those that no run has loaded yet."""
    reported = reported_states(open_store(settings.landing))
    try:
        now = read_note(settings, NOW) or {}
        making, percent = int(now["request_id"]), int(now["percent"])
    except (ValueError, KeyError):
        making, percent = None, 0  # no file is being generated
    requests = []
    for request in known:
        if request.request_id == making:
            requests.append(replace(request, state="processing", reason=f"{percent} % of the rows are made"))
        else:
            requests.append(replace(request, state=reported.get(request.request_id, request.state)))
    return requests
