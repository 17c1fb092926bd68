"""How well tempo, beats and bars are found in songs whose beats are known.

    python -m tests.benchmarks.beats [--others] [--recordings]

27 synthetic songs (tests/tunes.py): 4/4, 3/4 and 6/8, slow, middle and fast, by three textures
each. Judged is what a render follows: the lock's beats and bars, from the first true beat to the
last, and nothing of that is left out.

- octave: the tempo is within 4 % of the true one times 1, 2, 3, 1/2 or 1/3.
- on grid: it is, or at least the bars are right and only their parts are not (the six eighths of a
  waltz heard as two beats of three).
- tempo: it is within 4 % of the true one, so the octave is right.
- beats, bars: the F-measure of Davies et al. (2009) with 70 ms, as in mir_eval, but from the first
  beat on, where mir_eval leaves out the first five seconds.
- right: the tempo is, and both F-measures are at least 0.9.

`--others` takes 27 other songs, on which nothing was tuned. `--recordings` says what is found in
the shared recordings, whose beats nobody has written down.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from tunes import OTHERS, SONGS

from musvid import Lock, Song, find_beats
from musvid.training.band import BEATS, Piece, Played, play, write
from musvid.training.metre import f_measure

from .sounds import songs

TOLERANCE, ENOUGH = 0.04, 0.9
OCTAVES = (1, 2, 3, 1 / 2, 1 / 3)


@dataclass(frozen=True)
class Score:
    """How right one song's beats are. ratio: tempo found by true tempo."""

    ratio: float
    beats: float
    bars: float

    @property
    def octave(self) -> bool:
        """Whether the tempo is right but for the octave."""
        return min(abs(self.ratio / octave - 1) for octave in OCTAVES) <= TOLERANCE

    @property
    def on_grid(self) -> bool:
        """Whether it is that, or at least the bars are right."""
        return self.octave or self.bars >= ENOUGH

    @property
    def tempo(self) -> bool:
        """Whether the tempo is right, octave and all."""
        return abs(self.ratio - 1) <= TOLERANCE

    @property
    def right(self) -> bool:
        """Whether everything is."""
        return self.tempo and self.beats >= ENOUGH and self.bars >= ENOUGH


def judged(lock: Lock, piece: Piece, played: Played) -> Score:
    """The score of a lock that was found in a piece."""
    end = float(played.beats[-1]) + 1
    beats = np.array(Lock(lock.note, lock.bpm, lock.beat, 1, lock.beats).bars(0, end))
    bars = np.array(lock.bars(0, end))
    assert lock.bpm is not None
    return Score(
        float(lock.bpm) / piece.bpm, f_measure(beats, played.beats), f_measure(bars, played.bars)
    )


def _verdict(score: Score) -> str:
    if score.right:
        return "yes"
    if score.octave:
        return "no"
    return "no, another metre" if score.on_grid else "no, off the grid"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--others", action="store_true", help="27 songs that nothing was tuned on")
    parser.add_argument("--recordings", action="store_true", help="what is found in recordings")
    options = parser.parse_args()
    if options.recordings:
        for path in songs():
            found = find_beats(Song.open(path))
            print(f"{path.stem:18} {found}; bar {found.lock('1/4').bar}")
        return
    print(f"{'':28} {'found':>7} {'ratio':>6} {'bar':>4} {'beats':>6} {'bars':>6}  right")
    scores = []
    with tempfile.TemporaryDirectory() as folder:
        for piece in OTHERS if options.others else SONGS:
            played = play(piece)
            song = Song.open(write(Path(folder) / "song.wav", played))
            lock = find_beats(song).lock("1/4")
            score = judged(lock, piece, played)
            scores.append(score)
            print(
                f"{piece.name:28} {float(lock.bpm or 0):7.2f} {score.ratio:6.2f} "
                f"{f'{lock.bar}/{BEATS[piece.metre]}':>4} {score.beats:6.2f} {score.bars:6.2f}  "
                f"{_verdict(score)}",
                flush=True,
            )
    print(
        f"of {len(scores)}: on grid {sum(score.on_grid for score in scores)}, octave "
        f"{sum(score.octave for score in scores)}, tempo "
        f"{sum(score.tempo for score in scores)}, beats "
        f"{sum(score.beats >= ENOUGH for score in scores)}, bars "
        f"{sum(score.bars >= ENOUGH for score in scores)}, right "
        f"{sum(score.right for score in scores)}"
    )


if __name__ == "__main__":
    main()
