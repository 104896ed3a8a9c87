"""Fixtures of these tests; they are declared in vsf_assets_tests/commandline.py."""

from vsf_assets_tests.commandline import home, new_home

__all__ = ["home", "new_home"]
