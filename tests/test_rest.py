"""A render that begins somewhere within the clip shows what the whole one shows there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from conftest import WriteSong, clicks, music

from musvid import Look, Painter, Recipe, Song, Style
from musvid.clock import Rest
from musvid.frame import Frame
from musvid.interpolate.relight import Response
from musvid.job import Job, resolve
from musvid.music.lock import Lock
from musvid.paint.drift import Drift
from musvid.rendering import Tools, chain, shown
from musvid.view.settings import Finish, View

BEATS = tuple(0.57 * k + 0.11 for k in range(12))
SMALL = Recipe(
    size=(64, 64), upscale=1, stride=8, after=8, relight=True, style=Style(prompt="teal coral")
)


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter(Style(), device="cpu")


def pictures(job: Job, painter: Painter, count: int) -> list[Frame]:
    """The first pictures that a job's video shows."""
    with ExitStack() as stack:

        def stage(frames: Iterator[Frame], _name: str) -> Iterator[Frame]:
            stack.callback(getattr(frames, "close", lambda: None))
            return frames

        tools = Tools(stage, lambda: painter, painter=painter, response=Response())
        return list(islice(shown(chain(job, tools), job), count))


@pytest.mark.parametrize(
    "recipe",
    [
        replace(SMALL, look=Look(embers=0.6, half_life=0.2, afterglow=0.1)),
        replace(SMALL, stride=4, before=2, after=2, relight=False, interpolator="blend"),
        replace(
            SMALL,
            drift=Drift(speed=30.0, direction="up"),
            view=View("tunnel", shown=(64, 64)),
            finish=Finish(grain=0.5),
        ),
        replace(SMALL, lock=Lock("1/4", bpm=100.0, beats=BEATS)),
        replace(SMALL, lock=Lock("1/4", bpm=100.0, beat=0.2)),
    ],
    ids=["embers", "before", "tunnel", "following", "steady"],
)
def test_the_rest_of_a_clip_is_shown_as_in_the_whole(
    write_song: WriteSong, painter: Painter, recipe: Recipe
) -> None:
    sound = music(6.0) + clicks([0.7 * k for k in range(8)], 6.0)
    song = Song.open(write_song(sound), start=0.4)
    job = resolve(replace(recipe, finish=replace(recipe.finish, flash_limit=False)), song)
    clock = job.clock
    whole = pictures(job, painter, 10_000)
    assert len(whole) == job.file_frames
    begin = max(1, clock.keyframes // 2)
    rest = replace(job, clock=Rest.of(clock, begin))
    first = rest.clock.skipped
    assert 0 < first < clock.frames and rest.clock.time(0) == clock.time(first)
    made = pictures(rest, painter, 10_000)
    assert len(made) == rest.file_frames == len(whole) - first
    # Of a tempo's own picture rate, ticks lie between samples: a transform may begin one later.
    most = 3 if recipe.lock else 0
    for number, (one, other) in enumerate(zip(made, whole[first:], strict=True)):
        assert np.abs(one.astype(int) - other).max() <= most, number
