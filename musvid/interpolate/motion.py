"""Motion-compensated interpolation by ffmpeg's `minterpolate`.

Blocks are followed from frame to frame in both directions, with overlapping block compensation
and variable block sizes: https://ffmpeg.org/ffmpeg-filters.html#minterpolate. (Choi et al.,
"New frame rate up-conversion using bi-directional motion estimation", IEEE Trans. Consumer
Electronics 46(3), 2000.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import chain, repeat

from .. import _ffmpeg
from ..frame import Frame

# minterpolate holds frames back until it has seen what follows, and then drops them: the last
# frame is repeated, and what comes out for the repetitions is dropped instead.
_RUN_OUT = 3

# Scene detection would turn a loud onset into a held frame. Full range and no chroma subsampling,
# so that no colour is lost on the way.
_FILTERS = (
    "scale=out_range=pc:flags=accurate_rnd+full_chroma_int,format=yuv444p,"
    "minterpolate=fps={factor}:mi_mode=mci:mc_mode=aobmc:me_mode=bidir:vsbmc=1:scd=none,"
    "scale=in_range=pc:flags=accurate_rnd+full_chroma_int,format=rgb24"
)


def between(frames: Iterable[Frame], factor: int) -> Iterator[Frame]:
    """``(M - 1) * factor + 1`` frames from M uint8 frames; the given ones come out unchanged."""
    source = iter(frames)
    first = next(source, None)
    if first is None:
        return
    height, width = first.shape[:2]
    given: deque[Frame] = deque()  # sent to ffmpeg, and not yet due on the way out

    def sent() -> Iterator[Frame]:
        for frame in chain([first], source):
            given.append(frame)
            yield frame
        yield from repeat(frame, _RUN_OUT)

    arguments = [*_ffmpeg.raw_input(width, height, 1), "-vf", _FILTERS.format(factor=factor)]
    with closing(_ffmpeg.filter_frames(arguments, sent(), first.shape)) as made:
        for index, frame in enumerate(made):
            if not given:  # the last one is out: the run-out begins
                return
            yield given.popleft() if index % factor == 0 else frame
