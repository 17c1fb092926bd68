"""Streams of answers, and which of them speak for their session when they break off.

When a stream of answers breaks off, Gradio takes its session for gone, and drops what it asked for.
But a browser breaks a stream off itself, as soon as it reads there that nothing more comes; a busy
server notices that later than what the same browser asks for next, and would drop that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

_LAST = b'"close_stream"'  # in the message that nothing more comes


@dataclass
class _Stream:
    """A stream of a session. whole: whether all of it was sent."""

    session: str
    whole: bool = False


_here: ContextVar[_Stream | None] = ContextVar("stream", default=None)  # whose request is answered


class Streams:
    """The streams of answers that are open."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @contextmanager
    def opened(self, session: str, send: Any) -> Iterator[Any]:
        """A context in which a session has one more stream; it gives what sends to it."""
        stream = _Stream(session)

        async def sending(message: Any) -> None:
            # Before it is sent: who reads it may be gone at once.
            stream.whole = stream.whole or _LAST in message.get("body", b"")
            await send(message)

        self._open[session] += 1
        token = _here.set(stream)
        try:
            yield sending
        finally:
            _here.reset(token)
            self._open[session] -= 1
            if not self._open[session]:
                del self._open[session]

    def left(self, session: str) -> bool:
        """Whether a session is gone, when Gradio says so while it answers the present request."""
        stream = _here.get()
        if stream is None or stream.session != session:
            return True
        return not stream.whole and self._open[session] < 2
