"""Fixtures of the tests of workers. Not here: the servers themselves (servers.py)."""

from vsf_assets_tests.lake.workers.servers import broker, server, site

__all__ = ["broker", "server", "site"]
