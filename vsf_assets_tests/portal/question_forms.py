"""Helps tests of saved questions: writing one as its form does, and the data of the form.

Here: helpers. Not here: assertions.
"""

import re
from typing import Any

LINES = "select mtn, device_grouping from marts.dim_lines where device_grouping = $device order by mtn"
DEVICE = {"name": "device", "kind": "text", "label": "Kind of device", "default": "ANDROID"}


def form_of(name: str, sql: str, *parameters: dict[str, str], **more: str) -> dict[str, str]:
    """Return what the form of a question sends."""
    data = {"name": name, "description": "", "sql": sql, "shape": "table", **more}
    for number, parameter in enumerate(parameters):
        data |= {f"p{number}-{field}": text for field, text in parameter.items()}
        data.setdefault(f"p{number}-kind", "text")
    return data


def saved(user: Any, name: str, sql: str, *parameters: Any, team: str = "platform", shape: str = "table") -> Any:
    """Return a question of an account, saved without its form."""
    from vsf_assets.portal.accounts.models import Team
    from vsf_assets.portal.questions.changes import create_question

    declared = [parameter.declared() for parameter in parameters]
    content = {"name": name, "description": "", "sql": sql, "parameters": declared, "shape": shape}
    return create_question(user, Team.objects.get_or_create(name=team)[0], content)


def cells(page: str) -> list[list[str]]:
    """Return the texts of the rows of an answer's table."""
    body = page.split('aria-label="Rows of the answer"', 1)[1].split("<tbody>", 1)[1].split("</tbody>", 1)[0]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [
        [re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)] for row in rows
    ]
