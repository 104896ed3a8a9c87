"""Reads the settings from environment variables, and validates them.

Here: the frozen `Settings` from the variables (config/variables.py has their defaults and meanings), the folders that
they are relative to, and the removal of fixed variables from the environment. Not here: which variables are fixed
(config/library_variables.py), and endpoints and secrets of object stores (the AWS client reads them). No other module
may read or change the environment.
"""

import os
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vsf_assets.common.errors import SettingsError
from vsf_assets.common.interpreter_tricks import keep_waits_interruptible
from vsf_assets.config import variable_values as values_of
from vsf_assets.config.catalog_profiles import DEFAULT, UTF_8, Profile, choose, read_profiles
from vsf_assets.config.lake_settings import further_places, read_lake
from vsf_assets.config.library_variables import fixed_names, names_by_env
from vsf_assets.config.overlapping_places import refuse_overlap
from vsf_assets.config.portal_settings import BOUNDARIES, PortalSettings, read_web
from vsf_assets.config.rule_expressions import AWESOME
from vsf_assets.config.variable_values import LOOPBACK as LOOPBACK
from vsf_assets.config.variables import VARIABLES

_PACKAGE = Path(__file__).resolve().parents[1]
_PACKAGED = _PACKAGE / "_project"
"""Holds the project's files in an installed wheel, which setup.py puts there; a clone has no such folder."""

IS_INSTALLED = _PACKAGED.is_dir()
"""Whether the package was installed from a wheel; its own folder is then never written to."""

PROJECT_ROOT = _PACKAGED if IS_INSTALLED else _PACKAGE.parent
"""Holds dbt_project/, dagster.yaml and workspace.yaml: the clone, or the folder of an installed package."""
PLACES = {"VSF_LANDING": "landing", "VSF_ARCHIVE": "archive", "VSF_SNAPSHOTS": "snapshots"}
"""Variables that name a place -> its default folder in VSF_HOME, if the variable is empty."""

OWN_FOLDERS = (
    *("warehouse", "fetched", "made", "scratch", "dagster", "dbt", "logs", "cache", "reports", "portal", "service"),
)
"""Folders of VSF_HOME that only the platform writes to."""

_FOR_THE_INTERPRETER = frozenset({"PATH", "PYTHONPATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH"})

AFTER_LOAD = ("archive", "keep", "delete")


