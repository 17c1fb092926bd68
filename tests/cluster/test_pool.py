"""A pool of hands: everything in order, nobody before all others, nothing lost, memory flat."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from local import Local, Lost

from musvid.cluster.pool import AHEAD, LOST, WAITING, Pool, Work
from musvid.errors import ClusterError


class Counting:
    """A worker that doubles numbers; what it does before may be told."""

    def __init__(self, before: Callable[[int], None] = lambda _: None) -> None:
        self.before = before

    def twice(self, number: int) -> int:
        self.before(number)
        return 2 * number


def spans(numbers: Any) -> Iterator[Work]:
    for number in numbers:
        yield partial(lambda number, worker: worker.twice.remote(number).future(), number)


def until(true: Callable[[], Any], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def numbers(hands: list[Local]) -> list[int]:
    """All that was asked of hands."""
    return [what[1] for hand in hands for what in hand.asked]


def test_results_come_in_order_whoever_is_faster() -> None:
    def slow(number: int) -> None:
        time.sleep(0.02 if number % 3 == 0 else 0)

    hands = [Local(number, partial(Counting, slow)) for number in range(3)]
    made = list(Pool(hands).map(spans(range(40))))
    assert made == [2 * number for number in range(40)]
    assert sorted(numbers(hands)) == list(range(40)), "each once"
    assert all(hand.asked for hand in hands)


def test_no_span_is_asked_of_nobody() -> None:
    assert list(Pool([Local(0, Counting)]).map(iter(()))) == []


def test_no_more_is_taken_than_keeps_hands_busy() -> None:
    taken: list[int] = []
    go = threading.Event()

    def source() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    hands = [Local(number, partial(Counting, lambda _: go.wait(20))) for number in range(2)]
    pool = Pool(hands)
    made = pool.map(spans(source()))
    reader = threading.Thread(target=lambda: [next(made) for _ in range(10)])
    reader.start()
    until(lambda: len(taken) >= 6)
    time.sleep(0.1)
    assert len(taken) == 6, "three for each hand"
    assert len(numbers(hands)) == 2 * AHEAD
    go.set()
    reader.join(20)
    until(lambda: pool.states[WAITING] == 2)
    assert len(taken) == 6 + 9, "one more for each that was read before the last"


def test_a_picture_does_not_wait_for_a_render() -> None:
    order: list[int] = []
    go = threading.Semaphore(0)

    def before(number: int) -> None:
        assert go.acquire(timeout=20)
        order.append(number)

    pool = Pool([Local(0, partial(Counting, before))])
    long = threading.Thread(target=lambda: list(pool.map(spans(range(50)))))
    long.start()
    until(lambda: pool.states["working"])
    short: list[int] = []
    one = threading.Thread(target=lambda: short.extend(pool.map(spans([1000]))))
    one.start()
    until(lambda: sum(len(caller.waits) for caller in pool._callers) == 2)  # one span of each waits
    go.release(60)
    one.join(20)
    long.join(20)
    assert short == [2000]
    assert order.index(1000) <= AHEAD + 1


def test_callers_are_served_in_turn_whoever_asks_for_more() -> None:
    order: list[int] = []
    go = threading.Event()

    def before(number: int) -> None:
        assert go.wait(20)
        time.sleep(0.01)  # callers have time to ask for more
        order.append(number)

    pool = Pool([Local(0, partial(Counting, before))])
    callers = [
        threading.Thread(target=lambda first=first: list(pool.map(spans(range(first, first + 20)))))
        for first in (0, 100, 200)
    ]
    for caller in callers:
        caller.start()
    until(lambda: sum(len(caller.waits) for caller in pool._callers) == 3 * 3 - AHEAD)
    go.set()
    for caller in callers:
        caller.join(20)
    turns = [number // 100 for number in order[AHEAD : AHEAD + 30]]
    assert all(turns.count(which) >= 8 for which in range(3)), turns
    assert len(order) == 60


def test_a_caller_that_is_done_takes_nobody_with_it() -> None:
    hands = [Local(number, Counting) for number in range(2)]
    pool = Pool(hands)
    made = {first: pool.map(spans(range(first, first + 30))) for first in (0, 100, 200)}
    assert [next(each) for each in made.values()] == [0, 200, 400]
    for first, each in made.items():  # the others have nothing that waits, as it has nothing
        until(lambda: not any(caller.waits for caller in pool._callers))
        assert list(each) == [2 * number for number in range(first + 1, first + 30)]


def test_what_a_lost_hand_had_goes_to_another_one_and_nothing_twice() -> None:
    done: list[int] = []
    hands: list[Local] = []

    def before(number: int) -> None:
        first = number not in done
        done.append(number)
        if number == 5 and first:
            next(hand for hand in hands if 5 in numbers([hand])).lost.set()

    hands += [Local(number, partial(Counting, before), comes_back=False) for number in range(2)]
    pool = Pool(hands)
    made = list(pool.map(spans(range(30))))
    assert made == [2 * number for number in range(30)]
    assert pool.states[LOST] == 1
    again = {number for number in done if done.count(number) > 1}
    assert 5 in again and len(again) <= AHEAD, "only what it was at, or had ready"
    assert [hand.ends for hand in hands] == [[], []], "it is gone already, and need not be killed"


def test_a_hand_that_comes_back_works_again() -> None:
    hand = Local(0, Counting)
    pool = Pool([hand])
    made = pool.map(spans(range(10)))
    assert next(made) == 0
    hand.lost.set()
    assert list(made) == [2 * number for number in range(1, 10)]


def test_a_span_that_loses_every_hand_is_given_up_with_a_reason() -> None:
    hands: list[Local] = []

    def before(number: int) -> None:
        if number == 7:
            raise Lost("out of memory")

    hands += [Local(number, partial(Counting, before)) for number in range(2)]
    made = Pool(hands).map(spans(range(20)))
    assert [next(made) for _ in range(7)] == [2 * number for number in range(7)]
    with pytest.raises(ClusterError, match=r"3 workers were lost .* memory may not suffice"):
        next(made)


def test_an_error_of_the_work_comes_when_its_turn_comes() -> None:
    def before(number: int) -> None:
        if number == 3:
            raise ValueError("three")

    pool = Pool([Local(number, partial(Counting, before)) for number in range(2)])
    made = pool.map(spans(range(20)))
    assert [next(made) for _ in range(3)] == [0, 2, 4]
    with pytest.raises(ValueError, match="three"):
        next(made)
    assert list(pool.map(spans([8]))) == [16], "the pool goes on"


def test_a_hand_that_is_silent_for_too_long_is_lost() -> None:
    stuck = threading.Event()

    def before(number: int) -> None:
        if number == 2 and not stuck.is_set():
            stuck.set()
            time.sleep(3)

    hands = [Local(number, partial(Counting, before), comes_back=False) for number in range(2)]
    began = time.monotonic()
    made = list(Pool(hands, limit=0.5).map(spans(range(10))))
    assert made == [2 * number for number in range(10)]
    assert stuck.is_set() and time.monotonic() - began < 2.9
    assert sorted(hand.ends for hand in hands) == [[], [True]]


def test_results_that_come_in_the_thread_that_hands_need_do_not_stop_them() -> None:
    class Strict(Local):
        """It is asked in one thread, and answers in another, which it needs for being asked."""

        def begin(self) -> Any:
            assert not threading.current_thread().name.startswith("ThreadPoolExecutor")
            return super().begin()

        def ask(self, name: str, *given: Any) -> Any:
            assert not threading.current_thread().name.startswith("ThreadPoolExecutor")
            return super().ask(name, *given)

    hand = Strict(0, Counting)
    pool = Pool([hand])
    made = pool.map(spans(range(10)))
    assert next(made) == 0
    hand.lost.set()
    assert list(made) == [2 * number for number in range(1, 10)]


def test_without_any_hand_somebody_says_so() -> None:
    class Never(Local):
        def begin(self) -> Any:
            future: Any = super().begin()
            future.cancel()
            from concurrent.futures import Future

            failed: Future[Any] = Future()
            failed.set_exception(ClusterError("This worker has another torch."))
            return failed

    pool = Pool([Never(0, Counting), Never(1, Counting)])
    with pytest.raises(ClusterError, match="another torch"):
        list(pool.map(spans([1])))


def test_a_cluster_whose_hands_stay_away_is_not_waited_for_for_ever() -> None:
    hand = Local(0, partial(Counting, lambda _: None), comes_back=False)
    pool = Pool([hand], patience=0.3)
    made = pool.map(spans(range(5)))
    next(made)
    hand.lost.set()
    with pytest.raises(ClusterError, match="No worker of the cluster has been there"):
        list(made)


def test_one_that_stops_leaves_nothing_to_do() -> None:
    go = threading.Event()
    hand = Local(0, partial(Counting, lambda number: go.wait(20) if number else None))
    pool = Pool([hand])
    made = pool.map(spans(range(100)))
    assert next(made) == 0
    made.close()
    go.set()
    until(lambda: pool.states[WAITING] == 1)
    assert len(hand.asked) <= 1 + AHEAD
    assert list(pool.map(spans([1]))) == [2]


def test_after_its_end_nobody_waits() -> None:
    go = threading.Event()
    hands = [Local(number, partial(Counting, lambda _: go.wait(20))) for number in range(2)]
    pool = Pool(hands)
    made = pool.map(spans(range(10)))
    failed: list[BaseException] = []

    def read() -> None:
        try:
            next(made)
        except ClusterError as error:
            failed.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    until(lambda: pool.states["working"] == 2)
    pool.close()
    reader.join(20)
    go.set()
    assert failed and "left" in str(failed[0])
    assert [hand.ends for hand in hands] == [[False], [False]]
