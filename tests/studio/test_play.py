"""A song is played in pieces: what they show, when they go on, and how good they are."""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from conftest import WriteSong, music
from PIL import Image

from musvid import Recipe, SettingsError, Store, Style
from musvid.clock import Rest
from musvid.frame import Frame
from musvid.job import Job
from musvid.paint.drift import Drift
from musvid.studio.play import LEVELS, PIECE, Pace, Piece, Players, beginning, encoded, played
from musvid.studio.studio import Studio
from musvid.view.settings import Finish, View

SMALL = Recipe(
    size=(64, 64),
    upscale=1,
    stride=8,
    after=8,
    relight=True,
    style=Style(prompt="teal coral"),
    drift=Drift(speed=20.0, direction="up"),
    view=View("tunnel", shown=(64, 64)),
    finish=Finish(grain=0.0),  # which would be another at another rate
)
LEVEL = 3  # with which playing begins: half of the pictures


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Studio:
    return Studio(device="cpu", store=Store(tmp_path_factory.mktemp("store") / "frames"))


@pytest.fixture
def job(studio: Studio, write_song: WriteSong) -> Job:
    return studio.job(SMALL, studio.song(write_song(music(6.0))).part(0.5, 5.0))


@pytest.fixture
def players(studio: Studio) -> Iterator[Players]:
    made = Players(studio)
    yield made
    for name in "abcdef":
        made.leave(name)


def pieces(players: Players, job: Job, moment: float, until: float) -> list[Piece]:
    made = [players.piece("a", job, moment)]
    while made[-1].end < until and not made[-1].over:
        made.append(players.piece("a", job, made[-1].end))
    return made


def pixels(picture: bytes) -> np.ndarray:
    """A picture as numbers."""
    return np.asarray(Image.open(io.BytesIO(picture))).astype(float)


def test_pieces_show_what_the_film_shows_at_their_times(
    studio: Studio, job: Job, players: Players
) -> None:
    small = played(job, LEVEL)
    assert small.size == job.size and small.clock.painted == job.clock.painted
    film = [encoded(frame) for frame in studio.pictures(small)]
    assert len(film) == job.file_frames / 2
    # These are every second one of the film.
    for one, frame in zip(film, islice(studio.pictures(job), 0, None, 2), strict=True):
        assert one == encoded(frame)
    made = pieces(players, job, 0.5, 6.0)
    assert [piece.fresh for piece in made] == [True] + [False] * (len(made) - 1)
    assert made[-1].over and all(piece.end - piece.begin < PIECE + 0.1 for piece in made)
    shown = [picture for piece in made for picture in piece.pictures]
    assert [picture for _, picture in shown] == film
    assert [round(15 * (moment - 0.5)) for moment, _ in shown] == list(range(len(film)))
    # Elsewhere, too: a second behind a seek, nothing of what flashes was before it.
    (first, *_) = pieces(players, job, 3.47, 3.5)
    assert first.fresh and first.begin == pytest.approx(0.5 + 45 / 15, abs=0.07)
    other = film[round(15 * (first.begin - 0.5))]
    assert np.abs(pixels(first.pictures[0][1]) - pixels(other)).mean() < 1


def test_what_was_played_is_in_the_store(studio: Studio, job: Job, players: Players) -> None:
    job = job.having(replace(job.recipe, style=replace(job.recipe.style, seed=7)))
    store = studio._store
    assert store

    def kept() -> set[Path]:
        return {path for path in (store.folder / "paintings").rglob("*") if path.is_file()}

    before = kept()
    pieces(players, job, 0.5, 2.0)
    players.leave("a")
    there = kept() - before
    assert len(there) > 5
    list(studio.pictures(played(job, LEVEL)))
    film = kept() - before
    assert there < film and len(film) == job.clock.painted  # each was painted once


def test_another_setting_or_place_begins_anew(job: Job, players: Players) -> None:
    first = players.piece("a", job, 1.0)
    assert not players.piece("a", job, first.end).fresh
    # A little further on it goes on, too, and leaves out what lies between.
    further = players.piece("a", job, first.end + 1.5)
    assert not further.fresh and further.begin == pytest.approx(first.end + 1.5, abs=0.1)
    assert players.piece("a", job, 0.7).fresh
    other = job.having(replace(job.recipe, style=replace(job.recipe.style, seed=1)))
    changed = players.piece("a", other, 3.0)
    assert changed.fresh and changed.pictures[0][1] != first.pictures[0][1]


