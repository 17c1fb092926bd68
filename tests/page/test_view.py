"""The panel of the view."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musvid import Recipe, Song
from musvid.job import resolve
from musvid.page.board import Board, recipe_of, values_of
from musvid.page.build import build
from musvid.page.gpu import paint_moment, paint_strip
from musvid.studio.limits import Limits
from musvid.studio.studio import Studio
from musvid.view.settings import KINDS, Camera, Finish, View

LOOP = Path(__file__).parents[2] / "examples" / "loop.ogg"
SMALL = {"size": "64x64", "upscale": 1, "style.strength": 0.5}


@pytest.fixture(scope="module")
def board() -> Board:
    return build(Studio(device="cpu"), Limits())


@pytest.mark.parametrize("kind", KINDS)
def test_a_view_that_is_chosen_brings_what_suits_it(board: Board, kind: str) -> None:
    event = next(
        one
        for one in board.blocks.fns.values()
        if one.targets == [(board.controls["view.kind"]._id, "input")]
    )
    shown: dict[str, Any] = values_of(Recipe())
    controls = {part: name for name, part in board.controls.items()}
    assert event.fn is not None
    shown |= {controls[part]: value for part, value in event.fn(kind).items()}
    shown["view.kind"] = kind
    found = recipe_of(shown)
    assert found.view == View(kind=kind).resolve()
    assert found.camera == Camera().resolve(kind)
    assert found.finish == Finish().resolve(kind)


def test_a_size_that_is_shown_comes_back(board: Board) -> None:
    recipe = Recipe(view=View(kind="tunnel", shown=(1080, 1920)))
    values, note = board.filled(recipe, str(LOOP))
    assert not note
    named = {name: values[part] for name, part in board.controls.items() if part in values}
    assert recipe_of(named).view == recipe.view.resolve()
    assert values_of(Recipe())["view.shown"] == "as painted"


def test_another_view_of_a_moment_paints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    studio, song = Studio(device="cpu"), Song.open(LOOP).part(0, 4)
    count: list[int] = []
    paint = studio._paint
    monkeypatch.setattr(studio, "_paint", lambda *given: count.append(1) or paint(*given))
    pictures = []
    for settings in (
        {},
        {"view.kind": "tunnel", "view.shown": [96, 128]},
        {"view.kind": "tunnel", "view.shown": [96, 128], "camera.zoom": 2.0},
        {"finish.vignette": 1.0},
    ):
        job = resolve(Recipe.from_flat({**SMALL, **settings}), song)
        pictures.append(paint_moment(studio, job, 2.0))
    assert len(count) == 1
    assert [one.shape[:2] for one in pictures] == [(64, 64), (128, 96), (128, 96), (64, 64)]
    assert not np.array_equal(pictures[1], pictures[2])
    assert pictures[3].mean() < pictures[0].mean()
    other = resolve(Recipe.from_flat({**SMALL, "style.seed": 3}), song)
    assert not np.array_equal(paint_moment(studio, other, 2.0), pictures[0])
    assert len(count) == 2
    strip = list(paint_strip(studio, job, 2.0, "strength", [0.2, 0.8]))
    assert [one.shape for one in strip] == [(64, 64, 3)] * 2
    assert strip[0][0, 0].max() < 40  # the vignette


def test_a_large_video_is_shown_small() -> None:
    studio = Studio(device="cpu")
    shown = {"view.kind": "mosaic", "view.shown": [4096, 2048]}
    job = resolve(Recipe.from_flat({**SMALL, **shown}), Song.open(LOOP).part(0, 4))
    frame = np.zeros((64, 64, 3), np.uint8)
    assert studio.seen(job, frame, 1.0).shape == (540, 1080, 3)
