"""The versions of the feeds' contracts, written down: a move or a renamed module must change none of them.

Every home keeps with each file the version that it was read with, and reads the file again from the archive when the
version is another one. So a line here changes only together with a reading that has changed on purpose, and the
changelog then says that homes read those files again. A new feed gets its line with the release that has it: until
then no home holds its files. Not here: what changes a version (unit/test_contracts.py).
"""

from vsf_assets.warehouse.contract_versions import contract_versions
from vsf_assets_tests.warehouses import Home

VERSIONS = {
    "impressions": "45a059b3dfbb",
    "clicks": "66c41311b933",
    "conversions": "41ef12d6a848",
    "catalog_looks": "1301a98e59b8",
    "catalog_list": "78e70310920c",
    "catalog": "8169b7997584",
    "datasets": "2bfef8d14af6",
    "dataset_changes": "4f24575b4d26",
    "fake_schemas": "4a2092f7c0e5",
    "fake_requests": "7cf394f73468",
    "fake_states": "cc00ffd19390",
    "events": "40d7f97befd2",
    "lines": "738465314983",
    "accounts": "d1d83a77d38c",
    "limits": "5a5ccedd40bd",
}


def test_the_versions_are_those_that_homes_have_recorded(home: Home) -> None:
    versions = contract_versions(home.settings).by_feed
    assert {feed: versions.get(feed) for feed in VERSIONS} == VERSIONS
