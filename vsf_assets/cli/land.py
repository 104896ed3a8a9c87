"""`vsf land`: copy files into the landing zone.

Here: the target path of each file. Not here: finding the files of the arguments (landing/files_to_land.py) and
copying a file (landing/land_file.py).
"""

import filecmp
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import click

from vsf_assets.cli.output import say
from vsf_assets.common.errors import UsageError
from vsf_assets.config.catalog_profiles import DEFAULT
from vsf_assets.config.settings import Settings, read_settings
from vsf_assets.feeds import all_feeds, feeds_for_people, feeds_of_name, recognize
from vsf_assets.feeds.by_family.catalog import OBJECTS
from vsf_assets.feeds.by_family.mobile import FIRST_DATE, LAST_DATE
from vsf_assets.feeds.feed import Feed
from vsf_assets.feeds.partitioning import DAYS
from vsf_assets.landing.files_to_land import (
    NO_FEED,
    FileToLand,
    check_readable,
    find_files_to_land,
    folder_name,
    refuse_unlisted,
)
from vsf_assets.landing.land_file import land_file, replace_file
from vsf_assets.landing.pending import why_ambiguous
from vsf_assets.runs.service_state import is_running, read_state


@click.command("land")
@click.argument("words", nargs=-1, required=True, metavar="[FEED] PATH...")
@click.option(
    "--partition",
    help="partition key, if the name does not say it (a quarter, 1 to 4; a day, 2019-05-20; a dataset's name)",
)
def command(words: tuple[str, ...], partition: str | None) -> None:
    """Copy files (or folders) into the landing zone.

    Without FEED the file's name decides. A folder that holds exactly the three files of a dataset is landed as the
    dataset of its name. Entries of a folder that are not deliveries are skipped. A pending file is never replaced. Only
    files in the folder `catalog` are replaced, because it is read like a bucket, whose objects change.
    """
    settings = read_settings()
    feed = all_feeds().get(words[0]) if len(words) > 1 or not Path(words[0]).exists() else None
    paths = words[1:] if feed else words
    if not paths:
        raise UsageError(f"{words[0]} is a feed; name the files to land too: vsf land {words[0]} PATH...")
    found = find_files_to_land(paths, feed)
    objects, planned = [], []
    for file in found.files:
        inside = _in_catalog(file.hint, feed)
        if inside is None:
            planned.append(_plan(file, feed, partition))
        else:
            objects.append((file.path, inside))
    _refuse_two_for_one_place(planned)
    for path, target in planned:
        refuse_unlisted(path, target)
    check_readable([file.path for file in found.files])
    for line in found.skipped:
        click.echo(f"skipped {line}")
    _land_objects(settings, objects, partition)
    for path, target in planned:
        done = land_file(settings.landing, path, target)
        say(f"{'landed' if done else 'already pending'} {target}{_effect(target)}")
    if is_running(read_state(settings.home)):
        say("the service of this home loads it now; `vsf status --summary` says when it is in the snapshot")
    else:
        say("next: vsf run")


def _refuse_two_for_one_place(planned: list[tuple[Path, str]]) -> None:
    """Refuse the whole command if two files have the same target, before any file is landed.

    Raises:
        UsageError: two files with different content have the same target.
    """
    path_of_target: dict[str, Path] = {}
    for path, target in planned:
        first = path_of_target.setdefault(target, path)
        if first is not path and not filecmp.cmp(first, path, shallow=False):
            raise UsageError(
                f"{first} and {path} would both be landed as {target}; land one of them. Nothing was landed"
            )


def _effect(target: str) -> str:
    """Return a note on the effective date of a state whose name has no date."""
    recognized = recognize(target)
    named = target.rpartition("/")[2][:10]
    if recognized is None or not recognized[0].takes_effect_by_name:
        return ""
    if DAYS.accepts(named) and FIRST_DATE <= named <= LAST_DATE:
        return ""
    today = datetime.now(UTC).date()
    dated = f"{today}_{recognized[0].name}.csv"
    return f" (takes effect today, {today}; for another day let its date begin the name: {dated})"


