"""Work in the background gives way."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from musvid._priority import in_background

TOLD = [sys.executable, "-c", "import os; print(os.getpriority(os.PRIO_PROCESS, 0))"]


@pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere threads have no priority of their own"
)
def test_a_thread_in_the_background_gives_way_with_all_that_it_starts() -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    found: list[int] = []

    def look() -> None:
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    def work() -> None:
        look()
        inner = threading.Thread(target=look)
        inner.start()
        inner.join()
        found.append(int(subprocess.run(TOLD, capture_output=True, check=True).stdout))

    in_background(work, "work").join(60)
    assert found == [max(10, before)] * 3
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
    assert int(subprocess.run(TOLD, capture_output=True, check=True).stdout) == before


def test_work_in_the_background_is_done() -> None:
    done: list[str] = []
    thread = in_background(lambda: done.append(threading.current_thread().name), "named")
    thread.join(60)
    assert done == ["named"]
    assert thread.daemon
