"""A recipe resolved against a song: the one object that renders, comparisons and estimates take."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from .clock import Clock
from .errors import SettingsError
from .frame import Frame
from .interpolate._names import chosen
from .keys import Keys
from .music import author, form, story
from .music.automation import Automation, Floats
from .music.form import Form
from .music.lock import Lock
from .music.telling import Telling
from .music.travel import Travel
from .paint import models, prompts
from .paint.course import Course
from .paint.drift import NONE
from .paint.echo import Echo
from .paint.style import Stroke, Style
from .presets import preset
from .ranges import RANGES
from .recipe import Recipe
from .song import Song
from .spectrum.look import Look
from .view.camera import Beat, curves
from .view.cover import load
from .view.settings import RING, Looks, suited
from .view.stage import Shot, changes

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What a render reads, settled once. Make one with `resolve`.

    song: the part of the song to use.
    recipe: every setting, the model's defaults and what was found in the song among them.
    clock: how many pictures each stage makes, and at what times.
    """

    song: Song
    recipe: Recipe
    clock: Clock

    @cached_property
    def automation(self) -> Automation:
        """What changes along the song. It is listened to when this is first asked for.

        Raises SongError when a setting follows the music of a part that is too short to follow.
        """
        recipe = self.recipe
        return Automation(
            self.song,
            recipe.style,
            recipe.followers,
            recipe.lock,
            self.telling,
            morph=recipe.drift.morph,
            melted=self._melted if self.melts else None,
        )

    @cached_property
    def telling(self) -> Telling | None:
        """What the parts of the song look like along time, or None where all look alike."""
        told = story.of(self.recipe.story)
        return Telling.of(told, self.form, self.recipe) if told else None

    @cached_property
    def form(self) -> Form:
        """The parts of the whole file, those of a recipe that names them or those that are found.

        They are listened for when this is first asked for, see `musvid.music.sections`.
        """
        return _form(self.recipe, self.song)

    @cached_property
    def travel(self) -> Travel | None:
        """How far texture has travelled at each moment, or None where nothing drifts.

        Raises SongError when it follows the music of a part that is too short to follow.
        """
        recipe = self.recipe
        if not recipe.drifts:
            return None
        told = self.telling.speed if self.telling else None
        return Travel(self.song, recipe.drift, recipe.drift_by, told)

    @property
    def melts(self) -> bool:
        """Whether a drift is followed by morphing, for a model whose texture does not move with its
        noise.

        While a drift would have brought as much that is new as a picture shows, the noise walks on
        by one seed.
        """
        model = models.find(self.recipe.style.model)
        return self.recipe.paints and self.recipe.drifts and model.grain is None

    def _melted(self, time: Fraction | float) -> float:
        assert self.travel
        return self.travel(time) / self.recipe.drift.window(self.size)

    @property
    def course(self) -> Course | None:
        """The course of what is painted; None where nothing drifts or nothing is painted."""
        return self.world if self.recipe.paints else None

    @cached_property
    def world(self) -> Course | None:
        """Where the world of texture stands at each moment, or None where nothing drifts.

        Raises SettingsError where it moves too far from painting to painting.
        """
        if self.travel is None:
            return None
        told = self.telling.prompts if self.telling else ()
        own = prompts.parse(self.recipe.style.resolve().prompt or "")
        texts = (text for _, text in (*own, *told))
        grain = models.find(self.recipe.style.model).grain_of(texts)
        if grain is None:
            return None
        slower = "a slower --drift"
        if self.telling:
            slower += " (or speed of the story)"
        if self.recipe.drift_by:
            slower += ", less of --drift-by"
        drift, half = self.recipe.drift, self.recipe.style.resolve().symmetry == "half"
        # What else fills gaps looks around, beyond the middle, too; an echo turns what it repeats.
        apart = chosen(self.recipe.interpolator, painted=True) == "blend" and not self.recipe.echo
        symmetric = half and apart and not drift.sideways
        return Course(
            *(self.clock, drift, self.size, grain, self.travel, slower), symmetric=symmetric
        )

    @cached_property
    def echo(self) -> Echo | None:
        """How paintings flow into the next ones, or None where they do not."""
        if not self.recipe.echo or not self.recipe.paints:
            return None
        start = Fraction(self.song.first, self.song.rate)
        return Echo.of(self.recipe.echo, self.clock, start, self.course)

    @property
    def gaps(self) -> bool:
        """Whether pictures of the spectrum between keyframes are drawn, too: for their light."""
        return bool(self.recipe.relight or self.recipe.look.embers)

    @property
    def style(self) -> Style:
        """How canvases are painted: of one that is a half already, no half is taken."""
        style = self.recipe.style
        return (
            replace(style, symmetry="none") if self.course and self.recipe.drift.mirrored else style
        )

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a painting, in pixels."""
        assert self.recipe.size is not None, "the recipe of a job is resolved"
        return self.recipe.size

    @property
    def upscale(self) -> int:
        """The size of the file as a multiple of `size`."""
        assert self.recipe.upscale is not None, "the recipe of a job is resolved"
        return self.recipe.upscale

    @property
    def file_size(self) -> tuple[int, int]:
        """Width and height of the video, in pixels."""
        width, height = self.size
        return self.recipe.view.shown or (width * self.upscale, height * self.upscale)

    @property
    def repeats(self) -> int:
        """How often the video shows each frame of the strip."""
        return self.recipe.repeats(self.clock.rate)

    @property
    def file_rate(self) -> Fraction:
        """Frames per second of the video, exact."""
        return self.clock.rate * self.repeats

    @property
    def file_frames(self) -> int:
        """Number of frames of the video: as many as cover the sound, rounded up."""
        frames = math.ceil(self.song.duration * self.file_rate)
        return frames - self.clock.skipped * self.repeats

    @property
    def plain(self) -> bool:
        """Whether the video shows the frames as they are, rather than by a view."""
        return not (self.views or changes(*self.looks) or self.recipe.camera_by)

    @property
    def looks(self) -> Looks:
        """View, camera and finish."""
        return self.recipe.view, self.recipe.camera, self.recipe.finish

    @property
    def views(self) -> Keys:
        """Kinds of view along time; none where the view is always the recipe's."""
        return self.telling.views if self.telling else ()

    @property
    def palettes(self) -> Keys:
        """Palettes along time; none where the palette is always the look's."""
        return self.telling.palettes if self.telling else ()

    @cached_property
    def beat(self) -> Beat | None:
        """What the camera follows; None where it follows nothing, or the song is too short."""
        kinds = {self.recipe.view.kind, *(kind for _, kind in self.views)}
        listens = any(suited(self.looks, kind)[1].listens for kind in kinds)
        listens = listens or "shake" in self.recipe.camera_by
        return Beat.of(self.song) if listens else None

    @cached_property
    def cover(self) -> Frame | None:
        """The picture in the disc of a ring, or None.

        Raises SettingsError where it is none that can be read.
        """
        view = self.recipe.view
        return load(view.cover) if view.cover and view.kind == RING else None

    @cached_property
    def shot(self) -> Shot:
        """How the strip is seen in the video. The song is listened to when this is asked for."""
        recipe = self.recipe
        by = curves(self.song, recipe.camera, recipe.camera_by)
        more: dict[str, Any] = {
            "beat": self.beat,
            "by": by,
            "cover": self.cover,
            "along": self.views,
            "first": self.clock.skipped * self.repeats,
        }
        return Shot(self.file_size, *self.looks, often=self.repeats, **more)

    @property
    def paintings(self) -> int:
        """How many frames are painted: with an echo, two for each that is shown."""
        return self.clock.painted * self._chains if self.recipe.paints else 0

    @property
    def _chains(self) -> int:
        """Paintings that are made for each that is shown, see `musvid.paint.echo`."""
        return 2 if self.echo else 1

    @property
    def canvas(self) -> tuple[int, int]:
        """Width and height of the largest canvas that is painted, in pixels: with a drift it covers
        the way to both neighbours."""
        return self.course.largest if self.course else self.size

    @property
    def painted(self) -> int:
        """Pixels of all canvases that are painted."""
        if self.course:
            return self.course.pixels * self._chains
        width, height = self.size
        return self.paintings * width * height

    def remarks(self) -> list[str]:
        """Sentences on what a render does otherwise than the settings say."""
        recipe = self.recipe
        said = recipe.remarks()
        if self.melts:
            said.append(melting_told(recipe.style.model))
        if recipe.drift_by and recipe.drift.direction == NONE:
            said.append("The drift follows the music nowhere: texture travels in no direction")
        return said

    def curves(self, times: Floats) -> Iterator[tuple[str, Floats, float, float]]:
        """For every setting that changes along the song: its name ("strength", "guidance", "seed",
        "lora", "drift", "zoom", "turn", "sway", "shake"), its values at some times of the part, and
        its range.

        For the seed, the value is how many seeds the noise has moved on in the part, and for the
        turn, how many turns the music has added.
        """
        yield from self.automation.curves(times)
        if self.travel and self.recipe.drift_by:
            speeds = self.travel.speeds(times)
            yield "drift", speeds, 0.0, float(speeds.max())
        start = self.song.first / self.song.rate
        for name, curve in curves(self.song, self.recipe.camera, self.recipe.camera_by).items():
            values = np.array([curve.at(start + time) for time in times.tolist()])
            allowed = RANGES[f"camera.{name}"]
            turns = (0.0, max(1.0, float(values.max())))
            yield name, values, *(turns if name == "turn" else (allowed.low, allowed.high))

    def strokes(self) -> Iterator[Stroke] | None:
        """How each painting is painted, or None where nothing changes along the song."""
        if not self.automation and not self.course:
            return None
        return map(self.stroke, range(self.clock.painted))

    def stroke(self, painting: int) -> Stroke:
        """How a painting is painted."""
        stroke = self.automation.stroke(self.clock.painting_time(painting))
        if not self.course:
            return stroke
        return replace(stroke, place=self.course.place(self.course.span(painting)))

    def variants(self) -> dict[str, Job]:
        """The same song and style as each of the recipes, by their names."""
        return {name: self.having(recipe) for name, recipe in self.recipe.variants().items()}

    def having(self, recipe: Recipe) -> Job:
        """The job of another resolved recipe for the same part of the song."""
        return Job(self.song, recipe, clock_of(recipe, self.song.duration))