def test_what_is_waited_for_comes_with_fewer_pictures(
    job: Job, players: Players, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("musvid.studio.play._PROMPT", 60.0)
    monkeypatch.setattr("musvid.studio.play._SOON", 0.0)
    whole = players.piece("one", job, 0.4)
    quick = players.piece("two", job, 0.4, soon=1.0)
    assert len(quick.pictures) <= 2 < len(whole.pictures)
    assert quick.pictures[0] == whole.pictures[0]
    more = players.piece("two", job, quick.end)
    assert not more.fresh and more.pictures[0] == whole.pictures[len(quick.pictures)]


def test_few_are_held_and_given_up_after_a_while(studio: Studio, job: Job) -> None:
    players = Players(studio, most=2)
    ends = {name: players.piece(name, job, 0.5).end for name in "abc"}
    assert len(players) == 2
    assert players.piece("a", job, ends["a"]).fresh  # it had to go, and is back
    assert not players.piece("c", job, ends["c"]).fresh
    for name in "abc":
        players.leave(name)
    players.leave("nobody")
    players = Players(studio, idle=0.1)
    players.piece("a", job, 0.5)
    deadline = time.monotonic() + 30
    while len(players) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not len(players)


def test_while_somebody_renders_playing_gives_way_as_well(
    studio: Studio, job: Job, players: Players, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    pictures = studio.pictures

    def noted(job: Job) -> Iterator[Frame]:
        for frame in pictures(job):
            seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
            yield frame

    monkeypatch.setattr(studio, "pictures", noted)
    first = players.piece("a", job, 0.5)
    with studio._seat(lambda: False):
        more = players.piece("a", job, first.end)
    assert more.pictures and not more.fresh
    if sys.platform == "linux":
        assert seen[0] < 10 <= seen[-1] or seen[0] >= 10


def test_what_is_too_much_is_refused_before_it_begins(job: Job, players: Players) -> None:
    def check(_: Job) -> None:
        raise SettingsError("Too much.")

    with pytest.raises(SettingsError, match="Too much"):
        players.piece("a", job, 0.5, check=check)
    assert not len(players)


def test_a_late_painter_shows_less_and_a_quick_one_more() -> None:
    pace = Pace(LEVEL)
    for _ in range(20):
        pace.learn(0.8, 0.5, 4.0)  # neither late nor easy
    assert pace.level == LEVEL
    pace.learn(0.8, 2.0, 4.0)
    assert pace.level == LEVEL  # much is held: nothing is late yet
    pace.learn(0.8, 1.0, 1.0)
    assert LEVELS[pace.level] == (256, 8)  # first the rate
    pace.late()
    assert LEVELS[pace.level] == (192, 8)  # then the side
    for _ in range(100):
        pace.late()
    assert pace.level == len(LEVELS) - 1
    climbed = []
    for _ in range(200):
        pace.learn(0.8, 0.1, 4.0, 2)
        climbed.append(pace.level)
    assert climbed[5] == len(LEVELS) - 1 and climbed[-1] == 2  # one by one, and never better
    steps = np.flatnonzero(np.diff(climbed))
    assert np.diff(steps).min() >= 10
    # What was too much is tried again later.
    pace.late()
    waited = 0
    while pace.level > 2:
        pace.learn(0.8, 0.1, 4.0, 2)
        waited += 1
    assert waited >= 20


def test_of_what_a_browser_draws_only_the_side_is_made_smaller() -> None:
    pace = Pace(LEVEL)
    pace.late(drawn=True)
    assert LEVELS[pace.level][0] == 192
    pace.late(drawn=True)
    assert LEVELS[pace.level][0] == 128
    sides = []
    for _ in range(100):
        pace.learn(0.8, 0.1, 4.0, drawn=True)
        sides.append(LEVELS[pace.level][0])
    assert list(dict.fromkeys(sides)) == [128, 192, 256, 384, 512]
    assert np.diff(np.flatnonzero(np.diff(sides))).max() < 20


@pytest.mark.parametrize("level", range(len(LEVELS)))
def test_a_level_is_of_the_films_shape_and_paints_no_more(
    studio: Studio, write_song: WriteSong, level: int
) -> None:
    recipe = Recipe(size=(768, 432), stride=16, view=View("tunnel", shown=(1920, 1080)))
    job = studio.job(recipe, studio.song(write_song(music(2.0))))
    small, (side, rate) = played(job, level), LEVELS[level]
    assert max(small.size) <= side >= max(small.file_size)
    assert small.size[0] / small.size[1] == pytest.approx(16 / 9, rel=0.15)
    assert small.clock.painted <= job.clock.painted and small.clock.rate <= max(rate, 15)


def test_a_job_begins_at_the_keyframe_that_a_frame_needs(job: Job) -> None:
    for frame in (0, 1, 7, 8, 100):
        clock = beginning(job, frame).clock
        assert isinstance(clock, Rest) and clock.skipped == frame and clock.begin == frame // 8
        assert clock.time(0) == job.clock.time(frame)
        places = list(clock.places)
        assert places[0] == frame % 8 and len(places) == clock.frames
        assert clock.painting_time(0) <= clock.time(0)
