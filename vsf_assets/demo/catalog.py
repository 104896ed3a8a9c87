"""Generates the demo's catalog: songs, movies and apps as objects, with known defects.

Here: the objects and their list, a pure function of the seed. Not here: landing them (cli/demo.py).
"""

import json
from typing import Any

_OBJECTS, _RECORDS = 4, 120
_WORDS = ("River", "Night", "Garden", "Signal", "Harbour", "Winter", "Glass", "Echo", "Summer", "Stone")
_ARTISTS = ("The Lanterns", "Mara Quell", "North Pier", "Ida & the Tides", "Zoë Lund")
_GENRES = ("Games", "Tools", "Health", "Travel", "Music")


def catalog_files(seed: int) -> dict[str, bytes]:
    """Return path in the landing zone -> content: four objects, one of them truncated, and the list that names them."""
    from vsf_assets.synthetic.generator import generated_rows

    names = [f"{number:04}.data" for number in range(1, _OBJECTS + 1)]
    made = generated_rows(_COLUMNS, _OBJECTS * _RECORDS, seed)
    records = [_record(row) for row in made.iter_rows(named=True)]
    parts = [records[start : start + _RECORDS] for start in range(0, len(records), _RECORDS)]
    contents = [json.dumps(part, ensure_ascii=False).encode() for part in parts]
    contents[1] = json.dumps([*json.loads(contents[1]), *_DEFECTS]).encode()
    contents[3] = contents[3][: len(contents[3]) // 2]
    files = {f"catalog/{name}": content for name, content in zip(names, contents, strict=True)}
    return files | {"catalog/files_list.data": "".join(f"{name}\n" for name in names).encode()}


_DEFECTS = (
    {"type": "app", "data": {"name": "Compass", "genre": "Tools", "rating": "4.5", "version": "1", "size_bytes": 9000}},
    {"type": "movie", "data": {"original_title": "Low Tide", "budget": 1, "is_adult": False}},
    {"type": "song", "data": {"artist_name": "Mara Quell", "title": "Ebb", "year": 1999, "release": "First"}},
    {"type": "song", "data": {"artist_name": "Mara Quell", "title": "Ebb", "year": 2009, "release": "Remastered"}},
)
"""Defective records: a number in quotes, missing fields, and one song with two different payloads."""


_COLUMNS: tuple[dict[str, Any], ...] = (
    {"name": "kind", "type": "Choice", "values": ["song", "movie", "app", "book"], "weights": [4, 3, 3, 1]},
    {"name": "first", "type": "Choice", "values": list(_WORDS)},
    {"name": "second", "type": "Choice", "values": list(_WORDS)},
    {"name": "number", "type": "Integer", "to": 99},
    {"name": "artist_name", "type": "Choice", "values": list(_ARTISTS)},
    {"name": "year", "type": "Integer", "from": 1960, "to": 2020},
    {"name": "is_live", "type": "Boolean", "true_share": 0.2},
    {"name": "language", "type": "Choice", "values": ["en", "fr", "ja"]},
    {"name": "budget", "type": "Integer", "from": 1_000_000, "to": 90_000_000},
    {"name": "is_adult", "type": "Boolean", "true_share": 0.05},
    {"name": "released", "type": "Date", "from": "1970-01-01", "to": "2020-12-31", "format": "%Y-%m-%d"},
    {"name": "genre", "type": "Choice", "values": list(_GENRES)},
    {"name": "tenths", "type": "Integer", "from": 10, "to": 50},
    {"name": "major", "type": "Integer", "from": 1, "to": 9},
    {"name": "minor", "type": "Integer", "to": 9},
    {"name": "size_bytes", "type": "Integer", "from": 100_000, "to": 80_000_000},
)


def _record(row: dict[str, Any]) -> dict[str, Any]:
    title = f"{row['first']} {row['second']} {row['number']}"
    made = {
        "song": {
            "artist_name": row["artist_name"],
            "title": title,
            "year": row["year"],
            "release": f"{title} (live)" if row["is_live"] else title,
        },
        "movie": {
            "original_title": f"{title}: The Return",
            "original_language": row["language"],
            "budget": row["budget"],
            "is_adult": row["is_adult"],
            "release_date": row["released"],
        },
        "app": {
            "name": title,
            "genre": row["genre"],
            "rating": row["tenths"] / 10,
            "version": f"{row['major']}.{row['minor']}",
            "size_bytes": row["size_bytes"],
        },
        "book": {"title": title},
    }
    return {"type": row["kind"], "data": made[row["kind"]]}
