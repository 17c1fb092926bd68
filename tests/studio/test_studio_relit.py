"""What a browser is given to draw a painted song by itself."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
from conftest import WriteSong, music
from PIL import Image

from musvid import Recipe, Style
from musvid.clock import Rest
from musvid.job import Job
from musvid.paint.drift import Drift
from musvid.studio import relit
from musvid.studio.play import Players, beginning
from musvid.studio.studio import Studio
from musvid.view.camera import pose
from musvid.view.settings import Camera, Finish, View

SMALL = Recipe(
    size=(64, 64),
    stride=8,
    style=Style(prompt="teal coral"),
    drift=Drift(speed=20.0, direction="up"),
    view=View("tunnel", shown=(64, 64)),
)


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio(device="cpu")


@pytest.fixture
def job(studio: Studio, write_song: WriteSong) -> Job:
    return studio.job(SMALL, studio.song(write_song(music(4.0))).part(0.5, 3.0))


def having(job: Job, **settings: Any) -> Job:
    return job.having(replace(job.recipe, **settings).resolve())


def image(text: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))).astype(float)


def test_moments_say_which_paintings_and_light_a_frame_is_made_of(studio: Studio, job: Job) -> None:
    made = list(islice(studio.moments(job), 20))
    assert [moment.place for moment in made] == [number / 8 for number in range(20)]
    assert [[each.number for each in moment.paintings] for moment in made[:10]] == [
        [0], [1], [], [], [], [], [], [], [], [2]
    ]  # fmt: skip
    course = job.course
    assert course
    assert [moment.offset for moment in made] == [course.frame(number) for number in range(20)]
    assert all(moment.light is not None and moment.light.shape == (16, 16) for moment in made)
    # From elsewhere on, they are the same, and their paintings have the same numbers.
    rest = beginning(job, 12)
    assert isinstance(rest.clock, Rest)
    (first, second) = islice(studio.moments(rest), 2)
    assert (first.place, first.offset) == (made[12].place, made[12].offset)
    assert [each.number for each in first.paintings] == [1, 2] and second.paintings == ()
    assert first.paintings[0].start == made[1].paintings[0].start
    assert np.abs(first.paintings[0].canvas - made[1].paintings[0].canvas.astype(float)).max() <= 2
    assert first.light is not None and np.abs(first.light - made[12].light).max() < 0.1


def test_a_packed_piece_holds_paintings_and_lights(studio: Studio, job: Job) -> None:
    made = list(islice(studio.moments(job), 12))
    packed = json.loads(json.dumps(relit.packed(job, 7, made)))
    assert packed["run"] == 7 and packed["strip"] == [64, 64] and packed["axis"] == 0
    assert packed["frames"][5] == [0.625, pytest.approx(made[5].offset, abs=1e-5)]
    paintings = [painting for moment in made for painting in moment.paintings]
    for painting, there in zip(paintings, packed["paintings"], strict=True):
        assert (painting.number, painting.start) == (there["number"], there["start"])
        error = image(there["picture"]) - painting.canvas
        assert 10 * np.log10(255**2 / (error**2).mean()) > 38
    lights = packed["lights"]
    assert lights["half"] and (lights["width"], lights["height"]) == (8, 16)
    seen = image(lights["picture"]).reshape(-1, 16, 8) ** 2 / 255
    own = [*(moment.light for moment in made), *(painting.light for painting in paintings)]
    assert len(seen) == len(own)
    for there, light in zip(seen, own, strict=True):
        assert light is not None and np.abs(there - light[:, :8]).mean() < 2


def test_how_it_is_seen_is_the_films_view_and_camera(job: Job) -> None:
    job = having(job, camera=Camera(zoom=1.5, sway=0.5, pulse=0.0), finish=Finish(glow=0.9))
    seen = json.loads(json.dumps(relit.seen(job, 1.0, 2.0)))
    kind = seen["kinds"]["tunnel"]
    assert seen["size"] == [64, 64] and not seen["along"] and kind["copies"] == 3
    assert kind["finish"]["glow"] == 0.9
    assert len(kind["poses"]) == seen["count"] and seen["count"] >= 61
    there = pose(job.recipe.camera, 1.5)
    assert kind["poses"][30] == pytest.approx([there.zoom, there.angle, there.x, there.y], abs=1e-4)


@pytest.mark.thorough
def test_where_views_change_both_are_there(job: Job) -> None:
    job = having(job, form="0:00 A | 0:02 B", story="A: view tunnel | B: view mandala")
    seen = relit.seen(job, 0.5, 3.5)
    assert set(seen["kinds"]) == {"tunnel", "mandala"}
    assert seen["along"][0] == [["tunnel", 1.0]] and seen["along"][-1] == [["mandala", 1.0]]
    assert any(len(there) == 2 for there in seen["along"])


def test_what_a_browser_does_not_draw_is_told(job: Job) -> None:
    assert relit.covered(job)
    assert relit.covered(having(job, relight=False))
    assert not relit.covered(having(job, interpolator="motion"))
    assert relit.covered(having(job, style=replace(job.recipe.style, strength=0.0)))


def test_another_view_repaints_nothing(studio: Studio, job: Job) -> None:
    players = Players(studio)
    first = players.piece("a", job, 0.5, draws=1)
    assert first.lit and first.seen and not first.pictures and first.fresh
    assert first.lit["paintings"] and len(first.lit["frames"]) == pytest.approx(
        (first.end - first.begin) * first.rate, abs=0.1
    )
    other = having(job, view=View("mandala", shown=(64, 64)), camera=Camera(turn=9.0))
    seen = players.seen("a", other, 1.0)
    assert seen and set(seen["kinds"]) == {"mandala"}
    more = players.piece("a", other, first.end, draws=1)
    assert more.lit and not more.fresh and more.lit["run"] == first.lit["run"]
    # What is held no more comes again.
    numbers = [each["number"] for each in more.lit["paintings"]]
    again = players.piece("a", other, more.end, draws=1, anew=1)
    assert again.lit and not again.fresh
    assert again.lit["paintings"][0]["number"] in {max(numbers) - 1, max(numbers)}
    # Another prompt is painted, and what cannot be drawn there is drawn here.
    changed = having(job, style=replace(job.recipe.style, prompt="ruby fire"))
    assert players.seen("a", changed, 1.0) is None
    fresh = players.piece("a", changed, 1.0, draws=1)
    assert fresh.fresh and fresh.lit and fresh.lit["run"] != first.lit["run"]
    here = players.piece("a", having(changed, interpolator="motion"), 1.0, draws=1)
    assert here.fresh and here.pictures and not here.lit and not here.seen
    assert players.seen("a", changed, 1.0) is None
    players.leave("a")
