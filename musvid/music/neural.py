"""Beats and bars by a network, where it is installed: "Beat This!" of the extra `musvid[beats]`.

Foscarin, Schlüter and Widmer, "Beat This! Accurate Beat Tracking Without DBN Postprocessing"
(ISMIR 2024). The package downloads its weights (about 80 MB) when they are first used. Where that
fails, musvid listens by itself, see `musvid.music.meter`. The environment variable MUSVID_BEATS
says otherwise: "own" never uses the network, "neural" and the path of a checkpoint's file insist on
it.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from ..errors import ModelError, SettingsError, quoted
from ..song import Song
from . import samples as sound
from .meter import Read

ASKED = "MUSVID_BEATS"
"""The environment variable that says who finds the beats."""

_OWN, _NEURAL, _USUAL = "own", "neural", "final0"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Network:
    """The network that is to be used. checkpoint: its name, or the path of a file. needed: whether
    nothing else will do."""

    checkpoint: str
    needed: bool


def network() -> Network | None:
    """The network to be used, or None where musvid listens by itself.

    Raises SettingsError when the variable says neither "own", "neural" nor an existing file.
    """
    value = os.environ.get(ASKED, "").strip()
    if value == _OWN or not (value or find_spec("beat_this")):
        return None
    if value in ("", _NEURAL):
        return Network(_USUAL, needed=bool(value))
    if not os.path.isfile(value):  # noqa: PTH113
        raise SettingsError(
            f"{ASKED} must be own, neural, or a checkpoint's file, not {quoted(value)}."
        )
    return Network(value, needed=True)


def read(song: Song, network: Network) -> Read | None:
    """The beats and bars of a song's part as the network hears them; None where it hears none.

    Its bars are taken at their word. The samples of the part are in memory at once (5 MB a minute).
    Where the network cannot be had, or fails, that is None, too, and noted in the log; raises
    ModelError where it is needed.
    """
    try:
        beats, downbeats = _heard(song, network.checkpoint)
    except ModelError as error:
        if network.needed:
            raise
        _log.warning("%s Beats are found without it.", error)
        return None
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


def _heard(song: Song, checkpoint: str) -> tuple[Any, Any]:
    """Seconds of the beats, and of those that begin bars. Raises ModelError."""
    if find_spec("beat_this") is None:
        raise ModelError(
            f'{ASKED} asks for a network; install it with: pip install "musvid[beats]".'
        )
    from beat_this.inference import Audio2Beats

    try:
        tracker = Audio2Beats(checkpoint_path=checkpoint, device="cpu", dbn=False)
    except Exception as error:  # no connection, no such file, another kind of file
        raise ModelError(
            "The weights of the network for beats could not be loaded; check the connection, or "
            f"set {ASKED} to own or to a checkpoint's file."
        ) from error
    signal = np.concatenate([np.zeros(0, np.float32), *sound.mono(song)])
    try:
        beats, downbeats = tracker(signal, sound.RATE)
    except Exception as error:
        raise ModelError(
            f"The network for beats failed ({type(error).__name__}); set {ASKED} to own to do "
            "without."
        ) from error
    return beats, downbeats
