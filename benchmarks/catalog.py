"""A catalog from a server with latency, against a naive script and against fetching and parsing alone.

Here: the objects, the server in a process of its own, and the three sides. `python -m benchmarks.catalog
FOLDER` is the server; it prints its address. Not here: the marts, which no side makes.
"""

import json
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.bench import Bench
from benchmarks.measure import Row, in_turns, timed
from vsf_assets.config.settings import read_settings
from vsf_assets.feeds import with_companions
from vsf_assets.landing.selection import Selection
from vsf_assets.pipeline.ingest import ingest
from vsf_assets.synthetic.generator import generated_rows
from vsf_assets.warehouse.connection import Warehouse
from vsf_assets_tests.servers import Served, http_server

OBJECTS, RECORDS = 78, 158_000
SEED = 78
LATENCY = 0.05
CONNECTIONS = 16
FASTER_THAN_NAIVE = 1 / 4
OF_THE_FLOOR = 4
KEYS = {
    "song": ("artist_name", "title"),
    "movie": ("original_title", "release_date"),
    "app": ("name", "version"),
}


def make_objects(folder: Path, scale: float) -> None:
    """Write the list and the objects, the same for a scale on any machine."""
    each = max(1, round(RECORDS * scale / OBJECTS))
    names = [f"{number:03}.data" for number in range(OBJECTS)]
    folder.mkdir(parents=True, exist_ok=True)
    made = generated_rows(_COLUMNS, OBJECTS * each, SEED)
    for place, name in enumerate(names):
        rows = made[place * each : (place + 1) * each].iter_rows(named=True)
        (folder / name).write_text(json.dumps([_record(row) for row in rows], indent=2))
    (folder / "files_list.data").write_text("".join(f"{name}\n" for name in names))


_COLUMNS: tuple[dict[str, Any], ...] = (
    {"name": "kind", "type": "Choice", "values": ["song", "movie", "app", "book"], "weights": [30, 30, 25, 15]},
    {"name": "word", "type": "Choice", "values": ["Night", "River", "Gold", "Café", "No"]},
    {"name": "number", "type": "Integer", "to": 59_999},
    {"name": "part", "type": "Integer", "to": 98},
    {"name": "year", "type": "Integer", "from": 1950, "to": 2019},
    {"name": "day", "type": "Date", "from": "1950-01-01", "to": "2019-12-31", "format": "%Y-%m-%d"},
    {"name": "budget", "type": "Integer", "to": 10**8 - 1},
    {"name": "tenths", "type": "Integer", "to": 49},
    {"name": "size_bytes", "type": "Integer", "to": 10**9 - 1},
)


def _record(row: dict[str, Any]) -> dict[str, object]:
    word = f"{row['word']} {row['number']} of the {row['part']}"
    fields: dict[str, dict[str, object]] = {
        "song": {"artist_name": word, "title": f"Song {word}", "year": row["year"], "release": "Album"},
        "movie": {
            "original_title": word,
            "original_language": "en",
            "budget": row["budget"],
            "is_adult": False,
            "release_date": row["day"],
        },
        "app": {
            "name": word,
            "genre": "Games",
            "rating": row["tenths"] / 10,
            "version": "1.2.3",
            "size_bytes": row["size_bytes"],
        },
        "book": {"original_title": word, "average_rating": 3.9, "language_code": "eng", "authors": f"Author {word}"},
    }
    return {"type": row["kind"], "data": fields[row["kind"]]}


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Serve a folder from a process of its own; yield the address."""
    command = [sys.executable, "-m", "benchmarks.catalog", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def ours(bench: Bench, address: str) -> float:
    """Look, fetch, archive, validate and store; into a new warehouse, closed."""
    with bench.home() as empty:
        (empty.home / "sources.toml").write_text(f"[bench]\naddress = '{address}'\n")
        given = {"VSF_SOURCES": str(empty.home / "sources.toml"), "VSF_PROFILE": "bench"}
        settings = read_settings({"VSF_HOME": str(empty.home), "VSF_SETTLE_SECONDS": "0", **given})
        with timed() as clock:
            report = ingest(Warehouse.of(settings), Selection(with_companions(["catalog"])), "benchmark")
        if report.failed or len(report.stored) != OBJECTS + 2:
            raise RuntimeError(f"not everything was taken: {report.failed}")
    return clock.seconds


def naive(bench: Bench, address: str) -> float:
    """Fetch one after the other with urllib, parse with json, upsert row by row into SQLite."""
    with bench.home() as settings, timed() as clock:
        connection = sqlite3.connect(settings.home / "naive.sqlite")
        for kind in KEYS:
            connection.execute(f"create table {kind} (k1, k2, payload, primary key (k1, k2))")
        for name in _get(f"{address}/files_list.data").decode().split():
            for record in json.loads(_get(f"{address}/{name}")):
                if record["type"] in KEYS:
                    data = record["data"]
                    values = (*(data[key] for key in KEYS[record["type"]]), json.dumps(data))
                    connection.execute(
                        f"insert into {record['type']} values (?, ?, ?)"
                        " on conflict (k1, k2) do update set payload = excluded.payload",
                        values,
                    )
            connection.commit()
        connection.close()
    return clock.seconds


def floor(bench: Bench, address: str) -> float:
    """Fetch over 16 connections and do nothing with it; then parse the same bytes. The sum of both times."""
    import orjson
    from urllib3 import PoolManager

    pool = PoolManager(maxsize=CONNECTIONS, block=True)
    with timed() as fetching:
        names = pool.request("GET", f"{address}/files_list.data").data.decode().split()
        with ThreadPoolExecutor(CONNECTIONS) as threads:
            contents = list(threads.map(lambda name: pool.request("GET", f"{address}/{name}").data, names))
    with timed() as parsing:
        for content in contents:
            orjson.loads(content)
    bench.log(f"the floor: fetching {fetching.seconds:.2f} s, parsing {parsing.seconds:.2f} s")
    return fetching.seconds + parsing.seconds


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url) as response:
        content: bytes = response.read()
    return content


def prepare(bench: Bench) -> Path:
    """Make the objects where they are missing; return their folder."""
    folder = bench.root / f"catalog-{bench.scale:g}"
    if not (folder / "files_list.data").exists():
        make_objects(folder, bench.scale)
    return folder


def measure(bench: Bench) -> list[Row]:
    """Measure the three sides in turns."""
    folder = prepare(bench)
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    what = f"catalog, {OBJECTS} objects, {RECORDS * bench.scale:,.0f} records, {size:.0f} MB, {LATENCY * 1000:.0f} ms"
    with server(folder) as address:
        ours(bench, address)
        sides = in_turns(bench.repeat, *(partial(side, bench, address) for side in (ours, naive, floor)))
    return [
        Row(f"{what} / one after another with json and SQLite", sides[0], sides[1], FASTER_THAN_NAIVE),
        Row(f"{what} / 16 connections alone + orjson alone", sides[0], sides[2], OF_THE_FLOOR),
    ]


if __name__ == "__main__":
    served = Served(latency=LATENCY)
    served.put_folder(Path(sys.argv[1]))
    with http_server(served):
        print(served.address, flush=True)
        time.sleep(3600)
