"""Presets: complete sets of settings with a name, each a JSON file in this folder.

A file has the settings that differ from those of a plain `Recipe`, as `Recipe.from_json` reads
them, and under "preset" what a person should know: a title and a sentence.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from .. import _validate
from ..recipe import Recipe

FOLDER = Path(__file__).parent

LIVING = "living"
"""The preset with which a render begins where nothing else is asked for."""

ARTICLE = "article"
"""The method as it was described."""


@dataclass(frozen=True)
class Preset:
    """A complete set of settings.

    name: what a user types. title: what a page shows. about: what it looks like, one sentence.
    recipe: the settings; those of the song's part and of its beat are left open.
    """

    name: str
    title: str
    about: str
    recipe: Recipe

    @property
    def picture(self) -> Path:
        """A small picture of a render, made by ``examples/presets.py``."""
        return FOLDER / f"{self.name}.jpg"


def every() -> tuple[Preset, ...]:
    """All presets, the default one first."""
    return tuple(_read_all().values())


def told() -> str:
    """A line for each preset: its name, and what it looks like."""
    width = max(len(each.name) for each in every())
    return "\n".join(f"{each.name:{width}}  {each.about}" for each in every())


@cache
def _read_all() -> dict[str, Preset]:
    files = sorted(FOLDER.glob("*.json"), key=lambda file: (file.stem != LIVING, file.stem))
    return {file.stem: _read(file) for file in files}


def preset(name: str = LIVING) -> Preset:
    """A preset by its name. Raises SettingsError when there is none."""
    _validate.choice("preset", name, _read_all())
    return _read_all()[name]


def _read(file: Path) -> Preset:
    values = json.loads(file.read_text(encoding="utf-8"))
    told = values.pop("preset")
    return Preset(file.stem, told["title"], told["about"], Recipe.from_json(json.dumps(values)))
