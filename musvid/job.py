"""A recipe resolved against a song: the one object that renders, comparisons and estimates take."""

from __future__ import annotations

import contextlib
import logging
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, lru_cache, partial
from typing import Any

import numpy as np

from ._tags import Tags, read
from .clock import Clock
from .errors import SettingsError, SongError
from .frame import Frame
from .interpolate._names import chosen
from .keys import Keys
from .looping import DISSOLVE, Loop
from .music import along, author, form, story
from .music.automation import Automation, Floats
from .music.closing import Closed
from .music.following import Following
from .music.form import Form
from .music.hearing import Hearing
from .music.lock import OFF, Lock
from .music.telling import Telling
from .music.travel import Round, Travel
from .paint import models, prompts
from .paint.course import Course
from .paint.drift import NONE
from .paint.echo import Echo
from .paint.style import Stroke, Style
from .presets import preset
from .ranges import RANGES
from .recipe import Recipe
from .song import Song
from .spectrum.gains import Gain
from .spectrum.guiding import Guide
from .spectrum.look import Look
from .store import Store
from .video import targets
from .video.targets import Target
from .video.words import check, lacking_told, missing
from .view.camera import Beat, curves
from .view.cover import load
from .view.logo import Logo
from .view.logo import load as load_logo
from .view.settings import RING, Looks, suited
from .view.stage import Shot, changes
from .words import writing
from .words.lines import Line
from .words.script import Script, letters_of
from .words.settings import BAR
from .words.settings import OFF as NEVER

_log = logging.getLogger(__name__)

_MOMENT = Fraction(1, 60)  # seconds by which a loop may be longer than what was asked for


