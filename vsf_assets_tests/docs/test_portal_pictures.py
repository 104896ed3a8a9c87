"""The pictures of the portal stand in docs/, and its page shows each.

Here: the list of the command that makes them. Not here: what they show; people look at them.
"""

from vsf_assets.config.settings import PROJECT_ROOT
from vsf_assets_tests.docs.pages import text_of
from vsf_assets_tests.portal.pictures import FOLDER, PICTURES


def test_every_picture_is_there_and_on_the_page() -> None:
    names = {f"portal-{name}.png" for name, *_ in PICTURES}
    assert {path.name for path in FOLDER.glob("portal-*.png")} == names
    page = text_of("docs/portal.md")
    assert [name for name in sorted(names) if f"(images/{name})" not in page] == []
    assert FOLDER == PROJECT_ROOT / "docs" / "images"
