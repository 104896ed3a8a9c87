"""Pools of words by locale: names, streets, cities with postal codes, phone numbers.

Here: one function per kind of word; `en_US` has the pools of word_pools.py, the others combine Faker's lists of names
with the project's lists (local_words.py). Not here: values made of several words (columns/).
"""

import importlib
from functools import cache
from itertools import product
from string import digits

import numpy as np
import numpy.typing as npt
import polars as pl

from vsf_assets.synthetic.model import word_pools
from vsf_assets.synthetic.model.local_words import LOCAL, romanized
from vsf_assets.synthetic.model.locale_names import DEFAULT
from vsf_assets.synthetic.model.word_pools import Pool

_LETTERS = "ABCDEFGHJKLMNPRSTUVWXZ"
_CITIES = 8192
"""Number of cities with a postal code, as far as the locale has that many codes."""

_MOST_NAMES = 2000
_HOUSES = 199


def _persons(locale: str) -> object:
    return importlib.import_module(f"faker.providers.person.{locale}").Provider


def _listed(locale: str, *names: str) -> list[str]:
    """Return the words of the first of Faker's lists that the locale has, each once."""
    provider = _persons(locale)
    found = next((getattr(provider, name) for name in names if hasattr(provider, name)), ())
    return list(dict.fromkeys(found))[:_MOST_NAMES]


@cache
def _first(locale: str) -> tuple[list[str], int]:
    """Return first names, of men and then of women, and the number of men's."""
    men, women = _listed(locale, "first_names_male"), _listed(locale, "first_names_female")
    men = [name for name in men if name not in set(women)]
    return men + women, len(men)


@cache
def first_names(locale: str) -> Pool:
    """First names."""
    return word_pools.first_names() if locale == DEFAULT else Pool(_first(locale)[0])


@cache
def last_names(locale: str) -> Pool:
    """Last names, as men have them."""
    if locale == DEFAULT:
        return word_pools.last_names()
    if locale == "pl_PL":
        return Pool([*_listed(locale, "male_last_names"), *_listed(locale, "unisex_last_names")][:1000])
    if locale == "uk_UA":
        return Pool([*_listed(locale, "last_names_common"), *_listed(locale, "last_names_male_only")])
    return Pool(_listed(locale, "last_names"))


@cache
def last_name_forms(locale: str) -> pl.Series:
    """Last names as men have them, then as women have them where the language has endings for it."""
    names = list(last_names(locale).words)
    endings = () if locale == DEFAULT else LOCAL[locale].feminine
    return word_pools.series([*names, *(_feminine(name, endings) for name in names)] if endings else names)


def _feminine(name: str, endings: tuple[tuple[str, str], ...]) -> str:
    return next((name.removesuffix(man) + woman for man, woman in endings if name.endswith(man)), name)


@cache
def form_offsets(locale: str) -> npt.NDArray[np.uint32] | None:
    """For each first name, what is added to the index of a last name to find its form; None if there is one form."""
    if locale == DEFAULT or not LOCAL[locale].feminine:
        return None
    names, men = _first(locale)
    return np.where(np.arange(len(names)) < men, 0, last_names(locale).size).astype(np.uint32)


def is_family_first(locale: str) -> bool:
    """Whether the last name precedes the first name."""
    return locale != DEFAULT and LOCAL[locale].is_family_first


@cache
def slugs(locale: str, which: str) -> list[str]:
    """Return first or last names (`which`: first, last) in letters that e-mail addresses and domains may have."""
    pool = first_names(locale) if which == "first" else last_names(locale)
    if locale == DEFAULT:
        return [word_pools.slug(name) for name in pool.words]
    spoken = _spoken(locale, which)
    return [word_pools.slug(romanized(spoken.get(name, name))) for name in pool.words]


