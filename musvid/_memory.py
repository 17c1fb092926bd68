"""Memory that nobody uses any more goes back to the system."""

from __future__ import annotations

import contextlib
import ctypes
import sys


def give_back() -> None:
    """Has the C library hand freed memory back, where it can (glibc's); it takes about 0.1 s, and
    other threads go on.

    It keeps what a thread has freed for that thread. A page that answers from many threads, with
    pictures of all sizes, would come to hold hundreds of megabytes of it.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)