def resolve(recipe: Recipe, song: Song) -> Job:
    """Settle a recipe for a part of a song.

    The recipe's track, start and duration become those of the part. Settings that are None become
    the model's defaults. Where keyframes are locked to a beat that is not known, it is found, and
    where embers cool in notes, how long these last; where there is a story, so are form and story,
    in the whole file.

    Raises SettingsError for an unknown model, a file that would be too large, or settings that do
    not fit together, and SongError where there is no beat.
    """
    lock = _locked(recipe.lock, song)
    to_end = song.first + song.samples == song.total
    settled = replace(
        recipe,
        track=song.track if song.tracks > 1 else None,
        start=song.first / song.rate,
        duration=None if to_end else song.samples / song.rate,
        lock=lock,
        look=_cooled(recipe.look, lock, song),
    ).resolve()
    settled = _told(settled, song)
    job = Job(song, settled, clock_of(settled, song.duration))
    _ = job.course, job.cover  # a drift that is too fast, or no cover, is told now
    if job.melts:
        _tell_melting(settled.style.model)
    return job


def melting_told(model: str) -> str:
    """What is said where a model cannot follow a drift."""
    return (
        f"The texture of {model} does not move with its noise: instead of drifting, the picture "
        "morphs, and renews itself about as fast"
    )


