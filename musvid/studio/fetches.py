"""Downloads that several wait for: each goes on once, and for as long as anybody waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait

from ..errors import Cancelled
from ..paint import downloads
from ..paint.downloads import Download, Told
from ..paint.style import Style

Key = tuple[object, ...]

_PROMPT = 0.1  # seconds between two looks at whether it is here


class _Left(Cancelled):
    """What ends a download for which nobody waits."""


class _Work:
    """A download: how many wait for it, where it is, and whether it was left for good."""

    def __init__(self) -> None:
        self.over: Future[None] = Future()
        self.waiting = 0
        self.download: Download | None = None
        self.left = False


class Fetches:
    """Downloads of what styles are made of; safe to use from several threads.

    fetch: downloads what a style lacks, and tells how far it is, see `downloads.fetch`.
    """

    def __init__(self, fetch: Callable[[Style, Told], None] = downloads.fetch) -> None:
        self._fetch = fetch
        self._works: dict[Key, _Work] = {}
        self._lock = threading.Lock()  # held for moments only

    def wait(self, style: Style) -> Iterator[Download | None]:
        """Waits until what a style is made of is here; yields where its download is, ten times a
        second, and None while that is not known yet.

        Whoever closes this does not wait any longer. When nobody does, the download ends; what is
        there by then stays, and the next one goes on with it.

        Raises ModelError when it cannot be had.
        """
        if not downloads.lacking(style):
            return
        work = self._joined(style)
        try:
            while not wait([work.over], _PROMPT).done:
                yield work.download
            work.over.result()
        finally:
            with self._lock:
                work.waiting -= 1

    def renew(self) -> None:
        """Forget what other threads were at: a forked process has none of them."""
        self._lock, self._works = threading.Lock(), {}

    def _joined(self, style: Style) -> _Work:
        """The download of a style, which is begun unless it goes on."""
        key = style.made_of
        with self._lock:
            work = self._works.get(key)
            if begins := work is None or work.left:
                work = self._works[key] = _Work()
            assert work
            work.waiting += 1
        if begins:
            given = (key, style, work)
            threading.Thread(target=self._do, args=given, name="download", daemon=True).start()
        return work

    def _do(self, key: Key, style: Style, work: _Work) -> None:
        """Download what a style lacks."""

        def told(download: Download) -> None:
            work.download = download
            with self._lock:
                work.left = not work.waiting
            if work.left:
                raise _Left

        failed: BaseException | None = None
        try:
            self._fetch(style, told)
        except BaseException as error:
            failed = error
        with self._lock:
            if self._works.get(key) is work:
                del self._works[key]
        if failed:
            work.over.set_exception(failed)
        else:
            work.over.set_result(None)
