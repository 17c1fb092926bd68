"""What the page stands on: moments, plans, renders that are watched, limits, visits."""

from __future__ import annotations

import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import WriteSong, clicks, music, names, sound_seconds, tone, video_frames

from musvid import (
    Cancelled,
    Clock,
    Look,
    Modulation,
    OutputError,
    Recipe,
    SettingsError,
    Song,
    SongError,
    Style,
    draw,
    render,
)
from musvid.estimate import Costs, denoised, spoken
from musvid.job import clock_of, resolve
from musvid.paint import words
from musvid.paint.drift import Drift
from musvid.spectrum.showcqt import draw_moment
from musvid.studio.limits import Limits
from musvid.studio.spool import Spool, pack
from musvid.studio.studio import AXES, Studio, quick_look, strip_values
from musvid.studio.watch import watch
from musvid.video.file import read_settings

DRY = Recipe(size=(64, 64), upscale=1, style=Style(strength=0))


def never() -> bool:
    return False


@pytest.mark.parametrize(
    "look",
    [
        Look(),
        Look(gain=3.0),
        Look(afterglow=0.4),
        Look(count=3),
        Look(palette="article", tlength=1.0),
        Look(tlength=0.01),
    ],
    ids=["plain", "gain", "afterglow", "count", "long", "short"],
)
def test_a_moment_is_the_picture_that_a_render_draws(write_song: WriteSong, look: Look) -> None:
    # Loud and quiet, so that the levelling has something to do.
    sound = music(16.0) * np.repeat([0.02, 1, 0.1, 0.6], 4 * 44100)
    song = Song.open(write_song(sound), start=1.3, duration=14)
    frames = list(draw(song, look, Clock(song.duration), size=(64, 64)))
    for tick in (0, 1, 45, 200, 313, 419):
        at = Fraction(tick, 30) + Fraction(1, 100)
        made = draw_moment(song, look, at, clock=Clock(song.duration), size=(64, 64))
        assert np.array_equal(made, frames[tick]), tick
    last = draw_moment(song, look, song.duration, clock=Clock(song.duration), size=(64, 64))
    assert np.array_equal(last, frames[419])


def test_a_moment_whose_time_is_rounded_is_drawn_as_itself(write_song: WriteSong) -> None:
    song = Song.open(write_song(clicks([k / 15 for k in range(45)], 3.0)))
    studio, job = Studio(device="cpu"), resolve(DRY, song)
    assert sum(Fraction(k / 30) < Fraction(k, 30) for k in range(90)) > 20  # many lie below
    for tick in range(0, 90, 7):
        exact = studio.draw(job, Fraction(tick, 30))
        np.testing.assert_array_equal(studio.draw(job, tick / 30), exact, str(tick))


def test_a_moment_is_drawn_at_the_pictures_rate(write_song: WriteSong) -> None:
    song = Song.open(write_song(music(3.0)))
    clock = Clock(song.duration, Fraction(392, 16))
    frames = list(draw(song, Look(), clock, size=(64, 64)))
    made = draw_moment(song, Look(), Fraction(2), clock=clock, size=(64, 64))
    assert np.array_equal(made, frames[49])


def test_a_studio_paints_moments_and_strips(write_song: WriteSong) -> None:
    studio, recipe = Studio(device="cpu"), Recipe(size=(256, 256))
    song = studio.song(write_song(music(3.0)))
    frame = studio.draw(resolve(recipe, song), 1.0)
    assert studio.draw(resolve(recipe, song), 1.0) is frame  # known
    assert not studio.has(recipe.style)
    assert studio.plan(resolve(recipe, song)).seconds is None
    painted = studio.paint(resolve(recipe, song), 1.0)
    assert studio.has(recipe.style)
    assert studio.plan(resolve(recipe, song)).seconds is not None
    assert painted.shape == frame.shape == (256, 256, 3)
    made = list(studio.strip(resolve(recipe, song), 1.0, "strength", [0.0, 0.5, 0.7]))
    assert np.array_equal(made[0], frame)
    assert np.array_equal(made[2], painted)
    away = [np.abs(each.astype(float) - frame).mean() for each in made]
    assert away[0] < away[1] < away[2]


