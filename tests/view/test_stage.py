"""The stage in a render: the last one, which repaints nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import PLAIN, WriteSong, music, psnr, video_frames

import musvid
from musvid import Camera, Finish, Recipe, SettingsError, Song, Style, View, render
from musvid.__main__ import main
from musvid.estimate import Costs
from musvid.job import prepare
from musvid.paint.painter import Painter
from musvid.rendering import film
from musvid.store import Store
from musvid.studio.studio import quick_look
from musvid.video.file import read_settings
from musvid.view.settings import KINDS, parse_shown
from musvid.view.stage import Shot, changes, view

BARE = Style(strength=0.0)
SMALL = {"size": (64, 64), "upscale": 1, "style": BARE}


def noise(count: int) -> list[np.ndarray]:
    return list(np.random.default_rng(1).integers(0, 256, (count, 64, 64, 3)).astype(np.uint8))


def test_flat_passes_frames_as_they_are() -> None:
    plain = Recipe().resolve()
    assert not changes(plain.view, plain.camera, plain.finish)
    frames = noise(3)
    seen = view(frames, [0, 1, 2], Shot((128, 128), plain.view, plain.camera, plain.finish))
    assert [one is other for one, other in zip(seen, frames, strict=True)] == [True] * 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_knows_no_other_frame(kind: str) -> None:
    looks = (
        View(kind).resolve(),
        Camera(shake=1, sway=1).resolve(kind),
        Finish(grain=1).resolve(kind),
    )
    frames, times = noise(4), [0.0, 0.5, 1.0, 1.5]
    whole = list(view(frames, times, Shot((96, 96), *looks)))
    others = noise(9)[5:8] + frames[3:]
    assert (list(view(others, [9, 9, 9, 1.5], Shot((96, 96), *looks)))[3] == whole[3]).all()


def test_pictures_come_in_their_order_by_any_number_of_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Several viewers at work, each with memory of its own, show what one would."""
    kinds = ((0.0, "tunnel"), (0.6, "horizon"))
    looks = (View("tunnel").resolve(), Camera(sway=1).resolve("tunnel"), Finish(grain=1))
    shot = Shot((96, 96), *looks[:2], looks[2].resolve("tunnel"), often=2, along=kinds)
    frames, times = noise(12), [number / 10 for number in range(24)]

    def seen(cores: int) -> np.ndarray:
        monkeypatch.setattr("musvid.view.stage.cores", lambda: cores)
        return np.stack(list(view(frames, times, shot)))

    assert np.array_equal(seen(1), seen(4))


def test_settings_go_to_json_and_back() -> None:
    recipe = Recipe(
        view=View("tunnel", copies=5, foot="rim", bend=0.5, shown=(1080, 1920)),
        camera=Camera(zoom=1.5, turn=-2, sway=0.1, shake=0.2, pulse=0),
        finish=Finish(exposure=0.3, glow=0.1, vignette=0.2, grain=0, contrast=1),
    )
    for each in (recipe, recipe.resolve(), Recipe(view=View("ring")).resolve()):
        assert Recipe.from_json(each.to_json()) == each
        assert Recipe.from_flat(each.flat()) == each
    assert recipe.flat()["view.shown"] == "1080x1920"
    looks = {name: getattr(recipe, name) for name in ("view", "camera", "finish")}
    assert recipe.resolve() == replace(Recipe().resolve(), **looks)  # all was given


def test_settings_without_a_view_are_flat_and_still() -> None:
    values = json.loads(Recipe().to_json())
    for part in ("view", "camera", "finish"):
        del values[part]
    old = Recipe.from_json(json.dumps(values)).resolve()
    assert old.view == View("flat", copies=2, bend=1.0)
    assert not old.camera.moves and not old.finish.changes


@pytest.mark.parametrize("kind", KINDS[1:])
def test_every_view_has_all_that_it_needs(kind: str) -> None:
    made = Recipe(view=View(kind)).resolve()
    for part in (made.view, made.camera, made.finish):
        assert None not in [
            value for name, value in vars(part).items() if name not in ("shown", "cover")
        ]
    assert made.finish.changes


@pytest.mark.parametrize(
    "wrong",
    [
        {"view.kind": "cube"},
        {"view.foot": "top"},
        {"view.copies": 1},
        {"view.copies": 3.5},
        {"view.bend": 0},
        {"view.shown": "1081x1080"},
        {"view.shown": "32"},
        {"view.shown": [1080]},
        {"view.shown": [1080.0, 1080]},
        {"camera.zoom": None},
        {"camera.turn": float("inf")},
        {"camera.pulse": True},
        {"finish.glow": "much"},
        {"finish.light": 1},
    ],
)
def test_what_is_no_view_is_refused(wrong: dict) -> None:
    with pytest.raises(SettingsError) as caught:
        Recipe.from_flat(wrong)
    assert str(caught.value).endswith(".")


def test_sizes_are_read_as_others_are() -> None:
    assert parse_shown("1080") == (1080, 1080)
    assert parse_shown("1080X1920") == (1080, 1920)
    for text in ("", "x", "1080x", "1e3", "1x2x3", "9" * 99):
        with pytest.raises(SettingsError):
            parse_shown(text)


