"""What can be said of a film by numbers: how its texture travels, how bright and sharp it is, how
often it flashes, and how its picture answers to the sound."""

from __future__ import annotations

import subprocess
from dataclasses import astuple, dataclass
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

HEADS = ("texture", "light", "white", "sharp", "flashes", "response")
_RATE, _SOUND = 30, 22_050


@dataclass(frozen=True)
class Facts:
    """Figures of a film.

    texture: correlation of the texture of its first and last 3 s (or third), light divided out:
        1 where it is nailed to the screen. light: mean luminance, 0 to 255. white: the part of its
        pixels at full white, in percent. sharp: energy of the highest octave at 512 pixels, in
        percent of all contrast. flashes: the most in any second, each a rise and a fall of a tenth
        of full luminance. response: correlation of the sound's onset strength with how much the
        picture changes, at the best lag within 0.2 s.
    """

    texture: float
    light: float
    white: float
    sharp: float
    flashes: float
    response: float

    def __str__(self) -> str:
        shown = zip(astuple(self), ("8.2f", "8.0f", "7.1f%", "7.2f%", "8.1f", "9.2f"), strict=True)
        return "".join(f"{value:{form.rstrip('%')}}{form[4:]}" for value, form in shown)


def facts(film: Path) -> Facts:
    """The figures of a video with sound."""
    small = _pictures(film, 128, _RATE, "gray").astype(np.float32)
    light = small.mean((1, 2))
    colours = _pictures(film, 256, 4, "rgb24")
    large = _pictures(film, 512, 1, "gray").astype(np.float32)
    fine = np.mean([((each - _blurred(each, 1)) ** 2).mean() for each in large])
    contrast = np.mean([each.var() for each in large])
    return Facts(
        _travelled(_pictures(film, 256, 10, "gray")),
        float(light.mean()),
        100 * float((colours.min(-1) >= 250).mean()),
        100 * float(fine / contrast),
        _flashes(light / 255),
        _response(film, np.abs(np.diff(small, axis=0)).mean((1, 2))),
    )


def _pictures(film: Path, side: int, rate: int, pixels: str) -> NDArray[np.uint8]:
    scale = f"fps={rate},scale={side}:{side}:flags=area"
    raw = _read(film, "-map", "0:v:0", "-vf", scale, "-f", "rawvideo", "-pix_fmt", pixels)
    shape = (-1, side, side) if pixels == "gray" else (-1, side, side, 3)
    return np.frombuffer(raw, np.uint8).reshape(shape)


def _read(film: Path, *how: str) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(film), *how, "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def _blurred(plane: Floats, around: int) -> Floats:
    side = 2 * around + 1
    return np.asarray(cv2.blur(plane, (side, side), borderType=cv2.BORDER_REPLICATE), np.float32)


def _travelled(tenths: NDArray[np.uint8]) -> float:
    count = min(30, len(tenths) // 3)

    def texture(part: NDArray[np.uint8]) -> Floats:
        middle = np.median(part, 0).astype(np.float32)
        detail = middle - _blurred(middle, 8)
        return np.asarray(detail / (np.sqrt(_blurred(detail * detail, 8)) + 1), np.float32)

    ends = texture(tenths[:count]).ravel(), texture(tenths[-count:]).ravel()
    return float(np.corrcoef(*ends)[0, 1])


def _flashes(light: Floats, swing: float = 0.1) -> float:
    """Rises and falls of a swing, measured from the last turn; two of them are a flash."""
    turns: list[int] = []
    direction, last = 0, float(light[0])
    for place, value in enumerate(map(float, light)):
        far = abs(value - last) >= swing
        if direction * (value - last) > 0 and direction:
            last = value
        elif far:
            direction, last = (1 if value > last else -1), value
            turns.append(place)
    within = [sum(first <= turn < first + _RATE for turn in turns) for first in turns]
    return max(within, default=0) / 2


def _response(film: Path, change: Floats) -> float:
    from librosa.onset import onset_strength

    raw = _read(film, *("-map", "0:a:0", "-ac", "1", "-ar", str(_SOUND), "-f", "f32le"))
    sound = np.frombuffer(raw, np.float32)
    onsets = onset_strength(y=sound, sr=_SOUND, hop_length=_SOUND // _RATE)
    count = min(len(onsets), len(change))

    def even(values: Floats) -> Floats:
        return (values - values.mean()) / (values.std() + 1e-9)

    heard, seen = even(onsets[:count]), even(change[:count])
    return max(
        float(
            (
                heard[max(0, -lag) : count - max(0, lag)] * seen[max(0, lag) : count + min(0, lag)]
            ).mean()
        )
        for lag in range(-6, 7)
    )
