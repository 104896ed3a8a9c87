"""Generates currencies.

Here: codes and names of ISO 4217. Not here: amounts, which are decimals (plain_values.py).
"""

from functools import cache

from vsf_assets.synthetic.columns.generator_input import Maker, Request, one_of_each
from vsf_assets.synthetic.model.schema import Column
from vsf_assets.synthetic.model.word_pools import Pool


def currency(column: Column, request: Request) -> Maker:
    """Currencies, as codes or as names; two columns of one row are independent."""
    return one_of_each(column, request, "currency", (_currencies(column.options["form"] == "name"),))


@cache
def _currencies(is_name: bool) -> Pool:
    from faker.providers.currency import Provider

    return Pool(list(dict.fromkeys(pair[is_name] for pair in Provider.currencies)))
