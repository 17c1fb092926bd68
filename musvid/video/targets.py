"""What a video is for: the places it goes to, each with what it takes there, as data.

Limits are those of the platforms' own public pages, which are named beside the figures and were
looked up in December 2026. A platform changes them when it likes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd
from pathlib import PurePath

from ..errors import SettingsError, quoted

H264 = "h264"
"""The codec that the processor or a graphics card may encode; all others are the processor's."""

_MEGA = 1_000_000


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    ending: of its name. muxer: ffmpeg's name of the container. codec: `H264`, or ffmpeg's name of
    the encoder. pixels: the pixel format. arguments: of the encoder. step: what both sides of the
    picture must be multiples of.
    """

    ending: str
    muxer: str
    codec: str
    pixels: str
    arguments: tuple[str, ...] = ()
    step: int = 2


MP4 = Kind(".mp4", "mp4", H264, "yuv420p")
# Two-row threads and a speed of 4 halve the time at hardly any cost; both are VP9's own advice.
WEBM = Kind(
    *(".webm", "webm", "libvpx-vp9", "yuv420p"),
    ("-crf", "24", "-b:v", "0", "-deadline", "good", "-cpu-used", "4", "-row-mt", "1"),
)
WEBP = Kind(".webp", "webp", "libwebp_anim", "bgra", ("-quality", "85"))
PRORES = Kind(
    *(".mov", "mov", "prores_ks", "yuv422p10le"), ("-profile:v", "standard", "-vendor", "apl0")
)
# Compressed as a graphics card holds textures, in blocks of 4 pixels.
HAP = Kind(".mov", "mov", "hap", "rgba", ("-format", "hap_q"), step=4)


@dataclass(frozen=True)
class Target:
    """What a place takes, and what is filled in for it.

    name: what a user types. about: what it is, in a few words.
    size: (width, height) in pixels that is filled in; every other one must have its shape, and no
        shorter side than `least`, no longer side than `most`.
    kinds: of files, the first of which is the usual one.
    shortest, longest: seconds that it lasts; None is no limit. length: seconds that are filled in
        where it is a loop, of any other one the longest.
    rates: frames a second, at least and at most.
    loop: whether its end flows into its beginning.
    sound: bits a second of its AAC in stereo, of which mono has half; None is no sound. How loud it
        is stays as it is.
    ceiling: bits a second of H.264 that it takes at most, over a second; None is no limit.
    level: of H.264, what a decoder must be able to. gop: seconds from key picture to key picture.
    labelled: whether a cover and chapters are put in; short clips go to where files are looked
        through for what they should not hold.
    stride: every so many pictures are painted, where frames between paintings are relit; None is
        as usual.
    """

    name: str
    about: str
    size: tuple[int, int]
    kinds: tuple[Kind, ...] = (MP4,)
    least: int = 360
    most: int = 4096
    shortest: float = 0.0
    longest: float | None = None
    length: float | None = None
    rates: tuple[int, int] = (1, 120)
    loop: bool = False
    sound: int | None = 192_000
    ceiling: int | None = None
    level: str = "4.2"
    gop: Fraction = field(default=Fraction(2))
    labelled: bool = True
    stride: int | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Width to height, in lowest terms."""
        common = gcd(*self.size)
        return self.size[0] // common, self.size[1] // common

    @property
    def filled(self) -> float | None:
        """Seconds that are filled in; None is all of the song."""
        return self.length or self.longest

    def kind(self, path: PurePath | str) -> Kind:
        """The kind of a file by its name. Raises SettingsError where it is none for this."""
        path = PurePath(path)
        for kind in self.kinds:
            if path.suffix.lower() == kind.ending:
                return kind
        endings = " or ".join(kind.ending for kind in self.kinds)
        raise SettingsError(
            f"The output {quoted(path.name)} must end in {endings}"
            f"{f', as --for {self.name} says' if self.name else ''}."
        )

    def check_shown(self, size: tuple[int, int]) -> None:
        """Raises SettingsError where a video's width and height are not taken."""
        (wide, high), (width, height) = self.shape, size
        # Within a pixel of the shape, as sides are even.
        if abs(width * high - height * wide) > 2 * max(wide, high):
            raise SettingsError(
                f"--for {self.name} takes {wide}:{high}, and {width}x{height} is not; leave out "
                f"--shown, or choose {self.size[0]}x{self.size[1]}."
            )
        if min(size) < self.least or max(size) > self.most:
            raise SettingsError(
                f"--for {self.name} takes no side below {self.least} or above {self.most} pixels; "
                f"leave out --shown, or choose {self.size[0]}x{self.size[1]}."
            )
        step = self.kinds[0].step
        if width % step or height % step:
            raise SettingsError(
                f"--for {self.name} needs sides that are multiples of {step}, and {width}x{height} "
                f"are not; choose {self.size[0]}x{self.size[1]}."
            )

    def check_duration(self, seconds: float) -> None:
        """Raises SettingsError where a video lasts too short or too long."""
        if seconds < self.shortest - 1e-6 or (self.longest and seconds > self.longest + 1e-6):
            span = f"at least {self.shortest:g} s"
            if self.longest:
                span = f"{self.shortest:g} to {self.longest:g} s"
                span = span if self.shortest else f"at most {self.longest:g} s"
            raise SettingsError(
                f"--for {self.name} takes {span}, and this would last {seconds:.4g}; choose "
                "another --duration."
            )

    def check_rate(self, rate: Fraction) -> None:
        """Raises SettingsError where there are too few or too many frames a second."""
        least, most = self.rates
        if not least <= rate <= most:
            raise SettingsError(
                f"--for {self.name} takes {least} to {most} frames a second, and this has "
                f"{float(rate):.4g}; choose another --fps or --motion-fps."
            )


