"""The keys of titles: every character, and titles with the keys of the rule. Source: docs/feeds.md, "Derived".

Not here: keys of whole records (dbt/test_catalog.py), and the same for titles by chance (test_readers_agree.py).
"""

import unicodedata

import pytest

from vsf_assets_tests.readers_agree.titles import disagreements, sql_keys, title_key


@pytest.mark.slow
def test_they_agree_on_every_single_character_and_after_a_letter() -> None:
    """Ideographs and syllables, which have no case and no marks, are tried one in fifty."""
    known = [
        char
        for n, char in enumerate(map(chr, range(1, 0x110000)))
        if unicodedata.category(char) not in ("Cs", "Cn", "Co") and (unicodedata.category(char) != "Lo" or n % 50 == 0)
    ]
    assert disagreements([*known, *("ΑΣ" + c for c in known), *(c + "Σ" for c in known)]) == []


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Star Wars: The Force Awakens", "star_wars_the_force_awakens"),
        ("a - b", "a__b"),
        ("सैयारा", "सैयारा"),
        ("सियार", "सियार"),
        ("Ame\u0301lie", "am\u00e9lie"),
        ("Am\u00e9lie", "am\u00e9lie"),
        ("สวัสดี", "สวัสดี"),
        ("ΟΔΟΣ", "οδος"),
        ("οδος", "οδος"),
        ("İstanbul", "i\u0307stanbul"),
        ("???", "???"),
        ("? !", "_"),
        ("!!!  |", "_"),
        ("", ""),
    ],
)
def test_titles_have_the_keys_of_the_rule(title: str, key: str) -> None:
    assert sql_keys([title]) == [key]
    assert title_key(title) == key


def test_titles_that_differ_in_vowel_signs_are_two() -> None:
    assert len(set(sql_keys(["सैयारा", "सियार", "सयर"]))) == 3


def test_a_part_of_a_key_is_written_without_bars_and_other_text_as_it_is() -> None:
    parts = ["a", "a|b", "a\\|b", "a\\", "", "सै|"]
    assert sql_keys(parts, "without_bars('title')") == ["a", "a\\|b", "a\\\\\\|b", "a\\\\", "", "सै\\|"]
