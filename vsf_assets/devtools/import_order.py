"""Declares the order of the rooms, computes the import graph, and draws it for docs/architecture.md.

Here: the order as policy, and the imports found in the code; a string that names a module, like "vsf_assets.cli.main",
is an import too. One kind of string is not: the reader that a feed declares (`feed_readers`).
Not here: the purpose of each room (the docstring of its `__init__.py`). `make generated` writes the table.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from vsf_assets.config.settings import PROJECT_ROOT

PACKAGE = "vsf_assets"
ROOMS = (
    "common",
    "feeds",
    "config",
    "runs",
    "storage",
    "contracts",
    "warehouse",
    "landing",
    "archive",
    "readers",
    "ingest",
    "catalog",
    "synthetic",
    "snapshots",
    "masking",
    "ready_questions",
    "transform",
    "publish",
    "retention",
    "backup",
    "pipeline",
    "charts",
    "reports",
    "resources",
    "defs",
    "definitions",
    "demo",
    "web",
    "banners",
    "portal",
    "service",
    "cli",
    "devtools",
)
"""Every room, bottom up: a module imports from its own room and from those before it."""

PLANNED: dict[str, str] = {}
"""Rooms that have a place in the order and do not exist yet."""

PAGE = PROJECT_ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- rooms: written by `make generated` -->", "<!-- end of rooms -->"

Edges = set[tuple[str, str]]
"""(importing module, imported module), as dotted names below the package; "" is the package itself."""


def modules(root: Path) -> dict[str, Path]:
    """Return the modules of a package: dotted name below it -> file; a package is its `__init__`."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(root: Path, package: str = PACKAGE) -> Edges:
    """Return the imports within a package: at the top of a module, in functions, for types only, and by a string."""
    known = modules(root)
    edges = set()
    for module, path in known.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        parts = [package, *module.split(".")] if module else [package]
        inside = parts if path.name == "__init__.py" else parts[:-1]
        named = (text for text in _module_strings(tree, package) if ":" not in text)
        for target in (*_imported(tree, package, inside), *_below(package, named)):
            while target and target not in known:
                target = target.rpartition(".")[0]  # a name in a module
            if target and target != module:
                edges.add((module, target))
    return edges


def feed_readers(root: Path, package: str = PACKAGE) -> set[tuple[str, str, str]]:
    """Return (declaring module, module, function) of the strings like "package.module:function", below the package.

    A family's room that reads its own files comes after readers/, which calls it: `Feed.reader` names the function, and
    readers/dispatch imports it at run time only. It is the one way against the order, so only feeds/by_family may
    declare it, for the room that is called after the family (house/test_rooms.py).
    """
    found = set()
    for module, path in modules(root).items():
        for text in _module_strings(ast.parse(path.read_text(encoding="utf-8")), package):
            target, colon, function = text.removeprefix(f"{package}.").partition(":")
            if colon:
                found.add((module, target, function))
    return found


def _imported(tree: ast.Module, package: str, inside: list[str]) -> Iterator[str]:
    """Yield the dotted names that a module in the package `inside` imports from `package`, below it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            above = inside[: len(inside) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield from _below(package, (f"{base}.{alias.name}" for alias in node.names))
        elif isinstance(node, ast.Import):
            yield from _below(package, (alias.name for alias in node.names))


def _module_strings(tree: ast.Module, package: str) -> Iterator[str]:
    """Yield the strings that name a module, or begin the name of one that an f-string completes."""
    form = re.compile(rf"{re.escape(package)}(\.\w+)+(:\w+)?\.?")
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and form.fullmatch(node.value):
            yield node.value.rstrip(".")


def _below(package: str, names: Iterable[str]) -> Iterator[str]:
    return (name.removeprefix(f"{package}.") for name in names if name.startswith(f"{package}."))


def room_of(module: str) -> str:
    """Return the room of a module: its top-level package, or the module itself if it is a file beside them."""
    return module.partition(".")[0]


def folder_of(module: str, known: Mapping[str, Path]) -> str:
    """Return the package of a module; a sub-folder counts as a separate package."""
    return module if known[module].name == "__init__.py" else module.rpartition(".")[0] or module


def against_the_order(edges: Edges, order: tuple[str, ...] = ROOMS) -> list[str]:
    """Return the imports from a later room, a line each."""
    place = {room: number for number, room in enumerate(order)}
    return [
        f"{module} imports {target}, but {room_of(target)} comes after {room_of(module)}"
        for module, target in sorted(edges)
        if place[room_of(target)] > place[room_of(module)]
    ]


def chains(edges: Edges) -> list[str]:
    """Return import cycles, each as a chain like `a -> b -> a`: the shortest of each strongly connected component."""
    graph: dict[str, set[str]] = {}
    for source, target in edges:
        if source != target:
            graph.setdefault(source, set()).add(target)
    found, seen = [], set[str]()
    for start in sorted(graph):
        if start not in seen and (chain := _shortest_way_back(graph, start)):
            found.append(" -> ".join(chain))
            seen.update(chain)
    return found


def _shortest_way_back(graph: Mapping[str, set[str]], start: str) -> list[str]:
    """Return the shortest chain from a node to itself; empty if there is none."""
    ways = [[start]]
    reached = set[str]()
    while ways:
        longer = []
        for way in ways:
            for target in sorted(graph.get(way[-1], ())):
                if target == start:
                    return [*way, start]
                if target not in reached:
                    reached.add(target)
                    longer.append([*way, target])
        ways = longer
    return []


def folder_edges(edges: Edges, known: Mapping[str, Path]) -> Edges:
    """Return the edges between packages."""
    return {(folder_of(source, known), folder_of(target, known)) for source, target in edges}


def picture(root: Path = PROJECT_ROOT / PACKAGE) -> str:
    """Return the rooms as a table in Markdown: the content of each, and the rooms that it imports from."""
    known, edges = modules(root), imports(root)
    used: dict[str, set[str]] = {}
    for source, target in edges:
        used.setdefault(room_of(source), set()).add(room_of(target))
    lines = ["| room | what belongs in it | imports from |", "|---|---|---|"]
    for room in ROOMS:
        said = PLANNED.get(room) or _first_sentence(known[room])
        before = ", ".join(f"`{name}`" for name in ROOMS if name in used.get(room, ()) and name != room)
        lines.append(f"| `{room}` | {said}{' Planned.' if room in PLANNED else ''} | {before} |")
    return "\n".join(lines)


def _first_sentence(path: Path) -> str:
    doc = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return doc.split("\n\n", maxsplit=1)[0].replace("\n", " ")


def with_picture(page: str) -> str:
    """Return the text of the page with the current table."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{picture()}\n{END}{after}"


if __name__ == "__main__":
    text = with_picture(PAGE.read_text(encoding="utf-8"))
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(picture() + "\n")
