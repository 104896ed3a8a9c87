"""`make pictures`: takes the pictures of docs/portal-pictures.md in a real browser.

Here: a demo home, a portal on it, and a browser that visits the pages. Not here: the pages (page_list.py), what the
home holds (picture_home.py), and judging the pictures. It needs chromium, and takes some minutes.
"""

import argparse
import base64
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vsf_assets.config.settings import PROJECT_ROOT, child_environment, read_settings
from vsf_assets.portal.config import set_up
from vsf_assets_tests.portal.page_list import MADE, NARROW, NOBODY, NOT_FOUND, NOTICES, PICTURES, WIDE, Picture, Typed
from vsf_assets_tests.portal.picture_home import deliver_badly, fill_by_pages, make_schema, set_up_second_factor
from vsf_assets_tests.portal.test_command import VSF, Running, demo_passwords, running
from vsf_assets_tests.portal.world import World

FOLDER = PROJECT_ROOT / "docs" / "images"
QUALITY = 45
"""Of pictures in docs, of 100: text stays sharp, and a picture takes some 30 kB."""

VARIANTS = {
    "wide": (WIDE, "light"),
    "wide-dark": (WIDE, "dark"),
    "narrow": (NARROW, "light"),
    "narrow-dark": (NARROW, "dark"),
}
"""Ending of a picture's name -> size and scheme, for pictures that are looked at and not kept."""


def file_of(picture: Picture) -> Path:
    """Return where a picture stands in docs."""
    return FOLDER / f"portal-{picture.name}.webp"


class Photographer:
    """Visits pages of a portal with demo accounts, and takes pictures of them.

    Attributes:
        states: role -> cookies of its session.
        passwords: role -> password, for pages of the log-in.
        found: name -> address of what `fill_by_pages` made.
    """

    def __init__(self, portal: Running, browser: Any, passwords: dict[str, str]) -> None:
        self.portal, self.browser, self.passwords = portal, browser, passwords
        self.states = {NOBODY: None} | {role: self.sign_in(role) for role in passwords}
        self.found = dict[str, str]()

    def sign_in(self, role: str) -> Any:
        """Return the cookies of a new session of a demo account."""
        context = self.browser.new_context()
        page = context.new_page()
        page.goto(f"{self.portal.address}/account/login/")
        page.fill("[name=login]", f"demo-{role}")
        page.fill("[name=password]", self.passwords[role])
        page.click("button.main")
        page.wait_for_load_state("networkidle")
        return context.storage_state()

    def photograph(self, picture: Picture, file: Path) -> None:
        """Visit a page, and take its picture.

        Raises:
            ValueError: another page is shown, or an error that the picture is not about.
        """
        from django.urls import resolve

        state = self.states[picture.role]
        context = self.browser.new_context(viewport=picture.size, color_scheme=picture.scheme, storage_state=state)
        page = context.new_page()
        page.goto(self.portal.address + picture.address.format(**self.found))
        if "/account/reauthenticate/?next=" in page.url:  # minutes may have passed since the last password
            page.fill("[name=password]", self.passwords[picture.role])
            page.click("main button.main")
            self.states[picture.role] = context.storage_state()
        for step in picture.clicks:
            if isinstance(step, Typed):
                page.fill(step.field, step.text.format(**self.passwords))
            else:
                page.locator(step).first.click(timeout=10_000)
        page.wait_for_load_state("networkidle")
        shown = resolve(urlsplit(page.url).path).view_name
        is_error = page.locator("main p:text-matches('^Status [45]')").count() > 0
        if shown != picture.route or is_error != (picture.name == NOT_FOUND):
            msg = f"the picture {picture.name} would show {shown}, not {picture.route}, or an error: {page.url}"
            raise ValueError(msg)
        if file.suffix == ".webp":
            options = {"format": "webp", "quality": QUALITY}
            answer = context.new_cdp_session(page).send("Page.captureScreenshot", options)
            file.write_bytes(base64.b64decode(answer["data"]))
        else:
            page.screenshot(path=str(file))
        context.close()


def photograph_all(photographer: Photographer, home: Path, variants: Path | None, wanted: set[str]) -> None:
    """Take the pictures of these names, in docs or in a folder in every variant; the home changes on the way."""
    for picture in PICTURES:
        if picture.name == MADE:
            make_schema(home, photographer.portal.address)
        if picture.name == NOTICES:
            browser, states = photographer.browser, photographer.states
            states["admin"] = set_up_second_factor(photographer.portal, browser, photographer.sign_in("admin"))
            photographer.found = fill_by_pages(photographer.portal, browser, states, home.parent)
            deliver_badly(home)
        if picture.name not in wanted:
            continue
        if variants is None:
            photographer.photograph(picture, file_of(picture))
            continue
        for variant, (size, scheme) in VARIANTS.items():
            photographer.photograph(
                picture._replace(size=size, scheme=scheme), variants / f"{picture.name}-{variant}.png"
            )


def main() -> None:
    """Make every picture."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(prog="make pictures", description=__doc__)
    parser.add_argument(
        "--variants", type=Path, help="each page in every variant, in this folder; docs stay as they are"
    )
    parser.add_argument("--only", default="", help="begin of the names of pictures")
    parser.add_argument("--missing", action="store_true", help="those alone that are not there yet")
    options = parser.parse_args()
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser_path is None:
        sys.exit("no chromium here: apt-get install chromium")
    wanted = {picture.name for picture in PICTURES if picture.name.startswith(options.only)}
    if options.missing:
        wanted -= {picture.name for picture in PICTURES if file_of(picture).exists()}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder) / "home"
        set_up(read_settings({"VSF_HOME": str(home)}))
        subprocess.run([*VSF, "demo"], env=child_environment({"VSF_HOME": str(home)}), check=True, capture_output=True)
        with running(home, World(home), "--demo", on_terminal=True) as portal:
            browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
            photographer = Photographer(portal, browser, demo_passwords(portal))
            photograph_all(photographer, home, options.variants, wanted)
            browser.close()


if __name__ == "__main__":
    main()
