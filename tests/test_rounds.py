"""A clip that is a loop: its end flows into its beginning."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import WriteSong, music, tone

from musvid import Look, Modulation, Painter, Recipe, SettingsError, Song, Store, Style, render
from musvid.__main__ import build_parser, recipe_from
from musvid.clock import Clock, Rest
from musvid.frame import Frame
from musvid.interpolate.relight import Response
from musvid.job import Job, fitted, prepare, resolve
from musvid.looping import LIGHT, Loop
from musvid.music.lock import Lock
from musvid.music.travel import Round
from musvid.paint.drift import Drift
from musvid.paint.noise import changed
from musvid.paint.style import Ring
from musvid.paint.world import window
from musvid.rendering import Tools, chain, drawn_moment, shown
from musvid.spectrum import closing
from musvid.studio.studio import Studio
from musvid.video.file import read
from musvid.view.camera import Rounds, pose
from musvid.view.flashes import FLASHES, gains, most, safe
from musvid.view.projections import folds
from musvid.view.settings import KINDS, Camera, Finish, View

BEATS = tuple(0.11 + 0.5 * beat + 0.02 * float(np.sin(beat)) for beat in range(24))
SMALL = Recipe(
    size=(64, 64),
    upscale=1,
    start=3.1,
    duration=3.4,
    loop=True,
    style=Style(prompt="violet nebula"),
)
UP = replace(SMALL, drift=Drift(20.0, "up"))
LOCKED = replace(UP, lock=Lock("1/8", bpm=120, beat=0.0, bar=2))


def seen(kind: str) -> View:
    return View(kind, shown=(96, 96))


CASES: dict[str, Recipe] = {
    "up": UP,
    "tunnel": replace(UP, view=seen("tunnel")),
    "morph": replace(SMALL, drift=Drift(morph=0.1)),
    "locked": LOCKED,
    "following": replace(UP, lock=Lock("1/8", bpm=120, beat=0.11, bar=2, beats=BEATS)),
}
MORE: dict[str, Recipe] = {
    "fast": replace(SMALL, drift=Drift(40.0, "up")),
    "down": replace(SMALL, drift=Drift(30.0, "down", morph=0.6)),
    "outward": replace(SMALL, drift=Drift(12.0, "outward")),
    "left": replace(UP, drift=Drift(30.0, "left"), style=Style(symmetry="none")),
    "walk": replace(SMALL, drift=Drift(morph=1.0)),
    "mandala": replace(UP, view=seen("mandala")),
    "mosaic": replace(UP, view=seen("mosaic")),
    "horizon": replace(UP, view=seen("horizon")),
    "camera": replace(
        UP,
        view=seen("ring"),
        camera=Camera(turn=6, sway=0.5, shake=0.5, pulse=0.5),
        zoom_by=Modulation("low", 0.5),
        turn_by=Modulation("loudness", 6),
        motion_fps=Fraction(60),
    ),
    "story": replace(
        UP,
        form="0:00 A | 0:04.5 B | 0:09 A",
        story="A: violet nebula; view tunnel | B: crimson flames; view mandala; palette fire; "
        "strength 0.5; speed x2",
        view=seen("tunnel"),
    ),
    "prompts": replace(UP, style=Style(prompt="0:03 violet nebula | 0:06 crimson flames")),
    "embers": replace(UP, look=Look(embers=0.6, half_life=0.3)),
    "afterglow": replace(UP, look=Look(afterglow=0.4, count=2)),
    "followers": replace(
        UP,
        strength_by=Modulation("onsets", 0.3),
        seed_by=Modulation("onsets", 2.0),
        drift_by=Modulation("loudness", 30, 0.5),
    ),
    "beginning": replace(UP, start=0.0),
    "triplets": replace(UP, lock=Lock("1/4T", bpm=120, beat=0.0, bar=3)),
    "hybrid": replace(UP, stride=8, before=4, after=2, relight=False, drift=Drift()),
}


def steady(seconds: float = 9.0) -> np.ndarray:
    """A chord that hardly changes."""
    pitches = (110, 220, 277.2, 329.6, 440, 880)
    return sum(tone(pitch, seconds, 0.1) for pitch in pitches) + tone(3, seconds, 0.02)


def rhythmic(seconds: float = 9.0) -> np.ndarray:
    """A melody, and a kick twice a second."""
    sound = 0.6 * music(seconds)
    time = np.arange(4410) / 44100
    kick = 0.3 * np.sin(2 * np.pi * 60 * time) * np.exp(-30 * time)
    for beat in np.arange(0, seconds - 0.2, 0.5):
        sound[round(beat * 44100) :][: len(kick)] += kick
    return sound


SOUNDS = {"steady": steady, "rhythmic": rhythmic}


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter(Style(), device="cpu")


def pictures(job: Job, painter: Painter, seen: dict[str, list[Frame]] | None = None) -> list[Frame]:
    """What a job's video shows. seen: gets the frames of each stage."""
    with ExitStack() as stack:

        def stage(frames: Iterator[Frame], name: str) -> Iterator[Frame]:
            stack.callback(getattr(frames, "close", lambda: None))
            for frame in frames:
                if seen is not None:
                    seen.setdefault(name, []).append(frame)
                yield frame

        tools = Tools(stage, lambda: painter, painter=painter, response=Response())
        return list(shown(chain(job, tools), job))


