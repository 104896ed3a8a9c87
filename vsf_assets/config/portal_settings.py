"""The portal's settings: address, names, database, sign-up, mail, and the limits of queries and uploads.

Here: the frozen `PortalSettings` from the variables, validated, and the settings of the other web services. Not here:
Django's own settings, which are made from these (portal/config.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from vsf_assets.common.errors import SettingsError
from vsf_assets.config import variable_values as values_of

CLOSED, INVITATION, OPEN = "closed", "invitation", "open"
"""Who may make an account: nobody but by the command line, whoever was invited, or everybody with an address."""

SQL_YES, SQL_NO, SQL_UNCONFINED = "yes", "no", "unconfined"
"""Whether people may ask SQL: where the kernel confines its process, not at all, or on any kernel."""

BOUNDARIES = ("next", "previous")
"""Which quarter of an hour the minutes 15, 30 and 45 belong to."""

_POSTGRES = ("postgresql", "postgres")
_MAIL = ("smtp", "smtps")


@dataclass(frozen=True)
class MailServer:
    """A mail server, and the sender's address.

    Port 465 or `smtps` means TLS from the start, else STARTTLS; one on this machine is asked in clear text.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    sender: str = ""
    is_tls: bool = False


@dataclass(frozen=True)
class PortalSettings:
    """The validated settings of the portal.

    Attributes:
        bind: host and port it listens on.
        url: its address as browsers see it; empty for the one of `bind`.
        hosts: further host names under which it answers, in lower case.
        proxies: addresses of proxies whose X-Forwarded-* headers are believed.
        database: address of a PostgreSQL database; empty for SQLite in the home.
        signup: CLOSED, INVITATION or OPEN.
        mail: the mail server; None where none is set.
        webhook_networks: networks beside the public ones that webhooks may call.
        workers: number of processes.
        query_seconds: time limit of a page's query.
        query_memory: memory of a process for queries, in bytes.
        sql: SQL_YES, SQL_NO or SQL_UNCONFINED.
        sql_seconds: time limit of a query that a person wrote.
        sql_memory: its memory, in bytes.
        sql_rows: rows of its answer.
        masked: whether masked copies of snapshots are made, for SQL of accounts that see no personal data.
        upload_max: largest file that is accepted, in bytes.
        unpacked_max: largest size of a compressed file's content, in bytes.
        quota: bytes that a team may deliver in 24 hours.
        made_now: rows of a made-up file up to which the portal makes it at once.
    """

    bind: tuple[str, int] = ("127.0.0.1", 8000)
    url: str = ""
    hosts: frozenset[str] = frozenset()
    proxies: frozenset[str] = frozenset()
    database: str = field(default="", repr=False)
    signup: str = INVITATION
    mail: MailServer | None = None
    webhook_networks: tuple[values_of.Network, ...] = ()
    workers: int = 2
    query_seconds: float = 10.0
    query_memory: int = 512 * 10**6
    sql: str = SQL_YES
    sql_seconds: float = 20.0
    sql_memory: int = 256 * 10**6
    sql_rows: int = 10_000
    masked: bool = False
    upload_max: int = 20 * 10**9
    unpacked_max: int = 100 * 10**9
    quota: int = 100 * 10**9
    made_now: int = 100_000

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches the portal directly."""
        return self.bind[0] in values_of.LOOPBACK

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the portal by TLS."""
        return self.url.startswith("https://")

    @property
    def shown_url(self) -> str:
        """The address for people."""
        host, port = self.bind
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
        return self.url or f"http://{f'[{host}]' if ':' in host else host}:{port}"

    @property
    def allowed_hosts(self) -> frozenset[str]:
        """Host names under which the portal answers; loopback names only where it listens there."""
        own = {(urlsplit(self.url).hostname or "").lower(), self.bind[0]}
        return frozenset((own | self.hosts | (values_of.LOOPBACK if self.is_loopback else set())) - {""})


