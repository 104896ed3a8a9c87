"""Invisible characters in messages: which are shown as code points, and which stay. Expected values by hand."""

import pytest

from vsf_assets.common.visible_text import quoted, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("campaign_id", "campaign_id"),
        ("two words", "two words"),
        ("währung сегмент सैयारा 😀", "währung сегмент सैयारा 😀"),
        ("campaign_id\u00a0", "campaign_id<U+00A0>"),
        ("a\u200bb", "a<U+200B>b"),
        ("a\u00adb", "a<U+00AD>b"),
        ("\ufeffclick_id", "<U+FEFF>click_id"),
        ("\u202egnp.exe", "<U+202E>gnp.exe"),
        ("a\u2066b\u2069", "a<U+2066>b<U+2069>"),
        ("\x1b[31mred\x07", "<U+001B>[31mred<U+0007>"),
        ("Gold\r\n", "Gold<U+000D><U+000A>"),
        ("a\tb", "a<U+0009>b"),
        ("a\x85b\x9bc", "a<U+0085>b<U+009B>c"),
        ("a\u2028b", "a<U+2028>b"),
        ("\u3164", "<U+3164>"),
        ("\U000e0041", "<U+E0041>"),
        ("\ud800", "<U+D800>"),
        ("\0", "<U+0000>"),
    ],
)
def test_what_nobody_sees_is_written_as_its_code_point(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_characters_to_keep_are_kept() -> None:
    assert visible("a\tb\nc\x1b", keep="\n\t") == "a\tb\nc<U+001B>"


def test_a_quoted_text_is_visible_and_cut() -> None:
    assert quoted("a\u00a0") == "'a<U+00A0>'"
    assert quoted("x" * 61) == "'" + "x" * 60 + "…'"
    assert quoted("x" * 60) == "'" + "x" * 60 + "'"