@dataclass(frozen=True)
class Job:
    """What a render reads, settled once. Make one with `resolve`.

    song: the part of the song to use.
    recipe: every setting, the model's defaults and what was found in the song among them.
    clock: how many pictures each stage makes, and at what times.
    store: where what is heard of the song is kept.
    """

    song: Song
    recipe: Recipe
    clock: Clock
    store: Store | None = field(default=None, compare=False, repr=False)

    @property
    def start(self) -> Fraction:
        """When the part begins, in seconds of the file."""
        return Fraction(self.song.first, self.song.rate)

    @cached_property
    def automation(self) -> Automation | Closed:
        """What changes along the song. It is listened to when this is first asked for.

        Raises SongError when a setting follows the music of a part that is too short to follow.
        """
        recipe = self.recipe
        automation = Automation(
            self.song,
            recipe.style,
            recipe.followers,
            recipe.lock,
            self.telling,
            morph=recipe.drift.morph,
            melted=self._melted if self.melts else None,
            along=self.following,
        )
        return Closed(automation, self.loop) if self.loop else automation

    @cached_property
    def loop(self) -> Loop | None:
        """The rounds of a clip whose end flows into its beginning, or None."""
        lit = bool(self.recipe.relight)
        return Loop.of(self.clock, self.start, lit=lit) if self.recipe.loop else None

    @cached_property
    def following(self) -> Following:
        """What settings do for which there are curves.

        Raises SettingsError where a curve asks for what is not there.
        """
        return Following(self.song, self.recipe.curves, self.listening)

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
    def listening(self) -> Hearing:
        """What can be followed, by its name. It is listened to when something is read."""
        return Hearing(
            *(self.song, dict(self.recipe.stems), self.recipe.midi),
            lock=self.recipe.lock,
            form=lambda: self.form,
            store=self.store,
        )

    @cached_property
    def travel(self) -> Travel | None:
        """How far texture has travelled at each moment, or None where nothing drifts.

        Raises SongError when it follows the music of a part that is too short to follow.
        """
        recipe = self.recipe
        if not recipe.drifts:
            return None
        told = self.telling.speed if self.telling else None
        return Travel(self.song, recipe.drift, recipe.drift_by, told, self.following)

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
        apart = chosen(self.recipe.interpolator, painted=True) == "blend" and not self.recipe.echoes
        symmetric = half and apart and not drift.sideways
        way = Round(self.travel, self.loop, grain) if self.loop else self.travel
        return Course(
            *(self.clock, drift, self.size, grain, way, slower),
            symmetric=symmetric,
            loop=self.loop,
        )

    @cached_property
    def echo(self) -> Echo | None:
        """How paintings flow into the next ones, or None where they do not."""
        if not self.recipe.echoes or not self.recipe.paints:
            return None
        amount = self._echoed if "echo" in self.following else self.recipe.echo
        return Echo.of(amount, self.clock, self.start, self.course)

    def _echoed(self, painting: int) -> float:
        """How much of its guide the painting before a painting is."""
        time = self.start + self.clock.painting_time(painting)
        return round(self.following.sampled("echo").at(time), 3)

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
        return not (self.views or changes(*self.looks) or self.recipe.shown_along)

    @property
    def looks(self) -> Looks:
        """View, camera and finish."""
        return self.recipe.view, self.recipe.camera, self.recipe.finish

    @property
    def views(self) -> Keys:
        """Kinds of view along time; none where the view is always the recipe's."""
        views = self.telling.views if self.telling else ()
        return self.loop.closed(views, DISSOLVE) if self.loop else views

    @property
    def palettes(self) -> Keys:
        """Palettes along time; none where the palette is always the look's."""
        palettes = self.telling.palettes if self.telling else ()
        return self.loop.closed(palettes) if self.loop else palettes

    @property
    def gain(self) -> Gain | None:
        """Decibels along time by which the sound is raised before it is drawn; None where they are
        always the look's."""
        if "gain" not in self.following:
            return None
        own = partial(self.following.values, "gain")
        return partial(self.loop.values, own) if self.loop else own

    @property
    def gained(self) -> tuple[str, ...]:
        """What tells a gain that changes from others, apart from the song and other files; nothing
        where it does not change."""
        curve, lock = self.recipe.along.get("gain"), self.recipe.lock
        return (curve.text, repr(lock), self.recipe.form) if curve else ()

    @cached_property
    def beat(self) -> Beat | None:
        """What the camera follows; None where it follows nothing, or the song is too short."""
        kinds = {self.recipe.view.kind, *(kind for _, kind in self.views)}
        listens = any(suited(self.looks, kind)[1].listens for kind in kinds)
        listens = listens or "shake" in self.recipe.camera_by
        listens = listens or bool(self.recipe.along.keys() & {"shake", "pulse"})
        return Beat.of(self.song) if listens else None

    @cached_property
    def cover(self) -> Frame | None:
        """The picture in the disc of a ring, or None.

        Raises SettingsError where it is none that can be read.
        """
        view = self.recipe.view
        return load(view.cover) if view.cover and view.kind == RING else None

    @cached_property
    def lyrics(self) -> tuple[Line, ...]:
        """Lyrics in times of the file. Raises SettingsError where they cannot be read."""
        return writing.lyrics(self.recipe.words, self.song)

    @cached_property
    def script(self) -> Script | None:
        """What is written on the video, or None.

        The song is listened to where a title stands for a bar and the tempo is not known.
        """
        recipe, bar = self.recipe, None
        if not recipe.words.written:
            return None
        if recipe.words.show_title == BAR:
            with contextlib.suppress(SongError):  # too short to have one
                bar = _locked(recipe.lock or Lock("1/4"), self.song)
        # What has travelled could not be back at a loop's beginning.
        direction = recipe.drift.direction if recipe.drifts and not recipe.loop else ""
        script = writing.compose(
            *(recipe.words, self.song, self.tags, self.lyrics),
            *(self.file_size, bar, direction),
            loop=recipe.loop,
        )
        return script or None

    @cached_property
    def told_of_words(self) -> list[str]:
        """Sentences on what is written: lyrics that are found or left out, letters without a font.

        Raises SettingsError where lyrics or a logo cannot be read, or this ffmpeg draws no words.
        """
        words = self.recipe.words
        if words.logo is not None:
            load_logo(words.logo)
        said = writing.remarks(words, self.song, self.lyrics)
        if words.written:
            check()
            named = (self.tags.title, self.tags.artist) if words.show_title != NEVER else ()
            if named and not any(named):
                said.append(
                    "The song's tags name neither title nor artist; --title and --artist do"
                )
            if lacking := missing(letters_of(self.lyrics, named)):
                said.append(lacking_told(lacking))
        return said

    @cached_property
    def logo(self) -> Logo | None:
        """The logo on the video, or None. Raises SettingsError where it is none that can be read.

        The song is listened to where it pulses.
        """
        words = self.recipe.words
        if words.logo is None:
            return None
        beat = Beat.of(self.song) if words.logo_pulse else None
        return Logo(load_logo(words.logo), words, beat, self.loop)

    def guide(self) -> Guide | None:
        """What is mixed into the drawings, read from its beginning, or None.

        Raises SettingsError where it has no pictures.
        """
        path, half = self.recipe.guide, self.recipe.style.resolve().symmetry == "half"
        more: dict[str, Any] = {"start": self.start, "loop": self.loop, "mirrored": half}
        return None if path is None else Guide(path, self.size, **more)

    def moment_of(self, tick: int) -> Fraction:
        """When a tick of the fine grid is, in seconds from the beginning of the part; in a loop, of
        its first round."""
        time = self.clock.start + tick / self.clock.fps
        return self.loop.moment(time) if self.loop else time

    @cached_property
    def shot(self) -> Shot:
        """How the strip is seen in the video. The song is listened to when this is asked for."""
        recipe = self.recipe
        by = curves(self.song, recipe.camera, recipe.camera_by, self.following)
        more: dict[str, Any] = {
            "beat": self.beat,
            "by": by,
            "cover": self.cover,
            "along": self.views,
            "first": self.clock.skipped * self.repeats,
            "loop": self.loop,
            "symmetric": not recipe.paints or recipe.style.resolve().symmetry == "half",
        }
        return Shot(self.file_size, *self.looks, often=self.repeats, **more)

    @property
    def target(self) -> Target:
        """What the video is for."""
        return targets.find(self.recipe.target)

    @property
    def chapters(self) -> tuple[tuple[float, str], ...]:
        """The parts of the song in the video, where they are known and there are several: when each
        begins, in seconds of the video, and its letter."""
        if self.recipe.form == form.AUTO:
            return ()
        start = self.song.first / self.song.rate
        spans = self.form.spans(start, start + float(self.song.duration))
        found = tuple((first - start, letter) for first, _, letter in spans)
        return found if len(found) > 1 else ()

    @cached_property
    def tags(self) -> Tags:
        """What players show of the song: what its file says, unless the recipe says otherwise."""
        given = {"title": self.recipe.title, "artist": self.recipe.artist}
        told = {name: text for name, text in given.items() if text is not None}
        return replace(read(self.song.path), **told)

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
        return said + self.told_of_words

    def curves(self, times: Floats) -> Iterator[tuple[str, Floats, float, float]]:
        """For every setting that changes along the song: its name ("strength", "guidance", "seed",
        "lora", "drift", "zoom", "turn", "sway", "shake", "gain"), its values at some times of the
        part, and its range.

        For the seed, the value is how many seeds the noise has moved on in the part, and for the
        turn, how many turns the music has added.
        """
        yield from self.automation.curves(times)
        if self.travel and (self.recipe.drift_by or "drift" in self.following):
            speeds = self.travel.speeds(times)
            yield "drift", speeds, 0.0, float(speeds.max())
        start = self.song.first / self.song.rate
        for name, curve in self.shot.by.items():
            values = np.array([curve.at(start + time) for time in times.tolist()])
            allowed = RANGES[along.SETTINGS[name]]
            turns = (0.0, max(1.0, float(values.max())))
            yield name, values, *(turns if name == "turn" else (allowed.low, allowed.high))
        for name in ("prompt", "echo"):
            if name in self.following:
                values = self.following.values(name, start + times)
                yield name, values, 0.0, max(1.0, float(values.max()))
        if "gain" in self.following:
            values = self.following.values("gain", start + times)
            yield "gain", values, float(values.min()) - 1, float(values.max()) + 1

    def strokes(self) -> Iterator[Stroke] | None:
        """How each painting is painted, or None where nothing changes along the song."""
        if not self.automation and not self.course:
            return None
        return map(self.stroke, range(self.clock.painted))

    def stroke(self, painting: int) -> Stroke:
        """How a painting is painted."""
        return self.stroke_at(self.clock.painting_time(painting), painting)

    def stroke_at(self, time: Fraction | float, painting: int | None = None) -> Stroke:
        """How a moment is painted, in seconds from the beginning of the part; as this painting, or
        as one that has no neighbours."""
        stroke, course = self.automation.stroke(time), self.course
        if not course:
            return stroke
        span = course.moment(Fraction(time)) if painting is None else course.span(painting)
        return course.placed(stroke, span, time)

    def variants(self) -> dict[str, Job]:
        """The same song and style as each of the recipes, by their names."""
        return {name: self.having(recipe) for name, recipe in self.recipe.variants().items()}

    def having(self, recipe: Recipe) -> Job:
        """The job of another resolved recipe for the same part of the song."""
        song = fitted(recipe, self.song)
        return Job(song, recipe, clock_of(recipe, song.duration), self.store)


