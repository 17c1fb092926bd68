"""How long it takes to evaluate curves of ten minutes at 60 values a second, and to read them."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from musvid.music import curves
from musvid.music._nodes import Floats

TIMES = np.arange(36_000) / 60
ROUNDS = 15


class Known:
    """A song of which everything was heard before: what is timed is the curves alone."""

    bar = 4

    def __init__(self) -> None:
        self._values = np.random.default_rng(0).random(60_000)

    def check(self, name: str, of: str) -> None:
        """Every source is there."""

    def read(self, _name: str, _of: str, times: Floats) -> Floats:
        """Noise, a hundred values a second."""
        return np.interp(times * 100, np.arange(60_000), self._values)

    def beats(self, times: Floats) -> Floats:
        """120 beats a minute."""
        return 2 * times

    def beat_time(self, beat: float) -> float:
        """120 beats a minute."""
        return beat / 2


MANY = ", ".join(f"{second}:{second % 7 / 7:.3f} ease" for second in range(600))
EVERY = ", ".join(f"{place / 60:.4f}:{place % 7 / 7:.3f}" for place in range(36_000))
CURVES = {
    "a source": "0.4 + kick:0.3",
    "keyframes, 600 of them": MANY,
    "an oscillator": "0.5 + lfo(1/2, sine, 0.2)",
    "attack and release": "env(kick, 0.01, 0.4)",
    "smoothed": "smooth(bass, 0.5)",
    "Deforum's": "0:(0.5), 300:(0.5+0.2*sin(2*3.14*t/60)), 9000:(0.1)",
    "all of it": f"env(kick, 0.01, 0.4) * ({MANY}) + smooth(bass, 0.5) * lfo(1/4, saw, 0.2)",
    "keyframes at every frame": EVERY,
}


def milliseconds(work: Callable[[], object]) -> float:
    """The least of several times."""
    taken = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return 1000 * min(taken)


def main() -> None:
    """Print the table."""
    song = Known()
    print("| curve | evaluated, ms | read, ms |\n|---|---|---|")
    for name, text in CURVES.items():
        curve = curves.parse(text)
        found = milliseconds(lambda curve=curve: curve.at(TIMES, song))  # type: ignore[misc]
        read = milliseconds(lambda text=text: curves.parse(text))  # type: ignore[misc]
        print(f"| {name} | {found:.1f} | {read:.1f} |")


if __name__ == "__main__":
    main()
