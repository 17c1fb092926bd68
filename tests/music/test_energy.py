"""Where a song has most energy."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import WriteSong

from musvid import Song
from musvid.music.energy import liveliest

RATE = 8000


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, round(seconds * RATE))


def test_the_loudest_part_is_the_liveliest(write_song: WriteSong) -> None:
    quiet, loud = 0.1 * noise(12), 0.8 * noise(6)
    song = Song.open(write_song(np.concatenate([quiet, loud, quiet]), rate=RATE))
    assert liveliest(song, 6) == pytest.approx(12, abs=0.15)
    # A longer one holds it all, a shorter one lies in it.
    assert 9 <= liveliest(song, 9) <= 12.1
    assert 12 <= liveliest(song, 3) <= 15.1


def test_beats_are_livelier_than_a_tone_as_loud(write_song: WriteSong) -> None:
    time = np.arange(10 * RATE) / RATE
    tone = 0.5 * np.sin(2 * np.pi * 220 * time)
    beats = 0.5 * np.sqrt(2) * np.sin(2 * np.pi * 220 * time) * (time * 4 % 1 < 0.5)
    assert np.mean(tone**2) == pytest.approx(np.mean(beats**2), rel=0.01)
    song = Song.open(write_song(np.concatenate([tone, beats, tone]), rate=RATE))
    assert liveliest(song, 10) == pytest.approx(10, abs=0.6)


def test_an_even_or_a_short_song_begins_at_its_beginning(write_song: WriteSong) -> None:
    time = np.arange(20 * RATE) / RATE
    assert liveliest(Song.open(write_song(0.5 * np.sin(2 * np.pi * 200 * time), rate=RATE)), 5) == 0
    assert liveliest(Song.open(write_song(np.zeros(20 * RATE), rate=RATE)), 5) == 0
    assert liveliest(Song.open(write_song(0.3 * noise(2), rate=RATE)), 5) == 0
