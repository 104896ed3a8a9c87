"""Every insight, by its name, in the order of the list.

Here: the registry. Not here: the declarations (the modules *_insights.py).
"""

from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.table_catalog import catalog_of
from vsf_assets.portal.insights import activity_insights, campaign_insights, delivery_insights, line_insights
from vsf_assets.portal.insights.insight import Insight
from vsf_assets.snapshots.pool import OpenSnapshot

_MODULES = (delivery_insights, line_insights, activity_insights, campaign_insights)

INSIGHTS: dict[str, Insight] = {found.name: found for module in _MODULES for found in module.INSIGHTS}


def may_read(insight: Insight, snapshot: OpenSnapshot, access: Access) -> bool:
    """Whether the reader may read every table of an insight; a table that the snapshot lacks is read by nobody."""
    catalog = catalog_of(snapshot)
    return all(name in catalog and access.may_read(catalog[name]) for name in insight.tables)


def readable(snapshot: OpenSnapshot, access: Access) -> list[Insight]:
    """Return the insights that somebody may read."""
    return [found for found in INSIGHTS.values() if may_read(found, snapshot, access)]
