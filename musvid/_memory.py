"""Memory that nobody uses any more goes back to the system."""

from __future__ import annotations

import contextlib
import ctypes
import sys

_ARENA_MAX = -8  # the number of glibc's M_ARENA_MAX, in malloc.h


def give_back() -> None:
    """Has the C library hand freed memory back, where it can (glibc's); it takes about 0.1 s, and
    other threads go on.

    It keeps what a thread has freed for that thread. A page that answers from many threads, with
    pictures of all sizes, would come to hold hundreds of megabytes of it.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


def share(pools: int = 2) -> None:
    """Has threads that begin later share so many pools of memory, where the C library (glibc) can.

    It has eight for each core by default, each with what its threads have freed between what they
    still hold: of a page used for minutes, hundreds of megabytes that `give_back` cannot hand back.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_ARENA_MAX, pools)
