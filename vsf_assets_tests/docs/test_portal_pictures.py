"""Each page of the portal has its picture in docs/, or a reason to have none; docs/portal-pictures.md shows each.

Here: the files and the page. Not here: whether the list of pages is whole (portal/test_page_list.py), and what pictures
show; people look at them.
"""

from vsf_assets_tests.docs.pages import text_of
from vsf_assets_tests.portal.page_list import PICTURES
from vsf_assets_tests.portal.pictures import FOLDER, file_of

GALLERY = "docs/portal-pictures.md"
ALL_TOGETHER = 3_000_000
"""Bytes of all pictures: each clone of the repository has each version of them."""


def test_every_picture_is_there_and_on_the_pages() -> None:
    files = {file_of(picture).name for picture in PICTURES}
    assert len(files) == len(PICTURES)
    there = {path.name: path.stat().st_size for path in FOLDER.glob("portal-*")}
    assert (sorted(files - there.keys()), sorted(there.keys() - files)) == ([], [])
    assert min(there.values()) > 2_000
    assert sum(there.values()) < ALL_TOGETHER
    page = text_of(GALLERY)
    assert [name for name in sorted(files) if f"(images/{name})" not in page] == []
    assert "(portal-pictures.md)" in text_of("docs/portal.md")
