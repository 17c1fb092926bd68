"""Threads that give way to those somebody waits for."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable

_NICE = 10  # a tenth of the processor, where another thread wants all of it


def give_way() -> None:
    """Have this thread, and the threads and processes that it starts from now on, run when the
    others leave something.

    On Linux each thread has a priority of its own and hands it on; elsewhere nothing changes.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def in_background(work: Callable[[], object], name: str) -> threading.Thread:
    """Begin work in a thread of its own that gives way; it does not keep the process alive."""

    def begin() -> None:
        give_way()
        work()

    thread = threading.Thread(target=begin, name=name, daemon=True)
    thread.start()
    return thread
