"""A story that is made from a song: calm parts glide in cool colours, loud ones open up.

For each letter of the form it is heard how loud, how busy and how bright its parts are. That ranks
the letters, and the rank chooses among the words that the model knows. The tone that sounds most
chooses the colours and what is painted in them, so that songs differ. Nothing in it is left to
chance: the same song has the same story.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from ..errors import SongError
from ..paint import models, prompts, words
from ..recipe import Recipe
from ..song import Song
from ..view.settings import FLAT, HORIZON, MANDALA, MOSAIC, RING, TUNNEL
from . import features
from .form import Form
from .story import OWN_COLOURS, Entry, Speed, Story

_HEARD = {"loudness": 0.6, "onsets": 0.25, "high": 0.15}
"""What makes a part loud, and how much each counts."""

_SPREAD = 0.12  # of that between parts of a song, from which on they differ as much as can be
_CALM, _LOUD = 1 / 3, 2 / 3  # below the one a part is calm, from the other on it is loud
_DIFFERENT = 0.3  # from the calmest to the loudest letter, where one of them is each

# Colours of a song: calm, between, and loud. They are neighbours, because opposite ones are grey
# where one part becomes the next.
_COLOURS = (
    ("violet and blue", "violet and magenta", "bright crimson and gold"),
    ("violet and crimson", "crimson and gold", "bright crimson and orange"),
    ("emerald and teal", "emerald and cyan", "bright emerald and gold"),
    ("teal and blue", "cyan and teal", "bright cyan and gold"),
    ("blue and violet", "blue and gold", "bright silver and blue"),
    ("violet and pink", "magenta and pink", "bright magenta and cyan"),
)
# What is painted in them, unless somebody asked for something.
_MATERIALS = (
    ("stained glass", "flower petals", "circuitry", "crystal"),
    ("stained glass", "circuitry", "crystal", "coral"),
)
_LOUD_MATERIALS = ("stained glass", "circuitry")  # the clearest lines, for all songs
# For a model that reads free text.
_MOODS = (
    ("dark, calm, deep violet and blue", "dark, quiet, blue and teal", "night, emerald and blue"),
    ("clear light, emerald and violet", "soft light, cyan and violet", "daylight, silver and blue"),
    (
        "bright, radiant, crimson and gold",
        "vivid, blazing, orange and pink",
        "brilliant, gold and magenta",
    ),
)
# Where nothing is painted, and the spectrum itself is seen.
_PALETTES = (("ice", "aurora", "ice"), ("aurora", "neon", "gold"), ("fire", "gold", "neon"))

# How a view opens up.
_OPEN = {MOSAIC: MANDALA, TUNNEL: MANDALA, MANDALA: TUNNEL, HORIZON: TUNNEL, RING: TUNNEL}


def write(song: Song, form: Form, recipe: Recipe) -> Story:
    """The story of a song for a resolved recipe.

    song: the whole file. form: its parts. The recipe's prompt is varied if it is not the model's
    own; one that changes along time stays. A flat view stays flat.
    """
    energies = energy(song, form)
    tone = pitch_class(song)
    longest = max(form.letters, key=lambda letter: (lasting(song, form)[letter], -ord(letter)))
    used = [0, 0, 0]  # of each level
    entries: dict[str, Entry] = {}
    for letter in sorted(form.letters, key=lambda letter: (energies[letter], letter)):
        level = _level(energies, letter)
        prompt = _prompt(recipe, level, used[level], tone, kept=letter == longest)
        palette = None
        if not recipe.paints and recipe.look.palette != OWN_COLOURS:
            palette = _PALETTES[level][used[level] % len(_PALETTES[level])]
        entries[letter] = Entry(
            prompt=prompt if recipe.paints else None,
            view=_OPEN[recipe.view.kind] if level == 2 and recipe.view.kind != FLAT else None,
            palette=palette,
            speed=_speed(recipe, energies[letter]),
            strength=_strength(recipe, energies[letter]),
        )
        used[level] += 1
    return Story(tuple((letter, entries[letter]) for letter in form.letters))


def pitch_class(song: Song) -> int:
    """The pitch class that sounds most, in semitones above C; of a song too short to follow, 0."""
    try:
        return features.of(song).pitch_class
    except SongError:
        return 0


def energy(song: Song, form: Form) -> Mapping[str, float]:
    """How loud, busy and bright the parts of each letter are, 0 to 1, against the others' parts.

    Where they hardly differ, all are near 0.5; so they are in a song that is too short to follow.
    """
    try:
        heard = features.of(song)
    except SongError:
        return dict.fromkeys(form.letters, 0.5)
    curve = sum(share * heard.curve(name) for name, share in _HEARD.items())
    times = np.arange(len(heard.curve("loudness"))) * heard.step
    starts = [section.start for section in form.sections]
    parts = np.maximum(np.searchsorted(starts, times, "right") - 1, 0)
    letters = np.array([section.letter for section in form.sections])[parts]
    means = {}
    for letter in form.letters:
        own = np.asarray(curve)[letters == letter]
        means[letter] = float(own.mean()) if len(own) else None
    known = {letter: mean for letter, mean in means.items() if mean is not None}
    weights = [lasting(song, form)[letter] for letter in known]
    if not sum(weights):
        return dict.fromkeys(form.letters, 0.5)
    values = np.array(list(known.values()))
    # By how long they last, so that a short silence at the end does not make all the rest loud.
    middle = float(np.average(values, weights=weights))
    spread = 2 * float(np.sqrt(np.average((values - middle) ** 2, weights=weights)))
    return {
        letter: 0.5 if mean is None else _part(0.5 + (mean - middle) / max(spread, _SPREAD))
        for letter, mean in means.items()
    }


def _level(energies: Mapping[str, float], letter: str) -> int:
    """Whether a letter is calm (0), loud (2), or between; of letters that differ, one is each."""
    least, most = min(energies.values()), max(energies.values())
    if most - least > _DIFFERENT and energies[letter] in (least, most):
        return 2 if energies[letter] == most else 0
    return sum(energies[letter] >= edge for edge in (_CALM, _LOUD))


def _part(value: float) -> float:
    return round(max(0.0, min(1.0, value)), 3)


def lasting(song: Song, form: Form) -> Mapping[str, float]:
    """How many seconds of a song each letter takes."""
    sums = dict.fromkeys(form.letters, 0.0)
    for start, end, letter in form.spans(0.0, float(song.duration)):
        sums[letter] += end - start
    return sums


def _prompt(recipe: Recipe, level: int, number: int, tone: int, *, kept: bool) -> str | None:
    """What is painted in a part.

    level: 0, calm, to 2, loud. number: of the letter among those of its level. tone: the song's
    pitch class. kept: whether it keeps a prompt that was asked for as it is.
    """
    model, asked = models.find(recipe.style.model), recipe.style.prompt or ""
    if any(sign in asked for sign in "|;") or len(prompts.parse(asked)) > 1:
        return None

    def chosen(table: tuple[tuple[str, ...], ...]) -> str:
        return table[level][(tone + number) % len(table[level])]

    if model.vocabulary is None:
        return f"{asked}, {chosen(_MOODS)}" if asked.strip() else chosen(_MOODS)
    hue = tone * 7 % 12 // 2  # tones a fifth apart have colours beside each other, as Scriabin's
    if asked == model.prompt or not asked.strip():
        own = _LOUD_MATERIALS[number % 2] if level == 2 else chosen(_MATERIALS)
        return f"{_COLOURS[hue][level]} {own}"
    colours = _COLOURS[(hue + number) % len(_COLOURS)][level]
    return None if kept else words.recoloured(asked, colours)


def _speed(recipe: Recipe, energy: float) -> Speed | None:
    """How fast texture drifts: a little slower in the calmest part, a little faster in the loudest.

    By more, the speed alone would decide how much a picture changes, and hide the music.
    """
    if not recipe.drift or not recipe.drift.speed:
        return None
    factor = 1.25 ** (2 * energy - 1)
    # At most what can be followed from painting to painting, see `musvid.paint.course`.
    assert recipe.size is not None
    side = recipe.size[0] if recipe.drift.sideways else recipe.size[1]
    apart = Fraction(recipe.stride, recipe.before) / recipe.fps
    if recipe.lock and recipe.lock.bpm is not None:
        apart = max(apart, 1 / recipe.lock.per_second)
    fastest = 0.4 * side / float(apart) / recipe.drift.speed
    return Speed(max(0.05, round(min(factor, max(1.0, fastest)), 2)), relative=True)


def _strength(recipe: Recipe, energy: float) -> float | None:
    """How far a part leaves the spectrum: a little less where it is calm."""
    own = recipe.style.strength
    if not own or not recipe.paints:
        return None
    return round(min(1.0, max(0.05, own + 0.1 * (energy - 0.5))), 2)