@dataclass(frozen=True)
class Settings:
    """The validated settings. Paths are absolute; durations are seconds."""

    home: Path
    landing: str
    archive: str
    snapshots: str
    settle_seconds: float
    settle_timeout: float
    after_load: str
    lock_wait_seconds: float
    memory_limit: str
    threads: int
    keep_snapshots: int
    keep_snapshot_hours: float
    earliest_day: str
    dataset_wait_seconds: float
    score_seed: str
    keep_snapshot_bytes: int = 20 * 10**9
    keep_run_days: float = 30.0
    keep_tick_days: float = 2.0
    keep_log_days: float = 30.0
    plausible_days_before: int = 400
    plausible_days_after: int = 2
    """Days between an event and its processing date beyond which its date is implausible."""
    store_timeout: float = 20.0
    store_attempts: int = 6
    store_object_seconds: float = 120.0
    findings_per_file: int = 100_000
    file_unpacked_max: int = 10**12
    """Bytes."""
    recheck_hours: float = 24.0
    encodings: Mapping[str, str] = field(default_factory=dict)
    """Source profile -> encoding of its files, if that is not UTF-8."""
    awesome_rules: Mapping[str, str] = field(default_factory=dict)
    """Source profile -> its rule for awesome apps (config/rule_expressions.py), if that is not the default."""
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    """Sources of the catalog, by name."""
    profile: str = DEFAULT
    """Name of the source that a run scans by default."""
    ui_hosts: frozenset[str] = frozenset()
    """Host names under which the UI answers, beside those of the loopback device; in lower case."""
    ui_behind_proxy: bool = False
    ui_url: str = ""
    """Address of the UI as browsers see it, behind a proxy that asks the portal who may use it; empty for none."""
    ui_read_only_port: int = 3001
    """Port, on this machine alone, of the UI that starts nothing; it is there with `ui_url`."""
    banners_bind: tuple[str, int] = ("127.0.0.1", 8001)
    """Host and port of the banner service."""
    banners_origins: frozenset[str] = frozenset()
    """Origins of pages that embed banners from another site, as browsers write them."""
    banners_secure: bool | None = None
    """Whether the visitor's cookie is sent over TLS only; None: unless the address is loopback."""
    quarter_boundary: str = BOUNDARIES[0]
    portal_keys: Path | None = None
    """Folder of signing keys; None for the folder in the home."""
    portal: PortalSettings = field(default_factory=PortalSettings)
    lake: str = ""
    """Folder or address of the data files of the warehouse; empty if one DuckDB file in the home holds everything."""
    lake_database: str = ""
    """How libpq reaches the database that holds the catalog of a lake of several machines; else empty."""
    lock_takeover_seconds: float = 60.0
    ingest_runs: int = 1
    broker: str = field(default="", repr=False)
    made_address: str = ""
    """Address of the queue from which workers take runs; empty for none."""

    @property
    def keys(self) -> Path:
        """Folder of signing keys, which several hosts may share."""
        return self.portal_keys or self.home / "portal"

    @property
    def has_home(self) -> bool:
        """Whether the home was made: one of its folders exists, or a place outside of it was named."""
        places = {"landing": self.landing, "archive": self.archive, "snapshots": self.snapshots}
        named = any(place != str(self.home / name) for name, place in places.items())
        return named or any((self.home / name).is_dir() for name in (*OWN_FOLDERS, *places))

    @property
    def fetched(self) -> Path:
        """The inbox: files that were fetched from a source and are not loaded yet."""
        return self.home / "fetched"

    @property
    def made(self) -> Path:
        """Folder in which requested files are made, with a folder per schema; they stay there without VSF_MADE."""
        return self.home / "made"

    @property
    def scratch(self) -> Path:
        """Folder of temporary files, which a run removes at its end."""
        return self.home / "scratch"

    @property
    def dagster_home(self) -> Path:
        """DAGSTER_HOME: runs, events and schedules of Dagster."""
        return self.home / "dagster"

    @property
    def logs(self) -> Path:
        """Folder of the structured log files, one per run."""
        return self.home / "logs"


@dataclass(frozen=True)
class ClientOptions:
    """How to reach an object store.

    Attributes:
        timeout: seconds to wait for an answer.
        attempts: how often a request is tried.
        object_seconds: deadline for one object in seconds, to which time for its bytes is added.
        variables: the present values of the AWS client's own variables, with the credentials.
    """

    timeout: float
    attempts: int
    object_seconds: float
    variables: tuple[tuple[str, str], ...] = field(repr=False)


def _place(values: Mapping[str, str], name: str, home: Path) -> str:
    text = values[name]
    if not text:
        return str(home / PLACES[name])
    if "://" in text:
        bucket = text.removeprefix("s3://").partition("/")[0]
        if not text.startswith("s3://") or not bucket or not set(bucket).isdisjoint("?#@: "):
            raise SettingsError(f"{name}={text!r} is neither a folder nor an address like s3://bucket/prefix")
        return text.rstrip("/")
    place = (base_folder() / Path(text).expanduser()).resolve()
    if name == "VSF_LANDING" and not place.is_dir():
        raise SettingsError(f"{name}={text!r}: there is no such folder; create it, or correct the name")
    return str(place)


def _all_places(places: Mapping[str, str], home: Path, keys: Path | None) -> dict[str, str]:
    """Return name of the setting -> place; folders of the home are named by VSF_HOME."""
    own = {f"VSF_HOME (its folder {name}/)": str(home / name) for name in OWN_FOLDERS}
    if keys is not None and not keys.is_relative_to(home / "portal"):
        places = {**places, "VSF_PORTAL_KEYS": str(keys)}
    return {**own, **places}  # the first overlap is reported: the one with VSF_HOME


def base_folder() -> Path:
    """Return the folder of .env and sources.toml, which relative paths of settings start from.

    It is the clone, whatever the working directory is; for an installed package it is the working directory.
    """
    return Path.cwd() if IS_INSTALLED else PROJECT_ROOT


