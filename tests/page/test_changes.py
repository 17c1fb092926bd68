"""Whatever a picture of the moment depends on has it made again when it changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import ROOT

from musvid import MusvidError
from musvid.frame import Frame
from musvid.page.build import build
from musvid.page.changes import kind_of
from musvid.page.gpu import paint_moment
from musvid.page.values import recipe_of
from musvid.studio.limits import Limits
from musvid.studio.studio import Studio

# All that a picture may depend on is in use.
USED: dict[str, Any] = {
    "size": "128x128", "upscale": 2, "view.shown": "as painted", "start": 2, "duration": 6,
    "look.embers": 0.6, "drift.direction": "up", "drift.speed": 10, "drift_by.source": "onsets",
    "strength_by.source": "loudness", "echo": 0.3, "relight": True,
}  # fmt: skip
MOMENT = 4.0  # seconds


def other(control: Any, value: object) -> Any:
    """Another value of a control; the same where it has none."""
    if hasattr(control, "maximum"):
        near = value + control.step if isinstance(value, (int, float)) else control.minimum
        return near if near <= control.maximum else control.minimum
    if hasattr(control, "choices"):
        return next(each for _, each in reversed(control.choices) if each != value)
    return not value if isinstance(value, bool) else "teal coral" if value else value


@pytest.mark.thorough
def test_what_a_picture_depends_on_has_it_made_again() -> None:
    board = build(Studio(device="cpu"), Limits.of(public=False))
    base = {**board.first, **USED}

    def pictures(values: dict[str, Any], kind: str) -> list[Frame]:
        recipe = recipe_of(values)
        song = board.studio.song(ROOT / "examples" / "loop.ogg")
        job = board.studio.job(recipe, song.part(recipe.start, recipe.duration))
        moment = MOMENT - float(recipe.start)
        drawn = board.studio.draw(job, moment)
        return [drawn] if kind == "changed-painting" else [drawn, *paint_moment(
            board.studio, job, moment)]  # fmt: skip

    known = pictures(base, "changed")
    found: dict[str, str] = {}
    for name, control in board.controls.items():
        if (kind := kind_of(name)) == "changed-drawing":
            continue
        try:
            made = pictures({**base, name: other(control, base[name])}, kind)
        except MusvidError:
            continue  # told, and nothing is shown
        if not all(map(np.array_equal, made, known)):
            found[name] = kind
    assert not found
