"""The shape of the package: public names, one-way arrows, no leftovers."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import musvid
from musvid import errors

PACKAGE = Path(musvid.__file__).parent

# Who may import whom; the lowest first. A module may import what stands in an earlier row.
LAYERS = [
    {"errors"},
    {"prompts", "words"},
    {"_claims", "_ffmpeg", "_validate", "models", "palette"},
    {"_device", "clock", "song", "store"},
    {"beats", "pipelines", "sound"},
    {"features"},
    {"tempo"},
    {"spectrum", "interpolate", "diffuse", "video"},  # the stages: none imports another
    {"automation"},
    {"recipe"},
    {"estimate", "grid", "limits", "measure", "render", "timeline", "visits"},
    {"chart"},
    {"compare"},
    {"live"},
    {"studio"},
    {"__init__"},
    {"__main__", "training"},  # nothing at run time imports training
]


def imports(path: Path) -> set[str]:
    """The modules of the package that a file imports, wherever in it."""
    package = path.parent.relative_to(PACKAGE).parts
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            for name in [node.module] if node.module else [alias.name for alias in node.names]:
                found.add((*base, *name.split("."))[0])
    return found


def test_all_and_the_public_names_are_the_same() -> None:
    public = {
        name
        for name, value in vars(musvid).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert public == set(musvid.__all__)
    assert len(musvid.__all__) == len(set(musvid.__all__))


def test_arrows_point_one_way() -> None:
    rank = {name: index for index, layer in enumerate(LAYERS) for name in layer}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = parts[0]
        for other in imports(path) - {name}:
            assert rank[other] < rank[name], f"{path.name} imports {other}"


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


def test_only_one_module_starts_processes() -> None:
    for path in PACKAGE.rglob("*.py"):
        if path.name != "_ffmpeg.py":
            text = path.read_text(encoding="utf-8")
            assert "subprocess" not in text, path
            assert "os.system" not in text, path
