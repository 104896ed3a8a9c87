"""The list of pages that pictures show has each address of the portal, or says why one has no picture.

Here: the list against the addresses. Not here: the pictures in docs (docs/test_portal_pictures.py).
"""

from collections.abc import Iterator
from typing import Any

from vsf_assets_tests.portal.driver import Portal
from vsf_assets_tests.portal.page_list import PICTURES, WITHOUT


def names(patterns: Any) -> Iterator[str]:
    """Return the name of each address; the admin site counts once, and the API has none."""
    for pattern in patterns:
        if getattr(pattern, "app_name", None) == "admin":
            yield "admin:index"
        elif hasattr(pattern, "url_patterns"):
            yield from () if str(pattern.pattern) == "api/v1/" else names(pattern.url_patterns)
        else:
            yield pattern.name


def test_every_address_has_a_picture_or_a_reason(portal: Portal) -> None:
    from django.urls import get_resolver

    found, shown = set(names(get_resolver().url_patterns)), {picture.route for picture in PICTURES}
    assert len(found) > 100
    assert sorted(found - shown - WITHOUT.keys()) == []
    assert sorted((shown | WITHOUT.keys()) - found) == []
    assert sorted(shown & WITHOUT.keys()) == []


def test_addresses_of_pictures_are_those_of_their_pages(portal: Portal) -> None:
    from django.urls import resolve

    plain = [picture for picture in PICTURES if not picture.clicks and "{" not in picture.address]
    assert len(plain) > 50
    found = {picture.name: resolve(picture.address.split("?")[0]).view_name for picture in plain}
    expected = {picture.name: picture.route for picture in plain}
    redirected = {"day": "deliveries"}  # leads to a list of files
    assert found == expected | redirected
