"""From sound to pictures: ffmpeg's constant-Q spectrum, rotated and mirrored.

The picture is the one of the article "Automatic Music Videos" (The Strange Agency): `showcqt`
draws one bar per pitch, the drawing is turned so that pitch climbs from bottom to top and the
bars grow sideways, and the left half is mirrored. ffmpeg draws only what will be seen (no axis,
no sonogram) and streams it; nothing is kept.

showcqt is documented at https://ffmpeg.org/ffmpeg-filters.html#showcqt. It puts picture *i* at
exactly ``i / rate`` seconds of the sound, and goes on for some pictures behind the sound's end
until its last window is empty; how many pictures are wanted is therefore the clock's business.
"""

from __future__ import annotations

import bisect
import math
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice

import cv2
import numpy as np

from .. import _ffmpeg
from .._device import abreast, cores
from ..clock import Clock, at
from ..frame import Frame, closed, whole
from ..keys import Keys, Shares, shares
from ..paint.course import Course
from ..song import Song
from . import embers
from .look import Look
from .palettes import PALETTES


def draw(
    song: Song,
    look: Look,
    clock: Clock,
    *,
    size: tuple[int, int] = (512, 512),
    gaps: bool = False,
    palettes: Keys = (),
    before: int = 0,
) -> Iterator[Frame]:
    """Draw the spectrum of a song, one picture per tick of the clock, `clock.drawn` in all.

    size: (width, height) in pixels, multiples of 8.
    gaps: of a clock whose ticks are apart, whether to draw those in the gaps as well.
    palettes: names of palettes along time, in seconds from the beginning of the file, which take
        the place of the look's own; one is mixed into the next.
    before: pictures of the fine grid that are drawn before the first tick, at most `clock.past`.

    The rest of a clock (`musvid.clock.Rest`) is drawn like the whole, without what comes before.

    Yields uint8 arrays (height, width, 3), without embers, which `musvid.spectrum.embers.glowing`
    adds. Pictures before the sound and behind its end are drawn
    from silence, so that the first and the last keyframe are real ones.
    """
    if clock.past:
        return _draw_rest(song, look, clock, size, gaps, palettes, before)
    count, skip = clock.ticks[-1] + 1, round(clock.start * song.rate)
    coloured = _Coloured(palettes, _start(song) + clock.start)
    pictures = _draw(song, look, clock.fps, count, size, skip=skip, coloured=coloured)
    return pictures if gaps or count == clock.drawn else at(pictures, clock.ticks)


def _draw_rest(
    song: Song,
    look: Look,
    clock: Clock,
    size: tuple[int, int],
    gaps: bool,
    palettes: Keys,
    before: int,
) -> Iterator[Frame]:
    """What `draw` draws of a clock that begins somewhere in the part."""
    run = min(before + _faded(look, clock.fps), clock.past)
    begin = clock.start - run / clock.fps
    part, skip = _settling(song, begin, Fraction(song.samples, song.rate))
    coloured = _Coloured(palettes, _start(song) + begin)
    count = run + clock.ticks[-1] + 1
    pictures = _draw(part, look, clock.fps, count, size, skip=skip, coloured=coloured)
    wanted = islice(pictures, run - before, None)
    with closed(pictures):
        yield from wanted if gaps or count - run == clock.drawn else at(wanted, clock.ticks)


def draw_some(
    song: Song,
    look: Look,
    clock: Clock,
    ticks: range,
    *,
    size: tuple[int, int] = (512, 512),
    palettes: Keys = (),
) -> Iterator[Frame]:
    """Pictures at ticks of the clock's fine grid, one after the other; 0 is the first keyframe.

    Unlike those that `draw` makes, they know what the file has before the part and behind it, as if
    the part was cut from drawings of the whole.
    """
    reach = round(_AROUND * song.rate)
    before, behind = min(reach, song.first), min(reach, song.total - song.first - song.samples)
    whole = replace(song, first=song.first - before, samples=before + song.samples + behind)
    moved, first = Fraction(before, song.rate), clock.start + ticks.start / clock.fps
    run = max(0, min(_faded(look, clock.fps), math.floor((first + moved) * clock.fps)))
    begin = first - run / clock.fps
    part, skip = _settling(whole, begin + moved, moved + clock.start + ticks.stop / clock.fps)
    coloured = _Coloured(palettes, _start(song) + begin)
    count = run + len(ticks)
    with closed(_draw(part, look, clock.fps, count, size, skip=skip, coloured=coloured)) as drawn:
        yield from islice(drawn, run, None)


