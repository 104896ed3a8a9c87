"""Lists every environment variable that the platform reads, with default and meaning.

Here: the list from which the settings are read, and with which `.env.example` and the docs are compared. Not here:
reading and validating values (config/settings.py).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Variable:
    """One environment variable: name, default as text, and meaning."""

    name: str
    default: str
    meaning: str


VARIABLES = (
    Variable(
        "VSF_HOME",
        "data",
        "home: folder of all local data; relative to the project root, or, if installed, to the working directory",
    ),
    Variable("VSF_LANDING", "", "landing zone, a folder or s3://bucket/prefix; default: landing/ in VSF_HOME"),
    Variable("VSF_ARCHIVE", "", "archive of originals, likewise; default: archive/ in VSF_HOME"),
    Variable("VSF_SNAPSHOTS", "", "published snapshots, likewise; default: snapshots/ in VSF_HOME"),
    Variable("VSF_MADE", "", "made-up files, s3://bucket/prefix that all hosts read; default: made/ in VSF_HOME"),
    Variable(
        "VSF_LAKE",
        "",
        "folder, or with VSF_CATALOG s3://bucket/prefix, for a warehouse of many data files (docs/lake.md); default:"
        " one file in VSF_HOME",
    ),
    Variable(
        "VSF_CATALOG",
        "",
        "PostgreSQL database that several machines share as the catalog of the lake, e.g. host=pg dbname=vsf user=vsf;"
        " the password by PGPASSWORD or a pgpass file",
    ),
    Variable(
        "VSF_LOCK_TAKEOVER_SECONDS",
        "60",
        "with VSF_CATALOG: seconds of silence of a lock's holder after which it is ended and its lock is taken over",
    ),
    Variable(
        "VSF_INGEST_RUNS",
        "1",
        "with VSF_CATALOG: runs among which the sensor of a family shares the files that have landed; at most 64",
    ),
    Variable(
        "VSF_BROKER",
        "",
        "with VSF_CATALOG: broker of the queue from which `vsf worker` takes runs, e.g. redis://redis:6379/0; default:"
        " runs are processes of the machine of `vsf serve`",
    ),
    Variable("VSF_SETTLE_SECONDS", "2", "seconds between the two listings that must show a file unchanged"),
    Variable("VSF_SETTLE_TIMEOUT", "60", "seconds to wait for a file that keeps changing"),
    Variable("VSF_AFTER_LOAD", "archive", "archive, keep (copy, leave the file) or delete"),
    Variable("VSF_RECHECK_HOURS", "24", "hours after loading in which changed originals are read again"),
    Variable("VSF_LOCK_WAIT_SECONDS", "3600", "seconds to wait for another writer"),
    Variable("VSF_MEMORY_LIMIT", "512MB", "DuckDB's memory limit when writing the warehouse"),
    Variable("VSF_THREADS", "", "threads of DuckDB and dbt; default: the cores of the machine"),
    Variable("VSF_KEEP_SNAPSHOTS", "5", "number of newest snapshots to keep"),
    Variable("VSF_KEEP_SNAPSHOT_HOURS", "24", "hours for which the last snapshot of each hour is kept"),
    Variable("VSF_KEEP_SNAPSHOT_BYTES", "20GB", "maximum size of all snapshots; the current one is always kept"),
    Variable("VSF_KEEP_RUN_DAYS", "30", "days for which runs with their events and checks are kept"),
    Variable("VSF_KEEP_TICK_DAYS", "2", "days for which ticks of sensors and evaluations of automation are kept"),
    Variable("VSF_KEEP_LOG_DAYS", "30", "days for which log files are kept"),
    Variable("VSF_EVENTS_START", "2015-01-01", "earliest processing date of event files"),
    Variable("VSF_EVENT_DAYS_BEFORE", "400", "maximum days by which an event may precede its processing date"),
    Variable("VSF_EVENT_DAYS_AFTER", "2", "maximum days by which an event may follow its processing date"),
    Variable("VSF_FINDINGS_PER_FILE", "100000", "maximum findings of a file for each anomaly and column"),
    Variable("VSF_FILE_UNPACKED_MAX", "1TB", "maximum size of a decompressed file"),
    Variable("VSF_STORE_TIMEOUT", "20", "seconds to wait for an answer of an object store"),
    Variable("VSF_STORE_ATTEMPTS", "6", "attempts for a request to an object store"),
    Variable(
        "VSF_STORE_OBJECT_SECONDS",
        "",
        "seconds for one object, plus 4 per MB; default: VSF_STORE_TIMEOUT times VSF_STORE_ATTEMPTS",
    ),
    Variable(
        "VSF_SOURCES",
        "",
        "settings file of catalog sources; default: sources.toml in the folder that VSF_HOME is relative to",
    ),
    Variable("VSF_PROFILE", "default", "profile of the catalog source to scan"),
    Variable("VSF_DATASET_WAIT_SECONDS", "60", "seconds after the newest file of a dataset to wait for a missing one"),
    Variable("VSF_UI_HOSTS", "", "host names under which the UI answers, beside localhost; comma-separated"),
    Variable("VSF_UI_BEHIND_PROXY", "no", "yes: a proxy with a log-in stands before the UI, so --host may be any"),
    Variable("VSF_UI_URL", "", "address of the UI behind the portal's log-in, e.g. https://data.example.org:8443"),
    Variable("VSF_UI_READ_ONLY_PORT", "3001", "port of the UI that starts nothing, which is there with VSF_UI_URL"),
    Variable("VSF_BANNERS_BIND", "127.0.0.1:8001", "address of the banner service, host:port"),
    Variable("VSF_BANNERS_ORIGINS", "", "origins of pages that embed banners from another site; comma-separated"),
    Variable(
        "VSF_BANNERS_SECURE",
        "",
        "yes: the visitor's cookie is sent over TLS only; default: yes unless the address is loopback",
    ),
    Variable("VSF_PORTAL_BIND", "127.0.0.1:8000", "address of the portal, host:port"),
    Variable("VSF_PORTAL_URL", "", "address of the portal as browsers see it, e.g. https://data.example.org"),
    Variable("VSF_PORTAL_HOSTS", "", "host names under which the portal answers too; comma-separated"),
    Variable("VSF_PORTAL_PROXIES", "", "addresses of proxies whose X-Forwarded-* headers hold; comma-separated"),
    Variable("VSF_PORTAL_DATABASE", "", "postgresql://user:password@host/name; default: SQLite in the home"),
    Variable(
        "VSF_PORTAL_SIGNUP", "invitation", "who may make an account: closed, invitation, or open (confirmed by mail)"
    ),
    Variable("VSF_PORTAL_EMAIL", "", "mail server, e.g. smtp://user:password@host:587?from=portal@example.org"),
    Variable(
        "VSF_PORTAL_WEBHOOK_NETWORKS",
        "",
        "networks beside the public ones that webhooks may call, e.g. 10.0.0.0/8; comma-separated",
    ),
    Variable("VSF_PORTAL_WORKERS", "2", "processes of the portal"),
    Variable("VSF_PORTAL_QUERY_SECONDS", "10", "time limit of a page's query"),
    Variable("VSF_PORTAL_QUERY_MEMORY", "512MB", "memory of a portal process for queries"),
    Variable(
        "VSF_PORTAL_SQL",
        "yes",
        "who may ask SQL: yes (accounts with exports and personal data), no, or unconfined (yes, without Landlock too)",
    ),
    Variable("VSF_PORTAL_SQL_SECONDS", "20", "time limit of a query that a person wrote"),
    Variable("VSF_PORTAL_SQL_MEMORY", "256MB", "memory of such a query"),
    Variable("VSF_PORTAL_SQL_ROWS", "10000", "rows of the answer to such a query"),
    Variable(
        "VSF_PORTAL_MASKED",
        "no",
        "yes: masked copies of snapshots are made, which accounts without personal data ask by SQL; no: they ask none",
    ),
    Variable("VSF_PORTAL_UPLOAD_MAX", "20GB", "largest file that the portal accepts"),
    Variable("VSF_PORTAL_UNPACKED_MAX", "100GB", "largest content of a compressed file that the portal accepts"),
    Variable("VSF_PORTAL_QUOTA", "100GB", "bytes that a team may deliver through the portal in 24 hours"),
    Variable("VSF_PORTAL_MADE_NOW", "100000", "largest number of rows of a made-up file that the portal makes at once"),
    Variable("VSF_PORTAL_KEYS", "", "folder of signing keys, the same for all hosts; default: portal/ in VSF_HOME"),
    Variable(
        "VSF_QUARTER_BOUNDARY", "next", "quarter of minutes 15, 30 and 45: next, so 15 is in quarter 2, or previous"
    ),
    Variable("VSF_SCORE_SEED", "vsf", "seed of the random order in campaign scores"),
)
