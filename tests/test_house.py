"""The shape of the package: public names, one-way arrows, no leftovers."""

from __future__ import annotations

import ast
import contextlib
import graphlib
import inspect
from fnmatch import fnmatch
from pathlib import Path

import musvid
from musvid import errors

PACKAGE = Path(musvid.__file__).parent


def layers() -> list[list[list[str]]]:
    """The table of musvid/README.md, the lowest layer first: its rooms, and their patterns."""
    text = (PACKAGE / "README.md").read_text(encoding="utf-8")
    rows = text.split("```layers\n")[1].split("```")[0].splitlines()
    rooms = [row.split(maxsplit=1)[1].split("|") for row in rows]
    return [[room.split() for room in row] for row in reversed(rooms)]


def place(module: str) -> tuple[int, int]:
    """Layer and room of a module such as ``music/lock``: of a pattern, the plainest one wins."""
    found = [
        ("*" in pattern, layer, number)
        for layer, rooms in enumerate(layers())
        for number, room in enumerate(rooms)
        for pattern in room
        if fnmatch(module, pattern)
    ]
    assert found, f"{module} stands in no layer of musvid/README.md"
    _, layer, number = min(found)
    return layer, number


def modules() -> dict[str, Path]:
    """Every file of the package but those of the training, by its place in the house."""
    paths = {path.relative_to(PACKAGE).with_suffix(""): path for path in PACKAGE.rglob("*.py")}
    return {name.as_posix(): path for name, path in paths.items() if name.parts[0] != "training"}


def imports(path: Path) -> set[str]:
    """The modules of the package that a file imports, wherever in it."""
    package, known = path.parent.relative_to(PACKAGE).parts, modules()
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            here = "/".join((*base, *(node.module or "").split("."))).strip("/")
            for alias in node.names:
                name = f"{here}/{alias.name}".strip("/")
                choices = (name, f"{name}/__init__", here, f"{here}/__init__".strip("/"))
                found.add(next(choice for choice in choices if choice in known))
    return found


def test_all_and_the_public_names_are_the_same() -> None:
    public = {
        name
        for name, value in vars(musvid).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert public == set(musvid.__all__)
    assert len(musvid.__all__) == len(set(musvid.__all__))


def test_no_public_name_is_a_module_too() -> None:
    found = {name.split("/")[0].removesuffix("/__init__") for name in modules()}
    assert not found & set(musvid.__all__)
    assert len(musvid.__all__) <= 40, "a small face"


def test_arrows_point_down() -> None:
    for module, path in modules().items():
        layer, room = place(module)
        for other in imports(path) - {module}:
            below, beside = place(other)
            own = "/" in module and module.split("/")[0] == other.split("/")[0]
            down = below < layer or (below == layer and (room == beside or own))
            assert down, f"{module} imports {other}"


def test_nobody_imports_in_a_circle() -> None:
    arrows = {module: imports(path) - {module} for module, path in modules().items()}
    with contextlib.suppress(graphlib.CycleError):
        graphlib.TopologicalSorter(arrows).prepare()
        return
    raise AssertionError("a circle of imports")


def test_nothing_imports_the_training() -> None:
    for module, path in modules().items():
        imported = [
            line for line in path.read_text(encoding="utf-8").splitlines() if "import" in line
        ]
        assert not [line for line in imported if "training" in line], module


def test_every_public_thing_says_what_it_is() -> None:
    for name in musvid.__all__:
        thing = getattr(musvid, name)
        if callable(thing):
            assert thing.__doc__, name
            members = vars(thing).items() if inspect.isclass(thing) else ()
            for member, value in members:
                if inspect.isfunction(value) and not member.startswith("_"):
                    assert value.__doc__, f"{name}.{member}"


def test_the_error_drawing_shows_every_error() -> None:
    assert errors.__doc__
    for name, thing in vars(errors).items():
        if inspect.isclass(thing) and issubclass(thing, Exception):
            assert name in errors.__doc__


def test_errors_quote_values_in_one_way() -> None:
    """By `errors.quoted`: a value may be a megabyte, and not be writable as UTF-8."""
    for module, path in modules().items():
        assert "!r}" not in path.read_text(encoding="utf-8"), module


def test_only_one_module_starts_processes() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.name != "_ffmpeg.py":
            text = path.read_text(encoding="utf-8")
            assert "subprocess" not in text, path
            assert "os.system" not in text, path