def steps(frames: list[Frame]) -> np.ndarray:
    """How much each frame differs from the one before it, the first one from the last."""
    levels = np.stack(frames).astype(np.int16)
    return np.abs(levels - np.roll(levels, 1, axis=0)).mean((1, 2, 3))


@pytest.mark.parametrize("name", CASES)
def test_the_first_frame_is_no_farther_from_the_last_than_frames_are(
    write_song: WriteSong, painter: Painter, name: str
) -> None:
    job = prepare(write_song(rhythmic()), CASES[name])
    made = pictures(job, painter)
    assert job.loop and len(made) == job.file_frames == job.loop.length * job.file_rate
    found = steps(made)
    assert found[0] <= np.median(found[1:])
    assert found.max() > 3 * found[0], "the rest of it lives"


@pytest.mark.thorough
@pytest.mark.parametrize("sound", SOUNDS)
@pytest.mark.parametrize("name", [*CASES, *MORE])
def test_every_way_to_move_comes_back(
    write_song: WriteSong, painter: Painter, tmp_path: Path, name: str, sound: str
) -> None:
    """Of what hardly moves, the steps are those of the encoder: the first frame of a video is a
    little better than the others."""
    recipe = {**CASES, **MORE}[name]
    job = prepare(write_song(SOUNDS[sound]()), recipe)
    found = steps(pictures(job, painter))
    assert found[0] <= max(0.1, np.median(found[1:]))
    video = render(job, None, tmp_path / "a.mp4", painter=painter)
    decoded = list(read(video))
    assert len(decoded) == job.file_frames
    found = steps(decoded)
    assert found[0] <= np.median(found[1:]) + 1.25  # levels of 255


def test_without_it_the_end_does_not_know_the_beginning(
    write_song: WriteSong, painter: Painter
) -> None:
    path = write_song(rhythmic())
    found = steps(pictures(prepare(path, replace(UP, loop=False)), painter))
    assert found[0] > 2 * np.median(found[1:])


