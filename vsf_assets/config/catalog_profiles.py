"""Reads the profiles of catalog sources from sources.toml, and validates them.

Here: the frozen `Profile`, its defaults, and errors that name file, profile and setting. Not here: credentials (the
AWS client reads its own variables) and connecting to a source (open_source in catalog/clients/base.py).
"""

import codecs
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from vsf_assets.common.errors import SettingsError
from vsf_assets.common.regular_files import read_regular
from vsf_assets.common.suggestions import did_you_mean
from vsf_assets.config.rule_expressions import AWESOME, RuleError, parse_rule
from vsf_assets.feeds.partitioning import SOURCES

LARGEST = 10 << 20
"""Maximum bytes of a settings file that are read; enough for thousands of sources."""

DEFAULT = "default"
UTF_8 = "utf-8"
DEFAULT_FOLDER = "catalog"
"""Folder of the landing zone that is the source of the default profile."""


def _setting(key: str, default: Any) -> Any:
    return field(default=default, metadata={"key": key})


@dataclass(frozen=True)
class Profile:
    """A named source.

    Attributes:
        name: its name; also the folder of its files in the archive.
        address: `s3://bucket/prefix`, `http(s)://host/path`, or an absolute folder.
        is_own: whether it is the folder `catalog` of the landing zone, which may be missing.
        origin: the settings file, for messages.
        list_name: name of the list.
        encoding: encoding of the list and the objects.
        is_awesome: the rule for awesome apps, as SQL.
        connections: how many objects are fetched at once.
        connect_timeout, read_timeout: seconds to wait for a connection, and for the next bytes.
        object_timeout: deadline for one object in seconds, with all attempts and pauses.
        attempts: how often a request is tried.
        max_object_mb: maximum size of an object or of the list in megabytes (2^20 bytes).
    """

    name: str
    address: str
    is_own: bool = False
    origin: str = ""
    list_name: str = _setting("list", "files_list.data")
    encoding: str = _setting("encoding", UTF_8)
    is_awesome: str = _setting("is_awesome", AWESOME)
    connections: int = _setting("connections", 32)
    connect_timeout: float = _setting("connect_timeout", 5.0)
    read_timeout: float = _setting("read_timeout", 30.0)
    object_timeout: float = _setting("object_timeout", 300.0)
    attempts: int = _setting("attempts", 5)
    max_object_mb: int = _setting("max_object_mb", 512)

    @property
    def kind(self) -> str:
        """Return folder, http or s3."""
        scheme, mark, _ = self.address.partition("://")
        return "folder" if not mark else "s3" if scheme == "s3" else "http"

    @property
    def most_bytes(self) -> int:
        """Maximum size of an object or of the list in bytes."""
        return self.max_object_mb << 20

    def say(self, key: str) -> str:
        """Return file, profile and setting, for a message."""
        return f"{self.origin}: profile {self.name}: {key}" if self.origin else f"profile {self.name}: {key}"


def read_profiles(named: str, root: Path, landing: str) -> dict[str, Profile]:
    """Return every profile by name; `default` always exists.

    Args:
        named: the settings file; empty for sources.toml, which may be missing.
        root: base folder of relative paths and addresses.
        landing: the landing zone; its folder `catalog` is the address of `default` unless the file has another.

    Raises:
        SettingsError: a setting of the file is invalid; the message names file, profile and setting.
    """
    file = (root / Path(named or "sources.toml").expanduser()).resolve()
    tables = _tables(file, is_required=bool(named))
    own = Profile(DEFAULT, f"{landing.rstrip('/')}/{DEFAULT_FOLDER}", is_own=True)
    profiles = {name: _profile(file.name, name, table, root, own) for name, table in tables.items()}
    return {DEFAULT: own, **profiles}


def choose(profiles: Mapping[str, Profile], name: str, named_by: str) -> Profile:
    """Return a profile by name.

    Raises:
        SettingsError: no profile has this name; the message names the setting (`named_by`) and the existing profiles.
    """
    if name not in profiles:
        there = f"{', '.join(profiles)}{did_you_mean(name, profiles)}"
        raise SettingsError(f"{named_by} {name!r}: there is no such profile; profiles: {there}")
    return profiles[name]


