"""The command group `vsf`: lazy subcommands, and how errors become messages and exit codes.

Here: names of commands and exit codes: 0 done, 1 something failed, 2 wrong usage, 130 interrupted.
Not here: any command's work.
"""

import importlib
import io
import os
import sys

import click

from vsf_assets.cli.output import onto_standard_output, open_standard_streams, say, write_utf8
from vsf_assets.common.errors import UsageError, VsfError, interruption
from vsf_assets.common.suggestions import did_you_mean
from vsf_assets.storage.full_disk import is_full, unplaced_line

COMMANDS = {
    "demo": "land generated sample files, build, publish, show what was built",
    "land": "copy files or a folder into the landing zone",
    "run": "ingest pending files, build, check and publish",
    "status": "show every file with its state, and the current snapshot",
    "query": "run SQL on the current snapshot, read-only",
    "report": "write a report file",
    "export": "write the marts and reports of a snapshot into one plain DuckDB file",
    "dataset": "rename or delete a dataset",
    "generate": "generate a made-up file of any size from a schema",
    "rebuild": "build a new warehouse from the archive",
    "backup": "copy the home into a folder, while the service goes on",
    "maintain": "remove old snapshots, run records and log files",
    "serve": "keep the UI, sensors and automation running, as a service",
    "worker": "take runs from the queue of a shared lake",
    "portal": "open the web pages and the API: data, status, accounts",
    "banners": "answer banners of campaigns by HTTP",
    "dev": "open the Dagster UI with sensors running",
    "prepare": "write the dbt manifest (make install does this), and make a shared lake",
    "migrate": "change the tables of a shared lake to those of this release",
}


class _Lazy(click.Group):
    """A group that imports a command's module only when it is called."""

    def invoke(self, ctx: click.Context) -> object:
        from vsf_assets.config.settings import fix_surroundings

        fix_surroundings()
        return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"vsf_assets.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(
                f"there is no command {args[0]!r}; commands: {', '.join(COMMANDS)}{did_you_mean(args[0], COMMANDS)}"
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _print_version(ctx: click.Context, _: click.Parameter, is_wanted: bool) -> None:
    if is_wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        say(f"vsf {version('vsf-assets')} (DuckDB {version('duckdb')}, Dagster {version('dagster')})")
        ctx.exit()


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
def cli() -> None:
    """Land, ingest, build, check and publish the platform's data."""


def main() -> None:
    """Run the command line; errors for users are printed without a traceback."""
    open_standard_streams()
    write_utf8()
    try:
        _raising_interrupts()
        with onto_standard_output():
            sys.stdout.flush()  # here: at the end of the process a closed pipe would be reported
    except BrokenPipeError:
        leave_quietly()
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except (click.Abort, KeyboardInterrupt):
        say("vsf: interrupted; finished work is kept, run the command again to continue", err=True)
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - a defect is raised again
        code = _reported(error)
        if is_full(error):
            _drop_output()
        sys.exit(code)


def _reported(error: Exception) -> int:
    """Print an error for users, and return the exit code; raise any other error, because it is a defect."""
    if isinstance(error, click.ClickException):
        shown = io.StringIO()
        error.show(file=shown)
        say(shown.getvalue().rstrip("\n"), err=True)
        return 2
    if isinstance(error, UsageError):
        say(f"vsf: {error}", err=True)
        return 2
    if is_full(error):
        say(f"vsf: {unplaced_line(error)}", err=True)
    elif isinstance(error, PermissionError) and error.filename and error.strerror == os.strerror(error.errno or 0):
        advice = "give the current user read and write access (chmod, chown), or run the command as its owner"
        say(f"vsf: {error.filename}: {error.strerror}; {advice}", err=True)
    elif isinstance(error, VsfError | OSError):
        say(f"vsf: {error}", err=True)
    else:
        raise error
    return 1


def _raising_interrupts() -> None:
    """Run the command line; convert an error that a library made of an interrupt back into the interrupt."""
    try:
        cli.main(standalone_mode=False)
    except Exception as error:
        if interruption(error) is not None:
            raise KeyboardInterrupt from error
        raise


def leave_quietly() -> None:
    """End silently when the reader of the output, such as `head`, has closed it; click does so inside commands."""
    _drop_output()
    sys.exit(1)


def _drop_output() -> None:
    """Discard the rest of the output's buffer; the end of the process would write it and fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
