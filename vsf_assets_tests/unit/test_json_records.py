"""What is said of JSON records that are not loaded, and of files that are no JSON: place, field, value, reason.

Not here: that the reader finds them all (test_json_property.py).
"""

import io
import json

import pytest

from vsf_assets.feeds import all_feeds
from vsf_assets.readers.common.byte_stream import FileStream
from vsf_assets.readers.dispatch import portions
from vsf_assets_tests.records import Finding, findings, read, small_blocks

SONG = '"artist_name": "A", "title": "T", "year": 2000, "release": "R"'
MOVIE = '"original_title":"M","original_language":"en","budget":0,"is_adult":false,"release_date":"2004-01-01"'
APP = '"name":"N","genre":"G","rating":4,"version":"1","size_bytes":5'


def song(data: str = SONG) -> str:
    return f'{{"type": "song", "data": {{{data}}}}}'


N = len(song())


def only(text: str | bytes) -> Finding:
    """Return the one finding of a record that stands between two good ones."""
    raw = text.encode() if isinstance(text, str) else text
    data = b"[ %b,\n  %b , %b]" % (song().encode(), raw, song().encode())
    (found,) = findings(data)
    assert [row[1] for row in read(data).rows] == [0, 2]
    return found


@pytest.mark.parametrize(
    ("old", "new", "anomaly", "column", "value"),
    [
        ('"year": 2000', '"year": "2000"', "invalid_value", "year", '"2000"'),
        ('"year": 2000', '"year": 2000.0', "invalid_value", "year", "2000.0"),
        ('"year": 2000', '"year": 2e3', "invalid_value", "year", "2e3"),
        ('"year": 2000', '"year": true', "invalid_value", "year", "true"),
        ('"year": 2000', '"year": null', "missing_value", "year", "null"),
        ('"year": 2000', '"year": [1, 2.50, {"a": 1e9}]', "invalid_value", "year", '[1, 2.50, {"a": 1e9}]'),
        ('"year": 2000', '"year": 9223372036854775808', "invalid_value", "year", "9223372036854775808"),
        ('"year": 2000', '"year": -9223372036854775809', "invalid_value", "year", "-9223372036854775809"),
        ('"year": 2000', f'"year": {"9" * 5000}', "invalid_value", "year", "9" * 5000),
        ('"year": 2000', '"year": NaN', "invalid_value", "year", "NaN"),
        ('"year": 2000, ', "", "missing_fields", "year", None),
        ('"year": 2000', '"year": 2000, "x": [1]', "extra_fields", "x", "[1]"),
        ('"year": 2000', '"year": 2000, "year": 2000', "invalid_json", "year", None),
        ('"T"', "7", "invalid_value", "title", "7"),
        ('"T"', '"a\\u0000b"', "invalid_encoding", "title", '"a\\u0000b"'),
        ('"T"', '"a\\ud800b"', "invalid_encoding", "title", '"a\\xed\\xa0\\x80b"'),
        ('"T"', '{"a": ' * 2000 + "1" + "}" * 2000, "invalid_json", None, None),
    ],
)
def test_a_bad_field_is_told_with_its_value(
    old: str, new: str, anomaly: str, column: str | None, value: str | None
) -> None:
    text = song().replace(old, new)
    assert only(text) == Finding(1, anomaly, column, value, text)


def test_bytes_that_are_no_text_spoil_their_record_alone() -> None:
    found = only(song().encode().replace(b'"T"', b'"a\xffb"'))
    assert found == Finding(1, "invalid_encoding", "title", '"a\\xffb"', song().replace('"T"', '"a\\xffb"'))


@pytest.mark.parametrize(
    ("data", "column"),
    [
        (MOVIE.replace("false", "0"), "is_adult"),
        (MOVIE.replace("false", '"false"'), "is_adult"),
        (MOVIE.replace("2004-01-01", "2004-02-30"), "release_date"),
        (MOVIE.replace("2004-01-01", "2004-1-1"), "release_date"),
        (MOVIE.replace("2004-01-01", "2004-01-01T00:00:00"), "release_date"),
        (MOVIE.replace("2004-01-01", "0000-01-01"), "release_date"),
        (MOVIE.replace("2004-01-01", ""), "release_date"),
    ],
)
def test_flags_and_days_are_strict(data: str, column: str) -> None:
    found = only(f'{{"type":"movie","data":{{{data}}}}}')
    assert (found.anomaly, found.column) == ("invalid_value", column)


