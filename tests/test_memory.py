"""Freed memory goes back to the system."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from musvid._memory import give_back


@pytest.mark.skipif(sys.platform != "linux", reason="only there, it is known how")
def test_memory_that_was_freed_is_given_back() -> None:
    me = psutil.Process()
    blocks = [b"x" * 100_000 for _ in range(1500)]
    before = me.memory_info().rss
    del blocks[:-1]  # the last one lies above them
    give_back()
    assert me.memory_info().rss < before - 100e6


@pytest.mark.skipif(sys.platform != "linux", reason="only there, it is known how")
def test_threads_share_the_pools_that_they_are_told_to() -> None:
    script = """
import ctypes, re, sys, threading
from musvid._memory import share
if sys.argv[1:]:
    share(int(sys.argv[1]))
here = threading.Barrier(7)

def hold():
    kept = [bytes(100_000) for _ in range(9)]
    here.wait()
    here.wait()
    return kept

for _ in range(6):
    threading.Thread(target=hold).start()
here.wait()
libc = ctypes.CDLL(None)
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
here.wait()
"""

    def pools(*arguments: str) -> int:
        run = subprocess.run(
            [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
        )
        return run.stdout.count("<heap nr=")

    if pools() < 4:
        pytest.skip("another C library, or told to share already")
    assert pools("2") <= 2
