"""Generates values about places: addresses, streets, cities, countries.

Here: the parts of an address and their order. Not here: the words (synthetic/model/local_pools.py) and coordinates,
which are numbers (plain_values.py).
"""

from functools import cache

from vsf_assets.synthetic.columns.generator_input import Maker, Request, locale_of, one_of_each
from vsf_assets.synthetic.model import local_pools
from vsf_assets.synthetic.model.local_words import LOCAL
from vsf_assets.synthetic.model.locale_names import DEFAULT
from vsf_assets.synthetic.model.schema import Column
from vsf_assets.synthetic.model.word_pools import Pool


def address(column: Column, request: Request) -> Maker:
    """Postal addresses: house number, street, city and a postal code of the city or state, as the country writes it."""
    locale = locale_of(column)
    in_order = [*_street_and_house(locale), local_pools.cities(locale)]
    if local_pools.is_family_first(locale):
        in_order = [in_order[2], *in_order[:2]]
    return one_of_each(column, request, "address", tuple(in_order))


def street(column: Column, request: Request) -> Maker:
    """Streets with a house number."""
    return one_of_each(column, request, "street", _street_and_house(locale_of(column)))


def city(column: Column, request: Request) -> Maker:
    """Names of cities."""
    return one_of_each(column, request, "city", (local_pools.city_names(locale_of(column)),))


def country(column: Column, request: Request) -> Maker:
    """English names of countries."""
    return one_of_each(column, request, "country", (_countries(),))


def _street_and_house(locale: str) -> tuple[Pool, Pool]:
    street, house = local_pools.streets(locale), local_pools.houses(locale)
    return (house, street) if locale == DEFAULT or LOCAL[locale].is_house_first else (street, house)


@cache
def _countries() -> Pool:
    from faker.providers.address.en import Provider

    return Pool(list(dict.fromkeys(Provider.countries)))
