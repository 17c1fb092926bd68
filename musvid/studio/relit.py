"""What a browser needs to play a song by itself: paintings, the light of each moment, and the view.

Paintings are few, and what lies between them is cheap: a graphics card mixes, relights and bends
them at the rate of its display, by the formulas of `musvid.interpolate.relight` and `musvid.view`
(``musvid/page/static/relit*.js``). So a piece of song travels as its paintings, the light of its
spectrum 30 times a second, and where texture stands in each of these moments; and apart from that
its view: how the strip is bent, where the camera is, what is done at last. Another view of the same
paintings is a few kilobytes, and repaints nothing.
"""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass
from io import BytesIO
from typing import Any

import cv2
import numpy as np

from ..frame import Frame, Light, encoded, smaller
from ..interpolate import chosen, retime
from ..interpolate.relight import CELL, Response
from ..job import Job
from ..keys import shares
from ..music import along
from ..rendering import Painted
from ..view.camera import STILL, pose
from ..view.settings import FLAT, RIM, suited
from ..view.stage import LOW

POSES = 60
"""Places of the camera a second."""

AHEAD = 8.0
"""Seconds of them that answer a changed view."""

_QUALITY = 93  # of paintings, JPEG: what is raised by its light shows more than a picture does
_LIGHT_QUALITY = 90
_COVER = 640  # pixels of a cover's side, at most
_DRAWN = 88  # of drawings, of which there are many
_DIGITS = 5  # of numbers, behind the point


@dataclass(frozen=True, eq=False)
class Painting:
    """A painting as it lies in the world, see `musvid.paint.course`.

    number: of the paintings of its job. canvas: as it was painted. start, offset: where the canvas
    begins in the world, and where the painting's own window does, in pixels. light: of its guide,
    in cells of 4 pixels; None where nothing is relit.
    """

    number: int
    canvas: Frame
    start: int
    offset: float
    light: Light | None


@dataclass(frozen=True, eq=False)
class Moment:
    """What a frame is made of.

    place: the number of the painting before it, and how far it is to the next one. offset: where
    its window begins in the world, in pixels. light: of its spectrum, in cells of 4 pixels.
    paintings: those that it is the first to need.
    """

    place: float
    offset: float
    light: Light | None
    paintings: tuple[Painting, ...]


def covered(job: Job) -> bool:
    """Whether a browser makes what the film shows of a job: what else there is, is made here."""
    recipe = job.recipe
    if recipe.along.keys() & set(along.FINISH):
        return False
    blended = recipe.after == 1 or chosen(recipe.interpolator, painted=recipe.paints) == "blend"
    return blended or _drawn(job)


def _drawn(job: Job) -> bool:
    """Whether the strip is nothing but the spectrum of each moment."""
    return bool(job.recipe.relight) and not job.recipe.paints


def moments(job: Job, painted: Painted) -> Iterator[Moment]:
    """The frames of a job's strip, from the first one of its clock on, as what they are made of."""
    clock, course = job.clock, job.course
    drawn, relit = _drawn(job), job.recipe.relight and job.recipe.paints
    first = clock.earlier  # so that numbers are those of the whole
    lights = iter(painted.lights)
    if (relit or drawn) and not course:
        lights = retime(lights, clock.places)
    canvases, guides = iter(painted.canvases), iter(painted.guides)
    read = 0
    for number, place in enumerate(clock.places):
        part = place / clock.after
        new: list[Painting] = []
        while read <= math.ceil(part):
            canvas = next(canvases)
            if drawn:
                read += 1
                continue
            span = course.span(read) if course else None
            start, offset = (span.start, span.offset) if span else (0, 0.0)
            light = _coarse(next(guides), job) if relit else None
            new.append(Painting(first + read, canvas, start, offset, light))
            read += 1
        if drawn:
            picture = Painting(number, next(lights), 0, 0.0, None)
            yield Moment(number, 0.0, None, (picture,))
            continue
        light = _coarse(next(lights), job) if relit else None
        offset = course.frame(number) if course else 0.0
        yield Moment(first + float(part), offset, light, tuple(new))


def _coarse(light: Light, job: Job) -> Light:
    """A light in cells of 4 pixels: both blurs of it are as wide, or wider."""
    cell = job.size[1] // len(light)
    if cell == CELL:
        return light
    height, width = light.shape
    size = width * cell // CELL, height * cell // CELL
    return np.asarray(cv2.resize(light, size, interpolation=cv2.INTER_AREA), np.float32)


