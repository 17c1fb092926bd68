"""The adapter of the network for beats, on a stub of the interface that beat_this 1.1 documents."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from conftest import WriteSong, clicks

from musvid import ModelError, SettingsError, Song, find_beats
from musvid.music import neural


@pytest.fixture
def waltz(write_song: WriteSong) -> Song:
    """Clicks at 120 bpm from 0.3 s on, all alike: only a network could know of bars."""
    return Song.open(write_song(clicks(np.arange(0.3, 20, 0.5), 20.0)))


def stub(
    monkeypatch: pytest.MonkeyPatch, beats: Any, downbeats: Any, broken: bool = False
) -> list[Any]:
    """Installs a package beat_this whose tracker gives these; what it was called with."""
    calls: list[Any] = []

    class Audio2Beats:
        def __init__(
            self,
            checkpoint_path: str = "final0",
            device: str = "cpu",
            float16: bool = False,
            dbn: bool = False,
        ) -> None:
            calls.append((checkpoint_path, device, float16, dbn))
            if broken or checkpoint_path.endswith("broken.ckpt"):
                raise ValueError("Could not load the checkpoint given the provided name")

        def __call__(self, signal: np.ndarray, sr: int) -> tuple[np.ndarray, np.ndarray]:
            calls.append((signal.shape, signal.dtype, sr))
            return np.array(beats), np.array(downbeats)

    package, inference = ModuleType("beat_this"), ModuleType("beat_this.inference")
    package.__spec__ = ModuleSpec("beat_this", None)
    inference.Audio2Beats = Audio2Beats  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "beat_this", package)
    monkeypatch.setitem(sys.modules, "beat_this.inference", inference)
    return calls


def test_beats_and_bars_are_the_networks(waltz: Song, monkeypatch: pytest.MonkeyPatch) -> None:
    # To 20 ms, as the network's frames are; musvid moves them to the clicks.
    beats = np.round(np.arange(0.3, 20, 0.5) / 0.02) * 0.02 + 0.01
    calls = stub(monkeypatch, beats, beats[1::3])
    monkeypatch.setenv(neural.ASKED, "neural")
    found = find_beats(waltz)
    assert calls[0] == ("final0", "cpu", False, False)
    assert calls[1][1:] == (np.float32, 22050) and abs(calls[1][0][0] - 20 * 22050) <= 1
    assert found.bpm == 120 and found.bar == 3
    assert found.downbeat == pytest.approx(0.8, abs=0.002)
    lock = found.lock("1/4")
    assert lock.bar == 3 and lock.beat == found.downbeat


def test_it_is_used_where_it_is_installed(waltz: Song, monkeypatch: pytest.MonkeyPatch) -> None:
    beats = np.arange(0.3, 20, 0.5)
    monkeypatch.delenv(neural.ASKED)
    assert find_spec("beat_this") or neural.network() is None
    calls = stub(monkeypatch, beats, beats[::3])
    assert find_beats(waltz).bar == 3 and len(calls) == 2
    monkeypatch.setenv(neural.ASKED, "own")
    assert find_beats(waltz).bar is None and len(calls) == 2


def test_no_beats_of_the_network_are_looked_for_as_ever(
    waltz: Song, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = stub(monkeypatch, [], [])
    monkeypatch.setenv(neural.ASKED, "neural")
    assert find_beats(waltz).bpm == 120
    assert len(calls) == 2


def test_where_it_cannot_be_had_beats_are_found_without(
    waltz: Song, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stub(monkeypatch, [], [], broken=True)
    monkeypatch.delenv(neural.ASKED)
    assert find_beats(waltz).bpm == 120
    (said,) = caplog.messages
    assert said.startswith("The weights of the network for beats could not be loaded; check the ")
    assert said.endswith("Beats are found without it.")


def test_what_cannot_be_had_but_must_is_one_sentence(
    waltz: Song, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(neural.ASKED, "neural")
    monkeypatch.setattr(neural, "find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r'pip install "musvid\[beats\]"'):
        find_beats(waltz)
    monkeypatch.undo()
    monkeypatch.setenv(neural.ASKED, str(tmp_path / "nowhere.ckpt"))
    with pytest.raises(SettingsError, match=r"MUSVID_BEATS must be own, neural, or"):
        find_beats(waltz)
    broken = tmp_path / "broken.ckpt"
    broken.touch()
    stub(monkeypatch, [], [])
    monkeypatch.setenv(neural.ASKED, str(broken))
    with pytest.raises(ModelError, match="could not be loaded"):
        find_beats(waltz)
