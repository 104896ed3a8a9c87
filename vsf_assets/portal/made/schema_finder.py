"""Finds schemas of made-up files for the search box.

Here: the finder, which urls.py registers. Not here: the box (portal/search).
"""

from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from vsf_assets.portal.made.access import visible_schemas
from vsf_assets.portal.search.finders import MOST, Found, Group


def find_schemas(request: HttpRequest, text: str) -> Group:
    """Find schemas of the account's teams by a part of the name."""
    found = list(visible_schemas(request.user.account_rights).filter(name__icontains=text)[: MOST + 1])
    shown = [Found(each.name, reverse("made_schema", args=[each.id]), f"of {each.team.name}") for each in found[:MOST]]
    return Group(shown, f"/made-up-files/?{urlencode({'_search': text})}" if len(found) > MOST else "")