def _tables(file: Path, is_required: bool) -> dict[str, Any]:
    try:
        text = read_regular(file, LARGEST).decode("utf-8")
    except FileNotFoundError:
        if is_required:
            raise SettingsError(
                f"VSF_SOURCES={str(file)!r}: there is no such file; create it, or correct the name"
            ) from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"VSF_SOURCES: {file}, the settings file of sources, cannot be read: {error}") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"VSF_SOURCES: {file} is not TOML: {error}; correct that line") from error


def _profile(origin: str, name: str, table: Any, root: Path, own: Profile) -> Profile:
    if not isinstance(table, dict):
        raise SettingsError(f"{origin}: {name} stands outside a profile; write it below a line like [{DEFAULT}]")
    if not SOURCES.accepts(name):
        raise SettingsError(
            f"{origin}: profile {name!r}: a name is up to 40 of a-z, 0-9, _ and -, and begins with a letter"
        )
    known: dict[str, str] = {f.metadata["key"]: f.name for f in fields(Profile) if f.metadata}
    values: dict[str, Any] = {}
    is_own = name == DEFAULT and "address" not in table
    if not is_own and "address" not in table:
        raise SettingsError(
            f"{origin}: profile {name}: address is missing; add a line like address = 's3://bucket/prefix'"
        )
    for key, value in table.items():
        if key != "address" and key not in known:
            raise SettingsError(
                f"{origin}: profile {name}: there is no setting {key}; settings: address, {', '.join(known)}"
            )
        try:
            values[known.get(key) or key] = _address(value, root) if key == "address" else _CHECKS[key](value)
        except ValueError as error:
            raise SettingsError(f"{origin}: profile {name}: {key} = {value!r}: {error}") from error
    return Profile(**{"name": name, "address": own.address, "is_own": is_own, "origin": origin, **values})


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("it must be text")
    return value.strip()


def _address(value: Any, root: Path) -> str:
    """Return a validated address; a folder becomes absolute."""
    text = _text(value)
    scheme, mark, rest = text.partition("://")
    if not mark:
        return str((root / Path(text).expanduser()).resolve())
    if scheme not in ("s3", "http", "https"):
        raise ValueError("write a folder, s3://bucket/prefix, http://… or https://…")
    host = rest.partition("/")[0]
    if not host or any(c.isspace() for c in rest):
        raise ValueError(f"it names no {'bucket' if scheme == 's3' else 'host'}")
    if "@" in host:
        raise ValueError("credentials do not belong in an address")
    if any(c in rest for c in "?#"):
        raise ValueError("an address has neither ? nor #; names of objects are put behind it")
    return text.rstrip("/")


def _list_name(value: Any) -> str:
    text = _text(value)
    if text.startswith("/") or ".." in text.split("/"):
        raise ValueError("it must be a name below the address")
    return text


def _encoding(value: Any) -> str:
    name = _text(value)
    try:
        "".encode(name)
    except LookupError as error:
        raise ValueError("there is no such encoding of text; write one like utf-8, latin-1 or cp1252") from error
    return codecs.lookup(name).name


def _rule(value: Any) -> str:
    try:
        return parse_rule(_text(value)).sql
    except RuleError as error:
        raise ValueError(str(error)) from error


def _number(minimum: float, maximum: float, whole: bool = False) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        right = isinstance(value, int) or (isinstance(value, float) and not whole)
        if not right or isinstance(value, bool) or not minimum <= value <= maximum:
            raise ValueError(f"it must be a {'whole ' if whole else ''}number from {minimum:g} to {maximum:g}")
        return value if whole else float(value)

    return check


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "list": _list_name,
    "encoding": _encoding,
    "is_awesome": _rule,
    "connections": _number(1, 64, whole=True),
    "connect_timeout": _number(0.05, 600),
    "read_timeout": _number(0.05, 3600),
    "object_timeout": _number(0.1, 86400),
    "attempts": _number(1, 20, whole=True),
    "max_object_mb": _number(1, 1 << 20, whole=True),
}
