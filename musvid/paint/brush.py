"""What paints: a model that is loaded here, or one that is loaded on other machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from ..frame import Frame
from .style import Stroke, Style


class Brush(Protocol):
    """What a render paints with: a `musvid.Painter`, or a cluster's, see `musvid.cluster`.

    Several threads may use one at the same time.
    """

    @property
    def fingerprint(self) -> list[object]:
        """What tells the model's weights from others, see `models.fingerprint`."""

    @property
    def device(self) -> str:
        """What the model is on: "cpu", "cuda" or "mps"."""

    @property
    def precision(self) -> str:
        """The name of the torch type in which it computes."""

    @property
    def abreast(self) -> int:
        """How many frames are painted at a time, each by itself."""

    @property
    def keeps(self) -> bool:
        """Whether every painting is in a store when it comes, see `keeping`."""

    def keeping(self, folder: Path, key: str) -> Brush:
        """This brush, or one for a render with a store in a folder: what it paints, it keeps there
        if it can, see `keeps`. key: as for `musvid.Store.paintings`."""

    def expect(self, count: int) -> AbstractContextManager[None]:
        """A context in which so many frames will be painted."""

    def paint(
        self, frames: Iterable[Frame], style: Style, strokes: Iterable[Stroke] | None = None
    ) -> Iterator[Frame]:
        """Paint frames in a style: as many out as in, in their order.

        strokes: how each is painted, where that changes; by default as the style says.
        """

    def paint_each(self, jobs: Iterable[tuple[Frame, Stroke]], style: Style) -> Iterator[Frame]:
        """Paint frames, each with the stroke beside it."""
