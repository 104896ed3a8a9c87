"""Commands in the pages exist, and every command that exists is in the pages."""

import re
import shlex
from pathlib import Path

import click
import pytest

from vsf_assets.cli.main import COMMANDS, cli
from vsf_assets_tests.docs.pages import blocks, pages, text_of

TARGETS = set(re.findall(r"^([a-z-]+):", text_of("Makefile"), re.MULTILINE))


def shell_lines(page: Path) -> list[str]:
    """Return the lines of a page's shell examples that call vsf."""
    lines = "\n".join(blocks(page.read_text(encoding="utf-8"), "bash")).splitlines()
    return [found.group() for line in lines if (found := re.search(r"(?<!\S)vsf .*", line))]


def is_meant_itself(group: click.Group, words: list[str]) -> bool:
    """Whether a line means a group of commands itself, like `vsf portal --demo`."""
    return group.invoke_without_command and (not words or words[0].startswith("-"))


def check(line: str) -> None:
    """Parse a vsf command line without running it; raises click's errors."""
    words = shlex.split(line.split(" > ")[0], comments=True)[1:]
    command: click.Command = cli
    context = click.Context(cli, info_name="vsf")
    while isinstance(command, click.Group) and not is_meant_itself(command, words):
        name = words.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"there is no command {name}"
        command = found
        context = click.Context(command, info_name=name, parent=context)
    command.make_context(command.name or "", words, parent=context.parent)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_readme_names_every_command(name: str) -> None:
    assert f"`vsf {name}" in text_of("README.md")


@pytest.mark.parametrize("page", [p for p in pages() if shell_lines(p)], ids=lambda page: page.name)
def test_every_vsf_line_in_an_example_is_a_valid_command(page: Path) -> None:
    for line in shell_lines(page):
        check(line)


def test_an_option_that_does_not_exist_would_be_noticed() -> None:
    with pytest.raises(click.UsageError):
        check("vsf run --no-such-option")


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_command_and_target_a_page_speaks_of_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    spoken = set(re.findall(r"`vsf ([a-z]+)", text))
    assert spoken <= set(COMMANDS)
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= TARGETS


def test_every_make_target_with_a_description_is_in_a_page() -> None:
    described = set(re.findall(r"^([a-z-]+):.*## ", text_of("Makefile"), re.MULTILINE))
    text = text_of("README.md") + text_of("CONTRIBUTING.md")
    assert {target for target in described if f"`make {target}`" not in text} == set()
