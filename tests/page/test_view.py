"""The panel of the view."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from musvid import Recipe, Song
from musvid.job import resolve
from musvid.page.board import Board
from musvid.page.build import build
from musvid.page.gpu import paint_moment, paint_strip
from musvid.page.results import ResultsPanel
from musvid.page.values import recipe_of, values_of
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
    # The browser answers by itself, from a table.
    suiting = json.loads(str(event.js).removeprefix("(kind) => (").removesuffix(")[kind]"))
    names = [controls[part] for part in event.outputs]
    shown |= dict(zip(names, suiting[kind], strict=True))
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
        pictures.append(paint_moment(studio, job, 2.0)[1])
    assert len(count) == 1
    assert [one.shape[:2] for one in pictures] == [(64, 64), (128, 96), (128, 96), (64, 64)]
    assert not np.array_equal(pictures[1], pictures[2])
    assert pictures[3].mean() < pictures[0].mean()
    other = resolve(Recipe.from_flat({**SMALL, "style.seed": 3}), song)
    assert not np.array_equal(paint_moment(studio, other, 2.0)[1], pictures[0])
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


def asked(board: Board, cover: object) -> Any:
    """What the live line's event answers to a page that sends this for the cover's field."""
    (event,) = (one for one in board.blocks.fns.values() if "on_plan" in str(one.fn))
    field = board.controls["view.cover"]
    values = [cover if part is field else part.value for part in event.inputs]
    return asyncio.run(board.blocks.process_api(event, values))


def test_a_page_shows_the_cover_that_was_uploaded_and_no_other_file(tmp_path: Path) -> None:
    board = build(Studio(device="cpu"), Limits.of(public=True, environment={}))
    path = tmp_path / "secret.png"
    Image.new("RGB", (9, 9)).save(path)
    board.blocks.has_launched = True
    mark = {"meta": {"_type": "gradio.FileData"}}
    there, url = {"path": str(path)}, {"url": path.as_uri()}
    for sent in (there | mark, there, there | url | mark, [there | mark], str(path), [str(path)]):
        with pytest.raises((gr.Error, ValidationError)):
            asked(board, sent)
    assert asked(board, None)
    shown = values_of(Recipe(view=View("ring", cover=str(path))))
    assert shown["view.cover"] is None
    assert recipe_of({**shown, "view.cover": str(path)}).view.cover == str(path)
    assert recipe_of(shown).view.cover is None


def test_loaded_settings_bring_no_cover_and_the_page_says_so(tmp_path: Path) -> None:
    board = build(Studio(device="cpu"), Limits())
    panel = ResultsPanel()
    panel.board = board
    file = tmp_path / "a.json"
    file.write_text('{"view": {"kind": "ring", "cover": "/etc/face.png"}}')
    updates = panel.on_restore(str(file), str(LOOP))
    assert "not taken from settings" in updates[board["loaded"]]
    assert board.controls["view.cover"] not in updates
    assert updates[board.controls["view.kind"]] == "ring"
