"""Accounts for trying the portal: one of each role in the platform's team, with random passwords.

Here: making them, and ending them when the demo is over. Not here: that they exist on loopback only, which
serve.py checks.
"""

from collections.abc import Iterator

from django.db import transaction

from vsf_assets.portal.accounts.account_changes import (
    create_account,
    platform_team,
    random_password,
    set_password,
    set_personal,
    set_role,
)
from vsf_assets.portal.accounts.models import User
from vsf_assets.portal.accounts.rights import ADMIN, ENGINEER, ROLES
from vsf_assets.portal.audit.models import record

WITH_PERSONAL = (ENGINEER, ADMIN)


@transaction.atomic
def make_demo_accounts() -> Iterator[str]:
    """Make the accounts that are missing, activate earlier ones, and return lines that say how to sign in."""
    lines = []
    for role in ROLES:
        name = f"demo-{role}"
        user = User.objects.filter(username=name).first()
        if user is not None and (user.is_active or not user.is_demo):
            lines.append(f"  {name:<14} exists; for a new password: vsf portal user {name} --role {role}")
            continue
        password = random_password()
        if user is None:
            user = create_account(name, password)
        else:
            set_password(user, password)
        _activate(user, is_active=True)
        set_role(user, platform_team(), role)
        set_personal(user, role in WITH_PERSONAL)
        lines.append(f"  {name:<14} {password}{'  (sees personal data)' if role in WITH_PERSONAL else ''}")
    return iter(["demo accounts, with passwords that are printed once:", *lines])


@transaction.atomic
def end_demo_accounts() -> int:
    """Deactivate the accounts of an earlier demo, and return how many there were."""
    found = list(User.objects.filter(is_demo=True, is_active=True))
    for user in found:
        _activate(user, is_active=False)
    return len(found)


def _activate(user: User, is_active: bool) -> None:
    user.is_demo, user.is_active = True, is_active
    user.save(update_fields=["is_demo", "is_active"])
    record("account.demo", None, user.id, is_active=is_active)
