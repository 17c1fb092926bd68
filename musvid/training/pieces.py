"""Pieces for the band, composed by chance: what `musvid.training.metre` fits its weights to.

Every seed is another piece. Patterns are what players usually do, chosen and varied at random; the
songs by which the result is judged (`tests/tunes.py`) are written down by hand.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .band import BEATS, Bar, Piece, hits

_SLOWEST = {"4/4": 60, "3/4": 58, "6/8": 44}
_FASTEST = {"4/4": 186, "3/4": 192, "6/8": 134}


def compose(seed: int, *, quiet: bool = False) -> Piece:
    """A piece by chance, the same for the same seed. quiet: whether it surely has no drums."""
    rng = np.random.default_rng([7 + quiet, seed])
    metre = str(rng.choice(["4/4", "3/4", "6/8"], p=[0.5, 0.25, 0.25]))
    low, high = np.log([_SLOWEST[metre], _FASTEST[metre]])
    bpm = float(np.exp(rng.uniform(low, high)))
    beats, grid = BEATS[metre], 3 if metre == "6/8" else 2
    if metre == "4/4" and bpm < 130 and rng.random() < 0.3:
        grid = 4
    swing = 1 / 6 if metre != "6/8" and grid == 2 and rng.random() < 0.25 else 0.0
    drums = _drums(rng, metre, beats, grid) if rng.random() < 0.7 and not quiet else {}
    chords, style = _chords(rng, metre, beats, grid)
    bars = 32 * bpm / 60 / beats
    begin = int(rng.integers(2, 5))
    return Piece(
        f"{metre} {bpm:.1f} by chance {seed}",
        metre,
        bpm,
        drums=drums,
        bass=_bass(rng, metre, beats, grid) if rng.random() < 0.92 else (),
        chords=chords,
        melody=float(rng.uniform(0.2, 0.9)) if rng.random() < 0.6 else 0.0,
        grid=grid,
        harmony=float(rng.choice([1, 2, 0.5], p=[0.8, 0.12, 0.08])),
        swing=swing,
        sixteenths=1 / 6 if grid == 4 and rng.random() < 0.3 else 0.0,
        drift=float(rng.uniform(0.005, 0.03)) if rng.random() < 0.3 else 0.0,
        silent=(begin, begin + int(bars // 4)) if rng.random() < 0.25 else (0, 0),
        pickup=1.0 if rng.random() < 0.1 else 0.0,
        lead=float(rng.uniform(0, 0.6)),
        seed=seed,
        **style,
    )


def click(seed: int) -> Piece:
    """A drum that plays beats and nothing else, at a tempo by chance: it has no bars."""
    rng = np.random.default_rng([9, seed])
    drum = str(rng.choice(["kick", "snare", "hat", "open"]))
    bpm = float(np.exp(rng.uniform(*np.log([50, 190]))))
    drums = {drum: tuple((float(beat), 1.0) for beat in range(4))}
    return Piece(
        f"clicks {bpm:.1f}", "4/4", bpm, drums=drums, lead=float(rng.uniform(0, 0.6)), seed=seed
    )


def _some(rng: np.random.Generator, places: list[float], chance: float, low: float) -> Bar:
    """Each of some places by chance, softer than the others."""
    return tuple((place, float(rng.uniform(low, 0.9))) for place in places if rng.random() < chance)


def _even(beats: int, apart: float, soft: float) -> Bar:
    places = np.arange(0, beats - 1e-6, apart)
    return tuple(
        (float(place), 1.0 if abs(place - round(place)) < 1e-6 else soft) for place in places
    )


def _softer(bar: Bar, level: float) -> Bar:
    return tuple((beat, own * level) for beat, own in sorted(bar))


def _between(beats: int, grid: int) -> list[float]:
    """Places of the grid that are no beats."""
    return [beat + step / grid for beat in range(beats) for step in range(1, grid)]


def _drums(rng: np.random.Generator, metre: str, beats: int, grid: int) -> dict[str, Bar]:
    kicks = {
        "4/4": ["0 2", "0 1 2 3", "0", "0 2.5", "0 1.5 2.5", "0 0.5 2.5", "0 2 3.5", "2"],
        "3/4": ["0", "0", "0 1.5", "0 2.5", "0 2"],
        "6/8": ["0", "0 1", "0 1+2/3", "0 2/3", "0 2/3 1+2/3"],
    }[metre]
    snares = {
        "4/4": ["1 3"] * 6 + ["2", "", "1 3.5"],
        "3/4": ["1 2", "1", "2", "1 2:0.6", ""],
        "6/8": ["1", "1", "1", ""],
    }[metre]
    fine = [*_between(beats, grid), *(_between(beats, 4) if metre == "4/4" else [])]
    found: dict[str, Bar] = {}
    if rng.random() < 0.85:
        kick = hits(str(rng.choice(kicks))) + _some(rng, fine, rng.choice([0, 0, 0.1]), 0.4)
        found["kick"] = _softer(kick, rng.uniform(0.5, 1))
    if rng.random() < 0.85:
        snare = hits(str(rng.choice(snares))) + _some(rng, fine, rng.choice([0, 0, 0.15]), 0.2)
        found["snare"] = _softer(snare, rng.uniform(0.4, 1))
    cymbal = str(rng.choice(["hat", "ride", "shaker"]))
    kind = rng.integers(6)
    level = rng.uniform(0.5, 1)
    if kind < 3:
        found[cymbal] = _softer(_even(beats, 1 / grid, rng.uniform(0.4, 1)), level)
    elif kind == 3:
        found[cymbal] = _softer(_even(beats, 1, 1.0), level)
    elif kind == 4:
        last = (grid - 1) / grid if grid == 3 else 0.5
        found["open"] = _softer(tuple((beat + last, 1.0) for beat in range(beats)), level)
    if metre != "6/8" and rng.random() < 0.2:
        found["hat"] = _softer(tuple((float(beat), 1.0) for beat in range(1, beats, 2)), level)
    return found


def _bass(rng: np.random.Generator, metre: str, beats: int, grid: int) -> Bar:
    usual = {
        "4/4": [
            "0",
            "0 2",
            "0 2.5",
            "0 1.5 2",
            "0 0.75 2.5",
            "0.5 1.5 2.5 3.5",
            "0 3.5",
            "0 1.5 3",
        ],
        "3/4": ["0", "0", "0 2", "0 1.5", "0 2.5"],
        "6/8": ["0", "0 1", "0 2/3 1", "0 1+2/3"],
    }[metre]
    kind = rng.integers(5)
    if kind == 0:
        return _even(beats, 1, 1.0)
    if kind == 1 and metre != "6/8":
        return _even(beats, 0.5, rng.uniform(0.6, 1))
    level = rng.uniform(0.6, 1)
    return _softer(
        hits(str(rng.choice(usual))) + _some(rng, _between(beats, grid), 0.05, 0.4), level
    )


def _chords(
    rng: np.random.Generator, metre: str, beats: int, grid: int
) -> tuple[Bar, dict[str, Any]]:
    unit = 1 / 3 if grid == 3 else 0.5
    kind = rng.integers(7)
    if kind <= 1:
        return hits("0"), {"pad": True}
    if kind == 2:
        return _even(beats, unit, rng.uniform(0.5, 1)), {"broken": True}
    if kind == 3:
        return _even(beats, unit if rng.random() < 0.4 else 1, rng.uniform(0.5, 1)), {}
    if kind == 4:  # after the beat
        if metre == "4/4":
            return tuple((beat + 0.5, 0.9) for beat in range(beats)), {}
        if metre == "3/4":
            return hits("1 2"), {}
        return hits("2/3 1+2/3") if rng.random() < 0.5 else hits("1/3 2/3 1+1/3 1+2/3"), {}
    syncopated = hits("0") + _some(rng, _between(beats, grid), 0.3, 0.5)
    return _softer(syncopated, rng.uniform(0.6, 1)), {"pad": bool(rng.random() < 0.3)}
