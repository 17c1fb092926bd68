"""The whole chain, with the real ffmpeg and the real embedded model."""

from __future__ import annotations

import copy
import shutil
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import WriteSong, clicks, music, names, sound_seconds, video_frames, write_wav
from PIL import Image

import musvid
from musvid import (
    RECIPES,
    Cancelled,
    Look,
    ModelError,
    OutputError,
    Painter,
    Recipe,
    SettingsError,
    Song,
    Style,
    render,
)
from musvid._device import pick_device
from musvid.job import clock_of, prepare
from musvid.paint import models
from musvid.rendering import STAGES, Addresses
from musvid.store import Store
from musvid.video.file import read_settings

BARE = Style(strength=0.0)
SMALL = {"size": (64, 64), "upscale": 1}


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter(Style())


@pytest.mark.parametrize("fps", ["24", "25", "30", "60", "392/16"])
def test_a_click_is_in_the_videos_frame_of_its_time(
    fps: str, write_song: WriteSong, tmp_path: Path
) -> None:
    """From the sound to the finished mp4: where the picture changes is where the click is."""
    rate = Fraction(fps)
    ticks = [10, 33, 57, 90]
    song = write_song(clicks([float(tick / rate) for tick in ticks], 5.0))
    recipe = Recipe.named("every-frame", fps=rate, style=BARE, **SMALL)
    light = video_frames(render(song, recipe, tmp_path / "a.mp4"), 64, 64).mean((1, 2))
    for tick in ticks:
        assert int(light[tick - 5 : tick + 6].argmax()) == 5


@pytest.mark.parametrize("name", RECIPES)
def test_clicks_on_keyframes_are_on_time_in_every_recipe(
    name: str, write_song: WriteSong, tmp_path: Path
) -> None:
    ticks = [16, 48, 96, 136]
    song = write_song(clicks([tick / 30 for tick in ticks], 5.0))
    path = render(song, Recipe.named(name, style=BARE, **SMALL), tmp_path / "a.mp4")
    light = video_frames(path, 64, 64).mean((1, 2))
    assert len(light) == 150
    for tick in ticks:
        assert int(light[tick - 8 : tick + 9].argmax()) == 8


@pytest.mark.parametrize(
    ("fps", "seconds"),
    [(fps, seconds) for fps in ("24", "60", "392/16") for seconds in (0.1, 1.0, 7.77)]
    + [("392/16", 61.0)],
)
def test_picture_and_sound_end_together(
    fps: str, seconds: float, write_song: WriteSong, tmp_path: Path
) -> None:
    recipe = Recipe(fps=Fraction(fps), stride=10, before=4, after=2, style=BARE, **SMALL)
    if seconds > 5:  # as many frames as by a network, in a tenth of the time
        recipe = replace(recipe, interpolator="blend")
    path = render(write_song(music(seconds)), recipe, tmp_path / "a.mp4")
    rate = clock_of(recipe, Fraction(1)).rate
    frames = len(video_frames(path, 64, 64))
    assert 0 <= frames / rate - sound_seconds(path) < 1 / rate


