"""Values look like what they are, and fit each other within a row."""

import re
from collections import defaultdict

from faker.providers.address.en_US import Provider as Places
from faker.providers.person.en_US import Provider as Persons

from vsf_assets_tests.synthetic.making import column, frame, values

ROWS = 3000


def letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


def test_names_are_a_first_and_a_last_name() -> None:
    for name in values("Full Name", ROWS):
        first, last = name.split(" ")
        assert first in Persons.first_names
        assert last in Persons.last_names


def test_common_names_are_common() -> None:
    lasts = [name.split(" ")[1] for name in values("Full Name", 50_000)]
    assert lasts.count("Smith") > 5 * lasts.count("Zuniga")


def test_an_address_fits_the_name_and_the_domain_of_its_row_whatever_is_missing_or_unique() -> None:
    for extra in ({}, {"unique": True}, {"null_share": 0.1}):
        made = frame(
            column("Full Name", "name", **extra),
            column("Company Name", "company", **extra),
            column("Domain Name", "domain"),
            column("Email", "email"),
            rows=ROWS,
        )
        for name, _, domain, email in made.rows():
            before, _, behind = email.partition("@")
            assert behind == domain
            if name is not None:
                words = name.split(" ")
                assert re.fullmatch(rf"{letters(words[0])}[._]?{letters(words[-1])}\d{{0,2}}", before), (name, email)


def test_an_address_without_a_name_in_the_row_has_one_of_its_own() -> None:
    for email in values("Email", ROWS):
        assert re.fullmatch(r"[a-z]+[._]?[a-z]+\d{0,2}@[a-z]+(-[a-z]+){0,2}\.[a-z]+", email), email


def test_a_domain_fits_the_company_of_its_row() -> None:
    made = frame(column("Company Name", "company"), column("Domain Name", "domain"), rows=ROWS)
    domains = defaultdict(set)
    for company, domain in made.rows():
        host, _, end = domain.rpartition(".")
        assert letters(company).startswith(letters(host.split("-")[0])), (company, domain)
        assert all(letters(part) in letters(company) for part in host.split("-"))
        assert end in {"com", "biz", "info", "net", "org"}
        domains[company].add(domain)
    assert [c for c, found in domains.items() if len(found) > 1] == []


def test_two_people_in_a_row_have_addresses_of_their_own() -> None:
    made = frame(
        column("Full Name", "n1"), column("Email", "e1"), column("Full Name", "n2"), column("Email", "e2"), rows=ROWS
    )
    for n1, e1, n2, e2 in made.rows():
        assert e1.startswith(letters(n1.split(" ")[0]))
        assert e2.startswith(letters(n2.split(" ")[0]))


def test_phone_numbers_are_numbers_of_north_america() -> None:
    for number in (*values("Phone Number", ROWS), *values("Phone Number", ROWS, unique=True)):
        assert re.fullmatch(r"\+1-[2-9][0-8]\d-[2-9]\d\d-\d{4}", number), number
        assert not re.search(r"-\d11-", number), number


def test_addresses_have_a_house_a_street_a_city_and_a_postal_code_of_the_state() -> None:
    for address in (*values("Address", ROWS), *values("Address", ROWS, unique=True)):
        found = re.fullmatch(r"[1-9]\d* [\w ]+, [\w ]+, ([A-Z]{2}) (\d{5})", address)
        assert found, address
        lowest, highest = Places.states_postcode[found.group(1)]
        assert lowest <= int(found.group(2)) <= highest


def test_companies_have_a_form_or_partners() -> None:
    names = "|".join(Persons.last_names)
    forms = rf"({names}) (Inc|and Sons|LLC|Group|PLC|Ltd)|({names})-({names})|({names}), ({names}) and ({names})"
    assert [c for c in values("Company Name", ROWS) if not re.fullmatch(forms, c)] == []
