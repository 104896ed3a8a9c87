"""The answer of `/healthz`: 200 or 503, with parts, heartbeats, the last look of each sensor, runs and disk as JSON.

Here: what is asked, and when the service counts as healthy. The answer needs the storage of the instance and small
files of the home only, so it comes also while the code server or the daemon hangs. It names no files. The supervisor
asks `/healthz?brief` every few seconds, which leaves out what `vsf status` says too. Not here: that
(pipeline/home_status.py), and the web server (web_server.py).
"""

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import read_settings
from vsf_assets.runs.service_state import HEARTBEATS, read_state
from vsf_assets.service.guard import App, Receive, Scope, Send, answer

OLDEST_HEARTBEAT = 120.0
"""Seconds after which a heartbeat counts as missing."""


def health(instance: dg.DagsterInstance, home: Path) -> dict[str, Any]:
    """Return the state of the service: `status` is "ok" or "failing", ages are seconds, None where nothing is known."""
    now = time.time()
    beats = {name: beat.timestamp for name, beat in instance.get_daemon_heartbeats().items()}
    heartbeats = {name: _age(now, beats.get(name)) for name in HEARTBEATS}
    state = read_state(home)
    parts = state.parts if state else {}
    is_good = bool(parts) and all(part.is_well for part in parts.values()) and _are_young(heartbeats)
    return {
        "status": "ok" if is_good else "failing",
        "since": state.since if state else None,
        "parts": {name: {"state": part.state, "restarts": part.restarts} for name, part in parts.items()},
        "heartbeat_seconds": heartbeats,
        "sensor_seconds": _last_ticks(instance, now),
    }


def _home() -> dict[str, Any]:
    """Return what `vsf status --summary` says without names of files; nothing if the settings are invalid."""
    from vsf_assets.pipeline.home_status import gather

    try:
        found = gather(read_settings(), asks_bucket=False)
    except (VsfError, OSError):
        return {}
    names = ("running", "last_build", "snapshot", "files_loaded_since_snapshot", "disk")
    return {name: value for name, value in found.as_json(with_names=False).items() if name in names}


def _age(now: float, then: float | None) -> float | None:
    return None if then is None else round(max(0.0, now - then), 1)


def _are_young(heartbeats: Mapping[str, float | None]) -> bool:
    return all(age is not None and age <= OLDEST_HEARTBEAT for age in heartbeats.values())


def _last_ticks(instance: dg.DagsterInstance, now: float) -> dict[str, float | None]:
    """Return the sensors that are on, each with the seconds since its last tick."""
    ticks = {}
    for state in instance.all_instigator_state():
        data: Any = state.instigator_data
        if state.is_running and hasattr(data, "last_tick_timestamp"):  # a schedule has none
            ticks[state.instigator_name] = _age(now, data.last_tick_timestamp)
    return ticks


def with_health(app: App, instance: dg.DagsterInstance, home: Path, prefix: str) -> App:
    """Return an ASGI application that answers `/healthz`, with and without the prefix, and passes on the rest."""

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in ("/healthz", f"{prefix}/healthz"):
            await app(scope, receive, send)
            return
        # In a thread, because the storage is a file: a locked one must not hold up the pages.
        found = await asyncio.to_thread(health, instance, home)
        if scope["query_string"] != b"brief":
            found |= await asyncio.to_thread(_home)
        body = json.dumps(found).encode() + b"\n"
        await answer(send, 200 if found["status"] == "ok" else 503, body, b"application/json")

    return answering
