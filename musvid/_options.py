"""The options of the command line, and the recipe that they make."""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from random import randrange
from typing import Any, NoReturn, TypeVar

from . import interpolate, presets
from ._colours import add_colours, chosen_colours
from ._curve_options import add_options as add_curves
from ._curve_options import changing, take_curves, with_curves
from ._device import DEVICES, FAST, PRECISIONS
from ._words import add_words, chosen_words
from .clock import parse_time
from .cluster.begun import Begun, begun
from .cluster.option import add_option
from .errors import SettingsError, quoted
from .job import Job, prepare
from .music import form, stems, story
from .music.lock import NOTES, OFF, Lock
from .music.modulation import SOURCES, Modulation
from .paint import control
from .paint.colouring import coloured
from .paint.drift import DIRECTIONS, Drift
from .paint.models import TABLE
from .paint.schedulers import SCHEDULERS
from .paint.style import SYMMETRIES, Style
from .presets import LIVING, preset
from .ranges import RANGES
from .recipe import MOTION, RECIPES, Recipe, parse_size
from .spectrum.look import Look
from .spectrum.mixes import MIXES, MULTIPLY
from .spectrum.palettes import PALETTES
from .store import Store, usable
from .video.encoder import ENCODERS, pick
from .video.settings import load_settings
from .video.targets import TARGETS, find, told
from .view.settings import FEET, KINDS, RING, Camera, Finish, View, parse_shown

T = TypeVar("T")

LIST = "list"
"""In place of a name: all names are told."""

_EPILOG = """\
The picture rate of the video is fps * before * after / stride. Recipes:
  every-frame               every picture is painted (stride 1, before 1, after 1)
  diffuse-then-interpolate  stride 8, before 1, after 8
  interpolate-then-diffuse  stride 8, before 8, after 1
  hybrid                    stride 8, before 4, after 2
  relit                     stride 16, before 1, after 16, and what is between paintings is lit by
                            the spectrum of its own moment
Models with defaults of their own: {models}.

"app" in place of SONG starts the page; "app --help" names its options. "album FOLDER" renders all
songs of a folder; "album --help" says more. "render SONG" is the same as SONG alone, "render" with
several songs renders each of them, and "watch FOLDER" those that arrive. A song that is called app,
album, render or watch is written ./app, ./album, ./render, ./watch.
"""

_ALBUM_EPILOG = """\
Every song becomes FOLDER/SONG.mp4, and index.html shows all of them, with a contact sheet beside
it. The same command again goes on where it was stopped: a song whose video is there, of the same
settings, is not rendered again. A song that cannot be rendered is told at the end, and stops no
other.
"""


