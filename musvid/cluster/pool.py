"""Work in spans for several hands: results in order, everybody served in turn, nothing lost.

A hand is whoever works: an actor of a cluster, say. This module knows nothing of what the work is,
nor of clusters, but that a hand may be lost in the middle of its work.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..errors import ClusterError

Work = Callable[[Any], "Future[Any]"]
"""A span: begun at a hand's `Hand.worker`, which is its argument; its results come later."""

AHEAD = 2
"""Spans that a hand has at a time: the next one is there when one is finished."""

WINDOW = 3
"""Spans per hand that are under way, or wait for those before them."""

STARTING, WORKING, WAITING, LOST = "starting", "working", "waiting", "lost"
"""What a hand does, for who watches."""

_TRIES = 3  # hands that may be lost with the same span
_LOOK = 0.5  # seconds between two looks at the time

_log = logging.getLogger(__name__)


class Hand(Protocol):
    """Who works. name: for people. worker: what a span is begun at, see `Work`."""

    name: str
    worker: Any

    def begin(self) -> Future[Any]:
        """Done when the hand is ready, at first, or again after it was lost. It fails with
        ClusterError where it never will be."""

    def reason(self, error: BaseException) -> BaseException | None:
        """Why its work failed, by an error that came of it; None where the hand was lost."""

    def end(self, *, again: bool) -> None:
        """Take the hand away from whatever it does. again: it will be wanted back, see `begin`."""


@dataclass(eq=False)
class _Caller:
    """Somebody who has work done. waits: what of theirs no hand has yet, in order."""

    waits: deque[_Span] = field(default_factory=deque)


@dataclass(eq=False)
class _Span:
    """Some work of a caller.

    place: who has it, and since: when that one turned to it. future: what that one was asked for.
    lost: hands that were lost at it.
    """

    work: Work
    caller: _Caller
    place: _Place | None = None
    future: Future[Any] | None = None
    since: float = 0.0
    lost: int = 0
    made: Any = None
    error: BaseException | None = None
    finished: bool = False

    def finish(self, made: Any, error: BaseException | None) -> None:
        self.place = self.future = None
        self.made, self.error, self.finished = made, error, True


@dataclass(eq=False)
class _Place:
    """A hand in the pool. has: its spans; it works at the first one."""

    hand: Hand
    state: str = STARTING
    has: list[_Span] = field(default_factory=list)

    @property
    def free(self) -> int:
        """How many more spans it may have."""
        return AHEAD - len(self.has) if self.state in (WORKING, WAITING) else 0


