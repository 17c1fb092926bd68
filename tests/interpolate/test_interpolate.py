from __future__ import annotations

import inspect
import time
import tracemalloc
from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest

from musvid import Recipe, SettingsError, between, interpolate
from musvid.interpolate import names as interpolators

NAMES = interpolators()


def ramp(count: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    """Even greys, each brighter than the one before."""
    return [np.full((height, width, 3), 20 * index, np.uint8) for index in range(count)]


def square(left: int) -> np.ndarray:
    """A textured square on black, `left` pixels from the left."""
    frame = np.zeros((64, 96, 3), np.uint8)
    frame[24:40, left : left + 16] = np.random.default_rng(3).integers(99, 255, (16, 16, 3))
    return frame


def test_there_is_one_default() -> None:
    """The stage and the recipe once had different ones."""
    stage = inspect.signature(between).parameters["interpolator"].default
    assert stage == Recipe().interpolator
    assert stage in interpolate.choices()


def test_auto_is_the_network_for_spectra_and_a_blend_for_paintings() -> None:
    frames = [square(8 + 8 * step) for step in range(4)]
    for painted, name in ((False, "flavr"), (True, "blend")):
        made = list(between(frames, 4, painted=painted))
        wanted = list(between(frames, 4, interpolator=name))
        assert all(map(np.array_equal, made, wanted))
    assert not np.array_equal(made[2], list(between(frames, 4))[2])


def test_the_interpolators_are_found() -> None:
    assert set(NAMES) == {"blend", "flavr", "motion"}


@pytest.mark.parametrize(("name", "factor"), list(product(NAMES, [1, 2, 3, 4, 8, 16])))
@pytest.mark.parametrize("count", [0, 1, 2, 3, 9])
def test_counts_are_exact_and_given_frames_unchanged(name: str, factor: int, count: int) -> None:
    frames = ramp(count)
    made = list(between(iter(frames), factor, interpolator=name))
    assert len(made) == max(0, (count - 1) * factor + 1)
    for index, frame in enumerate(frames):
        np.testing.assert_array_equal(made[index * factor], frame)


@pytest.mark.parametrize("name", NAMES)
def test_an_even_change_is_filled_evenly(name: str) -> None:
    made = np.stack(list(between(ramp(5), 4, interpolator=name)))[:, 8:-8, 8:-8]
    expected = np.arange(17) * 5
    np.testing.assert_allclose(made.mean((1, 2, 3)), expected, atol=2.5)


def test_blend_rounds_to_the_nearest() -> None:
    black, white = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 255, np.uint8)
    up = [int(frame[0, 0, 0]) for frame in between([black, white], 4, interpolator="blend")]
    down = [int(frame[0, 0, 0]) for frame in between([white, black], 4, interpolator="blend")]
    assert up == [0, 64, 128, 191, 255]
    assert down == [255, 191, 128, 64, 0]


def test_motion_moves_things_where_blend_fades_them() -> None:
    """Between two places of a square, motion shows one square half-way and blend shows two."""
    frames = [square(8 + 8 * step) for step in range(6)]
    truth = square(8 + 8 * 2 + 4).astype(float)
    errors = {
        name: np.abs(list(between(frames, 2, interpolator=name))[5] - truth).mean()
        for name in ("motion", "blend")
    }
    assert errors["motion"] < 0.3 * errors["blend"]


@pytest.mark.parametrize("name", NAMES)
def test_colours_survive(name: str) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    frame = np.kron(colours, np.ones((8, 8, 1), np.uint8))
    for made in between([frame] * 3, 4, interpolator=name):
        np.testing.assert_allclose(made.astype(int), frame, atol=2)


def test_blend_asks_for_no_frame_before_its_time() -> None:
    """So that a preview shows frames while later ones are still being painted."""
    source = iter(ramp(12))
    made = between(source, 4, interpolator="blend")
    for _ in range(9):  # the first three keyframes and what lies between them
        next(made)
    assert len(list(source)) == 9


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.thorough] if name == "motion" else [])
        for name in NAMES
    ],
)
def test_memory_does_not_grow_with_the_number_of_frames(name: str) -> None:
    frame = np.zeros((128, 128, 3), np.uint8)

    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in between((frame.copy() for _ in range(count)), 8, interpolator=name):
            pass
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(3)  # what is imported and loaded once is not counted
    # 60 keyframes fill the queues of ffmpeg, which on a busy machine hold some 30 of them; if all
    # were kept, 400 would need several times as much.
    assert peak(400) < 2 * peak(60) + 40 * frame.nbytes


@pytest.mark.parametrize("name", NAMES)
def test_an_error_of_the_source_comes_through(name: str) -> None:
    def source() -> Iterator[np.ndarray]:
        yield from ramp(3)
        raise KeyError("the model failed")

    with pytest.raises(KeyError, match="the model failed"):
        list(between(source(), 4, interpolator=name))


@pytest.mark.parametrize("name", NAMES)
def test_frames_of_different_shapes_are_refused(name: str) -> None:
    frames = [*ramp(2), np.zeros((16, 16, 3), np.uint8)]
    with pytest.raises(ValueError, match="one shape"):
        list(between(frames, 2, interpolator=name))


@pytest.mark.parametrize("factor", [0, -1, 65, 2.5, "4", True, float("nan")])
def test_a_factor_out_of_range_is_refused_at_once(factor: object) -> None:
    with pytest.raises(SettingsError, match="factor"):
        between([], factor)  # type: ignore[arg-type]


def test_an_unknown_interpolator_is_refused_at_once() -> None:
    with pytest.raises(SettingsError, match=r"blend, flavr, motion"):
        between([], 2, interpolator="magic")


def test_a_slow_source_is_no_dead_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames may take minutes to paint; that is not the fault of whoever waits for them."""
    patience = 1.5  # a busy machine may take a second to start ffmpeg
    monkeypatch.setattr("musvid._ffmpeg.PATIENCE", patience)

    def slow() -> Iterator[np.ndarray]:
        for number, frame in enumerate(ramp(12, 128, 192)):
            if number == 9:  # ffmpeg has begun to give by then
                time.sleep(2 * patience)
            yield frame

    made = between(slow(), 2, interpolator="motion")
    frames = []
    for frame in made:
        time.sleep(0.05)  # nor of whoever takes them
        frames.append(frame)
    assert len(frames) == 23
