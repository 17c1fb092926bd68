"""Who is connected to the page, told by the streams that browsers and programs keep open.

Gradio tells only that a stream has ended. A browser whose connection was dropped opens another,
often before the end of the first one is noticed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from .streams import Streams

Scope = MutableMapping[str, Any]
_COMING = 15.0  # seconds in which whoever sent a request opens a stream for the answer


class Presence:
    """The sessions that are connected, and since when the others are not.

    clock: seconds; it must never go back, nor jump.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._now, self._lock = clock, threading.Lock()
        self._open: dict[str, int] = {}
        self._last: dict[str, float] = {}
        self._pages: set[str] = set()
        self.streams = Streams()

    def came(self, session: str) -> None:
        """A stream of a session was opened."""
        with self._lock:
            self._open[session] = self._open.get(session, 0) + 1

    def went(self, session: str) -> None:
        """A stream of a session has ended."""
        with self._lock:
            left = self._open.pop(session, 1) - 1
            if left > 0:
                self._open[session] = left
            self._last[session] = self._now()

    def used(self, session: str | None, page: bool) -> None:
        """A session sent something. page: whether only the page does so, and no program."""
        if session is not None:
            with self._lock:
                self._last[session] = self._now()
                if page:
                    self._pages.add(session)

    def away(self, session: str) -> float:
        """Seconds since a session was connected, or sent something; 0 while it is connected."""
        with self._lock:
            if session in self._open:
                return 0.0
            return self._now() - self._last.setdefault(session, self._now())

    def gone(self, session: str) -> bool:
        """Whether nobody waits for an answer to a session."""
        return self.away(session) > _COMING

    def is_page(self, session: str) -> bool:
        """Whether a session is a page in a browser."""
        return session in self._pages

    def here(self) -> list[str]:
        """The sessions that are connected."""
        with self._lock:
            return list(self._open)

    def absent(self) -> list[str]:
        """The sessions that are not connected."""
        with self._lock:
            return [session for session in self._last if session not in self._open]

    def forget(self, session: str) -> None:
        """Keep nothing of a session that is not connected."""
        with self._lock:
            if session not in self._open:
                self._last.pop(session, None)
                self._pages.discard(session)


class Door:
    """What every request passes: streams are noticed, and uploads refused while there is no room.

    app: what answers. presence: is told. full: whether there is no room. session: the one to which
    an event belongs, by its id.
    """

    def __init__(
        self,
        app: Callable[..., Awaitable[None]],
        *,
        presence: Presence,
        full: Callable[[], bool],
        session: Callable[[str], str],
    ) -> None:
        self.app, self.presence, self.full, self.session = app, presence, full, session

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Passes a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"].rstrip("/").endswith("/upload") and self.full():
            await _refuse(receive, send)
            return
        session = self._streamed(scope)
        if session is None:
            await self.app(scope, receive, send)
            return
        self.presence.came(session)
        try:
            if "/heartbeat/" in scope["path"]:
                await self.app(scope, receive, send)
            else:
                with self.presence.streams.opened(session, send) as sending:
                    await self.app(scope, receive, sending)
        finally:
            self.presence.went(session)

    def _streamed(self, scope: Scope) -> str | None:
        """The session that a request opens a stream of."""
        if scope["method"] != "GET":
            return None
        *before, last = scope["path"].rstrip("/").split("/")
        if before[-1:] == ["heartbeat"]:
            return str(last)
        if [*before[-1:], last] == ["queue", "data"]:
            query: dict[str, list[str]] = parse_qs(scope["query_string"].decode("latin-1"))
            return next(iter(query.get("session_hash", [])), None)
        if before[-2:-1] == ["call"] or before[-3:-1] == ["call", "v2"]:
            return self.session(last)
        return None


async def _refuse(receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass  # who still sends does not listen
    text = b'{"detail": "There is no room for more files on this page; try again later."}'
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(text))]
    await send({"type": "http.response.start", "status": 507, "headers": head})
    await send({"type": "http.response.body", "body": text})
