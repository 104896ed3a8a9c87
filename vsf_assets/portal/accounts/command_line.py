"""What `vsf portal user` and `vsf portal token` do.

Here: finding the account and the team, and the words. Not here: the changes (account_changes.py, api_tokens.py), and
printing (cli/portal.py).
"""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction

from vsf_assets.portal.accounts.account_changes import (
    checked_name,
    checked_team_name,
    create_account,
    random_password,
    refuse_last_admin,
    set_password,
    set_personal,
    set_role,
)
from vsf_assets.portal.accounts.api_tokens import create_token
from vsf_assets.portal.accounts.models import Membership, Team, User
from vsf_assets.portal.accounts.rights import ADMIN, PLATFORM
from vsf_assets.portal.audit.models import record


@transaction.atomic
def change_account(name: str, role: str, team: str, personal: bool | None, keep_password: bool) -> tuple[str, str]:
    """Make or change an account; return its new password, empty if it was kept, and words for a person.

    `personal` None leaves the permission as it is; a new account has none.

    Raises:
        ValidationError: a name is malformed or reserved, or the platform would be left without an administrator.
    """
    team = team if team == PLATFORM else checked_team_name(team)
    found, is_new_team = Team.objects.get_or_create(name=team)
    if is_new_team:
        record("team.created", None, found.id, found.id)
    user = User.objects.filter(username=checked_name(name)).first()
    password = "" if user is not None and keep_password else random_password()
    if user is None:
        user = create_account(name, password, must_change_password=True)
        done = "made"
    else:
        member = Membership.objects.filter(user=user, team=found).first()
        if member is not None and role != ADMIN:
            refuse_last_admin(member)
        if password:
            set_password(user, password, must_change=True)
        done = "changed"
    set_role(user, found, role)
    if personal is not None:
        set_personal(user, personal)
    sees = ", sees personal data" if user.may_see_personal else ""
    return password, f"{done} the account {user}: {role} of {found}{sees}"


@transaction.atomic
def make_token(name: str, scopes: Sequence[str], team: str | None, days: int) -> str:
    """Return the text of a new token.

    Raises:
        ValidationError: there is no such account, or it is no member of the team.
    """
    user = User.objects.filter(username=name.strip().lower(), is_active=True).first()
    if user is None:
        raise ValidationError(f"there is no account {name}; make it: vsf portal user {name} --role reader")
    own = {member.team.name: member.team for member in user.memberships.select_related("team")}
    chosen = team or (PLATFORM if PLATFORM in own else next(iter(own), ""))
    if chosen not in own:
        raise ValidationError(f"{name} is no member of {chosen or 'any team'}; teams: {', '.join(own) or 'none'}")
    return create_token(user, own[chosen], "made by vsf portal token", scopes, days)[1]
