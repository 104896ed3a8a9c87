"""Chooses the form of a home's warehouse by the settings.

Here: the choice, the only place that knows which forms there are. Not here: what a form does (form.py).
"""

from vsf_assets.config.settings import Settings
from vsf_assets.warehouse.forms.duckdb_file import DuckdbFile
from vsf_assets.warehouse.forms.form import Form


def form_of(settings: Settings) -> Form:
    """Return the warehouse of a home in the form that the settings name."""
    return DuckdbFile.of(settings)
