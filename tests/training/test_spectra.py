"""The music and the spectra that training learns from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from musvid import Clock, Look, Song, draw
from musvid.training import spectra
from musvid.training.music import RATE, compose

pytestmark = pytest.mark.thorough


def test_music_is_finite_and_within_range() -> None:
    for seed in range(6):
        sound = compose(np.random.default_rng(seed), 3.0)
        assert sound.shape == (3 * RATE,)
        assert np.isfinite(sound).all()
        assert 0 < np.abs(sound).max() <= 0.95


def test_a_seed_is_a_piece() -> None:
    one, again, other = (compose(np.random.default_rng(seed), 2.0) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.fixture(scope="module")
def bank() -> spectra.Spectra:
    return spectra.bank(12, frames=12, side=64)


def test_a_bank_is_what_it_says(bank: spectra.Spectra) -> None:
    assert bank.shape == (12, 12, 64, 32)
    assert bank.dtype == np.uint8
    np.testing.assert_array_equal(bank[:2], spectra.bank(2, frames=12, side=64))


def test_bars_grow_from_the_axis(bank: spectra.Spectra) -> None:
    columns = bank.mean((0, 1, 2))
    assert (np.diff(columns) <= 0).all()


def test_a_sequence_moves_and_songs_differ(bank: spectra.Spectra) -> None:
    light = bank.astype(float)
    moving = np.abs(np.diff(light, axis=1)).mean()
    assert 0.1 < moving < np.abs(light[1:] - light[:-1]).mean()


def test_the_bank_is_like_real_recordings(bank: spectra.Spectra, recordings: list[Path]) -> None:
    """Brightness, and how it is spread over the pitches, lie where recordings have them."""
    real = []
    for path in recordings:
        song = Song.open(path, start=1.0, duration=4.0)
        real += [
            frame[:, 32:, 0] for frame in draw(song, Look(), Clock(song.duration), size=(64, 64))
        ]
    brightness = bank.mean((1, 2, 3))
    low, high = np.percentile(brightness, [2, 98])
    assert low < np.stack(real).mean() < high
    one, other = (
        frames.mean(axis) for frames, axis in ((bank, (0, 1, 3)), (np.stack(real), (0, 2)))
    )
    assert np.corrcoef(one, other)[0, 1] > 0.6