def resolve(recipe: Recipe, song: Song, store: Store | None = None) -> Job:
    """Settle a recipe for a part of a song.

    store: where what is heard of the song is kept.

    The recipe's track, start and duration become those of the part, which is made shorter for a
    loop, see `fitted`. Settings that are None become
    the model's defaults. Where keyframes are locked to a beat that is not known, it is found, and
    where embers cool in notes, how long these last; where there is a story, so are form and story,
    in the whole file.

    Raises SettingsError for an unknown model, a file that would be too large, or settings that do
    not fit together, and SongError where there is no beat.
    """
    lock = _locked(recipe.lock, song)
    if any(curve.beats for curve in recipe.along.values()) and lock.bpm is None:
        found = _locked(replace(lock, note="1/4"), song)  # beats that curves ask for
        lock = replace(found, note=OFF)
    song = fitted(replace(recipe, lock=lock), song)
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
    job = Job(song, settled, clock_of(settled, song.duration), store)
    if settled.target:
        job.target.check_duration(float(job.file_frames / job.file_rate))
        job.target.check_rate(job.file_rate)
    # What they cannot do, and files that are none, are told now.
    _ = job.following, job.course, job.cover, job.guide()
    job.listening.open()
    for remark in job.told_of_words:
        _tell(remark)
    if job.melts:
        _tell(melting_told(settled.style.model))
    return job


