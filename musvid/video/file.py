"""Frames and sound into a video file, and a file's own settings read back."""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from .. import _ffmpeg, _tags
from .._apart import apart
from .._claims import Claim
from ..clock import Clock
from ..errors import FFmpegError, OutputError, SettingsError, quoted
from ..frame import Frame
from ..song import Song
from ..words.script import Script
from . import encoder as encoders
from . import seam, webp, words
from .labels import UNLABELLED, Labels
from .targets import H264, PLAIN, WEBP, Kind, Target
from .thumbnail import Thumbnail

# Rates that AAC knows and every player plays.
_AAC_RATES = (48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)

_MOST_SETTINGS = 1 << 20  # bytes

# Their index in front; QuickTime's own tags end after 64 kB, the other ones do not.
_CONTAINERS = {
    "mp4": ("-movflags", "+faststart"),
    "mov": ("-movflags", "+faststart+use_metadata_tags"),
    "webm": ("-cues_to_front", "1"),
    "webp": ("-loop", "0"),  # for ever
}

_WAITING = 4  # frames that are made at most before ffmpeg takes them

# The header of YUV4MPEG2, the one raw format that tells size and rate: "... W512 H512 F30:1 ...".
_FACTS = re.compile(rb"YUV4MPEG2 W(\d+) H(\d+) F(\d+):(\d+)")


@dataclass(frozen=True)
class Facts:
    """What a video file says of its pictures: pixels, and pictures per second."""

    width: int
    height: int
    rate: Fraction


def facts(path: str | os.PathLike[str]) -> Facts:
    """Size and rate of a video. Raises SettingsError when it has no pictures."""
    path = Path(path)
    arguments = [*_ffmpeg.media_input(path), "-map", "0:v:0", "-frames:v", "1"]
    header = b""
    try:
        with _ffmpeg.Process(
            [*arguments, "-pix_fmt", "yuv420p", "-f", "yuv4mpegpipe", "pipe:1"], stdout=True
        ) as process:
            header = process.read_bytes(200)
            while process.read_bytes(1 << 20):
                pass
    except FFmpegError:
        pass  # what it is not, the header tells
    if not (found := _FACTS.match(header)) or not int(found.group(3)) * int(found.group(4)):
        raise SettingsError(f"{path.name} is not a video; give a file with pictures.")
    width, height, pictures, seconds = map(int, found.groups())
    return Facts(width, height, Fraction(pictures, seconds))


def read(
    path: str | os.PathLike[str], *, size: tuple[int, int] | None = None
) -> Generator[Frame, None, None]:
    """The pictures of a video, as many as it holds, one at a time.

    size: (width, height) to scale them to (area means where they shrink), by default their own.

    Yields uint8 arrays (height, width, 3), RGB. Raises SettingsError when it has no pictures, and
    FFmpegError when they cannot be decoded.
    """
    known = facts(path)
    width, height = size or (known.width, known.height)
    flags = "area" if width <= known.width else "lanczos"
    scale = f"scale={width}:{height}:flags={flags}+accurate_rnd+full_chroma_int,format=rgb24"
    arguments = [
        *_ffmpeg.media_input(path),
        *("-map", "0:v:0", "-vf", scale, "-fps_mode", "passthrough"),
        *("-f", "rawvideo", "pipe:1"),
    ]
    with _ffmpeg.Process(arguments, stdout=True) as process:
        while (frame := process.read((height, width, 3))) is not None:
            yield frame


def check_output(
    output: str | os.PathLike[str], *, settings: str = "", target: Target = PLAIN
) -> Path:
    """The path of a video that can be written.

    settings: the text that will be stored in it. target: what it is for.

    Raises OutputError or SettingsError where it cannot be written, or the text is too long.
    """
    path = Path(output)
    _notes(settings)
    target.kind(path)
    try:
        path.exists()
        path.parent.stat()
    except FileNotFoundError:
        pass  # told below
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"The output {quoted(path.name)} cannot be written ({reason}); choose another name."
        ) from None
    if path.is_dir():
        raise OutputError(f"The output {path} is a folder; give the name of a file.")
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"The folder {folder} does not exist; make it, or choose another.")
    if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise OutputError(f"The output {path} cannot be written; choose a folder that is yours.")
    return path


