from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, ffmpeg

from musvid import Song

sys.path.insert(0, str(ROOT / "examples"))
import synthesise


@pytest.mark.parametrize(
    ("name", "samples"),
    [("loop", synthesise.LOOP_SAMPLES), ("nocturne", synthesise.NOCTURNE_SAMPLES)],
)
def test_the_examples_are_as_long_as_they_say(name: str, samples: int) -> None:
    song = Song.open(ROOT / "examples" / f"{name}.ogg")
    assert (song.rate, song.channels, song.samples) == (synthesise.RATE, 2, samples)


def test_the_loop_is_four_bars_of_a_known_tempo() -> None:
    seconds = synthesise.LOOP_BARS * synthesise.LOOP_BEATS * 60 / synthesise.LOOP_BPM
    assert 15 <= seconds <= 25
    assert seconds == synthesise.LOOP_SAMPLES / synthesise.RATE


@pytest.mark.parametrize("name", ["loop", pytest.param("nocturne", marks=pytest.mark.thorough)])
def test_the_script_makes_what_lies_there(name: str, tmp_path: Path) -> None:
    made = tmp_path / f"{name}.ogg"
    synthesise.write(made, getattr(synthesise, name)())

    def decoded(path: Path) -> np.ndarray:
        return np.frombuffer(ffmpeg("-i", path, "-f", "f32le", "pipe:1"), np.float32)

    # Another processor's arithmetic may differ in the last bits, and the encoder's choices then.
    there, here = decoded(ROOT / "examples" / f"{name}.ogg"), decoded(made)
    assert len(there) == len(here)
    assert np.corrcoef(there, here)[0, 1] > 0.999
