"""The cover in a ring: a picture, and no other file of the machine."""

from __future__ import annotations

import json
import os
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import WriteSong, music, video_frames
from PIL import Image

from musvid import Camera, Finish, Recipe, SettingsError, Style, View, load_settings, render
from musvid.__main__ import build_parser, recipe_from
from musvid.job import prepare
from musvid.rendering import Addresses
from musvid.video.file import read_settings
from musvid.view.camera import Pose, pose
from musvid.view.cover import Disc, load
from musvid.view.flashes import luminance
from musvid.view.projections import HOLE
from musvid.view.settings import KINDS
from musvid.view.stage import Shot, luminances, view

STILL = Camera(turn=0, sway=0, pulse=0)
BARE = Finish(glow=0, vignette=0, grain=0, contrast=0)
RING = View("ring").resolve()
SIZE = (240, 160)


def saved(path: Path, colour: object = (40, 200, 90), size: tuple[int, int] = (64, 64)) -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


@pytest.fixture
def cover(tmp_path: Path) -> np.ndarray:
    return load(saved(tmp_path / "cover.png"))


def strip() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (64, 64, 3)).astype(np.uint8)


def far(x: float = 0.0, y: float = 0.0) -> np.ndarray:
    """How far each pixel is from the middle, or from beside it, in halves of the shorter side."""
    rows, columns = np.mgrid[0 : SIZE[1], 0 : SIZE[0]] + 0.5
    return np.hypot((columns - SIZE[0] / 2) / 80 - x, (rows - SIZE[1] / 2) / 80 - y)


@pytest.mark.parametrize("zoom", [0.5, 1.0, 1.7])
@pytest.mark.parametrize("glow", [0.0, 0.6])
def test_it_is_in_the_middle_and_nowhere_else(cover: np.ndarray, zoom: float, glow: float) -> None:
    shot = Shot(SIZE, RING, replace(STILL, zoom=zoom), replace(BARE, glow=glow))
    (bare,) = view([strip()], [0], shot)
    (with_it,) = view([strip()], [0], replace(shot, cover=cover))
    inside, outside = far() < 0.6 * HOLE * zoom, far() > 1.08 * HOLE * zoom + 2 / 80
    np.testing.assert_array_equal(with_it[outside], bare[outside])
    if glow:
        assert (with_it[inside] >= [39, 199, 89]).all()  # the ring shines on it
    else:
        assert np.abs(with_it[inside].astype(int) - [40, 200, 90]).max() <= 1


def test_it_wanders_with_the_camera_and_stands_upright(tmp_path: Path) -> None:
    halves = np.zeros((64, 64, 3), np.uint8)
    halves[:32] = 255  # the upper one
    Image.fromarray(halves).save(tmp_path / "a.png")
    camera = Camera(turn=15, sway=1, pulse=0)
    shot = Shot(SIZE, RING, camera, BARE, cover=load(tmp_path / "a.png"))
    (picture,) = view([strip()], [2], shot)  # half a turn
    seen = pose(camera, 2)
    inside = far(seen.x, seen.y) < 0.5 * HOLE
    rows = np.mgrid[0 : SIZE[1], 0 : SIZE[0]][0] + 0.5
    above = rows < SIZE[1] / 2 + 80 * seen.y - 3
    below = rows > SIZE[1] / 2 + 80 * seen.y + 3
    assert picture[inside & above].min() > 250 and picture[inside & below].max() < 5


def test_what_is_measured_has_the_cover_in_it(tmp_path: Path) -> None:
    white = load(saved(tmp_path / "a.png", (255, 255, 255)))
    shot = Shot((480, 360), RING, replace(STILL, zoom=1.5), Finish().resolve("ring"), cover=white)
    frame = strip()[::4, ::4].repeat(4, 0).repeat(4, 1)
    (picture,), (told,) = view([frame], [0], shot), luminances([frame], [0], shot)
    assert told == pytest.approx(luminance(picture), abs=0.012)
    (less,) = luminances([frame], [0], replace(shot, cover=None))
    assert told > less + 0.05


def test_a_disc_beyond_the_picture_is_no_error(cover: np.ndarray) -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    disc = Disc(cover, (60, 40))
    disc.lay(picture, Pose(x=9))
    assert not picture.any()
    disc.lay(picture, Pose(zoom=4))
    assert picture[:, 10:50].all()


def test_pictures_of_any_shape_and_kind_are_read(tmp_path: Path) -> None:
    wide = np.zeros((60, 100, 3), np.uint8)
    wide[:, 20:80] = 200
    for name in ("a.png", "a.bmp", "a.gif", "a.webp"):
        Image.fromarray(wide).save(tmp_path / name)
        assert load(tmp_path / name).shape == (60, 60, 3)
        assert load(tmp_path / name).mean() == pytest.approx(200, abs=3)
    Image.new("RGBA", (20, 20), (255, 255, 255, 0)).save(tmp_path / "clear.png")
    assert not load(tmp_path / "clear.png").any()
    Image.new("L", (3000, 2000), 77).save(tmp_path / "large.jpg")
    assert load(tmp_path / "large.jpg").shape == (1600, 1600, 3)
    turned = Image.new("RGB", (40, 20))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.jpg", exif=exif)
    assert load(tmp_path / "turned.jpg").shape == (20, 20, 3)