def write(
    frames: Iterable[Frame],
    song: Song,
    clock: Clock,
    output: str | os.PathLike[str],
    *,
    rate: Fraction | None = None,
    upscale: int = 1,
    settings: str = "",
    encoder: str = "auto",
    labels: Labels = UNLABELLED,
    target: Target = PLAIN,
    script: Script | None = None,
    loop: int = 0,
) -> Path:
    """Write frames and the song's sound: H.264 (yuv420p, BT.709), AAC, index in front.

    frames: exactly `clock.frames` uint8 arrays (height, width, 3), `clock.rate` a second.
    rate: frames a second where there are more of them than the clock's.
    upscale: the file's size as a multiple of the frames' size (Lanczos).
    settings: a text to store in the file, for `read_settings`; white space at its end is lost.
    encoder: "cpu", "gpu" for the graphics card's, or "auto" for an NVIDIA card's where it works.
    labels: what players show of it. target: what it is for, which may take another kind of file.
    script: words that are drawn on the file's pictures. loop: how many frames there are, where the
    first one follows the last.

    The next frames are made while ffmpeg takes those before, up to `_WAITING` of them. The file
    appears under its name when it is complete, and not before. Raises OutputError when it cannot be
    written, and SettingsError where the card is asked for and cannot.
    """
    path = check_output(output, settings=settings, target=target)
    kind = target.kind(path)
    encoders.pick_for(kind, encoder)  # before there is work
    source = iter(frames)
    folder = Claim(path.parent, f"{_prefix(path)}labels-", desk=True)
    with _unfinished(path) as part, folder as desk:
        first = next(source)
        height, width = first.shape[:2]
        size = width * upscale, height * upscale
        pace = rate or clock.rate
        name = encoders.pick_for(kind, encoder, size)
        codec = encoders.arguments(name, target, pace, loop=bool(loop))
        how = ["-fps_mode", "passthrough", *codec]
        if kind.pixels.startswith("yuv"):
            how += ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
        count = 1 if target.sound else 0  # of inputs so far; the song must be the first
        film: Iterator[Frame] = chain([first], source)
        thumbnail = None
        if labels.from_film and not labels.cover and kind.codec == H264:
            thumbnail = Thumbnail((width, height), math.ceil(song.duration * pace))
            film, labels = thumbnail.seen(film), replace(labels, cover=thumbnail.held)
        told, shown = _labelled(labels, settings, desk, kind, count + 1)
        filters, closed = _pictures(size, kind, written=bool(script)), loop and name == encoders.CPU
        with words.staged(script.on(*size)) if script else nullcontext() as place:
            pictures = f"[{count}:v]{filters}"
            if closed:
                told += seam.measure(first, filters, how, size, desk, place)
                inputs = count + told.count("-i")
                pictures += f"[made];{seam.faded('[made]', f'[{inputs}:v]', loop, pace)}"
            arguments = [
                *(song.input() if target.sound else ()),
                *_ffmpeg.raw_input(width, height, pace),
                *told,
                *_streams(song, target, f"{pictures}[v]"),
                *(_of_first(how) if labels.cover else how),
                *shown,
                *(_CONTAINERS.get(kind.muxer, ())),
                *("-fflags", "+bitexact", "-f", kind.muxer, "file:" + os.fspath(part)),
            ]
            more: dict[str, Any] = {"patience": song.patience, "folder": place}
            with (
                _ffmpeg.Process(arguments, stdin=True, **more) as process,
                apart(process.write, _WAITING, stop=process.kill) as put,
            ):
                for frame in film:
                    put(np.array(frame, order="C"))  # a copy: its maker may go on with its memory
        if kind is WEBP:
            webp.store(part, settings, labels.tags)
        if thumbnail:
            thumbnail.store(part)
    return path


