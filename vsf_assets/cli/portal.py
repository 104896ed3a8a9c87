"""`vsf portal`: the web pages and the API; and its accounts and tokens for scripts."""

import sys

import click

from vsf_assets.cli.output import say
from vsf_assets.common.errors import UsageError
from vsf_assets.config.settings import Settings, export, read_settings

_ROLES = ("reader", "analyst", "steward", "marketer", "engineer", "admin")
_SCOPES = ("read", "export", "deliver", "personal")


@click.group("portal", invoke_without_command=True)
@click.option("--bind", help="address as host:port; default: VSF_PORTAL_BIND, 127.0.0.1:8000")
@click.option("--demo", is_flag=True, help="make an account of each role; this machine only")
@click.option("--access-log", is_flag=True, help="log a line per request to standard output")
@click.pass_context
def command(context: click.Context, bind: str | None, demo: bool, access_log: bool) -> None:
    """Open the portal, until Ctrl-C or SIGTERM: pages of data, status, accounts, and the API.

    It needs no set-up; the first start gives a link that makes the first administrator. See docs/portal.md.
    """
    if bind:
        export({"VSF_PORTAL_BIND": bind})
    if context.invoked_subcommand is not None:
        return
    from vsf_assets.portal.serve import PortalOptions, serve

    def log(text: str) -> None:
        say(text, err=True)

    serve(read_settings(), PortalOptions(demo, access_log), log, log if sys.stderr.isatty() else None)


@command.command("user")
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(_ROLES), help="role in the team")
@click.option("--team", default="platform", show_default=True, help="team; it is made if it is missing")
@click.option(
    "--personal/--no-personal", default=None, help="whether it sees personal data; default: as before, new ones do not"
)
@click.option("--keep-password", is_flag=True, help="leave the password of an existing account as it is")
def user(name: str, role: str, team: str, personal: bool | None, keep_password: bool) -> None:
    """Make or change an account, and print a new password to standard output."""
    _prepared()
    from django.core.exceptions import ValidationError

    from vsf_assets.portal.accounts.command_line import change_account

    try:
        password, words = change_account(name, role, team, personal, keep_password)
    except ValidationError as error:
        raise UsageError("; ".join(error.messages)) from None
    say(words, err=True)
    if password:
        say(password)


@command.command("token")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(_SCOPES), help="default: all that the account may do"
)
@click.option("--team", help="team whose rights it has; default: platform, or the account's first")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 365), help="life of the token")
def token(name: str, scopes: tuple[str, ...], team: str | None, days: int) -> None:
    """Print a new token of an account for the API, to be sent as `Authorization: Bearer vsf_…`."""
    _prepared()
    from django.core.exceptions import ValidationError

    from vsf_assets.portal.accounts.command_line import make_token

    try:
        text = make_token(name, scopes or _SCOPES, team, days)
    except ValidationError as error:
        raise UsageError("; ".join(error.messages)) from None
    say(text)


def _prepared() -> Settings:
    """Prepare the portal's state, and return the settings."""
    from vsf_assets.portal.serve import PortalOptions, check_options, keep_files_private, prepare

    settings = read_settings()
    check_options(settings, PortalOptions())
    keep_files_private()
    prepare(settings, lambda text: say(text, err=True))
    return settings
