"""A render on a cluster, simulated: what its parts cost is given, what comes of it is found.

The policy is that of `musvid.cluster`: the head draws the spectrum and forms spans of a few
paintings, short ones first. A worker has two spans at a time; three spans for each worker are under
way, or wait for those before them. Results come in order; the head fills the gaps, shows and hands
over the frames, and an encoder works beside it. A worker may be lost; others get what it had.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, count, repeat

AHEAD, WINDOW, LONGEST, UNDER_WAY = 2, 3, 16, 512
"""Spans that a worker has; spans for each worker under way; paintings of a long span."""

BUFFERED = 2  # paintings whose frames lie between the head and its encoder

DRAWS, FILLS, SHOWS = "draws", "fills", "shows"
ENCODER, PAINTING, LOADING, NETWORK = "encoder", "painting", "loading", "network"
SPENT = (DRAWS, FILLS, SHOWS, ENCODER, PAINTING, LOADING, NETWORK)
"""How the head spends its time: what it does itself, and what it waits for."""


@dataclass(frozen=True)
class Costs:
    """What every part costs, in seconds, if nothing else is said.

    painting: one, on one card, with `batch` at once. start, load: of a worker's process, and of the
    model in it. draw, fill, show, encode: of the head, for one frame of the video; `encode` is done
    by another process. alone: what of `fill` one thread does, however many cores fill.
    handle: what the head spends on a painting's way out and back.
    sent, returned: bytes of a painting's guide and of the painting. bandwidth: bytes a second of
    the head's network, each way, which all workers share.
    between_losses: of one worker, in the mean; infinite for none. replaced: until the machine of a
    lost worker is there again. shared: whether workers see the store, so that what they have
    painted is not painted again.
    """

    painting: float
    batch: int = 4
    start: float = 0.0
    load: float = 0.0
    draw: float = 0.0
    fill: float = 0.0
    show: float = 0.0
    encode: float = 0.0
    alone: float = 0.0
    handle: float = 0.0
    sent: float = 0.0
    returned: float = 0.0
    bandwidth: float = math.inf
    between_losses: float = math.inf
    replaced: float = 0.0
    shared: bool = True

    def head(self, paintings: int, stride: int) -> float:
        """The time below which no number of workers comes: the head's own work, or its encoder's,
        or its network's, whichever is most."""
        frames = paintings * stride
        own = frames * (self.draw + self.fill + self.show) + paintings * self.handle
        network = paintings * max(self.sent, self.returned) / self.bandwidth
        return max(own, frames * self.encode, network)


@dataclass
class Outcome:
    """What came of a render.

    seconds: until the video is finished. spent: what the head did, and waited for, by `SPENT`.
    order: the first paintings of spans, as they were shown. painted: how often each painting was
    finished. lost: workers. held: paintings that the head had under way, at most.
    """

    seconds: float = 0.0
    spent: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SPENT, 0.0))
    order: list[int] = field(default_factory=list)
    painted: list[int] = field(default_factory=list)
    lost: int = 0
    held: int = 0


@dataclass(eq=False)
class _Span:
    """Some paintings. asked, received, made, here: when it was given to a worker, its guides were
    there, it was painted, and it was back. done: paintings of it that will not be painted again."""

    first: int
    size: int
    done: int = 0
    asked: float = math.inf
    received: float = math.inf
    made: float = math.inf
    here: float = math.inf


@dataclass(eq=False)
class _Worker:
    """life: counts its losses; what was planned for an earlier life does not happen."""

    ready: bool = False
    paints: bool = False
    life: int = 0
    has: list[_Span] = field(default_factory=list)


class _Line:
    """A network: what comes later waits for what came before."""

    def __init__(self, bandwidth: float) -> None:
        self._bandwidth, self._free = bandwidth, 0.0

    def through(self, now: float, size: float) -> float:
        """When it has gone through."""
        self._free = max(now, self._free) + size / self._bandwidth
        return self._free


