"""Names what the raw tables depend on: the release of the platform, and the version of each contract.

Here: the names and values that a lake of several machines records. Not here: comparing them (forms/).
"""

from vsf_assets.config.settings import Settings
from vsf_assets.warehouse.contract_versions import contract_versions


def table_versions(settings: Settings) -> dict[str, str]:
    """Return name -> version."""
    from importlib.metadata import version  # as much to load as a third of this package; a lake alone needs it

    return {"release": version("vsf-assets"), **contract_versions(settings).by_feed}