def test_the_embedded_model_paints_a_song(
    painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    seen: list[tuple[str, int, int]] = []
    recipe = Recipe.named("hybrid", style=Style(prompt="crimson and gold nebula"))
    path = render(
        write_song(music(1.0)),
        recipe,
        tmp_path / "a.mp4",
        painter=painter,
        frames_dir=tmp_path / "stages",
        progress=lambda *step: seen.append(step),
    )
    clock = clock_of(recipe, Fraction(1))
    assert video_frames(path, 512, 512).shape[0] == clock.frames == 30
    totals = (clock.drawn, clock.painted, clock.painted, clock.frames)
    for stage, total in zip(STAGES, totals, strict=True):
        steps = [step for step in seen if step[0] == stage]
        assert steps == [(stage, done, total) for done in range(total + 1)]
        files = sorted((tmp_path / "stages" / stage).iterdir())
        assert [file.name for file in files] == [f"{index:06d}.png" for index in range(total)]
    painting = np.asarray(Image.open(tmp_path / "stages" / "painted" / "000008.png"), float)
    assert painting.shape == (512, 512, 3)
    red, green, blue = painting.mean((0, 1))
    assert red > 1.5 * green > 0  # the prompt's colours
    assert red > 1.5 * blue
    np.testing.assert_array_equal(painting, painting[:, ::-1])
    assert painting.std() > 20


def test_the_same_settings_give_the_same_file(
    painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    song = write_song(music(0.5))
    one = render(song, Recipe(size=(64, 64)), tmp_path / "a.mp4", painter=painter)
    two = render(song, Recipe(size=(64, 64)), tmp_path / "b.mp4", painter=painter)
    assert one.read_bytes() == two.read_bytes()


def test_the_settings_in_a_video_make_it_again(write_song: WriteSong, tmp_path: Path) -> None:
    song = write_song(music(2.0))
    recipe = Recipe(start=0.5, stride=6, look=musvid.Look(palette="fire"), style=BARE, **SMALL)
    one = render(song, recipe, tmp_path / "a.mp4")
    again = Recipe.from_json(read_settings(one))
    assert again == recipe.resolve()
    assert render(song, again, tmp_path / "b.mp4").read_bytes() == one.read_bytes()


def test_a_song_that_was_cut_is_used_as_it_is(write_song: WriteSong, tmp_path: Path) -> None:
    song = Song.open(write_song(music(2.0)), start=0.5, duration=1.0)
    path = render(song, Recipe(style=BARE, **SMALL), tmp_path / "a.mp4")
    assert len(video_frames(path, 64, 64)) == 30
    stored = Recipe.from_json(read_settings(path))
    assert (stored.start, stored.duration) == (0.5, 1.0)


def test_silence_is_a_black_video(write_song: WriteSong, tmp_path: Path) -> None:
    recipe = Recipe(style=BARE, **SMALL)
    path = render(write_song(np.zeros(44100)), recipe, tmp_path / "a.mp4")
    frames = video_frames(path, 64, 64)
    assert len(frames) == 30
    assert frames.max() <= 1


@pytest.mark.parametrize("size", [(128, 72), (72, 128)])
def test_wide_and_tall_pictures(
    size: tuple[int, int], painter: Painter, write_song: WriteSong, tmp_path: Path
) -> None:
    recipe = Recipe(size=size, upscale=2)
    path = render(write_song(music(0.3)), recipe, tmp_path / "a.mp4", painter=painter)
    assert len(video_frames(path, size[0] * 2, size[1] * 2)) == 9


def test_a_render_can_be_stopped(write_song: WriteSong, tmp_path: Path) -> None:
    stop = threading.Event()
    threads = set(threading.enumerate())
    (tmp_path / "out").mkdir()

    def progress(stage: str, done: int, _total: int) -> None:
        if stage == "frames" and done == 20:
            stop.set()

    with pytest.raises(Cancelled):
        render(
            write_song(music(30.0)),
            Recipe(style=BARE, interpolator="motion", **SMALL),
            tmp_path / "out" / "a.mp4",
            progress=progress,
            cancel=stop,
        )
    assert not list((tmp_path / "out").iterdir())
    assert set(threading.enumerate()) <= threads  # no reader is left, and so no process


def test_frames_are_not_mixed_with_older_ones(write_song: WriteSong, tmp_path: Path) -> None:
    song, recipe = write_song(music(0.3)), Recipe(style=BARE, **SMALL)
    for again in (False, True):
        if again:
            with pytest.raises(OutputError, match="is not empty"):
                render(song, recipe, tmp_path / "b.mp4", frames_dir=tmp_path / "f")
        else:
            render(song, recipe, tmp_path / "a.mp4", frames_dir=tmp_path / "f")
    assert not (tmp_path / "b.mp4").exists()


def test_two_renders_do_not_share_a_folder_of_frames(write_song: WriteSong, tmp_path: Path) -> None:
    song, folder = write_song(music(0.3)), tmp_path / "f"
    errors: list[str] = []

    def second(stage: str, done: int, _total: int) -> None:
        if (stage, done) == ("frames", 3):
            with pytest.raises(OutputError, match="Another render") as caught:
                render(song, recipe, tmp_path / "b.mp4", frames_dir=folder)
            errors.append(str(caught.value))

    recipe = Recipe(style=BARE, **SMALL)
    render(song, recipe, tmp_path / "a.mp4", frames_dir=folder, progress=second)
    assert len(errors) == 1
    assert names(folder) == set(STAGES), "nothing but the frames is left"
    assert len(list((folder / "frames").iterdir())) == 9


def test_a_stopped_render_goes_on_in_its_folder_of_frames(
    write_song: WriteSong, tmp_path: Path
) -> None:
    song, folder, cancel = write_song(music(1.0)), tmp_path / "f", threading.Event()
    recipe = Recipe(style=BARE, **SMALL)

    def stop(stage: str, done: int, _total: int) -> None:
        if (stage, done) == ("frames", 10):
            cancel.set()

    options: dict[str, Any] = {"frames_dir": folder}
    with pytest.raises(Cancelled):
        render(song, recipe, tmp_path / "a.mp4", progress=stop, cancel=cancel, **options)
    assert len(list((folder / "frames").iterdir())) == 10
    (folder / "frames" / "000003.png").write_bytes(b"half")  # as kill -9 leaves it
    before = names(folder / "frames")
    for other in (
        (write_song(music(1.0, seed=1), "other.wav"), recipe),
        (song, replace(recipe, look=Look(palette="fire"))),
    ):
        with pytest.raises(OutputError, match="is not empty"):
            render(*other, tmp_path / "b.mp4", **options)
    assert names(folder / "frames") == before
    render(song, recipe, tmp_path / "a.mp4", **options)
    render(song, recipe, tmp_path / "whole.mp4", frames_dir=tmp_path / "g")
    for stage in STAGES:
        files = sorted((folder / stage).iterdir())
        assert [file.name for file in files] == sorted(names(tmp_path / "g" / stage))
        for file in files:
            assert file.read_bytes() == (tmp_path / "g" / stage / file.name).read_bytes()
    with pytest.raises(OutputError, match="is not empty"):  # it is finished
        render(song, recipe, tmp_path / "a.mp4", **options)


def test_the_song_is_never_overwritten(write_song: WriteSong, tmp_path: Path) -> None:
    recipe = Recipe(style=BARE, **SMALL)
    video = render(write_song(music(0.3)), recipe, tmp_path / "a.mp4")
    before = video.read_bytes()
    with pytest.raises(OutputError, match="is the song itself"):
        render(video, recipe, video)
    assert video.read_bytes() == before


def test_an_output_that_cannot_be_is_told_before_a_song_is_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"\.mp4"):
        render(tmp_path / "missing.ogg", output=tmp_path / "a.avi")


def test_an_unknown_model_is_refused_before_any_work(write_song: WriteSong, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no model 'skech'.*sketch"):
        render(write_song(music(0.3)), Recipe(style=Style(model="skech")), tmp_path / "a.mp4")
    assert not (tmp_path / "a.mp4").exists()


def test_the_shared_recordings_become_videos(recordings: list[Path], tmp_path: Path) -> None:
    for song in recordings:
        recipe = Recipe(start=1.0, duration=2.0, style=BARE, **SMALL)
        frames = video_frames(render(song, recipe, tmp_path / f"{song.stem}.mp4"), 64, 64)
        assert len(frames) == 60
        assert frames.mean() > 2


# With a store: nothing is computed twice.


class Work:
    """What renders have really done since it was last asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._drawn = self._painted = 0
        draw, paint = musvid.spectrum.showcqt.draw, Painter.paint

        def drawing(*arguments: Any, **options: Any) -> Iterator[np.ndarray]:
            for frame in draw(*arguments, **options):
                self._drawn += 1
                yield frame

        def painting(self_: Painter, *arguments: Any) -> Iterator[np.ndarray]:
            for frame in paint(self_, *arguments):
                self._painted += 1
                yield frame

        monkeypatch.setattr("musvid.spectrum.showcqt.draw", drawing)
        monkeypatch.setattr(Painter, "paint", painting)

    def __call__(self) -> tuple[int, int]:
        """Pictures drawn, frames painted."""
        done = self._drawn, self._painted
        self._drawn = self._painted = 0
        return done


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    return Work(monkeypatch)


PAINTED = Recipe(stride=4, before=2, after=2, style=Style(prompt="coral"), **SMALL)


@pytest.fixture(scope="module")
def rendered(painter: Painter, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a song, what `PAINTED` makes of it, and the store of that render."""
    folder = tmp_path_factory.mktemp("rendered")
    song, store = write_wav(folder / "song.wav", music(1.0)), Store(folder / "cache")
    with pytest.MonkeyPatch.context() as patch:
        work = Work(patch)
        render(song, PAINTED, folder / "first.mp4", painter=painter, store=store)
        clock = clock_of(PAINTED, Fraction(1))
        assert work() == (clock.drawn, clock.painted)
    return folder


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ({}, ""),
        ({"after": 4}, ""),
        ({"upscale": 2}, ""),
        ({"interpolator": "motion", "before": 1}, ""),
        ({"style": BARE}, ""),
        ({"style": Style(prompt="coral", strength=0.5)}, "all painted"),
        ({"style": Style(prompt="teal coral")}, "all painted"),
        ({"style": Style(prompt="coral", seed=1)}, "all painted"),
        ({"before": 4}, "some painted"),  # every second is known
        ({"stride": 8}, "some painted"),  # the keyframes are known, what lies between them is not
        ({"look": Look(gamma=4.0)}, "drawn, all painted"),
        ({"fps": 15}, "drawn, some painted"),
        ({"duration": 0.5}, "drawn, some painted"),  # "auto" levels the part that is used
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value) or "same",
)
def test_only_what_a_change_reaches_is_made_again(
    change: dict[str, Any],
    again: str,
    painter: Painter,
    work: Work,
    rendered: Path,
    tmp_path: Path,
) -> None:
    song, first = rendered / "song.wav", rendered / "first.mp4"
    store = Store(shutil.copytree(rendered / "cache", tmp_path / "cache"))
    changed = replace(PAINTED, **change)
    render(song, changed, tmp_path / "second.mp4", painter=painter, store=store)
    drawn, painted = work()
    clock = clock_of(changed, Fraction(changed.duration or 1))
    assert drawn == (clock.drawn if "drawn" in again else 0)
    if "some" in again:
        assert 0 < painted < clock.painted
    else:
        assert painted == (clock.painted if "painted" in again else 0)
    render(song, changed, tmp_path / "plain.mp4", painter=painter)
    assert (tmp_path / "second.mp4").read_bytes() == (tmp_path / "plain.mp4").read_bytes()
    work()
    render(song, PAINTED, tmp_path / "back.mp4", painter=painter, store=store)
    assert work() == (0, 0)
    assert (tmp_path / "back.mp4").read_bytes() == first.read_bytes()


