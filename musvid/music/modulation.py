"""How a setting follows the music: the settings."""

from __future__ import annotations

from dataclasses import dataclass

from .. import _validate
from ..errors import SettingsError, quoted
from ..ranges import RANGES

CURVES = ("loudness", "onsets", "low", "mid", "high")
"""What can be followed: the power of all pitches, the onset strength, and the power below 250 Hz,
up to 2500 Hz, and above."""

OFF = "off"
SOURCES = (OFF, *CURVES)


@dataclass(frozen=True)
class Modulation:
    """How a setting follows the music.

    source: a name from `CURVES`, from 0 to 1; or "off".
    amount: what is added to the setting where the curve is 1: -30 to 30, and of the drift's speed
        -1000 to 1000 pixels a second, which `musvid.Recipe` checks. The sum is clipped to the
        setting's range. For the seed: how many seeds per second the noise moves on where the curve
        is 1.
    smoothing: 0 to 5 seconds, the standard deviation of the Gaussian that smooths the curve.
    """

    source: str = OFF
    amount: float = 0.3
    smoothing: float = 0.1

    def __post_init__(self) -> None:
        _validate.choice("source", self.source, SOURCES)
        RANGES["drift_by.amount"].check("amount", self.amount)  # the widest
        RANGES["strength_by.smoothing"].check("smoothing", self.smoothing)

    def __bool__(self) -> bool:
        return self.source != OFF and self.amount != 0

    @classmethod
    def parse(cls, text: str, like: Modulation | None = None) -> Modulation:
        """Such as ``onsets``, ``onsets:0.4`` or ``onsets:0.4:0.1``: source, amount, smoothing.

        like: whose numbers are taken where the text has none; by default the defaults.

        Raises SettingsError when it is none.
        """
        source, *numbers = text.split(":", 3)
        like = cls() if like is None else like
        left_out = (like.amount, like.smoothing)[len(numbers) :]
        try:
            return cls(source, *map(float, numbers), *left_out)
        except (ValueError, TypeError) as error:
            if isinstance(error, SettingsError):
                raise
            raise SettingsError(
                f"{quoted(text)} is no modulation; write SOURCE:AMOUNT:SMOOTHING, as in "
                "onsets:0.4:0.1."
            ) from None
