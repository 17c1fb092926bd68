"""Who a session is: the same visitor after the page was loaded again.

When a connection is lost, Gradio loads the page again as soon as it can, with a new session that
knows nothing. So a tab carries a name that only it knows.
"""

from __future__ import annotations

import re
import threading
from typing import Any

_NAME = re.compile(r"[0-9a-f]{32}")
# The name lasts as long as the tab.
NAME = """() => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const name = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  try { return [(sessionStorage.musvid ??= name)]; } catch { return [name]; }
}"""


class Visitors:
    """The visitors behind sessions, and what they are shown again when they come back."""

    def __init__(self) -> None:
        self._of: dict[str, str] = {}
        self._memory: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def arrive(self, session: str, name: object) -> None:
        """A page was loaded in a tab that carries a name."""
        if isinstance(name, str) and _NAME.fullmatch(name):
            with self._lock:
                self._of[session] = name

    def of(self, session: str | None) -> str:
        """The visitor of a session."""
        return self._of.get(session or "", session or "")

    def remember(self, visitor: str, **what: Any) -> None:
        """Keep something for when a visitor comes back."""
        with self._lock:
            self._memory.setdefault(visitor, {}).update(what)

    def memory(self, visitor: str) -> dict[str, Any]:
        """What was kept for a visitor."""
        return dict(self._memory.get(visitor, {}))

    def forget(self, session: str) -> str | None:
        """A session is over; the visitor who has none left, and is forgotten, or None."""
        with self._lock:
            visitor = self._of.pop(session, session)
            self._memory.pop(session, None)  # of before it was known who it is
            if visitor in self._of.values():
                return None
            self._memory.pop(visitor, None)
            return visitor
