"""One moment through the whole chain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musvid import Recipe, Song
from musvid.job import resolve
from musvid.studio.steps import STEPS, ChainStep, small, steps
from musvid.studio.studio import Studio

LOOP = Path(__file__).parents[2] / "examples" / "loop.ogg"


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio(device="cpu")


def made(studio: Studio, moment: float = 2.0, **settings: Any) -> dict[str, ChainStep]:
    flat = {"size": "64x64", "view.shown": "96x64", "style.strength": 0.5, "story": "off"}
    recipe = Recipe.from_flat({**Recipe().flat(), **flat, **settings})
    job = small(resolve(recipe, Song.open(LOOP).part(0, 4)))
    found = list(steps(studio, job, moment))
    assert [step.name for step in found] == list(STEPS)
    for step in found:
        assert len(step.frames) == len(step.real)
    return {step.name: step for step in found}


def counts(found: dict[str, ChainStep]) -> list[int]:
    return [len(found[name].frames) for name in STEPS]


def test_an_interval_is_shown_from_keyframe_to_keyframe(studio: Studio) -> None:
    more = {"relight": False, "interpolator": "blend", "drift.direction": "none"}
    found = made(studio, stride=8, before=2, after=4, **more)
    assert counts(found) == [9, 2, 3, 3, 9, 9]
    assert found["drawn"].real == (True, *[False] * 7, True)
    assert found["guides"].real == (True, False, True)
    assert found["frames"].real == (True, False, False, False) * 2 + (True,)
    # The keyframes are kept as they are drawn, and guides begin with them.
    drawn, kept, guides = (found[name].frames for name in ("drawn", "kept", "guides"))
    for one, other in ((kept[0], drawn[0]), (kept[1], drawn[8]), (guides[2], kept[1])):
        assert np.array_equal(one, other)
    painted, frames = found["painted"].frames, found["frames"].frames
    assert np.array_equal(painted[1], frames[4])
    assert not np.array_equal(painted[0], guides[0])
    # What is between two paintings is their blend.
    middle = (frames[0].astype(int) + frames[4]) / 2
    assert np.abs(frames[2] - middle).max() <= 1
    height, width, _ = found["viewed"].frames[0].shape
    assert width > height and found["frames"].frames[0].shape[:2] == (64, 64)


def test_it_is_the_interval_of_the_moment(studio: Studio) -> None:
    more = {"relight": False, "drift.direction": "none", "stride": 15, "before": 1, "after": 15}
    early, late = (made(studio, moment, **more)["kept"].frames for moment in (0.4, 0.9))
    assert np.array_equal(early[1], late[0])
    last = made(studio, 4.0, **more)
    assert counts(last)[1] == 2


@pytest.mark.parametrize("settings", [{}, {"lock.note": "1/4", "lock.bpm": 120, "lock.beat": 0.1}])
def test_every_kind_of_clock_and_drift_has_its_steps(
    studio: Studio, settings: dict[str, Any]
) -> None:
    found = made(studio, **settings)
    assert all(count >= 2 for count in counts(found))
    assert len(found["drawn"].frames) == 17 or settings
    assert len(found["kept"].frames) == 2 == sum(found["drawn"].real)
    assert found["painted"].frames[0].shape == found["kept"].frames[0].shape
    assert sum(found["frames"].real) == 2


def test_without_painting_the_guides_go_on(studio: Studio) -> None:
    found = made(studio, **{"style.strength": 0, "relight": False, "drift.direction": "none"})
    assert np.array_equal(found["painted"].frames[0], found["guides"].frames[0])