def home_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return the home of `environ` (default: the process's, over a `.env` file); no other variable is read."""
    environment = _process_environment() if environ is None else environ
    default = next(v.default for v in VARIABLES if v.name == "VSF_HOME")
    return (base_folder() / Path(environment.get("VSF_HOME", "").strip() or default).expanduser()).resolve()


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of `environ` (default: the process's, over a `.env` file).

    Raises:
        SettingsError: a variable has an invalid value; the message names the variable.
    """
    environment = _process_environment() if environ is None else environ
    values = {v.name: environment.get(v.name, "").strip() or v.default for v in VARIABLES}
    home = home_folder(environment)
    if values["VSF_AFTER_LOAD"] not in AFTER_LOAD:
        raise SettingsError(f"VSF_AFTER_LOAD={values['VSF_AFTER_LOAD']!r} is not one of {', '.join(AFTER_LOAD)}")
    threads = int(values_of.number(values, "VSF_THREADS")) if values["VSF_THREADS"] else os.cpu_count() or 1
    if threads < 1:
        raise SettingsError("VSF_THREADS must be at least 1")
    places = {name: _place(values, name, home) for name in PLACES}
    lake, web = read_lake(values, base_folder(), places["VSF_SNAPSHOTS"]), read_web(values, base_folder())
    named = {**places, **further_places(lake)}
    refuse_overlap(_all_places(named, home, web["portal_keys"]))
    profiles = read_profiles(values["VSF_SOURCES"], base_folder(), places["VSF_LANDING"])
    choose(profiles, values["VSF_PROFILE"], "VSF_PROFILE")
    return Settings(
        home=home,
        landing=places["VSF_LANDING"],
        archive=places["VSF_ARCHIVE"],
        snapshots=places["VSF_SNAPSHOTS"],
        settle_seconds=values_of.number(values, "VSF_SETTLE_SECONDS"),
        settle_timeout=values_of.number(values, "VSF_SETTLE_TIMEOUT"),
        after_load=values["VSF_AFTER_LOAD"],
        lock_wait_seconds=values_of.number(values, "VSF_LOCK_WAIT_SECONDS"),
        memory_limit=values["VSF_MEMORY_LIMIT"],
        threads=threads,
        keep_snapshots=max(1, int(values_of.number(values, "VSF_KEEP_SNAPSHOTS"))),
        keep_snapshot_hours=values_of.number(values, "VSF_KEEP_SNAPSHOT_HOURS"),
        keep_snapshot_bytes=values_of.size(values, "VSF_KEEP_SNAPSHOT_BYTES"),
        keep_run_days=values_of.age(values, "VSF_KEEP_RUN_DAYS"),
        keep_tick_days=values_of.age(values, "VSF_KEEP_TICK_DAYS"),
        keep_log_days=values_of.age(values, "VSF_KEEP_LOG_DAYS"),
        earliest_day=values_of.day(values, "VSF_EVENTS_START"),
        plausible_days_before=values_of.days(values, "VSF_EVENT_DAYS_BEFORE"),
        plausible_days_after=values_of.days(values, "VSF_EVENT_DAYS_AFTER"),
        dataset_wait_seconds=values_of.number(values, "VSF_DATASET_WAIT_SECONDS"),
        score_seed=values["VSF_SCORE_SEED"],
        store_timeout=values_of.number(values, "VSF_STORE_TIMEOUT") or 1.0,
        store_attempts=max(1, int(values_of.number(values, "VSF_STORE_ATTEMPTS"))),
        store_object_seconds=values_of.object_seconds(values),
        findings_per_file=values_of.whole(values, "VSF_FINDINGS_PER_FILE"),
        file_unpacked_max=values_of.size(values, "VSF_FILE_UNPACKED_MAX"),
        recheck_hours=values_of.number(values, "VSF_RECHECK_HOURS"),
        encodings={name: p.encoding for name, p in profiles.items() if p.encoding != UTF_8},
        awesome_rules={name: p.is_awesome for name, p in profiles.items() if p.is_awesome != AWESOME},
        profiles=profiles,
        profile=values["VSF_PROFILE"],
        **lake,
        **web,
    )


def _process_environment() -> dict[str, str]:
    """Return the variables of a `.env` file in the base folder, overridden by the process's environment."""
    from_file: dict[str, str] = {}
    env_file = base_folder() / ".env"
    if env_file.is_file():
        from dotenv import dotenv_values

        from_file = {k: v for k, v in dotenv_values(env_file).items() if v is not None}
    return {**from_file, **os.environ}


def ignored_dagster_home(settings: Settings) -> str | None:
    """Return what to say about a DAGSTER_HOME of the shell that is another folder than the home's; None for nothing."""
    named = os.environ.get("DAGSTER_HOME", "").strip()
    if not named or Path(named).expanduser().resolve() == settings.dagster_home.resolve():
        return None
    return (
        f"DAGSTER_HOME={named} is not used: Dagster's records of this home are in {settings.dagster_home};"
        " VSF_HOME chooses the home"
    )


def local_places() -> list[Path]:
    """Return the local folders that the platform writes to; with invalid settings, only the default ones."""
    import tempfile

    try:
        settings = read_settings()
    except SettingsError:
        return [base_folder(), Path(tempfile.gettempdir())]
    named = [place for place in (settings.landing, settings.archive, settings.snapshots) if "://" not in place]
    return [settings.home, *map(Path, named), Path(tempfile.gettempdir()), base_folder()]


def client_options() -> ClientOptions:
    """Return how to reach an object store, and export the AWS variables of a `.env` file for the AWS client."""
    environment = export_of_file("AWS_")
    settings = read_settings(environment)
    variables = tuple(sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_")))
    return ClientOptions(settings.store_timeout, settings.store_attempts, settings.store_object_seconds, variables)


def export_of_file(prefix: str) -> dict[str, str]:
    """Export the variables of a `.env` file with a prefix, for a client that reads the environment; return all."""
    environment = _process_environment()
    export({name: value for name, value in environment.items() if name.startswith(prefix) and name not in os.environ})
    return environment


_OF_NETWORKS = (
    "AWS_",
    "PG",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_",
    "REQUESTS_CA_BUNDLE",
    "TZ",
)
"""Beginnings of the variables with which libraries reach other machines, and tell the time; in upper case."""


def network_variables() -> dict[str, str]:
    """Return the variables of this process, and of a `.env` file, that decide how other machines are reached."""
    return {n: value for n, value in _process_environment().items() if n.upper().startswith(_OF_NETWORKS)}


def name_of_place(address: str) -> str:
    """Return the variable whose place contains an address, e.g. VSF_LANDING; empty if none does."""
    environment = _process_environment()
    places = {name: environment.get(name, "").strip().rstrip("/") for name in (*PLACES, "VSF_LAKE")}
    return next((n for n, place in places.items() if place and f"{address}/".startswith(f"{place}/")), "")


def child_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a child process: this process's without fixed variables, with `extra` on top."""
    environment = _process_environment()
    for name in fixed_names(environment, _named_by_instance()):
        del environment[name]
    return {**environment, **extra}


def interpreter_environment() -> dict[str, str]:
    """Return only what an interpreter may need to start: no setting, no secret."""
    return {name: value for name, value in os.environ.items() if name in _FOR_THE_INTERPRETER}


def export(extra: Mapping[str, str]) -> None:
    """Set variables for libraries that read the environment themselves (DAGSTER_HOME, dbt)."""
    os.environ.update(extra)


@contextmanager
def without_variables(names: Iterable[str]) -> Iterator[None]:
    """Take variables out of the environment for the length of the block."""
    taken = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(taken)


def fix_surroundings() -> None:
    """Remove variables that the platform fixes (library_variables.py), undo `python -W`, and keep Ctrl-C prompt.

    Called before a library is used, and not only by `vsf`: code servers and daemons that an operator starts by hand
    are covered too. Idempotent.
    """
    keep_waits_interruptible()
    if fixed_names(os.environ):  # most processes have none, and need not read the instance's file
        for name in fixed_names(os.environ, _named_by_instance()):
            os.environ.pop(name, None)
    if sys.warnoptions:
        # With `-W error`, a deprecation inside a library would end a run. Warnings are for developers.
        sys.warnoptions.clear()
        warnings.resetwarnings()
        warnings.simplefilter("ignore")


def _named_by_instance() -> set[str]:
    """Return the variables that the dagster.yaml in DAGSTER_HOME names; an empty set if there is no such file."""
    file = Path(os.environ.get("DAGSTER_HOME", "")) / "dagster.yaml"
    if not os.environ.get("DAGSTER_HOME") or not file.is_file():
        return set()
    import yaml

    try:
        return names_by_env(yaml.safe_load(file.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        why = " ".join(str(error).split())
        raise SettingsError(f"{file} is no YAML: {why}; correct it, or remove it and run again") from None