def test_the_name_of_a_song_does_not_matter_and_its_content_does(
    painter: Painter, work: Work, write_song: WriteSong, tmp_path: Path
) -> None:
    store = Store(tmp_path / "cache")
    render(write_song(music(1.0)), PAINTED, tmp_path / "a.mp4", painter=painter, store=store)
    work()
    same = write_song(music(1.0), "other.wav")
    render(same, PAINTED, tmp_path / "b.mp4", painter=painter, store=store)
    assert work() == (0, 0)
    render(
        write_song(music(1.0, seed=1)), PAINTED, tmp_path / "c.mp4", painter=painter, store=store
    )
    assert work()[0] == clock_of(PAINTED, Fraction(1)).drawn


def test_a_stopped_render_goes_on_where_it_was(
    painter: Painter, work: Work, write_song: WriteSong, tmp_path: Path
) -> None:
    song, store, cancel = write_song(music(1.0)), Store(tmp_path / "cache"), threading.Event()

    def watch(stage: str, done: int, _total: int) -> None:
        if stage == "painted" and done == 9:
            cancel.set()

    options = {"painter": painter, "store": store}
    with pytest.raises(Cancelled):
        render(song, PAINTED, tmp_path / "a.mp4", progress=watch, cancel=cancel, **options)
    _, painted = work()
    assert painted >= 9
    render(song, PAINTED, tmp_path / "a.mp4", **options)
    assert work()[1] == clock_of(PAINTED, Fraction(1)).painted - painted
    render(song, PAINTED, tmp_path / "b.mp4", painter=painter)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_other_code_is_another_address(
    painter: Painter,
    work: Work,
    write_song: WriteSong,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What an older musvid, model or library made is not taken for new."""
    song, store = write_song(music(0.5)), Store(tmp_path / "cache")
    render(song, PAINTED, tmp_path / "a.mp4", painter=painter, store=store)
    drawn, painted = work()
    module = sys.modules["musvid.rendering"]
    monkeypatch.setattr(module, "version", lambda name: f"another {name}")
    render(song, PAINTED, tmp_path / "b.mp4", painter=painter, store=store)
    assert work() == (0, painted)
    monkeypatch.setattr(module, "_code", lambda *_: "other code")
    render(song, PAINTED, tmp_path / "c.mp4", painter=painter, store=store)
    assert work() == (drawn, painted)


def test_an_address_holds_the_device_that_was_picked(
    painter: Painter, work: Work, write_song: WriteSong, tmp_path: Path
) -> None:
    """Whoever says "auto" finds what was painted on the device that it means, and no other."""
    song, store = write_song(music(0.3)), Store(tmp_path / "cache")
    render(song, PAINTED, tmp_path / "a.mp4", device="cpu", painter=painter, store=store)
    assert work()[1]
    render(song, PAINTED, tmp_path / "b.mp4", device="auto", painter=painter, store=store)
    assert work() == (0, 0)
    if pick_device("auto") == "cpu":
        render(song, PAINTED, tmp_path / "c.mp4", device="auto", store=store)
        assert work() == (0, 0)
    elsewhere = copy.copy(painter)
    elsewhere.device = "cuda"
    job = prepare(song, PAINTED)
    assert Addresses.of(job, elsewhere, "cpu", None) != Addresses.of(job, painter, "cpu", None)
    full, rounded = (
        Addresses.of(job, None, "cpu", None, precision) for precision in ("float32", "bfloat16")
    )
    assert (full.spectrum == rounded.spectrum, full.paintings == rounded.paintings) == (True, False)


def test_the_first_render_of_a_hub_model_is_found_again(
    painter: Painter,
    work: Work,
    write_song: WriteSong,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its revision is not known before it was downloaded; a stopped render goes on all the same."""
    loaded = []

    def download(style: Style, *, device: str, **_more: object) -> Painter:
        folder = tmp_path / "hub" / "models--tiny--one"
        for name in ("refs/main", "snapshots/1/unet/model.safetensors"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("1")
        made = copy.copy(painter)
        made.fingerprint = models.fingerprint(models.find(style.model), style.tiny_autoencoder)
        loaded.append(device)
        return made

    def stop(stage: str, done: int, _total: int) -> None:
        if (stage, done) == ("painted", 5):
            cancel.set()

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("musvid.rendering.Painter", download)
    style = Style(model="tiny/one", steps=2, guidance=1, symmetry="half")
    song, recipe, cancel = write_song(music(0.5)), replace(PAINTED, style=style), threading.Event()
    options: dict[str, Any] = {"store": Store(tmp_path / "cache")}
    with pytest.raises(Cancelled):
        render(song, recipe, tmp_path / "a.mp4", progress=stop, cancel=cancel, **options)
    begun = work()[1]
    assert begun >= 5
    render(song, recipe, tmp_path / "a.mp4", **options)
    assert work() == (0, clock_of(recipe, Fraction(1, 2)).painted - begun)
    assert loaded == ["auto"] * 2
    render(song, recipe, tmp_path / "a.mp4", **options)
    assert work() == (0, 0)
    assert len(loaded) == 2, "a finished video needs no model"


def test_paintings_that_are_not_numbers_are_never_kept(
    write_song: WriteSong, tmp_path: Path
) -> None:
    """A model whose values overflow paints black, and a healthy one would find that later."""
    song, store = write_song(music(0.3)), Store(tmp_path / "cache")
    sick = Painter(PAINTED.resolve().style, device="cpu")
    decode = sick._pipe.vae.decode
    broken = threading.Event()

    def decoded(*given: Any, **more: Any) -> Any:
        picture = decode(*given, **more)
        if broken.is_set():
            picture[..., 3, 5] = float("nan")
        return picture

    sick._pipe.vae.decode = decoded

    def sicken(stage: str, done: int, _total: int) -> None:
        if (stage, done) == ("painted", 2):
            broken.set()

    with pytest.raises(ModelError, match=r"sketch.*not numbers"):
        render(song, PAINTED, tmp_path / "a.mp4", painter=sick, store=store, progress=sicken)
    assert not (tmp_path / "a.mp4").exists()
    healthy = render(song, PAINTED, tmp_path / "a.mp4", device="cpu", store=store)
    plain = render(song, PAINTED, tmp_path / "b.mp4", device="cpu")
    assert healthy.read_bytes() == plain.read_bytes()


def test_other_weights_of_an_interpolator_are_another_video(
    write_song: WriteSong, tmp_path: Path
) -> None:
    from musvid.interpolate import _checkpoint
    from musvid.interpolate._network import Flavr

    song, store = write_song(music(0.5)), Store(tmp_path / "cache")
    recipe = Recipe.named("hybrid", interpolator="flavr", style=BARE, **SMALL)
    weights, made = tmp_path / "flavr_8x.safetensors", []
    for index in range(3):
        if index < 2:
            _checkpoint.save(Flavr(8, width=4), weights)  # by chance
        path = tmp_path / f"{index}.mp4"
        render(song, recipe, path, store=store, flavr_weights=weights)
        made.append(path.read_bytes())
    assert made[0] != made[1]
    assert made[1] == made[2]
