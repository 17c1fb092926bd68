"""The whole chain: a song in, a music video out, with progress and cancelling."""

from __future__ import annotations

import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from contextlib import closing as ending
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import cache, partial
from importlib.metadata import version
from itertools import count, islice, repeat, tee
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from . import _ffmpeg, interpolate
from ._device import pick_device, pick_precision
from .clock import at, every
from .cluster.painter import ClusterPainter
from .errors import Cancelled, OutputError, SettingsError
from .frame import Frame, Light, Noted, closed, frame_path, save_frame
from .job import Job, prepare
from .looping import Loop
from .paint import models
from .paint.brush import Brush
from .paint.painter import Painter, diffuse
from .paint.style import Stroke
from .recipe import Recipe
from .song import Song
from .spectrum import closing
from .spectrum import showcqt as spectrum
from .spectrum.embers import glowing, run_in
from .spectrum.guiding import guided, mixed
from .spectrum.look import Look
from .store import Store, address, content_of, pixels_of
from .video import file as video
from .video.encoder import pick_for
from .video.labels import Labels, cover_of
from .video.naming import is_video_of_ours, stem_of, unused
from .video.stages import stage_folders
from .video.targets import PLAIN, Target, find
from .view.flashes import safe
from .view.stage import luminances, view

if TYPE_CHECKING:  # it imports OpenCV
    from .interpolate.relight import Response

T = TypeVar("T")
Progress = Callable[[str, int, int], None]
STAGES = ("spectrum", "guides", "painted", "frames")
"""The stages of a render, in order, as `Progress` and the folders of frames name them."""

_AGAIN = 2  # paintings at most that stand behind the last one of a round

# The modules that tell what a sound is.
_SOUND = ("_ffmpeg", "_look", "_packets", "_seek", "_sparse", "_survey", "_tracks", "song")


