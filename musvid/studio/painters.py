"""The models that a page has at hand: those that were used last, each loaded once."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager

from .._device import release_memory
from ..errors import Cancelled
from ..frame import closed
from ..paint.brush import Brush
from ..paint.style import Style

Key = tuple[object, ...]

_PROMPT = 0.1  # seconds between two looks at whether to stop


class Painters:
    """Models in memory; safe to use from several threads.

    load: makes the painter of a style. keep: how many models are in memory at a time. fetch: waits
        until what a style is made of is on this machine, see `Fetches.wait`.

    A model that is there is given at once, whatever else is downloaded or loaded. A download needs
    no room yet. Before a model is loaded, room is made for it: of those that nobody paints with,
    the one that was used longest ago goes.
    """

    def __init__(
        self,
        load: Callable[[Style], Brush],
        *,
        keep: int = 2,
        fetch: Callable[[Style], Iterator[object]] | None = None,
    ) -> None:
        self._load, self._keep, self._fetch = load, keep, fetch
        self._here: OrderedDict[Key, Brush] = OrderedDict()
        self._loading: dict[Key, Future[Brush]] = {}
        self._wanted: Counter[Key] = Counter()
        self._lock = threading.Lock()  # held for moments only

    def has(self, style: Style) -> bool:
        """Whether the model of a style is there, so that painting begins at once."""
        return _key(style) in self._here

    @contextmanager
    def use(self, style: Style, stop: Callable[[], bool] | None = None) -> Iterator[Brush]:
        """The painter of a style, which stays in memory inside this context.

        stop: asked while the model is waited for. Its loading goes on behind that, so that it is
            there the next time; its download does so while anybody else waits for it. Without it,
            the model is loaded in the caller's own thread.

        Raises Cancelled when stopped, and SettingsError or ModelError when it cannot be loaded.
        """
        key = _key(style)
        if self._fetch and not self.has(style):
            self._fetched(self._fetch(style), style, stop)
        with self._lock:
            self._wanted[key] += 1
        try:
            yield self._find(key, style, stop)
        finally:
            with self._lock:
                self._wanted[key] -= 1

    def renew(self) -> None:
        """Forget what other threads were at: a forked process has none of them."""
        self._lock, self._loading, self._wanted = threading.Lock(), {}, Counter()

    @staticmethod
    def _fetched(coming: Iterator[object], style: Style, stop: Callable[[], bool] | None) -> None:
        """Wait for a download."""
        with closed(coming) as looks:
            for _ in looks:
                if stop is not None and stop():
                    raise Cancelled(
                        f"Stopped while {style.model} was being downloaded; what is here of it "
                        "stays, and the next time it goes on there."
                    )

    def _find(self, key: Key, style: Style, stop: Callable[[], bool] | None) -> Brush:
        """The painter, waited for, and loaded where nobody else loads it."""
        while True:
            with self._lock:
                if key in self._here:
                    self._here.move_to_end(key)
                    return self._here[key]
                coming = self._loading.get(key)
                if mine := coming is None and self._made_room():
                    coming = self._loading[key] = Future()
            if mine and coming:
                work = (key, style, coming)
                if stop is None:
                    self._fill(*work)
                else:
                    threading.Thread(target=self._fill, args=work, daemon=True).start()
            if coming is None:
                time.sleep(_PROMPT)  # every model is painted with: one will be free
            elif wait([coming], _PROMPT).done:
                return coming.result()
            if stop is not None and stop():
                raise Cancelled(
                    f"Stopped while {style.model} was being loaded; the next time it is there."
                )

    def _fill(self, key: Key, style: Style, coming: Future[Brush]) -> None:
        """Load a model."""
        try:
            release_memory()
            painter = self._load(style)
        except BaseException as error:
            with self._lock:
                self._loading.pop(key, None)
            coming.set_exception(error)
            return
        with self._lock:
            self._here[key] = painter
            self._loading.pop(key, None)
        coming.set_result(painter)

    def _made_room(self) -> bool:
        """Whether there is room for one more model, after those that can go are gone."""
        while len(self._here) + len(self._loading) >= self._keep:
            idle = next((key for key in self._here if not self._wanted[key]), None)
            if idle is None:
                return False
            del self._here[idle]
        return True


def _key(style: Style) -> Key:
    return style.made_of
