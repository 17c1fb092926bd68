"""What a render will follow, drawn over the sound: parts, keyframes, bars, prompts, curves; SVG."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from html import escape

import numpy as np

from ..clock import Clock
from ..job import Job
from ..music import form
from ..music import samples as sound
from ..song import Song

_WIDTH, _HEIGHT = 1000, 120  # of the drawing's own units, stretched to the page's width
_COLUMNS = 250  # bars of the waveform
_SHADES = 6  # of the parts; a seventh letter looks like the first one
_DENSE = 160  # keyframes of which only every n-th is drawn above that


def timeline(job: Job) -> str:
    """A song's part with what follows its music: HTML with an SVG, or "" when nothing does.

    Parts of the song are shown where the recipe names them: nothing is listened to for that.

    Classes: wave, section (and shade0, shade1, ... by its letter), keyframes, bars, and a curve of
    a class "strength", "guidance", "seed" or "drift" for each setting that changes. Raises
    SongError when a part is too short to follow its music.
    """
    song, recipe, automation = job.song, job.recipe, job.automation
    named = recipe.form != form.AUTO
    length = float(song.duration)
    times = np.linspace(0, length, _WIDTH // 2)
    curves = list(job.curves(times))
    if not recipe.lock and not automation and not curves and not named:
        return ""
    start = song.first / song.rate
    sections = _sections(job, start, length) if named else []
    parts = [*(_band(*section) for section in sections), _wave(peaks_of(song))]
    said = []
    if recipe.lock:
        parts.append(_lines("keyframes", _keyframes(job.clock), length))
        bars = [bar - start for bar in recipe.lock.bars(start, start + length)]
        parts.append(_lines("bars", bars, length))
        said.append(f'<span class="bars">{escape(str(recipe.lock))}</span>')
    for name, curve, low, high in curves:
        parts.append(_curve(name, (curve - low) / max(high - low, 1e-9)))
        text = f"{name} {curve.min():.2f} to {curve.max():.2f}"
        if name == "seed":
            text = f"noise walks {curve.max():.1f} seeds on"
        if name == "drift":
            text = f"drift {curve.min():.0f} to {curve.max():.0f} pixels a second"
        said.append(f'<span class="{name}">{escape(text)}</span>')
    labels = "".join(
        f'<b style="left:{100 * max(0.0, time) / length:.2f}%">{escape(prompt)}</b>'
        for time, prompt in automation.keys
        if len(automation.keys) > 1 and time < length
    )
    return (
        f'<div class="timeline"><div class="prompts">{labels}</div>'
        f'<div class="sections">{"".join(_letter(*section) for section in sections)}</div>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="The clip, and what follows its music">{"".join(parts)}</svg>'
        f'<div class="said">{"".join(said)}</div></div>'
    )


def _sections(job: Job, start: float, length: float) -> list[tuple[float, float, str, int]]:
    """Begin and end of the parts in what is shown, from 0 to 1; their letters, and their shades."""
    letters = job.form.letters
    return [
        ((first - start) / length, (last - start) / length, letter, letters.index(letter) % _SHADES)
        for first, last, letter in job.form.spans(start, start + length)
    ]


def _band(begin: float, end: float, _letter: str, shade: int) -> str:
    x, width = _WIDTH * begin, _WIDTH * (end - begin)
    return (
        f'<rect class="section shade{shade}" x="{x:.1f}" width="{width:.1f}" height="{_HEIGHT}"/>'
    )


def _letter(begin: float, end: float, letter: str, shade: int) -> str:
    place = f"left:{100 * begin:.2f}%;width:{100 * (end - begin):.2f}%"
    return f'<b class="shade{shade}" style="{place}">{letter}</b>'


@lru_cache(maxsize=16)
def peaks_of(song: Song) -> list[float]:
    """The waveform of a song's part, from 0 to 1, in even stretches."""
    return sound.peaks(song, _COLUMNS)


def _keyframes(clock: Clock) -> list[float]:
    """Times of keyframes; where there are too many to tell apart, only every n-th."""
    times = [clock.start + tick / clock.fps for tick in clock.ticks[:: clock.stride]]
    return [float(time) for time in times[:: -(-len(times) // _DENSE)]]


def _wave(peaks: Sequence[float]) -> str:
    width = _WIDTH / len(peaks)
    bars = (
        f"M{(index + 0.5) * width:.1f} {_HEIGHT * (0.5 - 0.46 * peak):.1f}"
        f"V{_HEIGHT * (0.5 + 0.46 * peak):.1f}"
        for index, peak in enumerate(peaks)
    )
    return f'<path class="wave" d="{"".join(bars)}"/>'


def _lines(kind: str, times: Sequence[float], length: float) -> str:
    short = 0.82 * _HEIGHT if kind == "keyframes" else 0
    drawn = "".join(
        f"M{_WIDTH * time / length:.1f} {short:.0f}V{_HEIGHT}"
        for time in times
        if 0 <= time <= length
    )
    return f'<path class="{kind}" d="{drawn}"/>'


def _curve(name: str, values: np.ndarray) -> str:
    across = np.linspace(0, _WIDTH, len(values))
    up = _HEIGHT * (0.96 - 0.92 * np.clip(values, 0, 1))
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(across, up, strict=True))
    return f'<polyline class="{name}" points="{points}"/>'