@pytest.mark.parametrize("rating", ['"4"', "true", "1e999", "Infinity", "-Infinity", "NaN", "9" * 400])
def test_a_rating_is_a_finite_number(rating: str) -> None:
    found = only(f'{{"type":"app","data":{{{APP.replace("4", rating)}}}}}')
    assert (found.anomaly, found.column, found.value) == ("invalid_value", "rating", rating)


def test_a_rating_may_be_whole_and_large() -> None:
    ratings = ("4", "-0", "4.5e1", "18446744073709551616")
    data = ",".join(f'{{"type":"app","data":{{{APP.replace("4", rating)}}}}}' for rating in ratings)
    assert [row[4] for row in read(f"[{data}]".encode()).rows] == [4.0, 0.0, 45.0, 2.0**64]


@pytest.mark.parametrize(
    ("record", "anomaly", "column", "value"),
    [
        ("1", "invalid_value", None, "1"),
        ('"song"', "invalid_value", None, '"song"'),
        ("null", "invalid_value", None, "null"),
        ("[]", "invalid_value", None, "[]"),
        ("{}", "missing_fields", "type", None),
        ('{"type": 1, "data": {}}', "invalid_value", "type", "1"),
        ('{"type": null, "data": {}}', "invalid_value", "type", "null"),
        ('{"type": "song"}', "missing_fields", "data", None),
        ('{"type": "song", "data": null}', "missing_value", "data", "null"),
        ('{"type": "song", "data": [1]}', "invalid_value", "data", "[1]"),
        ('{"type": "book", "type": "song", "data": {}}', "invalid_json", "type", None),
        ('{"type": "so\\u0000ng", "data": {}}', "invalid_encoding", "type", '"so\\u0000ng"'),
        (f'{{"type": "song", "data": {{{SONG}}}, "id": 7}}', "extra_fields", "id", "7"),
    ],
)
def test_a_record_of_another_shape_is_told(record: str, anomaly: str, column: str | None, value: str | None) -> None:
    assert only(record) == Finding(1, anomaly, column, value, record)


def test_a_record_with_several_defects_is_held_back_once_with_all_of_them() -> None:
    found = findings(f"[{song(SONG.replace('2000', 'null').replace('title', 'titel'))}]".encode())
    assert [(f.line, f.anomaly, f.column) for f in found] == [
        (0, "missing_fields", "title"),
        (0, "extra_fields", "titel"),
        (0, "missing_value", "year"),
    ]


def test_types_nobody_asked_for_are_counted_whatever_they_hold() -> None:
    records = [song(), '{"type": "book"}', '{"type": "Song", "data": 1, "x": 2}', '{"data": NaN, "type": "book"}']
    assert read(f"[{','.join(records)}]".encode()).skipped == {"book": 2, "Song": 1}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ("{}", "not a JSON array: it does not begin with [ (byte 0)"),
        ("null", "not a JSON array"),
        ("[", "truncated: it ends inside record 0, which begins at byte 1"),
        (f"[{song()}, {song()[:-5]}", f"truncated: it ends inside record 1, which begins at byte {N + 3}"),
        (f"[{song()}", "truncated: it ends inside record 0, which begins at byte 1,"),
        (f"[{song()},", f"truncated: it ends inside record 1, which begins at byte {N + 2},"),
        (f'[{song()}, {{"type": "so', "truncated"),
        (f"[{song()},]", f"not valid in record 1: a value is missing; deliver it again (byte {N + 2})"),
        (f"[,{song()}]", "not valid in record 0: a value is missing; deliver it again (byte 1)"),
        (f"[{song()}{song()}]", "not valid in record 0"),
        (f"[{song()}] x", f"something follows the end of the array (byte {N + 3})"),
        (f"[{song()}]]", f"something follows the end of the array (byte {N + 2})"),
        (f"[{song()}}}]", "a } closes nothing"),
        (f"[{song()}, {song().replace('2000', '02000')}]", "not valid in record 1: Expecting ',' delimiter"),
        (f"[{song()}, {song().replace('2000', 'nan')}]", f"(byte {N + 3 + song().index(chr(50))})"),
        (f"[{song()}, tru]", f"not valid in record 1: Expecting value; deliver it again (byte {N + 3})"),
        (f"[{song()}, {song().replace('T', 'a' + chr(10))}]", "Invalid control character"),
        (f"[{song()}, {song().replace('T', chr(0))}]", "Invalid control character"),
    ],
)
@pytest.mark.parametrize("size", [1, 64, 16 << 20])
def test_a_file_that_is_no_array_is_refused_with_the_place(data: str, why: str, size: int) -> None:
    with small_blocks(size):
        assert why in read(data.encode()).unreadable


