"""Locales: names, companies, addresses and phone numbers as the country writes them, and what fits them."""

import importlib
import re

import pytest

from vsf_assets.synthetic.model.local_words import LOCAL, romanized
from vsf_assets.synthetic.model.locale_names import DEFAULT, LOCALES
from vsf_assets_tests.synthetic.making import column, frame, values

ROWS = 800
OTHERS = [locale for locale in LOCALES if locale != DEFAULT]
POSTAL = {
    "de_DE": r"\D+ \d{1,3}, \d{5} \D+",
    "fr_FR": r"\d{1,3} \D+, \d{5} \D+",
    "es_ES": r"\D+ \d{1,3}, \d{5} \D+",
    "it_IT": r"\D+, \d{1,3}, \d{5} \D+ [A-Z]{2}",
    "nl_NL": r"\D+ \d{1,3}, \d{4} [A-Z]{2} \D+",
    "pl_PL": r"(ul|al|pl)\. \D+ \d{1,3}, \d{2}-\d{3} \D+",
    "pt_BR": r"\D+, \d{1,3}, \D+ - [A-Z]{2}, \d{5}-\d{3}",
    "uk_UA": r"\D+, \d{1,3}, \D+, \d{5}",
    "ja_JP": r"〒\d{3}-\d{4} \D+\d{1,3}番地",
}
PHONES = {
    "de_DE": r"\+49 1[67]\d \d{7}",
    "fr_FR": r"\+33 [1-7] \d\d \d\d \d\d \d\d",
    "es_ES": r"\+34 [679]\d\d \d{3} \d{3}",
    "it_IT": r"\+39 3\d\d \d{3} \d{4}",
    "nl_NL": r"\+31 6 \d{8}",
    "pl_PL": r"\+48 [5-8]\d\d \d{3} \d{3}",
    "pt_BR": r"\+55 \d\d 9\d{4}-\d{4}",
    "uk_UA": r"\+380 \d\d \d{3} \d\d \d\d",
    "ja_JP": r"\+81 [789]0-\d{4}-\d{4}",
}


def test_the_locales_are_those_of_the_docs() -> None:
    assert OTHERS == ["de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pl_PL", "pt_BR", "uk_UA", "ja_JP"]
    assert set(LOCAL) == set(OTHERS) == set(POSTAL) == set(PHONES)


@pytest.mark.parametrize("locale", OTHERS)
def test_names_are_first_and_last_names_of_the_country(locale: str) -> None:
    persons = importlib.import_module(f"faker.providers.person.{locale}").Provider
    firsts = {*persons.first_names_male, *persons.first_names_female}
    for name in values("Full Name", ROWS, locale=locale):
        begins = [first for first in firsts if name.startswith(f"{first} ") or name.endswith(f" {first}")]
        assert begins, name
    assert len(set(values("Full Name", ROWS, locale=locale))) > ROWS // 3


@pytest.mark.parametrize("locale", OTHERS)
def test_addresses_and_phone_numbers_have_the_form_of_the_country(locale: str) -> None:
    for unique in (False, True):
        for address in values("Address", ROWS, locale=locale, unique=unique):
            assert re.fullmatch(POSTAL[locale], address), address
        for number in values("Phone Number", ROWS, locale=locale, unique=unique):
            assert re.fullmatch(PHONES[locale], number), number


@pytest.mark.parametrize("locale", [locale for locale in OTHERS if LOCAL[locale].cities])
def test_a_postal_code_begins_as_those_of_its_city(locale: str) -> None:
    starts = dict(city.split("|") for city in LOCAL[locale].cities)
    for address in values("Address", ROWS, locale=locale):
        (city,) = [city for city in starts if re.search(rf"(^|[ ,\d]){re.escape(city)}($|,|\D*\d+番地$)", address)][-1:]
        codes = re.findall(r"\d[\d-]{3,}", address)
        assert codes[0 if locale == "ja_JP" else -1].startswith(starts[city]), address


@pytest.mark.parametrize("locale", OTHERS)
def test_companies_have_a_legal_form_or_partners(locale: str) -> None:
    described = LOCAL[locale]
    forms = [tuple(form.split("|")) for form in described.forms]
    found = values("Company Name", ROWS, locale=locale)
    with_form = [name for name in found if any(name.startswith(a) and name.endswith(b) for a, b in forms)]
    partners = [name for name in found if described.two in name or described.three[1] in name]
    assert set(with_form) | set(partners) == set(found)
    assert min(len(with_form), len(partners)) > ROWS // 5


@pytest.mark.parametrize("locale", OTHERS)
def test_addresses_of_e_mail_and_web_pages_fit_in_latin_letters(locale: str) -> None:
    made = frame(
        column("Full Name", "name", locale=locale),
        column("Company Name", "company", locale=locale),
        column("Email", "email"),
        column("Domain Name", "domain"),
        column("URL", "url"),
        column("First Name", "first"),
        column("Last Name", "last"),
        rows=ROWS,
    )
    for name, _, email, domain, url, first, last in made.rows():
        assert re.fullmatch(r"[a-z]+[._]?[a-z]+\d{0,2}@[a-z]+(-[a-z]+){0,2}\.[a-z]+", email), email
        assert email.endswith(f"@{domain}")
        assert re.fullmatch(rf"https?://(www\.)?{re.escape(domain)}(/[a-z]+)+", url), url
        assert name == (f"{last} {first}" if locale == "ja_JP" else f"{first} {last}")
        if locale not in ("ja_JP", "pl_PL", "uk_UA"):
            letters = re.sub(r"[^a-z]", "", romanized(first))
            assert email.startswith(letters), (name, email)


def test_names_are_romanized_as_they_are_spoken() -> None:
    assert [romanized(name) for name in ("Łukasz", "Weiß", "Çağlar", "Søren", "Шевченко", "Щербак", "Юлія")] == [
        "lukasz",
        "weiss",
        "caglar",
        "soren",
        "shevchenko",
        "shcherbak",
        "iuliia",
    ]


@pytest.mark.parametrize(("locale", "man", "woman"), [("pl_PL", "ski", "ska"), ("uk_UA", "ий", "а")])
def test_last_names_of_women_have_their_ending(locale: str, man: str, woman: str) -> None:
    persons = importlib.import_module(f"faker.providers.person.{locale}").Provider
    women = set(persons.first_names_female)
    men = set(persons.first_names_male) - women
    lasts: dict[bool, set[str]] = {True: set(), False: set()}
    made = frame(
        column("Full Name", "n", locale=locale), column("First Name", "f"), column("Last Name", "l"), rows=20_000
    )
    for _, first, last in made.rows():
        if first in women or first in men:
            lasts[first in women].add(last)
    assert any(last.endswith(man) for last in lasts[False])
    assert any(last.endswith(woman) for last in lasts[True])
    assert [last for last in lasts[True] if last.endswith(man)] == []


@pytest.mark.parametrize("kind", ["Full Name", "Company Name", "Address", "Phone Number"])
def test_unique_values_in_every_locale(kind: str) -> None:
    for locale in OTHERS:
        assert len(set(values(kind, 3000, locale=locale, unique=True))) == 3000, locale