def png_of(width: int, height: int) -> bytes:
    """The beginning of a PNG that says how large it is."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"0" * 99))


def test_what_is_no_picture_is_refused_in_a_sentence(tmp_path: Path) -> None:
    whole = saved(tmp_path / "whole.png", size=(500, 500)).read_bytes()
    wrong = {
        "text.png": b"root:x:0:0:root:/root:/bin/sh\n",
        "empty.png": b"",
        "cut.png": whole[: len(whole) // 2],
        "bomb.png": png_of(30_000, 30_000),
        "wide.png": png_of(2**31 - 1, 1),
        "a.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        "a.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n",
    }
    for name, content in wrong.items():
        (tmp_path / name).write_bytes(content)
    Image.new("RGB", (9, 9)).save(tmp_path / "a.tiff")
    with (tmp_path / "heavy.png").open("wb") as file:
        file.truncate(60_000_000)
    (tmp_path / "folder.png").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
    names = [*wrong, "a.tiff", "heavy.png", "folder.png", "pipe.png", "none.png", "x" * 999]
    for name in names:
        with pytest.raises(SettingsError) as caught:
            load(tmp_path / name)
        assert str(caught.value).endswith(".")
        assert str(tmp_path) not in str(caught.value)


def test_it_is_told_before_work_starts_and_for_a_ring_only(
    write_song: WriteSong, tmp_path: Path
) -> None:
    song = write_song(music(0.5))
    for kind in KINDS:
        recipe = Recipe(view=View(kind, cover=str(tmp_path / "none.png")))
        if kind == "ring":
            with pytest.raises(SettingsError, match=r"no picture 'none\.png'"):
                prepare(song, recipe)
        else:
            assert prepare(song, recipe).cover is None
    for wrong in (3, "a\0b", "x" * 20_000):
        with pytest.raises(SettingsError):
            View("ring", cover=wrong)  # type: ignore[arg-type]


def test_settings_show_no_file(tmp_path: Path) -> None:
    """Neither the folder of a cover goes into a video, nor a file of a stranger's choice out."""
    (tmp_path / "secret").mkdir()
    path = saved(tmp_path / "secret" / "face.png")
    recipe = Recipe(view=View("ring", cover=str(path)))
    text = recipe.to_json()
    assert "secret" not in text and json.loads(text)["view"]["cover"] == "face.png"
    remarks: list[str] = []
    assert Recipe.from_json(text, remarks) == Recipe(view=View("ring"))
    assert len(remarks) == 1 and "face.png" in remarks[0]
    for named in (str(path), ["a"], {"path": str(path)}, 1):
        file = tmp_path / "a.json"
        file.write_text(json.dumps({"view": {"kind": "ring", "cover": named}}))
        assert load_settings(file).view.cover is None
        for given in ({"view.cover": named}, {"view": {"cover": named}}):
            with pytest.raises(SettingsError, match="A cover is a file"):
                Recipe.from_flat(given)
    assert Recipe.from_flat(Recipe().flat()) == Recipe()


def test_a_video_with_a_cover(write_song: WriteSong, tmp_path: Path) -> None:
    song, path = write_song(music(0.2)), saved(tmp_path / "cover.png")
    recipe = Recipe(
        size=(64, 64),
        upscale=1,
        style=Style(strength=0.0),
        view=View("ring", shown=(160, 160), cover=str(path)),
        camera=STILL,
        finish=BARE,
    )
    video = render(song, recipe, tmp_path / "a.mp4")
    middle = video_frames(video, 160, 160)[:, 70:90, 70:90]
    assert 130 < middle.min() <= middle.max() < 165
    assert str(tmp_path) not in read_settings(video)
    first = Addresses.of(prepare(song, recipe), None, "cpu", None)
    assert first == Addresses.of(prepare(song, recipe), None, "cpu", None)
    saved(path, (200, 40, 90), (66, 66))
    other = Addresses.of(prepare(song, recipe), None, "cpu", None)
    assert other.video != first.video
    assert (other.spectrum, other.paintings) == (first.spectrum, first.paintings)


def test_the_command_line_gives_a_cover_and_settings_do_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps({"view": {"kind": "ring", "cover": "/home/other.png"}}))

    def made(*options: str) -> Recipe:
        return recipe_from(build_parser().parse_args(["song", *options]))

    assert made("--view", "ring", "--cover", "mine.png").view.cover == "mine.png"
    assert made("--settings", str(file)).view == View("ring")
    assert "other.png" in caplog.text
    assert made("--settings", str(file), "--cover", "mine.png").view.cover == "mine.png"
    with pytest.raises(SettingsError, match="add --view ring"):
        made("--cover", "mine.png")
