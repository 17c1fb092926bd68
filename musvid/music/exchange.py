"""Curves from the files of other programs, and to files: CSV, Parseq's manifests, our own JSON.

What is read becomes keyframes, of which those on a straight line are left out, so that settings
stay whole: whoever gets a video has its curves.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SettingsError, quoted
from ..ranges import DAY, RANGES
from . import along
from ._nodes import Floats

LARGEST = 100_000_000
"""Bytes of a file."""

RATE = 30.0
"""Frames a second of a file that counts frames and names no rate."""

_TIMES = ("time", "seconds")
_FRAMES = ("frame", "frames")
_NEAR = 1e-6  # that a value may be off the straight line

Columns = Mapping[str, Floats]


def read(path: str | os.PathLike[str], rate: float = RATE) -> dict[str, str]:
    """The curves of a file, by the names in `along.SETTINGS`, as texts for `curves.parse`.

    path: a CSV whose first row names its columns: "time" (seconds) or "frame", and settings; a JSON
        of `written_json`, or of Parseq ("rendered_frames", as Deforum reads it).
    rate: frames a second of one that counts frames.

    Of Parseq, `strength` (the share of the last frame that Deforum keeps) becomes 1 - strength,
    `scale` the guidance, `angle` (degrees) turns a minute, and `seed` and `zoom` themselves.

    Raises SettingsError for a file that cannot be read, or has no curves.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST:
            raise SettingsError(f"{path.name} is larger than {LARGEST // 10**6} MB; give less.")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(f"{path.name} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path.name} is no text in UTF-8; save it as CSV or JSON.") from None
    if text.lstrip().startswith(("{", "[")):
        return _of_json(path.name, text, rate)
    return _of_csv(path.name, text, rate)


def _of_csv(name: str, text: str, rate: float) -> dict[str, str]:
    try:
        dialect: type[csv.Dialect] | str = csv.Sniffer().sniff(text[:4096], ",;\t")
    except csv.Error:
        dialect = "excel"
    rows = list(csv.reader(io.StringIO(text), dialect))
    if len(rows) < 2:
        raise SettingsError(f"{name} has no rows of numbers under its names; see what was saved.")
    names = [each.strip().lower() for each in rows[0]]
    key = next((each for each in names if each in (*_TIMES, *_FRAMES)), None)
    if key is None:
        raise SettingsError(
            f"{name} has no column named time or frame; its first row must name the columns."
        )
    values: list[list[float]] = []
    for number, row in enumerate(rows[1:], 2):
        if not any(map(str.strip, row)):
            continue
        try:
            values.append([float(each) for each in row])
        except ValueError:
            raise SettingsError(f"{name}, row {number}: there are not only numbers.") from None
        if len(row) != len(names):
            raise SettingsError(
                f"{name}, row {number}: there are {len(row)} numbers for {len(names)} columns."
            )
    table = np.array(values, np.float64).reshape(-1, len(names))
    columns = dict(zip(names, table.T, strict=True))
    times = columns.pop(key)
    return _texts(name, times / rate if key in _FRAMES else times, columns)


def _of_json(name: str, text: str, rate: float) -> dict[str, str]:
    try:
        given: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise SettingsError(f"{name} is no JSON; save it again.") from None
    if isinstance(given, dict) and isinstance(given.get("rendered_frames"), list):
        return _of_parseq(name, given, rate)
    try:
        times = np.array(given["times"], np.float64)
        columns = {key: np.array(each, np.float64) for key, each in given["curves"].items()}
    except (TypeError, KeyError, ValueError, AttributeError):
        raise SettingsError(
            f'{name} has neither "times" and "curves", as musvid writes them, nor the '
            '"rendered_frames" of Parseq.'
        ) from None
    return _texts(name, times, columns)


