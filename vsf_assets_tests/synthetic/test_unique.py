"""Unique columns repeat nothing, and say so when there is no room."""

from typing import Any

import numpy as np
import pytest

from vsf_assets.synthetic.generator import Frames
from vsf_assets.synthetic.model.schema import SchemaError
from vsf_assets_tests.synthetic.making import MORE, TEN, column, frame, schema, values

ROOMY: dict[str, dict[str, Any]] = {
    "Integer": {"from": -5_000_000, "to": 4_999_999},
    "Date": {"from": "0001-01-01", "to": "9999-12-31"},
    "Decimal": {"from": -50_000, "to": 50_000},
}


@pytest.mark.parametrize("kind", sorted({*TEN, *MORE} - {"Job", "Boolean"}))
def test_a_unique_column_repeats_nothing_wherever_one_looks(kind: str) -> None:
    """Of ten million rows (three million days) portions from all over are looked at, 400,000 rows in all."""
    rows = 3_000_000 if kind == "Date" else 10_000_000
    frames = Frames(schema({"name": "x", "type": kind, "unique": True, **ROOMY.get(kind, {})}), rows, 5)
    starts = [int(start) for start in np.linspace(0, rows - 40_000, 10)]
    found = {value for start in starts for value in frames.frame(start, start + 40_000)["x"].to_list()}
    assert len(found) == 400_000


@pytest.mark.parametrize(
    ("options", "room"),
    [
        ({"type": "Integer", "from": -3, "to": 3}, 7),
        ({"type": "Date", "from": "2024-02-27", "to": "2024-03-01"}, 4),
        ({"type": "Date", "from": "2024-02-27", "to": "2024-03-01", "format": "%d.%m.%Y"}, 4),
        ({"type": "Date", "format": "%Y"}, 30),
        ({"type": "Date", "format": "%d.%m.", "from": "2023-01-01", "to": "2024-12-31"}, 366),
        ({"type": "Datetime", "from": "2024-01-01T00:00:00", "to": "2024-01-01T00:00:09"}, 10),
        ({"type": "Datetime", "from": "2024-01-01T12:00:30", "to": "2024-01-03T00:00:00", "format": "%F"}, 3),
        ({"type": "Datetime", "from": "2024-01-01", "to": "2024-01-01T23:59:59", "format": "%I:%M"}, 720),
        ({"type": "Decimal", "from": -0.1, "to": 0.1, "places": 1}, 3),
        ({"type": "Boolean"}, 2),
        ({"type": "Choice", "values": ["a", "b", "c"], "weights": [1, 0, 5]}, 2),
        ({"type": "Constant", "value": 1}, 1),
        ({"type": "Job"}, 639),
        ({"type": "Text", "from": 0, "to": 0}, 1),
        ({"type": "Text", "from": 0, "to": 1}, 4097),
        ({"type": "Text", "from": 1, "to": 1}, 4096),
    ],
)
def test_a_unique_column_takes_every_value_once_and_then_there_is_no_room(options: dict[str, Any], room: int) -> None:
    made = frame({"name": "x", "unique": True, **options}, rows=room)["x"]
    assert made.n_unique() == room
    with pytest.raises(SchemaError, match=f"'x', option unique: {room + 1} rows need .* only {room}$"):
        frame({"name": "x", "unique": True, **options}, rows=room + 1)


def test_a_unique_name_is_plain_while_there_is_room() -> None:
    assert {len(name.split(" ")) for name in values("Full Name", 500, unique=True)} == {2}
    frames = Frames(schema(column("Full Name", unique=True)), 1_000_000, 0)
    assert {len(name.split(" ")) for name in frames.frame(0, 5000)["x"]} == {2, 3}


def test_unique_addresses_and_domains_still_fit_their_rows() -> None:
    made = frame(
        column("Full Name", "name"),
        column("Company Name", "company"),
        column("Domain Name", "domain", unique=True),
        column("Email", "email", unique=True),
        rows=5000,
    )
    for name, company, domain, email in made.rows():
        assert email.startswith(name.split(" ")[0].lower())
        assert domain.startswith(company.replace(",", " ").replace("-", " ").split(" ")[0].lower())
        assert email.endswith(f"@{domain}")
    assert made["email"].n_unique() == made["domain"].n_unique() == 5000


def test_texts_with_room_in_their_shortest_length_keep_all_lengths() -> None:
    lengths = {value.count(".") + value.count("?") for value in values("Text", 3000, from_=2, to=4, unique=True)}
    assert lengths == {2, 3, 4}


def test_missing_values_of_a_unique_column_are_no_repetition() -> None:
    found = [
        value for value in values("Integer", 1000, from_=0, to=999, unique=True, null_share=0.5) if value is not None
    ]
    assert 400 < len(found) == len(set(found)) < 600


@pytest.mark.parametrize(
    ("options", "is_reported"),
    [
        ({"type": "Date", "from": "0001-01-01", "to": "9999-12-31", "format": "%d.%m.%y"}, False),
        ({"type": "Date", "from": "0001-01-01", "to": "9999-12-31", "format": "%j/%Y"}, True),
        ({"type": "Datetime", "format": "%H:%M:%S"}, False),
        ({"type": "Datetime", "format": "%d.%m.%Y %I:%M:%S"}, False),
        ({"type": "Datetime", "format": "%d.%m.%Y %S"}, False),
        ({"type": "Datetime", "format": "%d.%m.%y %I:%M %p"}, True),
        ({"type": "Datetime", "from": "2024-01-01", "to": "2024-12-31", "format": "%d %B %T"}, True),
        ({"type": "Datetime", "from": "2023-12-31", "to": "2024-12-31", "format": "%d %B %T"}, False),
    ],
)
def test_a_format_of_a_wide_range_tells_unique_values_apart_or_is_an_error(
    options: dict[str, Any], is_reported: bool
) -> None:
    columns = {"name": "x", "unique": True, **options}
    if is_reported:
        assert frame(columns, rows=200_000)["x"].n_unique() == 200_000
    else:
        with pytest.raises(SchemaError, match=r"column 'x', option unique: the format '.*' gives several"):
            frame(columns, rows=2)
