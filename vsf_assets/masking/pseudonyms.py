"""The SQL that replaces a personal value: the same in pages, exports and masked copies.

Here: pseudonyms and hidden texts as expressions of DuckDB. Not here: which columns are personal
(contracts/personal.py), and where the key is kept (web/secret_files.py).

A pseudonym is an HMAC-SHA-256 of the value under a key of the installation: equal values stay equal, so that joining
and counting work, and without the key nobody can try all phone numbers. DuckDB computes it from its own sha256.
"""

from typing import Any

from vsf_assets.contracts.personal import QUOTING
from vsf_assets.contracts.table import IDENTIFIER, TEXT

HIDDEN = "(hidden)"
"""Stands for a text that quotes delivered values."""

PSEUDONYM = "anon-"
"""How a pseudonym begins."""

PSEUDONYM_DIGITS = 20
"""Hexadecimal digits that follow."""

UNKNOWN = "unknown"
"""The unknown member of dimensions, which is nobody."""

_BLOCK = 64


def quoted(name: str) -> str:
    """Return a name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def pseudonym_sql(expression: str, values: dict[str, Any], key: bytes) -> str:
    """Return the SQL of a pseudonym of a text; its key goes into the parameters, never into the text of the SQL."""
    values["mask_inner"], values["mask_outer"] = _pads(key)
    inner = f"unhex(sha256($mask_inner::blob || encode({expression})))"
    return f"'{PSEUDONYM}' || left(sha256($mask_outer::blob || {inner}), {PSEUDONYM_DIGITS})"


def replaced_sql(column: str, kind: str, values: dict[str, Any], key: bytes, shown_if: str = "") -> str:
    """Return the SQL of what stands in place of a personal column; nulls, and the unknown member, stay.

    Args:
        column: its name.
        kind: IDENTIFIER, TEXT or QUOTING.
        values: receives the parameters.
        key: of pseudonyms.
        shown_if: SQL of whether a text is shown as it is; empty for never.

    Raises:
        ValueError: there is no replacement for this kind.
    """
    name = quoted(column)
    if kind == IDENTIFIER:
        text = f"cast({name} as varchar)"
        shown = pseudonym_sql(text, values, key)
        return f"case when {name} is null then null when {text} = '{UNKNOWN}' then '{UNKNOWN}' else {shown} end"
    if kind in (TEXT, QUOTING):
        shown = f"when {shown_if} then {name} " if shown_if else ""
        return f"case when {name} is null then null {shown}else '{HIDDEN}' end"
    raise ValueError(f"no replacement for {kind} values")


def _pads(key: bytes) -> tuple[bytes, bytes]:
    """Return the inner and the outer block of HMAC (RFC 2104) for a key of at most one block."""
    filled = key[:_BLOCK].ljust(_BLOCK, b"\0")
    return bytes(byte ^ 0x36 for byte in filled), bytes(byte ^ 0x5C for byte in filled)
