"""Declares the order of the rooms, computes the import graph, and draws it for docs/architecture.md.

Here: the order as policy, and the imports found in the code. Not here: the purpose of each room (the docstring of its
`__init__.py`). `make generated` writes the table.
"""

import ast
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
    "transform",
    "publish",
    "pipeline",
    "reports",
    "resources",
    "defs",
    "definitions",
    "demo",
    "portal",
    "service",
    "cli",
    "devtools",
)
"""Every room, bottom up: a module imports from its own room and from those before it."""

PLANNED = {
    "runs": "The record of runs.",
    "portal": "The web pages and the API.",
    "service": "The supervisor of all parts.",
}
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
    """Return the imports within a package: at the top of a module, in functions, and for types only."""
    known = modules(root)
    edges = set()
    for module, path in known.items():
        for target in _imported(ast.parse(path.read_text(encoding="utf-8")), package):
            while target and target not in known:
                target = target.rpartition(".")[0]  # a name in a module
            if target and target != module:
                edges.add((module, target))
    return edges


def _imported(tree: ast.Module, package: str) -> Iterator[str]:
    """Yield the dotted names that a module imports from the package, below it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from _below(package, (f"{node.module}.{alias.name}" for alias in node.names))
        elif isinstance(node, ast.Import):
            yield from _below(package, (alias.name for alias in node.names))


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
