"""Noise as a world, where it stands at each moment, and paintings that travel across it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import permutations
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import WriteSong, clicks, music, psnr, read_frames, tone, video_frames, write_wav

from musvid import (
    Clock,
    ModelError,
    Modulation,
    Painter,
    Recipe,
    SettingsError,
    Song,
    Style,
    between,
    render,
)
from musvid.__main__ import build_parser, recipe_from
from musvid.frame import Frame
from musvid.interpolate import light_of
from musvid.job import _tell, prepare, resolve
from musvid.paint import models, world
from musvid.paint.course import Course, moved
from musvid.paint.drift import DIRECTIONS, Drift
from musvid.paint.grain import agreement, grain_of
from musvid.paint.style import Stroke
from musvid.paint.words import STYLES
from musvid.store import Store
from musvid.studio.studio import Studio

# diffusers' schedulers, about the numpy of today.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

STYLE = Style(prompt="emerald circuitry")
SIZE = (96, 128)


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter(STYLE)


def course(direction: str = "up", speed: float = 40.0, **settings: int) -> Course:
    settings = {"stride": 12, "after": 12, **settings}
    clock = Clock(Fraction(2), Fraction(30), **settings)
    return Course(clock, Drift(speed, direction), SIZE, 16, lambda time: speed * float(time))


def drifting(direction: str = "up", speed: float = 40.0, **settings: object) -> Recipe:
    drift = Drift(speed, direction)
    return Recipe(
        **{"style": STYLE, "size": SIZE, "upscale": 1, "stride": 12, "drift": drift, **settings}
    )


def stage(folder: Path, name: str) -> np.ndarray:
    count = len(list((folder / name).iterdir()))
    return np.array(list(read_frames(folder, name, count)))


# The world


@pytest.mark.parametrize("place", [(0, 0), (-1, -40), (10_000, 7), (3 * 10**9, -5)])
def test_every_window_shows_the_same_world(place: tuple[int, int]) -> None:
    """Whatever was looked at before, and from wherever the window begins."""
    row, column = place
    small = world.window(7, 3, row + 5, column + 18, 20, 9)
    world._block.cache_clear()
    large = world.window(7, 3, row, column, 50, 40)
    np.testing.assert_array_equal(large[:, 5:25, 18:27], small)
    assert large.dtype == np.float32 and large.shape == (3, 50, 40)


def test_the_world_is_normal_noise_and_every_seed_has_its_own() -> None:
    one, other = (world.window(seed, 4, -100, -100, 200, 200) for seed in (1, 2))
    assert abs(one.mean()) < 0.01 and abs(one.std() - 1) < 0.01
    assert abs((one**4).mean() - 3) < 0.1
    assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.01
    planes = np.corrcoef(one.reshape(4, -1)) - np.eye(4)
    assert np.abs(planes).max() < 0.02
    for axis in (1, 2):  # neither neighbours nor blocks are alike
        for apart in (1, 16):
            shifted = np.roll(one, apart, axis)
            assert abs(np.corrcoef(one.ravel(), shifted.ravel())[0, 1]) < 0.01


# The course


@pytest.mark.parametrize(
    ("direction", "way"),
    [("up", (-10, 0)), ("down", (10, 0)), ("left", (0, -10)), ("right", (0, 10))],
)
def test_texture_moves_where_the_direction_says(direction: str, way: tuple[int, int]) -> None:
    track = course(direction, 25.0)
    early, late = Fraction(0), Fraction(2, 5)
    world_ = np.random.default_rng(0).integers(0, 255, (600, 600, 3)).astype(np.uint8)

    def seen(time: Fraction) -> np.ndarray:
        span = track.moment(time)
        row, column = (300 + place for place in track.place(span))
        height, width = track.canvas(np.zeros((*SIZE[::-1], 3), np.uint8), span).shape[:2]
        return track.shown(world_[row : row + height, column : column + width], span)

    inside = (slice(20, -20), slice(20, -20))
    np.testing.assert_array_equal(
        np.roll(seen(early), way, (0, 1))[inside], seen(late)[inside]
    )  # fmt: skip


@pytest.mark.parametrize(("direction", "way"), [("outward", -10), ("inward", 10)])
def test_halves_move_from_the_axis_or_to_it(direction: str, way: int) -> None:
    track = course(direction, 25.0)
    line = np.random.default_rng(0).integers(0, 255, (1, 600, 3)).astype(np.uint8)

    def seen(time: Fraction) -> np.ndarray:
        span = track.moment(time)
        return track.shown(np.tile(line[:, 300 + span.start : 300 + span.stop], (128, 1, 1)), span)

    early, late = seen(Fraction(0)), seen(Fraction(2, 5))
    assert early.shape == (128, 96, 3)
    np.testing.assert_array_equal(late, late[:, ::-1])
    np.testing.assert_array_equal(np.roll(early[:, :48], way, 1)[:, 12:-12], late[:, 12:36])


@pytest.mark.parametrize("direction", DIRECTIONS[1:])
def test_canvases_begin_at_grains_and_cover_the_way_to_both_neighbours(direction: str) -> None:
    track = course(direction, 73.0)
    for painting in range(track.clock.painted):
        span = track.span(painting)
        assert span.start % 16 == 0 and span.stop % 16 == 0
        for other in (painting - 1, painting + 1):
            if 0 <= other < track.clock.painted:
                offset = track.offset(track.clock.painting_time(other))
                assert span.start <= offset and offset + track.length <= span.stop
        ways = 2 * float(track.longest) + track.length + 2 * 16 + 2 * 16
        assert span.stop - span.start <= ways


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_a_picture_moves_by_parts_of_a_pixel(axis: int, kind: type) -> None:
    def wave(first: float, count: int) -> np.ndarray:
        line = 120 + 100 * np.sin((first + np.arange(count)) / 4)
        picture = np.repeat(line[:, None, None], 3, 2) * np.ones((1, 9, 1))
        return picture if axis == 0 else picture.transpose(1, 0, 2)

    picture = np.rint(wave(0, 90)).astype(kind)
    for place in (20.0, 20.25, 20.5, 20.984375):
        found = moved(picture, place, 50, axis)
        assert found.dtype == kind
        np.testing.assert_allclose(found, wave(place, 50), atol=1.6)
    np.testing.assert_array_equal(moved(picture, 7.0, 60, axis), picture.take(range(7, 67), axis))
    ends = moved(picture, -5.0, 100, axis)  # borders go on
    np.testing.assert_array_equal(ends.take(0, axis), picture.take(0, axis))
    np.testing.assert_array_equal(ends.take(99, axis), picture.take(89, axis))


# Settings


def test_a_drift_survives_json_and_old_settings_have_none() -> None:
    recipe = Recipe(drift=Drift(12.5, "inward"))
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert Recipe.from_flat(recipe.flat()) == recipe
    assert not Recipe.from_json('{"stride": 8}').drift
    assert not Recipe().drift and not Drift(0.0, "up") and Drift(1, "up")


@pytest.mark.parametrize(
    "wrong",
    [{"speed": -1}, {"speed": 1001}, {"speed": "fast"}, {"speed": True}, {"direction": "north"}]
    + [{"direction": None}, {"speed": float("nan")}],
)
def test_drifts_that_are_none(wrong: dict) -> None:
    with pytest.raises(SettingsError, match=r"speed|direction"):
        Drift(**wrong)


@pytest.mark.parametrize(
    ("direction", "symmetry"), [("outward", "none"), ("inward", "noise"), ("left", "half")]
)
def test_a_direction_must_suit_the_symmetry(direction: str, symmetry: str) -> None:
    recipe = drifting(direction, style=replace(STYLE, symmetry=symmetry))
    with pytest.raises(SettingsError, match="symmetry"):
        recipe.resolve()
    drifting("up", style=replace(STYLE, symmetry=symmetry)).resolve()


@pytest.mark.parametrize(
    ("settings", "speed"),
    [
        ({}, 102.4), ({"size": (256, 320)}, 64), ({"drift": Drift(direction="outward")}, 51.2),
        ({"stride": 64}, 72), ({"size": (64, 64)}, 12.8), ({"drift": Drift(30.0, "up")}, 30),
    ],
)  # fmt: skip
def test_a_drift_of_no_speed_crosses_the_picture_in_five_seconds(
    write_song: WriteSong, settings: dict, speed: float
) -> None:
    recipe = Recipe(**{"drift": Drift(direction="up"), **settings})
    job = prepare(write_song(music(1.0)), recipe)  # and it is never too fast
    assert job.recipe.drift.speed == speed
    assert resolve(job.recipe, job.song).recipe == job.recipe


def test_a_drift_that_is_too_fast_is_told(write_song: WriteSong) -> None:
    song = write_song(tone(440, 2.0))
    prepare(song, drifting("up", 150.0))
    with pytest.raises(SettingsError, match="slower --drift"):
        prepare(song, drifting("up", 170.0))


# Paintings


def test_the_grain_of_the_embedded_model_is_what_the_table_says(painter: Painter) -> None:
    """Moved by grains, it paints the same texture; by less, another one."""
    assert grain_of(painter, [STYLE]) == models.find("sketch").grain == 16
    for model in models.TABLE.values():
        assert model.grain == 16 if model.name == "sketch" else model.grain == 64


@pytest.mark.parametrize("style", STYLES)
def test_every_style_paints_the_same_texture_from_grain_to_grain(
    painter: Painter, style: str
) -> None:
    """Crystals and flowers, which stand on larger blocks, from every second to every second."""
    sketch, wish = models.find("sketch"), replace(STYLE, prompt=f"teal {style}")
    grain = sketch.grain_of([f"teal {style}"])
    assert grain
    assert agreement(painter, wish, grain) > agreement(painter, wish, 0) + 8


def test_one_coarse_part_of_a_story_makes_the_grain_coarse(write_song: WriteSong) -> None:
    song = write_song(tone(440, 2.0))
    assert models.find("sketch").grain_of(["teal coral", "ice"]) == 16
    assert models.find("sd-turbo").grain_of(["crystal"]) == 64
    for prompt, grain in (("teal coral", 16), ("teal coral | 0:01 pink blossoms", 32)):
        recipe = drifting("up", 10.0)
        job = prepare(song, replace(recipe, style=replace(recipe.style, prompt=prompt)))
        assert job.world
        assert job.world.grain == grain, prompt


def test_a_model_whose_texture_stays_has_no_grain() -> None:
    class Deaf:
        """Paints noise of its own, whatever the place."""

        model = models.find("sketch")

        def paint(self, frames: list, _style: Style, strokes: list) -> list[np.ndarray]:
            seeds = [stroke.place[0] for stroke in strokes]
            shape = frames[0].shape
            return [np.random.default_rng(seed).integers(0, 255, shape) for seed in seeds]

    with pytest.raises(ModelError, match=r"does not follow its noise.*--morph"):
        grain_of(Deaf(), [STYLE])  # type: ignore[arg-type]


@pytest.fixture
def stiff(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded model, if its texture did not move with its noise."""
    stays = replace(models.find("sketch"), grain=None)
    monkeypatch.setitem(models.TABLE, "sketch", stays)
    _tell.cache_clear()