_BATCH_EPILOG = """\
Every song becomes SONG.mp4 (or what --for says) beside it. What is there of the same settings is
not rendered again. A song that cannot be rendered is told, and stops no other. "watch" looks at the
folder again and again, takes a song once it has not changed for three seconds, and goes on until
Ctrl-C.
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser. Settings that were not given are absent from what it returns."""
    parser = _Parser(
        prog=_program(),
        description="Turn a song into a music video: its spectrum, repainted by diffusion.",
        epilog=_EPILOG.format(models=", ".join(TABLE)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument(
        "song",
        metavar="SONG",
        nargs="?",
        default=None,
        help="any file with sound that ffmpeg reads",
    )
    add = parser.add_argument
    add(
        "-o",
        "--output",
        metavar="FILE",
        default=None,
        help="the video (default: SONG's name with .mp4, here, or a similar one where that is "
        "there and musvid did not make it)",
    )
    add(
        "--overwrite",
        action="store_true",
        default=False,
        help="replace what is there under default names, whoever made it",
    )
    add(
        "--compare",
        action="store_true",
        default=False,
        help="render all five recipes, measure them, and write a video of all in step, a plot "
        "(.png) and the figures (.json); the default output is SONG.compare.mp4",
    )

    add(
        "--vary",
        action="append",
        metavar="NAME=VALUES",
        default=None,
        help="with --compare: what to compare instead of the recipes, such as "
        "strength=0.3,0.5,0.7; given twice, every value of one with every value of the other. It "
        "writes a video of all in step, SONG.grid.mp4. A semicolon parts prompts",
    )
    add(
        "--at",
        type=_seconds,
        metavar="TIME",
        default=None,
        help="with --vary: instead of a video, a picture of this moment of the song, SONG.grid.png",
    )
    _add_settings(parser)
    return parser


def album_parser() -> argparse.ArgumentParser:
    """The parser of ``musvid album``: songs in place of a song, and what a render takes."""
    return _of_several(
        "album",
        "Turn every song of an album into a music video, and make a page of them.",
        _ALBUM_EPILOG,
        "where the videos and the page are written (default: the songs' folder's name with "
        ".album, here)",
    )


def batch_parser(command: str) -> argparse.ArgumentParser:
    """The parser of ``musvid render`` with several songs, or of ``musvid watch``."""
    parser = _of_several(
        command,
        "Turn several songs into music videos."
        if command == "render"
        else "Turn every song that arrives in a folder into a music video.",
        _BATCH_EPILOG,
        "the folder where the videos are written (default: that of each song)",
    )
    parser.set_defaults(command=command)
    if command == "watch":
        parser.add_argument(
            "--every",
            type=_number,
            metavar="SECONDS",
            default=2.0,
            help="how often the folder is looked at (default: 2)",
        )
    return parser


def _of_several(
    command: str, description: str, epilog: str, output: str
) -> argparse.ArgumentParser:
    """A parser of several songs. output: what the option of that name says."""
    parser = _Parser(
        prog=f"{_program()} {command}",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
    )
    parser.add_argument(
        "songs",
        metavar="FOLDER|SONG",
        nargs="*",
        default=[],
        help="folders, of which all files with sound are taken, and files",
    )
    add = parser.add_argument
    add(
        "-o",
        "--output",
        metavar="FOLDER",
        default=None,
        help=output,
    )
    add(
        "--overwrite",
        action="store_true",
        default=False,
        help="replace what is there under the names of these files, whoever made it",
    )
    # Known, so that a sentence says why they are not taken.
    for name in ("compare", "vary", "at"):
        add(
            f"--{name}",
            nargs="?" if name != "compare" else 0,
            action=_Given,
            default=None,
            help=argparse.SUPPRESS,
        )
    _add_settings(parser)
    return parser


class _Given(argparse.Action):
    """An option of which it is only noted that it was given."""

    def __call__(self, _parser: Any, options: Any, _values: Any, _option: Any = None) -> None:
        setattr(options, self.dest, True)


def _program() -> str:
    script = Path(sys.argv[0]).stem == "musvid"  # the command that pip installs
    return "musvid" if script else "python -m musvid"


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Add what says how a song is rendered, and by what of this machine."""
    add = parser.add_argument
    add(
        "--preset",
        metavar="NAME",
        default=None,
        help="begin with a complete set of settings, which other options change; "
        f'"list" names them all (default: {LIVING}; with --compare and no --vary, none)',
    )
    add(
        "--for",
        dest="target",
        type=_target,
        metavar="NAME",
        help="what the video is for, whose size, length and kind of file are filled in: "
        f'{", ".join(TARGETS)}; "list" says what they are',
    )

    part = parser.add_argument_group("the part of the song")
    part.add_argument(
        "--start", type=_seconds, metavar="TIME", help="where to begin, 90 or 1:30 (default: 0)"
    )
    part.add_argument(
        "--duration", type=_seconds, metavar="TIME", help="how long (default: to the end)"
    )
    part.add_argument(
        "--loop",
        action=argparse.BooleanOptionalAction,
        help="have the end flow into the beginning, so that the video can be repeated (default: "
        "no)",
    )
    part.add_argument(
        "--track",
        type=_whole,
        metavar="N",
        help="of a file with several audio tracks, the one to use, from 1 (default: the one that "
        "the file marks as its default)",
    )
    part.add_argument(
        "--stem",
        dest="stems",
        action="append",
        type=_stem,
        metavar="NAME=FILE",
        help="a file of one of the song's instruments, as long as the song, such as "
        "drums=drums.wav: sources of it are written onsets@drums; may be given several times",
    )
    part.add_argument(
        "--separate",
        action="store_true",
        help="have a network make the stems drums, bass, other and vocals (needs musvid[stems]; "
        "minutes on a processor, once for a song)",
    )
    part.add_argument(
        "--midi",
        metavar="FILE",
        help="a MIDI file of the song's notes: their velocities are written midi, midi@C2 (a "
        "note), midi@36-41 (pitches) or midi@ch10 (a channel)",
    )
    part.add_argument(
        "--form",
        type=_form,
        metavar="TEXT",
        help='the parts of the whole song, "0:00 A | 0:32 B | 1:04 A": parts that are alike have '
        "the same letter (default: auto, found when something needs it)",
    )
    part.add_argument(
        "--story",
        type=_story,
        metavar="TEXT",
        help=f'what each of these parts looks like, "{story.EXAMPLE}"; auto: made from the song '
        "(default: off, one look for all)",
    )

    part.add_argument(
        "--title",
        metavar="TEXT",
        help='what the song is called, which the video tells players; "" is nothing (default: '
        "what the song's tags say)",
    )
    part.add_argument("--artist", metavar="TEXT", help="who made it (default: as for --title)")

    motion = parser.add_argument_group("motion")
    add = motion.add_argument
    add(
        "--recipe",
        choices=RECIPES,
        help="stride, before, after and relight at once (default: relit)",
    )
    for name, what in (
        ("stride", "every N-th picture becomes a keyframe"),
        ("before", "interpolate N-fold before diffusion"),
        ("after", "interpolate N-fold after diffusion"),
    ):
        add(f"--{name}", type=_whole, metavar="N", help=f"{what} ({RANGES[name]})")
    add(
        "--relight",
        action=argparse.BooleanOptionalAction,
        help="light what is between paintings by the spectrum of its own moment (default: yes, "
        "unless --before or --after is given)",
    )
    add(
        "--interpolator",
        choices=interpolate.choices(),
        help="auto: flavr for spectra, blend for paintings (default: auto)",
    )
    add(
        "--flavr-weights",
        metavar="PATH",
        default=None,
        help="FLAVR checkpoints: a file, or a folder with FLAVR_2x.pth, FLAVR_4x.pth, FLAVR_8x.pth "
        "(default: $MUSVID_FLAVR_WEIGHTS, else the ones that ship)",
    )
    add(
        "--fps",
        metavar="RATE",
        help="pictures of the spectrum per second, such as 30 or 392/16 (default: 30)",
    )

    lock = parser.add_argument_group("in time with the music")
    add = lock.add_argument
    add(
        "--lock",
        dest="note",
        choices=(OFF, *NOTES),
        help="put a keyframe on every such note (T: triplets); the stride is the one that draws "
        "about --fps pictures a second, if it is not given (default: off)",
    )
    add("--bpm", metavar="BPM", help="tempo, such as 120 or 174.3 (default: found)")
    add(
        "--beat",
        type=_seconds,
        metavar="TIME",
        help="when a bar begins, from the beginning of the file (default: found)",
    )
    bar = RANGES["lock.bar"]
    add("--bar", type=_whole, metavar="N", help=f"beats in a bar, {bar} (default: found, or 4)")

    follow = parser.add_argument_group(
        "following the music",
        "SOURCE[:AMOUNT[:SMOOTHING]], such as onsets:0.4:0.1. Sources are "
        f"{', '.join(SOURCES[1:])}; AMOUNT is what is added where the source is strongest, "
        "SMOOTHING is in seconds.",
    )
    for name, what in (
        ("strength", "the strength (default amount: 0.3)"),
        ("guidance", "the guidance"),
        ("control-scale", "how much ControlNets count"),
        ("seed", "how fast the noise walks on to the next seeds, in seeds per second"),
        ("zoom", "the camera's zoom"),
        ("turn", "the camera's turns a minute"),
        ("sway", "how far the picture wanders"),
        ("shake", "how much it trembles"),
    ):
        follow.add_argument(f"--{name}-by", type=_modulation, metavar="SOURCE", help=what)
    by = Recipe().drift_by
    follow.add_argument(
        "--drift-by",
        type=_settled(partial(Modulation.parse, like=by)),
        metavar="SOURCE",
        help="how fast texture travels, in pixels a second, on top of --drift "
        f"(default amount: {by.amount:g}, smoothed over {by.smoothing:g} s)",
    )

    along = parser.add_argument_group(
        "changing along the song",
        "Numbers may be curves: sources with amounts, keyframes, oscillators, sums and products "
        'of these, as in --strength "0.4 + kick:0.3" or --zoom "0:1, 0:30:1.4 ease"; see '
        "musvid/settings.md.",
    )
    add_curves(along)

    look = parser.add_argument_group("the look of the spectrum")
    add, plain = look.add_argument, Look()
    add(
        "--gain",
        type=_gain,
        metavar="DB",
        help='decibels, or a curve of them, or "auto" to level quiet and loud (default: auto)',
    )
    add(
        "--gamma",
        type=_number,
        metavar="G",
        help=f"{RANGES['look.gamma']}: how much of the quiet shows (default: {plain.gamma:g})",
    )
    add("--palette", choices=PALETTES, help=f"colours (default: {plain.palette})")
    add(
        "--tlength",
        type=_number,
        metavar="SECONDS",
        help=f"{RANGES['look.tlength']}: window of the lowest pitches, long for "
        f"clear pitches, short for clear moments (default: {plain.tlength})",
    )
    add(
        "--count",
        type=_whole,
        metavar="N",
        help=f"transforms per picture, {RANGES['look.count']}: more is calmer "
        f"(default: {plain.count})",
    )
    add(
        "--afterglow",
        type=_number,
        metavar="SECONDS",
        help=f"in which a light falls to a third, {RANGES['look.afterglow']} "
        f"(default: {plain.afterglow})",
    )
    add(
        "--embers",
        type=_number,
        metavar="E",
        help=f"{RANGES['look.embers']}: how much light a drawing leaves behind, which travels "
        f"with the texture (default: {plain.embers:g})",
    )
    add(
        "--half-life",
        type=_half_life,
        metavar="SECONDS",
        help=f"in which embers fall to a half, {RANGES['look.half_life']}, or a note of the song "
        f"such as 1/8 ({', '.join(NOTES)}; default: {plain.half_life})",
    )

    add(
        "--guide",
        metavar="FILE",
        help="a picture or footage that is mixed into the spectrum before it is painted, so that a "
        "painting keeps its composition; settings that are loaded never bring one",
    )
    add(
        "--guide-mix",
        choices=MIXES,
        help="multiply: the spectrum lights it; add: it is there beneath the spectrum; displace: "
        f"it bends the spectrum (default: {MULTIPLY})",
    )
    add(
        "--guide-amount",
        type=_number,
        metavar="A",
        help=f"{RANGES['guide_amount']}: how much of it (default: {Recipe().guide_amount:g})",
    )

    style = parser.add_argument_group("style")
    add = style.add_argument
    add(
        "--model",
        metavar="NAME",
        help=f"one of {', '.join(TABLE)}; a hub id; a diffusers folder; or a .safetensors file "
        "(default: sketch)",
    )
    add(
        "--prompt",
        metavar="TEXT",
        help='what to paint, or what when: "0:00 nebula | 0:08 crystal" (default: the model\'s)',
    )
    add_colours(style)
    add("--negative-prompt", metavar="TEXT", help="what not to paint; needs a guidance above 1")
    add(
        "--strength",
        type=_changing,
        metavar="S",
        help=f"{RANGES['style.strength']}; 0 is the spectrum itself (default: the model's)",
    )
    add(
        "--steps",
        type=_whole,
        metavar="N",
        help=f"denoising steps per painting, {RANGES['style.steps']} (default: the model's)",
    )
    add(
        "--guidance",
        type=_changing,
        metavar="G",
        help=f"{RANGES['style.guidance']}; 1 is none, twice as fast (default: the model's)",
    )
    add(
        "--seed",
        type=changing(_whole),
        metavar="N",
        help="of the noise that all frames share; -1 takes one at random (default: 0)",
    )
    add(
        "--symmetry",
        choices=SYMMETRIES,
        help="half: paint one half and mirror it; noise: mirror the noise (default: the model's)",
    )
    add(
        "--tiny-autoencoder",
        metavar="ID",
        nargs="?",
        const=True,
        help="the model's small autoencoder, faster and rougher; or the hub id or folder of one",
    )
    add(
        "--lora",
        action="append",
        metavar="NAME[:WEIGHT]",
        help="a LoRA to add to a Stable Diffusion model: a .safetensors file, a folder or a hub id "
        "(owner/name, or owner/name/file.safetensors), and how much it counts, as in "
        'neon.safetensors:0.8 (default: 1), or in "neon.safetensors:0.2 by onsets:0.6" where it '
        "follows the music; may be given several times",
    )
    add(
        "--embedding",
        action="append",
        metavar="NAME",
        help="a textual inversion for a Stable Diffusion model, named as a LoRA is: the prompt may "
        "then have the file's name, without .safetensors, as a word; may be given several times",
    )
    add(
        "--control",
        action="append",
        metavar="KIND[=NET][:SCALE][:START-END]",
        help="a ControlNet that holds paintings to a picture of the spectrum: "
        f"{', '.join(control.KINDS)}; with the model's usual net, or a hub id or folder of yours, "
        "as in edges:0.8 or depth=owner/name:0.5:0-0.6 (default: scale 1, all steps); may "
        "be given several times",
    )
    add(
        "--control-scale",
        type=_changing,
        metavar="SCALE",
        help=f"{RANGES['style.control_scale']}: times all scales of --control (default: 1)",
    )
    add(
        "--scheduler",
        choices=SCHEDULERS,
        help="how a Stable Diffusion model gets from noise to a picture (default: the model's)",
    )

    world = parser.add_argument_group("the world of texture")
    add, still = world.add_argument, Drift()
    add(
        "--direction",
        choices=DIRECTIONS,
        help="where texture travels: outward and inward from the axis (symmetry half), left and "
        f"right (symmetry none) (default: {still.direction}, or up if there is a --drift or a "
        "--drift-by)",
    )
    add(
        "--drift",
        dest="speed",
        type=_changing,
        metavar="SPEED",
        help=f"how fast, {RANGES['drift.speed']} pixels of the painted size a second "
        "(default: the picture is crossed in five seconds)",
    )
    add(
        "--morph",
        type=_number,
        metavar="SPEED",
        help=f"how fast the noise changes into that of the next seeds, {RANGES['drift.morph']} "
        f"seeds a second, with a drift or without (default: {still.morph:g})",
    )

    add(
        "--echo",
        type=_changing,
        metavar="E",
        help=f"how much of a guide is the painting before it, {RANGES['echo']}; it paints in "
        f"order, and twice as much (default: {RANGES['echo'].low:g})",
    )

    size = parser.add_argument_group("size")
    add = size.add_argument
    add(
        "--size",
        type=_size,
        metavar="SIZE",
        help="painted size in pixels, a side or WIDTHxHEIGHT, multiples of 8 "
        "(default: the model's)",
    )
    add(
        "--upscale",
        type=_whole,
        metavar="N",
        help=f"the video's size as a multiple of it, {RANGES['upscale']} "
        "(default: 2 for sketch, else 1)",
    )

    seen = parser.add_argument_group(
        "view, camera and finish",
        "How what was painted is shown; they repaint nothing. Defaults are the view's own, a flat "
        "one has none of it.",
    )
    add = seen.add_argument
    add(
        "--view",
        dest="kind",
        choices=KINDS,
        help="how the strip is bent: flat is not at all; mosaic, four mirrored quarters; tunnel, "
        "around the middle; mandala, a kaleidoscope; horizon, ground and sky; ring, around a disc "
        "(default: flat)",
    )
    add(
        "--copies",
        type=_whole,
        metavar="N",
        help=f"of the strip around the middle, {RANGES['view.copies']}: tunnel, mandala, ring",
    )
    add("--foot", choices=FEET, help="where low pitches are (default: middle)")
    add(
        "--bend",
        type=_number,
        metavar="B",
        help=f"{RANGES['view.bend']}: 1 spreads the strip evenly, less deepens the middle "
        "(tunnel, horizon, ring)",
    )
    add(
        "--shown",
        type=_shown,
        metavar="SIZE",
        help="the video's size in pixels, a side or WIDTHxHEIGHT such as 1080x1920, whatever is "
        "painted (default: the painted size times --upscale)",
    )
    add(
        "--cover",
        metavar="FILE",
        help="a picture (PNG, JPEG, WebP) in the disc of a ring; settings that are loaded never "
        "bring one",
    )
    for kind, name, unit, what in (
        ("camera", "zoom", "Z", "2 shows the middle twice as large (default: 1)"),
        ("camera", "turn", "T", "turns a minute, clockwise"),
        ("camera", "sway", "S", "how far the picture wanders"),
        ("camera", "shake", "S", "how much it trembles where notes begin (default: 0)"),
        ("camera", "pulse", "P", "how much it is enlarged where notes begin"),
        ("finish", "exposure", "E", "how much dark pictures are lit up, and bright ones held back"),
        ("finish", "glow", "G", "how much bright places shine around"),
        ("finish", "vignette", "V", "how much the rim is darkened"),
        ("finish", "grain", "G", "film grain"),
        ("finish", "contrast", "C", "how much darks and lights are driven apart"),
    ):
        add(f"--{name}", type=_changing, metavar=unit, help=f"{RANGES[f'{kind}.{name}']}: {what}")
    add(
        "--motion-fps",
        metavar="RATE",
        help="frames of the video per second, a whole multiple of the picture rate: the camera "
        "moves in between (default: 0, the picture rate)",
    )
    add(
        "--flash-limit",
        type=_switch,
        metavar="on|off",
        help="whether flashes are damped where there are more than three in a second (default: on)",
    )
    add_words(parser, _number, _settled)

    other = parser.add_argument_group("other")
    add = other.add_argument
    add("--device", choices=DEVICES, default="auto", help="(default: auto)")
    add(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="what the model computes in (default: auto, the fastest)",
    )
    add(
        "--encoder",
        choices=ENCODERS,
        default="auto",
        help="what encodes the video; auto: an NVIDIA card where that works, else the processor "
        "(default: auto)",
    )
    add(
        "--fast",
        choices=FAST,
        default="auto",
        help="whether an NVIDIA card compiles the model while a long render paints (default: auto)",
    )
    add_option(other)
    add(
        "--frames",
        metavar="DIR",
        default=None,
        help="also write every stage's frames as PNGs into DIR; the same render goes on there "
        "when it was stopped",
    )
    add(
        "--settings",
        metavar="FILE",
        default=None,
        help="begin with the settings in a JSON file, or in a video "
        "that musvid made; other options override them",
    )
    add(
        "--no-cache",
        action="store_true",
        default=False,
        help="neither use nor keep finished frames (they are in $MUSVID_CACHE, "
        "at most $MUSVID_CACHE_GB gigabytes, 5 by default)",
    )
    add(
        "--clear-cache",
        action="store_true",
        default=False,
        help="forget all finished frames; without a SONG, do nothing else",
    )
    add("--debug", action="store_true", default=False, help="show the traceback of an error")
    add("--quiet", action="store_true", default=False, help="show neither progress nor summary")


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and do not repeat a long argument."""

    def error(self, message: str) -> NoReturn:
        short = re.sub(r"\S{80,}", lambda word: f"{word[0][:60]}...", message)
        line = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in short)
        super().error(line if len(line) <= 1000 else f"{line[:1000]}...")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no number") from None


def _whole(text: str) -> int:
    if not re.fullmatch(r"\s*[+-]?[0-9]{1,20}\s*", text):  # matched before it is a number
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no whole number of this size")
    return int(text)


def _half_life(text: str) -> float | str:
    return text if text in NOTES else _number(text)


def _gain(text: str) -> Any:
    return text if text == "auto" else _changing(text)


def _settled(parse: Callable[[str], T]) -> Callable[[str], T]:
    """A type of arguments: what it refuses, argparse says."""

    def parsed(text: str) -> T:
        try:
            return parse(text)
        except SettingsError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return parsed


_changing = changing(_number)
_modulation = _settled(Modulation.parse)
_size = _settled(parse_size)
_seconds = _settled(parse_time)
_shown = _settled(parse_shown)
_form = _settled(form.check)
_stem = _settled(stems.parse)
_story = _settled(story.check)
_target = _settled(lambda name: name if name == LIST else find(name).name)


def _switch(text: str) -> bool:
    if text.lower() not in ("on", "off"):
        raise argparse.ArgumentTypeError(f"{quoted(text)} is neither on nor off")
    return text.lower() == "on"


def listed(options: argparse.Namespace) -> str:
    """What there is to choose from, where the options ask for that; else ""."""
    if options.preset == LIST:
        return presets.told()
    return told() if vars(options).get("target") == LIST else ""


def begin(options: argparse.Namespace) -> None:
    """Say as much as is wished, and forget finished frames where that is wished."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("musvid").setLevel(logging.WARNING if options.quiet else logging.INFO)
    if options.clear_cache:
        Store().clear()


def recipe_from(options: argparse.Namespace) -> Recipe:
    """The recipe of the options: that of the settings file, changed by the other options."""
    given: dict[str, Any] = vars(options)
    found = take_curves(options)
    if given.get("seed") == -1:
        options.seed = randrange(int(RANGES["style.seed"].high) + 1)
        logging.getLogger("musvid").info("The seed is %d, taken at random.", options.seed)
    for name in given.keys() & {"lora", "control", "embedding"}:
        setattr(options, name, " | ".join(given[name]))
    recipe = _begun_with(options)
    recipe = recipe.with_model(given.get("model", recipe.style.model))
    recipe = recipe.with_view(given.get("kind", recipe.view.kind))
    if "target" in given:
        recipe = recipe.aimed(given["target"])
    sized = given.keys() & {"size", "upscale"} and "shown" not in given
    if sized and not options.settings and not recipe.target:
        recipe = replace(recipe, view=replace(recipe.view, shown=None))
    if "recipe" in given:
        recipe = replace(recipe, **RECIPES[options.recipe])
    factors = given.keys() & {"before", "after"}
    if not options.settings and "recipe" not in given and given.keys() & set(MOTION):
        motion = Recipe(**{name: given[name] for name in MOTION if name in given})
        recipe = replace(recipe, **{name: getattr(motion, name) for name in MOTION})
    elif "stride" in given and recipe.relight and not factors:
        recipe = replace(recipe, stride=options.stride, after=0)

    if "cover" in given and given.get("kind", recipe.view.kind) != RING:
        raise SettingsError("A cover is shown in a ring; add --view ring.")

    def chosen(kind: type) -> dict[str, Any]:
        return {entry.name: given[entry.name] for entry in fields(kind) if entry.name in given}

    if "drift" in found and found["drift"] and recipe.drift.direction == "none":
        given.setdefault("direction", "up")
    return replace(
        recipe,
        **chosen(Recipe),
        curves=with_curves(recipe, found),
        look=replace(recipe.look, **chosen(Look)),
        style=replace(recipe.style, **chosen(Style)),
        lock=replace(recipe.lock, **chosen(Lock)),
        drift=replace(recipe.drift, **_moving(recipe.drift, given, chosen(Drift))),
        view=replace(recipe.view, **chosen(View)),
        camera=replace(recipe.camera, **chosen(Camera)),
        finish=replace(recipe.finish, **chosen(Finish)),
        words=replace(recipe.words, **chosen_words(given)),
    )


def _begun_with(options: argparse.Namespace) -> Recipe:
    """What the other options change: the settings of a file, or of a preset."""
    if options.settings and options.preset:
        raise SettingsError("--settings and --preset are both complete; give one of the two.")
    if options.settings:
        return load_settings(options.settings)
    if options.compare and not options.preset and not options.vary:
        return Recipe()  # flat and still, as the recipes were described
    return preset(options.preset or LIVING).recipe


def _moving(drift: Drift, given: dict[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    """The settings of a drift that were chosen: one with a speed alone moves up."""
    if ("speed" in given or given.get("drift_by")) and drift.direction == "none":
        return {"direction": "up", **chosen}
    return chosen


def job_of(
    song: str | os.PathLike[str], wish: Recipe, store: Store | None, options: argparse.Namespace
) -> Job:
    """What is asked for of a song, with what only the song can tell.

    That is the stride that comes closest to the wished picture rate, if none was given, and the
    colours of its cover, if these were. Raises MusvidError.
    """
    colours = chosen_colours(song, options)
    job = _in_time(prepare(song, wish, store), options)
    return job.having(coloured(job.recipe, colours)) if colours else job


def _in_time(job: Job, options: argparse.Namespace) -> Job:
    given: dict[str, Any] = vars(options)
    recipe = job.recipe
    if not recipe.lock or "stride" in given or (options.settings and "note" not in given):
        return job
    factors = {name: given[name] for name in ("before", "after") if name in given}
    return job.having(replace(recipe.in_time(given.get("recipe")), **factors))


def common(options: argparse.Namespace) -> dict[str, Any]:
    """What a render and a comparison are told of this machine.

    Raises ModelError or SettingsError.
    """
    pick(options.encoder)
    if options.flavr_weights:
        interpolate.check_weights(options.flavr_weights)
    return {
        "device": options.device,
        "precision": options.precision,
        "encoder": options.encoder,
        "fast": options.fast,
        "store": None if options.no_cache else usable(),
        "flavr_weights": options.flavr_weights,
    }


@contextmanager
def clustered(options: argparse.Namespace, store: Store | None) -> Iterator[Begun | None]:
    """A context with the cluster that the options name, if they do; it starts meanwhile."""
    if options.cluster is None:
        yield None
        return
    more = {name: getattr(options, name) for name in ("device", "precision", "fast")}
    with begun(options.cluster, store=store, **more) as cluster:
        yield cluster
