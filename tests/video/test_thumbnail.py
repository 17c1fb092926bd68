"""The cover of a video whose song has none: one of its own pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import ffmpeg, music, tone, video_frames, write_wav
from PIL import Image

from musvid import Clock, Recipe, Song, render, write
from musvid.frame import Frame
from musvid.paint.style import Style
from musvid.video.file import read_settings
from musvid.video.labels import UNLABELLED, Labels, cover_of
from musvid.video.targets import find
from musvid.video.thumbnail import Thumbnail

BARE = Recipe(size=(64, 64), style=Style(strength=0.0), interpolator="blend")
FILM = Labels(from_film=True)


def pictures(count: int, best: int, size: tuple[int, int] = (96, 64)) -> Iterator[Frame]:
    """Dark frames, those before and after one ever less so; that one is red on the left and blue on
    the right half of white."""
    width, height = size
    for number in range(count):
        frame = np.zeros((height, width, 3), np.uint8)
        if number == best:
            frame[:, : width // 4] = 255, 0, 0
            frame[:, width // 2 :] = 255
        else:
            frame[:, : width // 2] = 100 - min(99, abs(number - best))
        yield frame


def cover(path: Path) -> np.ndarray:
    """The cover of a video as players read it: uint8 (height, width, 3)."""
    return np.asarray(Image.open(io.BytesIO(cover_of(path))).convert("RGB"))


def song(folder: Path, seconds: float = 2.0) -> Song:
    return Song.open(write_wav(folder / "song.wav", tone(440, seconds)))


def test_the_picture_whose_light_varies_most_is_the_cover(tmp_path: Path) -> None:
    heard = song(tmp_path, 3.2)  # 96 frames, of which every sixth, from the fourth on, is looked at
    clock = Clock(heard.duration)
    for best in (27, 93):
        path = write(pictures(96, best), heard, clock, tmp_path / f"{best}.mp4", labels=FILM)
        found = cover(path).astype(int)
        assert found.shape == (64, 96, 3)
        assert np.abs(found[32, 10] - (255, 0, 0)).max() < 16
        assert np.abs(found[32, 80] - (255, 255, 255)).max() < 16


def test_only_the_cover_is_added(tmp_path: Path) -> None:
    heard = song(tmp_path)
    files = {}
    for name, labels in (("with", FILM), ("again", FILM), ("without", UNLABELLED)):
        path = tmp_path / f"{name}.mp4"
        given = pictures(60, 31)
        files[name] = write(given, heard, Clock(heard.duration), path, labels=labels, settings="{}")
    assert files["with"].read_bytes() == files["again"].read_bytes(), "the same at any time"
    assert cover_of(files["without"]) == b""
    one, other = (video_frames(files[name], 96, 64, "rgb24") for name in ("with", "without"))
    assert len(one) == 60 and np.array_equal(one, other)
    sounds = [
        ffmpeg("-i", files[name], "-map", "0:a", "-c", "copy", "-f", "framemd5", "-")
        for name in ("with", "without")
    ]
    assert sounds[0] == sounds[1]
    assert read_settings(files["with"]) == "{}"
    content = files["with"].read_bytes()
    assert content.count(b"trak") == 2, "the cover is no track of its own"
    assert content.index(b"moov") < content.index(b"mdat"), "the index stays in front"
    assert [each.name for each in tmp_path.glob(".*")] == [], "nothing is left beside it"


def test_a_rendered_video_has_a_cover_and_a_clip_for_a_feed_none(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "song.wav", music(3.0))
    made = render(path, BARE, tmp_path / "out.mp4")
    frames = video_frames(made, 64, 64, "rgb24").astype(int)
    apart = np.abs(frames - cover(made)).mean(axis=(1, 2, 3))
    assert apart.min() < 8, "it is one of the film's"
    light = frames.std(axis=(1, 2, 3))
    assert light[apart.argmin()] > 0.8 * light.max()
    recipe = replace(BARE, target="reels", size=(360, 640))
    assert cover_of(render(path, recipe, tmp_path / "reel.mp4")) == b""


def test_other_kinds_of_files_have_none(tmp_path: Path) -> None:
    heard = song(tmp_path, 0.5)
    path = tmp_path / "out.mov"
    write(pictures(15, 7), heard, Clock(heard.duration), path, labels=FILM, target=find("vj"))
    assert cover_of(path) == b""


@pytest.mark.parametrize("size", [(1920, 1080), (640, 2048), (2, 2), (1000, 1000)])
def test_every_picture_has_room(size: tuple[int, int], tmp_path: Path) -> None:
    """Noise, which no picture is more bytes than."""
    random = np.random.default_rng(3)
    frame = random.integers(0, 256, (size[1], size[0], 3), np.uint8)
    thumbnail = Thumbnail(size, 1)
    path = tmp_path / "file"
    path.write_bytes(b"before" + thumbnail.held + b"behind")
    assert next(thumbnail.seen([frame])) is frame
    thumbnail.store(path)
    found = path.read_bytes()
    assert found[:6] == b"before" and found[-6:] == b"behind"
    assert len(found) == 12 + len(thumbnail.held)
    with Image.open(io.BytesIO(found[6:-6])) as picture:
        assert max(picture.size) == min(1000, max(size))
        shape = Fraction(*size)
        assert abs(picture.width - shape * picture.height) <= max(1, shape)
        assert np.asarray(picture).std() > 10 or size == (2, 2)


def test_a_frame_is_copied_as_its_memory_may_be_used_again(tmp_path: Path) -> None:
    thumbnail, memory = Thumbnail((64, 64), 2), np.zeros((64, 64, 3), np.uint8)
    memory[:32] = 255
    for _ in thumbnail.seen([memory]):
        pass
    memory[:] = 0
    path = tmp_path / "file"
    path.write_bytes(thumbnail.held)
    thumbnail.store(path)
    assert np.asarray(Image.open(path))[0].min() > 200


def test_a_file_without_what_is_held_stays_as_it_is(tmp_path: Path) -> None:
    thumbnail = Thumbnail((64, 64), 1)
    list(thumbnail.seen(pictures(1, 0, (64, 64))))
    (tmp_path / "file").write_bytes(b"nothing")
    thumbnail.store(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"nothing"
