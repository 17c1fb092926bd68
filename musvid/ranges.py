"""The range of every setting that is a number, in one place.

The checks of settings, the command line's help and the page's sliders all read it here.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import _validate

DAY = 24 * 3600
"""Seconds within which all times lie."""


@dataclass(frozen=True)
class Range:
    """What a setting may be.

    low, high: the least and the most. unit: what stands behind them in a sentence. whole: whether
    it is a whole number. step: of a slider for it. shown: the part of the range that a slider
    offers, by default all of it.
    """

    low: float
    high: float
    unit: str = ""
    whole: bool = False
    step: float = 1
    shown: tuple[float, float] | None = None

    def check(self, name: str, value: object) -> None:
        """Raises SettingsError for a value that is not in the range; name: of the setting."""
        if self.whole:
            _validate.whole(name, value, int(self.low), int(self.high))
        else:
            _validate.number(name, value, self.low, self.high, self.unit)

    @property
    def slider(self) -> tuple[float, float]:
        """The ends of a slider."""
        return self.shown or (self.low, self.high)

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}"


def _whole(low: int, high: int) -> Range:
    return Range(low, high, whole=True)


_SECONDS = " (seconds)"
_AMOUNT = (-30, 30)

RANGES: dict[str, Range] = {
    "track": _whole(1, 100),
    "start": Range(0, DAY, _SECONDS, step=0.1),
    "duration": Range(1e-6, DAY, _SECONDS, step=0.1),
    "fps": Range(1, 240),
    "motion_fps": Range(1, 240),
    "stride": _whole(1, 64),
    "before": _whole(1, 64),
    "after": _whole(1, 64),
    "side": _whole(64, 2048),
    "upscale": _whole(1, 8),
    "look.gain": Range(-60, 60, ' (decibels), or "auto"'),
    "look.gamma": Range(1, 7, step=0.1),
    "look.tlength": Range(0.002, 1, _SECONDS, step=0.002),
    "look.count": _whole(1, 30),
    "look.afterglow": Range(0, 5, _SECONDS, step=0.05),
    "look.embers": Range(0, 1, step=0.05),
    "look.half_life": Range(0.05, 2, _SECONDS, step=0.05),
    "style.strength": Range(0, 1, step=0.05),
    "style.steps": _whole(1, 200),
    "style.guidance": Range(1, 30, step=0.5),
    "style.control_scale": Range(0, 2, step=0.05),
    "style.seed": _whole(0, 2**32 - 1),
    "lock.bpm": Range(20, 400),
    "lock.beat": Range(-DAY, DAY, _SECONDS),
    "lock.bar": _whole(1, 16),
    "story.factor": Range(0, 10, " (times the drift's speed)"),
    "drift.speed": Range(0, 1000, " (pixels a second)", step=4, shown=(0, 240)),
    "drift.morph": Range(0, 5, " (seeds a second)", step=0.02, shown=(0, 2)),
    "echo": Range(0, 0.9, step=0.05),
    "prompt.place": Range(0, 99),
    "guide_amount": Range(0, 1, step=0.05),
    "strength_by.amount": Range(*_AMOUNT, step=0.05, shown=(-1, 1)),
    "guidance_by.amount": Range(*_AMOUNT, step=0.5, shown=(-10, 10)),
    "control_scale_by.amount": Range(*_AMOUNT, step=0.05, shown=(-2, 2)),
    "seed_by.amount": Range(*_AMOUNT, step=0.1, shown=(0, 5)),
    "drift_by.amount": Range(-1000, 1000, " (pixels a second)", step=4, shown=(-240, 240)),
    "strength_by.smoothing": Range(0, 5, _SECONDS, step=0.05),
    "guidance_by.smoothing": Range(0, 5, _SECONDS, step=0.05),
    "control_scale_by.smoothing": Range(0, 5, _SECONDS, step=0.05),
    "seed_by.smoothing": Range(0, 5, _SECONDS, step=0.05),
    "drift_by.smoothing": Range(0, 5, _SECONDS, step=0.05),
    "zoom_by.amount": Range(*_AMOUNT, step=0.05, shown=(-1, 1)),
    "turn_by.amount": Range(*_AMOUNT, step=0.1, shown=(-12, 12)),
    "sway_by.amount": Range(*_AMOUNT, step=0.05, shown=(-1, 1)),
    "shake_by.amount": Range(*_AMOUNT, step=0.05, shown=(-1, 1)),
    "zoom_by.smoothing": Range(0, 5, _SECONDS, step=0.05),
    "turn_by.smoothing": Range(0, 5, _SECONDS, step=0.05),
    "sway_by.smoothing": Range(0, 5, _SECONDS, step=0.05),
    "shake_by.smoothing": Range(0, 5, _SECONDS, step=0.05),
    "view.copies": _whole(2, 12),
    "view.bend": Range(0.2, 2, step=0.05),
    "shown": _whole(64, 4096),
    "camera.zoom": Range(0.25, 4, step=0.05),
    "camera.turn": Range(-60, 60, " (turns a minute)", step=0.25, shown=(-6, 6)),
    "camera.sway": Range(0, 1, step=0.05),
    "camera.shake": Range(0, 1, step=0.05),
    "camera.pulse": Range(0, 1, step=0.05),
    "words.text_size": Range(0.5, 2, step=0.05),
    "words.lyrics_shift": Range(-60, 60, _SECONDS, step=0.1, shown=(-5, 5)),
    "words.logo_size": Range(0.04, 0.8, step=0.02, shown=(0.04, 0.5)),
    "words.logo_pulse": Range(0, 1, step=0.05),
    "finish.exposure": Range(0, 1, step=0.05),
    "finish.glow": Range(0, 1, step=0.05),
    "finish.vignette": Range(0, 1, step=0.05),
    "finish.grain": Range(0, 1, step=0.05),
    "finish.contrast": Range(0, 1, step=0.05),
}
"""By the settings' names, as `musvid.Recipe.flat` gives them; "side": of a painting, in pixels;
"shown": of the file; "story.factor": of a part's speed."""
