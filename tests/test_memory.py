"""Freed memory goes back to the system."""

from __future__ import annotations

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
