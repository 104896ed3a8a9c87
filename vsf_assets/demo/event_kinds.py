"""The kinds of events of the demo: frequency and properties.

Here: the kinds and their properties, with values that are hard to split into fields. Not here: lines and times of
events (event_stream.py).
"""

from collections.abc import Callable
from itertools import accumulate

from vsf_assets.synthetic.model.sequential_prng import Chance

OPENING = "app_open"
"""The first event of a line on each day."""

FROM_THE_SERVER = "location_serverUserRequest"
"""A kind of event that belongs to no session."""

_OFTEN = {
    "location_requestResolve": (6, 8, 9, 14),
    FROM_THE_SERVER: (5, 8, 1, 1),
    "location_placeAlert": (3, 2, 6, 3),
    "limits_dataLimitSet": (2, 1, 0, 0),
    "limits_timeLimitReached": (0, 0, 5, 3),
    "content_filterChanged": (2, 2, 0, 0),
    "content_siteBlocked": (0, 0, 5, 4),
    "contacts_numberBlocked": (1, 1, 1, 1),
    "family_memberInvited": (1, 1, 0, 0),
}
"""Kind -> weights: parent on weekdays, parent at weekends, child on weekdays, child at weekends."""

_KINDS = tuple(_OFTEN)
_SHARES = [list(accumulate(column)) for column in zip(*_OFTEN.values(), strict=True)]

PLACES = (
    *("Home", "Home", "Home", "School", "School", "Sports: hall 2, north gate"),
    *('Grandma "Nana" Ruth', "Café|Bar Übersee", "maps\\gym", "東京タワー 🗼", ""),
)
NOTES = ("a:b", "until 21:00, then off", "1|2|3", '{"not":"nested"}', "two\nlines", "back\\slash")
SITES = ("https://example.com/?a=1|2&b=x,y", "http://example.org:8080/a%20b", 'https://example.net/#"top"')


def pick_kind(rng: Chance, *, is_parent: bool, is_weekend: bool) -> str:
    """Draw a kind of event with the weights of this family member and day."""
    return rng.choices(_KINDS, cum_weights=_SHARES[(0 if is_parent else 2) + is_weekend])[0]


def make_properties(rng: Chance, kind: str, moment: str) -> dict[str, object]:
    """Return the properties of an event that happened at a moment, given as ISO 8601."""
    return _PROPERTIES[kind](rng, moment)


def _opening(rng: Chance, _: str) -> dict[str, object]:
    return {"cold": True} if rng.random() < 0.4 else {}


def _resolved(rng: Chance, _: str) -> dict[str, object]:
    resolution = rng.choice(("resolved", "resolved", "timed_out", "dropped_duplicate_result"))
    return {"batteryLevel": rng.randrange(3, 101), "locationPermission": rng.random() < 0.9, "resolution": resolution}


def _server_request(rng: Chance, moment: str) -> dict[str, object]:
    return {"target_role": rng.choice(("child", "parent")), "requestedAt": moment}


def _arrived(rng: Chance, _: str) -> dict[str, object]:
    return {"place": rng.choice(PLACES), "zone": {"radius": rng.choice((100, 150, 500)), "shape": "circle"}}


def _data_limited(rng: Chance, _: str) -> dict[str, object]:
    return {"limit": f"{rng.randrange(1, 20) * 250},MB", "note": rng.choice(NOTES)}


def _time_limited(rng: Chance, _: str) -> dict[str, object]:
    return {"minutes": rng.choice((30, 45, 60, 120)), "share": round(rng.random(), 3)}


def _filtered(rng: Chance, _: str) -> dict[str, object]:
    return {"level": rng.choice(("child", "tween", "teen")), "filters": rng.randrange(1, 9), "previous": None}


def _site_blocked(rng: Chance, _: str) -> dict[str, object]:
    return {"url": rng.choice(SITES), "categories": rng.choice((["games"], ["chat", "video"]))}


def _number_blocked(rng: Chance, _: str) -> dict[str, object]:
    return {"label": rng.choice(("spam", "unknown|private", "O'Neil, Zoë")), "calls": rng.randrange(9)}


def _invited(rng: Chance, _: str) -> dict[str, object]:
    return {"via": rng.choice(("sms", 'e-mail: "friend"')), "role": "child"}


_PROPERTIES: dict[str, Callable[[Chance, str], dict[str, object]]] = {
    OPENING: _opening,
    "location_requestResolve": _resolved,
    FROM_THE_SERVER: _server_request,
    "location_placeAlert": _arrived,
    "limits_dataLimitSet": _data_limited,
    "limits_timeLimitReached": _time_limited,
    "content_filterChanged": _filtered,
    "content_siteBlocked": _site_blocked,
    "contacts_numberBlocked": _number_blocked,
    "family_memberInvited": _invited,
}
