"""Chooses the form of a home's warehouse by the settings, and refuses a warehouse that the home has in another form.

Here: the choice, and the refusal. Not here: moving from one form to another (pipeline/rebuild.py).
"""

from vsf_assets.common.errors import VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.warehouse.forms.duckdb_file import DuckdbFile
from vsf_assets.warehouse.forms.form import Form
from vsf_assets.warehouse.forms.local_lake import LocalLake

_OF_A_HOME = (DuckdbFile, LocalLake)
"""The forms whose warehouse the home itself holds, so that it is found without settings."""


def form_of(settings: Settings) -> Form:
    """Return the warehouse in the form that the settings name."""
    if settings.lake_database:
        from vsf_assets.warehouse.forms.shared_lake import SharedLake  # a tenth of what `vsf status` imports

        return SharedLake.of(settings)
    return LocalLake.of(settings) if settings.lake else DuckdbFile.of(settings)


def others_of(settings: Settings) -> list[Form]:
    """Return the warehouses that the home holds in other forms."""
    chosen = type(form_of(settings))
    others = [form.of(settings) for form in _OF_A_HOME if form is not chosen]
    return [other for other in others if other.exists]


def refuse_other_form(settings: Settings) -> None:
    """Refuse to use a home whose warehouse has another form than the settings name.

    Raises:
        VsfError: it has; the message says how to move it.
    """
    for other in others_of(settings):
        raise VsfError(
            f"the warehouse of this home is {other.place}, and VSF_LAKE={settings.lake!r} names another place; move it"
            " there with: vsf rebuild, or set VSF_LAKE as it was"
        )