def copy(video: Path, output: Path) -> Path:
    """Copy a finished video; like `write`, it appears when it is complete."""
    with _unfinished(output) as part:
        shutil.copyfile(video, part)
    return output


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """A file beside a path, which takes its name when the context ends well."""
    try:
        with Claim(path.parent, _prefix(path)) as part:
            yield part
            part.replace(path)
    except (FFmpegError, OSError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise OutputError(f"The video {path.name} could not be written: {why}") from error


def _prefix(path: Path) -> str:
    """How the names of unfinished files beside a video begin."""
    return f".{path.stem[:40]}-"


def _notes(settings: str, labels: Labels = UNLABELLED) -> bytes:
    """A file of metadata with labels and settings. Raises SettingsError where they are too long.

    They are handed to ffmpeg in a file since the arguments of a command have a limit of their own.
    """
    try:
        text = _ffmpeg.metadata({**labels.texts(), "comment": settings}).encode()
    except UnicodeEncodeError:
        raise SettingsError(
            "The settings hold letters that are none; correct the prompt."
        ) from None
    if len(text) > _MOST_SETTINGS:
        raise SettingsError(
            f"The settings are {len(text) / 1e6:.1f} MB long, and a video can hold "
            f"{_MOST_SETTINGS / 1e6:.1f}; choose a shorter part or fewer beats."
        )
    return text


def _labelled(
    labels: Labels, settings: str, desk: Path, kind: Kind, first: int
) -> tuple[list[str], list[str]]:
    """ffmpeg's inputs of what players show, and what is done with them.

    desk: a folder for their files. first: the number of the first of these inputs.
    """
    notes, marks, cover = (desk / name for name in ("notes", "marks", "cover"))
    notes.write_bytes(_notes(settings, labels))
    told, shown = _ffmpeg.metadata_input(notes), ["-map_metadata", str(first)]
    if labels.chapters:
        first += 1
        marks.write_text(labels.marks(), encoding="utf-8", newline="")
        told += _ffmpeg.metadata_input(marks)
    # Else those of a podcast would be, at moments of the whole file.
    shown += ["-map_chapters", str(first) if labels.chapters else "-1"]
    if labels.cover and kind.codec == H264:
        first += 1
        cover.write_bytes(labels.cover)
        told += _ffmpeg.picture_input(cover)
        shown += ["-map", f"{first}:v", "-c:v:1", "copy", "-disposition:v:1", "attached_pic"]
    return told, shown


def _of_first(options: list[str]) -> list[str]:
    """Names and values of options that are for the frames alone, and not for a cover."""
    names = [f"{name.removesuffix(':v')}:v:0" for name in options[::2]]
    return [each for pair in zip(names, options[1::2], strict=True) for each in pair]


def _pictures(size: tuple[int, int], kind: Kind, *, written: bool) -> str:
    """Filters that make a file's pictures of frames.

    written: whether words are drawn, before pixels lose half of their colours.
    """
    scale = f"scale={size[0]}:{size[1]}:flags=lanczos+accurate_rnd+full_chroma_int"
    scale = f"{f'{scale},format=rgb24,{words.FILTER},' if written else ''}{scale}"
    if kind.pixels.startswith("yuv"):
        scale += ":out_color_matrix=bt709:out_range=tv"
    return f"{scale},format={kind.pixels}"


def _streams(song: Song, target: Target, pictures: str) -> list[str]:
    """What is made of the frames, and of the song's sound where the target has any.

    pictures: filters that give [v].
    """
    chains, streams = [pictures], ["-map", "[v]"]
    if target.sound:
        rate = next((rate for rate in _AAC_RATES if rate <= song.rate), 48000)
        layout = "mono" if song.channels == 1 else "stereo"
        usual = f"aformat=sample_rates={rate}:channel_layouts={layout}"
        chains.append(f"{song.sound}{song.filters},{usual}[a]")
        bits = target.sound // (2 if layout == "mono" and target.name else 1)
        streams += ["-map", "[a]", "-c:a", "aac", "-b:a", str(bits)]
    return ["-filter_complex", ";".join(chains), *streams]


def read_settings(path: str | os.PathLike[str]) -> str:
    """The settings that `write` stored in a video. Raises SettingsError when there are none."""
    path = Path(path)
    found = webp.read(path)
    if found is None:
        found = _tags.every(path).get("comment")
    if found is None:
        raise SettingsError(f"{path.name} holds no settings; give a video that musvid made.")
    return found
