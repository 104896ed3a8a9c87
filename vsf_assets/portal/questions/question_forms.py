"""The form of a saved question: name, query, shape, and a row of fields per parameter.

Here: the form, reading it, and the check that the query runs and has just these parameters. Not here: saving
(changes.py), and values that people give later (parameters.py).
"""

from collections.abc import Mapping
from typing import Any

from django import forms

from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.queried_snapshot import queried_snapshot
from vsf_assets.portal.questions.models import LONGEST_ABOUT, LONGEST_NAME, SHAPES, TABLE, Question
from vsf_assets.portal.questions.parameters import (
    CHOICE,
    MOST,
    Parameter,
    WrongValueError,
    names_in,
    parameters_from,
)
from vsf_assets.portal.questions.question_rights import teams_of_writer
from vsf_assets.portal.questions.running import Asker, ask
from vsf_assets.portal.sql import bound_values
from vsf_assets.portal.sql.bound_values import Bound
from vsf_assets.portal.sql.limits import LONGEST_SQL

SPARE = 2
"""Empty rows for parameters that the form shows."""


class QuestionForm(forms.Form):
    """What a person types about a question; the rows of parameters are read by `read_parameters`."""

    name = forms.CharField(max_length=LONGEST_NAME, label="Question", help_text="as people ask it")
    description = forms.CharField(
        max_length=LONGEST_ABOUT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="what to know about the answer; the team reads it, so write no personal values here",
    )
    team = forms.ModelChoiceField(queryset=None, empty_label=None, help_text="its members see the answers")
    sql = forms.CharField(
        max_length=LONGEST_SQL,
        label="SQL",
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "class": "sql", "spellcheck": "false", "wrap": "off"}),
        help_text="write $name where a value goes that the reader chooses",
    )
    shape = forms.ChoiceField(choices=SHAPES, initial=TABLE, label="Shown as")

    def __init__(self, *arguments: Any, rights: Any, question: Question | None = None, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if question is None:
            self.fields["team"].queryset = teams_of_writer(rights)
        else:
            del self.fields["team"]


def first_values(question: Question) -> dict[str, Any]:
    """Return what the form of a question begins with."""
    return {name: getattr(question, name) for name in ("name", "description", "sql", "shape")}


def rows_of(parameters: tuple[Parameter, ...], sql: str = "") -> list[dict[str, Any]]:
    """Return the rows of the form: the parameters, names in the query that have none, and some empty ones."""
    known = {parameter.name for parameter in parameters}
    found = [
        *({**p.declared(), "choices": "\n".join(p.choices), "default": p.default or ""} for p in parameters),
        *({"name": name, "kind": bound_values.TEXT} for name in names_in(sql) if name not in known),
    ]
    return (found + [{"kind": bound_values.TEXT}] * SPARE)[: max(MOST, len(parameters))]


def typed_rows(data: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the rows as they were typed."""
    return [
        {
            "name": data.get(f"p{number}-name", "").strip().removeprefix("$"),
            "kind": data.get(f"p{number}-kind", bound_values.TEXT),
            "label": data.get(f"p{number}-label", "").strip()[:80],
            "default": data.get(f"p{number}-default", ""),
            "choices": data.get(f"p{number}-choices", ""),
            "is_optional": data.get(f"p{number}-optional") == "on",
        }
        for number in range(MOST)
        if f"p{number}-name" in data
    ]


def read_parameters(rows: list[dict[str, Any]]) -> tuple[Parameter, ...]:
    """Return the parameters of typed rows; a row without a name is none.

    Raises:
        WrongValueError: a declaration is wrong, or a name stands twice.
    """
    found: list[Parameter] = []
    for row in rows:
        if not row["name"]:
            continue
        choices = tuple(line.strip() for line in row["choices"].splitlines() if line.strip())
        parameter = Parameter(
            row["name"],
            row["kind"],
            row["label"],
            row["default"] or None,
            choices if row["kind"] == CHOICE else (),
            row["is_optional"],
        )
        parameter.check()
        if any(other.name == parameter.name for other in found):
            raise WrongValueError(parameter.name, f"Two parameters have the name {parameter.name}.")
        found.append(parameter)
    return tuple(found)


def check_query(access: Access, who: Asker, sql: str, parameters: tuple[Parameter, ...]) -> None:
    """Run a query once with its defaults, and check that it has just these parameters.

    Raises:
        SqlError: it gave no rows.
        WrongValueError: a parameter is not used.
        MayNotAskError, NoSnapshotError: as `queried_snapshot`.
    """
    bound = {
        parameter.name: parameter.read(parameter.default)
        if parameter.default is not None
        else Bound(parameter.kind, None)
        for parameter in parameters
    }
    answer = ask(queried_snapshot(access), sql, who, bound, rows=1)
    for parameter in parameters:
        if parameter.name not in answer.parameters:
            raise WrongValueError(parameter.name, f"The query does not use ${parameter.name}.")


def parameters_of(question: Question) -> tuple[Parameter, ...]:
    """Return the parameters of a question."""
    return parameters_from(question.parameters)