@pytest.mark.usefixtures("stiff")
@pytest.mark.parametrize(("direction", "window"), [("up", 128), ("outward", 48)])
@pytest.mark.parametrize("by", [Modulation(), Modulation("loudness", 60.0, 0.1)])
def test_what_cannot_drift_morphs_as_fast(
    direction: str, window: int, by: Modulation, write_song: WriteSong
) -> None:
    """By a seed while a window goes by, and on from what it does anyway."""
    song = Song.open(write_song(np.concatenate([tone(440, 2.0, 0.01), tone(440, 2.0, 0.5)])))
    job = resolve(drifting(direction, drift_by=by), song)
    assert job.course is None and job.travel and job.melts
    assert job.canvas == SIZE and job.style.symmetry == "half"
    for painting in range(job.clock.painted):
        stroke, way = job.stroke(painting), job.travel(job.clock.painting_time(painting))
        assert stroke.place is None
        assert stroke.walk == pytest.approx(way / window, abs=0.001)
    assert way == pytest.approx(160, abs=1) if not by else way > 200
    more = resolve(replace(job.recipe, drift=Drift(40.0, direction, 0.5)), song)
    assert more.stroke(3).walk == pytest.approx(job.stroke(3).walk + 0.5 * 1.2, abs=0.002)
    fast = resolve(drifting(direction, 900.0), song)  # none is too fast
    assert fast.strokes() is not None
    assert resolve(drifting(style=replace(STYLE, strength=0.0)), song).strokes() is None


