"""The ready questions: the SQL files of this room, read into typed records.

Here: the form of a file and its checks. Not here: the questions themselves (sql/), and running them.

A file is `sql/<number>_<subject>/<number>_<name>.sql`; the numbers give the order in which questions are shown. It
begins with comments: `title`, an optional `about` that goes on in indented comments, and a `parameter` per `$name` of
the query:

    -- title: Which lines have activity and a limit?
    -- about: A limit has a date and a kind,
    --   and no amount.
    -- parameter: limit_type, text, USG: kind of limit; USG is a usage limit
"""

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "sql"

KINDS = ("text", "whole number", "number", "date", "yes or no")
"""What a parameter can be."""

Value = str | int | float | date | bool

_HEAD = re.compile(r"-- (title|about|parameter): (.+)")
_PARAMETER = re.compile(r"(?P<name>[a-z]\w*), (?P<kind>[a-z ]+), (?P<default>[^:]*): (?P<about>.+)")
_USED = re.compile(r"\$([a-z]\w*)")


@dataclass(frozen=True)
class ReadyParameter:
    """A value that the reader of a question chooses.

    Attributes:
        name: of the parameter; `$name` in the SQL.
        kind: one of KINDS.
        default: the value that gives a first answer.
        about: what it means.
    """

    name: str
    kind: str
    default: Value
    about: str


@dataclass(frozen=True)
class ReadyQuestion:
    """A question with its query.

    Attributes:
        name: stable name, the file's without its number.
        subject: what it is about, from the name of the folder, such as `deliveries`.
        title: the question.
        about: what to know about the answer; Markdown of one paragraph, may be empty.
        sql: one SELECT with `$name` for each parameter, without comments.
        parameters: in the order of the file.
    """

    name: str
    subject: str
    title: str
    about: str
    sql: str
    parameters: tuple[ReadyParameter, ...]

    @property
    def defaults(self) -> dict[str, Value]:
        """Return name -> default of each parameter, to bind."""
        return {parameter.name: parameter.default for parameter in self.parameters}

    def bound(self, **chosen: Value) -> tuple[str, dict[str, Value]]:
        """Return the SQL and the values to bind: the chosen ones, and the defaults of the others.

        Raises:
            ValueError: the question has no such parameter.
        """
        if unknown := sorted(set(chosen) - set(self.defaults)):
            raise ValueError(f"{self.name} has no parameter {', '.join(unknown)}")
        return self.sql, self.defaults | chosen

    @property
    def sql_with_defaults(self) -> str:
        """Return the SQL with the defaults as literals, for places that cannot bind, such as `vsf query`."""
        return _USED.sub(lambda found: literal(self.defaults[found[1]]), self.sql)


@cache
def ready_questions() -> tuple[ReadyQuestion, ...]:
    """Return all ready questions, in the order in which they are shown.

    Raises:
        ValueError: a file has not the form above, or its parameters are not those of its query.
    """
    found = [read_question(path) for path in sorted(FOLDER.glob("*/*.sql"))]
    names = [question.name for question in found]
    if len(set(names)) < len(names):
        raise ValueError("two ready questions have one name")
    return tuple(found)


def read_question(path: Path) -> ReadyQuestion:
    """Return the question of a file; raises ValueError as `ready_questions`."""
    head: list[tuple[str, str]] = []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    while lines and lines[0].startswith("--"):
        line = lines.pop(0).rstrip()
        begun = _HEAD.fullmatch(line)
        if begun:
            head.append((begun[1], begun[2]))
        elif line.startswith("--   ") and head:
            head[-1] = (head[-1][0], f"{head[-1][1]} {line[5:]}")
        else:
            raise ValueError(f"{path.name}: no line of a head: {line}")
    texts, sql = dict(head), "".join(lines)
    parameters = tuple(_parameter(path, text) for kind, text in head if kind == "parameter")
    if sorted({parameter.name for parameter in parameters}) != sorted(set(_USED.findall(sql))):
        raise ValueError(f"{path.name}: its parameters are not those of its query")
    if "title" not in texts:
        raise ValueError(f"{path.name}: it has no title")
    subject = path.parent.name.partition("_")[2].replace("_", " ")
    name = path.stem.partition("_")[2]
    return ReadyQuestion(name, subject, texts["title"], texts.get("about", ""), sql, parameters)


def _parameter(path: Path, text: str) -> ReadyParameter:
    found = _PARAMETER.fullmatch(text)
    if found is None or found["kind"] not in KINDS:
        raise ValueError(f"{path.name}: no parameter: {text}")
    return ReadyParameter(found["name"], found["kind"], read_value(found["kind"], found["default"]), found["about"])


def read_value(kind: str, text: str) -> Value:
    """Return a text as a value of a kind; raises ValueError if it is none."""
    if kind == "whole number":
        return int(text)
    if kind == "number":
        return float(text)
    if kind == "date":
        return date.fromisoformat(text)
    if kind == "yes or no":
        return {"yes": True, "no": False}[text] if text in ("yes", "no") else _refuse(text)
    return text


def _refuse(text: str) -> bool:
    raise ValueError(f"{text} is neither yes nor no")


def literal(value: Value) -> str:
    """Return a value as a literal of SQL."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value)
