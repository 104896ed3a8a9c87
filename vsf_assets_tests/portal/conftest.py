"""Fixtures of these tests; they are declared in world.py and driver.py."""

from vsf_assets_tests.portal.driver import portal, prepared_portal
from vsf_assets_tests.portal.world import world

__all__ = ["portal", "prepared_portal", "world"]
