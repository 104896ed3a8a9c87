"""Fixtures of these tests; they are declared in vsf_assets_tests/commandline.py."""

from vsf_assets_tests.commandline import campaign_samples, home, new_home

__all__ = ["campaign_samples", "home", "new_home"]
