"""Beats and bars of a band that plays known ones: 4/4, 3/4 and 6/8, with and without drums."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from benchmarks.beats import Score, judged
from conftest import WriteSong, clicks
from tunes import OTHERS, SONGS

from musvid import Song, find_beats
from musvid.music import bands, meter, pulse, spectra
from musvid.training.band import BEATS, Piece, play, write
from musvid.training.pieces import compose

TUNES = {piece.name: piece for piece in (*SONGS, *OTHERS)}


def found(piece: Piece, folder: Path) -> Score:
    """How right what is found in a piece is."""
    played = play(piece)
    song = Song.open(write(folder / f"{piece.seed}.wav", played))
    return judged(find_beats(song).lock("1/4"), piece, played)


@pytest.mark.parametrize(
    "name",
    [
        "push 4/4 76.5",  # swung sixteenths
        "house 4/4 120 silent",  # a break without drums; a bass and open hats off the beat
        "soft 4/4 168 drift",  # a tempo that wanders by 3 %
        "chamber 3/4 180",  # no drums
        "jig 6/8 120",
    ],
)
def test_keyframes_fall_on_beats_and_bars(name: str, tmp_path: Path) -> None:
    score = found(TUNES[name], tmp_path)
    assert score.right, score


@pytest.mark.thorough
@pytest.mark.parametrize("songs", [SONGS, OTHERS], ids=["tuned", "others"])
def test_most_songs_are_fully_right(songs: list[Piece], tmp_path: Path) -> None:
    scores = [found(piece, tmp_path) for piece in songs]
    assert sum(score.right for score in scores) >= 0.8 * len(songs)
    assert all(score.on_grid for score in scores)


def test_clicks_that_are_all_alike_have_beats_and_no_bars(write_song: WriteSong) -> None:
    beats = find_beats(Song.open(write_song(clicks(np.arange(0.3, 20, 0.5), 20.0))))
    assert beats.bpm == 120 and beats.bar is None and beats.downbeat is None
    assert beats.lock("1/4").bar is None and "bars" not in str(beats)


def test_what_is_known_of_bars_is_told(tmp_path: Path) -> None:
    played = play(TUNES["waltz 3/4 120"])
    beats = find_beats(Song.open(write(tmp_path / "waltz.wav", played)))
    assert beats.bar == 3 and beats.downbeat is not None
    assert np.abs(played.bars - beats.downbeat).min() < 0.03
    assert "bars of 3 from" in str(beats)


def test_the_weights_are_those_of_the_evidence() -> None:
    told = json.loads(meter.WEIGHTS.read_text())
    assert tuple(told["evidence"]) == meter.EVIDENCE
    units = len(told["out"])
    assert len(told["bias"]) == units
    assert {len(row) for row in told["evidence"].values()} == {1 + units}


def test_every_reading_has_its_beats(tmp_path: Path) -> None:
    played = play(compose(2))
    heard = bands.listen(Song.open(write(tmp_path / "piece.wav", played)))
    readings = meter.readings(heard)
    assert readings is not None
    assert readings.evidence.shape == (len(readings.length), len(meter.EVIDENCE))
    assert np.isfinite(readings.evidence).all()
    end = len(heard) * spectra.STEP
    for number in range(0, len(readings.length), 97):
        times, first = readings.times(number)
        beat, bar = readings.length[number], meter.METRES[readings.metre[number]].beats
        assert 0 <= first < bar and times[0] >= 0 and times[-1] <= end + 1
        assert np.median(np.diff(times)) == pytest.approx(beat, rel=0.05)
        assert times[0] < 2 * beat and times[-1] > end - 2 * beat


def test_a_pulse_follows_a_tempo_that_wanders(write_song: WriteSong) -> None:
    times, time = [], 0.2
    while time < 39:
        times.append(time)
        time += 0.5 + 0.03 * np.sin(time / 6)
    onsets = pulse.strength(bands.listen(Song.open(write_song(clicks(times, 40.0)))))
    lengths = pulse.lengths(onsets, 5)
    assert min(abs(length - 0.5) for length in lengths) < 0.02
    followed = pulse.follow(onsets, 0.5)
    assert max(np.abs(followed - time).min() for time in times) < 0.03


def test_pieces_by_chance_are_the_same_for_a_seed() -> None:
    pieces = [compose(seed) for seed in range(40)]
    assert pieces[:3] == [compose(seed) for seed in range(3)]
    assert {piece.metre for piece in pieces} == set(BEATS)
    assert {bool(piece.drums) for piece in pieces} == {True, False}
    assert {piece.swing > 0 for piece in pieces} == {True, False}
    one, other = play(pieces[0]), play(pieces[0])
    assert np.array_equal(one.sound, other.sound)
    assert np.all(np.isin(one.bars, one.beats)) and np.all(np.diff(one.beats) > 0)
