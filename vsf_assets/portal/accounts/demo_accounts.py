"""Accounts for trying the portal: one of each role in the platform's team, with random passwords.

Here: making them once. Not here: that they exist on loopback only (serve.py checks it).
"""

from collections.abc import Iterator

from django.db import transaction

from vsf_assets.portal.accounts.account_changes import (
    create_account,
    platform_team,
    random_password,
    set_personal,
    set_role,
)
from vsf_assets.portal.accounts.models import User
from vsf_assets.portal.accounts.rights import ADMIN, ENGINEER, ROLES

WITH_PERSONAL = (ENGINEER, ADMIN)


@transaction.atomic
def make_demo_accounts() -> Iterator[str]:
    """Make the accounts that are missing, and return lines that say how to sign in."""
    lines = []
    for role in ROLES:
        name = f"demo-{role}"
        if User.objects.filter(username=name).exists():
            lines.append(f"  {name:<14} exists; for a new password: vsf portal user {name} --role {role}")
            continue
        password = random_password()
        user = create_account(name, password)
        set_role(user, platform_team(), role)
        set_personal(user, role in WITH_PERSONAL)
        lines.append(f"  {name:<14} {password}{'  (sees personal data)' if role in WITH_PERSONAL else ''}")
    return iter(["demo accounts, with passwords that are printed once:", *lines])
