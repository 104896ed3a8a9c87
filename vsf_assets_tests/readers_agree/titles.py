"""The keys of titles in SQL, against Python's own tables of Unicode. Source: docs/feeds.md, "Derived".

Here: the macro as dbt has it, on DuckDB, and what Python makes of a title. Not here: tests (unit/test_title_keys.py,
unit/test_readers_agree.py).
"""

import re
import unicodedata
from functools import cache

import duckdb
import jinja2
from hypothesis import strategies as st

from vsf_assets.transform.dbt_paths import DBT_PROJECT

BETWEEN = "\uffff"
"""No character: it stands between titles that DuckDB gets as one text, which takes it a thirtieth of the time."""
MACROS = ("text_values", "catalog_values")
SCRIPTS = (
    "सैयार ियाा़ंक्ष", "कि खी ि ी", "สวัสดี ้่", "ΑΣΟΔσςὈΔὙΣΣΕΎΣ", "İIıi Ş", "ЁёЙй Её", "שָׁלוֹם", "مُحَمَّد‌ی",
    "e\u0301é E\u0301É a\u030aÅÅK Ω", "한글ᄒ ᅡᆫ", "がガか\u3099 ㎏ﾊﾟ", "ǅǄᾼẞﬁ", "ªºⅠⅷⒶⓐ𝐀𐐀𐐨",
    "0१٣²½",
    "_-:!?|\\'’.\u00ad·`^ʼ \t\n",
)  # fmt: skip


def title_key(title: str) -> str:
    """Return the key of a title as Python computes it."""
    text = re.sub(" +", "_", unicodedata.normalize("NFC", title).lower())
    kept = "".join(c for c in text if c == "_" or unicodedata.category(c)[0] in "LMN")
    return kept or text


@cache
def macro(call: str) -> str:
    text = "".join((DBT_PROJECT / "macros" / f"{name}.sql").read_text() for name in MACROS)
    return jinja2.Environment(autoescape=False).from_string(text + "{{ " + call + " }}").render().strip()


def sql_keys(titles: list[str], call: str = "normalized_title('title')") -> list[str]:
    """Return what the macro makes of titles, in their order."""
    given = "select unnest(string_split(?, ?)) as title, unnest(range(?)) as n"
    sql = f"select {macro(call)} from ({given}) order by n"
    return [key for (key,) in _connection().execute(sql, [BETWEEN.join(titles), BETWEEN, len(titles)]).fetchall()]


@cache
def _connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def known_characters() -> st.SearchStrategy[str]:
    """Return characters of every script that this Python's tables know; later ones have no category yet."""
    return st.one_of(st.sampled_from("".join(SCRIPTS)), st.characters(exclude_categories=("Cs", "Cn")))


def titles() -> st.SearchStrategy[list[str]]:
    """Return lists of titles: letters with their marks, signs, spaces, and words that end in a sigma."""
    return st.lists(st.text(known_characters().filter(lambda c: c != "\0"), max_size=12), min_size=1, max_size=40)


def disagreements(some: list[str]) -> list[tuple[str, str, str]]:
    """Return (title, key in SQL, key in Python) where they differ."""
    return [
        (title, found, title_key(title))
        for title, found in zip(some, sql_keys(some), strict=True)
        if found != title_key(title)
    ]


def title_in_sql_and_python(some: list[str]) -> None:
    """Check that the macro and Python make the same keys of titles; for the registry of pairs of rules."""
    assert disagreements(some) == []
