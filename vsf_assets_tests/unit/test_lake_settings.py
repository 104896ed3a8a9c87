"""Settings of forms of the warehouse that do not exist yet are refused by name, and never ignored.

Not here: other settings of places (test_places.py).
"""

import pytest

from vsf_assets.common.errors import SettingsError
from vsf_assets.config.settings import read_settings


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"VSF_LAKE": "/data/lake"}, "VSF_LAKE"),
        ({"VSF_LAKE": "s3://bucket/lake"}, "VSF_LAKE"),
        ({"VSF_CATALOG": "host=pg dbname=vsf"}, "VSF_CATALOG"),
        ({"VSF_LAKE": "/data/lake", "VSF_CATALOG": "host=pg dbname=vsf"}, "VSF_LAKE"),
    ],
)
def test_a_lake_is_refused(tmp_path: object, given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=f"{named} is set.*no lake yet; leave {named} empty") as error:
        read_settings({"VSF_HOME": str(tmp_path), **given})
    assert not any(value in str(error.value) for value in given.values())  # an address may hold a password


def test_empty_settings_are_none(tmp_path: object) -> None:
    read_settings({"VSF_HOME": str(tmp_path), "VSF_LAKE": " ", "VSF_CATALOG": ""})
