"""Work in a thread of its own, see `musvid._apart`."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from itertools import count

import pytest

from musvid._apart import apart


@pytest.fixture(autouse=True)
def _no_thread_stays() -> Iterator[None]:
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "apart"]


def test_all_is_done_in_order_and_elsewhere() -> None:
    done, threads = [], set()

    def work(item: int) -> None:
        threads.add(threading.current_thread())
        done.append(item)

    with apart(work, 3) as put:
        for item in range(50):
            put(item)
    assert done == list(range(50))
    assert len(threads) == 1 and threads != {threading.current_thread()}


def test_who_hands_over_goes_on_and_waits_when_there_is_too_much() -> None:
    free, handed = threading.Semaphore(0), []
    with apart(lambda _: free.acquire(), 3) as put:

        def hand() -> None:
            for item in range(10):
                put(item)
                handed.append(item)

        other = threading.Thread(target=hand)
        other.start()
        try:
            # One that is worked on, and three that wait; nobody has let go of any.
            for let_go in range(7):
                until = time.monotonic() + 10
                while len(handed) < 4 + let_go and time.monotonic() < until:
                    time.sleep(0.001)
                time.sleep(0.02)
                assert len(handed) == 4 + let_go
                free.release()
        finally:
            free.release(10)
            other.join()
    assert handed == list(range(10))


def test_what_the_work_raises_is_raised_at_the_next_item_and_ends_it() -> None:
    done = []

    def work(item: int) -> None:
        if item == 2:
            raise OSError("the disk is full")
        done.append(item)

    handed = []

    def hand() -> None:
        with apart(work, 2) as put:
            for item in count():
                put(item)
                handed.append(item)

    with pytest.raises(OSError, match="disk is full"):
        hand()
    assert done == [0, 1]
    assert len(handed) <= 5, "the failed one, and two that waited"


def test_what_the_last_item_raises_is_raised_at_the_end() -> None:
    def work(item: int) -> None:
        time.sleep(0.05)
        raise OSError(f"no room for {item}")

    with pytest.raises(OSError, match="no room for 1"), apart(work, 3) as put:
        put(1)


def test_an_error_of_the_context_drops_what_waits() -> None:
    began, go = threading.Event(), threading.Event()
    done = []

    def work(item: int) -> None:
        began.set()
        go.wait()
        done.append(item)

    def hand() -> None:
        with apart(work, 5, stop=go.set) as put:
            for item in range(5):
                put(item)
            began.wait()
            raise RuntimeError("the model failed")

    with pytest.raises(RuntimeError, match="the model"):
        hand()
    assert done == [0]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, GeneratorExit, RuntimeError])
def test_work_that_hangs_is_stopped(kind: type[BaseException]) -> None:
    """And what it raises when it is stopped is not told."""
    hangs, pipe = threading.Event(), threading.Event()

    def work(_: int) -> None:
        hangs.set()
        assert pipe.wait(20)
        raise BrokenPipeError

    def hand() -> None:
        with apart(work, 1, stop=pipe.set) as put:
            put(1)
            hangs.wait()
            raise kind

    with pytest.raises(kind):
        hand()


def test_of_two_failures_the_first_is_told() -> None:
    failed = threading.Event()

    def work(_: int) -> None:
        try:
            raise OSError("first")
        finally:
            failed.set()

    def both(second: BaseException) -> None:
        with apart(work, 1) as put:
            put(1)
            failed.wait()
            for thread in threading.enumerate():
                if thread.name == "apart":
                    thread.join()
            raise second

    failed.clear()
    with pytest.raises(OSError, match="first") as caught:
        both(RuntimeError("second"))
    assert isinstance(caught.value.__cause__, RuntimeError)
    failed.clear()
    with pytest.raises(KeyboardInterrupt):  # whoever stops it wants to know of nothing else
        both(KeyboardInterrupt())


def test_who_waits_for_room_can_be_interrupted() -> None:
    pipe = threading.Event()
    timer = threading.Timer(0.2, lambda: signal.raise_signal(signal.SIGINT))

    def hand() -> None:
        with apart(lambda _: pipe.wait(), 1, stop=pipe.set) as put:
            timer.start()
            for item in range(10):
                put(item)

    with pytest.raises(KeyboardInterrupt):
        hand()
    timer.join()