def packed(
    job: Job, run: int, made: Sequence[Moment], near: Sequence[Painting] = ()
) -> dict[str, Any]:
    """Moments as they travel; numbers, texts and lists of these.

    run: tells paintings of one job from those of another, whose numbers may be the same. near:
    paintings before these moments that they need, too.
    """
    paintings = [*near, *(painting for moment in made for painting in moment.paintings)]
    lights = [moment.light for moment in made if moment.light is not None]
    guides = [painting.light for painting in paintings if painting.light is not None]
    course = job.course
    return {
        "run": run,
        "strip": list(job.size),
        "axis": -1 if course is None else int(course.drift.sideways),
        "mirrored": bool(course and course.drift.mirrored),
        "response": list(astuple(Response())) if lights else None,
        "frames": [[_short(moment.place), _short(moment.offset)] for moment in made],
        "paintings": [
            {
                "number": painting.number,
                "start": painting.start,
                "offset": _short(painting.offset),
                "picture": _text(_picture(painting.canvas, _DRAWN if _drawn(job) else _QUALITY)),
            }
            for painting in paintings
        ],
        "lights": atlas([*lights, *guides]) if lights else None,
    }  # fmt: skip


def atlas(lights: Sequence[Light]) -> dict[str, Any]:
    """Lights as one picture, below each other: the root of each, so that darkness is told apart.

    Those that are mirrored are the left half of themselves.
    """
    half = all(np.array_equal(light, light[:, ::-1]) for light in lights)
    height, width = lights[0].shape
    width = (width + 1) // 2 if half else width
    levels = np.concatenate([light[:, :width] for light in lights])
    levels = np.rint(np.sqrt(levels.clip(0, 255) / 255) * 255).astype(np.uint8)
    picture = _text(encoded(levels, _LIGHT_QUALITY, "JPEG"))
    return {"picture": picture, "width": width, "height": height, "half": half}


def _cover(job: Job, whole: bool) -> dict[str, Any] | None:
    """The cover in the disc of a ring, and a number that tells it from others."""
    if job.cover is None:
        return None
    key = zlib.crc32(job.cover[::16, ::16].tobytes())
    return {
        "key": key,
        "picture": whole and _text(encoded(smaller(job.cover, _COVER), kind="JPEG")),
    }


def _picture(canvas: Frame, quality: int) -> bytes:
    """A painting as it travels: with as many colours as pixels."""
    from PIL import Image

    file = BytesIO()
    Image.fromarray(canvas).save(file, "JPEG", quality=quality, subsampling=0)
    return file.getvalue()


def seen(job: Job, begin: float, end: float, *, whole: bool = True) -> dict[str, Any]:
    """How the strip is seen from one time to another, in seconds of the file; as `packed`.

    whole: with the picture of a cover; else it is only named.

    kinds: of each kind of view its settings, finish, and poses of the camera: `rate` a second from
    `begin` on, each as zoom, angle, x and y. along: where views change, how much of which there is
    in each of these moments.
    """
    shot, count = job.shot, math.ceil((end - begin) * POSES) + 2
    times = [begin + number / POSES for number in range(count)]
    along = [list(map(list, shares(shot.along, time))) for time in times] if shot.along else None
    there = {str(kind) for each in along or [] for kind, _ in each} or {shot.view.kind}
    kinds: dict[str, Any] = {}
    for kind in sorted(there):
        view, camera, finish = suited((shot.view, shot.camera, shot.finish), kind)
        more = shot.beat or STILL, shot.by, shot.rounds(view)
        poses = [pose(camera, time, *more) for time in times]
        kinds[kind] = {
            "copies": view.copies,
            "bend": view.bend,
            "turned": view.foot == RIM and kind != FLAT,
            "low": LOW.get(kind, 0),
            "zoom": camera.zoom,
            "finish": asdict(finish),
            "poses": [list(map(_short, astuple(each))) for each in poses],
        }
    return {
        "begin": begin,
        "rate": POSES,
        "count": count,
        "size": list(shot.size),
        "plain": shot.plain,
        "along": along,
        "cover": _cover(job, whole),
        "kinds": kinds,
    }


def _short(number: float) -> float:
    return round(float(number), _DIGITS)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
