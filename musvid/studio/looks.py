"""One moment of a song in many looks, small, painted behind everything that somebody waits for."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction

from .._priority import give_way
from ..errors import MusvidError
from ..frame import Frame, encoded
from ..job import Job
from ..music import story
from ..paint import models
from ..recipe import Recipe
from ..song import Song
from .studio import Studio

SIDE = 256
"""Pixels of the longer side of a painting."""

SHOWN = 192
"""Pixels of the shorter side of a picture."""

_KEPT = 600  # pictures, of about 10 kB each
_LOOK = 0.05  # seconds between two looks at whether somebody waits
_PATIENCE = 3.0  # seconds that a picture waits for others at most: a busy page has looks, too
_LOADING = 60.0  # seconds in which a model that ships with musvid is loaded

Wanted = Callable[[], bool]
Allowed = Callable[[Job], object]


class Looks:
    """See the module. Pictures of all visitors are made one at a time, by a thread that gives way.

    studio: whose models paint, and for whose visitors pictures wait.
    """

    def __init__(self, studio: Studio) -> None:
        self._studio, self._aside = studio, studio.aside()
        self._worker = ThreadPoolExecutor(1, "looks", give_way)
        self._known: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def pictures(
        self,
        song: Song,
        recipes: Mapping[str, Recipe],
        moment: float,
        *,
        wanted: Wanted = lambda: True,
        allowed: Allowed = lambda _: None,
    ) -> Iterator[tuple[str, bytes]]:
        """The moment in each look, by its name, as a WebP file: at first those that are known, then
        the others in their order, as they are made.

        song: the part that is shown. moment: seconds from its beginning. wanted: asked before each
            picture; it ends where it is False. allowed: raises MusvidError for what must not be
            painted, which is left out, as is what cannot be, and what needs a download.
        """
        asked = {name: small(recipe) for name, recipe in recipes.items() if at_hand(recipe)}
        keys = {name: (song, each.to_json(), Fraction(moment)) for name, each in asked.items()}
        with self._lock:
            known = {name: self._known[key] for name, key in keys.items() if key in self._known}
        yield from known.items()
        for name, recipe in asked.items():
            if name in known:
                continue
            if not self._turn(recipe, wanted):
                return
            try:
                job = self._aside.job(recipe, song)
                allowed(job)
                made = self._worker.submit(self._made, job, moment).result()
            except MusvidError:
                continue
            with self._lock:
                self._known[keys[name]] = made
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
            yield name, made

    def _turn(self, recipe: Recipe, wanted: Wanted) -> bool:
        """Waits until the model is there and nobody else waits. False where it is not wanted."""
        began = time.monotonic()
        while wanted():
            waited = time.monotonic() - began
            if recipe.paints and not self._studio.has(recipe.style):
                if waited > _LOADING:  # other models have its place
                    return False
            elif self._studio.attention.free or waited > _PATIENCE:
                return True
            time.sleep(_LOOK)
        return False

    def _made(self, job: Job, moment: float) -> bytes:
        """One picture."""
        frame: Frame = self._aside.paint(job, moment)
        return encoded(self._aside.seen(job, frame, moment))


class Newest:
    """Whose looks are wanted: those of a visitor's last song."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: dict[str, int] = {}
        self._count = 0

    def begin(self, visitor: str) -> int:
        """The number of a visitor's turn; those before it are over."""
        with self._lock:
            self._count += 1
            self._last.pop(visitor, None)
            self._last[visitor] = self._count
            while len(self._last) > 1000:  # of those who came first
                del self._last[next(iter(self._last))]
            return self._count

    def has(self, visitor: str, turn: int) -> bool:
        """Whether it is the visitor's last one."""
        return self._last.get(visitor) == turn


def at_hand(recipe: Recipe) -> bool:
    """Whether a recipe paints without a download."""
    return not recipe.paints or models.find(recipe.style.model).download == 0


def small(recipe: Recipe) -> Recipe:
    """A recipe with which a picture is made in a moment: few pixels, one step, and no story, which
    would listen to the whole song."""
    settled = recipe.resolve()
    assert settled.size is not None and settled.upscale is not None
    width, height = settled.view.shown or settled.size
    scale = SHOWN / min(width, height)
    return replace(
        recipe,
        story=story.OFF,
        size=_fitted(settled.size),
        upscale=1,
        style=replace(recipe.style, steps=1),
        view=replace(recipe.view, shown=(_even(width * scale), _even(height * scale))),
    )


def _fitted(size: tuple[int, int]) -> tuple[int, int]:
    """The size of a painting, with its longer side as long as `SIDE`, in steps of 16 pixels."""
    scale = SIDE / max(size)
    width, height = (max(64, 16 * round(side * scale / 16)) for side in size)
    return width, height


def _even(side: float) -> int:
    return 2 * round(side / 2)