@lru_cache(maxsize=64)
def _tell_melting(model: str) -> None:
    """Log it once: a page resolves a recipe at every turn of a knob."""
    _log.info("%s.", melting_told(model))


def prepare(song: Song | Job | str | os.PathLike[str], recipe: Recipe | None = None) -> Job:
    """The job of a sound file, of which the recipe's start and duration are used.

    song: the file, of which the recipe's track is used; a `Song`, which is used as it was cut; or a
        job, which is returned as it is.
    recipe: without one, the default preset.

    Raises what `Song.open` and `resolve` raise, and SettingsError for a job and a recipe.
    """
    if isinstance(song, Job):
        if recipe is not None:
            raise SettingsError("A job has its recipe already; give one of the two.")
        return song
    recipe = recipe or preset().recipe
    if not isinstance(song, Song):
        recipe.resolve()  # a wrong setting is told before a long file is read
        song = Song.open(song, start=recipe.start, duration=recipe.duration, track=recipe.track)
    return resolve(recipe, song)


def clock_of(recipe: Recipe, duration: Fraction) -> Clock:
    """The clock of a recipe for a part of so many seconds, which begins at the recipe's start.

    Raises SettingsError when it is locked to a beat that is not known.
    """
    settings: dict[str, Any] = {
        "fps": recipe.fps,
        "stride": recipe.stride,
        "before": recipe.before,
        "after": recipe.after,
    }
    if recipe.lock:
        return recipe.lock.clock(duration, start=Fraction(recipe.start), **settings)
    return Clock(duration, **settings)


def _told(recipe: Recipe, song: Song) -> Recipe:
    """The recipe with form and story as texts, where they are found in the song or made from it."""
    if recipe.story == story.OFF:
        return recipe
    if recipe.form == form.AUTO:
        recipe = replace(recipe, form=str(_form(recipe, song)))
    if recipe.story == story.AUTO:
        told = author.write(song.part(), Form.parse(recipe.form), recipe)
        recipe = replace(recipe, story=str(told))
    return recipe


def _form(recipe: Recipe, song: Song) -> Form:
    """The parts of the whole file, those of a recipe that names them or those that are found."""
    if recipe.form != form.AUTO:
        return Form.parse(recipe.form)
    from .music import sections  # imports librosa when it listens

    return sections.find(song, recipe.lock)


def _cooled(look: Look, lock: Lock, song: Song) -> Look:
    """The look with the half-life of its embers in seconds: a note's length, within the range."""
    if not isinstance(look.half_life, str):
        return look
    if not look.embers:  # nothing cools, and nothing is listened to
        return replace(look, half_life=Look.half_life)
    known = lock if lock.bpm is not None else _locked(Lock(look.half_life), song)
    seconds = float(1 / replace(known, note=look.half_life).per_second)
    span = RANGES["look.half_life"]
    return replace(look, half_life=round(max(span.low, min(span.high, seconds)), 4))


def _locked(lock: Lock, song: Song) -> Lock:
    """The lock with tempo and beat, which are looked for in the song where they are not given."""
    if not lock or lock.beats or lock.found:
        return lock
    from .music import tempo  # imports librosa when it listens

    found = tempo.find(song, lock.bpm).lock(lock.note)
    if lock.bar != Lock.bar:  # who says so knows better
        found = replace(found, bar=lock.bar)
    if lock.beat is not None:
        found = replace(found, beat=lock.beat)
    if lock.bpm is not None:  # a tempo that was given is a steady one
        found = replace(found, beats=())
    return found