class _Render:
    """One render. The head is a generator: it gives how long it is busy, or a span to wait for."""

    def __init__(
        self,
        costs: Costs,
        workers: int,
        paintings: int,
        stride: int,
        seed: int,
        most: int | None,
    ) -> None:
        self.costs, self.paintings, self.stride = costs, paintings, stride
        self._most = math.inf if most is None else most
        self.made = Outcome(painted=[0] * paintings)
        self._chance = random.Random(seed)
        self._now, self._numbers = 0.0, count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._workers = [_Worker() for _ in range(workers)]
        self._waiting: deque[_Span] = deque()
        self._out, self._back = _Line(costs.bandwidth), _Line(costs.bandwidth)
        self._encoded: deque[float] = deque([0.0] * BUFFERED, BUFFERED)
        self._first_ready = costs.start + costs.load
        self._head, self._awaited, self._since = self._work(), None, 0.0
        self._finished = False

    def run(self) -> Outcome:
        for worker in self._workers:
            self._at(self._first_ready, self._readies(worker))
        self._at(0.0, self._go_on)
        while not self._finished:
            self._now, _, event = heapq.heappop(self._events)
            event()
        return self.made

    def _at(self, time: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._numbers), event))

    # The head.

    def _work(self) -> Iterator[tuple[str, float] | _Span]:
        costs, left, first = self.costs, self.paintings, 0
        due: deque[_Span] = deque()
        abreast = len(self._workers)
        longest = max(1, min(LONGEST, UNDER_WAY // (WINDOW * abreast)))
        growing = (2**step for step in range(longest.bit_length()) for _ in range(abreast))
        sizes = (min(longest, size) for size in chain(growing, repeat(longest)))
        while left or due:
            while (
                left
                and len(due) < WINDOW * abreast
                and (not due or first - due[0].first < self._most)
            ):
                span = _Span(first, min(next(sizes), left))
                first, left = first + span.size, left - span.size
                yield DRAWS, span.size * (self.stride * costs.draw + costs.handle)
                due.append(span)
                self._waiting.append(span)
                self.made.held = max(self.made.held, first - due[0].first)
                self._give()
                if due[0].here <= self._now:
                    break
            span = due.popleft()
            yield span
            self.made.order.append(span.first)
            for _ in range(span.size):
                yield FILLS, self.stride * costs.fill
                yield SHOWS, self.stride * costs.show
                yield ENCODER, max(0.0, self._encoded[0] - self._now)
                begins = max(self._now, self._encoded[-1])
                self._encoded.append(begins + self.stride * costs.encode)
        yield ENCODER, max(0.0, self._encoded[-1] - self._now)

    def _go_on(self) -> None:
        """Let the head work until it is busy for a while, or has to wait."""
        for step in self._head:
            if isinstance(step, _Span):
                if step.here > self._now:
                    self._awaited, self._since = step, self._now
                    return
            elif step[1]:
                self.made.spent[step[0]] += step[1]
                self._at(self._now + step[1], self._go_on)
                return
        self._finished, self.made.seconds = True, self._now

    def _arrived(self, span: _Span) -> None:
        if span is not self._awaited:
            return
        self._awaited = None
        spent, began, ends = self.made.spent, self._since, self._now

        def within(low: float, high: float) -> float:
            return max(0.0, min(high, ends) - max(low, began))

        loading = within(0.0, self._first_ready)
        began = max(began, self._first_ready)
        network = within(span.asked, span.received) + within(span.made, span.here)
        spent[LOADING] += loading
        spent[NETWORK] += network
        spent[PAINTING] += ends - self._since - loading - network
        self._go_on()

    # Workers.

    def _readies(self, worker: _Worker) -> Callable[[], None]:
        def ready() -> None:
            worker.ready = True
            if math.isfinite(self.costs.between_losses):
                lives = self._chance.expovariate(1 / self.costs.between_losses)
                self._at(self._now + lives, lambda: self._lose(worker))
            self._give()

        return ready

    def _give(self) -> None:
        """Give spans to those who have the fewest."""
        while self._waiting:
            free = [worker for worker in self._workers if worker.ready and len(worker.has) < AHEAD]
            if not free:
                return
            worker, span = min(free, key=lambda each: len(each.has)), self._waiting.popleft()
            worker.has.append(span)
            span.asked = self._now
            span.received = self._out.through(self._now, span.size * self.costs.sent)
            span.made = math.inf
            self._later(worker, span.received, lambda worker=worker: self._turn(worker))

    def _later(self, worker: _Worker, time: float, event: Callable[[], None]) -> None:
        """Plan what only happens if the worker is still there."""
        life = worker.life
        self._at(time, lambda: event() if worker.life == life else None)

    def _turn(self, worker: _Worker) -> None:
        """Have a worker paint what it has and has not painted, if its guides are there."""
        spans = [span for span in worker.has if span.made == math.inf]
        if worker.paints or not spans or spans[0].received > self._now:
            return
        span, worker.paints = spans[0], True
        self._paint(worker, span)

    def _paint(self, worker: _Worker, span: _Span) -> None:
        some = min(self.costs.batch, span.size - span.done)

        def painted() -> None:
            for number in range(span.done, span.done + some):
                self.made.painted[span.first + number] += 1
            span.done += some
            self._paint(worker, span)

        if some:
            self._later(worker, self._now + some * self.costs.painting, painted)
            return
        worker.paints, span.made = False, self._now
        back = self._back.through(self._now, span.size * self.costs.returned)
        self._later(worker, back, lambda: self._returned(worker, span))
        self._turn(worker)

    def _returned(self, worker: _Worker, span: _Span) -> None:
        worker.has.remove(span)
        span.here = self._now
        self._give()
        self._arrived(span)

    def _lose(self, worker: _Worker) -> None:
        self.made.lost += 1
        worker.life += 1
        worker.ready = worker.paints = False
        for span in reversed(worker.has):
            if not self.costs.shared:
                span.done = 0
            self._waiting.appendleft(span)
        worker.has = []
        again = self._now + self.costs.replaced + self.costs.start + self.costs.load
        self._at(again, self._readies(worker))
        self._give()


def simulate(
    costs: Costs,
    workers: int,
    paintings: int,
    *,
    stride: int = 16,
    seed: int = 0,
    most: int | None = None,
) -> Outcome:
    """A render of so many paintings, each with `stride` frames of video, by so many workers.

    seed: of what is drawn at random, the losses. most: paintings that may be under way, where that
    is another rule than `WINDOW`; a span may exceed it.
    """
    return _Render(costs, workers, paintings, stride, seed, most).run()