_PARSEQ: Mapping[str, tuple[str, Callable[[Floats, float], Floats]]] = {
    "strength": ("strength", lambda kept, _rate: 1 - kept),
    "scale": ("guidance", lambda scale, _rate: scale),
    "seed": ("seed", lambda seed, _rate: seed),
    "zoom": ("zoom", lambda zoom, _rate: zoom),
    "angle": ("turn", lambda angle, rate: np.gradient(angle) * rate / 6),
}
"""Fields of a rendered frame, what they set here, and how: values, and frames a second."""


def _of_parseq(name: str, given: Mapping[str, Any], rate: float) -> dict[str, str]:
    frames, options = given["rendered_frames"], given.get("options")
    if isinstance(options, dict) and "output_fps" in options:
        rate = _number(name, options["output_fps"])
        if not 0 < rate <= 1000:
            raise SettingsError(f"{name} has no output_fps from 0 to 1000.")
    if len(frames) < 2 or not all(isinstance(frame, dict) for frame in frames):
        raise SettingsError(f"{name} has fewer than two rendered frames; render it in Parseq.")
    times = np.array([_number(name, frame.get("frame")) for frame in frames]) / rate
    columns = {
        ours: made(np.array([_number(name, frame.get(field)) for frame in frames]), rate)
        for field, (ours, made) in _PARSEQ.items()
        if field in frames[0]
    }
    return _texts(name, times, columns)


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise SettingsError(f"{name} has {quoted(value)} where there should be a number.")
    return float(value)


def _texts(name: str, times: Floats, columns: Columns) -> dict[str, str]:
    """Columns as keyframes; those that set nothing here are left out."""
    found: dict[str, str] = {}
    for key, values in columns.items():
        setting = key.replace("-", "_")
        if setting not in along.SETTINGS:
            continue
        if values.shape != times.shape or not values.size:
            raise SettingsError(f"{name} has {values.size} values of {key} for {times.size} times.")
        if not np.isfinite(values).all() or not np.isfinite(times).all():
            raise SettingsError(f"{name} has something that is no number among the {key}.")
        if times[0] < 0 or times[-1] > DAY or not (np.diff(times) > 0).all():
            raise SettingsError(f"The times of {name} must rise, from 0 to {DAY // 3600} hours.")
        allowed = RANGES[along.SETTINGS[setting]]
        found[setting] = _keyframes(times, np.clip(values, allowed.low, allowed.high))
    if not found:
        raise SettingsError(
            f"{name} has no column of a setting that changes along a song; those are "
            f"{', '.join(along.SETTINGS)}."
        )
    return found


def _keyframes(times: Floats, values: Floats) -> str:
    """Keyframes of a line through all values, without those that it reaches anyhow."""
    kept, begin = [0], 0
    low, high = -math.inf, math.inf  # slopes with which a line passes all values since `begin`
    for place in range(1, len(times)):
        gone = times[place] - times[begin]
        rise = values[place] - values[begin]
        slope = rise / gone
        if not low <= slope <= high:
            begin = place - 1
            kept.append(begin)
            low, high = -math.inf, math.inf
            gone = times[place] - times[begin]
            rise = values[place] - values[begin]
        low, high = max(low, (rise - _NEAR) / gone), min(high, (rise + _NEAR) / gone)
    if kept[-1] != len(times) - 1:
        kept.append(len(times) - 1)
    return ", ".join(f"{times[place]:.10g}:{values[place]:.10g}" for place in kept)


def written_csv(times: Floats, curves: Columns) -> str:
    """Curves at some times as a CSV: a row for each time, a column for each setting."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["time", *curves])
    rows: Iterable[tuple[float, ...]] = zip(times, *curves.values(), strict=True)
    writer.writerows([f"{value:.10g}" for value in row] for row in rows)
    return out.getvalue()


def written_json(times: Floats, curves: Columns) -> str:
    """The same as JSON: "times", and by the settings' names "curves"."""
    return json.dumps(
        {
            "times": [round(time, 9) for time in times.tolist()],
            "curves": {name: values.tolist() for name, values in curves.items()},
        }
    )
