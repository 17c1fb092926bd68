"""A song taken apart, by a stub of demucs' documented interface."""

from __future__ import annotations

import sys
import types
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from conftest import RATE, WriteSong

from musvid import ModelError, OutputError, Recipe, SettingsError, Song
from musvid._options import build_parser
from musvid._stems import with_stems
from musvid.music import separation
from musvid.music.listening import Listening
from musvid.store import Store


class Separator:
    """`demucs.api.Separator`, which takes a song apart by pitch rather than by a network."""

    made: ClassVar[list[Separator]] = []
    samplerate = 44100

    def __init__(self, model: str, device: str, shifts: int, callback: Any) -> None:
        assert (model, shifts) == ("htdemucs", 0)
        self.callback, self.device = callback, device
        self.made.append(self)

    def separate_tensor(
        self, wav: torch.Tensor, sr: int | None = None
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        assert wav.dtype == torch.float32 and wav.shape[0] == 2
        assert sr == self.samplerate
        for offset in range(0, wav.shape[1], 50_000):
            state = {"model_idx_in_bag": 0, "shift_idx": 0, "segment_offset": offset}
            for when in ("start", "end"):
                length = {"audio_length": wav.shape[1], "models": 1}
                self.callback({**state, **length, "state": when})
        spectrum = torch.fft.rfft(wav)
        pitch = torch.fft.rfftfreq(wav.shape[1], 1 / self.samplerate)
        bands = {"bass": (0, 200), "other": (200, 1000), "vocals": (1000, 3000)}
        bands["drums"] = (3000, 1e9)
        return wav, {
            name: torch.fft.irfft(spectrum * ((pitch >= low) & (pitch < high)), wav.shape[1])
            for name, (low, high) in bands.items()
        }


@pytest.fixture
def demucs(monkeypatch: pytest.MonkeyPatch) -> type[Separator]:
    package, api = types.ModuleType("demucs"), types.ModuleType("demucs.api")
    package.__spec__ = ModuleSpec("demucs", None)
    api.Separator = Separator  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "demucs", package)
    monkeypatch.setitem(sys.modules, "demucs.api", api)
    monkeypatch.setattr(Separator, "made", [])
    return Separator


@pytest.fixture
def song(write_song: WriteSong) -> Song:
    """Two channels: 100 Hz for two seconds, then 5 kHz for two seconds."""
    time = np.arange(2 * RATE) / RATE
    sound = np.concatenate([0.4 * np.sin(2 * np.pi * pitch * time) for pitch in (100, 5000)])
    return Song.open(write_song(np.stack([sound, 0.5 * sound])))


def test_a_song_is_taken_apart_once(song: Song, tmp_path: Path, demucs: type[Separator]) -> None:
    store, told = Store(tmp_path / "cache"), []
    made = separation.separate(
        song.part(1, 2), store, device="cpu", progress=lambda *state: told.append(state)
    )
    assert tuple(name for name, _ in made) == separation.NAMES
    dones = [done for _, done, _ in told]
    assert dones == sorted(dones) and dones[-1] == 1000 and len(dones) > 2
    assert {(name, total) for name, _, total in told} == {("stems", 1000)}
    heard = Listening(song, dict(made))  # they are as long as the whole song
    times = np.array([1.0, 3.0])
    assert heard.read("loudness", "bass", times) == pytest.approx([1, 0], abs=0.1)
    assert heard.read("loudness", "drums", times) == pytest.approx([0, 1], abs=0.1)
    assert separation.separate(song, store, device="cpu") == made
    assert len(demucs.made) == 1
    Path(made[0][1]).write_bytes(b"damaged")
    assert separation.separate(song, store, device="cpu") == made
    assert len(demucs.made) == 2


def test_what_cannot_be_taken_apart_is_told(
    song: Song, tmp_path: Path, demucs: type[Separator], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "cache")
    with monkeypatch.context() as patch:
        patch.setattr(separation, "find_spec", lambda _: None)
        with pytest.raises(SettingsError, match=r"install musvid\[stems\]"):
            separation.separate(song, store)
    with monkeypatch.context() as patch:
        patch.setattr(separation, "LONGEST", 3)
        with pytest.raises(SettingsError, match="minutes at most; give its stems as files"):
            separation.separate(song, store)

    def broken(*_: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(demucs, "__init__", broken)
        patch.setattr(sys.modules["demucs.api"], "Separator", lambda **_: broken())
        with pytest.raises(ModelError, match=r"cannot be loaded \(ConnectionError\); check"):
            separation.separate(song, store, device="cpu")
    full = Store(tmp_path / "full")
    monkeypatch.setattr(full, "keep_sound", lambda *_: None)
    with pytest.raises(OutputError, match="could not be kept"):
        separation.separate(song, full, device="cpu")


def test_the_option_adds_stems_to_those_that_are_given(
    song: Song, tmp_path: Path, demucs: type[Separator]
) -> None:
    options = build_parser().parse_args([str(song.path), "--separate", "--quiet"])
    options.device = "cpu"
    own = Recipe(stems={"bass": "mine.wav", "harp": "harp.wav"})
    found = dict(with_stems(own, options, Store(tmp_path / "cache")).stems)
    assert set(found) == {*separation.NAMES, "harp"}
    assert (found["bass"], found["harp"]) == ("mine.wav", "harp.wav")
    assert Path(found["drums"]).is_file()
    assert demucs.made[0].device == "cpu"
    with pytest.raises(SettingsError, match="leave out --no-cache"):
        with_stems(own, options, None)