def test_a_job_knows_what_is_shown(write_song: WriteSong) -> None:
    song = write_song(music(1.0))
    flat = prepare(song, Recipe(size=(64, 64), upscale=2, style=BARE))
    assert flat.plain and flat.file_size == (128, 128)
    tall = prepare(song, replace(flat.recipe, view=View("tunnel", shown=(108, 192))))
    assert not tall.plain and tall.file_size == (108, 192)
    costs = Costs()
    assert costs.plan(tall).size == (108, 192)
    assert costs.plan(tall).filmed == 30 * 108 * 192
    same = replace(flat.recipe, view=View("tunnel"))
    longer, short = (costs.plan(job).seconds for job in (prepare(song, same), flat))
    assert longer and short and longer > short


def test_a_view_repaints_nothing(
    write_song: WriteSong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    song, store = write_song(music(0.5)), Store(tmp_path / "cache")
    recipe = Recipe(size=(64, 64), upscale=1)
    render(song, recipe, tmp_path / "a.mp4", store=store)

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("nothing is to be painted")

    monkeypatch.setattr(Painter, "__init__", refused)
    seen = replace(recipe, view=View("mandala", shown=(160, 96)))
    path = render(song, seen, tmp_path / "b.mp4", store=store)
    frames = video_frames(path, 160, 96)
    assert len(frames) == 15
    assert np.abs(frames[8].astype(int) - frames[8][:, ::-1]).mean() < 40  # a picture is there
    assert frames[8].std() > 10


def test_a_render_with_a_view_is_the_same_again(write_song: WriteSong, tmp_path: Path) -> None:
    """And the stage "frames" has the strip's frames, whatever is shown."""
    song = write_song(music(1.0))
    flat, ring = Recipe(**SMALL), Recipe(**SMALL, view=View("ring", shown=(96, 96)))
    taps: dict[str, list[np.ndarray]] = {"flat": [], "ring": []}

    def tap(name: str) -> Callable[[str, int, np.ndarray], None]:
        return lambda stage, _, frame: taps[name].append(frame) if stage == "frames" else None

    render(song, flat, tmp_path / "a.mp4", tap=tap("flat"))
    one = render(song, ring, tmp_path / "b.mp4", tap=tap("ring"))
    again = render(song, Recipe.from_json(read_settings(one)), tmp_path / "c.mp4")
    assert one.read_bytes() == again.read_bytes()
    np.testing.assert_array_equal(taps["flat"], taps["ring"])


def test_the_beginning_of_a_render_is_shown_as_in_the_whole(
    write_song: WriteSong, tmp_path: Path
) -> None:
    """The page shows a render's beginning while it is made, from its frames so far."""
    song = Song.open(write_song(music(2.0)), start=0.5)
    job = prepare(song, Recipe(**SMALL, view=View("tunnel", shown=(96, 64)), camera=Camera(turn=9)))
    frames: list[np.ndarray] = []

    def tap(stage: str, _: int, frame: np.ndarray) -> None:
        if stage == "frames":
            frames.append(frame)

    whole = video_frames(render(job, output=tmp_path / "a.mp4", tap=tap), 96, 64)
    part = film(iter(frames[:20]), job, tmp_path / "b.mp4", song=song.part(0.5, 20 / 30))
    beginning = video_frames(part, 96, 64)
    assert len(beginning) == 20
    assert psnr(beginning, whole[:20]) > 35
    assert psnr(beginning[1:], whole[:19]) < 35  # it moves


def test_a_quick_look_is_small_in_its_shape(write_song: WriteSong) -> None:
    job = prepare(write_song(music(4.0)), Recipe(**SMALL, view=View("ring", shown=(1080, 1920))))
    assert quick_look(job, 2, 1).file_size == (144, 256)
    small = replace(job.recipe, view=View("ring", shown=(128, 96)))
    assert quick_look(job.having(small), 2, 1).file_size == (128, 96)


def test_the_command_line_shows_a_view(write_song: WriteSong, tmp_path: Path) -> None:
    song, video = write_song(music(0.5)), tmp_path / "a.mp4"
    options = "--strength 0 --size 64 --interpolator blend --no-cache --quiet"
    looks = "--view tunnel --copies 4 --foot rim --shown 128x96 --turn -2 --glow 0.9 --zoom 1.1"
    assert main([str(song), "-o", str(video), *PLAIN, *options.split(), *looks.split()]) == 0
    assert video_frames(video, 128, 96).shape[1:3] == (96, 128)
    made = Recipe.from_json(read_settings(video))
    assert (made.view.kind, made.view.copies, made.view.foot) == ("tunnel", 4, "rim")
    assert (made.camera.turn, made.camera.zoom, made.finish.glow) == (-2, 1.1, 0.9)


def test_another_view_has_its_own_defaults(tmp_path: Path) -> None:
    from musvid.__main__ import build_parser, recipe_from

    file = tmp_path / "a.json"
    tunnel = Recipe(view=View("tunnel", foot="rim"), camera=Camera(zoom=2)).resolve()
    file.write_text(tunnel.to_json())
    options = build_parser().parse_args(["x", "--settings", str(file), "--view", "mandala"])
    made = recipe_from(options)
    assert made.view == View("mandala", foot="rim")
    assert (made.camera, made.finish) == (Camera(), Finish())
    same = build_parser().parse_args(["x", "--settings", str(file), "--glow", "0.2"])
    assert recipe_from(same).camera == tunnel.camera
    assert musvid.View is View
