"""Deforum's schedules, ``0:(0.5), 30:(0.5+0.2*sin(2*3.14*t/60))``, as curves.

Numbers are keyframes, between which a value goes straight; an expression holds from its frame to
the next one, with ``t`` for the number of the frame. Frames are counted from the beginning of the
file, 24 a second where ``@24`` stands behind the schedule, else 30.

The form and its meaning are those of Deforum's documentation of animation settings
(https://github.com/deforum-art/deforum-stable-diffusion); its ``max_f`` (the last frame), ``s`` and
text in schedules have none here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

import numpy as np

from ..errors import SettingsError, quoted
from ._grammar import expression
from ._nodes import Floats, Leaf, Node, Reader

RATE = 30.0
"""Frames a second where a schedule names no rate."""

FRAMES = frozenset({"t", "frame"})
"""Names of the number of a frame."""

_BEGIN = re.compile(r"\s*[0-9]{1,9}\s*:\s*\(", re.ASCII)
_FRAME = re.compile(r"\s*([0-9]{1,9})\s*:\s*\(", re.ASCII)
_END = re.compile(r"\s*(?:@\s*([0-9]{1,3}(?:\.[0-9]{1,6})?)\s*)?", re.ASCII)


def is_schedule(text: str) -> bool:
    """Whether a text is one of Deforum's, rather than this grammar's keyframes: its values stand in
    brackets."""
    return bool(_BEGIN.match(text))


def parse(text: str) -> Node:
    """The curve of a schedule. Raises SettingsError, which names the column, for one that is
    none."""
    keys: list[tuple[int, Node]] = []
    place = 0
    while found := _FRAME.match(text, place):
        frame, begin = int(found[1]), found.end()
        end = _closing(text, begin)
        value = expression(text[begin:end], FRAMES, begin, text)
        if keys and frame <= keys[-1][0]:
            _fail(text, found.start(1), "the frames of a schedule must rise")
        keys.append((frame, value))
        place = end + 1
        rest = text[place:].lstrip()
        if not rest.startswith(","):
            break
        place = len(text) - len(rest) + 1
    end_ = _END.fullmatch(text, place)
    if not end_:
        _fail(text, place, "a frame such as 30:(0.5) belongs here")
    rate = float(end_[1] or RATE)
    if not rate:
        _fail(text, place, "frames a second must be above 0")
    return Schedule(tuple(keys), rate)


def _closing(text: str, begin: int) -> int:
    """The place of the bracket that closes what begins here."""
    deep = 1
    for place in range(begin, len(text)):
        deep += {"(": 1, ")": -1}.get(text[place], 0)
        if not deep:
            return place
    return _fail(text, begin - 1, "this bracket is not closed")


def _fail(text: str, place: int, why: str) -> NoReturn:
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    raise SettingsError(f"In the curve {quoted(shown)}, column {place + 1}: {why}.")


@dataclass(frozen=True)
class Schedule(Leaf):
    """Numbers and expressions by frames. rate: frames a second."""

    keys: tuple[tuple[int, Node], ...]
    rate: float

    @property
    def constant(self) -> float | None:
        """The number of a schedule that has one alone."""
        values = {node.constant for _, node in self.keys}
        return values.pop() if len(values) == 1 else None

    def values(self, times: Floats, reader: Reader) -> Floats:
        """The values at some times."""
        frames = times * self.rate
        starts = np.array([frame for frame, _ in self.keys], np.float64)
        behind = np.maximum(np.searchsorted(starts, frames, "right") - 1, 0)
        found = np.empty(times.shape)
        for number, (frame, node) in enumerate(self.keys):
            mine = behind == number
            there = np.maximum(frames[mine], frame)
            if not there.size:
                continue
            found[mine] = node.values(there, reader)
            if node.constant is not None and number + 1 < len(self.keys):
                following, next_ = self.keys[number + 1]
                goal = next_.values(np.array([float(following)]), reader)[0]
                way = (there - frame) / (following - frame)
                found[mine] += way * (goal - found[mine])
        return found