def test_the_place_of_a_mistake_counts_bytes_from_the_beginning_of_the_file() -> None:
    text = b"\xef\xbb\xbf[" + song().replace("T", "ü€").encode() + b", {1}]"
    assert f"(byte {len(text) - 3})" in read(text).unreadable


@pytest.mark.parametrize("data", [b"", b" \n\t", b"\xef\xbb\xbf", b"[]", b"\xef\xbb\xbf [ ] \n"])
def test_a_file_may_hold_nothing(data: bytes) -> None:
    assert read(data) == ([], [], {}, "")


def test_a_record_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vsf_assets.readers.json.array_reader.LONGEST_ELEMENT", 1000)
    with small_blocks(64):
        assert "record 1 is longer than 1,000 bytes" in read(f'[1, "{"x" * 5000}"]'.encode()).unreadable


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-8-sig"])
def test_a_profile_says_in_which_encoding_files_are(encoding: str) -> None:
    text = f"[{song(SONG.replace('T', 'Müße'))}]"
    assert read(text.encode(encoding), encoding=encoding).rows == [("raw.songs", 0, "A", "Müße", 2000, "R")]


def test_bytes_that_an_encoding_does_not_know_spoil_their_record_alone() -> None:
    data = f"[{song()}, {song().replace('T', '?')}]".encode().replace(b"?", b"\x81")
    assert read(data, encoding="cp1252")[1:3] == ([1], {})
    assert "utf-16" in read(b"[\xd8", encoding="utf-16").unreadable


def test_looks_are_lines_of_objects() -> None:
    good = {"position": 1, "name": "x.data", "state": "e", "list_sha256": "s"}
    lines = [
        json.dumps(good),
        json.dumps(good | {"state": None}),
        "",
        json.dumps(good | {"position": 0}),
        json.dumps(good | {"name": None}),
        json.dumps(good)[:-1],
        "[]",
        json.dumps(good)[:-1] + ', "name": "y"}',
    ]
    data = "\n".join(lines).encode()
    (portion,) = portions(FileStream(io.BytesIO(data), "look.jsonl"), all_feeds()["catalog_looks"])
    assert portion.valid["raw.catalog_looks"].rows() == [(1, 1, "x.data", "e", "s"), (2, 1, "x.data", None, "s")]
    assert (portion.records, portion.quarantined, portion.blank) == (8, 5, 1)
    assert [(f.line, f.anomaly, f.column) for f in findings(data, "catalog_looks")] == [
        (5, "missing_value", "name"),
        (6, "invalid_json", None),
        (7, "invalid_value", None),
        (8, "invalid_json", "name"),
        (4, "invalid_value", "position"),
    ]


def test_a_list_is_a_name_per_line() -> None:
    data = b"b.data\r\n\n a\xff\n\xc3\xbc.data\nx\0\nlast"
    assert read(data, "catalog_list").rows == [
        ("raw.catalog_list", 1, 1, "b.data"),
        ("raw.catalog_list", 4, 3, "ü.data"),
        ("raw.catalog_list", 6, 5, "last"),
    ]
    assert [(f.line, f.anomaly, f.value) for f in findings(data, "catalog_list")] == [
        (3, "invalid_encoding", " a\\xff"),
        (5, "invalid_encoding", "x\\x00"),
    ]
    assert read(b"", "catalog_list") == read(b"\n\n", "catalog_list") == ([], [], {}, "")