PLAIN = Target("", "as the other settings say", (1920, 1080), level="", gop=Fraction(0))
"""A video that is for nothing in particular."""

_TALL, _WIDE, _SQUARE = (1080, 1920), (1920, 1080), (1080, 1080)

TARGETS: Mapping[str, Target] = {
    each.name: each
    for each in (
        # support.spotify.com/artists/article/canvas-guidelines: 3 to 8 s, 9:16, 720 to 1080 pixels
        # (of the shorter side), MP4 or JPG; it plays without sound. How large a file may be is not
        # told; 8 Mbit/s are 8 MB.
        Target(
            "canvas",
            "Spotify Canvas: a short silent loop",
            _TALL,
            least=720,
            most=1920,
            shortest=3,
            longest=8,
            length=8,
            rates=(23, 60),
            loop=True,
            sound=None,
            ceiling=8 * _MEGA,
            labelled=False,
        ),
        # developers.facebook.com/docs/instagram-platform, IG User Media, Reel Specifications: 3 s
        # to 15 min, 23 to 60 frames a second, closed GOP, 25 Mbit/s, AAC of 128 kbit/s.
        Target(
            "reels",
            "Instagram Reels",
            _TALL,
            most=1920,
            shortest=3,
            longest=900,
            rates=(23, 60),
            sound=128_000,
            ceiling=25 * _MEGA,
            labelled=False,
        ),
        # support.google.com/youtube/answer/15424877: up to three minutes, square or vertical; the
        # encoding as for all of YouTube, see below.
        Target(
            "shorts",
            "YouTube Shorts",
            _TALL,
            most=3840,
            longest=180,
            rates=(23, 60),
            sound=384_000,
            ceiling=12 * _MEGA,
            gop=Fraction(1, 2),
            labelled=False,
        ),
        # developers.tiktok.com/doc/content-posting-api-media-transfer-guide: 23 to 60 frames a
        # second, sides of 360 to 4096 pixels, up to ten minutes. Three seconds at least is what
        # publishing tools ask for. A bit rate is not told; the ceiling is that of Reels.
        Target(
            "tiktok",
            "TikTok",
            _TALL,
            shortest=3,
            longest=600,
            rates=(23, 60),
            sound=192_000,
            ceiling=25 * _MEGA,
            labelled=False,
        ),
        # support.google.com/youtube/answer/1722171: MP4 with its index in front, H.264 high,
        # a GOP of half a second, closed, AAC of 384 kbit/s. Ceilings are its figures for 60 frames
        # a second, which are recommended rather than required.
        Target(
            "youtube",
            "YouTube in Full HD",
            _WIDE,
            rates=(23, 60),
            sound=384_000,
            ceiling=12 * _MEGA,
            gop=Fraction(1, 2),
        ),
        Target(
            "youtube4k",
            "YouTube in 4K",
            (3840, 2160),
            rates=(23, 60),
            sound=384_000,
            ceiling=68 * _MEGA,
            level="5.2",
            gop=Fraction(1, 2),
        ),
        Target("square", "a square, for feeds", _SQUARE, rates=(23, 60), ceiling=25 * _MEGA),
        # Nobody watches it frame by frame: half as many paintings, each on screen twice as long.
        Target(
            "visualizer",
            "the whole song, painted half as often",
            _WIDE,
            rates=(23, 60),
            sound=384_000,
            ceiling=12 * _MEGA,
            stride=32,
        ),
        Target(
            "wallpaper",
            "a silent loop for a screen or a page",
            _WIDE,
            kinds=(WEBM, WEBP),
            longest=60,
            length=12,
            loop=True,
            sound=None,
            labelled=False,
        ),
        Target(
            "vj",
            "a silent loop to mix live, in ProRes",
            _WIDE,
            kinds=(PRORES,),
            longest=120,
            length=16,
            loop=True,
            sound=None,
            labelled=False,
        ),
        Target(
            "vj-hap",
            "a silent loop to mix live, in HAP Q",
            _WIDE,
            kinds=(HAP,),
            longest=120,
            length=16,
            loop=True,
            sound=None,
            labelled=False,
        ),
    )
}
"""The targets by their names."""

_ALSO = {"youtube:4k": "youtube4k", "vj:hap": "vj-hap", "vj:prores": "vj"}


def find(name: object) -> Target:
    """A target by its name; "" is `PLAIN`. Raises SettingsError where there is none."""
    if name == "":
        return PLAIN
    known = TARGETS.get(_ALSO.get(name, name)) if isinstance(name, str) else None
    if known is None:
        raise SettingsError(f"target must be one of {', '.join(TARGETS)}, not {quoted(name)}.")
    return known


def told() -> str:
    """A line for each target: its name, and what it is."""
    width = max(map(len, TARGETS))
    return "\n".join(f"{name:{width}}  {each.about}" for name, each in TARGETS.items())
