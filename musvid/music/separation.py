"""Stems of a song that nobody has as files: a network takes the song apart.

The network is Hybrid Transformer Demucs (Rouard, Massa and Défossez, "Hybrid transformers for music
source separation", ICASSP 2023), of the package demucs, which the extra ``musvid[stems]`` installs.
Its weights are downloaded from the hub when they are first used.
"""

from __future__ import annotations

import io
import wave
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import _ffmpeg
from .. import store as _store
from .._device import pick_device
from ..errors import ModelError, OutputError, SettingsError
from ..song import Song
from ..store import Store
from . import stems
from .samples import RATE

Progress = Callable[[str, int, int], None]

NAMES = ("drums", "bass", "other", "vocals")
"""The stems that a song is taken apart into."""

MODEL = "htdemucs"

LONGEST = 30 * 60
"""Seconds of a song that are taken apart: all of it, and of its stems, are in memory."""

_VERSION = 1
_PARTS = 1000  # in which progress is told


def separate(
    song: Song, store: Store, *, device: str = "auto", progress: Progress | None = None
) -> stems.Stems:
    """The stems of a song's whole file, as files in the store.

    They are mono, of 22,050 Hz, as long as the song, and made once for a song. device: as
    `musvid._device.pick_device` takes it. progress: called with "stems", how many parts of how many
    are done.

    Raises SettingsError where the extra is not installed or the song is too long, ModelError where
    the network cannot be loaded, and OutputError where the store does not keep them.
    """
    key = _store.address("stems", _VERSION, MODEL, _store.content_of(song.path), song.track)
    if known := _known(store, key):
        return known
    if find_spec("demucs") is None:
        raise SettingsError(
            "To take a song apart, install musvid[stems] (pip install 'musvid[stems]'), or give "
            "its stems as files."
        )
    whole = song.part()
    if whole.duration > LONGEST:
        raise SettingsError(
            f"A song that is taken apart lasts {LONGEST // 60} minutes at most; give its stems as "
            "files."
        )
    for name, sound in _separated(whole, pick_device(device), progress).items():
        store.keep_sound(f"{key}-{name}", _wav(sound, round(whole.duration * RATE)))
    if known := _known(store, key):
        return known
    raise OutputError("The stems could not be kept; free some space, or give a larger cache.")


def _known(store: Store, key: str) -> stems.Stems | None:
    """The stems that the store has, or None where one is missing."""
    found = [(name, store.sound(f"{key}-{name}")) for name in NAMES]
    known = tuple((name, str(path)) for name, path in found if path)
    return known if len(known) == len(NAMES) else None


def _separated(
    song: Song, device: str, progress: Progress | None
) -> Mapping[str, NDArray[np.float32]]:
    """Stems by their names, mono, at `RATE`."""
    import torch
    from demucs.api import Separator

    def told(state: Mapping[str, Any]) -> None:
        if progress and state["state"] == "end":
            way = state["segment_offset"] / max(1, state["audio_length"])
            done = (state["model_idx_in_bag"] + way) / state["models"]
            progress("stems", min(_PARTS, round(_PARTS * done)), _PARTS)

    try:
        # Without shifts, which are random: the same song has the same stems.
        separator = Separator(model=MODEL, device=device, shifts=0, callback=told)
    except Exception as error:  # of the hub, the network, or a broken download
        raise ModelError(
            f"The network that takes songs apart cannot be loaded ({type(error).__name__}); check "
            "the connection, and try again."
        ) from error
    stereo = _stereo(song, separator.samplerate)
    _, found = separator.separate_tensor(torch.from_numpy(stereo), separator.samplerate)
    if missing := [name for name in NAMES if name not in found]:
        raise ModelError(f"The network that takes songs apart made no {missing[0]}; update demucs.")
    if progress:
        progress("stems", _PARTS, _PARTS)
    return {name: _slower(found[name].cpu().numpy(), separator.samplerate) for name in NAMES}


def _stereo(song: Song, rate: int) -> NDArray[np.float32]:
    """A song as two channels, float32 (2, samples). Raises FFmpegError."""
    filters = f"{song.even},aresample={rate},aformat=channel_layouts=stereo"
    arguments = [
        *song.input(),
        *("-filter_complex", f"{song.sound}{filters}[a]", "-map", "[a]"),
        *("-f", "f32le", "pipe:1"),
    ]
    parts = []
    with _ffmpeg.Process(arguments, stdout=True, patience=song.patience) as process:
        while data := process.read_bytes(1 << 22):
            parts.append(data)
    samples = np.frombuffer(b"".join(parts), np.float32)
    return np.ascontiguousarray(samples[: len(samples) // 2 * 2].reshape(-1, 2).T)


def _slower(sound: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """The mean of some channels, (channels, samples), at `RATE`."""
    from scipy.signal import resample_poly

    slower: NDArray[np.float32] = resample_poly(sound.mean(0), RATE, rate).astype(np.float32)
    return slower


def _wav(sound: NDArray[np.float32], count: int) -> bytes:
    """The content of a WAV file with so many samples, 16 bits each."""
    whole = np.zeros(count, np.float32)
    whole[: len(sound)] = sound[:count]
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.rint(32767 * np.clip(whole, -1, 1)).astype("<i2").tobytes())
    return content.getvalue()