@pytest.mark.usefixtures("stiff")
def test_that_it_cannot_drift_is_said_once(
    write_song: WriteSong, caplog: pytest.LogCaptureFixture
) -> None:
    song, said = Song.open(write_song(tone(440, 2.0))), "sketch does not move with its noise"
    with caplog.at_level("INFO", "musvid"):
        assert not resolve(Recipe(), song).remarks()
        assert said not in caplog.text
        for _ in range(3):
            (remark,) = resolve(drifting(), song).remarks()
    assert said in remark
    assert caplog.text.count(said) == 1


@pytest.mark.usefixtures("stiff")
def test_what_cannot_drift_is_filmed(
    painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    song, folder = write_song(music(1.5)), tmp_path / "stages"
    render(
        song, drifting(speed=120.0), tmp_path / "a.mp4", painter=painter, frames_dir=folder
    )  # fmt: skip
    frames, painted = stage(folder, "frames"), stage(folder, "painted")
    assert frames.shape == (45, 128, 96, 3)
    np.testing.assert_array_equal(frames[::12], painted[:4])
    assert abs(np.corrcoef(_texture(frames[0]), _texture(frames[36]))[0, 1]) < 0.4


@pytest.mark.parametrize("drift", [Drift(morph=0.7), Drift(25.0, "up", 0.7)])
def test_a_morph_goes_on_where_the_whole_song_is(drift: Drift, write_song: WriteSong) -> None:
    song = write_song(music(4.0))
    recipe = drifting(drift=drift)
    whole, part = prepare(song, recipe), prepare(song, replace(recipe, start=2.4))
    for painting in range(part.clock.painted):
        early, late = part.stroke(painting), whole.stroke(painting + 6)
        assert early.walk == late.walk == round(0.7 * (2.4 + 0.4 * painting), 3)
        assert (early.place is None) == (drift.direction == "none")
    followed = replace(recipe, seed_by=Modulation("loudness", 2.0))
    by = prepare(song, replace(followed, drift=Drift())).stroke(5).walk
    assert prepare(song, followed).stroke(5).walk == pytest.approx(by + 0.7 * 2, abs=0.002)
    assert prepare(song, drifting(drift=Drift())).strokes() is None


def test_a_morph_renews_the_picture_where_it_is(
    painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    """Bit by bit: neighbours are alike, and the frames between them are mixtures of both."""
    song, textures = write_song(music(2.0)), {}
    for name, morph in (("still", 0.0), ("fast", 1.0)):
        folder = tmp_path / name
        render(
            song, drifting(drift=Drift(morph=morph)), tmp_path / "a.mp4", painter=painter,
            frames_dir=folder,
        )  # fmt: skip
        frames, painted = stage(folder, "frames"), stage(folder, "painted")
        np.testing.assert_array_equal(frames[::12], painted[:5])
        textures[name] = [_texture(frames[number]) for number in (0, 6, 12, 48)]

    def alike(name: str, one: int, other: int) -> float:
        return float(np.corrcoef(textures[name][one], textures[name][other])[0, 1])

    assert abs(alike("fast", 0, 3)) < 0.3 < alike("still", 0, 3) - 0.3
    assert alike("fast", 0, 1) > alike("fast", 0, 2) and alike("fast", 1, 2) > alike("fast", 0, 2)


def test_a_painting_sees_the_window_of_its_place(painter: Painter) -> None:
    assert agreement(painter, STYLE, 16) > agreement(painter, STYLE, 0) + 15
    frame = np.full((*SIZE[::-1], 3), 40, np.uint8)
    far = Stroke(STYLE.resolve().stroke.prompts, 0.7, 1.0, place=(160_000, 0))
    near = replace(far, place=(0, 0))
    one, other, again = painter.paint([frame] * 3, STYLE, [near, far, near])
    np.testing.assert_array_equal(one, again)
    assert psnr(one, other) < 25


def test_any_order_and_any_batch_paint_the_same_bytes(painter: Painter) -> None:
    """Of canvases of different shapes, and with seeds that walk."""
    track, resolved = course("up", 70.0), STYLE.resolve()
    jobs = []
    for painting in range(3):
        span = track.span(painting)
        guide = np.full((*SIZE[::-1], 3), 30 + 20 * painting, np.uint8)
        stroke = replace(resolved.stroke, place=track.place(span), walk=painting / 2)
        jobs.append((track.canvas(guide, span), stroke))
    first = [next(painter.paint_each([job], STYLE)) for job in jobs]
    for order in list(permutations(range(3)))[1:4]:
        made = list(painter.paint_each([jobs[number] for number in order], STYLE))
        for number, painting in zip(order, made, strict=True):
            np.testing.assert_array_equal(painting, first[number])


# Films


def still_world() -> np.ndarray:
    """A fixed picture of the world, 640 pixels from place -300 on: panes of 16 x 8 pixels."""
    panes = 120 + 50 * np.random.default_rng(0).normal(size=(40, 12, 3))
    return np.clip(panes, 0, 255).astype(np.uint8).repeat(16, 0).repeat(8, 1)


@pytest.mark.parametrize("interpolator", ["blend", "motion", "flavr"])
def test_in_betweens_of_a_still_world_are_its_window_at_their_moment(interpolator: str) -> None:
    """To a fraction of a pixel, for every interpolator, up to the border of the picture."""
    track, seen = course("up", 41.0), still_world()
    canvases = []
    for painting in range(track.clock.painted):
        span = track.span(painting)
        canvases.append(seen[300 + span.start : 300 + span.stop])
    made = list(between(canvases, 12, interpolator=interpolator, painted=True, course=track))
    assert len(made) == track.clock.frames == 60
    least = {"blend": 60, "motion": 35, "flavr": 32}[interpolator]
    for number, frame in enumerate(made):
        window = moved(seen, 300 + track.frame(number), SIZE[1], 0)
        assert psnr(frame, window) > least, number


@pytest.mark.parametrize("interpolator", ["blend", "motion", "flavr"])
def test_light_is_taken_off_paintings_before_they_are_mixed(interpolator: str) -> None:
    """Bars of light stay where they are while texture passes, for every interpolator."""
    track, seen, bars = course("up", 48.0), still_world(), np.zeros((*SIZE[::-1], 3), np.float32)
    for row in range(12, SIZE[1] - 12, 24):
        bars[row : row + 3, 16:-16] = 240
    count = track.clock.frames + 1
    guides = [(bars * (0.6 + 0.4 * np.cos(at / 5))).astype(np.uint8) for at in range(count)]
    lights = [light_of(guide, drifting=True) for guide in guides]

    def painted(guide: np.ndarray, place: float) -> np.ndarray:
        glow = cv2.GaussianBlur(guide.astype(np.float32), (0, 0), 5)
        texture = moved(seen, 300 + place, len(guide), 0)
        return np.clip(texture * ((glow + 16) / 76) ** 0.4, 0, 255).astype(np.uint8)

    spans = list(map(track.span, range(track.clock.painted)))
    canvases = [
        painted(track.canvas(guide, span), span.start)
        for guide, span in zip(guides[::12], spans, strict=True)
    ]
    made = between(
        canvases, 12, interpolator=interpolator, painted=True, course=track,
        light=lights, guides=lights[::12],
    )  # fmt: skip
    near = [
        psnr(frame, painted(guides[number], track.frame(number)))
        for number, frame in enumerate(made)
        if number % 12
    ]
    least = {"blend": 38, "motion": 36, "flavr": 34}[interpolator]
    assert np.mean(near) > least


@pytest.mark.parametrize("direction", ["up", "outward"])
def test_paintings_are_frames_of_the_film_and_its_texture_travels(
    direction: str, painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    song, folder = write_song(music(2.0)), tmp_path / "stages"
    recipe = drifting(direction)
    render(song, recipe, tmp_path / "a.mp4", painter=painter, frames_dir=folder)
    frames, painted = stage(folder, "frames"), stage(folder, "painted")
    assert frames.shape == (60, 128, 96, 3) and painted.shape == (6, 128, 96, 3)
    np.testing.assert_array_equal(frames[::12], painted[:5])
    np.testing.assert_allclose(frames.astype(int), frames[:, :, ::-1].astype(int), atol=1)
    still = tmp_path / "still"
    render(
        song, replace(recipe, drift=Drift()), tmp_path / "b.mp4", painter=painter, frames_dir=still
    )
    first, last = (_texture(stage(folder, "frames")[number]) for number in (0, -1))
    travelled = np.corrcoef(first, last)[0, 1]
    first, last = (_texture(stage(still, "frames")[number]) for number in (0, -1))
    stayed = np.corrcoef(first, last)[0, 1]
    assert travelled < 0.4 < 0.6 < stayed


def _texture(frame: np.ndarray) -> np.ndarray:
    flat = frame.mean(2).astype(np.float32)
    fine = flat - cv2.GaussianBlur(flat, (0, 0), 4)
    return np.ravel(fine / (np.sqrt(cv2.GaussianBlur(fine**2, (0, 0), 4)) + 1))


@pytest.mark.parametrize(
    "settings",
    [
        {"drift": Drift(20.0, "up", 0.4), "drift_by": Modulation("loudness", 60.0)},
        {"relight": False, "interpolator": "motion"},
        {"before": 4, "after": 3, "relight": True},
    ],
)
def test_from_the_store_in_part_or_whole_comes_the_same_film(
    settings: dict, painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    song, store = write_song(music(2.0)), Store(tmp_path / "cache")
    films = []
    for name in ("once", "again", "resumed"):
        if name == "resumed":  # every other painting was lost
            known = sorted(p for p in (tmp_path / "cache/paintings").rglob("*") if p.is_file())
            for path in known[::2]:
                path.unlink()
        render(
            song, drifting(**settings), tmp_path / "a.mp4", painter=painter, store=store,
            frames_dir=tmp_path / name,
        )  # fmt: skip
        films.append(stage(tmp_path / name, "frames"))
    np.testing.assert_array_equal(films[0], films[1])
    np.testing.assert_array_equal(films[0], films[2])


def test_another_drift_is_another_film_and_another_painting(
    painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    song, store = write_song(music(1.5)), Store(tmp_path / "cache")
    known = tmp_path / "cache" / "paintings"
    counts = []
    for recipe in (drifting("up"), drifting("down"), drifting("up", 20.0), drifting("up")):
        render(song, recipe, tmp_path / "a.mp4", painter=painter, store=store)
        counts.append(sum(path.is_file() for path in known.rglob("*")))
    assert counts[0] < counts[1] < counts[2] == counts[3]


def test_a_part_of_a_song_stands_where_the_whole_of_it_does(write_song: WriteSong) -> None:
    song = write_song(music(4.0))
    whole = prepare(song, drifting()).course
    part = prepare(song, drifting(start=2.4)).course
    assert whole and part
    assert part.offset(Fraction(0)) == pytest.approx(whole.offset(Fraction(12, 5)), abs=1 / 64)


def test_a_click_between_drifting_paintings_is_seen_at_its_moment(
    painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    ticks = [18, 27, 40]
    song = write_song(clicks([tick / 30 for tick in ticks], 2.0))
    path = render(song, drifting(), tmp_path / "a.mp4", painter=painter)
    light = video_frames(path, *SIZE).mean((1, 2))
    for tick in ticks:
        assert int(light[tick - 4 : tick + 5].argmax()) == 4


def test_the_border_of_a_picture_is_no_border_of_its_canvas(painter: Painter) -> None:
    """Painted once with neighbours far away, and once without any: the same up to the border."""
    glass = replace(STYLE, prompt="blue and gold stained glass")
    track, resolved = course("up", 110.0), glass.resolve()
    guide = np.full((*SIZE[::-1], 3), 60, np.uint8)
    made = []
    for span in (track.span(2), track.moment(track.clock.painting_time(2))):
        stroke = replace(resolved.stroke, place=track.place(span))
        (canvas,) = painter.paint([track.canvas(guide, span)], glass, [stroke])
        made.append(track.shown(canvas, span))
    for rows in (slice(0, 8), slice(8, -8), slice(-8, None)):
        assert psnr(made[0][rows], made[1][rows]) > 25


def test_the_command_line_lets_texture_travel() -> None:
    def asked(*options: str) -> Drift:
        given = ["song.mp3", "--preset", "article", *options]
        return recipe_from(build_parser().parse_args(given)).drift

    assert not asked()
    assert asked("--drift", "30") == Drift(30.0, "up")
    assert asked("--direction", "inward") == Drift(None, "inward")
    with pytest.raises(SystemExit):
        asked("--direction", "north")


@pytest.mark.parametrize(
    "settings",
    [
        {"drift": Drift(40.0, "up")},
        {"drift": Drift(10.0, "up", 0.8), "drift_by": Modulation("loudness", 40.0)},
        {"drift": Drift(morph=0.8)},
    ],
    ids=["drift", "drift_by", "morph"],
)
def test_a_moment_is_painted_as_in_the_film(
    settings: dict, painter: Painter, tmp_path: Path
) -> None:
    song = Song.open(write_wav(tmp_path / "song.wav", music(2.0)))
    recipe = Recipe(size=(64, 64), upscale=1, style=Style(strength=0.6), **settings)
    job, films = resolve(recipe, song), []

    def tap(stage: str, _number: int, frame: Frame) -> None:
        if stage == "painted":
            films.append(frame)

    render(job, output=tmp_path / "film.mp4", painter=painter, tap=tap)
    still, studio = resolve(replace(recipe, drift=Drift()), song), Studio(device="cpu")
    for number in (2, 3):
        moment = job.clock.painting_time(number)
        if not job.course:
            np.testing.assert_array_equal(studio.paint(job, moment), films[number])
            continue
        # A film's canvas covers the way to the next painting, so it is not the same to the bit.
        near = psnr(studio.paint(job, moment), films[number])
        assert near > psnr(studio.paint(still, moment), films[number]) + 6
        assert near > 24
