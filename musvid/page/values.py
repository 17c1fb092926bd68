"""The controls' values, which a recipe fills and of which a recipe is made."""

import json
from dataclasses import replace
from pathlib import PurePath
from typing import Any

from .. import Recipe, SettingsError
from ..music import stems
from ..music.lock import NOTES
from ..paint.schedulers import SCHEDULERS
from ..spectrum.look import Look
from ..words.settings import AUTO as WITH_THE_SONG

SIZES = ["the model's own", "256x256", "384x384", "512x512", "256x144", "144x256", "768x432"]
SHOWN = ["as painted", "1080x1080", "1920x1080", "1080x1920", "720x720"]
PACES = ["picture rate", "48", "50", "60", "120"]
SECONDS = "no, in seconds"
PLANS = ["the model's own", *SCHEDULERS]
SHOWS = {
    "off": "off",
    "first bar": "bar",
    "5 seconds": "5",
    "8 seconds": "8",
    "all the time": "all",
}
UPLOADED = ("view.cover", "words.lyrics", "words.logo", "guide", "stems")
"""The controls of files that are uploaded, which Gradio checks. A MIDI file is among the stems."""

_SCORES = (".mid", ".midi")
OWN_LYRICS = "own_lyrics"  # the control of those that the song's file holds
TINY = "style.tiny_id"  # the control of a tiny autoencoder that is not the model's own

Values = dict[str, Any]


def recipe_of(values: Values) -> Recipe:
    """The recipe that the controls show. Raises SettingsError."""
    known = Recipe().flat()
    given = {name: value for name, value in values.items() if name in known}
    if values.get("level"):
        given["look.gain"] = "auto"
    if values.get("cooling") in NOTES:
        given["look.half_life"] = values["cooling"]
    for name, usual in (
        ("size", SIZES),
        ("view.shown", SHOWN),
        ("motion_fps", PACES),
        ("style.scheduler", PLANS),
    ):
        if given.get(name) in (usual[0], None, ""):
            given[name] = None
    files = {name: path for name in UPLOADED if (path := given.pop(name, None))}
    if values.get(OWN_LYRICS) and "words.lyrics" not in files:
        given["words.lyrics"] = WITH_THE_SONG
    given.pop("midi", None)  # is among the stems
    given["curves"] = given.get("curves") or ""  # an empty field may be nothing at all
    heard = [str(path) for path in files.pop("stems", ())]
    for name in ("title", "artist"):  # an empty field is what the tags say
        given[name] = given.get(name) or None
    if not given.get("lock.bpm"):  # no lock while the tempo is unknown; an empty field gives 0
        given |= {"lock.note": "off", "lock.bpm": None}
    given["lock.beat"] = given.get("lock.beat") or 0.0
    given["lock.bar"] = given.get("lock.bar") or None
    if given.get("style.tiny_autoencoder") and values.get(TINY):
        given["style.tiny_autoencoder"] = values[TINY].strip() or True
    for name, value in given.items():  # sliders give 8.0 for 8
        if isinstance(value, float) and value.is_integer():
            given[name] = int(value)
    recipe = Recipe.from_flat(given)
    if guide := files.pop("guide", None):
        recipe = replace(recipe, guide=str(guide))
    for name, path in files.items():
        part, _, key = name.partition(".")
        changed: dict[str, Any] = {key: str(path)}
        named: dict[str, Any] = {part: replace(getattr(recipe, part), **changed)}
        recipe = replace(recipe, **named)
    return _followed(recipe, heard)


def _followed(recipe: Recipe, paths: list[str]) -> Recipe:
    """The recipe that follows some files: stems, and a MIDI file at most. Raises SettingsError."""
    scores = [path for path in paths if PurePath(path).suffix.lower() in _SCORES]
    if len(scores) > 1:
        raise SettingsError("One MIDI file can be followed; leave the others out.")
    found = stems.named([path for path in paths if path not in scores])
    return replace(recipe, stems=found, midi=scores[0] if scores else None)


def values_of(recipe: Recipe) -> Values:
    """What the controls show of a recipe."""
    values = recipe.resolve().flat()
    values["level"] = recipe.look.gain == "auto"
    values["look.gain"] = 0.0 if values["level"] else recipe.look.gain
    noted = isinstance(recipe.look.half_life, str)
    values["cooling"] = recipe.look.half_life if noted else SECONDS
    values["look.half_life"] = Look.half_life if noted else recipe.look.half_life
    values["size"] = values["size"] if recipe.size else SIZES[0]
    values["view.shown"] = values["view.shown"] or SHOWN[0]
    values |= dict.fromkeys(UPLOADED)  # the fields keep the files that they have
    values |= {name: values[name] or "" for name in ("title", "artist")}
    values[OWN_LYRICS] = recipe.words.lyrics == WITH_THE_SONG
    values["motion_fps"] = values["motion_fps"] or PACES[0]
    values["style.scheduler"] = values["style.scheduler"] or PLANS[0]
    tiny = recipe.style.tiny_autoencoder
    values[TINY] = tiny if isinstance(tiny, str) else ""
    values["style.tiny_autoencoder"] = bool(tiny)
    values["lock.bpm"] = None if recipe.lock.bpm is None else float(recipe.lock.bpm)
    return values


def held(text: object) -> Values:
    """Controls' values that the browser sent as one JSON text; none before it first read them.

    Raises SettingsError for a text that the page did not write.
    """
    values = object_of(str(text or "{}"))
    if values is None:
        raise SettingsError("The settings did not arrive whole; reload the page.")
    return {name: value for name, value in values.items() if name not in UPLOADED}  # come as files


def object_of(text: str) -> Values | None:
    """A JSON object; None for whatever else a text is."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return given if isinstance(given, dict) else None