def _faded(look: Look, fps: Fraction) -> int:
    """As many pictures as may leave light in one behind them, or share its transform's window."""
    # That is as long as twice the longest one, to the next power of two, at most.
    window = min(_WINDOW, Fraction(1, 10) + 2 * Fraction(look.tlength))
    return math.ceil((window + _FADED * Fraction(look.afterglow)) * fps)


def _settling(song: Song, begin: Fraction, end: Fraction) -> tuple[Song, int]:
    """The part of a song that is needed to draw it from a time to another, and the samples in it
    before that."""
    first, block = round(begin * song.rate), _level_block(song.rate)
    settled = max(0, (first - _SETTLED * block) // block * block)
    last = min(song.samples, round((end + _WINDOW) * song.rate) + _SETTLED * block)
    return replace(song, first=song.first + settled, samples=last - settled), first - settled


def draw_moment(
    song: Song,
    look: Look,
    time: Fraction,
    *,
    clock: Clock,
    size: tuple[int, int] = (512, 512),
    palettes: Keys = (),
    course: Course | None = None,
) -> Frame:
    """The picture that `draw` makes of one moment, without those before it; with its embers.

    time: seconds from the beginning of the song's part, from 0 to its duration. The last picture
        that is not later is drawn.
    palettes: as for `draw`.
    course: by which embers are carried, see `musvid.spectrum.embers`.

    Returns a uint8 array (height, width, 3).
    """
    fps, tick = clock.fps, tick_at(clock, time)
    last = math.ceil((song.duration - clock.start) * fps) - 1
    tick = max(0, min(tick, last))
    moment = clock.start + tick / fps
    # Lights go on glowing, and an averaged picture is mixed of its neighbours; any other picture
    # stands for itself, and those before it may be far apart.
    alone = look.count == 1 and not look.afterglow
    plain = alone and not look.embers
    rate = Fraction(1) if plain else fps
    before = math.ceil((_WINDOW + _FADED * Fraction(look.afterglow)) * rate)
    if look.embers:  # of pictures that stand for themselves, as many as leave some light
        before = embers.run_in(look, rate) + (0 if alone else before)
    if not plain:  # no picture stands before the first one
        before = min(before, tick)
    part, skip = _settling(song, moment - before / rate, moment)
    coloured = _Coloured(palettes, _start(song) + moment - before / rate)
    pictures = _draw(part, look, rate, before + 1, size, skip=skip, coloured=coloured)
    return deque(embers.glowing(pictures, look, clock, course, first=tick - before), 1)[0]


def tick_at(clock: Clock, time: Fraction) -> int:
    """The tick of a moment: the last one that is drawn and is not later."""
    place = (time - clock.start) * clock.fps + _SLACK
    return clock.ticks[max(0, bisect.bisect_right(clock.ticks, place) - 1)]


_WINDOW = Fraction(2)  # seconds around a moment that a transform may look at
_AROUND = Fraction(10)  # seconds beside a part that may be looked at: levelling forgets more slowly
_SLACK = Fraction(1, 10**6)  # of a picture: a time as a float may lie just below its own picture
_FADED = Fraction(63, 10)  # multiples of the afterglow after which a light of 255 is black
_SETTLED = 16  # blocks after which levelling over 15 blocks has forgotten the past


def _level_block(rate: int) -> int:
    """Samples in a block of dynaudnorm: 250 ms, an even number."""
    block = round(rate / 4)
    return block + block % 2


@dataclass(frozen=True)
class _Coloured:
    """Palettes along time, as `draw` takes them, and the time of the first picture in the file."""

    palettes: Keys
    begin: Fraction

    def at(self, picture: int, fps: Fraction) -> Shares:
        """The palettes of a picture; none is the look's own."""
        return shares(self.palettes, float(self.begin + picture / fps)) if self.palettes else ()


def _start(song: Song) -> Fraction:
    """Where a song's part begins, in seconds of the file."""
    return Fraction(song.first, song.rate)


def _draw(
    song: Song,
    look: Look,
    fps: Fraction,
    count: int,
    size: tuple[int, int],
    *,
    skip: int,
    coloured: _Coloured,
) -> Generator[Frame, None, None]:
    """Draw the first pictures of a song, or those after so many samples (or, below 0, before)."""
    width, height = size
    half = width // 2
    colours = PALETTES[look.palette]
    halves = _ffmpeg.read_frames(
        _arguments(song, look, fps, width=half, height=height, colour=colours is None, skip=skip),
        (height, half, 3) if colours is None else (height, half),
        count,
        patience=song.patience,
    )
    if look.afterglow:
        halves = _afterglow(halves, math.exp(-1 / (float(fps) * look.afterglow)))
    if colours is None:
        for left in halves:
            yield whole(left)
        return
    tables = {look.palette: colours(height)}

    def looked_up() -> Iterator[tuple[_Lookup, Frame]]:
        """The brightness of each picture's pixels, and how it is coloured."""
        known: Shares = ((look.palette, 1.0),)
        lookup = _lookup(tables, known)
        for number, level in enumerate(halves):
            if (now := coloured.at(number, fps)) and now != known:
                known = now
                for name, _ in known:
                    if name not in tables and (palette := PALETTES[name]):
                        tables[name] = palette(height)
                lookup = _lookup(tables, known)
            yield lookup, level

    def mirrored(job: tuple[_Lookup, Frame]) -> Frame:
        lookup, level = job
        left = lookup(level)
        frame = np.empty((height, width, 3), np.uint8)
        frame[:, :half], frame[:, half:] = left, cv2.flip(left, 1)
        return frame

    # ffmpeg draws on one core; colouring, which takes longer, has the others.
    with closed(halves):
        yield from abreast(mirrored, looked_up(), min(2 * cores(), count))


_Lookup = Callable[[np.ndarray], np.ndarray]
"""From brightness, (height, width), to colours, (height, width, 3)."""


def _lookup(tables: dict[str, np.ndarray], mixed: Shares) -> _Lookup:
    """How a mixture of palettes colours."""
    (name, share), *others = mixed
    table = tables[name]
    if others:
        sum_ = table * np.float32(share)
        for name, share in others:
            sum_ += tables[name] * np.float32(share)
        table = np.rint(sum_).astype(np.uint8)
    if (table == table[:1]).all():
        one = np.ascontiguousarray(table[:1])
        return lambda level: cv2.LUT(cv2.merge([level] * 3), one)
    # Colours by pitch: rows and brightness as one index, a pixel as one item of 3 bytes.
    rows = 256 * np.arange(len(table), dtype=np.int32)[:, None]
    pixels = np.ascontiguousarray(table).reshape(-1, 3).view("V3")[:, 0]
    return lambda level: pixels.take(rows + level).view(np.uint8).reshape(*level.shape, 3)


def _arguments(
    song: Song,
    look: Look,
    fps: Fraction,
    *,
    width: int,
    height: int,
    colour: bool,
    skip: int,
) -> list[str]:
    """ffmpeg's arguments for the left half of the pictures, lying pitch upwards."""
    # dynaudnorm levels with a moving window around each moment (15 blocks of 0.25 s) and delays
    # nothing. Its gain is bounded, so that the noise of a fade-out does not become music, and with
    # b=1 it does not fade in from no gain at all at the beginning.
    level = (
        "dynaudnorm=f=250:g=15:p=0.9:m=30:b=1" if look.gain == "auto" else f"volume={look.gain}dB"
    )
    sound = song.even if look.gain == "auto" else song.centred
    scheme = "" if colour else ":cscheme=1|1|1|1|1|1"
    pixels = "rgb24" if colour else "gbrp,extractplanes=g"
    # In the article's picture the bars stand on the upper half of an empty axis, filled with
    # their full colours: the bright spine of the mirrored picture. 4 pixels of 512 are its size.
    spine = 2 * max(1, round(height / 240))
    # showcqt's own count only scrolls a sonogram, which is not drawn here: its bars show the last
    # of the transforms. So that averaging is what a higher count means, the pictures between two
    # ticks are drawn too, and those around each tick are mixed.
    count = look.count
    mix = ""
    if count > 1:
        behind = count // 2  # pictures after the tick that belong to it
        mix = f"tmix=frames={count},select=eq(mod(n\\,{count})\\,{behind}),"
    late = f"atrim=start_sample={skip},asetpts=N/SR/TB," if skip > 0 else ""
    if skip < 0:
        late = f"adelay={-skip}S:all=1,"
    chain = (
        f"{song.sound}{sound},{level},{late}apad,"
        f"showcqt=s={height}x{width}:rate={fps * count}:count=1:axis=0:sono_h=0"
        f":bar_h={width - spine}:axis_h={spine}"
        f":bar_g={look.gamma}:sono_g={max(3.0, look.gamma)}:tc={look.tlength}{scheme},"
        f"format={pixels},{mix}transpose=2[v]"
    )
    return [
        *("-filter_complex_threads", "1"),
        *song.input(),
        *("-filter_complex", chain, "-map", "[v]", "-fps_mode", "passthrough"),
    ]


def _afterglow(frames: Iterator[Frame], decay: float) -> Iterator[Frame]:
    """Let lights fall by the factor `decay` per picture at the fastest; they rise at once."""
    glow: np.ndarray | None = None
    for frame in frames:
        glow = frame.astype(np.float32) if glow is None else np.maximum(frame, glow * decay)
        yield np.rint(glow).astype(np.uint8)
