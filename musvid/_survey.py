"""A whole sound, decoded once from end to end: what it is, how long, and what is odd about it.

A file's header may lie, and its rate or channels may change midway (files that were joined). So the
samples are decoded, in the one rate and layout that all of the file is used in, and counted. Of a
long file, all packets are read and some of them decoded, where that is enough (`_sparse`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from . import _ffmpeg, _sparse
from ._look import AU, MAX_RATE, MIN_RATE, Looked, Survey, begin, samples
from ._tracks import Header
from .errors import FFmpegError, SongError

LONG = 3600.0
"""Seconds from which on a sound is long, by what its header says."""

_CHUNK = 1 << 17  # samples that are looked at together

# Told whenever ffmpeg sets up the filters behind a decoder: once, or more often where the sound
# changes midway.
_FORMAT = re.compile(r"\[graph_.* samplerate:(\d+) chlayout:(.+)$")
_LAYOUT = re.compile(r"[a-z0-9.()]+")

_ERRORS = re.compile(r"(\d+) decode errors")


def survey(path: Path, track: int, longest: float, header: Header) -> Survey:
    """Look at an audio track of a file.

    track: its number, from 1. longest: seconds that it may last. header: what the file says of
    itself, by which it is found out in which way to look at it.

    Raises SongError where nothing can be decoded, it is longer, or its rate or channels are beyond
    what can be drawn.
    """
    if header.about >= LONG and len(header.codecs) >= track:
        some = _sparse.look(path, track, header.codecs[track - 1], longest)
        if some and some.total > longest * some.rate:
            raise _too_long(path, longest)
        if some and _LAYOUT.fullmatch(some.layout):
            return some
    found, formats = _decoded(path, track, longest)
    if len(formats) < 2:
        return found
    layouts = tuple(f"{rate} Hz {layout}" for rate, layout in formats)
    rate = max(int(rate) for rate, _ in formats)
    layout = "mono" if {layout for _, layout in formats} == {"mono"} else "stereo"
    if len(set(layouts)) == 1 and found.channels > 2:  # only the kind of number changes
        layout = formats[0][1]
    rate = min(MAX_RATE, max(MIN_RATE, rate))
    fixed = f"aresample={rate},aformat=sample_fmts=flt:sample_rates={rate}:channel_layouts={layout}"
    found, _ = _decoded(path, track, longest, fixed)
    return replace(found, layout=layout, layouts=layouts, fixed=fixed)


def _decoded(
    path: Path, track: int, longest: float, fixed: str = ""
) -> tuple[Survey, list[tuple[str, str]]]:
    """What is found in one pass, and the rates and layouts that ffmpeg met."""
    formats: list[tuple[str, str]] = []
    errors = 0
    message = ""

    def hear(line: str) -> None:
        nonlocal errors, message
        if (found := _FORMAT.search(line)) and len(formats) < 100:
            formats.append((found.group(1), found.group(2)))
        elif told := _ERRORS.search(line):
            errors = int(told.group(1))
        elif "matches no streams" in line or "moov atom not found" in line:
            message = line

    arguments = [
        *_ffmpeg.media_input(path),
        *("-map", f"0:a:{track - 1}", *(("-af", fixed) if fixed else ())),
        *AU,
    ]
    looked: Looked | None = None
    try:
        with _ffmpeg.Process(arguments, stdout=True, level="verbose", hear=hear) as process:
            looked = _all(process, path, longest)
    except FFmpegError:
        pass  # what it could decode was looked at
    if looked is None:
        if "moov" in message:
            raise SongError(f"{path.name} is incomplete: its end is missing; copy it once more.")
        if message:
            raise SongError(f"{path.name} has no sound; choose a file with an audio stream.")
        raise SongError(
            f"{path.name} is not a sound file that ffmpeg can read; "
            "choose a wav, mp3, flac, ogg, m4a, webm or mp4 file."
        )
    if looked.total < 1:
        raise SongError(f"{path.name} holds no sound at all; choose a longer file.")
    layout = formats[0][1] if formats else ""
    if not _LAYOUT.fullmatch(layout):
        layout = f"{looked.channels}c"  # the usual one of so many
    return replace(looked.result(), layout=layout, errors=errors), formats


def _all(process: _ffmpeg.Process, path: Path, longest: float) -> Looked | None:
    """Look at all that a process writes, or nothing where it writes no header."""
    looked = begin(process, path)
    if looked is None:
        return None
    rate, channels = looked.rate, looked.channels
    chunk = min(_CHUNK, 4 * rate)
    while data := process.read_bytes(4 * channels * chunk):
        looked.add(samples(data, channels))
        if looked.total > longest * rate:
            raise _too_long(path, longest)
    return looked


def _too_long(path: Path, longest: float) -> SongError:
    return SongError(f"{path.name} is longer than {_spoken(longest)}; cut it first.")


def _spoken(seconds: float) -> str:
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds >= length:
            return f"{seconds / length:g} {unit}"
    return f"{seconds:g} seconds"
