"""Options of the command line for settings that change along a song."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ._claims import Claim
from .errors import OutputError, SettingsError, quoted
from .job import Job
from .music import along, curves, exchange
from .music.curves import Curve
from .recipe import Recipe

_OPTIONS = {name: name for name in along.SETTINGS} | {"drift": "speed"}
"""What argparse calls the option of a setting, where it has one."""


def add_options(group: Any) -> None:
    """Add what names curves, beside the settings' own options."""
    group.add_argument(
        "--curve",
        action="append",
        metavar="NAME=CURVE",
        help='a setting that changes, such as "prompt = 0:0, 0:30:1"; NAME is one of '
        f"{', '.join(along.SETTINGS)}; may be given several times",
    )
    group.add_argument(
        "--curves-from",
        metavar="FILE",
        default=None,
        help="curves of a CSV (time or frame, and a column for each setting), of Parseq's manifest "
        "or of what --curves-to wrote",
    )
    group.add_argument(
        "--curves-to",
        metavar="FILE",
        default=None,
        help="write the curves' values at every frame into a .csv or .json, and render nothing",
    )


def changing(number: Callable[[str], Any]) -> Callable[[str], Any]:
    """A type of arguments: a number, or a curve (see `musvid.music.curves`)."""

    def parsed(text: str) -> Any:
        try:
            float(text)
        except ValueError:
            pass
        else:
            return number(text)
        try:
            curve = curves.parse(text)
        except SettingsError as error:
            raise argparse.ArgumentTypeError(str(error)) from None
        if text.isidentifier() and not known(text):
            raise argparse.ArgumentTypeError(
                f"{quoted(text)} is no number, and no source such as kick"
            )
        return curve

    return parsed


def known(name: str) -> bool:
    """Whether a word alone is a curve: a source of the song, or the time."""
    from .music.listening import COUNTED
    from .music.sources import SOURCES

    return name in (*SOURCES, *COUNTED, "t", "pi", "e")


def take_curves(options: argparse.Namespace) -> dict[str, str]:
    """The curves that options name, by their settings; an empty one where a number was given.

    Options whose value is a curve are gone from the namespace afterwards. Raises SettingsError.
    """
    given: dict[str, Any] = vars(options)
    found: dict[str, str] = {}
    for text in given.pop("curve", ()):
        found |= {name: curve.text for name, curve in along.parse(text).items()}
    for name, option in _OPTIONS.items():
        value = given.get(option)
        if isinstance(value, Curve):
            found[name] = given.pop(option).text
        elif value is not None and option != "prompt":
            found.setdefault(name, "")
    return exchange.read(options.curves_from) | found if options.curves_from else found


def check_target(output: str) -> Path:
    """Where curves are to be written. Raises SettingsError or OutputError."""
    path = Path(output)
    if path.suffix.lower() not in (".csv", ".json"):
        raise SettingsError(f"The curves are written as .csv or .json, and {path.name} is neither.")
    if path.is_dir() or not path.parent.is_dir():
        raise OutputError(f"{path} cannot be written; choose a file in a folder that is there.")
    return path


def write_curves(job: Job, path: Path, *, overwrite: bool = False) -> Path:
    """Write the values of a job's curves at every frame of its video.

    Raises SettingsError where nothing changes by a curve, or a file is there.
    """
    if not job.following:
        raise SettingsError("No setting changes by a curve here; give one, as in --strength kick.")
    start = job.song.first / job.song.rate
    times = start + np.arange(job.file_frames) / float(job.file_rate)
    values = job.following.all(times)
    made = exchange.written_csv if path.suffix.lower() == ".csv" else exchange.written_json
    if path.exists() and not overwrite:
        raise OutputError(f"{path} is there already; choose another name, or give --overwrite.")
    try:
        with Claim(path.parent, f".{path.stem[:40]}-") as part:
            part.write_text(made(times, values), encoding="utf-8")
            part.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}).") from None
    return path


def with_curves(recipe: Recipe, found: dict[str, str]) -> str:
    """The curves of a recipe, changed by those of options."""
    return along.joined(recipe.curves, found) if found else recipe.curves
