"""Answers that lie ready for their readers.

Gradio keeps the messages of 2,000 sessions and drops the oldest session's, whoever it is: a crowd
that asks and never reads would have those dropped who wait, and a message to a dropped session
would end the queue's loop, and with it the page.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from itertools import islice
from typing import Any

from gradio.utils import LRUCache

_ROOM = 2000  # sessions, as in Gradio


class Letters(LRUCache[str, Any]):
    """The messages of each session, the one that was last written to at the end.

    Where there is no room, sessions go first for which nothing waits or runs; while all of them
    wait there is room for more, since the rules of the line bound how many can.

    busy: the sessions for which something waits or runs. gone: called with each that is dropped.
    left: whether a session that is deleted has gone, see `Streams.left`.
    """

    def __init__(
        self,
        busy: Callable[[], Container[str]],
        gone: Callable[[str], object],
        left: Callable[[str], bool] = lambda _: True,
        room: int = _ROOM,
    ) -> None:
        super().__init__(room)
        self._busy, self._gone, self._left, self._room = busy, gone, left, room

    def __setitem__(self, session: str, messages: Any) -> None:
        if session not in self and len(self) >= self._room:
            self._make_room()
        self.max_size = max(self._room, len(self) + 1)  # or Gradio drops the oldest itself
        super().__setitem__(session, messages)

    def __delitem__(self, session: str) -> None:
        # A page has more than one stream at times, and each drops the session as it breaks off.
        if self._left(session):
            self.pop(session, None)

    def _make_room(self) -> None:
        busy = self._busy()
        idle = (name for name in list(self) if name not in busy)
        # Many at a time, since finding out who waits takes a while.
        for name in islice(idle, len(self) - self._room + max(1, self._room // 10)):
            self.pop(name, None)
            self._gone(name)
