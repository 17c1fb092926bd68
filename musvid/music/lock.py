"""Keyframes on the beat: which notes they fall on, and the clock that puts them there.

The article wanted keyframes on sixteenth notes and bent 635 frames to 640 to get near. Here the
picture rate follows from the tempo, ``fps = stride * notes per second``, and the first keyframe
from a beat, so that every such note has its keyframe to the end of the song. Where the tempo
wanders, the keyframes follow the beats themselves. `musvid.music.tempo` finds tempo and beats.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import islice, pairwise
from typing import Any

from .. import _validate
from ..clock import MAX_FPS, MAX_STRIDE, Clock, Following
from ..errors import SettingsError, quoted
from ..ranges import DAY, RANGES

OFF = "off"

NOTES: dict[str, Fraction] = {
    "1/4": Fraction(1),
    "1/4T": Fraction(3, 2),
    "1/8": Fraction(2),
    "1/8T": Fraction(3),
    "1/16": Fraction(4),
    "1/16T": Fraction(6),
    "1/32": Fraction(8),
}
"""Notes that keyframes can fall on, and how many a beat (a quarter note) has; T: triplets."""

MIN_BPM, MAX_BPM = int(RANGES["lock.bpm"].low), int(RANGES["lock.bpm"].high)
MIN_APART, MAX_APART = 0.1, 10.0
"""Seconds between wandering beats."""
MOST_BEATS = 100_000
"""Wandering beats that are followed."""

_FINE = 120  # pictures per second of the grid to which the moments of wandering notes are rounded
_SMOOTH = 24  # frames per second that a video which follows beats has at least
_MEET = 30  # parts of a second of which a loop that follows beats lasts a whole number
_PACES = (30, 60, 120)  # frames per second that such a loop may have
_MOMENT = Fraction(1, 60)  # seconds by which a tempo that was found may make a bar longer


def parse_bpm(value: str | int | float | Fraction) -> Fraction:
    """A tempo in beats per minute, to four decimals. Raises SettingsError if it is none."""
    bpm = _validate.fraction(value)
    if bpm is None:
        raise SettingsError(f"bpm must be a number such as 120 or 174.3, not {quoted(value)}.")
    if not MIN_BPM <= bpm <= MAX_BPM:
        raise SettingsError(f"bpm must lie between {MIN_BPM} and {MAX_BPM}, not {quoted(value)}.")
    return Fraction(round(bpm * 10000), 10000)


@dataclass(frozen=True)
class Lock:
    """How keyframes are locked to the beat.

    note: a name from `NOTES`, each of which gets a keyframe; or "off".
    bpm: beats (quarter notes) per minute, a Fraction; None stands for what is found.
    beat: seconds from the beginning of the file to a beat with which a bar begins, within 24 hours;
        None stands for what is found.
    bar: beats in a bar, 1 to 16; None stands for what is found, or for 4.
    beats: where the tempo wanders, the times of all beats in seconds from the beginning of the
        file, rising, 100,000 at most. Keyframes follow them, and bpm only tells by how much they
        are halved or doubled.
    """

    note: str = OFF
    bpm: Fraction | None = None
    beat: float | None = None
    bar: int | None = None
    beats: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        _validate.choice("note", self.note, (OFF, *NOTES))
        if self.bpm is not None:
            object.__setattr__(self, "bpm", parse_bpm(self.bpm))
        if self.beat is not None:
            RANGES["lock.beat"].check("beat", self.beat)
        if self.bar is not None:
            RANGES["lock.bar"].check("bar", self.bar)
        object.__setattr__(self, "beats", _rising(self.beats))

    def __bool__(self) -> bool:
        return self.note != OFF

    def __str__(self) -> str:
        if not self or not self.found:
            return "not locked to a beat"
        how = f"beats at {self.beat:.3f} s and every {60 / float(self._known()):.4f} s from there"
        if self.beats:
            how = f"which follow {len(self.beats)} beats of a tempo that wanders"
        return f"keyframes on {self.note} notes at {float(self._known()):.2f} bpm, {how}"

    @property
    def found(self) -> bool:
        """Whether tempo and beat are known."""
        return self.bpm is not None and self.beat is not None

    @property
    def per_bar(self) -> int:
        """Beats in a bar."""
        return 4 if self.bar is None else self.bar

    def scaled(self, factor: Fraction) -> Lock:
        """The same with the tempo times 2 or 1/2, to correct an octave error.

        Raises SettingsError when that is no tempo any more, or none is known.
        """
        bpm = self._known() * factor
        if not MIN_BPM <= bpm <= MAX_BPM:
            raise SettingsError(f"A tempo lies between {MIN_BPM} and {MAX_BPM} beats a minute.")
        beats = self.beats
        if beats and factor < 1:
            beats = beats[self._first % 2 :: 2]
        elif beats:
            between = [(early + late) / 2 for early, late in pairwise(beats)]
            beats = tuple(sorted((*beats, *between)))
        return replace(self, bpm=bpm, beats=beats)

    def shifted(self, beats: int) -> Lock:
        """The same with bars that begin so many beats later."""
        return replace(self, beat=round(float(self._at(beats)), 4))

    @property
    def per_second(self) -> Fraction:
        """Notes per second at the tempo. Raises SettingsError while the tempo is not known."""
        return self._known() / 60 * NOTES[self.note]

    def stride(self, fps: Fraction = Fraction(30)) -> int:
        """The stride with which the picture rate comes closest to a wished one."""
        return max(1, min(MAX_STRIDE, round(fps / self.per_second)))

    def rate(self, stride: int, fps: Fraction = Fraction(30)) -> Fraction:
        """The picture rate at which every stride-th picture falls on a note.

        With stride 1 every picture is a keyframe, and there are as many pictures per note as come
        closest to `fps`. Raises SettingsError when the rate is not between 1 and 240.
        """
        rate: Fraction = stride * self.per_second
        if stride == 1:
            rate *= max(1, round(fps / rate))
        if not 1 <= rate <= MAX_FPS:
            raise SettingsError(
                f"A stride of {stride} with {self.note} notes at {float(self._known()):g} bpm is "
                f"{float(rate):g} pictures a second; choose a stride near {self.stride(fps)}."
            )
        return rate

    def clock(
        self,
        duration: Fraction,
        *,
        start: Fraction = Fraction(0),
        fps: Fraction = Fraction(30),
        stride: int = 1,
        before: int = 1,
        after: int = 1,
        loop: bool = False,
    ) -> Clock:
        """The clock that puts keyframes on the notes of a part of a song.

        duration, start: of the part, in seconds. fps: the wished picture rate. loop: whether the
        part is a loop of whole bars, see `round`; notes behind its end are then those of its
        beginning.

        Raises SettingsError when the tempo is not known, or these do not fit together.
        """
        if self.beats:
            notes = NOTES[self.note] * (self.rate(1, fps) / self.per_second if stride == 1 else 1)
            return self._following(duration, start, notes, before, after, loop)
        rate = self.rate(stride, fps)
        apart = stride / rate  # seconds between keyframes
        first = (self._at(0) - start) % apart
        if round(first * rate * before * after / stride):
            first -= apart  # more than half a frame late: the one before it is needed, too
        return Clock(duration, rate, stride, before, after, first)

    def round(self, start: Fraction, duration: Fraction, most: Fraction) -> Fraction | None:
        """Seconds that the whole bars last which a part of a song holds, at least one of them.

        start: of the part, in seconds. duration: of the part; a bar that ends a moment later is
        one of its bars. most: seconds from the start to the song's end. The bars are so many that
        a note ends with them. None where the song ends before one has.

        Raises SettingsError while the tempo is not known.
        """
        bars = (self.per_bar * NOTES[self.note]).denominator  # of which one ends with a note
        first = self._place(start)
        begin = self._at(first) if self.beats else start

        def lasts(rounds: int) -> Fraction:
            length = self._at(first + self.per_bar * bars * rounds) - begin
            # The frames of wandering notes do not wander; they must meet again, too.
            return Fraction(round(length * _MEET), _MEET) if self.beats else length

        rounds = 1
        while lasts(rounds + 1) <= min(duration + _MOMENT, most):
            rounds += 1
        return lasts(rounds) if lasts(rounds) <= most else None

    def _following(
        self,
        duration: Fraction,
        start: Fraction,
        notes: Fraction,
        before: int,
        after: int,
        loop: bool = False,
    ) -> Following:
        """The clock with `notes` keyframes to each beat, as unevenly spaced as the beats."""
        # Some notes beyond both ends of the part; those that are not needed are dropped below.
        early = math.floor(self._place(start) * notes) - 2
        late = math.ceil(self._place(start + duration) * notes) + 2
        times = [self._at(number / notes) - start for number in range(early, late + 1)]
        first, last = bisect.bisect_right(times, 0) - 1, bisect.bisect_left(times, duration)
        moments = tuple(times[first : last + 1])
        if loop:
            length = Fraction(round(duration * _MEET), _MEET)
            beats = self._place(start + length) - self._place(start)
            count = int(round(beats / self.per_bar) * self.per_bar * notes)
            around = times[first : first + count]
            moments = (*around, *(time + length for time in around[:2]))
        closest = min(late - early for early, late in pairwise(moments))
        pace = (len(moments) - 1) / (moments[-1] - moments[0]) * before * after
        if loop:  # a frame begins with each round
            pace = Fraction(min(_PACES, key=lambda each: abs(each - pace)))
        return Following(
            duration,
            Fraction(_FINE if closest * _FINE >= 2 else MAX_FPS),
            before=before,
            after=after,
            moments=moments,
            pace=Fraction(max(_SMOOTH, min(MAX_FPS, round(pace)))),
        )

    def bars(self, begin: float, end: float) -> list[float]:
        """Times at which bars begin, in seconds: the last one at or before `begin`, to the first
        one at or behind `end`.

        Raises SettingsError while the tempo is not known.
        """
        first = math.floor(self._place(Fraction(begin)) / self.per_bar) - 1
        last = math.ceil(self._place(Fraction(end)) / self.per_bar) + 1
        times = [float(self._at(self.per_bar * number)) for number in range(first, last + 1)]
        return times[bisect.bisect_right(times, begin) - 1 : bisect.bisect_left(times, end) + 1]

    def bar_near(self, time: float, after: float | None = None) -> float:
        """The beginning of a bar that is nearest to a time, both in seconds.

        after: a time; only bars that begin later are looked at.

        Raises SettingsError while the tempo is not known.
        """

        def around(moment: float) -> list[float]:
            number = math.floor(self._place(Fraction(moment)) / self.per_bar)
            return [float(self._at(self.per_bar * (number + step))) for step in (-1, 0, 1, 2)]

        near = around(time)
        if after is not None:
            near = [bar for bar in (*near, *around(after)) if bar > after]
        return min(sorted(near), key=lambda bar: abs(bar - time))

    def time_of(self, beat: Fraction) -> Fraction:
        """The time of a beat in seconds of the file, counted from the beginning of a bar.

        Raises SettingsError while the tempo is not known.
        """
        self._known()
        return self._at(beat)

    def _known(self) -> Fraction:
        if self.bpm is None:
            raise SettingsError("The tempo is not known; give it with bpm, or have it found.")
        return self.bpm

    @cached_property
    def _first(self) -> int:
        """The index in `beats` of the beat that is nearest to `beat`."""
        first = self.beat or 0.0
        return min(range(len(self.beats)), key=lambda number: abs(self.beats[number] - first))

    @cached_property
    def _usual(self) -> Fraction:
        """The median length of a beat in seconds."""
        if not self.beats:
            return 60 / self._known()
        lengths = sorted(late - early for early, late in pairwise(self.beats))
        return Fraction(lengths[len(lengths) // 2])

    def _place(self, time: Fraction) -> Fraction:
        """How many beats behind beat 0 a time is: what `_at` makes that time of."""
        if not self.beats:
            return (time - Fraction(self.beat or 0.0)) / self._usual
        behind, last = bisect.bisect_right(self.beats, time), len(self.beats) - 1
        whole = max(0, behind - 1)
        length = self._usual
        if 0 < behind <= last:
            length = Fraction(self.beats[whole + 1]) - Fraction(self.beats[whole])
        return whole - self._first + (time - Fraction(self.beats[whole])) / length

    def _at(self, beat: Fraction | int) -> Fraction:
        """The time of a beat, in seconds of the file; beat 0 is the one at `beat`.

        Linear between beats, and with the median length outside of them; rounded to the
        microsecond.
        """
        if not self.beats:
            return Fraction(self.beat or 0.0) + beat * self._usual
        beat, last = beat + self._first, len(self.beats) - 1
        whole = max(0, min(last, math.floor(beat)))
        length = self._usual
        if 0 <= beat < last:
            length = Fraction(self.beats[whole + 1]) - Fraction(self.beats[whole])
        time = Fraction(self.beats[whole]) + (beat - whole) * length
        return Fraction(round(time * 10**6), 10**6)


def _rising(beats: Sequence[float]) -> tuple[float, ...]:
    """Times of beats. Raises SettingsError when they are no such thing."""
    # A text, a set or a dictionary can be gone through, too, and means something else.
    listed = not isinstance(beats, str | bytes | Mapping | Set)
    try:
        given: list[Any] = list(islice(beats, MOST_BEATS + 1)) if listed else [None]
    except TypeError:
        given = [None]
    if len(given) > MOST_BEATS:
        raise SettingsError(f"beats must be {MOST_BEATS:,} at most; choose a part of the song.")
    for beat in given:
        known = isinstance(beat, int | float) and not isinstance(beat, bool)
        if not known or not abs(beat) <= DAY:
            raise SettingsError(
                f"beats must be a list of times in seconds, within 24 hours, not {quoted(beats)}."
            )
    times = tuple(float(beat) for beat in given)
    apart = [late - early for early, late in pairwise(times)]
    if len(times) == 1 or not all(MIN_APART <= length <= MAX_APART for length in apart):
        raise SettingsError(
            f"beats must be two or more times, each {MIN_APART:g} to {MAX_APART:g} s behind the "
            "last."
        )
    return times
