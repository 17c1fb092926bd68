"""A long sound, of which only some places are decoded, so that ten hours open in seconds.

All packets are read, and two facts are asked of each of them without decoding it: that it begins
where the one before ends, and that it is as long as the others. Where that holds, time stamps count
samples, and a place is exact although nothing before it was decoded. What the sound is like is then
looked at for a quarter of a second in every twenty, at its beginning and at its end. The places
depend on nothing but the file, so that any part of it is treated as the whole is.

Whatever is odd there (another rate or layout, damage, no numbers, a level that is low or out of
range, an offset, channels that cancel) has to be known exactly: then there is no answer, and all of
the file is to be decoded. So it is where time stamps do not count samples: in Matroska, which has
milliseconds, and in most of Ogg Vorbis.

What this cannot know is damage between the places that are looked at, where a packet is whole and
what is in it is not. Nothing is said of such damage, and behind it a part that is sought and the
same part of the whole may be apart by what the decoder dropped. Nor is a change of rate or channels
seen that lasts for less than 64 packets (1.7 s of MP3) and leaves them as long as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from ._look import Floats, Looked, Survey
from ._packets import Packets, Piece
from .errors import FFmpegError

_FIRST = 3  # seconds at which the first place is, behind the beginning; `_seek` likes these
_EVERY = 20  # seconds from one place to the next
_WARM, _SEEN = 0.5, 0.25  # seconds there of which a codec needs the first to be exact, and the rest
_BEGINNING = 1  # second of the beginning that is looked at
_NEAR = 0.1  # seconds by which a codec's first packet after a gap may be too long or too short

_COUNTED = 1 << 6  # every so many packets one is decoded while they are counted
_TOLD = 4  # packets at the beginning that are decoded then, and may be of any length
_SLACK = 60  # seconds behind the longest length that are still counted

_PEAKS = 0.03, 4.0  # between these, a level needs not be known exactly

_VARIED = {"vorbis"}  # codecs whose packets differ in length by their nature
_LARGEST = {"mp3": 1441}  # bytes that a packet has at most, unless it holds what is none
_FLOATS = "pcm_f", "wavpack"  # how those are called whose samples may be no numbers


def look(path: Path, track: int, codec: str, longest: float) -> Survey | None:
    """What is found in a sound of which some places are decoded; None where that is not enough.

    track: its number, from 1. codec: as ffmpeg names it. longest: seconds of the file that are
    counted, and a minute more.

    Raises SongError where the rate or channels are beyond what can be drawn.
    """
    if codec.startswith(_FLOATS):
        return None
    try:
        packets = _count(path, track, codec, longest + _SLACK)
        found = _places(path, track, longest + _SLACK, packets) if packets else None
    except FFmpegError:
        return None
    if found is None or found.silenced or found.offset or found.side is not None:
        return None
    low, high = _PEAKS
    return found if low <= found.peak <= high else None


def _count(path: Path, track: int, codec: str, seconds: float) -> int:
    """How many packets there are, less up to 64; 0 where one is odd.

    It is where it does not begin as the one before ends, where it is of another length (but for the
    first few and the last), or larger than it can be.
    """
    # Registers: 0 the time at which the next begins, 1 the usual length, 2 that of the one before,
    # 3 whether anything was odd. From there on all packets are decoded, which shows.
    odd = "gt(n,0)*not(eq(pts,ld(0)))"
    if codec in _LARGEST:
        odd += f"+gt(size,{_LARGEST[codec]})"
    if codec not in _VARIED:
        odd += f"+gte(n,{_TOLD})*not(eq(ld(2),ld(1)))"
    chosen = Packets(
        path,
        track,
        f"st(3,ld(3)+{odd});if(lt(n,{_TOLD}),st(1,duration));st(0,pts+duration);st(2,duration);"
        f"lt(n,{_TOLD})+not(mod(n,{_COUNTED}))+ld(3)",
        seconds,
    )
    stretches, following, end = 0, 0, None
    for piece in chosen:
        stretches += piece.stamp != end
        following += piece.frames - (piece.stamp != end)
        if following >= _TOLD:
            return 0
        end = piece.stamp + len(piece.sound)
    return _COUNTED * (stretches - 1) if chosen.whole else 0


def _places(path: Path, track: int, seconds: float, packets: int) -> Survey | None:
    """What is found in some places of a sound; None where they were not decoded as they should.

    packets: how many there are, less some. From a little before, all are decoded.
    """
    time = "(pts-startpts)*tb"
    chosen = Packets(
        path,
        track,
        f"lt(mod({time}+{_EVERY - _FIRST},{_EVERY}),{_WARM + _SEEN})+lt({time},{_BEGINNING})"
        f"+gte(n,{packets - _COUNTED // 2})",
        seconds,
    )
    looked = _stretches(chosen, chosen)
    return replace(looked.result(), layout=chosen.layout) if looked and chosen.whole else None


def _stretches(chosen: Packets, pieces: Iterable[Piece]) -> Looked | None:
    """Look at pieces of a sound, if they are the stretches that were asked for."""
    looked: Looked | None = None
    lengths: list[int] = []  # of the stretches before
    held: list[Floats] = []  # of this one
    origin = begin = end = longest = 0

    def close() -> None:
        warm = round(_WARM * chosen.rate) if lengths else 0  # nothing is missing before the first
        if looked and end - begin > warm:
            looked.add(np.concatenate(held)[warm:], begin + warm - origin)
        lengths.append(end - begin)

    for piece in pieces:
        if looked is None:
            looked, origin = Looked(chosen.rate, chosen.channels), piece.stamp
        if held and piece.stamp != end:
            gap = piece.stamp - end
            fresh = lengths and end - begin < _WARM * chosen.rate
            if not (fresh and abs(gap) < _NEAR * chosen.rate):  # else it begins anew
                if gap < 0:
                    return None
                close()
            held = []
        if not held:
            begin = end = piece.stamp
        held.append(piece.sound)
        end, longest = end + len(piece.sound), max(longest, piece.longest)
    if looked is None:
        return None
    close()
    looked.total = end - origin
    usual = (_WARM + _SEEN) * chosen.rate
    expected = 2 + ((begin - origin) / chosen.rate - _FIRST) / _EVERY
    even = all(abs(length - usual) <= 2 * longest for length in lengths[1:-1])
    return looked if even and abs(len(lengths) - expected) < 1.5 else None
