"""Reads the settings of a lake, and refuses what does not fit together.

Here: VSF_LAKE, VSF_CATALOG, VSF_LOCK_TAKEOVER_SECONDS, VSF_INGEST_RUNS, VSF_BROKER and VSF_MADE. Not here: the form of
the warehouse that follows from them (warehouse/forms/).
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vsf_assets.common.errors import SettingsError
from vsf_assets.config.variable_values import number, whole

_ADDRESS = re.compile(r"s3://[^/?#@: ]+(/.*)?")
MOST_INGEST_RUNS = 64

_BROKER = re.compile(r"(rediss?|amqps?)://[^/?#]")
_PASSWORD = re.compile(r"\b(?:ssl)?password\s*=", re.IGNORECASE)


def read_lake(values: Mapping[str, str], base: Path, snapshots: str) -> dict[str, Any]:
    """Return the settings of a lake, as `Settings` names them.

    Args:
        values: of the variables.
        base: the folder that a relative path starts from.
        snapshots: place of the snapshots.

    Raises:
        SettingsError: one of them is invalid, or they do not fit each other or the place of the snapshots.
    """
    return {
        "lake_database": _database(values),
        "lake": _place(values, base, snapshots),
        "lock_takeover_seconds": number(values, "VSF_LOCK_TAKEOVER_SECONDS"),
        "ingest_runs": _ingest_runs(values),
        "broker": _broker(values),
        "made_address": _made(values),
    }


def further_places(lake: Mapping[str, Any]) -> dict[str, str]:
    """Return variable -> place, of those of these settings that are set."""
    named = {"VSF_LAKE": lake["lake"], "VSF_MADE": lake["made_address"]}
    return {name: place for name, place in named.items() if place}


def _made(values: Mapping[str, str]) -> str:
    """Return the address of made-up files; empty for the home."""
    made = values["VSF_MADE"]
    if made and not _ADDRESS.fullmatch(made):
        raise SettingsError(
            f"VSF_MADE={made!r} is no address like s3://bucket/prefix; leave it empty for made/ in VSF_HOME"
        )
    return made.rstrip("/")


def _broker(values: Mapping[str, str]) -> str:
    """Return the address of the queue of runs; empty for none. No message quotes it, since it may hold a password."""
    broker = values["VSF_BROKER"]
    if broker and not _BROKER.match(broker):
        raise SettingsError("VSF_BROKER is not the address of a broker, like redis://redis.example.org:6379/0")
    if broker and not values["VSF_CATALOG"]:
        raise SettingsError("VSF_BROKER needs VSF_CATALOG: workers on several machines need a lake that they share")
    return broker


def _ingest_runs(values: Mapping[str, str]) -> int:
    runs = whole(values, "VSF_INGEST_RUNS")
    if runs > MOST_INGEST_RUNS:
        raise SettingsError(f"VSF_INGEST_RUNS={runs} is more than {MOST_INGEST_RUNS}")
    if runs > 1 and not values["VSF_CATALOG"]:
        raise SettingsError(
            f"VSF_INGEST_RUNS={runs} needs VSF_CATALOG: in a warehouse of one home, one run writes at a time"
        )
    return runs


def _database(values: Mapping[str, str]) -> str:
    """Return how the shared catalog is reached; empty for none. No message quotes it."""
    database = values["VSF_CATALOG"]
    if database and (_PASSWORD.search(database) or ("://" in database and urlsplit(database).password)):
        raise SettingsError(
            "VSF_CATALOG holds a password, which messages of DuckDB and PostgreSQL would show; leave it out, and name"
            " it by PGPASSWORD or in a pgpass file (PGPASSFILE)"
        )
    if database and not values["VSF_LAKE"]:
        raise SettingsError("VSF_CATALOG is set and VSF_LAKE is not; name the place of the data files by VSF_LAKE")
    return database


def _place(values: Mapping[str, str], base: Path, snapshots: str) -> str:
    """Return the folder or the address of the data files; empty for none."""
    lake, database = values["VSF_LAKE"], values["VSF_CATALOG"]
    if "://" in lake and not database:
        raise SettingsError(
            "VSF_LAKE with an address needs VSF_CATALOG: without a shared catalog nothing would keep a second home away"
            " from these files. Name a folder of this machine by VSF_LAKE, or leave it empty"
        )
    if "://" in lake:
        if not _ADDRESS.fullmatch(lake):
            raise SettingsError(f"VSF_LAKE={lake!r} is neither a folder nor an address like s3://bucket/prefix")
        return lake.rstrip("/")
    if lake and "://" in snapshots:
        raise SettingsError(
            f"VSF_SNAPSHOTS={snapshots!r} does not fit VSF_LAKE={lake!r}: a snapshot of a lake names files of this"
            " machine, which readers elsewhere cannot read. Name a folder by VSF_SNAPSHOTS"
        )
    return str((base / Path(lake).expanduser()).resolve()) if lake else ""
