"""A grid: a few values of one or two settings, and a recipe for each of them or each pair."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from itertools import cycle, islice
from typing import Any

from .. import presets
from ..errors import SettingsError, quoted
from ..interpolate._names import choices as interpolators
from ..music import story
from ..music.lock import NOTES, OFF
from ..music.modulation import SOURCES
from ..paint import models
from ..paint.drift import DIRECTIONS
from ..paint.models import TABLE
from ..paint.style import SYMMETRIES
from ..ranges import RANGES
from ..recipe import MOTION, RECIPES, Recipe, motions
from ..spectrum.palettes import PALETTES
from ..video.grid import Caption
from ..view.settings import FEET, KINDS
from .chart import COLOURS, title

RECIPE = "recipe"
"""The name that stands for the settings of a recipe: stride, before, after and relight."""

LEAST, MOST, TILES = 2, 9, 36
"""How many values an axis has, and how many tiles a grid has at most."""

# What is worth a look, where that does not depend on what is there.
_WORTH = {
    "lock.bar": ("2", "3", "4", "5", "6"),
    "stride": ("4", "8", "16", "32"),
    "before": ("1", "2", "4", "8"),
    "after": ("1", "2", "4", "8"),
    "fps": ("12", "15", "24", "30"),
    "upscale": ("1", "2", "3"),
    "look.gain": ("auto", "-6", "0", "6", "12"),
    "look.tlength": ("0.05", "0.1", "0.17", "0.3"),
    "camera.zoom": ("0.75", "1", "1.25", "1.5", "2"),
}
_PROMPTS = ("style.prompt", "style.negative_prompt")
_TEXTS = (*_PROMPTS, "story", "curves")
# What is of the song rather than of a look, or a file.
_NOT = (
    *("start", "duration", "loop", "track", "form", "title", "artist", "target"),
    *("view.cover", "words.lyrics", "words.logo", "lock.beats", "stems", "midi", "guide"),
)
# As the command line calls them, where that is not the last part of their name.
_SHORT = {"view": "view.kind", "lock": "lock.note", "drift": "drift.speed"}
# What an entry of a story calls a setting.
_TOLD = {
    "style.prompt": "prompt",
    "style.strength": "strength",
    "view.kind": "view",
    "look.palette": "palette",
    "drift.speed": "speed",
}
_MEANS_ITSELF = (*_PROMPTS, "style.model", "story", RECIPE)  # a value says what it is a value of
_LETTERS = 34  # of a value in a caption
_SWITCH = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}
# What decides how it moves from painting to painting, which a painting alone does not show.
MOVING = {RECIPE, *MOTION, "interpolator", "fps", "motion_fps", "lock.note", "lock.bpm"}


@cache
def names() -> tuple[str, ...]:
    """The settings that can be varied, as `Recipe.flat` names them, and `RECIPE`."""
    return (RECIPE, *(name for name in Recipe().flat() if name not in _NOT))


def choices_of(name: str) -> tuple[str, ...]:
    """All values of a setting that is one of some names; none of another one."""
    known: dict[str, Sequence[str]] = {
        RECIPE: tuple(RECIPES),
        "interpolator": interpolators(),
        "view.kind": KINDS,
        "view.foot": FEET,
        "style.model": tuple(TABLE),
        "style.symmetry": SYMMETRIES,
        "look.palette": tuple(PALETTES),
        "drift.direction": DIRECTIONS,
        "lock.note": (OFF, *NOTES),
        **{each: SOURCES for each in names() if each.endswith("_by.source")},
        **{each: ("on", "off") for each in names() if isinstance(_of(Recipe(), each), bool)},
    }
    return tuple(known.get(name, ()))


def full(name: str) -> str:
    """The whole name of a setting: "strength" means "style.strength".

    Raises SettingsError where there is none that can be varied, or where several are meant.
    """
    given = name.strip().lower().replace("-", "_").replace(" ", "_")
    given = _SHORT.get(given, given)
    meant = [
        each
        for each in names()
        if given in (each, each.removesuffix(".source"), each.replace(".", "_"))
    ]
    meant = meant or [each for each in names() if each.rpartition(".")[2] == given]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise SettingsError(f"{quoted(name)} may be {', '.join(meant)}; write which.")
    raise SettingsError(
        f"There is no setting {quoted(name)} to vary; choose one such as strength, seed, prompt, "
        "view, stride, interpolator, model or recipe."
    )


@dataclass(frozen=True)
class Axis:
    """Some values of one setting. Make one with `Axis.of`.

    name: as `Recipe.flat` has it, or `RECIPE`. values: 2 to 9, each once.
    """

    name: str
    values: tuple[Any, ...]

    @classmethod
    def of(cls, name: str, values: str | Sequence[object]) -> Axis:
        """An axis of a setting by its name, whole or short, see `full`.

        values: each as the setting takes it, or as a text; or all in one text, parted by commas or
            lines (of prompts by semicolons or lines, of stories by lines).

        Raises SettingsError for an unknown setting, fewer than two or more than nine values, one
        that the setting does not take, and one that is there twice.
        """
        name = full(name)
        given = parted(name, values) if isinstance(values, str) else list(values)
        short = called(name)
        if not LEAST <= len(given) <= MOST:
            count = f"{len(given)} value{'' if len(given) == 1 else 's'}"
            raise SettingsError(f"{short} has {count} to compare; give {LEAST} to {MOST} of them.")
        found = tuple(value_of(name, each) for each in given)
        for number, value in enumerate(found):
            if value in found[:number]:
                raise SettingsError(f"{short} is {quoted(said(value))} twice; give it once.")
        return cls(name, found)

    @classmethod
    def parse(cls, text: str) -> Axis:
        """The axis of a text such as ``strength=0.3,0.5,0.7``; raises SettingsError."""
        name, sign, values = text.partition("=")
        if not sign:
            raise SettingsError(
                f"{quoted(text)} names no values to compare; write NAME=VALUES, such as "
                "strength=0.3,0.5,0.7."
            )
        return cls.of(name, values)

    def label(self, number: int) -> str:
        """What a caption says of one of the values."""
        text = said(self.values[number])
        if self.name == RECIPE:
            return title(text)
        short = text if len(text) <= _LETTERS else f"{text[: _LETTERS - 3].rstrip()}..."
        return short if self.name in _MEANS_ITSELF and text else f"{called(self.name)} {short}"


@dataclass(frozen=True)
class Grid:
    """One axis, or two: then every value of one with every value of the other.

    across: from left to right; an axis that is alone goes on in further rows. down: from top to
    bottom.

    Raises SettingsError where both are of one setting, or there are more than 36 tiles.
    """

    across: Axis
    down: Axis | None = None

    def __post_init__(self) -> None:
        if self.down is None:
            return
        if self.across.name == self.down.name:
            raise SettingsError(
                f"Both directions vary {called(self.across.name)}; choose two settings."
            )
        if RECIPE in (self.across.name, self.down.name) and set(MOTION) & {
            self.across.name,
            self.down.name,
        }:
            raise SettingsError(
                "A recipe is stride, before, after and relight at once; vary one of them, or it."
            )
        if len(self) > TILES:
            raise SettingsError(
                f"That makes {len(self)} tiles, and a grid has {TILES} at most; give fewer values."
            )

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Grid:
        """The grid of one or two texts, see `Axis.parse`. Raises SettingsError."""
        if not 1 <= len(texts) <= 2:
            raise SettingsError(
                f"A grid varies one setting or two, and {len(texts)} are named; leave some out."
            )
        return cls(*map(Axis.parse, texts))

    def __len__(self) -> int:
        return len(self.across.values) * (len(self.down.values) if self.down else 1)

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The axes, one or two."""
        return (self.across, self.down) if self.down else (self.across,)

    @property
    def columns(self) -> int | None:
        """Tiles in a row, or None where that is free."""
        return len(self.across.values) if self.down else None

    @property
    def moves(self) -> bool:
        """Whether a painting alone does not show the difference, but what lies between two."""
        return any(axis.name in MOVING for axis in self.axes)

    @property
    def places(self) -> list[tuple[int, ...]]:
        """For each tile, row by row, the number of its value on each axis."""
        wide = len(self.across.values)
        if self.down is None:
            return [(column,) for column in range(wide)]
        return [(column, row) for row in range(len(self.down.values)) for column in range(wide)]

    def recipe(self, recipe: Recipe, tile: int) -> Recipe:
        """A recipe with the values of a tile. Raises SettingsError where these do not suit it."""
        # What a model, a view or a recipe brings along comes first.
        taken = sorted(zip(self.axes, self.places[tile], strict=True), key=_order)
        for axis, number in taken:
            recipe = varied(recipe, axis.name, axis.values[number])
        return recipe

    def recipes(self, recipe: Recipe) -> list[Recipe]:
        """The recipe of every tile, row by row, for nothing in particular. Raises SettingsError."""
        recipe = replace(recipe, target="")
        return [self.recipe(recipe, tile) for tile in range(len(self))]

    def captions(self) -> list[Caption]:
        """What stands below every tile, row by row: a colour for each column."""
        colours = list(islice(cycle(COLOURS.values()), MOST))
        return [
            Caption(
                self.across.label(place[0]),
                self.down.label(place[1]) if self.down else "",
                colours[place[0]],
            )
            for place in self.places
        ]

    def __str__(self) -> str:
        """What is compared, in words: ``strength x seed``."""
        return " x ".join(called(axis.name) for axis in self.axes)


