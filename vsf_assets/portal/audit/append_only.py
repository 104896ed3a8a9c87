"""Triggers that let the database itself refuse changes of the audit.

Here: their SQL for SQLite and PostgreSQL, as a step of a migration. Not here: the table (models.py).
"""

from typing import Any

_TABLE = "audit_auditentry"
_REFUSAL = "the audit is append-only"

_SQLITE = [
    f"create trigger audit_no_{word} before {word} on {_TABLE} begin select raise(abort, '{_REFUSAL}'); end"
    for word in ("update", "delete")
]
_POSTGRES = [
    f"create function audit_refuse() returns trigger language plpgsql as $$ begin raise exception '{_REFUSAL}'; end $$",
    f"create trigger audit_no_change before update or delete or truncate on {_TABLE}"
    " for each statement execute function audit_refuse()",
]


def add_triggers(apps: Any, editor: Any) -> None:  # noqa: ARG001 - Django's form of a step
    """Create the triggers."""
    for statement in _SQLITE if editor.connection.vendor == "sqlite" else _POSTGRES:
        editor.execute(statement)


def drop_triggers(apps: Any, editor: Any) -> None:  # noqa: ARG001
    """Remove the triggers."""
    if editor.connection.vendor == "sqlite":
        for word in ("update", "delete"):
            editor.execute(f"drop trigger audit_no_{word}")
    else:
        editor.execute(f"drop trigger audit_no_change on {_TABLE}")
        editor.execute("drop function audit_refuse()")
