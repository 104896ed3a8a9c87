"""The answer of a saved question: for a reader and values, on the snapshot that the reader may ask.

Here: reading the values of an address, running the query, and its files. Not here: pages and routes.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header, parse_etags
from django.utils.text import slugify

from vsf_assets.masking.masked_snapshots import mark_of
from vsf_assets.portal.accounts.rights import AccountRights
from vsf_assets.portal.data.access import Access
from vsf_assets.portal.data.queried_snapshot import QueriedSnapshot, queried_snapshot
from vsf_assets.portal.questions.models import Question
from vsf_assets.portal.questions.parameters import RESERVED, parameters_from, values_of
from vsf_assets.portal.questions.question_rights import shows_sql
from vsf_assets.portal.questions.result_files import FORMATS, csv_bytes, json_bytes, parquet_file
from vsf_assets.portal.questions.running import Asker, ask
from vsf_assets.portal.shared.open_pool import EXPORTS, SNAPSHOT_HEADER
from vsf_assets.portal.shared.request_errors import WrongParameterError
from vsf_assets.portal.shared.sent_files import send_file
from vsf_assets.portal.sql.bound_values import Bound
from vsf_assets.portal.sql.runner import SqlAnswer, SqlError

QUOTING = ("failed", "refused")
"""Kinds of an SqlError whose words may quote the query."""

_HIDDEN_REASON = "The query fails on this snapshot. Those who see personal data see why."
_PLAIN_NAME = re.compile(r"[^\W\d]\w*( \w+)*")


@dataclass(frozen=True)
class RequestedAnswer:
    """A question with its values and the snapshot that it asks."""

    question: Question
    bound: Mapping[str, Bound]
    snapshot: QueriedSnapshot
    shows_sql: bool = True

    def answer(self, who: Asker, rows: int | None = None) -> SqlAnswer:
        """Return the answer; where the query is hidden, nothing that DuckDB says of it quotes it.

        Raises:
            SqlError: the query gave no rows.
        """
        try:
            found = ask(self.snapshot, self.question.sql, who, self.bound, rows)
        except SqlError as error:
            if self.shows_sql or error.kind not in QUOTING:
                raise
            raise SqlError(error.kind, _HIDDEN_REASON) from None
        return found if self.shows_sql else replace(found, columns=_harmless_names(found.columns))

    def etag(self, form: str) -> str:
        """Return the tag of the answer in a form: it changes with the query, its values, the snapshot, the program."""
        values = sorted((name, tuple(value)) for name, value in self.bound.items())
        # Pseudonyms change with their key, and with what is declared as personal.
        mark = mark_of(settings.VSF_PSEUDONYM_KEY) if self.snapshot.is_masked else ""
        requested = (self.snapshot.number, self.snapshot.made, mark, self.snapshot.note, settings.VSF_PORTAL.sql_rows)
        parts = (str(self.question.id), self.question.version, values, requested, form, version("vsf-assets"))
        return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def _harmless_names(columns: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return columns, with a number for a name that is no plain word: DuckDB names a column by its expression."""
    return [
        (name if _PLAIN_NAME.fullmatch(name) else f"column {place}", kind)
        for place, (name, kind) in enumerate(columns, 1)
    ]


def given_values(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return the values that an address gives; of a name that stands twice the last one holds.

    Raises:
        WrongParameterError: the address cannot be read.
    """
    found = {name: value for name, value in pairs if name not in RESERVED}
    if any("\ufffd" in name for name in found):
        raise WrongParameterError("the names of parameters are UTF-8")
    return found


def requested_question(rights: AccountRights, question: Question, given: Mapping[str, str]) -> RequestedAnswer:
    """Return a question with its values, and the snapshot that a reader may ask.

    A first value is a part of the query: where that is hidden, an empty text stands for it.

    Raises:
        WrongValueError: a value does not fit.
        MayNotAskError, NoSnapshotError: as `queried_snapshot`.
    """
    shows, parameters = shows_sql(rights, question), parameters_from(question.parameters)
    if not shows:
        hidden = {parameter.name for parameter in parameters if parameter.default is not None}
        given = {name: text for name, text in given.items() if text or name not in hidden}
    bound = values_of(parameters, given)
    return RequestedAnswer(question, bound, queried_snapshot(Access(rights), needs_export=False), shows)


def is_known(request: HttpRequest, tag: str) -> bool:
    """Whether the client has the answer with this tag."""
    given = parse_etags(request.headers.get("If-None-Match", ""))
    return tag in (found.removeprefix("W/") for found in given)


def file_of(
    request: HttpRequest, answer: SqlAnswer, form: str, name: str, snapshot: QueriedSnapshot, **members: Any
) -> HttpResponseBase:
    """Return an answer as a download of a form of FORMATS.

    It names its snapshot, whether rows were cut off, whether pseudonyms stand in place of personal values, and what is
    to be known about the snapshot: as headers, and in JSON as members too.
    """
    file_name = f"{slugify(name)[:60] or 'answer'}-{snapshot.number}.{form}"
    if form == "parquet":
        folder = settings.VSF.home / "portal" / EXPORTS
        folder.mkdir(parents=True, exist_ok=True)
        file = parquet_file(answer, folder)
        response = send_file(request, file, file_name, FORMATS[form], remove_after=True)
    else:
        about = {"snapshot": snapshot.number, "is_masked": snapshot.is_masked, "note": snapshot.note, **members}
        content = csv_bytes(answer) if form == "csv" else json_bytes(answer, **about)
        response = HttpResponse(content, content_type=FORMATS[form])
        response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=file_name) or ""
        response["X-Content-Type-Options"] = "nosniff"
    response[SNAPSHOT_HEADER] = str(snapshot.number)
    response["X-Vsf-Cut"] = "yes" if answer.is_cut else "no"
    response["X-Vsf-Masked"] = "yes" if snapshot.is_masked else "no"
    if snapshot.note:
        response["X-Vsf-Note"] = snapshot.note
    response["Cache-Control"] = "private, no-store"
    return response