def render(
    song: Song | Job | str | os.PathLike[str],
    recipe: Recipe | None = None,
    output: str | os.PathLike[str] | None = None,
    *,
    progress: Progress | None = None,
    cancel: threading.Event | None = None,
    frames_dir: str | os.PathLike[str] | None = None,
    tap: Callable[[str, int, Frame], None] | None = None,
    painter: Brush | None = None,
    device: str = "auto",
    precision: str = "auto",
    encoder: str = "auto",
    fast: str = "auto",
    store: Store | None = None,
    flavr_weights: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Path:
    """Turn a song into a music video.

    song: a sound file, of which the recipe's start and duration are used; a `Song`, which is used
        as it was cut; or a `Job`, which has its recipe in it.
    recipe: every setting; by default those of the preset "living".
    output: the video, ``.mp4`` unless it is for something that takes another file (see
        `musvid.video.targets`); by default the song's name in the current folder, or a similar one
        where a file of that name is there which musvid did not make.
    progress: called with (stage, done, total) whenever a stage has made a frame; the stages are
        `STAGES`, and they advance together.
    cancel: when this event is set, the render stops before its next frame.
    frames_dir: a folder in which every stage's frames are written as PNGs, too. It must hold no
        frames yet, or those of the same render that was stopped.
    tap: called with (stage, number, frame) for every frame of every stage; it must not change them.
    painter: a loaded model to use again, here or on a cluster (see `musvid.cluster`); it must be
        that of the recipe.
    device: "auto", "cpu", "cuda" or "mps". precision: what the model computes in: "float32",
        "bfloat16", or "auto" for what is fastest on the device. encoder: what encodes the video:
        "cpu", "gpu", or "auto" for an NVIDIA card where that works. fast: "auto" to compile the
        model on an NVIDIA card while a long render paints, or "off".
    store: finished frames of earlier renders; this one's are added. What it holds is not drawn,
        painted or encoded again.
    flavr_weights: for the interpolator "flavr", see `musvid.between`. It belongs to the machine
        rather than to the recipe, and is not stored in the video.
    overwrite: whether the default output may replace any file but the song.

    Returns the path of the video. Raises a subclass of MusvidError, and then leaves no video.
    """
    early = song.recipe if isinstance(song, Job) else recipe or Recipe()
    target = find(early.target)
    given = None if output is None else video.check_output(output, target=target)
    pick_for(target.kind(given) if given else target.kinds[0], encoder)  # before it is listened to
    job = prepare(song, recipe, store)
    song, recipe, clock, style = job.song, job.recipe, job.clock, job.style
    path = given or _unnamed(song, overwrite, target.kinds[0].ending)
    video.check_output(path, settings=recipe.to_json(), target=target)
    if path.exists() and path.samefile(song.path):
        raise OutputError(f"The output {path} is the song itself; choose another name.")
    codec = pick_for(target.kind(path), encoder, job.file_size)
    totals = dict(
        zip(STAGES, (clock.drawn, clock.painted, clock.painted, clock.frames), strict=True)
    )
    # With a store, the model is loaded when there is something to paint; but what is downloaded
    # first has no address yet.
    model = models.find(style.model)
    here = store is not None and models.downloaded(model, style.tiny_autoencoder, style.additions)
    if recipe.paints and painter is None and not here:
        painter = Painter(style, device=device, precision=precision, fast=fast)
    addresses = None
    if store or frames_dir is not None:
        addresses = Addresses.of(job, painter, device, flavr_weights, precision, codec)
    looked_at = frames_dir is not None or tap
    if store and addresses and not looked_at and (finished := store.video(addresses.video)):
        try:
            video.copy(finished, path)
        except OutputError:
            if finished.is_file():  # it was not forgotten just now
                raise
        else:
            if progress:
                for name in STAGES:
                    progress(name, totals[name], totals[name])
            return path
    course = job.course

    def watched(frames: Iterable[Frame], stage: str) -> Iterator[Frame]:
        """A stage's frames, as many as are wanted: counted, saved, and stoppable."""
        canvases = course if stage == "painted" else None
        if progress:
            progress(stage, 0, totals[stage])
        for index, frame in enumerate(islice(frames, totals[stage])):
            if cancel is not None and cancel.is_set():
                raise Cancelled("The render was stopped.")
            if folders or tap:
                shown = canvases.shown(frame, canvases.span(index)) if canvases else frame
                if folders:
                    save_frame(shown, frame_path(folders[stage], index))
                if tap:
                    tap(stage, index, shown)
            if progress:
                progress(stage, index + 1, totals[stage])
            yield frame

    with ExitStack() as stack:
        folders: dict[str, Path] = {}
        if frames_dir is not None and addresses:
            folders = stack.enter_context(stage_folders(frames_dir, STAGES, addresses.frames))

        def stage(frames: Iterator[Frame], name: str) -> Iterator[Frame]:
            # Closed explicitly, the last stage first: the traceback of an error would keep
            # generators, and the processes behind them, alive.
            stack.callback(getattr(frames, "close", lambda: None))
            return stack.enter_context(closed(watched(frames, name)))

        @cache
        def load() -> Brush:
            found = painter or Painter(style, device=device, precision=precision, fast=fast)
            stack.enter_context(found.expect(clock.painted))
            return found

        if painter:
            load()
        tools = Tools(stage, load, store, addresses, painter, device, flavr_weights)
        film(chain(job, tools), job, path, encoder=encoder, target=target)
    if store and addresses:
        store.keep_video(addresses.video, path)
    return path


@dataclass(frozen=True)
class Tools:
    """What a chain works with.

    stage: is given each stage's frames and its name, and gives them on. load: the painter, when
    something is to be painted. store, addresses: for finished frames; without addresses, none are
    kept. painter: a loaded model, if any. device, weights: as for `render`.
    response: how paintings answer to light, where that is not to be fitted.
    """

    stage: Callable[[Iterator[Frame], str], Iterator[Frame]]
    load: Callable[[], Brush]
    store: Store | None = None
    addresses: Addresses | None = None
    painter: Brush | None = None
    device: str = "auto"
    weights: str | os.PathLike[str] | None = None
    response: Response | None = None


@dataclass(frozen=True)
class Painted:
    """Paintings before the gaps between them are filled.

    canvases: as they were painted; where nothing drifts, of the painted size. lights: of the
    spectrum at the moment of each frame of the video; where nothing is painted, its picture. One
    must not be asked for before the painting behind it. guides: the light of each painting's guide.
    Both are empty where nothing is relit.
    """

    canvases: Iterator[Frame]
    lights: Iterator[Any]
    guides: Iterable[Light]


def chain(job: Job, tools: Tools) -> Iterator[Frame]:
    """The frames of a job's strip, from the first one of its clock on."""
    recipe, clock, course = job.recipe, job.clock, job.course
    store, addresses, stage = tools.store, tools.addresses, tools.stage
    source = paintings(job, tools)
    known = partial(store.fit, addresses.fit) if store and addresses and addresses.fit else None
    more: dict[str, Any] = {"known": known, "response": tools.response}
    fill = partial(_fill(job, tools), source.canvases, recipe.after, painted=recipe.paints, **more)
    if course:
        lights = {"light": source.lights, "guides": source.guides} if recipe.relight else {}
        made = fill(course=course, **lights)
    elif not recipe.relight:
        made = fill()
    elif recipe.paints:
        made = fill(light=source.lights, guides=source.guides)
    else:
        made = (picture for _, picture in zip(fill(), source.lights))  # noqa: B905
    return stage(made if course else interpolate.retime(made, clock.places), "frames")


def _fill(job: Job, tools: Tools) -> Callable[..., Iterator[Frame]]:
    return partial(
        interpolate.between,
        interpolator=job.recipe.interpolator,
        weights=tools.weights,
        device=tools.device,
    )


def paintings(job: Job, tools: Tools) -> Painted:
    """The paintings of a job, from the first one of its clock on, and what lights them.

    Raises SettingsError where a cluster cannot paint them, see `check_apart`.
    """
    if isinstance(tools.painter, ClusterPainter):
        check_apart(job.recipe)
    recipe, clock, style, course = job.recipe, job.clock, job.style, job.course
    store, addresses, stage = tools.store, tools.addresses, tools.stage
    strokes = job.strokes() if recipe.paints else None

    def brush(frames: Iterator[Frame], strokes: Iterator[Stroke] | None) -> Iterator[Frame]:
        if not store or not addresses:
            return diffuse(frames, style, painter=tools.painter, strokes=strokes)
        key, load, keep = addresses.paintings, tools.load, True
        if tools.painter:
            painter = tools.painter.keeping(store.folder, key)
            load, keep = (lambda: painter), not painter.keeps
        if strokes is None:
            return store.paintings(frames, key, lambda rest: load().paint(rest, style), keep=keep)
        return store.paintings(
            frames, key, lambda rest: load().paint_each(rest, style), strokes, keep=keep
        )

    def some(frames: list[Frame], painting: int) -> list[Frame]:
        stroke = None if strokes is None else repeat(job.stroke(painting))
        return list(brush(iter(frames), stroke))

    def paint(frames: Iterator[Frame]) -> Iterator[Frame]:
        if not recipe.paints:
            return frames
        if job.loop and not clock.earlier:
            return _rounds(frames, job.loop.paintings, partial(brush, strokes=strokes))
        if not job.echo:
            return brush(frames, strokes)
        spans = map(course.span, count()) if course else None
        note = echoed if recipe.relight else None
        return job.echo.painted(frames, some, spans=spans, note=note)

    def echoed(guide: Frame, painting: int) -> None:
        # Light that a painting has from its echo is not its moment's: relighting knows it.
        if course:
            guide = course.shown(guide, course.span(painting))
        under.add(light_of(guide))

    light_of = partial(interpolate.light_of, drifting=bool(course))
    # Noted of every tick and of every guide: its light; of ticks that are not painted, all.
    moments: Noted[Any] = Noted()
    under: Noted[Light] = Noted()
    pictures = _drawn(job, tools)
    if recipe.relight:
        note = light_of if recipe.paints else _itself
        pictures = moments.through(pictures, note)
    if job.gaps:
        pictures = at(pictures, clock.ticks)
    drawn = stage(pictures, "spectrum")
    keyframes = every(drawn, clock.stride)
    between = _guides(keyframes, job, tools)
    guides = stage(islice(between, clock.unpainted, None), "guides")
    if recipe.relight and recipe.paints and not job.echo:
        guides = under.through(guides, light_of)
    if course:
        spans = map(course.span, count())
        guides = map(course.canvas, guides, spans)
    painted = stage(paint(guides), "painted")
    places = interpolate.along(clock.filled, clock.places) if course else clock.filled
    lit = interpolate.retime(moments, places)
    return Painted(painted, lit, under)


def _rounds(
    frames: Iterator[Frame], last: int, brush: Callable[[Iterator[Frame]], Iterator[Frame]]
) -> Iterator[Frame]:
    """Guides painted, of which those behind the last one of a round are the first ones again.

    last: how many there are up to there.
    """
    first: list[Frame] = []
    painted = brush(islice(frames, last))
    with closed(painted):
        for painting in painted:
            if len(first) < _AGAIN:
                first.append(painting)
            yield painting
    for _, painting in zip(frames, first):  # noqa: B905
        yield painting


def _guides(keyframes: Iterator[Frame], job: Job, tools: Tools) -> Iterator[Frame]:
    """Keyframes, and what is between them before they are painted."""
    recipe, painter = job.recipe, tools.painter
    flavr = interpolate.chosen(recipe.interpolator, painted=False) == "flavr"
    if flavr and recipe.before > 1 and isinstance(painter, ClusterPainter):
        named = interpolate.check_weights(tools.weights)
        return painter.between(keyframes, recipe.before, interpolator="flavr", weights=named)
    return _fill(job, tools)(keyframes, recipe.before)


def check_apart(recipe: Recipe) -> None:
    """Raises SettingsError where a recipe's paintings cannot be made apart from each other."""
    if recipe.echoes and recipe.paints:
        raise SettingsError(
            "With an echo each painting needs the one before it, so that a cluster has nothing to "
            "share out; choose --echo 0, or leave out --cluster."
        )


def _drawn(job: Job, tools: Tools) -> Iterator[Frame]:
    """Pictures of the spectrum with their embers: those in gaps, too, where these are wanted."""
    recipe, clock, store, addresses = job.recipe, job.clock, tools.store, tools.addresses
    more: dict[str, Any] = {**_changing(job), "gaps": job.gaps}
    before = min(run_in(recipe.look, clock.fps), clock.past)
    if job.loop:
        before = run_in(recipe.look, clock.fps)
        drawn = _closed(job, job.loop, tools, before)
    else:
        draw = partial(spectrum.draw, job.song, recipe.look, clock, before=before, **more)
        if store and addresses and addresses.spectrum:
            last = clock.ticks[-1] + 1 if job.gaps else clock.drawn
            draw = partial(store.spectrum, addresses.spectrum, last, draw)
        drawn = draw()
    glow = glowing(drawn, recipe.look, clock, job.world, first=-before)
    pictures = islice(glow, before, None) if before else glow
    if (guide := job.guide()) is None:
        return pictures
    ticks = range(clock.ticks[-1] + 1) if job.gaps else clock.ticks
    return guided(pictures, map(job.moment_of, ticks), guide, *_mixing(job))


def _closed(job: Job, loop: Loop, tools: Tools, before: int) -> Iterator[Frame]:
    """Pictures of the spectrum of a clip that is a loop, from so many before its first one on."""
    clock, store, addresses = job.clock, tools.store, tools.addresses
    draw = _drawing(job, loop)
    ticks = range(-before, clock.ticks[-1] + 1) if job.gaps else clock.ticks
    wanted = [clock.past + tick for tick in ticks]
    first = max(clock.past, loop.first_tick)
    ticks = [tick for tick in wanted if first <= tick < loop.first_tick + loop.ticks]

    def own() -> Iterator[Frame]:
        """What the song has in the round itself."""
        return at(draw(range(ticks[0], ticks[-1] + 1)), (tick - ticks[0] for tick in ticks))

    def known() -> Iterator[tuple[int, Frame]]:
        made = own()
        if store and addresses and addresses.spectrum:
            made = store.spectrum(addresses.spectrum, len(ticks), own)
        with closed(made):
            yield from zip(ticks, made)  # noqa: B905

    return closing.drawn(wanted, loop, draw, known())


def _drawing(job: Job, loop: Loop) -> closing.Draw:
    """Draws ticks of a loop's first round as the song has them."""

    def draw(ticks: range) -> Iterator[Frame]:
        look, more = job.recipe.look, _changing(job)
        return spectrum.draw_some(job.song, look, loop.clock, ticks, **more)

    return draw


def _changing(job: Job) -> dict[str, Any]:
    """The size of drawings, and what changes along them."""
    return {"size": job.size, "palettes": job.palettes, "gain": job.gain}


def _mixing(job: Job) -> tuple[str, float]:
    """How a guide is mixed into the drawings, and how much of it."""
    return job.recipe.guide_mix, job.recipe.guide_amount


def drawn_moment(job: Job, time: Fraction) -> Frame:
    """The picture of the spectrum that a render shows of one moment, with its guide."""
    drawing = _drawn_moment(job, time)
    if (guide := job.guide()) is None:
        return drawing
    with ending(guide):
        there = guide.at(job.moment_of(spectrum.tick_at(job.clock, time)))
        return mixed(drawing, there, *_mixing(job))


def _drawn_moment(job: Job, time: Fraction) -> Frame:
    """The picture of the spectrum alone, see `spectrum.draw_moment`."""
    look, clock, loop = job.recipe.look, job.clock, job.loop
    if loop is None:
        more: dict[str, Any] = {**_changing(job), "course": job.world}
        return spectrum.draw_moment(job.song, look, time, clock=clock, **more)
    tick = spectrum.tick_at(clock, time)
    first = tick - run_in(look, clock.fps)
    pictures = closing.drawn(range(first, tick + 1), loop, _drawing(job, loop), iter(()))
    return deque(glowing(pictures, look, clock, job.world, first=first), 1)[0]


def film(
    frames: Iterable[Frame],
    job: Job,
    path: Path,
    *,
    song: Song | None = None,
    settings: str = "",
    most: int | None = None,
    encoder: str = "auto",
    target: Target = PLAIN,
) -> Path:
    """Write the frames of a job as its view shows them, with the song's sound.

    frames: those of the stage "frames", from the first one on. song: the part whose sound is
    written, by default all of the job's. settings: the text to store, by default the job's. most:
    pixels of the longer side, where a view shows the frames. encoder, target: see `musvid.write`.

    Raises OutputError when the video cannot be written.
    """
    song = song or job.song
    whole = song == job.song and not job.clock.skipped
    labels = Labels(job.tags)
    if target.labelled:
        seconds, cover = float(song.duration), cover_of(song.path)
        labels = Labels(job.tags, job.chapters, seconds, cover, from_film=whole)
    upscale, first = job.upscale if job.plain else 1, Fraction(job.song.first, job.song.rate)
    with ExitStack() as stack:
        pictures = stack.enter_context(closed(shown(frames, job, most=most)))
        if job.logo:
            times = (first + number / job.file_rate for number in count())
            pictures = stack.enter_context(closed(job.logo.on_each(pictures, times, upscale)))
            upscale = 1
        return video.write(
            islice(pictures, math.ceil(song.duration * job.file_rate)),
            song,
            job.clock,
            path,
            rate=job.file_rate,
            upscale=upscale,
            settings=settings or job.recipe.to_json(),
            encoder=encoder,
            labels=labels,
            target=target,
            script=job.script,
            loop=job.file_frames if whole and job.recipe.loop else 0,
        )


def shown(
    frames: Iterable[Frame], job: Job, *, soon: bool = False, most: int | None = None
) -> Iterator[Frame]:
    """The pictures of a job's video, of its frames. soon: see `musvid.view.flashes.gains`. most: as
    for `film`."""
    first = Fraction(job.song.first, job.song.rate) + job.clock.time(0)
    rate, shot = job.file_rate, job.shot
    if most and not job.plain and (longest := max(shot.size)) > most:
        width, height = (max(2, side * most // longest // 2 * 2) for side in shot.size)
        shot = replace(shot, size=(width, height))

    def seen(how: Callable[..., Iterator[T]], frames: Iterable[Frame]) -> Iterator[T]:
        times = (first + number / rate for number in range(job.file_frames))
        return how(frames, times, shot)

    if not job.recipe.finish.flash_limit:
        return seen(view, frames)
    frames, ahead = tee(frames)  # of which a second is held
    loop = job.recipe.loop and not job.clock.skipped
    return safe(seen(view, frames), seen(luminances, ahead), rate, soon=soon, loop=loop)


def _itself(frame: Frame) -> Frame:
    return frame


def _unnamed(song: Song, overwrite: bool, ending: str) -> Path:
    """The path of a video that was not named: by the song's name, in the current folder."""
    name = Path(f"{stem_of(song.path)}{ending}")
    if not overwrite:
        (name,) = unused([name], is_video_of_ours, keep=song.path)
    return name


@dataclass(frozen=True)
class Addresses:
    """Where a store keeps what a render makes; hashes of all that reaches each stage.

    One that is empty is not kept. frames: tells the frames of all stages from those of every other
    render; of them, no more is kept than what the other addresses name.
    """

    spectrum: str = ""
    paintings: str = ""
    fit: str = ""
    frames: str = ""
    video: str = ""

    @classmethod
    def painted(cls, job: Job, painter: Brush) -> Addresses:
        """The addresses of a job's paintings alone: those of a render with the same settings."""
        return cls(paintings=address(asdict(job.style), _painting(job, painter, "", "")))

    @classmethod
    def of(
        cls,
        job: Job,
        painter: Brush | None,
        device: str,
        flavr_weights: str | os.PathLike[str] | None,
        precision: str = "auto",
        codec: str = "",
    ) -> Addresses:
        """The addresses of a job's frames and of its video.

        painter: the loaded model; without one it must be here, see `models.downloaded`. codec: of
        the video, see `encoder.pick`.
        """
        song, recipe, clock = job.song, job.recipe, job.clock
        sound = [content_of(song.path), song.track, song.first, song.samples]
        moments = list(clock.ticks) if recipe.lock.beats and not job.gaps else []
        drawn = replace(recipe.look, embers=0.0, half_life=Look.half_life)
        look = [asdict(drawn), clock.fps, clock.start, moments, recipe.size, job.palettes]
        look += [recipe.loop]
        heard = [content_of(path) for _, path in recipe.stems]
        heard += [content_of(path) for path in (recipe.midi, recipe.guide) if path]
        if job.gain:  # by whatever it follows
            look += [*job.gained, heard, _code("music")]
        drawing = [_code("spectrum", "keys", *_SOUND), _ffmpeg.identity()]
        painting = _painting(job, painter, device, precision)
        filling = interpolate.fingerprint(recipe.interpolator, flavr_weights)
        if filling:
            filling.append(pick_device(device))
        cover = [] if job.cover is None else [pixels_of(job.cover)]
        cover += [] if job.script is None else [str(job.script)]
        cover += [] if job.logo is None else [pixels_of(job.logo.picture)]
        makers = drawing, painting, filling, _code(".")
        frames = address(sound, recipe.to_json(), cover, heard, makers)
        return cls(
            address(sound, look, drawing),
            address(asdict(job.style), painting),
            address(sound, recipe.unseen.to_json(), heard, makers),
            frames,
            address(frames, codec),
        )


def _painting(job: Job, painter: Brush | None, device: str, precision: str) -> list[object]:
    """What paints a job's frames, as `Addresses.of` takes it."""
    painting: list[object] = []
    if painter:
        painting = [painter.fingerprint, painter.device, painter.precision]
    elif job.recipe.paints:
        model, device = models.find(job.style.model), pick_device(device)
        style = job.style
        found = models.fingerprint(model, style.tiny_autoencoder, style.additions)
        painting = [found, device]
        large = models.is_large(model)
        painting.append(pick_precision(device, precision, large=large))
    return [*painting, _code("paint"), _libraries()]


def _code(*modules: str) -> str:
    """A hash of the source of some modules, so that frames of older code are not reused."""
    folder = Path(__file__).parent
    paths = [path for name in modules for path in (folder / f"{name}.py", folder / name)]
    files = [path for path in paths if path.is_file()]
    files += [file for path in paths if path.is_dir() for file in sorted(path.rglob("*.py"))]
    return address(*(content_of(file) for file in files))


def code() -> str:
    """A hash of musvid's own source: what other code made may look different."""
    return _code(".")


def _libraries() -> list[str]:
    return [version(name) for name in ("torch", "diffusers", "transformers", "numpy")]
