"""A made-up catalog: songs, movies and apps as objects of a bucket, with a few defects to look at.

Here: the objects and their list, a pure function of the seed. Not here: where they are put (cli/demo.py).
"""

import json
import random
from typing import Any

_OBJECTS, _RECORDS = 4, 120
_WORDS = ("River", "Night", "Garden", "Signal", "Harbour", "Winter", "Glass", "Echo", "Summer", "Stone")
_ARTISTS = ("The Lanterns", "Mara Quell", "North Pier", "Ida & the Tides", "Zoë Lund")
_GENRES = ("Games", "Tools", "Health", "Travel", "Music")


def catalog_files(seed: int) -> dict[str, bytes]:
    """Return path in the landing zone -> content: four objects, one of them cut short, and the list of them."""
    chance = random.Random(f"{seed}|catalog")  # noqa: S311 - made-up data, nothing secret
    names = [f"{number:04}.data" for number in range(1, _OBJECTS + 1)]
    contents = [json.dumps([_record(chance) for _ in range(_RECORDS)], ensure_ascii=False).encode() for _ in names]
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
"""A number in quotes, missing fields, and one song with two payloads."""


def _record(chance: random.Random) -> dict[str, Any]:
    title = " ".join(chance.sample(_WORDS, 2)) + f" {chance.randrange(100)}"
    kind = chance.choices(("song", "movie", "app", "book"), (4, 3, 3, 1))[0]
    made = {
        "song": {
            "artist_name": chance.choice(_ARTISTS),
            "title": title,
            "year": chance.randint(1960, 2020),
            "release": f"{title} (live)" if chance.random() < 0.2 else title,
        },
        "movie": {
            "original_title": f"{title}: The Return",
            "original_language": chance.choice(("en", "fr", "ja")),
            "budget": chance.randrange(1_000_000, 90_000_000),
            "is_adult": chance.random() < 0.05,
            "release_date": f"{chance.randint(1970, 2020)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
        },
        "app": {
            "name": title,
            "genre": chance.choice(_GENRES),
            "rating": chance.randint(10, 50) / 10,
            "version": f"{chance.randint(1, 9)}.{chance.randint(0, 9)}",
            "size_bytes": chance.randrange(100_000, 80_000_000),
        },
        "book": {"title": title},
    }
    return {"type": kind, "data": made[kind]}