def test_strips_have_values_for_every_axis() -> None:
    recipe = Recipe(style=Style(seed=2**32 - 2))
    for axis in AXES:
        values = strip_values(recipe, axis)
        assert len(set(values)) == 5
        for value in values:
            replace(recipe.style, **{axis: value})  # is allowed
    assert strip_values(recipe, "seed") == [2**32 - 2, 2**32 - 1, 0, 1, 2]
    with pytest.raises(SettingsError, match="axis must be one of"):
        strip_values(recipe, "model")


def test_painting_from_several_threads_changes_nothing(write_song: WriteSong) -> None:
    studio, recipe = Studio(device="cpu"), Recipe(size=(128, 128))
    song = studio.song(write_song(music(2.0)))
    prompts = ["crimson flames", "cyan crystal", "emerald aurora"]
    styles = [replace(recipe.style, prompt=prompt) for prompt in prompts]
    alone = [studio.paint(resolve(replace(recipe, style=style), song), 1.0) for style in styles]
    made: dict[int, np.ndarray] = {}

    def work(index: int) -> None:
        style = styles[index % len(styles)]
        made[index] = studio.paint(resolve(replace(recipe, style=style), song), 1.0)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, painting in made.items():
        assert np.array_equal(painting, alone[index % len(styles)]), index


def test_a_plan_counts_exactly_and_speaks(write_song: WriteSong) -> None:
    song = Song.open(write_song(tone(440, 4.0)))
    costs = Costs()
    recipe = Recipe(stride=10, before=8, after=1, size=(256, 256), upscale=2).resolve()
    plan = costs.plan(resolve(recipe, song))
    clock = clock_of(recipe, song.duration)
    assert (plan.rate, plan.keyframes) == (24, clock.keyframes)
    assert (plan.paintings, plan.frames, plan.size) == (clock.painted, clock.frames, (512, 512))
    assert "time unknown until one picture is painted" in str(plan)
    costs.learn_painting(recipe, 10 * 256 * 256, 20.0)
    known = costs.plan(resolve(recipe, song))
    assert known.seconds is not None
    # 2 s for each painting, and the rest is quick.
    assert 2 * clock.painted < known.seconds < 2.2 * clock.painted
    assert "about 3 min" in str(known)
    longer = costs.plan(resolve(replace(recipe, size=(512, 512)), song)).seconds
    assert longer is not None
    assert 3.9 < longer / known.seconds < 4.1
    other = costs.plan(resolve(replace(recipe, style=Style(model="sd-turbo").resolve()), song))
    assert other.seconds is None
    dry = costs.plan(resolve(replace(recipe, style=Style(strength=0).resolve()), song))
    assert dry.paintings == 0
    assert dry.seconds is not None
    assert "no paintings" in str(dry)


def test_costs_follow_what_renders_take(write_song: WriteSong) -> None:
    song, recipe = Song.open(write_song(tone(440, 4.0))), DRY.resolve()
    costs = Costs()
    first = costs.plan(resolve(recipe, song))
    assert first.seconds is not None
    for _ in range(12):
        costs.learn_render(costs.plan(resolve(recipe, song)), 3 * first.seconds)
    learned = costs.plan(resolve(recipe, song)).seconds
    assert learned is not None
    assert 2.5 < learned / first.seconds < 3.5


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1 s"),
        (8.4, "8 s"),
        (59.6, "1 min"),
        (83, "1 min 25 s"),
        (125, "2 min 5 s"),
        (3599, "1 h"),
        (7500, "2 h 5 min"),
        (7199, "2 h"),
    ],
)
def test_times_are_spoken(seconds: float, text: str) -> None:
    assert spoken(seconds) == text


def test_a_watched_render_is_the_same_video(write_song: WriteSong, tmp_path: Path) -> None:
    song = Song.open(write_song(music(2.0)))
    plain = render(song, DRY, tmp_path / "plain.mp4")
    folder = tmp_path / "watched"
    folder.mkdir()
    reports = list(watch(resolve(DRY, song), folder, stop=never, every=0.01))
    last = reports[-1]
    assert [each.finished for each in reports] == [False] * (len(reports) - 1) + [True]
    assert last.video == folder / "video.mp4"
    assert last.video.read_bytes() == plain.read_bytes()
    assert last.done == last.totals
    assert last.done["frames"] == 60
    frames = last.frames("frames", 5)
    assert len(frames) == 5
    assert frames[0].name == "000000.jpeg"
    assert frames[-1].name == "000059.jpeg"
    assert len(last.frames("frames", 1000)) == 60
    counts = [each.done.get("frames", 0) for each in reports]
    assert counts == sorted(counts)


