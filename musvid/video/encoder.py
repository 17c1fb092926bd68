"""Which encoder of ffmpeg's makes the H.264 of a video: that of the processor, or of the card.

The card's is tried once per process, with the arguments that videos are encoded with.
"""

from __future__ import annotations

import re
import sys
from fractions import Fraction
from functools import cache

from .. import _ffmpeg, _validate
from ..errors import FFmpegError, SettingsError
from .targets import H264, PLAIN, Kind, Target

ENCODERS = ("auto", "cpu", "gpu")

_CPU, _NVIDIA, _APPLE = "libx264", "h264_nvenc", "h264_videotoolbox"

# As good to the eye as each other, and as easy to seek in. NVENC aims where much moves, and x264
# where little does: its 19 without B-frames comes to x264's 15. Apple's quality goes up to 100.
_ARGUMENTS = {
    _CPU: ("-preset", "superfast", "-crf", "15"),
    _NVIDIA: (
        *("-preset", "p5", "-tune", "hq", "-rc", "vbr", "-cq", "19", "-b:v", "0"),
        *("-rc-lookahead", "20", "-spatial-aq", "1", "-bf", "0", "-g", "250", "-profile:v", "high"),
    ),
    _APPLE: ("-q:v", "80", "-g", "250", "-profile:v", "high"),
}

_LEAST, _MOST = (160, 64), (4096, 4096)  # width and height of what every card encodes
_TRIED = 256  # pixels of the pictures with which a card is tried


def pick(encoder: str = "auto", size: tuple[int, int] | None = None) -> str:
    """The name that ffmpeg gives the encoder which one of `ENCODERS` means here.

    "auto" is NVIDIA's card where that works, else the processor; "gpu" is a card, on macOS Apple's.
    size: width and height of the video; of one that is too small or too large for a card, it is the
        processor.

    Raises SettingsError when a card is asked for and there is none that can.
    """
    _validate.choice("encoder", encoder, ENCODERS)
    if encoder == "cpu":
        return _CPU
    codec = _APPLE if encoder == "gpu" and sys.platform == "darwin" else _NVIDIA
    why = refusal(codec)
    if why and encoder == "gpu":
        raise SettingsError(
            f"No graphics card encodes videos here ({why}); use --encoder auto or cpu."
        )
    sides = zip(_LEAST, size or _LEAST, _MOST, strict=True)
    fits = all(least <= side <= most for least, side, most in sides)
    return codec if fits and not why else _CPU


def pick_for(kind: Kind, encoder: str = "auto", size: tuple[int, int] | None = None) -> str:
    """The name that ffmpeg gives the encoder of a kind of file, see `pick`.

    Raises SettingsError when a card is asked for that can not.
    """
    if kind.codec == H264:
        return pick(encoder, size)
    _validate.choice("encoder", encoder, ENCODERS)
    if encoder == "gpu":
        raise SettingsError(
            f"The processor encodes {kind.ending[1:]} files of this kind; use --encoder auto or "
            "cpu."
        )
    return kind.codec


def arguments(codec: str, target: Target = PLAIN, rate: Fraction = Fraction(30)) -> list[str]:
    """ffmpeg's arguments for an encoder that `pick_for` gave.

    target: what the video is for, which bounds its bits. rate: frames a second.
    """
    if codec not in _ARGUMENTS:
        own = next(kind.arguments for kind in target.kinds if kind.codec == codec)
        return ["-c:v", codec, *own]
    chosen = ["-c:v", codec, *_ARGUMENTS[codec]]
    if target.ceiling:
        chosen += ["-maxrate", str(target.ceiling), "-bufsize", str(target.ceiling)]
    if target.level:
        chosen += ["-profile:v", "high", "-level", target.level]
    if target.gop:
        chosen += ["-g", str(max(1, round(target.gop * rate)))]
    if target.level and codec == _CPU:
        chosen += ["-bf", "2"]
    return chosen


@cache
def refusal(codec: str) -> str:
    """Why an encoder does not work here, in ffmpeg's words; "" where it does."""
    source = f"color=gray:s={_TRIED}x{_TRIED}:r=30,format=yuv420p"
    given = ["-f", "lavfi", "-i", source, "-frames:v", "3", *arguments(codec)]
    made = b""
    try:
        with _ffmpeg.Process([*given, "-f", "h264", "pipe:1"], stdout=True) as process:
            while part := process.read_bytes(1 << 16):
                made += part
    except FFmpegError:
        told = process.errors.partition("\n")[0]  # the first cause
        return re.sub(r"^(\[[^]]*\] *)+", "", told)[:200].rstrip(".") or "it failed"
    return "" if made else "it made nothing"