def fitted(recipe: Recipe, song: Song) -> Song:
    """The part of a song that is a round, where the recipe has a loop of it: from where it begins
    on, as many whole bars as it holds where keyframes are on the beat, and else as many gaps
    between keyframes; at least one. The lock's tempo must be known.

    Raises SettingsError where the song ends before one has.
    """
    if not recipe.loop:
        return song
    start = Fraction(song.first, song.rate)
    most = Fraction(song.total - song.first, song.rate)
    if recipe.lock:
        bars = recipe.lock.round(start, song.duration, most)
        if bars is None:
            raise SettingsError(
                "A loop needs a whole bar, and the song ends before one has; choose an earlier "
                "--start, or --lock off."
            )
        length = bars
    else:
        gap = recipe.stride / recipe.fps
        length = max(1, min(song.duration + _MOMENT, most + _MOMENT / 100) // gap) * gap
        if length > most + _MOMENT / 100:
            raise SettingsError(
                f"A loop needs {float(gap):.2f} s from keyframe to keyframe, and the song ends "
                "before; choose an earlier --start, or a smaller --stride."
            )
    # Not a sample more than its frames: there would be one frame more.
    samples = math.floor(length * song.rate)
    return replace(song, samples=min(samples, song.total - song.first))


def melting_told(model: str) -> str:
    """What is said where a model cannot follow a drift."""
    return (
        f"The texture of {model} does not move with its noise: instead of drifting, the picture "
        "morphs, and renews itself about as fast"
    )


@lru_cache(maxsize=64)
def _tell(remark: str) -> None:
    """Log it once: a page resolves a recipe at every turn of a knob."""
    _log.info("%s.", remark)


def prepare(
    song: Song | Job | str | os.PathLike[str],
    recipe: Recipe | None = None,
    store: Store | None = None,
) -> Job:
    """The job of a sound file, of which the recipe's start and duration are used.

    song: the file, of which the recipe's track is used; a `Song`, which is used as it was cut; or a
        job, which is returned as it is.
    recipe: without one, the default preset. store: where what is heard of the song is kept.

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
    return resolve(recipe, song, store)


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
        start = Fraction(recipe.start)
        return recipe.lock.clock(duration, start=start, loop=recipe.loop, **settings)
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
    from .music import tempo

    found = tempo.find(song, lock.bpm).lock(lock.note)
    if lock.bar is not None:  # who says so knows better
        found = replace(found, bar=lock.bar)
    if lock.beat is not None:
        found = replace(found, beat=lock.beat)
    if lock.bpm is not None:  # a tempo that was given is a steady one
        found = replace(found, beats=())
    return found
