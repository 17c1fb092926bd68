"""A recipe resolved against a song: the one object that renders, comparisons and estimates take."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from .clock import Clock
from .errors import SettingsError
from .music.automation import Automation
from .music.lock import Lock
from .paint import models
from .paint.course import Course
from .paint.echo import Echo
from .paint.style import Stroke, Style
from .recipe import Recipe
from .song import Song
from .view.camera import Beat
from .view.stage import changes


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
        return Automation(self.song, self.recipe.style, self.recipe.followers, self.recipe.lock)

    @cached_property
    def course(self) -> Course | None:
        """Where the world of texture stands at each moment, or None where nothing drifts.

        Raises SettingsError where it moves too far from painting to painting.
        """
        recipe = self.recipe
        if not recipe.drift or not recipe.paints:
            return None
        # The place in the file tells, so that a part of a song is painted like the whole of it.
        start, speed = Fraction(self.song.first, self.song.rate), recipe.drift.speed
        grain = models.find(recipe.style.model).grain
        return Course(
            self.clock, recipe.drift, self.size, grain, lambda time: speed * float(start + time)
        )

    @cached_property
    def echo(self) -> Echo | None:
        """How paintings flow into the next ones, or None where they do not."""
        if not self.recipe.echo or not self.recipe.paints:
            return None
        start = Fraction(self.song.first, self.song.rate)
        return Echo.of(self.recipe.echo, self.clock, start, self.course)

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
    def plain(self) -> bool:
        """Whether the video shows the frames as they are, rather than by a view."""
        return not changes(self.recipe.view, self.recipe.camera, self.recipe.finish)

    @cached_property
    def beat(self) -> Beat | None:
        """What the camera follows; None where it follows nothing, or the song is too short."""
        return Beat.of(self.song) if self.recipe.camera.listens else None

    @property
    def paintings(self) -> int:
        """How many frames are painted: with an echo, two for each that is shown."""
        return self.clock.painted * (2 if self.echo else 1) if self.recipe.paints else 0

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
    the model's defaults. Where keyframes are locked to a beat that is not known, it is found.

    Raises SettingsError for an unknown model, a file that would be too large, or settings that do
    not fit together, and SongError where there is no beat.
    """
    lock = _found(recipe.lock, song)
    to_end = song.first + song.samples == song.total
    settled = replace(
        recipe,
        track=song.track if song.tracks > 1 else None,
        start=song.first / song.rate,
        duration=None if to_end else song.samples / song.rate,
        lock=lock,
    ).resolve()
    job = Job(song, settled, clock_of(settled, song.duration))
    _ = job.course  # a drift that is too fast is told now
    return job


def prepare(song: Song | Job | str | os.PathLike[str], recipe: Recipe | None = None) -> Job:
    """The job of a sound file, of which the recipe's start and duration are used.

    song: the file, of which the recipe's track is used; a `Song`, which is used as it was cut; or a
        job, which is returned as it is.
    recipe: every default without one.

    Raises what `Song.open` and `resolve` raise, and SettingsError for a job and a recipe.
    """
    if isinstance(song, Job):
        if recipe is not None:
            raise SettingsError("A job has its recipe already; give one of the two.")
        return song
    recipe = recipe or Recipe()
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


def _found(lock: Lock, song: Song) -> Lock:
    """The lock with tempo and beat, which are looked for in the song where they are not given."""
    if not lock or lock.beats or lock.found:
        return lock
    from .music import tempo  # imports librosa when it listens

    found = tempo.find(song, lock.bpm).lock(lock.note, bar=lock.bar)
    if lock.beat is not None:
        found = replace(found, beat=lock.beat)
    if lock.bpm is not None:  # a tempo that was given is a steady one
        found = replace(found, beats=())
    return found
