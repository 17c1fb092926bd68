"""Where a video that is a loop begins again: the step in the file itself."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import WriteSong, tone

from musvid import Clock, Painter, Recipe, Song, Style, render, write
from musvid.frame import Frame
from musvid.job import prepare
from musvid.paint.drift import Drift
from musvid.video import encoder as encoders
from musvid.video import targets
from musvid.video.file import read
from musvid.words.settings import Words

FRAMES = 60


def steps(frames: list[Frame]) -> np.ndarray:
    """How much each frame differs from the one before it, the first one from the last."""
    levels = np.stack(frames).astype(np.int16)
    return np.abs(levels - np.roll(levels, 1, axis=0)).mean((1, 2, 3))


def textures(size: int = 32, copies: int = 8) -> list[Frame]:
    """A coloured texture that travels a little way and back."""
    waves = np.fft.fft2(np.random.default_rng(1).normal(size=(size, size, 3)), axes=(0, 1))
    down, across = np.meshgrid(*(np.fft.fftfreq(size, 1 / size),) * 2, indexing="ij")
    waves *= np.exp(-(np.hypot(down, across) ** 2) / 20)[..., None]
    found = []
    for frame in range(FRAMES):
        way = 0.04 * (1 - np.cos(2 * np.pi * frame / FRAMES))
        turned = np.exp(2j * np.pi * down * way)[..., None]
        moved = np.fft.ifft2(waves * turned, axes=(0, 1)).real
        level = np.clip(128 + 40 * moved / moved.std(), 0, 255).astype(np.uint8)
        found.append(np.tile(level, (copies, copies, 1)))
    return found


@pytest.fixture
def song(write_song: WriteSong) -> Song:
    return Song.open(write_song(np.zeros(2 * 44100)))


CLOCK = Clock(Fraction(2), Fraction(30), 1, 1, 1)


def test_the_seam_of_a_file_is_smaller_than_the_encoder_leaves_it(
    song: Song, tmp_path: Path
) -> None:
    frames = textures()
    assert steps(frames)[0] <= np.median(steps(frames)[1:])
    open_, closed = tmp_path / "open.mp4", tmp_path / "closed.mp4"
    write(frames, song, CLOCK, open_, encoder="cpu")
    write(frames, song, CLOCK, closed, encoder="cpu", loop=FRAMES)
    before, after = steps(list(read(open_))), steps(list(read(closed)))
    assert len(before) == len(after) == FRAMES
    assert after[0] < 0.7 * before[0], (after[0], before[0])
    meant = np.stack(frames[:40]).astype(int)
    wrong = [np.abs(np.stack(list(read(path))[:40]) - meant).mean() for path in (open_, closed)]
    assert wrong[1] <= wrong[0], "and no picture is worse"


@pytest.mark.parametrize(("name", "speed", "most"), [("", 3.0, 1.1), ("", 20.0, 0.95)])
@pytest.mark.thorough
def test_the_step_is_no_larger_than_the_median(
    write_song: WriteSong, tmp_path: Path, name: str, speed: float, most: float
) -> None:
    chord = sum(tone(pitch, 9.0, 0.1) for pitch in (110, 220, 277.2, 440)) + tone(3, 9.0, 0.02)
    recipe = Recipe(start=3.1, duration=3.2, loop=True, style=Style(prompt="violet nebula"))
    recipe = replace(recipe, drift=Drift(speed, "up"))
    job = prepare(write_song(chord), replace(recipe.aimed(name), duration=3.2))
    painter = Painter(Style(), device="cpu")
    found = steps(list(read(render(job, None, tmp_path / "a.mp4", painter=painter))))
    assert found[0] <= most * np.median(found[1:])


def test_words_and_another_size_are_closed_with_the_rest(song: Song, tmp_path: Path) -> None:
    recipe = Recipe(
        size=(64, 64),
        upscale=2,
        loop=True,
        duration=1.6,
        words=Words(show_title="all"),
        title="[v];'x",
        style=Style(strength=0),
        view=replace(Recipe().view, shown=(96, 64)),
    )
    path = render(song, recipe, tmp_path / "a.mp4")
    assert len(list(read(path))) == 48
    assert {entry.name for entry in tmp_path.iterdir()} >= {"a.mp4"}


def test_only_a_loop_of_the_processor_is_encoded_otherwise() -> None:
    canvas = targets.find("canvas")
    assert encoders.arguments("libx264", loop=False) == encoders.arguments("libx264")
    assert "deadzone-inter=6" in " ".join(encoders.arguments("libx264", canvas, loop=True))
    for codec in ("h264_nvenc", "h264_videotoolbox"):
        assert encoders.arguments(codec, canvas, loop=True) == encoders.arguments(codec, canvas)