def test_all_frames_of_a_render_can_be_packed(write_song: WriteSong, tmp_path: Path) -> None:
    song = Song.open(write_song(music(1.0)))
    folder = tmp_path / "watched"
    folder.mkdir()
    (*_, last) = watch(resolve(DRY, song), folder, stop=never)
    with zipfile.ZipFile(pack(folder, tmp_path / "frames.zip")) as archive:
        packed = archive.namelist()
        assert archive.testzip() is None
    for stage, count in last.done.items():
        assert sum(name.startswith(f"{stage}/") for name in packed) == count
    assert len(packed) == sum(last.done.values())


class _Slow:
    """A look at a render that is stopped as soon as so many frames are there."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.count = folder, count

    def __call__(self) -> bool:
        return len(list(Spool(self.folder).read("frames"))) >= self.count


def test_a_stopped_render_keeps_its_beginning(write_song: WriteSong, tmp_path: Path) -> None:
    song = Song.open(write_song(music(60.0)), start=3)
    folder = tmp_path / "watched"
    folder.mkdir()
    (*_, told, last) = watch(resolve(DRY, song), folder, stop=_Slow(folder, 90), every=0.05)
    assert told.stopped  # at once, before the video is made
    assert not told.finished
    assert last.finished
    assert last.stopped
    assert last.video
    frames = len(video_frames(last.video, 64, 64))
    assert 90 <= frames == last.done["frames"] < 57 * 30
    assert abs(float(sound_seconds(last.video)) - frames / 30) < 0.05
    kept = Recipe.from_json(read_settings(last.video))
    assert kept.start == 3
    assert kept.duration == pytest.approx(frames / 30, abs=1e-3)
    assert names(folder) - {"video.mp4"} >= {"frames.frames", "painted.frames"}
    assert not [name for name in names(folder) if name.endswith((".part", ".lock"))]


def test_a_render_stopped_at_once_says_so(write_song: WriteSong, tmp_path: Path) -> None:
    song = Song.open(write_song(music(60.0)))
    with pytest.raises(Cancelled, match="before there was a second to keep"):
        list(watch(resolve(DRY, song), tmp_path, stop=lambda: True))
    assert "video.mp4" not in names(tmp_path)


def test_previews_come_while_it_renders(write_song: WriteSong, tmp_path: Path) -> None:
    song = Song.open(write_song(music(20.0)))
    seen: dict[Path, float] = {}
    for report in watch(resolve(DRY, song), tmp_path, stop=never, every=0.02):
        if report.video and not report.finished and report.video not in seen:
            frames = len(video_frames(report.video, 64, 64))
            seen[report.video] = frames / 30
            assert abs(float(sound_seconds(report.video)) - frames / 30) < 0.05
    assert seen
    lengths = list(seen.values())
    assert lengths == sorted(lengths)
    assert lengths[0] >= 2


def wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_closing_a_watched_render_ends_it(write_song: WriteSong, tmp_path: Path) -> None:
    song = Song.open(write_song(music(60.0)))
    reports = watch(resolve(DRY, song), tmp_path, stop=never, every=0.05)
    next(reports)
    reports.close()
    wait_until(lambda: not [each for each in threading.enumerate() if each.name == "render"])
    assert "video.mp4" not in names(tmp_path)


def test_errors_of_a_watched_render_arrive(write_song: WriteSong, tmp_path: Path) -> None:
    song = Song.open(write_song(music(2.0)))
    (tmp_path / "frames.frames").mkdir()  # in the way
    with pytest.raises(OutputError, match="cannot be kept"):
        list(watch(resolve(DRY, song), tmp_path, stop=never))


def test_one_render_at_a_time(write_song: WriteSong, tmp_path: Path) -> None:
    studio, song = Studio(device="cpu"), Song.open(write_song(music(3.0)))
    running: list[int] = []
    most: list[int] = []

    def work(index: int) -> None:
        folder = tmp_path / str(index)
        folder.mkdir()
        for report in studio.render(resolve(DRY, song), folder, stop=never):
            if not running or running[-1] != index:
                running.append(index)
            most.append(sum(not done for done in finished.values()))
            finished[index] = report.finished

    finished: dict[int, bool] = {}
    threads = [threading.Thread(target=work, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(running) == 3  # nobody came between
    assert all(finished.values())


def test_a_render_that_waits_can_be_stopped(write_song: WriteSong, tmp_path: Path) -> None:
    studio, song = Studio(device="cpu"), Song.open(write_song(music(60.0)))
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    first: Iterator[object] = studio.render(resolve(DRY, song), tmp_path / "first", stop=never)
    next(first)
    with pytest.raises(Cancelled, match="before it began"):
        next(studio.render(resolve(DRY, song), tmp_path / "second", stop=lambda: True))
    first.close()  # type: ignore[attr-defined]


def test_a_quick_look_is_short_small_and_within_the_clip(write_song: WriteSong) -> None:
    song = Song.open(write_song(music(10.0)), start=2, duration=6)
    job = resolve(Recipe(size=(768, 432)), song)
    for moment, start in ((2.0, 2.0), (5.0, 3.5), (8.0, 5.0), (99.0, 5.0)):
        small = quick_look(job, moment, 3)
        assert small.song.duration == 3
        assert small.song.first / small.song.rate == pytest.approx(start)
        assert small.size == (256, 144)
        assert small.upscale == 1
    short = resolve(job.recipe, song.part(2, 1))
    assert quick_look(short, 2, 3).song.duration == 1


def test_a_quick_look_at_a_drift_that_is_fast_for_its_size(write_song: WriteSong) -> None:
    song = Song.open(write_song(tone(440, 3.0)))
    by = Modulation("loudness", -200.0)
    job = resolve(Recipe(size=(512, 512), drift=Drift(400.0, "up"), drift_by=by), song)
    small = quick_look(job, 1.0, 2.0).recipe
    assert (small.drift, small.drift_by.amount) == (Drift(200.0, "up"), -100.0)
    again = quick_look(resolve(small, song), 1.0, 2.0).recipe
    assert (again.drift, again.drift_by) == (small.drift, small.drift_by)


@pytest.mark.parametrize("direction", ["up", "outward"])
def test_a_drift_counts_what_its_canvases_hold(direction: str, write_song: WriteSong) -> None:
    """Of the paintings, which cover the way to their neighbours, and of a moment, which do not."""
    song = Song.open(write_song(np.concatenate([tone(440, 2.0, 0.01), tone(440, 2.0, 0.5)])))
    recipe = Recipe(size=(256, 128), upscale=1, stride=12, style=Style(steps=2, guidance=2.0))
    fast = replace(recipe, drift=Drift(40, direction), drift_by=Modulation("loudness", 80.0))
    still, job = resolve(recipe, song), resolve(fast, song)
    assert job.course
    guide = np.zeros((128, 256, 3), np.uint8)
    canvases = [job.course.canvas(guide, job.course.span(n)) for n in range(job.clock.painted)]
    areas = [canvas.shape[0] * canvas.shape[1] for canvas in canvases]
    assert max(areas) > min(areas)
    assert job.canvas == canvases[int(np.argmax(areas))].shape[1::-1]
    assert job.painted == sum(areas)
    assert (still.canvas, still.painted) == ((256, 128), still.paintings * 256 * 128)
    costs = Costs()
    assert costs.plan(job).denoised == 4 * sum(areas)
    moment = job.course.canvas(guide, job.course.moment(Fraction(0)))
    assert denoised(job) == 4 * moment.shape[0] * moment.shape[1] < 4 * max(areas)
    assert denoised(still) == 4 * 256 * 128
    before = costs.plan(job)
    assert before.seconds is None
    costs.learn_painting(replace(job.recipe, style=job.style), 1e6, 1e4)  # as a moment teaches
    after = costs.plan(job)
    assert after.seconds == pytest.approx(sum(areas) / 100, rel=0.01)
    Limits(denoised=4.1 * denoised(job) / 1e7).afford_moment(job)
    limits = Limits(denoised=3.9 * sum(areas) / 1e9)
    if direction == "up":
        limits.afford(costs.plan(still))
    with pytest.raises(SettingsError, match="billion pixels"):
        limits.afford(after)


def test_limits_come_from_the_environment() -> None:
    assert Limits.of(public=False, environment={}) == Limits()
    public = Limits.of(public=True, environment={})
    assert not public.any_model
    assert public.seconds
    assert public.side
    given = {
        "MUSVID_MAX_SECONDS": "7.5",
        "MUSVID_MAX_SIDE": "512",
        "MUSVID_MAX_UPLOAD_MB": "3",
        "MUSVID_MAX_QUEUE": "2",
        "MUSVID_KEEP_MINUTES": "5",
        "MUSVID_ANY_MODEL": "1",
        "MUSVID_MAX_SONG_MINUTES": "90",
        "MUSVID_MAX_DENOISED": "0.5",
        "MUSVID_MAX_FILMED": "1.5",
        "MUSVID_MAX_ESTIMATE": "60",
        "MUSVID_MAX_RENDER": "90",
        "MUSVID_MAX_DISK_GB": "4",
        "MUSVID_GRACE_MINUTES": "3",
    }
    limits = Limits(True, 7.5, 512, 3, 2, 5, 90, 0.5, 1.5, 60, 90, 4, 3)
    assert Limits.of(public=True, environment=given) == limits
    for name in given:
        for wrong in ("-1", "much", "nan"):
            with pytest.raises(SettingsError, match=name):
                Limits.of(public=True, environment={name: wrong})


def test_limits_hold(write_song: WriteSong, tmp_path: Path) -> None:
    song = Song.open(write_song(music(3.0)))
    limits = Limits(any_model=False, seconds=2, side=256)
    small = Recipe(size=(256, 256))
    limits.check(small, song.part(0, 2))
    with pytest.raises(SettingsError, match="at most 2 s long"):
        limits.check(small, song)
    with pytest.raises(SettingsError, match="at most 256 pixels"):
        limits.check(Recipe(size=(256, 264)))
    for model in ("someone/something", str(tmp_path), "sketch/../../x"):
        with pytest.raises(SettingsError, match="the model must be one of"):
            limits.check(Recipe(size=(256, 256), style=Style(model=model)))
    with pytest.raises(SettingsError, match="tiny autoencoder must be the model's own"):
        limits.check(replace(small, style=Style(tiny_autoencoder="someone/something")))


def test_settings_by_name_are_the_recipe() -> None:
    recipe = Recipe(
        stride=5,
        fps=Fraction(392, 16),
        size=(256, 144),
        look=Look(gain=3.0, palette="ice"),
        style=Style(prompt="teal coral", seed=9),
    )
    flat = recipe.flat()
    assert flat["look.palette"] == "ice"
    assert flat["style.prompt"] == "teal coral"
    assert flat["fps"] == "49/2"
    assert Recipe.from_flat(flat) == recipe
    assert Recipe.from_flat({}) == Recipe()
    assert Recipe.from_flat({"style.seed": 3}).style.seed == 3


def test_a_recipe_knows_the_name_of_its_motion() -> None:
    assert Recipe().motion == "relit"
    assert Recipe(stride=5).motion == "relit"  # at every stride
    assert Recipe(stride=5, after=8, relight=True).motion is None
    assert Recipe.named("every-frame").motion == "every-frame"
    assert Recipe(stride=5, before=1, after=5).motion is None


@pytest.mark.parametrize(
    ("prompt", "word", "made"),
    [
        ("blue and gold stained glass", "aurora", "blue and gold aurora"),
        ("blue and gold stained glass", "stained glass", "blue and gold"),
        ("blue and gold stained glass", "gold", "blue stained glass"),
        ("blue stained glass", "gold", "blue and gold stained glass"),
        ("", "crystal", "crystal"),
        ("crystal", "glowing", "glowing crystal"),
        ("glowing crystal", "glowing", "crystal"),
        ("a castle by the sea", "neon circuitry", "castle by sea neon circuitry"),
        ("redgold marble", "gold", "redgold gold marble"),
        ("blue and gold nebula", "teal", "blue and teal nebula"),
        ("red, gold and cyan glowing nebula", "teal", "red and teal glowing nebula"),
        ("white and grey veined stone", "silver", "veined stone"),
        ("Sapphire Cathedral window", "blue", "Cathedral window"),
        ("northern lights", "flames", "flames"),
    ],
)
def test_words_are_added_and_taken_away(prompt: str, word: str, made: str) -> None:
    assert words.toggle(prompt, word) == made


def test_a_studio_opens_a_song_once_and_again_when_it_changed(write_song: WriteSong) -> None:
    studio, path = Studio(device="cpu"), write_song(tone(440, 1.0))
    assert studio.song(path) is studio.song(path)
    time.sleep(0.02)
    write_song(tone(440, 2.0))
    assert studio.song(path).duration == 2
    with pytest.raises(SongError, match="There is no file"):
        studio.song(path.with_name("none.wav"))
