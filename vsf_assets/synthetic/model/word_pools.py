"""Word pools for generated values: names, jobs, streets, sentences.

Here: words from Faker's lists, loaded once per process without its slow per-row generators; texts prepared from them
(slugs, cities with postal codes, sentences); and `Pool`, from which rows pick words. Not here: values made of several
words (columns/).
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from vsf_assets.synthetic.model.counter_prng import below, draws, key_of, rows_of

_LANE = 65536


class Pool:
    """Weighted words, with a table that maps a number below 65,536 to the index of a word."""

    def __init__(self, words: Sequence[str], weights: Sequence[float] | None = None) -> None:
        self.words = pl.Series(words, dtype=pl.String)
        self.size = len(words)
        shares = np.full(self.size, 1.0) if weights is None else np.asarray(weights, dtype=np.float64)
        ends = np.rint(np.cumsum(shares) / shares.sum() * _LANE).astype(np.int64)
        self._table = np.repeat(np.arange(self.size, dtype=np.uint32), np.diff(ends, prepend=0))

    def places(self, lane: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint32]:
        """Return the index of a word for each number."""
        return self._table[lane]

    def at(self, places: npt.NDArray[np.uint32]) -> pl.Series:
        """Return the words at the given indexes."""
        return self.words.gather(pl.Series(places))

    def pick(self, lane: npt.NDArray[np.uint16]) -> pl.Series:
        """Return a word for each number."""
        return self.at(self._table[lane])


def series(words: Sequence[str]) -> pl.Series:
    """Return words as a polars series."""
    return pl.Series(words, dtype=pl.String)


def slug(text: str) -> str:
    """Return a word in a form that is valid in a domain or an e-mail address."""
    return re.sub(r"[^a-z0-9]+", "", text.lower())


def _unique(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))


@cache
def first_names() -> Pool:
    """First names, weighted by their frequency."""
    from faker.providers.person.en_US import Provider

    name_lists = (Provider.first_names_female, Provider.first_names_male)
    weights: dict[str, float] = {}
    for weighted in name_lists:
        for name, weight in weighted.items():
            weights[name] = weights.get(name, 0.0) + weight
    return Pool(list(weights), list(weights.values()))


@cache
def last_names() -> Pool:
    """Last names, weighted by their frequency."""
    from faker.providers.person.en_US import Provider

    return Pool(list(Provider.last_names), list(Provider.last_names.values()))


@cache
def jobs() -> Pool:
    """Names of jobs."""
    from faker.providers.job.en_US import Provider

    return Pool(_unique(Provider.jobs))


@cache
def company_suffixes() -> tuple[str, ...]:
    """Legal forms at the end of company names."""
    from faker.providers.company.en_US import Provider

    return tuple(_unique(Provider.company_suffixes))


@cache
def top_domains() -> Pool:
    """Top-level domains with the dot; common ones have higher weights."""
    from faker.providers.internet.en_US import Provider

    ends = [f".{end}" for end in Provider.tlds]
    return Pool(_unique(ends), [ends.count(end) for end in _unique(ends)])


@cache
def streets() -> Pool:
    """Names of streets."""
    common = ("Street", "Avenue", "Road", "Lane", "Drive", "Court", "Place", "Way", "Terrace", "Boulevard", "Circle")
    from faker.providers.address.en_US import Provider

    ends = [end for end in common if end in Provider.street_suffixes]
    return Pool([f"{name} {end}" for end in ends for name in last_names().words])


@cache
def cities() -> Pool:
    """Cities with the state and a postal code of that state: `, Port Amanda, OR 97301`."""
    from faker.providers.address.en_US import Provider

    names = [f"{before} {name}" for before in Provider.city_prefixes for name in first_names().words]
    names += [f"{name}{after}" for after in Provider.city_suffixes for name in last_names().words]
    names = [names[place] for place in _scattered("city", len(names))][:8192]
    states = [state for state in Provider.states_abbr if state in Provider.states_postcode]
    found = []
    for place, name in enumerate(names):
        state = states[place % len(states)]
        lowest, highest = Provider.states_postcode[state]
        code = lowest + (place * 37) % (highest - lowest + 1)
        found.append(f", {name}, {state} {code:05d}")
    return Pool(found)


@cache
def sentences() -> Pool:
    """English sentences from templates that fit any words."""
    from faker.providers.lorem.en_US import Provider

    speech = Provider.parts_of_speech
    nouns, adjectives = _unique(speech["noun"])[:400], _unique(speech["adjective"])[:150]
    verbs = [verb for verb in _unique(speech["verb"])[:160] if not verb.endswith("ing") and verb != "be"]
    manners = [word for word in _unique(speech["adverb"]) if word.endswith("ly")]
    forms = (
        "The {a} {n} will {v} the {m}.",
        "No {n} can {v} the {a} {m} here.",
        "{D}, the {n} may {v} each {m}.",
        "The {n} and the {a} {m} could {v} {d}.",
        "Will the {n} {v} the {m}?",
        "This {n} should {d} {v} that {a} {m}.",
        "They {v} the {n} of the {a} {m} today.",
        "We {d} {v} any {n}, {m} or other {a} thing.",
    )
    picks = [below(draws(key_of("sentences", part), rows_of(0, 6144)), 2**16) for part in range(6)]
    made = []
    for row, (form, n, m, a, v, d) in enumerate(zip(*picks, strict=True)):
        manner = _of(manners, d)
        words = {"n": _of(nouns, n), "m": _of(nouns, m), "a": _of(adjectives, a), "v": _of(verbs, v), "d": manner}
        made.append(forms[(int(form) + row) % len(forms)].format(D=manner.capitalize(), **words))
    return Pool(_unique(made)[:4096])


@cache
def nouns() -> tuple[str, ...]:
    """English nouns."""
    from faker.providers.lorem.en_US import Provider

    return tuple(word for word in _unique(Provider.parts_of_speech["noun"])[:400] if word.isalpha() and word.islower())


def _of(words: list[str], number: np.uint64) -> str:
    return words[int(number) % len(words)]


def _scattered(name: str, size: int) -> list[int]:
    """Return the numbers below `size` in a fixed shuffled order."""
    return [int(place) for place in np.argsort(draws(key_of(name), rows_of(0, size)), kind="stable")]
