"""The clip along time, drawn over its sound: parts, keyframes, bars, prompts, curves; an SVG."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from html import escape
from itertools import pairwise

import numpy as np

from ..clock import Clock
from ..job import Job
from ..music import form
from ..music import samples as sound
from ..music.automation import Floats
from ..song import Song

_WIDTH, _HEIGHT = 1000, 120  # of the drawing's own units, stretched to the page's width
_COLUMNS = 250  # bars of the waveform
_SHADES = 6  # of the parts; a seventh letter looks like the first one
_DENSE = 160  # keyframes of which only every n-th is drawn above that


def timeline(job: Job) -> str:
    """A song's part with its keyframes, and what follows its music: HTML with an SVG.

    Parts of the song are shown where the recipe names them or tells a story of them; else nobody
    listens for them.

    Classes: wave, section (and shade0, shade1, ... by its letter), keyframes, bars, and a curve of
    a class such as "strength", "drift" or "zoom" for each setting that changes, see `Job.curves`.
    Raises SongError when a part is too short to follow its music.
    """
    song, recipe = job.song, job.recipe
    length = float(song.duration)
    start = song.first / song.rate
    named = recipe.form != form.AUTO or job.telling is not None
    sections = _sections(job, start, length) if named else []
    parts = [*(_band(*section) for section in sections), _wave(peaks_of(song))]
    parts.append(_lines("keyframes", _keyframes(job.clock), length))
    said = []
    if recipe.lock:
        bars = [bar - start for bar in recipe.lock.bars(start, start + length)]
        parts.append(_lines("bars", bars, length))
        said.append(f'<span class="bars">{escape(str(recipe.lock))}</span>')
    else:
        every = recipe.stride / recipe.fps
        said.append(f'<span class="keyframes">a keyframe every {float(every):.2f} s</span>')
    for name, curve, low, high in job.curves(np.linspace(0, length, _WIDTH // 2)):
        parts.append(_curve(name, (curve - low) / max(high - low, 1e-9)))
        said.append(f'<span class="{name}">{escape(_told(name, curve))}</span>')
    labels = "".join(
        f'<b style="left:{100 * max(0.0, time) / length:.2f}%">{escape(prompt)}</b>'
        for time, prompt in _prompts(job, start, length)
    )
    return (
        f'<div class="timeline"><div class="prompts">{labels}</div>'
        f'<div class="sections">{"".join(_letter(*section) for section in sections)}</div>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="The clip, and what follows its music">{"".join(parts)}</svg>'
        f'<div class="said">{"".join(said)}</div></div>'
    )


def _told(name: str, curve: Floats) -> str:
    """What a curve is, and how far it goes."""
    low, high = curve.min(), curve.max()
    if name == "seed":
        return f"noise walks {high:.1f} seeds on"
    if name == "drift":
        return f"drift {low:.0f} to {high:.0f} pixels a second"
    if name == "gain":
        return f"gain {low:.1f} to {high:.1f} dB"
    if name == "turn":
        return f"turns {high:.1f} times more"
    shown = {"lora": "LoRA", "control_scale": "control scale"}.get(name, name)
    return f"{shown} {low:.2f} to {high:.2f}"


def _prompts(job: Job, start: float, length: float) -> list[tuple[float, str]]:
    """The prompts that follow each other in what is shown, with the time at which each begins;
    none where there is one alone."""
    found = [(time, text) for time, text in job.automation.keys if time < length]
    if job.telling:
        own = job.recipe.style.resolve().prompt or ""
        told = [(time - start, text or own) for time, text in job.telling.prompts]
        # A prompt begins in the middle of its crossing.
        found = told[:1] + [
            ((early + late) / 2, text)
            for (early, before), (late, text) in pairwise(told)
            if text != before
        ]
        over = sum(time <= 0 for time, _ in found[1:])
        found = [each for each in found[over:] if each[0] < length]
    return found if len(found) > 1 else []


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
