"""Who may read which table, and which rows of it.

Here: `Access`, made from the rights of an account or a token, and the files that its teams delivered. Not here: what a
role may do (accounts/rights.py), and personal values (masking.py).

A member of the platform's team reads every feed. Another team reads a table if each feed that it is made of was
granted to it; of the tables that all feeds share it reads the rows of its feeds. Raw tables ask for the right RAW.
"""

import time
import uuid
from dataclasses import dataclass, replace
from functools import cached_property

from django.apps import apps

from vsf_assets.feeds import all_feeds
from vsf_assets.portal.accounts.rights import EXPORT, RAW, READ, AccountRights
from vsf_assets.portal.data.table_catalog import LEDGER, Catalog, ShownTable

KEPT_SECONDS = 1.0
"""How long the files that teams delivered are kept for the next reader; a team may have thousands."""

_kept: dict[frozenset[uuid.UUID], tuple[float, frozenset[str]]] = {}


def _delivered_by(teams: frozenset[uuid.UUID]) -> frozenset[str]:
    """Return the SHA-256 of the files that teams delivered."""
    until, found = _kept.get(teams, (0.0, frozenset()))
    if time.monotonic() >= until:
        deliveries = apps.get_model("deliveries", "Delivery").objects.filter(team__in=teams).exclude(sha256="")
        found = frozenset(deliveries.order_by().values_list("sha256", flat=True))
        if len(_kept) > 1000:
            _kept.clear()
        _kept[teams] = (time.monotonic() + KEPT_SECONDS, found)
    return found


@dataclass(frozen=True)
class Access:
    """What may be read, with which right.

    Attributes:
        account_rights: the rights.
        right: READ for pages and the API, EXPORT for whole files.
        sees_texts: whether quoted texts are shown: of a query on files alone that a team of the reader delivered.
    """

    account_rights: AccountRights
    right: str = READ
    sees_texts: bool = False

    @property
    def may_see_personal(self) -> bool:
        """Whether personal values are shown as they are."""
        return self.account_rights.may_see_personal

    @property
    def reads_all_feeds(self) -> bool:
        """Whether no row is left out."""
        return self.account_rights.may_on_platform(self.right)

    @property
    def feeds(self) -> frozenset[str]:
        """The feeds that may be read."""
        return self.account_rights.feeds(self.right, all_feeds())

    @property
    def raw_feeds(self) -> frozenset[str]:
        """The feeds whose raw rows may be read."""
        return self.account_rights.feeds(RAW, all_feeds()) & self.feeds

    @cached_property
    def delivered(self) -> frozenset[str]:
        """The SHA-256 of files that teams of the reader delivered, whose quoted texts these teams see.

        Who has delivered the bytes of a file knows its texts, so equal bytes that another team delivered are no secret.
        """
        teams = frozenset(found.team for found in self.account_rights.teams if self.right in found.rights)
        return _delivered_by(teams) if teams else frozenset()

    def for_export(self) -> "Access":
        """Return the access to whole files."""
        return Access(self.account_rights, EXPORT)

    def to_own_texts(self) -> "Access":
        """Return the access for a query on files alone that a team of the reader delivered."""
        return replace(self, sees_texts=True)

    def may_read(self, table: ShownTable) -> bool:
        """Whether the table, or at least rows of it, may be read."""
        if table.schema == "raw":
            if self.reads_all_feeds and self.account_rights.may_on_platform(RAW):
                return True
            return bool(table.feeds) and table.feeds <= self.raw_feeds
        if self.reads_all_feeds:
            return True
        if table.subject == LEDGER:
            return table.has_feed_column and bool(self.feeds)
        return bool(table.feeds) and table.feeds <= self.feeds

    def rows_of_feeds(self, table: ShownTable) -> frozenset[str] | None:
        """Return the feeds whose rows of a table may be read; None for all rows."""
        if self.sees_texts or self.reads_all_feeds:
            return None
        return self.feeds if table.has_feed_column else None

    def readable(self, catalog: Catalog) -> dict[str, ShownTable]:
        """Return the tables that may be read, by name."""
        return {name: table for name, table in catalog.items() if self.may_read(table)}