def read_portal(values: Mapping[str, str]) -> PortalSettings:
    """Return the portal's settings from the variables.

    Raises:
        SettingsError: a variable has an invalid value, or two contradict each other.
    """
    signup = values_of.one_of(values, "VSF_PORTAL_SIGNUP", (CLOSED, INVITATION, OPEN))
    mail = _mail(values["VSF_PORTAL_EMAIL"])
    if signup == OPEN and mail is None:
        raise SettingsError("VSF_PORTAL_SIGNUP=open confirms addresses by mail; set VSF_PORTAL_EMAIL too")
    return PortalSettings(
        bind=values_of.address(values, "VSF_PORTAL_BIND"),
        url=values_of.url(values, "VSF_PORTAL_URL", ("http", "https"), "https://data.example.org"),
        hosts=values_of.hosts(values, "VSF_PORTAL_HOSTS"),
        proxies=values_of.hosts(values, "VSF_PORTAL_PROXIES"),
        database=values_of.url(values, "VSF_PORTAL_DATABASE", _POSTGRES, "postgresql://user:password@host/name"),
        signup=signup,
        mail=mail,
        webhook_networks=values_of.networks(values, "VSF_PORTAL_WEBHOOK_NETWORKS"),
        workers=values_of.whole(values, "VSF_PORTAL_WORKERS"),
        query_seconds=values_of.number(values, "VSF_PORTAL_QUERY_SECONDS") or 1.0,
        query_memory=values_of.size(values, "VSF_PORTAL_QUERY_MEMORY"),
        sql=values_of.one_of(values, "VSF_PORTAL_SQL", (SQL_YES, SQL_NO, SQL_UNCONFINED)),
        sql_seconds=values_of.number(values, "VSF_PORTAL_SQL_SECONDS") or 1.0,
        sql_memory=values_of.size(values, "VSF_PORTAL_SQL_MEMORY"),
        sql_rows=values_of.whole(values, "VSF_PORTAL_SQL_ROWS"),
        masked=values_of.yes(values, "VSF_PORTAL_MASKED"),
        upload_max=values_of.size(values, "VSF_PORTAL_UPLOAD_MAX"),
        unpacked_max=values_of.size(values, "VSF_PORTAL_UNPACKED_MAX"),
        quota=values_of.size(values, "VSF_PORTAL_QUOTA"),
        made_now=values_of.whole(values, "VSF_PORTAL_MADE_NOW"),
    )


def _mail(text: str) -> MailServer | None:
    """Return the mail server of an address like smtp://user:password@host:587?from=portal@example.org."""
    if not text:
        return None
    parts = urlsplit(text)
    sender = parse_qs(parts.query).get("from", [""])[0]
    try:
        port = parts.port or (465 if parts.scheme == "smtps" else 587)
    except ValueError:
        port = 0
    if parts.scheme not in _MAIL or not parts.hostname or "@" not in sender or not port:
        raise SettingsError(
            "VSF_PORTAL_EMAIL is not a mail server; write it like"
            " VSF_PORTAL_EMAIL=smtp://user:password@mail.example.org:587?from=portal@example.org"
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return MailServer(parts.hostname, port, user, password, sender, parts.scheme == "smtps" or port == 465)


def read_web(values: Mapping[str, str], base: Path) -> dict[str, Any]:
    """Return the settings of the web services and of the banners, as `Settings` names them.

    Args:
        values: of the variables.
        base: the folder that a relative path starts from.
    """
    keys = values["VSF_PORTAL_KEYS"]
    ui_url = values_of.url(values, "VSF_UI_URL", ("http", "https"), "https://data.example.org:8443")
    return {
        "ui_hosts": values_of.hosts(values, "VSF_UI_HOSTS") | {urlsplit(ui_url).hostname or ""} - {""},
        "ui_behind_proxy": values_of.yes(values, "VSF_UI_BEHIND_PROXY"),
        "ui_url": ui_url,
        "ui_read_only_port": values_of.whole(values, "VSF_UI_READ_ONLY_PORT"),
        "banners_bind": values_of.address(values, "VSF_BANNERS_BIND"),
        "banners_origins": values_of.origins(values, "VSF_BANNERS_ORIGINS"),
        "banners_secure": values_of.yes(values, "VSF_BANNERS_SECURE") if values["VSF_BANNERS_SECURE"] else None,
        "quarter_boundary": values_of.one_of(values, "VSF_QUARTER_BOUNDARY", BOUNDARIES),
        "portal_keys": (base / Path(keys).expanduser()).resolve() if keys else None,
        "portal": read_portal(values),
    }