def _in_catalog(hint: PurePosixPath, feed: Feed | None) -> str | None:
    """Return an object's name if a file belongs in the folder `catalog`, the source of the default profile."""
    if feed is not None:
        return "/".join(hint.parts[1:]) if feed.name == OBJECTS else None
    folders = hint.parts[:-1]
    if feeds_of_name(hint.name):
        return None
    return "/".join(hint.parts[folders.index(OBJECTS) + 1 :]) if OBJECTS in folders else None


def _land_objects(settings: Settings, objects: list[tuple[Path, str]], partition: str | None) -> None:
    """Copy objects into the folder `catalog`, the list last, so that it never names a missing object.

    Raises:
        UsageError: the default profile's source is another place, which the platform only reads.
    """
    profile = settings.profiles[DEFAULT]
    if objects and partition is not None:
        raise UsageError("--partition is not used with catalog; its objects have none")
    if objects and not profile.is_own:
        raise UsageError(
            f"{profile.say('address')} is {profile.address}, which is only read; copy the files there yourself"
        )
    for path, name in sorted(objects, key=lambda item: (item[1] == profile.list_name, item[1])):
        done = replace_file(settings.landing, path, f"{OBJECTS}/{name}")
        say(f"{'landed' if done else 'already there:'} {OBJECTS}/{name}")


def _target_in_upload(path: Path, feed: Feed, partition: str | None) -> str:
    """Return the path in the landing zone of a file of an upload, whose folder is named like its dataset.

    Raises:
        UsageError: it is not a file of the upload, or the dataset's name is invalid.
    """
    if path.name not in dict(feed.members):
        members = ", ".join(name for name, _ in feed.members)
        raise UsageError(f"{path} is not a file of {feed.name}; its files are {members}. Nothing was landed")
    name = partition or folder_name(path)
    if not feed.partitioning.accepts(name):
        raise UsageError(f"{name!r} is not a valid name of a {feed.partitioning.noun}; use --partition NAME")
    return f"{feed.name}/{name}/{path.name}"


def _plan(file: FileToLand, feed: Feed | None, partition: str | None) -> tuple[Path, str]:
    """Return the file and its path in the landing zone.

    Raises:
        UsageError: the feed or the partition cannot be recognized.
    """
    path, hint = file.path, file.hint
    feed = feed or file.upload
    if feed is not None and feed.is_fetched:
        raise UsageError(f"files of {feed.name} are written by the platform; land objects and their list into catalog")
    if feed is not None and feed.members:
        return path, _target_in_upload(path, feed, partition)
    chosen = feed or _feed_of(path, hint)
    partitioning = chosen.partitioning
    if partition is not None and not partitioning.accepts(partition):
        raise UsageError(f"{path}: --partition {partition} is invalid; for {chosen.name} it is {partitioning.allowed}")
    key_in_name = chosen.key_of(PurePosixPath(path.name))
    if partitioning.name_decides and partition is not None and key_in_name not in (None, partition):
        raise UsageError(f"{path}: --partition {partition} is wrong, the name says {key_in_name}; rename the file")
    key = partition or chosen.key_of(hint)
    if key is None:
        key = chosen.key_of(PurePosixPath(folder_name(path), path.name))
    if key is None and partitioning.has_keys:
        raise UsageError(
            f"{path}: neither the name nor its folder says the {partitioning.noun};"
            f" add --partition KEY ({partitioning.choices})"
        )
    return path, "/".join(part for part in (chosen.name, key, path.name) if part)


def _feed_of(path: Path, hint: PurePosixPath) -> Feed:
    """Return the feed of a file by its name, else by its folder.

    The name comes first: a sender's folder `events` may hold the files of the whole family.

    Raises:
        UsageError: neither names a feed, or more than one feed claims the name.
    """
    claiming, recognized = feeds_of_name(path.name), recognize(str(hint))
    if len(claiming) == 1:
        return claiming[0]
    if recognized is not None:
        return recognized[0]
    if claiming:
        say_which = " or ".join(f"vsf land {feed.name} {path}" for feed in claiming)
        why = why_ambiguous(claiming, path.name)
        raise UsageError(f"{path}: {why}, or say which it is: {say_which}. Nothing was landed")
    raise UsageError(f"{path}: {NO_FEED}; say which: vsf land FEED {path} (feeds: {feeds_for_people()})")
