"""A song played with its pictures while they are being painted, in short pieces that are asked for.

Whoever plays asks for the next piece when what they hold does not reach far ahead, so that nothing
is painted that nobody waits for. A piece that goes on where the last one ended, with the same
settings, goes on with the same generators; any other begins at the keyframe before its time, and
shows what the whole film shows there. Pictures are smaller than the film's, and so many as this
machine makes in time: see `Pace`.

A browser that can draw them is given what they are made of instead, see `musvid.studio.relit`.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import count, islice
from typing import Any

from .._priority import in_background
from ..clock import Rest
from ..errors import Cancelled
from ..frame import Frame
from ..frame import encoded as as_file
from ..interpolate import chosen
from ..job import Job, resolve
from . import relit
from .studio import Studio, smaller

LEVELS = ((512, 30), (384, 30), (256, 30), (256, 15), (256, 8), (192, 8), (128, 8))
"""Pixels of the longer side and pictures a second, the best first."""

_FIRST = 3  # of the levels: with which playing begins
PIECE = 0.8
"""Seconds of song in a piece, at most."""

_PROMPT = 0.35  # seconds after which a piece is given as far as it is
_SOON = 0.08  # the same, where what it shows is waited for while older pictures play
_NEAR = 0.02  # seconds by which two times may differ that mean the same picture
_SKIPPED = 1.5  # seconds of pictures that are made and left out sooner than begun anew behind them
_IDLE = 8.0  # seconds without a question after which what is held is given up
_MOST = 4  # who play at a time with generators of their own; others begin anew with each piece
_LATE = 0.95  # seconds of work for a second of song from which on pictures come too late
_EASY = 0.45  # those below which there could be more
_CALM = 8.0  # seconds of song that have to be easy before there are more
_LONGEST = 64.0  # those after which more is tried again, at most
_SAFE = 2.5  # seconds held ahead with which nothing is late yet
_QUALITY = 85  # of JPEG, which a processor makes four times as fast as WebP
_BEFORE = 0.1  # seconds before the first picture of which the view is known

_runs = count(1)


@dataclass(frozen=True)
class Piece:
    """Some pictures of a song.

    pictures: the time of each, in seconds of the file, and the picture as JPEG. begin, end: the
    times which they cover. fresh: whether it does not go on with the piece before. size: width and
    height in pixels. rate: pictures a second. over: whether the clip ends here. lit: in place of
    pictures, what they are made of, see `relit.packed`; seen: how that is seen, see `relit.seen`.
    """

    pictures: tuple[tuple[float, bytes], ...]
    begin: float
    end: float
    fresh: bool
    size: tuple[int, int]
    rate: float
    over: bool
    lit: dict[str, Any] | None = None
    seen: dict[str, Any] | None = None


class Pace:
    """How good the pictures of somebody who plays are: as good as this machine makes in time.

    The rate goes down first, then the side. After some easy seconds there is more again; if that
    was too much, it is tried again only after twice as long.
    """

    def __init__(self, level: int = _FIRST) -> None:
        self.level = level
        self._cost: float | None = None
        self._easy, self._patience = 0.0, _CALM
        self._tried = False

    def learn(
        self, seconds: float, took: float, held: float, best: int = 0, *, drawn: bool = False
    ) -> None:
        """A piece of so many seconds of song took so long, and so much was held ahead then.

        best: the best level that the song's film has. drawn: whether a browser draws it, so that
        only its side matters.
        """
        cost = took / seconds
        self._cost = cost if self._cost is None else 0.6 * self._cost + 0.4 * cost
        if self._cost > _LATE and held < _SAFE:
            self._down(2 if self._cost > 2 * _LATE else 1, drawn)
            return
        self._easy = self._easy + seconds if self._cost < _EASY else 0.0
        if self._easy > self._patience and self.level > best:
            level = self.level - 1
            while drawn and level > best and self._as_large(level):
                level -= 1
            self._to(level)
            self._tried = True

    def late(self, *, drawn: bool = False) -> None:
        """Pictures did not come in time."""
        self._down(1, drawn)

    def _as_large(self, level: int) -> bool:
        return LEVELS[level][0] == LEVELS[self.level][0]

    def _down(self, levels: int, drawn: bool) -> None:
        level = min(self.level + levels, len(LEVELS) - 1)
        while drawn and level < len(LEVELS) - 1 and self._as_large(level):
            level += 1
        self._to(level)
        if self._tried:
            self._patience = min(_LONGEST, 2 * self._patience)

    def _to(self, level: int) -> None:
        self.level = min(level, len(LEVELS) - 1)
        self._cost, self._easy = None, 0.0


class Players:
    """Who plays, and the generators that they go on with. Safe to use from several threads."""

    def __init__(self, studio: Studio, *, idle: float = _IDLE, most: int = _MOST) -> None:
        self._studio, self._idle, self._most = studio, idle, most
        self._playing: OrderedDict[str, _Playing] = OrderedDict()
        self._paces: OrderedDict[str, Pace] = OrderedDict()
        self._lock = threading.Lock()

    def piece(
        self,
        visitor: str,
        job: Job,
        moment: float,
        *,
        took: float = 0.0,
        seconds: float = 0.0,
        held: float = 0.0,
        late: float = 0.0,
        draws: float = 0.0,
        anew: float = 0.0,
        soon: float = 0.0,
        check: Callable[[Job], None] = lambda _: None,
    ) -> Piece:
        """The next pictures from a moment on, in seconds of the file.

        took, seconds, held: how long the last piece took, and what it and all that was held ahead
        then had in seconds of song; 0 of a piece that began anew, of which nothing is learnt.
        late: above 0 where nothing was held any more, and so this one begins anew. draws: above 0
        where the browser draws pictures itself, as far as it can; anew: where it holds nothing of
        what was sent before. soon: above 0 where somebody waits to see other settings, while what
        they hold of the old ones plays: fewer pictures come sooner. check: is asked about the job
        that is played, before anything is made; it may raise.

        Raises what `Studio.pictures` raises.
        """
        with self._lock:
            playing = self._playing.get(visitor)
            if playing:  # a piece of it that is being made is not waited for
                playing.hurry = True
                self._playing.move_to_end(visitor)
        pace, side = self._pace(visitor), max(job.file_size)
        best = next((level for level, (most, _) in enumerate(LEVELS) if most <= side), 0)
        lit = bool(draws) and relit.covered(job)
        if late:
            pace.late(drawn=lit)
        elif seconds:
            pace.learn(seconds, took, held, best, drawn=lit)
        key = _drawn_key(job, pace.level) if lit else (job.song, job.recipe, pace.level)
        try:
            piece = None
            if playing and playing.goes_on(key, moment):
                piece = playing.piece(moment, anew=bool(anew), soon=bool(soon))
            if playing is None or piece is None:
                self.leave(visitor, wait=False)
                small = played(job, pace.level, every=lit)
                check(small)
                rate = None if lit else LEVELS[pace.level][1]
                playing = _Playing(self._studio, key, small, moment, rate)
                self._hold(visitor, playing)
                piece = playing.piece(moment, soon=bool(soon))
            if lit and piece:
                whole = bool(anew) or piece.fresh
                seen = relit.seen(job, piece.begin - _BEFORE, piece.end, whole=whole)
                piece = replace(piece, seen=seen)
        except BaseException:
            self.leave(visitor)
            raise
        if piece is None:
            raise Cancelled("Too many play at the same time; try again in a moment.")
        made = playing
        made.wait(self._idle, lambda: self.leave(visitor, made))
        return piece

    def seen(self, visitor: str, job: Job, moment: float) -> dict[str, Any] | None:
        """How what a browser draws is seen from a moment on, see `relit.seen`, where nothing but
        that has changed since the last piece; else None."""
        with self._lock:
            playing = self._playing.get(visitor)
        if not playing or not relit.covered(job):
            return None
        if not playing.plays(_drawn_key(job, self._pace(visitor).level)):
            return None
        return relit.seen(job, max(0.0, moment - _BEFORE), moment + relit.AHEAD)

    def leave(self, visitor: str, only: _Playing | None = None, *, wait: bool = True) -> None:
        """Give up what is held of a visitor. only: unless it is something else by now. wait: until
        the piece that is being made of it is finished, and the processes behind it have ended."""
        with self._lock:
            playing = self._playing.get(visitor)
            if playing is None or (only is not None and playing is not only):
                return
            del self._playing[visitor]
        if wait:
            playing.close()
        else:
            in_background(playing.close, "leave")

    def __len__(self) -> int:
        return len(self._playing)

    def _pace(self, visitor: str) -> Pace:
        with self._lock:
            pace = self._paces.setdefault(visitor, Pace())
            self._paces.move_to_end(visitor)
            while len(self._paces) > 100:
                self._paces.popitem(last=False)
            return pace

    def _hold(self, visitor: str, playing: _Playing) -> None:
        """Keep what somebody plays; of those who asked longest ago, there is no room for all."""
        with self._lock:
            self._playing[visitor] = playing
            gone = []
            while len(self._playing) > self._most:
                gone.append(self._playing.popitem(last=False)[1])
        for each in gone:
            each.close()


class _Playing:
    """The pictures of a job from a time on."""

    def __init__(
        self, studio: Studio, key: object, job: Job, moment: float, rate: int | None
    ) -> None:
        """rate: pictures a second; None has the browser draw them."""
        self._studio, self._key, self._lock = studio, key, threading.Lock()
        self._timer: threading.Timer | None = None
        clock, start = job.clock, Fraction(job.song.first, job.song.rate)
        self._every = max(1, round(clock.rate / rate)) if rate else 1
        self._rate, self._size = clock.rate / self._every, job.file_size
        frame = clock.nearest(Fraction(moment) - start) // self._every * self._every
        rest = beginning(job, frame)
        self._number, self._last = 0, (rest.clock.frames - 1) // self._every
        self._first = float(start + rest.clock.time(0))
        self._job, self._run = (None if rate else rest), next(_runs)
        self._made: Iterator[Any] = studio.pictures(rest) if rate else studio.moments(rest)
        self._pictures = self._wanted()
        self._near: deque[relit.Painting] = deque(maxlen=2)  # what the last moment is between
        self._begun = self._closed = False
        self.hurry = False  # whether the next piece is asked for already

    @property
    def _next(self) -> float:
        return self._first + self._number / float(self._rate)

    def goes_on(self, key: object, moment: float) -> bool:
        """Whether the next piece is the one that is asked for, or begins a little before it."""
        near = -_NEAR < moment - self._next < _SKIPPED
        return key == self._key and not self._closed and near

    def plays(self, key: object) -> bool:
        """Whether that is what is played."""
        return key == self._key and not self._closed

    def _wanted(self) -> Iterator[tuple[float, Any]]:
        """The pictures that are played, or what they are made of, with their times."""
        for frame in islice(self._made, 0, None, self._every):
            moment, self._number = self._next, self._number + 1
            yield moment, frame

    def piece(self, moment: float, *, anew: bool = False, soon: bool = False) -> Piece | None:
        """The next pictures from a moment on: some, and more while there is time, which is little
        where they are wanted soon. None where they were given up."""
        if self._timer:
            self._timer.cancel()
        if not self._studio.renders:
            return self._piece(moment, anew, soon)
        # What renders gives way to what is waited for; here somebody else's render would starve.
        made: list[Piece | BaseException | None] = []

        def work() -> None:
            try:
                made.append(self._piece(moment, anew, soon))
            except BaseException as error:
                made.append(error)

        in_background(work, "play").join()
        if isinstance(made[0], BaseException):
            raise made[0]
        return made[0]

    def _piece(self, moment: float, anew: bool, soon: bool) -> Piece | None:
        with self._lock:
            self.hurry = False
            if self._closed:
                return None
            skipped = max(0, round((moment - self._next) * self._rate))
            for _, left_out in islice(self._pictures, skipped):
                self._near.extend(getattr(left_out, "paintings", ()))
            near = list(self._near) if skipped or anew else []
            until, patience = math.inf, _SOON if soon else _PROMPT
            begin, made = self._next, list[tuple[float, Any]]()
            for moment, frame in self._pictures:
                made.append((moment, frame if self._job else encoded(frame)))
                until = min(until, time.monotonic() + patience)
                if self.hurry or self._next - begin >= PIECE or time.monotonic() > until:
                    break
            fresh, self._begun = not self._begun, True
            over = not made or self._number > self._last
            lit = None
            if self._job:
                moments = [each for _, each in made]
                lit, made = relit.packed(self._job, self._run, moments, near), []
                for each in moments:
                    self._near.extend(each.paintings)
            width, height = self._size
            return Piece(
                tuple(made), begin, self._next, fresh, (width, height), float(self._rate), over, lit
            )

    def wait(self, seconds: float, give_up: Callable[[], None]) -> None:
        """Have something done unless another piece is asked for in time."""
        self._timer = threading.Timer(seconds, give_up)
        self._timer.daemon = True
        self._timer.start()

    def close(self) -> None:
        """Give the generators up, when a piece that is being made is finished."""
        if self._timer:
            self._timer.cancel()
        with self._lock:
            self._closed = True
            getattr(self._made, "close", lambda: None)()


def _drawn_key(job: Job, level: int) -> tuple[object, ...]:
    """What tells apart what a browser draws: another view of the same is the same."""
    return job.song, job.recipe.unseen.to_json(), min(LEVELS[level][0], max(job.size))


def played(job: Job, level: int, *, every: bool = False) -> Job:
    """A job as it is played: small, and with no more pictures a second than the level has.

    every: with all of them, which somebody else draws.
    """
    side, rate = LEVELS[level]
    recipe = replace(smaller(job, side), motion_fps=None)
    if not recipe.lock and not every:  # the same paintings, with less between them
        most = max(1, round(job.clock.rate / rate))
        parts = max(part for part in range(1, most + 1) if not recipe.after % part)
        recipe = replace(recipe, after=recipe.after // parts)
    return resolve(recipe, job.song, job.store)


def beginning(job: Job, frame: int) -> Job:
    """A job from a frame of its video on, with as much before it as that needs."""
    clock, recipe = job.clock, job.recipe
    painting = clock.painting_of(frame)
    if job.echo:
        painting = job.echo.begin(painting)
    keyframe = clock.keyframe_of(painting)
    # It looks at the keyframe before, too.
    for factor, painted in ((clock.before, False), (clock.after, True)):
        if factor > 1 and chosen(recipe.interpolator, painted=painted) == "flavr":
            keyframe -= 1
    return replace(job, clock=Rest.of(clock, keyframe, frame))


def encoded(frame: Frame) -> bytes:
    """A picture as it travels."""
    return as_file(frame, _QUALITY, "JPEG")