def test_the_painting_behind_the_last_is_the_first_one_and_painted_once(
    write_song: WriteSong, painter: Painter, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = prepare(write_song(rhythmic()), UP)
    assert job.loop and job.course
    count, painted = job.loop.paintings, []
    own = painter.paint

    def noted(frames: Iterator[Frame], *more: Any) -> Iterator[Frame]:
        for frame in own(frames, *more):
            painted.append(frame)
            yield frame

    monkeypatch.setattr(painter, "paint", noted)
    made: dict[str, list[Frame]] = {}
    pictures(job, painter, made)
    assert len(painted) == count == job.clock.painted - 1 == len(made["painted"]) - 1
    assert np.array_equal(made["guides"][0], made["guides"][-1])
    assert np.array_equal(made["painted"][0], made["painted"][-1])
    assert job.stroke(0) == job.stroke(count), "so that a store finds it"


@pytest.mark.parametrize("name", ["up", "locked", "embers"])
def test_the_rest_of_a_loop_is_shown_as_in_the_whole(
    write_song: WriteSong, painter: Painter, name: str
) -> None:
    recipe = replace({**CASES, **MORE}[name], finish=Finish(flash_limit=False))
    job = prepare(write_song(rhythmic()), recipe)
    whole = pictures(job, painter)
    rest = replace(job, clock=Rest.of(job.clock, job.clock.keyframes // 2))
    made = pictures(rest, painter)
    assert 0 < len(made) == len(whole) - rest.clock.skipped < len(whole)
    for one, other in zip(made, whole[rest.clock.skipped :], strict=True):
        assert np.abs(one.astype(int) - other).max() <= 3


@pytest.mark.parametrize("name", ["up", "embers"])
def test_a_moment_is_drawn_as_in_a_render(write_song: WriteSong, name: str) -> None:
    job = prepare(write_song(rhythmic()), {**CASES, **MORE}[name])
    plain = replace(job, recipe=replace(job.recipe, style=Style(strength=0).resolve()))
    made: dict[str, list[Frame]] = {}
    pictures(plain, None, made)  # type: ignore[arg-type]  # nothing is painted
    for tick in (0, 40, len(made["spectrum"]) - 3):
        picture = drawn_moment(plain, tick / job.clock.fps)
        assert np.abs(picture.astype(int) - made["spectrum"][tick]).max() <= 2, tick
    studio = Studio(device="cpu")
    assert np.array_equal(studio.draw(job, Fraction(1)), drawn_moment(job, Fraction(1)))


def test_what_was_stopped_goes_on_to_the_same_bytes(
    write_song: WriteSong, painter: Painter, tmp_path: Path
) -> None:
    job = prepare(write_song(rhythmic()), replace(UP, duration=1.2))
    store = Store(tmp_path / "store")
    kept = render(job, None, tmp_path / "a.mp4", painter=painter, store=store)
    for video in (tmp_path / "store" / "videos").rglob("*"):
        if video.is_file():
            video.unlink()
    again = render(job, None, tmp_path / "b.mp4", painter=painter, store=store)
    anew = render(job, None, tmp_path / "c.mp4", painter=painter)
    assert kept.read_bytes() == again.read_bytes() == anew.read_bytes()


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        ({"duration": 3.4}, Fraction(6 * 16, 30)),
        ({"duration": 0.1}, Fraction(16, 30)),
        ({"duration": None}, Fraction(11 * 16, 30)),
        ({"duration": 3.4, "lock": Lock("1/8", bpm=120, beat=0.0)}, 2),
        ({"duration": 3.999, "lock": Lock("1/8", bpm=120, beat=0.0)}, 4),
        ({"duration": 0.5, "lock": Lock("1/8", bpm=120, beat=0.0)}, 2),
        ({"duration": 4.0, "lock": Lock("1/4T", bpm=120, beat=0.0, bar=3)}, 3),
        ({"duration": 3.4, "lock": Lock("1/8", bpm=Fraction("113.7"), beat=0.3, bar=3)}, None),
    ],
    ids=str,
)
def test_a_loop_is_as_many_gaps_or_bars_as_the_part_holds(
    write_song: WriteSong, settings: dict[str, Any], seconds: Fraction | None
) -> None:
    job = prepare(write_song(rhythmic()), replace(SMALL, **settings))
    assert job.loop
    seconds = seconds or 2 * 3 * 60 / Fraction("113.7")
    assert job.loop.length == seconds
    assert 0 <= seconds - job.song.duration < Fraction(1, job.song.rate)
    assert job.clock.frames == job.loop.length * job.clock.rate
    again = resolve(job.recipe, job.song)
    assert again.song == job.song and again.clock == job.clock
    assert job.having(job.recipe).clock == job.clock


def test_bars_that_wander_last_as_long_as_they_do(write_song: WriteSong) -> None:
    job = prepare(write_song(rhythmic()), CASES["following"])
    assert job.loop and job.loop.length == pytest.approx(3.0, abs=0.07)
    first = job.clock.painting_time(0)
    assert job.clock.painting_time(job.loop.paintings) == first + job.loop.length
    assert job.loop.ticks == job.loop.length * job.clock.fps


def test_what_cannot_be_a_loop_is_refused(write_song: WriteSong) -> None:
    path = write_song(music(1.0))
    with pytest.raises(SettingsError, match=r"With an echo .* --no-loop"):
        prepare(path, Recipe(loop=True, echo=0.5))
    with pytest.raises(SettingsError, match="A loop needs a whole bar"):
        prepare(path, Recipe(loop=True, lock=Lock("1/8", bpm=120, beat=0.0)))
    with pytest.raises(SettingsError, match=r"A loop needs 2\.13 s from keyframe to keyframe"):
        prepare(path, Recipe(loop=True, stride=64))
    assert fitted(Recipe(), Song.open(path)).duration == 1


def loop_of(seconds: int = 6, start: float = 3.0) -> Loop:
    return Loop(Clock(Fraction(seconds), Fraction(30), 15, 1, 15), Fraction(start))


def test_curves_come_back_and_leave_the_rest_alone() -> None:
    loop = loop_of()

    def curve(time: float) -> float:
        return 1 + time

    assert loop.value(curve, 2) == 3
    assert loop.value(curve, Fraction(5999, 1000)) == pytest.approx(1, abs=0.01)
    assert loop.value(curve, 6) == loop.value(curve, 0) == loop.value(curve, -6) == 1
    assert loop.back(4.4) == 0 and loop.back(5.4, LIGHT) == 0 < loop.back(5.6, LIGHT) < 1
    values = [loop.value(curve, time) for time in np.linspace(0, 12, 601)]
    assert np.abs(np.diff(values)).max() < 0.2


def test_texts_come_back() -> None:
    loop = loop_of()  # from 3 to 9 s of the file
    keys = ((0.0, "a"), (4.0, "a"), (5.0, "b"), (20.0, "b"))
    assert loop.closed(keys) == (
        *((3.0, "a"), (4.0, "a"), (5.0, "b")),
        *((7.5, "b"), (9.0, "a")),
    )
    assert loop.closed(((2.0, "a"), (3.5, "b")))[0] == (3.0, "b"), "what is more there"
    assert loop.closed(()) == ()


def test_the_way_of_a_round_is_whole_grains(write_song: WriteSong) -> None:
    job = prepare(write_song(rhythmic()), replace(UP, drift_by=Modulation("loudness", 30, 0.5)))
    assert job.loop and job.travel
    way = Round(job.travel, job.loop, 16)
    length = job.loop.length
    assert way.way % 16 == 0 and way.way > 0
    assert way(length) - way(0) == pytest.approx(way.way) == way(2 * length) - way(length)
    assert way(Fraction(1) - length) == pytest.approx(way(1) - way.way)
    ways = np.array([way(time) for time in np.linspace(-1, 5, 301)])
    assert (np.diff(ways) >= 0).all()


@pytest.mark.parametrize("period", [24, -24, 40])
def test_a_world_that_repeats_itself_has_no_seam(period: int) -> None:
    first = window(3, 4, -7, 5, 20, 12, (period, 0))
    later = window(3, 4, -7 + 5 * abs(period), 5, 20, 12, (period, 0))
    assert np.array_equal(first, later)
    assert not np.array_equal(first, window(3, 4, -6, 5, 20, 12, (period, 0)))
    tall = window(3, 4, 0, 0, 2 * abs(period), 3, (period, 0))
    assert np.array_equal(tall[:, : abs(period)], tall[:, abs(period) :])
    assert np.array_equal(window(3, 4, 2, 0, 9, 3), window(3, 4, 2, 0, 9, 3, (period, 0)))
    across = window(3, 4, 0, 30, 3, 20, (0, 32))
    assert np.array_equal(across[..., 2:], window(3, 4, 0, 0, 3, 18))


def test_noise_comes_back() -> None:
    torch = pytest.importorskip("torch")

    class Pipe:
        pass

    like = torch.zeros(1, 4, 32, 32)

    def noise(walk: float, place: tuple[int, int] | None, ring: Ring | None) -> np.ndarray:
        made = changed(like, Pipe(), False, [(5, walk, place, ring)])
        return np.asarray(made[0])

    three = Ring(seeds=3)
    assert np.array_equal(noise(3.0, None, three), noise(0.0, None, three))
    assert np.array_equal(noise(1.0, None, three), noise(1.0, None, None))
    late = noise(2.999, None, three)
    assert np.abs(late - noise(0.0, None, three)).max() < 0.02
    # A world whose round is shorter than the picture goes over into the one a round before.
    around = noise(0.0, (20, 0), Ring(way=(20, 0), back=1.0))
    np.testing.assert_allclose(around, noise(0.0, (0, 0), None), atol=1e-6)
    assert noise(0.0, (10, 0), Ring(way=(20, 0), back=0.5)).std() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("symmetric", [True, False])
def test_a_part_of_a_turn_shows_the_same_picture(kind: str, symmetric: bool) -> None:
    """As `folds` says; and one part less of it does not."""
    from musvid.view.stage import Shot, view

    rng = np.random.default_rng(0)
    strip = rng.integers(0, 255, (64, 64, 3)).astype(np.uint8)
    strip = np.kron(strip[:16, :16], np.ones((4, 4, 1), np.uint8))
    if symmetric:
        strip[:, 32:] = strip[:, :32][:, ::-1]
    settings = View(kind, copies=6).resolve()
    finish = Finish(exposure=0, glow=0, vignette=0, grain=0, contrast=0)

    def turned(part: float) -> np.ndarray:
        camera = Camera(turn=60 * part, sway=0, pulse=0)
        camera = replace(camera, zoom=1.001)  # else a flat picture passes as it is
        made = next(view([strip], [1.0], Shot((96, 96), settings, camera, finish)))
        y, x = np.ogrid[-1:1:96j, -1:1:96j]
        return np.asarray(made.astype(int)[(x * x + y * y) < 0.9])

    count = folds(settings, symmetric=symmetric)
    whole = turned(0.0)
    assert np.abs(turned(1 / count) - whole).mean() < 3
    if count > 1:
        assert np.abs(turned(0.5 / count) - whole).mean() > 6


@pytest.mark.parametrize("turn", [0.5, 3.0, 40.0])
def test_the_camera_comes_back(turn: float) -> None:
    loop = loop_of()
    rounds = Rounds(loop, 6)
    camera = Camera(zoom=1.0, turn=turn, sway=0.5, shake=0.3, pulse=0.3)
    poses = [pose(camera, 3 + time, rounds=rounds) for time in np.arange(0, 6, 0.01)]
    first, last = poses[0], poses[-1]
    part = 2 * np.pi / 6
    apart = abs(last.angle - first.angle) % part
    assert min(apart, part - apart) < 0.07
    assert abs(last.x - first.x) < 0.002 > abs(last.y - first.y)
    assert pose(camera, 9.0, rounds=rounds) == first
    angles = np.unwrap([each.angle for each in poses])
    assert np.ptp(angles) > 0.01, "it moves"
    assert np.abs(np.diff(angles)).max() < 0.07


def test_flashes_are_counted_from_round_to_round() -> None:
    rate = Fraction(30)
    calm, flash = [0.1] * 30, [0.1, 0.1, 0.9, 0.9, 0.1, 0.1, 0.9, 0.9, 0.1, 0.1]
    light = [*flash, *calm, *calm, *flash]  # two flashes at either end
    twice = list(gains(light, rate))
    assert set(twice) == {1.0} and most([*light, *light], rate) > FLASHES
    frames = [np.full((4, 4, 3), round(255 * each ** (1 / 2.2)), np.uint8) for each in light]
    made = list(safe(iter(frames), iter(light), rate, loop=True))
    assert len(made) == len(frames)
    seen = [float((frame[0, 0, 0] / 255) ** 2.2) for frame in made]
    assert most([*seen, *seen], rate) <= FLASHES
    assert all(np.array_equal(*pair) for pair in islice(zip(made, frames, strict=True), 60))


def test_drawings_of_any_round_are_those_of_the_first() -> None:
    loop = loop_of(2)

    def draw(ticks: range) -> Iterator[Frame]:
        return (np.full((8, 8, 3), 100 + tick, np.uint8) for tick in ticks)

    def levels(ticks: range) -> list[int]:
        return [int(frame[0, 0, 0]) for frame in closing.drawn(ticks, loop, draw, iter(()))]

    whole = levels(range(60))
    assert whole[:45] == list(range(100, 145)) and abs(whole[59] - 100) <= 1
    assert levels(range(-70, 130)) == [*whole[50:], *whole, *whole, *whole, *whole[:10]]


def test_the_option_reaches_the_recipe() -> None:
    parser = build_parser()
    assert recipe_from(parser.parse_args(["a.wav", "--loop"])).loop is True
    assert recipe_from(parser.parse_args(["a.wav", "--no-loop"])).loop is False
    assert Recipe.from_json(Recipe(loop=True).to_json()).loop


def test_a_loop_is_played_round_after_round() -> None:
    from musvid.page.files import played

    assert played({"video": "a.mp4", "loop": True})["loop"] is True
    assert played({"video": "a.mp4"})["loop"] is False
