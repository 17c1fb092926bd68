"""Settings that come from elsewhere are read, checked, and shown by the controls.

They may be of another version, of somebody else's page, or of somebody with other intentions:
nothing is taken that the checks of a recipe and of this page's limits do not pass.
"""

import json
from dataclasses import dataclass
from typing import Any

from .. import MusvidError, Recipe
from ..errors import quoted
from ..music.energy import liveliest
from .board import CLIP, LIVELIEST, LONG, Board, Updates
from .html import done, hint
from .own import is_of_song
from .values import UPLOADED, Values, object_of, recipe_of, values_of

_MOST = 100_000  # characters
# What only suits each other is taken or left together.
_TOGETHER = ("stride", "before", "after", "relight", "fps", "motion_fps")


def restored(board: Board, recipe: Recipe, path: str | None, remarks: list[str]) -> Updates:
    """The controls, filled with a recipe, and what could not be shown as it is.

    path: of the song that the page shows. remarks: what else is to be told.
    """
    updates, note = board.filled(recipe, path)
    note = " ".join([*remarks, *([note] if note else [])])
    style = recipe.style.resolve()
    said = done(f"Settings loaded: {style.prompt or style.model}.")
    return {board["loaded"]: said + (hint(note) if note else ""), **updates}


def look_of(board: Board, text: str, path: str | None) -> tuple[Updates, str]:
    """The controls, filled with a look that a browser kept or a link has in it; what to say of it.

    text: a JSON object of controls' values by name, of which those of a song are left out. What is
    missing has its default. Without any good value nothing is filled.
    """
    recipe, bad = read(board, text)
    if recipe is None:
        return {}, "That is no look of musvid's; copy the link again."
    updates, note = board.filled(recipe, path)
    own = [board.controls[name] for name in board.controls if is_of_song(name)]
    notes = [note] if note else []
    if bad:
        notes.insert(0, f"Not taken, as it is not valid here: {', '.join(map(quoted, bad))}.")
    return {part: value for part, value in updates.items() if part not in own}, " ".join(notes)


@dataclass(frozen=True)
class Clip:
    """What is shown of a song at first.

    start, duration, moment: seconds. own: controls' values by name, what the browser kept of its
    beat and form; empty where it kept nothing.
    """

    start: float
    duration: float
    moment: float
    own: Values

    @classmethod
    def of(cls, board: Board, path: str, kept: str) -> "Clip":
        """The usual one, or what a browser kept: a JSON object of moment and controls' values.

        Raises SongError when the song cannot be read.
        """
        song = board.studio.song(path)
        ends = board.clip_ends(song)
        longest = ends["duration"][1]
        usual = min(LIVELIEST if song.duration > LONG else CLIP, longest)
        given = _object(kept)
        recipe, _ = read(board, json.dumps(given.get("values")))
        if recipe is None:
            start = liveliest(song, usual) if song.duration > LONG else 0.0
            return cls(start, usual, round(start + usual / 3, 2), {})
        start = _within(recipe.start, ends["start"])
        duration = _within(usual if recipe.duration is None else recipe.duration, ends["duration"])
        moment, last = given.get("moment"), start + duration
        if not isinstance(moment, int | float) or not start <= moment <= last:
            moment = round(start + duration / 3, 2)
        own: Values = {"form": recipe.form}
        if recipe.lock.bpm is not None:
            shown = values_of(recipe)
            own |= {name: shown[name] for name in shown if name.startswith("lock.")}
        return cls(start, duration, moment, own)


def _within(value: float, ends: tuple[float, float]) -> float:
    return max(ends[0], min(ends[1], float(value)))


def read(board: Board, text: str) -> tuple[Recipe | None, list[str]]:
    """A recipe of the valid ones among controls' values by name, and the names of the others.

    None where there is no valid one at all.
    """
    given = _object(text)
    bad = [name for name in given if name not in board.controls]
    known = {name: value for name, value in given.items() if name not in bad}
    known = {name: value for name, value in known.items() if name not in UPLOADED}  # a visitor's
    if not known or (recipe := _valid(board, known)):
        return (recipe if known else None), bad
    units = [{name: known.pop(name) for name in _TOGETHER if name in known}]
    units += [{name: value} for name, value in known.items()]
    good: Values = {}
    for _ in range(2):  # twice: one may need what comes after it
        for unit in list(filter(None, units)):
            if found := _valid(board, good | unit):
                recipe, good = found, good | unit
                units.remove(unit)
    return recipe, bad + [name for unit in units for name in unit]


def _object(text: str) -> dict[str, Any]:
    """A JSON object; whatever else a text is, is an empty one."""
    return (object_of(text) if len(text) <= _MOST else None) or {}


def _valid(board: Board, values: Values) -> Recipe | None:
    """The recipe of controls, the others having their defaults; None if it is not valid here."""
    plain: dict[str, Any] = values_of(Recipe())
    try:
        recipe = recipe_of({**plain, **values})
        board.limits.check(recipe)
    except (MusvidError, TypeError, ValueError, AttributeError, KeyError):
        return None
    return recipe
