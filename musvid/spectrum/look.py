"""How the spectrum is drawn: the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .. import _validate
from ..errors import SettingsError
from ..music.lock import NOTES
from ..ranges import RANGES
from .palettes import PALETTES


@dataclass(frozen=True)
class Look:
    """How the spectrum is drawn.

    gain: decibels by which the sound is raised before it is drawn (the sound that is heard is
        never touched), or "auto": quiet and loud passages are levelled, so that a picture always
        has something to show.
    gamma: 1 to 7; bars (and their brightness) are the gamma-th root of the amplitude. At 1 only
        the loudest pitches show, at 3 a pitch 40 dB below full scale still fills a fifth.
    palette: a name from `musvid.PALETTES`, or "article" for showcqt's own colours.
    tlength: seconds (0.002 to 1) of sound that the lowest pitches look at: longer separates
        pitches, shorter separates moments (showcqt's `timeclamp`).
    count: 1 to 30; transforms around each tick, averaged into its picture: more is calmer, and
        slower.
    afterglow: seconds in which a light falls to a third (1/e) after its sound has ended. Rising
        is always immediate, so that onsets stay exact; 0 draws every picture for itself.
    embers: 0 to 1; how much of its light a drawing leaves behind, which travels with the texture
        and cools, see `musvid.spectrum.embers`.
    half_life: seconds (0.05 to 2) in which embers fall to a half; or the name of a note from
        `musvid.music.lock.NOTES`, whose length `musvid.job.resolve` puts in its place.
    """

    gain: float | Literal["auto"] = "auto"
    gamma: float = 3.0
    palette: str = "white"
    tlength: float = 0.17
    count: int = 1
    afterglow: float = 0.0
    embers: float = 0.0
    half_life: float | str = 0.5

    def __post_init__(self) -> None:
        if self.gain != "auto":
            RANGES["look.gain"].check("gain", self.gain)
        for name in ("gamma", "tlength", "afterglow", "count", "embers"):
            RANGES[f"look.{name}"].check(name, getattr(self, name))
        if isinstance(self.half_life, str):
            _validate.choice("half_life", self.half_life, NOTES)
        else:
            RANGES["look.half_life"].check("half_life", self.half_life)
        _validate.choice("palette", self.palette, PALETTES)

    @property
    def cooling(self) -> float:
        """The half-life of embers in seconds.

        Raises SettingsError where it is a note, before the song's tempo is known.
        """
        if isinstance(self.half_life, str):
            raise SettingsError(
                f"How long a note of {self.half_life} lasts is known in a song; resolve the recipe."
            )
        return self.half_life


PLAIN = Look(gain=0.0, gamma=1.0, palette="article")
"""The article's picture exactly."""