class Pool:
    """Several hands that work for several callers; safe to use from several threads.

    limit: seconds that a hand may work at one span; then it counts as lost. patience: seconds that
    callers wait while no hand is there.

    Callers are served in turn, whoever has how much to do: a single picture waits for the spans
    that are under way, never for a whole render. Of each caller's work so much is under way as
    keeps all hands busy, and no more: memory does not grow with the work.
    """

    def __init__(
        self, hands: Iterable[Hand], *, limit: float = 1800.0, patience: float = 120.0
    ) -> None:
        self._places = [_Place(hand) for hand in hands]
        self._limit, self._patience = limit, patience
        self._changed = threading.Condition(threading.RLock())
        self._callers: deque[_Caller] = deque()  # who is next comes first
        self._refused: list[BaseException] = []  # why hands will never be ready
        self._seen = time.monotonic()  # when a hand was last there
        self._ended = False
        # Results come in threads of the cluster's own, which must not wait for anything.
        self._thread = ThreadPoolExecutor(1, "pool")
        for place in self._places:
            self._await(place)

    def __len__(self) -> int:
        return len(self._places)

    @property
    def states(self) -> Counter[str]:
        """How many hands do what: `STARTING`, `WORKING`, `WAITING`, `LOST`."""
        with self._changed:
            return Counter(place.state for place in self._places)

    def map(self, spans: Iterable[Work]) -> Iterator[Any]:
        """What spans give, in their order. They are taken in the caller's thread, not far ahead.

        Raises what the work raises, when its turn comes; and ClusterError where hands are lost at
        the same span again and again, or where no hand is left.
        """
        source = iter(spans)
        caller = _Caller()
        due: deque[_Span] = deque()
        more = True
        with self._changed:
            self._callers.append(caller)
        try:
            while True:
                # At least one, so that hands stay busy; and more while there is nothing to give.
                for _ in range(WINDOW * len(self._places) - len(due)):
                    if not more or (work := next(source, None)) is None:
                        more = False
                        break
                    due.append(_Span(work, caller))
                    with self._changed:
                        caller.waits.append(due[-1])
                        self._give()
                    if due[0].finished:
                        break
                if not due:
                    return
                yield self._wait(due.popleft())
        finally:
            with self._changed:
                caller.waits.clear()
                self._callers.remove(caller)

    def close(self) -> None:
        """Send all hands away, whatever they are at."""
        with self._changed:
            if self._ended:
                return
            self._ended = True
            self._changed.notify_all()
        self._thread.shutdown(wait=False)
        for place in self._places:
            place.hand.end(again=False)

    def _wait(self, span: _Span) -> Any:
        """What a span gives, when it is finished. Raises its error."""
        with self._changed:
            while not span.finished:
                self._look()
                if not span.finished:
                    self._changed.wait(_LOOK)
        if span.error:
            raise span.error
        return span.made

    def _look(self) -> None:
        """See whether a hand has been at its work for too long. Raises ClusterError where there is
        nobody to wait for."""
        if self._ended:
            raise ClusterError("The cluster was left while it was at work; begin again.")
        now = time.monotonic()
        for place in self._places:
            if place.has and now - place.has[0].since > self._limit:
                place.hand.end(again=True)
                self._lose(place, TimeoutError(f"silent for {self._limit:.0f} s"))
        if any(place.state in (WORKING, WAITING) for place in self._places):
            self._seen = now
        elif len(self._refused) == len(self._places):
            raise self._refused[0]
        elif now - self._seen > self._patience:
            raise ClusterError(
                f"No worker of the cluster has been there for {self._patience:.0f} s; see whether "
                "its machines are up and have room, and begin again: what is finished is kept."
            )

    def _give(self) -> None:
        """Give work to the hands that are free: a span of each caller in turn."""
        while not self._ended and any(caller.waits for caller in self._callers):
            place = max(self._places, key=lambda each: each.free)
            if place.free <= 0:
                return
            while not self._callers[0].waits:
                self._callers.rotate(-1)
            span = self._callers[0].waits.popleft()
            self._callers.rotate(-1)
            self._begin(span, place)

    def _begin(self, span: _Span, place: _Place) -> None:
        span.place, span.since = place, time.monotonic()
        place.has.append(span)
        place.state = WORKING
        try:
            future = span.work(place.hand.worker)
        except Exception as error:  # it cannot even be asked
            self._ended_at(place, span, None, error)
            return
        span.future = future
        self._then(future, lambda future: self._done(future, span, place))

    def _done(self, future: Future[Any], span: _Span, place: _Place) -> None:
        with self._changed:
            if self._ended or span.future is not future:  # or it was taken away from this one
                return
            error = future.exception()
            self._ended_at(place, span, None if error else future.result(), error)
            self._give()
            self._changed.notify_all()

    def _ended_at(self, place: _Place, span: _Span, made: Any, error: BaseException | None) -> None:
        """A hand has finished a span, has failed at it, or is lost."""
        reason = error and place.hand.reason(error)
        if error and not reason:
            self._lose(place, error)
            return
        place.has.remove(span)
        span.finish(made, reason)
        if place.has:
            place.has[0].since = time.monotonic()
        else:
            place.state = WAITING

    def _lose(self, place: _Place, why: BaseException) -> None:
        """A hand is gone: others get what it had, before anything else, and it is waited for."""
        reason = " ".join(str(why).split())[:200] or type(why).__name__
        _log.warning("%s was lost; others go on with its work. (%s)", place.hand.name, reason)
        spans, place.has, place.state = place.has, [], LOST
        for number, span in reversed(list(enumerate(spans))):
            span.place = span.future = None
            span.lost += number == 0  # what only lay ready is not to blame
            if span.lost < _TRIES:
                span.caller.waits.appendleft(span)
                continue
            text = (
                f"{_TRIES} workers were lost at the same paintings; their memory may not suffice, "
                "so choose a smaller --size, or larger machines."
            )
            span.finish(None, ClusterError(text))
        self._give()
        self._await(place)
        self._changed.notify_all()

    def _await(self, place: _Place) -> None:
        """Have a hand work as soon as it is ready."""

        def ready(future: Future[Any]) -> None:
            with self._changed:
                if self._ended:
                    return
                if error := future.exception():
                    place.state = LOST
                    self._refused.append(error)
                    _log.warning("%s does not work here: %s", place.hand.name, error)
                else:
                    place.state = WAITING
                self._give()
                self._changed.notify_all()

        self._then(place.hand.begin(), ready)

    def _then(self, future: Future[Any], work: Callable[[Future[Any]], None]) -> None:
        """Do some work in the pool's own thread when a future is done."""

        def done(future: Future[Any]) -> None:
            with suppress(RuntimeError):  # the pool is closed
                self._thread.submit(work, future)

        future.add_done_callback(done)
