"""Catalogs in the home that the tests of the portal read.

Here: what two scans of one source and one of another leave. Not here: assertions.

- `a.data`: two versions; in the second the release of a song changed and a song is new.
- `gone.data`: vanished after the first scan. `late.data`: found, not fetched yet. `left/out.data`: no longer listed.
- ODD_OBJECT: a name and texts that could do harm on a page or in an address.
- types that no table holds: `book` in both versions of `a.data`, `Song` in wrong case, and a hostile one.
"""

import hashlib

from vsf_assets_tests.catalogs import Record, app, load, movie, scan, song
from vsf_assets_tests.warehouses import Home

ODD_OBJECT = "odd ?&#%é <b>x.data"
SCRIPT = "<script>alert(1)</script>"
ODD_TITLES = (SCRIPT, '"><img src=x onerror=alert(1)>', "{{ 7|add:7 }}", "a\u202eb", "=1+1")
BOOK: Record = {"type": "book", "data": {"title": "B"}}
NELLY = hashlib.md5(b"Nelly|N Dey Say").hexdigest()

FIRST = {
    "a.data": [song("Nelly", "N Dey Say", 2005, "Sweat"), app("Chess", rating=4.0), BOOK, BOOK],
    "gone.data": [song("Gone", "Still here")],
    "left/out.data": [movie("Left Out", "1999-02-03", 5)],
    ODD_OBJECT: [
        *(song("Odd", title, 2000 + number, title) for number, title in enumerate(ODD_TITLES)),
        {"type": "Song", "data": {}},
        {"type": SCRIPT, "data": {}},
        {"type": "song", "data": {"artist_name": "no title"}},
    ],
}
SECOND = {
    "a.data": [song("Nelly", "N Dey Say", 2005, "N Dey Say"), app("Chess", rating=4.0), BOOK, song("New", "One")],
    "gone.data": None,
    "late.data": [song("Late", "One")],
}
MANY = 60
"""Songs of the other source, more than a page."""
FILMS = {"films.data": [song("Many", f"Song {number:02}") for number in range(MANY)]}


def load_catalogs(home: Home) -> None:
    """Load what the scans leave; objects that did not change are not scanned again, so they are only listed."""
    scan(home, FIRST, 200)
    load(home)
    scan(home, SECOND, 210, late=["late.data"], listed=[ODD_OBJECT])
    scan(home, FILMS, 220, profile="films")
    load(home)
