"""Reads the rights of an account by one statement of SQL: every request asks for them.

Here: the statement and what its rows mean. Not here: what a role allows (rights.py), and changes (account_changes.py).

It is written out because Django takes ten times the time of the query to build two queries and their objects.
"""

import uuid

from django.db import connection, models

from vsf_assets.portal.accounts.rights import RIGHTS, AccountRights, TeamRights

_ID = models.UUIDField()
_SQL = """
    select team.id, team.name, member.role, granted.feed, granted.may_read, granted.may_deliver
    from accounts_membership member join accounts_team team on team.id = member.team_id
    left join accounts_grant granted on granted.team_id = team.id
    where member.user_id = %s order by team.name, granted.feed
"""


def stored_rights(user: uuid.UUID, may_see_personal: bool) -> AccountRights:
    """Return what an active account may do, in the order of the names of its teams."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [_ID.get_db_prep_value(user, connection)])
        rows = cursor.fetchall()
    names: dict[uuid.UUID, tuple[str, str]] = {}
    reads: dict[uuid.UUID, set[str]] = {}
    delivers: dict[uuid.UUID, set[str]] = {}
    for stored_id, name, role, feed, may_read, may_deliver in rows:
        team = stored_id if isinstance(stored_id, uuid.UUID) else uuid.UUID(stored_id)  # SQLite holds it as a text
        names[team] = (name, role)
        for may, feeds in ((may_read, reads), (may_deliver, delivers)):
            if may:
                feeds.setdefault(team, set()).add(feed)
    teams = tuple(
        TeamRights(team, name, RIGHTS[role], frozenset(reads.get(team, ())), frozenset(delivers.get(team, ())))
        for team, (name, role) in names.items()
    )
    return AccountRights(teams, may_see_personal)
