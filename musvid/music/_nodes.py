"""What a curve is made of: numbers, sources, keyframes, oscillators, and what is done to them.

Each node has one evaluation, of many times at once. Keyframes and oscillators are exact at every
time; what looks around in time (`Smooth`, `Envelope`) is made on a grid of 10 ms, which begins with
the file, so that a part of a song has the values of the whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..errors import SettingsError

Floats = NDArray[np.float64]

STEP = 0.01  # seconds of the grid
SLOWEST = 60
"""Seconds over which something is smoothed, at most."""
LARGEST = 1e12
"""Of numbers in a text."""


class Reader(Protocol):
    """What is heard of a song. Times are seconds from the beginning of the file, float64."""

    def check(self, name: str, of: str, /) -> None:
        """Raises SettingsError for an unknown source, as `read` does, and hears nothing."""

    def read(self, name: str, of: str, times: Floats, /) -> Floats:
        """A source of a stem (empty: of the song). Raises SettingsError for an unknown one."""

    def beats(self, times: Floats, /) -> Floats:
        """How many beats have gone by since the first bar's beginning. Raises SettingsError where
        no tempo is known."""

    def beat_time(self, beat: float, /) -> float:
        """The time of a beat, counted likewise."""

    @property
    def bar(self) -> int:
        """Beats in a bar."""


class _Nothing:
    """A reader of no song."""

    bar = 4

    def check(self, _name: str, _of: str, /) -> None:
        """Raises SettingsError."""
        raise SettingsError("There is no song to follow.")

    def read(self, _name: str, _of: str, _times: Floats, /) -> Floats:
        """Raises SettingsError."""
        raise SettingsError("There is no song to follow.")

    def beats(self, _times: Floats, /) -> Floats:
        """Raises SettingsError."""
        raise SettingsError("A curve in bars or beats needs a tempo; give --bpm and --beat.")

    def beat_time(self, _beat: float, /) -> float:
        """Raises SettingsError."""
        raise SettingsError("A curve in bars or beats needs a tempo; give --bpm and --beat.")


NOTHING: Reader = _Nothing()


class Node(Protocol):
    """A part of a curve."""

    @property
    def children(self) -> tuple[Node, ...]:
        """What it is made of."""

    @property
    def constant(self) -> float | None:
        """The number that it always is, or None."""

    @property
    def beats(self) -> bool:
        """Whether it asks for beats by itself."""

    def values(self, times: Floats, reader: Reader, /) -> Floats:
        """The values at some times."""


def evaluate(node: Node, times: Floats, reader: Reader) -> Floats:
    """The values of a node; what is no number becomes 0."""
    with np.errstate(all="ignore"):
        found = node.values(times, reader)
    return np.nan_to_num(found, nan=0.0, posinf=LARGEST, neginf=-LARGEST)


@dataclass(frozen=True)
class Leaf:
    """What is made of nothing else."""

    @property
    def children(self) -> tuple[Node, ...]:
        return ()

    @property
    def constant(self) -> float | None:
        return None

    @property
    def beats(self) -> bool:
        return False


@dataclass(frozen=True)
class Number(Leaf):
    """A number."""

    value: float

    @property
    def constant(self) -> float | None:
        return self.value

    def values(self, times: Floats, _reader: Reader, /) -> Floats:
        return np.full(times.shape, self.value)


@dataclass(frozen=True)
class Variable(Leaf):
    """The time itself, in seconds."""

    name: str

    def values(self, times: Floats, _reader: Reader, /) -> Floats:
        return times


@dataclass(frozen=True)
class Source(Leaf):
    """What is heard of the song, or of a stem. column: where it stands in its text."""

    name: str
    of: str
    column: int

    @property
    def told(self) -> str:
        """How it is written."""
        return f"{self.name}@{self.of}" if self.of else self.name

    @property
    def beats(self) -> bool:
        return self.name in ("beat", "bar")

    def values(self, times: Floats, reader: Reader) -> Floats:
        return reader.read(self.name, self.of, times)


EASINGS: Mapping[str, Callable[[Floats], Any]] = {
    "linear": lambda way: way,
    "ease": lambda way: way * way * (3 - 2 * way),
    "in": lambda way: way * way,
    "out": lambda way: way * (2 - way),
    "hold": np.floor,
}
"""How a keyframe is reached: what part of the way is gone, of what part of the time."""


@dataclass(frozen=True)
class Key:
    """A keyframe. time: in seconds, or in bars from 0, to which beats are added."""

    time: float
    value: float
    easing: str = "linear"
    in_bars: bool = False
    beats: int = 0


@dataclass(frozen=True)
class Keyframes(Leaf):
    """Numbers at times, and the way from one to the next."""

    keys: tuple[Key, ...]

    @property
    def constant(self) -> float | None:
        values = {key.value for key in self.keys}
        return values.pop() if len(values) == 1 else None

    @property
    def beats(self) -> bool:
        return any(key.in_bars for key in self.keys)

    def values(self, times: Floats, reader: Reader) -> Floats:
        at = np.array([self._time(key, reader) for key in self.keys])
        if (falls := np.flatnonzero(np.diff(at) < 0)).size:
            early = self.keys[falls[0]]
            raise SettingsError(
                f"A keyframe of the curve, {early.value:g}, is later than the one behind it, "
                f"{self.keys[falls[0] + 1].value:g}; change one of their times."
            )
        numbers = np.array([key.value for key in self.keys])
        if len(at) == 1:
            return np.full(times.shape, numbers[0])
        behind = np.clip(np.searchsorted(at, times, "right"), 1, len(at) - 1)
        gaps = np.maximum(at[behind] - at[behind - 1], 1e-12)
        way = np.clip((times - at[behind - 1]) / gaps, 0.0, 1.0)
        eased = way.copy()
        for name in {key.easing for key in self.keys} - {"linear"}:
            mine = np.array([key.easing == name for key in self.keys])[behind]
            eased[mine] = EASINGS[name](way[mine])
        found: Floats = numbers[behind - 1] + eased * (numbers[behind] - numbers[behind - 1])
        return found

    @staticmethod
    def _time(key: Key, reader: Reader) -> float:
        return reader.beat_time(key.time * reader.bar + key.beats) if key.in_bars else key.time


SHAPES: Mapping[str, Callable[[Floats], Any]] = {
    "sine": lambda phase: np.sin(2 * np.pi * phase),
    "triangle": lambda phase: 1 - 4 * np.abs((phase + 0.25) % 1 - 0.5),
    "saw": lambda phase: 2 * (phase % 1) - 1,
    "square": lambda phase: np.where(phase % 1 < 0.5, 1.0, -1.0),
}
"""Waves from -1 to 1, of how many periods have gone by."""


@dataclass(frozen=True)
class Oscillator(Leaf):
    """A wave from -1 to 1.

    length: of a period. unit: of that: notes (1 is a whole one, of four beats), beats, bars or
    seconds. phase: periods by which it is ahead.
    """

    length: float
    unit: str
    shape: str
    phase: float

    @property
    def beats(self) -> bool:
        return self.unit != "seconds"

    def values(self, times: Floats, reader: Reader) -> Floats:
        if self.unit == "seconds":
            gone = times / self.length
        else:
            unit = {"notes": 4, "beats": 1, "bars": reader.bar}
            gone = reader.beats(times) / (self.length * unit[self.unit])
        return np.asarray(SHAPES[self.shape](gone + self.phase), np.float64)


@dataclass(frozen=True)
class _Branch:
    @property
    def children(self) -> tuple[Node, ...]:
        return ()

    @property
    def constant(self) -> float | None:
        """Its value where all that it is made of is constant."""
        if any(child.constant is None for child in self.children):
            return None
        value = evaluate(self, np.zeros(1), NOTHING)  # type: ignore[arg-type]
        return float(value[0])

    @property
    def beats(self) -> bool:
        return False


OPERATIONS: Mapping[str, Callable[[Floats, Floats], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "%": np.mod,
    "^": np.power,
}


@dataclass(frozen=True)
class Binary(_Branch):
    """A sum, a difference, a product, a quotient, a rest, or a power."""

    sign: str
    left: Node
    right: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return self.left, self.right

    def values(self, times: Floats, reader: Reader) -> Floats:
        left, right = (each.values(times, reader) for each in self.children)
        return np.asarray(OPERATIONS[self.sign](left, right), np.float64)


class _OfOne(_Branch):
    """What is made of one node."""

    child: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.child,)


FUNCTIONS: Mapping[str, Callable[[Floats], Any]] = {
    "abs": np.abs,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.round,
}
CONSTANTS = {"pi": math.pi, "e": math.e}


@dataclass(frozen=True)
class Function(_OfOne):
    """A function of one value."""

    name: str
    child: Node

    def values(self, times: Floats, reader: Reader) -> Floats:
        return np.asarray(FUNCTIONS[self.name](self.child.values(times, reader)), np.float64)


@dataclass(frozen=True)
class Several(_Branch):
    """The least or the largest of some values, or one between two others."""

    name: str
    given: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.given

    def values(self, times: Floats, reader: Reader) -> Floats:
        values = [each.values(times, reader) for each in self.given]
        if self.name == "clip":
            return np.minimum(np.maximum(values[0], values[1]), values[2])
        extreme = np.min if self.name == "min" else np.max
        return np.asarray(extreme(values, axis=0), np.float64)


def _gridded(child: Node, times: Floats, reader: Reader, beyond: float) -> Floats:
    """The values of a node on the grid, from the beginning of the file to behind the last time."""
    last = float(times.max()) if times.size else 0.0
    count = math.ceil((max(0.0, last) + beyond) / STEP) + 2
    return child.values(np.arange(count, dtype=np.float64) * STEP, reader)


def _between(values: Floats, times: Floats) -> Floats:
    found: Floats = np.interp(times, np.arange(len(values)) * STEP, values)
    return found


@dataclass(frozen=True)
class Smooth(_OfOne):
    """A value smoothed by a Gaussian, which is not late. seconds: its standard deviation."""

    child: Node
    seconds: float

    def values(self, times: Floats, reader: Reader) -> Floats:
        if self.seconds < STEP / 2:
            return self.child.values(times, reader)
        around = math.ceil(4 * self.seconds / STEP)
        values = _gridded(self.child, times, reader, around * STEP)
        from scipy.ndimage import gaussian_filter1d

        smooth = gaussian_filter1d(values, self.seconds / STEP, mode="nearest", truncate=4.0)
        return _between(np.asarray(smooth, np.float64), times)


@dataclass(frozen=True)
class Envelope(_OfOne):
    """A value that rises and falls no faster than it may: a slew limiter.

    attack, release: seconds in which it goes from 0 to 1, and from 1 to 0; 0 is at once. What
    falls is held back first, so that a peak that is shorter than the attack is still seen.
    """

    child: Node
    attack: float
    release: float

    def values(self, times: Floats, reader: Reader) -> Floats:
        values = _gridded(self.child, times, reader, 0.0)
        steps = np.arange(len(values))
        if self.release:
            fallen = steps * (STEP / self.release)
            values = np.maximum.accumulate(values + fallen) - fallen
        if self.attack:
            risen = steps * (STEP / self.attack)
            values = np.minimum.accumulate(values - risen) + risen
        return _between(values, times)


def every(node: Node) -> Iterator[Node]:
    """A node and all that it is made of."""
    yield node
    for child in node.children:
        yield from every(child)
