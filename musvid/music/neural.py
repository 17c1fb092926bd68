"""Beats and bars by a network, for who asks for it: "Beat This!" of the extra `musvid[beats]`.

Foscarin, Schlüter and Widmer, "Beat This! Accurate Beat Tracking Without DBN Postprocessing"
(ISMIR 2024). The package fetches its weights (about 80 MB) when they are first used; as musvid
fetches nothing that nobody asked for, it is used only where the environment variable MUSVID_BEATS
says so: "neural", or the path of a checkpoint that is there.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..errors import ModelError, SettingsError, quoted
from ..song import Song
from . import samples as sound
from .meter import Read

ASKED = "MUSVID_BEATS"
"""The environment variable that asks for the network."""

_OWN, _NEURAL, _USUAL = "own", "neural", "final0"


def asked() -> str | None:
    """The network's checkpoint, a name or a path, or None where musvid listens by itself.

    Raises SettingsError when the variable says neither "own", "neural" nor an existing file.
    """
    value = os.environ.get(ASKED, _OWN).strip() or _OWN
    if value == _OWN:
        return None
    if value == _NEURAL:
        return _USUAL
    if not os.path.isfile(value):  # noqa: PTH113
        raise SettingsError(
            f"{ASKED} must be own, neural, or a checkpoint's file, not {quoted(value)}."
        )
    return value


def read(song: Song, checkpoint: str) -> Read | None:
    """The beats and bars of a song's part as the network hears them; None where it hears none.

    checkpoint: see `asked`. Its bars are taken at their word. The samples of the part are in memory
    at once (5 MB a minute). Raises ModelError when the package or its weights cannot be had.
    """
    signal = np.concatenate([np.zeros(0, np.float32), *sound.mono(song)])
    try:
        beats, downbeats = _network(checkpoint)(signal, sound.RATE)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"The network for beats failed ({type(error).__name__}); unset {ASKED} to do without."
        ) from error
    times, bars = np.asarray(beats, np.float64), np.asarray(downbeats, np.float64)
    if len(times) < 4:
        return None
    if not len(bars):
        return Read(times, 0, 4, 0.0)
    begins = np.abs(times[None] - bars[:, None]).argmin(1)
    lengths = np.diff(begins)
    lengths = lengths[(lengths >= 1) & (lengths <= 16)]
    if not len(lengths):
        return Read(times, 0, 4, 0.0)
    bar = int(np.bincount(lengths).argmax())
    # The beat of the bar at which most of them begin: one that was missed moves those behind it.
    first = int(np.bincount(begins % bar, minlength=bar).argmax())
    return Read(times, first, bar, float(np.mean(lengths == bar)))


def _network(checkpoint: str) -> Callable[[Any, int], tuple[Any, Any]]:
    """beat_this's own tracker on the processor. Raises ModelError when it cannot be had."""
    if find_spec("beat_this") is None:
        raise ModelError(f"{ASKED} asks for a network: install it with pip install musvid[beats].")
    from beat_this.inference import Audio2Beats

    try:
        network: Callable[[Any, int], tuple[Any, Any]] = Audio2Beats(
            checkpoint_path=checkpoint, device="cpu", dbn=False
        )
    except Exception as error:  # no connection, no such file, another kind of file
        raise ModelError(
            f"The weights of the network for beats could not be loaded; unset {ASKED}, or set it "
            "to a checkpoint's file."
        ) from error
    return network
