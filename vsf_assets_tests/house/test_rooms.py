"""One direction: the rooms of the package form an order, and nothing circles.

Here: the graph of all imports (at the top, in functions, for types, by strings) against the order in
devtools/import_order.py, and the readers that feeds name. Not here: other house rules (test_rules.py). There is no list
of exceptions.
"""

import importlib
import inspect
from functools import cache
from pathlib import Path

from vsf_assets.devtools.import_order import (
    PACKAGE,
    PAGE,
    PLANNED,
    ROOMS,
    against_the_order,
    chains,
    feed_readers,
    folder_edges,
    imports,
    modules,
    room_of,
    with_picture,
)

ROOT = Path(__file__).resolve().parents[2] / PACKAGE


def made(root: Path, **files: str) -> Path:
    for name, text in files.items():
        path = root / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text)
    return root


@cache
def edges_of_the_package() -> frozenset[tuple[str, str]]:
    """Return the imports of the whole package, which several tests look at."""
    return frozenset(imports(ROOT))


def test_every_module_is_in_a_room_that_has_its_place() -> None:
    assert {room_of(module) for module in modules(ROOT) if module} == set(ROOMS) - set(PLANNED)


def test_no_module_imports_from_a_later_room() -> None:
    assert against_the_order(edges_of_the_package()) == []


def test_no_files_circle() -> None:
    assert chains(edges_of_the_package()) == []


def test_no_packages_circle() -> None:
    assert chains(folder_edges(edges_of_the_package(), modules(ROOT))) == []


def test_lazy_and_type_only_imports_count_and_the_chain_is_named(tmp_path: Path) -> None:
    root = made(
        tmp_path,
        a__one="def f():\n    from pkg.b.two import g\n",
        b__two="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pkg.c.three\n",
        c__three="from pkg import a\nfrom pkg.a.one import f\n",
        c__inner__four="from pkg.c import three\n",
    )
    edges = imports(root, "pkg")
    assert edges == {
        ("a.one", "b.two"),
        ("b.two", "c.three"),
        ("c.three", "a"),
        ("c.three", "a.one"),
        ("c.inner.four", "c.three"),
    }
    assert chains(edges) == ["a.one -> b.two -> c.three -> a.one"]
    assert chains(folder_edges(edges, modules(root))) == ["a -> b -> c -> a"]
    assert against_the_order(edges, ("c", "b", "a")) == [
        "c.three imports a, but a comes after c",
        "c.three imports a.one, but a comes after c",
    ]


def test_relative_imports_and_names_in_strings_count(tmp_path: Path) -> None:
    root = made(
        tmp_path,
        a__one='import importlib\n"""pkg.c.three"""\nimportlib.import_module("pkg.b.two")\nLOAD = f"pkg.c.{1}"\n',
        b__two="from . import four\nfrom .four import x\nfrom ..c import three\nfrom ..c.three import y\n",
        b__four='READER = "pkg.c.three:read"\nTEXT = "see pkg.c.three"\n',
        c__three="",
    )
    (root / "c" / "__init__.py").write_text("from . import three\nfrom ..b.two import z\n")
    assert imports(root, "pkg") == {
        ("a.one", "b.two"),
        ("a.one", "c"),
        ("a.one", "c.three"),
        ("b.two", "b.four"),
        ("b.two", "c.three"),
        ("c", "c.three"),
        ("c", "b.two"),
    }
    assert feed_readers(root, "pkg") == {("b.four", "c.three", "read")}


def test_readers_by_name_are_functions_of_the_room_of_the_family_that_declares_them() -> None:
    found = feed_readers(ROOT)
    assert found
    for declaring, module, function in sorted(found):
        folder, _, family = declaring.rpartition(".")
        assert folder == "feeds.by_family", f"{declaring} names {module}:{function}; only a feed's declaration may"
        assert room_of(module) == family
        assert inspect.isfunction(getattr(importlib.import_module(f"{PACKAGE}.{module}"), function))


def test_a_sub_folder_is_a_package_of_its_own(tmp_path: Path) -> None:
    root = made(
        tmp_path, a__one="from pkg.a.inner import two\n", a__inner__two="from pkg.a import three\n", a__three=""
    )
    assert chains(imports(root, "pkg")) == []
    assert chains(folder_edges(imports(root, "pkg"), modules(root))) == ["a -> a.inner -> a"]


def test_the_picture_of_the_rooms_is_what_the_imports_say() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_picture(page), "docs/architecture.md is stale: make generated"
