"""Chooses the form of a home's warehouse by the settings, and refuses a warehouse that the home has in another form.

Here: the choice, and the refusal. Not here: moving from one form to another (pipeline/rebuild.py).
"""

from vsf_assets.common.errors import SettingsError, VsfError
from vsf_assets.config.settings import Settings
from vsf_assets.warehouse.forms.duckdb_file import DuckdbFile
from vsf_assets.warehouse.forms.form import Form
from vsf_assets.warehouse.forms.local_lake import LocalLake


def form_of(settings: Settings) -> Form:
    """Return the warehouse in the form that the settings name.

    Raises:
        SettingsError: this release does not have the form.
    """
    if settings.lake_database:
        raise SettingsError("VSF_CATALOG is for a lake that several machines share, which is not there yet; empty it")
    return LocalLake.of(settings) if settings.lake else DuckdbFile.of(settings)


def others_of(settings: Settings) -> list[Form]:
    """Return the warehouses that the home has in other forms."""
    other: Form = DuckdbFile.of(settings) if settings.lake else LocalLake.of(settings)
    return [other] if other.exists else []


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
