"""Whatever the bytes, the reader of JSON records gives what a slow reference made of `json` gives.

Not here: what is said of a bad record (test_json_records.py).
"""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsf_assets_tests.records import SHAPES, read, reference, small_blocks

TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(['"', "\\", '":', ': "', "a\\", "},{", "]", "\0", "\ud800", "\udc81", "ü", "2004-01-01", "x" * 40]),
)
NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 10**30, 1.5, 1e300, 0.1, -0.0]),
    st.floats(allow_nan=True, allow_infinity=True),
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
GOOD = {str: TEXTS, int: st.integers(-(2**63), 2**63 - 1), bool: st.booleans(), float: NUMBERS}
DAYS = st.one_of(
    st.dates().map(str), st.sampled_from(["2004-02-30", "0000-01-01", "2004-1-1", "20040101", " 2004-01-01"])
)


@st.composite
def objects(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """Names and values of a record, mostly good."""
    kind = draw(st.sampled_from(["song", "movie", "app", "app", "book", "Song", ""]) | TEXTS)
    shape = SHAPES.get(kind, {"name": str, "pages": int})
    data = [(name, draw(GOOD.get(of, DAYS))) for name, of in shape.items()]
    for _ in range(draw(st.sampled_from([0, 0, 0, 0, 1, 2]))):
        change = draw(st.sampled_from(["value", "less", "more", "twice"]))
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        if change == "more" or not data:
            data.append((draw(TEXTS), draw(VALUES)))
        elif change == "less":
            del data[at]
        elif change == "twice":
            data.append((data[at][0], draw(VALUES)))
        else:
            data[at] = (data[at][0], draw(VALUES))
    record: list[tuple[str, Any]] = [("type", kind), ("data", data)]
    return changed(draw, record)


def changed(draw: st.DrawFn, record: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return the record, seldom with something wrong beside its data."""
    change = draw(st.sampled_from([""] * 12 + ["order", "type", "data", "more", "less", "twice"]))
    if change == "order":
        return record[::-1]
    if change in ("type", "data"):
        return [(n, draw(VALUES) if n == change else v) for n, v in record]
    if change == "more":
        return [*record, (draw(TEXTS), draw(VALUES))]
    if change == "less":
        return record[:1] if draw(st.booleans()) else record[1:]
    return [*record, ("type", draw(st.sampled_from(["song", "book"])))] if change == "twice" else record


def written(draw: st.DrawFn, value: Any) -> str:
    """Return JSON text; a list of pairs is an object whose names may repeat."""
    space = draw(st.sampled_from(["", "", "", " ", "\n  ", "\t", "\r\n"]))
    if isinstance(value, list) and value and all(isinstance(pair, tuple) for pair in value):
        pairs = [f"{written(draw, name)}{space}:{space}{written(draw, inner)}" for name, inner in value]
        return f"{{{space}{f'{space},{space}'.join(pairs)}{space}}}"
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A file of records, sometimes damaged."""
    records = draw(st.lists(objects(), max_size=8))
    others = draw(st.lists(st.tuples(st.integers(0, 8), VALUES), max_size=1))
    texts = [written(draw, record) for record in records]
    for at, value in others:
        texts.insert(at, json.dumps(value))
    text = f"[{','.join(texts)}]{draw(st.sampled_from(['', '', chr(10)]))}"
    data = draw(st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf"])) + text.encode(
        "utf-8", "surrogateescape" if "\ud800" not in text else "surrogatepass"
    )
    damage = draw(st.sampled_from(["", "", "", "cut", "insert", "delete", "byte"]))
    at = draw(st.integers(0, len(data)))
    if damage == "cut":
        return data[:at]
    if damage == "insert":
        return (
            data[:at]
            + draw(st.sampled_from([b",", b'"', b"]", b"}", b"[", b"\\", b"1", b" ", b"\0", b"{}"]))
            + data[at:]
        )
    if damage == "delete":
        return data[:at] + data[at + 1 :]
    if damage == "byte":
        return data[:at] + draw(st.sampled_from([b"\xff", b"\xc3", b"\x80"])) + data[at + 1 :]
    return data


@pytest.mark.slow
@settings(max_examples=400)
@given(data=files(), size=st.sampled_from([16 << 20, 16 << 20, 200, 30, 1]), many=st.sampled_from([0, 1 << 20]))
def test_the_reader_agrees_with_the_reference(data: bytes, size: int, many: int) -> None:
    with small_blocks(size), pytest.MonkeyPatch.context() as patch:
        patch.setattr("vsf_assets.readers.json.fast_validator.MANY_BYTES", many)
        found = read(data)
    expected = reference(data)
    assert bool(found.unreadable) == bool(expected.unreadable), (found.unreadable, expected.unreadable)
    assert found._replace(unreadable="") == expected._replace(unreadable="")
