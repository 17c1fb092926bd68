"""The colours of a picture, such as a song's cover, for what is painted.

A picture's colours become words that prompts may hold: each of its pixels counts for the word whose
colour is nearest, by how colourful it is. Distances are those of Oklab, in which equal ones look
equal (Ottosson, "A perceptual color space for image processing", 2020).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _pictures
from ..music.story import AUTO, OFF, Story
from ..recipe import Recipe
from . import models, prompts, words

Floats = NDArray[np.float64]

MOST = 4
"""Colours of a picture that are told, at most; a prompt takes two of them."""

_SIDE = 96  # pixels of the longer side by which a picture is judged
_SHARE = 0.12  # of what the first colour counts, from which on another one is told
_GREY = 0.03  # mean chroma below which a picture has no colour
_SPENT = "silver"  # the colour of one that has none
_PLAIN = [word for name, others in words.COLOURS.items() for word in (name, *others)]
_PLAIN.remove("rose")  # a flower in free text
_NAMED = re.compile(rf"\b(?:{'|'.join(_PLAIN)})\b", re.IGNORECASE)


def colours_of(picture: Any) -> tuple[str, ...]:
    """The colours of one of pillow's RGBA pictures, the one that counts most first.

    They are 1 to `MOST` words of `words.COLOURS`.
    """
    small = _pictures.on_black(picture)
    small.thumbnail((_SIDE, _SIDE))
    pixels = np.asarray(small, np.float64).reshape(-1, 3) / 255
    chroma = np.hypot(*_oklab(pixels)[:, 1:].T)
    if chroma.mean() < _GREY:
        return (_SPENT,)
    names = [name for name in words.RGB if name != _SPENT]
    known = _oklab(_brightened(np.array([words.RGB[name] for name in names])))
    away = np.linalg.norm(_oklab(_brightened(pixels))[:, None] - known[None], axis=2)
    counts = np.bincount(away.argmin(1), chroma, len(names))
    order = np.argsort(-counts, kind="stable")[:MOST]
    return tuple(names[at] for at in order if counts[at] >= _SHARE * counts[order[0]])


def coloured(recipe: Recipe, colours: Sequence[str]) -> Recipe:
    """A recipe whose prompts, those of a written story too, are in these colours.

    colours: one or more words, as of `colours_of`. Parts of a story differ in which two of them
    they have. Raises SettingsError for an unknown model.
    """
    style = recipe.style.resolve()
    plain = models.find(style.model).vocabulary is None
    first = prompts.mapped(style.prompt or "", lambda text: _in(text, colours, plain))
    told = recipe.story
    if told not in (OFF, AUTO):
        entries = []
        for number, (letter, entry) in enumerate(Story.parse(told).entries):
            own = [*colours[number % len(colours) :], *colours[: number % len(colours)]]
            prompt = entry.prompt and _in(entry.prompt, own, plain)
            entries.append((letter, replace(entry, prompt=prompt)))
        told = str(Story(tuple(entries)))
    return replace(recipe, style=replace(style, prompt=first), story=told)


def _in(prompt: str, colours: Sequence[str], plain: bool) -> str:
    """A prompt in colours. plain: whether its model reads free text, of which the rest stays as it
    is."""
    two = " and ".join(colours[:2])
    if not plain:
        light = "bright " if "bright" in words.held(prompt) else ""
        return words.recoloured(prompt, light + two)
    turn = count()
    found = _NAMED.sub(lambda _: colours[next(turn) % min(2, len(colours))], prompt)
    if next(turn):  # at least one was there
        return found
    return f"{prompt}, {two}" if prompt.strip() else two


def _brightened(rgb: Floats) -> Floats:
    """Colours as bright as can be, so that a dark one is told by its hue."""
    return np.asarray(rgb / np.maximum(rgb.max(1, keepdims=True), 1e-3))


def _oklab(rgb: Floats) -> Floats:
    """Lightness and two axes of hue, (count, 3), of sRGB from 0 to 1."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T)


_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