def _order(taken: tuple[Axis, int]) -> int:
    wholes = ("style.model", "view.kind", RECIPE, "stride")
    name = taken[0].name
    return wholes.index(name) if name in wholes else len(wholes)


def called(name: str) -> str:
    """A setting's short name for a reader: of "style.strength" it is "strength"."""
    for short, whole in _SHORT.items():
        if whole == name:
            return short
    part, _, last = name.rpartition(".")
    if part.endswith("_by"):  # what follows the music
        last = part if last == "source" else f"{part} {last}"
    return last.replace("_", " ")


def said(value: object) -> str:
    """A value as a text that `value_of` reads."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)


def parted(name: str, text: str) -> list[str]:
    """The values of a text: at lines and commas; of prompts at lines and semicolons, of stories at
    lines. Empty ones are left out."""
    parts = r"\n" if name == "story" else r"[\n;]" if name in _PROMPTS else r"[\n,]"
    return [part for part in map(str.strip, re.split(parts, text)) if part]


def joined(name: str, values: Sequence[str]) -> str:
    """Values as one text that `parted` takes apart. name: of the setting, the whole one."""
    return ("\n" if name in _TEXTS else ", ").join(values)


def value_of(name: str, value: object) -> Any:
    """A value as the setting holds it. name: the whole one.

    Raises SettingsError where it is none that the setting takes.
    """
    given: Any = value
    if isinstance(value, str) and name not in _TEXTS:
        given = value.strip()
        own = _of(Recipe(), name) if name != RECIPE else None
        if isinstance(own, bool) and given.lower() in _SWITCH:
            given = _SWITCH[given.lower()]
        elif name in RANGES and name not in ("fps", "motion_fps"):
            given = _number(given, whole=RANGES[name].whole)
    elif isinstance(value, Fraction):
        given = str(value)
    if name == RECIPE:
        Recipe.named(given)  # says which there are
        return given
    return _of(Recipe.from_flat({name: given}), name)


def _number(text: str, *, whole: bool) -> int | float | str:
    """The number that a text is, or the text, of which the check of the setting says what it is."""
    if re.fullmatch(r"[+-]?\d{1,15}", text, re.ASCII):
        return int(text) if whole else float(text)
    try:
        return text if whole or len(text) > 40 else float(text)
    except ValueError:
        return text


def _of(recipe: Recipe, name: str) -> Any:
    """A setting of a recipe, by its whole name."""
    value: Any = recipe
    for part in name.split(".") if name != RECIPE else ():
        value = getattr(value, part)
    return value


def varied(recipe: Recipe, name: str, value: Any) -> Recipe:
    """A recipe with another value of one setting, and with what that brings along: a model and a
    view have defaults of their own, and gaps are filled as far as the stride is wide.

    name: whole. value: as `value_of` gives it. Raises SettingsError where it does not suit.
    """
    if name == RECIPE:
        return recipe.variants()[value]
    recipe = _untold(recipe, name)
    if _of(recipe, name) == value:
        return recipe
    if name == "style.model":
        return recipe.with_model(value)
    if name == "view.kind":
        return recipe.with_view(value)
    if name == "stride":
        if recipe.motion:
            return replace(recipe, **motions(value)[recipe.motion])
        return replace(recipe, stride=value, after=0)
    part, dot, key = name.partition(".")
    if not dot:
        return replace(recipe, **{name: value})
    return replace(recipe, **{part: replace(getattr(recipe, part), **{key: value})})


def _untold(recipe: Recipe, name: str) -> Recipe:
    """A recipe whose story says nothing of a setting, which would go before the setting itself.

    A story that is made from the song is made from the setting, too, and stays.
    """
    told = story.of(recipe.story)
    if not told or name not in _TOLD:
        return recipe
    without: dict[str, Any] = {_TOLD[name]: None}
    entries = tuple((letter, replace(entry, **without)) for letter, entry in told.entries)
    return replace(recipe, story=str(story.Story(entries)))


def suggested(recipe: Recipe, name: str) -> list[str]:
    """Values of a setting that are worth a look, as texts: many of them around what a resolved
    recipe has."""
    present: Any = None if name == RECIPE else _of(recipe, name)
    if name == "style.seed":
        return [str((present + step) % 2**32) for step in range(4)]
    if name in _WORTH:
        return list(_WORTH[name])
    if name == "style.prompt":
        looks = [each.recipe.style.resolve().prompt for each in presets.every()]
        return list(dict.fromkeys(filter(None, [present, *looks])))[:6]
    if name == "style.model":  # others are downloaded first, if somebody asks for them
        here = [each for each in TABLE if models.downloaded(models.find(each), False)]
        return list(dict.fromkeys([present, *here, *TABLE]))[: max(LEAST, len(here))]
    if choices := choices_of(name):
        return list(choices)[:MOST]
    if name in RANGES:
        return _around(present, name)
    return [said(present)] if present is not None else []


def _around(present: object, name: str) -> list[str]:
    """Five numbers of a range, the present one among them."""
    span, (low, high) = RANGES[name], RANGES[name].slider
    middle = present if isinstance(present, int | float) else (low + high) / 2
    middle = round(middle) if span.whole else middle
    gap = max(span.step, round(0.15 * (high - low) / span.step) * span.step)
    if span.whole and high > 16:
        gap = max(1, min(gap, round(middle / 2)))
    below = min(4, int((middle - low) / gap + 1e-9))
    above = min(4, int((high - middle) / gap + 1e-9))
    first = max(-below, -2 - max(0, 2 - above))
    steps = range(first, min(above, first + 4) + 1)
    return [f"{round(middle + step * gap, 4) + 0.0:g}" for step in steps]


def options() -> list[tuple[str, str]]:
    """All settings that can be varied with a name for a reader; the useful ones first."""
    first = (
        *("style.strength", "style.seed", "style.prompt", "view.kind", "stride", "interpolator"),
        *("style.model", RECIPE, "look.palette", "drift.speed", "drift.direction"),
    )
    rest = sorted(name for name in names() if name not in first and name not in _TEXTS)
    last = [name for name in names() if name in _TEXTS and name not in first]
    every = [*first, *rest, *last]
    short = [called(name) for name in every]
    return [
        (
            (f"{name.partition('.')[0]}: " if short.count(called(name)) > 1 else "") + called(name),
            name,
        )
        for name in every
    ]
