"""One grammar for numbers that change along a song.

::

    0.5                                a number
    kick:0.3                           a source of the song, times an amount
    onsets@drums:0.3:0.1               ... of a stem, smoothed over 0.1 s
    0:0.3, 8:0.9 ease, b17:0.5         keyframes: at 0 s, 8 s and the beginning of bar 17
    lfo(1/2, sine, 0.2)                a wave in step with the beat: a half note, 0.2 either way
    0.5 + kick:0.3 * (0:0, 1:30:1)     sums, differences, products, quotients, brackets
    env(kick, 0.01, 0.4)               rises within 0.01 s, and falls within 0.4 s
    smooth(bass, 0.5)                  smoothed by a Gaussian of 0.5 s

Times are in seconds or minutes and seconds, from the beginning of the file, or bars (`b17`) and
their beats (`b17.3`), counted from 1. Between keyframes a number goes straight, unless a word
behind one says how it gets there: `ease`, `in`, `out`, or `hold`, which stays and jumps.

`parse` makes a `Curve` of a text; `Curve.at` evaluates it at many times at once.
"""

from __future__ import annotations

import numpy as np

from ..errors import SettingsError, quoted
from . import _deforum, _grammar
from . import _nodes as nodes
from ._nodes import Floats, Node, Reader

LONGEST = 2_000_000
"""Characters of a text: keyframes for every frame of ten minutes have fewer."""


class Curve:
    """A number along time, as `parse` makes it.

    text: what it was made of. sources: the names of what it reads of the song, with their stems
    ("kick", "onsets@drums"). beats: whether it asks for bars or beats.
    """

    def __init__(self, text: str, node: Node) -> None:
        self.text, self._node = text, node
        parts = list(nodes.every(node))
        self.sources = tuple(
            dict.fromkeys(part.told for part in parts if isinstance(part, nodes.Source))
        )
        self.beats = any(part.beats for part in parts)
        self._parts = parts

    def __repr__(self) -> str:
        return f"Curve({self.text[:80]})"

    @property
    def constant(self) -> float | None:
        """The number that it always is, or None where it changes."""
        return self._node.constant

    def check(self, reader: Reader) -> None:
        """Raises SettingsError where a curve asks for what there is not; nothing is heard."""
        for part in self._parts:
            if isinstance(part, nodes.Source):
                try:
                    reader.check(part.name, part.of)
                except SettingsError as error:
                    shown = self.text if len(self.text) <= 60 else f"{self.text[:57]}..."
                    raise SettingsError(
                        f"In the curve {quoted(shown)}, column {part.column}: {error}"
                    ) from None
            elif part.beats:
                part.values(np.zeros(1), reader)
            if isinstance(part, nodes.Source) and part.beats:
                reader.beats(np.zeros(1))

    def at(self, times: Floats, reader: Reader = nodes.NOTHING) -> Floats:
        """The values at some times, float64, in seconds from the beginning of the file.

        reader: what is heard of the song. Raises SettingsError where it does not know a source, or
        no beat; where a value is no number, as after a division by 0, it is 0.
        """
        return nodes.evaluate(self._node, times, reader)


def parse(text: str) -> Curve:
    """The curve of a text.

    Raises SettingsError, which names the column, counted from 1, for a text that is none.
    """
    if len(text) > LONGEST:
        raise SettingsError(
            f"A curve has at most {LONGEST} characters, and this one has {len(text)}; leave out "
            "keyframes on a straight line."
        )
    if _deforum.is_schedule(text):
        return Curve(text, _deforum.parse(text))
    return Curve(text, _grammar.expression(text))