def _spoken(locale: str, which: str) -> dict[str, str]:
    """Return name -> its Latin spelling, for names in characters that do not tell their sound."""
    pairs = getattr(_persons(locale), "first_name_pairs" if which == "first" else "last_name_pairs", ())
    return {name: latin for name, _, latin in pairs}


@cache
def streets(locale: str) -> Pool:
    """Names of streets."""
    if locale == DEFAULT:
        return word_pools.streets()
    names = list(last_names(locale).words)
    patterns = LOCAL[locale].streets
    found = [pattern.replace("*", name) for pattern in patterns for name in (names if "*" in pattern else names[:1])]
    # "van Oostenstraat" begins with a capital letter; French "rue" and Polish "ul." do not.
    return Pool([name[0].upper() + name[1:] if "*" in patterns[0][:1] else name for name in found])


@cache
def houses(locale: str) -> Pool:
    """House numbers, with what separates them from the street."""
    if locale == DEFAULT:
        return Pool([f"{number} " for number in range(1, 10_000)])
    return Pool([LOCAL[locale].houses.replace("#", str(number)) for number in range(1, _HOUSES + 1)])


@cache
def cities(locale: str) -> Pool:
    """Cities with a postal code, with what separates them from the street."""
    if locale == DEFAULT:
        return word_pools.cities()
    described = LOCAL[locale]
    if not described.cities:
        return Pool([described.city.format(code=code, city=city) for code, city in _italian()])
    named = [city.split("|") for city in described.cities]
    each = min(_CITIES // len(named), _codes(described.code))
    return Pool(
        [
            described.city.format(code=start + _code(described.code, place * 7919 + number * 37), city=city)
            for place, (city, start) in enumerate(named)
            for number in range(each)
        ]
    )


def _codes(pattern: str) -> int:
    return int(10 ** pattern.count("#") * len(_LETTERS) ** pattern.count("@"))


def _code(pattern: str, number: int) -> str:
    """Return the end of a postal code: the pattern with digits for # and letters for @, different for each number."""
    number %= _codes(pattern)
    found = []
    for sign in reversed(pattern):
        letters = {"#": digits, "@": _LETTERS}.get(sign, sign)
        number, place = divmod(number, len(letters))
        found.append(letters[place])
    return "".join(reversed(found))


def _italian() -> list[tuple[str, str]]:
    """Return (postal code, city and province) of Italy, of which Faker has a list."""
    from faker.providers.address.it_IT import Provider

    return [(code, f"{named[0][0]} {named[0][1]}") for code, named in Provider.cap_city_province.items()]


@cache
def city_names(locale: str) -> Pool:
    """Names of cities."""
    if locale == DEFAULT:
        return Pool(list(dict.fromkeys(city.split(", ")[1] for city in word_pools.cities().words)))
    if not LOCAL[locale].cities:
        return Pool(list(dict.fromkeys(city.rpartition(" ")[0] for _, city in _italian())))
    return Pool([city.partition("|")[0].partition(" - ")[0] for city in LOCAL[locale].cities])


@cache
def phones(locale: str) -> tuple[Pool, ...]:
    """Beginnings, middles and ends of phone numbers."""
    if locale == DEFAULT:
        areas = [code for code in range(200, 990) if code // 10 % 10 != 9 and code % 100 != 11]
        exchanges = [f"{code}-" for code in range(200, 1000) if code % 100 != 11]
        # Area codes have no 9 in the middle, and neither they nor the exchanges end in 11.
        return Pool([f"+1-{code}-" for code in areas]), Pool(exchanges), Pool([f"{line:04d}" for line in range(10_000)])
    described = LOCAL[locale]
    starts = list(dict.fromkeys(described.phones))
    weights = [described.phones.count(start) for start in starts]
    return Pool(starts, weights), *(Pool(_numbers(part)) for part in described.phone)


def _numbers(pattern: str) -> list[str]:
    return ["".join(letters) for letters in product(*(digits if sign == "#" else sign for sign in pattern))]
