"""Every setting of a render, validated, to and from JSON."""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from fractions import Fraction
from numbers import Integral
from pathlib import PurePath
from typing import Any

from . import _tags, _validate
from .clock import MAX_FACTOR, MAX_FPS, Clock, parse_rate
from .errors import SettingsError, quoted
from .interpolate._names import AUTO, choices
from .music import along, form, stems, story
from .music.curves import Curve
from .music.lock import Lock
from .music.modulation import Modulation
from .paint import models
from .paint.drift import NONE, Drift
from .paint.style import Style
from .ranges import RANGES
from .spectrum.look import Look
from .spectrum.mixes import MIXES, MULTIPLY
from .video import targets
from .view.settings import Camera, Finish, View
from .words.settings import AUTO as WITH_THE_SONG
from .words.settings import Words

_log = logging.getLogger(__name__)

MIN_SIDE, MAX_SIDE = int(RANGES["side"].low), int(RANGES["side"].high)
_NEAR = Fraction(1, 100)  # pictures a second by which a rate may differ from a multiple
_SIZE = re.compile(r"\s*(\d{1,9})\s*(?:x\s*(\d{1,9})\s*)?", re.ASCII | re.IGNORECASE)


RELIT = "relit"
"""The name of the recipe that is the default."""


def motions(stride: int | None = None) -> dict[str, dict[str, Any]]:
    """What the recipes mean by their names: stride, before, after, and whether it is relit.

    The first four are the article's. "relit" paints one picture in so many, and lights those
    between by the spectrum of their own moment (see `musvid.interpolate.relight`).

    stride: of the recipes that leave gaps; by default 8 as in the article, and 16 for relit.
        Factors are chosen so that the video has the picture rate of the drawing, or the highest
        rate below it that factors reach.
    """
    gap, wide = stride or 8, stride or 16
    most, before = min(gap, MAX_FACTOR), max(1, min(round(gap / 2), MAX_FACTOR))
    numbers = {
        "every-frame": (1, 1, 1),
        "diffuse-then-interpolate": (gap, 1, most),
        "interpolate-then-diffuse": (gap, most, 1),
        "hybrid": (gap, before, 2),
        RELIT: (wide, 1, min(wide, MAX_FACTOR)),
    }
    return {
        name: {"stride": kept, "before": before, "after": after, "relight": name == RELIT}
        for name, (kept, before, after) in numbers.items()
    }


RECIPES = motions()
"""The article's four recipes and the relit one, see `motions`."""

MOTION = tuple(RECIPES[RELIT])
"""The settings that a recipe's name stands for."""

_VERSION = 2
_BY = ("strength_by", "guidance_by", "control_scale_by", "seed_by")
_FOLLOWING = (*_BY, "drift_by")
_CAMERA_BY = ("zoom_by", "turn_by", "sway_by", "shake_by")
_PARTS: dict[str, type] = {
    "look": Look,
    "style": Style,
    "lock": Lock,
    "drift": Drift,
    "view": View,
    "camera": Camera,
    "finish": Finish,
    "words": Words,
} | dict.fromkeys((*_FOLLOWING, *_CAMERA_BY), Modulation)

# Settings that are files.
_FILES = (("view", "cover"), ("words", "lyrics"), ("words", "logo"))


def parse_size(value: str | int | tuple[int, int] | list[int]) -> tuple[int, int]:
    """A size in pixels: a side, or ``WIDTHxHEIGHT``. Raises SettingsError if it is no good one."""
    sides: list[Any] = list(value) if isinstance(value, tuple | list) else [value]
    if isinstance(value, str) and (found := _SIZE.fullmatch(value)):
        sides = [int(side) for side in found.groups() if side]
    if len(sides) not in (1, 2) or not all(isinstance(side, Integral) for side in sides):
        raise SettingsError(
            "size must be a side such as 512, or WIDTHxHEIGHT such as 768x432, not "
            f"{quoted(value)}."
        )
    for side in sides:
        if isinstance(side, bool) or side % 8 or not MIN_SIDE <= side <= MAX_SIDE:
            raise SettingsError(
                f"The sides of a picture must be multiples of 8 from {MIN_SIDE} to {MAX_SIDE}; "
                f"{quoted(side)} is not."
            )
    return int(sides[0]), int(sides[-1])


@dataclass(frozen=True)
class Recipe:
    """Every setting of a render, as plain values. None stands for the model's own, see `resolve`.

    track: of a file with several audio tracks, the one to use, from 1; None is its default one.
    start, duration: the part of the song to use, in seconds; None is to the end.
    loop: whether the end of the video flows into its beginning.
    fps: pictures per second of the drawn spectrum, a Fraction. With a lock, the nearest rate that
    puts keyframes on notes is taken.
    stride: every stride-th picture becomes a keyframe.
    before, after: interpolation factors before and after diffusion. One that is left out (0) is
        the one with which every drawn picture has its frame; both left out fill after diffusion.
    relight: whether frames between paintings are lit by the spectrum of their own moment. Left out
        (None), they are, unless before or after is given: the article's recipes do not.
    interpolator: a name from `musvid.interpolate.names`, or "auto".
    size: painted (width, height) in pixels, multiples of 8.
    upscale: the file's size as a multiple of the painted size, 1 to 8.
    look: how the spectrum is drawn. style: how it is painted. lock: keyframes on the beat.
    drift: how texture travels; by default it stays.
    echo: 0 to 0.9, how much of each guide is the painting before it. Above 0, paintings are made in
        order, and two for each that is shown; see `musvid.paint.echo`.
    strength_by, guidance_by, control_scale_by, seed_by: how these settings of the style follow the
        music.
    drift_by: how the drift's speed does, in pixels a second; where it is left out but for the
        source, 60 are added where the curve, smoothed over half a second, is 1.
    curves: settings that change along the song by curves, which take the place of their numbers,
        such as "strength = 0.4 + kick:0.3", one in a line (see `musvid.music.along`). What follows
        the music besides, by the settings above, is added.
    form: where the song's parts begin and which are alike, such as "0:00 A | 0:32 B" (see
        `musvid.music.form`); "auto" is found in the song once something asks for it.
    story: what each of these parts looks like, such as "A: violet nebula | B: view tunnel" (see
        `musvid.music.story`); "auto" is made from the song, "off" is one look for all of it.
    view, camera, finish: how what was painted is shown; they repaint nothing.
    words: what stands on it: title, lyrics, a logo.
    zoom_by, turn_by, sway_by, shake_by: how these settings of the camera follow the music.
    motion_fps: frames per second of the video, a whole multiple of the picture rate: each frame is
        shown several times, and view, camera and finish change in between. None, or 0, is the
        picture rate. With a lock, whose picture rate is not a round one, the nearest multiple is
        taken.
    stems: files of the song's instruments by their names ("drums", ...), to be followed one by one;
        a mapping, or pairs. midi: a MIDI file of its notes. See `musvid.music.listening`.
    guide: a picture or footage that is mixed into the drawings, so that a painting keeps its
        composition (see `musvid.spectrum.guiding`). guide_mix: how, a name from
        `musvid.spectrum.mixes`. guide_amount: 0 to 1, how much.
    title, artist: what the song is called, and who made it, for players and for words on the
        picture; None is what the song's tags say, "" is nothing.
    target: what the video is for, a name from `musvid.video.targets`, whose file it becomes; "" is
        nothing in particular. `aimed` fills in what suits it.
    """

    track: int | None = None
    start: float = 0.0
    duration: float | None = None
    loop: bool = False
    fps: Fraction = Fraction(30)
    stride: int = 16
    before: int = 0
    after: int = 0
    relight: bool | None = None
    interpolator: str = AUTO
    size: tuple[int, int] | None = None
    upscale: int | None = None
    look: Look = field(default_factory=Look)
    style: Style = field(default_factory=Style)
    lock: Lock = field(default_factory=Lock)
    drift: Drift = field(default_factory=Drift)
    echo: float = 0.0
    strength_by: Modulation = field(default_factory=Modulation)
    guidance_by: Modulation = field(default_factory=Modulation)
    control_scale_by: Modulation = field(default_factory=Modulation)
    seed_by: Modulation = field(default_factory=Modulation)
    drift_by: Modulation = field(default_factory=lambda: Modulation(amount=60.0, smoothing=0.5))
    curves: str = ""
    form: str = form.AUTO
    story: str = story.OFF
    view: View = field(default_factory=View)
    camera: Camera = field(default_factory=Camera)
    finish: Finish = field(default_factory=Finish)
    words: Words = field(default_factory=Words)
    zoom_by: Modulation = field(default_factory=Modulation)
    turn_by: Modulation = field(default_factory=Modulation)
    sway_by: Modulation = field(default_factory=Modulation)
    shake_by: Modulation = field(default_factory=Modulation)
    motion_fps: Fraction | None = None
    stems: tuple[tuple[str, str], ...] = ()
    midi: str | None = None
    guide: str | None = None
    guide_mix: str = MULTIPLY
    guide_amount: float = 0.8
    title: str | None = None
    artist: str | None = None
    target: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "fps", parse_rate(self.fps))
        if (motion := self.motion_fps) is not None:
            none = _validate.fraction(motion) == 0
            object.__setattr__(
                self, "motion_fps", None if none else parse_rate(motion, "motion_fps")
            )
        if self.size is not None:
            object.__setattr__(self, "size", parse_size(self.size))
        for name in ("track", "start", "duration", "upscale", "echo"):
            if name in ("start", "echo") or getattr(self, name) is not None:
                RANGES[name].check(name, getattr(self, name))
        for name in (*_FOLLOWING, *_CAMERA_BY):
            RANGES[f"{name}.amount"].check("amount", getattr(self, name).amount)
        for name in ("title", "artist"):
            if (said := getattr(self, name)) is not None:
                _validate.text(name, said, _tags.LONGEST)
                object.__setattr__(self, name, _tags.line(said))
        object.__setattr__(self, "target", targets.find(self.target).name)
        if not isinstance(self.loop, bool):
            raise SettingsError(f"loop must be true or false, not {quoted(self.loop)}.")
        _validate.choice("interpolator", self.interpolator, choices())
        object.__setattr__(self, "curves", along.check(self.curves))
        object.__setattr__(self, "form", form.check(self.form))
        object.__setattr__(self, "story", story.check(self.story))
        object.__setattr__(self, "stems", stems.check(self.stems))
        if self.midi is not None:
            object.__setattr__(self, "midi", stems.path_of("midi", self.midi))
        if self.guide is not None:
            object.__setattr__(self, "guide", stems.path_of("guide", self.guide))
        _validate.choice("guide_mix", self.guide_mix, MIXES)
        RANGES["guide_amount"].check("guide_amount", self.guide_amount)
        self._fill()
        # Checks stride, before and after, alone and together; with a tempo, its clock does.
        Clock(Fraction(1), self.fps, self.stride, self.before, self.after)

    def _fill(self) -> None:
        """Put numbers where before, after and relight are left out."""
        for name in ("stride", "before", "after"):
            value = getattr(self, name)
            if name == "stride" or type(value) is not int or value != 0:
                RANGES[name].check(name, value)
        if self.relight is None:
            object.__setattr__(self, "relight", not (self.before or self.after))
        elif not isinstance(self.relight, bool):
            raise SettingsError(f"relight must be true or false, not {quoted(self.relight)}.")
        if not self.before:
            whole = round(self.stride / self.after) if self.after else 1
            object.__setattr__(self, "before", max(1, min(whole, MAX_FACTOR)))
        if not self.after:
            whole = max(1, min(round(self.stride / self.before), MAX_FACTOR))
            object.__setattr__(self, "after", whole)

    @classmethod
    def named(cls, name: str, **settings: Any) -> Recipe:
        """A recipe by its name (see `RECIPES`), with other settings as they are given."""
        _validate.choice("recipe", name, RECIPES)
        return cls(**{**RECIPES[name], **settings})

    @property
    def motion(self) -> str | None:
        """The name of the recipe that moves as this one does, if there is one.

        The relit one is known at every stride, as the article's are where they are locked to a
        beat.
        """
        mine = {name: getattr(self, name) for name in MOTION}
        known = motions(self.stride)
        if not self.lock or self.stride == 1:
            known = {**RECIPES, RELIT: known[RELIT]}
        return next((name for name, settings in known.items() if settings == mine), None)

    @property
    def paints(self) -> bool:
        """Whether anything is painted: the strength is above 0, or music or story raise it."""
        told = story.of(self.story)
        own = self.style.strength != 0
        if (curve := self.along.get("strength")) is not None:
            own = curve.constant is None or curve.constant > 0
        return own or bool(self.strength_by) or bool(told and told.paints)

    @property
    def along(self) -> Mapping[str, Curve]:
        """The settings that change by curves, by the names in `musvid.music.along.SETTINGS`."""
        return along.parse(self.curves)

    @property
    def echoes(self) -> bool:
        """Whether paintings flow into the next ones, somewhere."""
        return bool(self.echo) or "echo" in self.along

    @property
    def drifts(self) -> bool:
        """Whether texture travels: somewhere, by itself or because the music moves it."""
        moved = self.drift_by or "drift" in self.along
        return bool(self.drift or (self.drift.direction != NONE and moved))

    def in_time(self, motion: str | None = None) -> Recipe:
        """The same recipe with the stride whose picture rate comes closest to `fps` (see `Lock`).

        motion: the name of a recipe, which then decides before and after for the new stride; by
            default the one whose numbers this recipe has, if any. Without a lock the stride is that
            of the recipe.

        Raises SettingsError while the tempo is not known.
        """
        stride = self.lock.stride(self.fps) if self.lock else None
        motion = motion or self.motion
        if motion is None:
            return replace(self, stride=stride or self.stride)
        _validate.choice("recipe", motion, RECIPES)
        return replace(self, **motions(stride)[motion])

    def variants(self) -> dict[str, Recipe]:
        """This recipe as each of `RECIPES`, at one picture rate, by their names; for nothing in
        particular.

        Locked to a beat, their stride is the even one from 4 to 16 that comes closest to `fps`.
        """
        if not self.lock:
            return {name: replace(self, target="", **motion) for name, motion in RECIPES.items()}
        stride = min(16, max(4, 2 * round(self.fps / self.lock.per_second / 2)))
        wished = replace(self, fps=stride * self.lock.per_second, target="")
        return {name: replace(wished, **motion) for name, motion in motions(stride).items()}

    def remarks(self) -> list[str]:
        """Sentences on what the model will not read of the prompts, see `Style.remarks`, and on a
        negative prompt that has no effect.

        Raises SettingsError for an unknown model.
        """
        told = story.of(self.story)
        styles = [replace(self.style, prompt=prompt) for prompt in told.prompts] if told else []
        said = dict.fromkeys(each for style in (self.style, *styles) for each in style.remarks())
        guided = (self.style.resolve().guidance or 1) > 1 or bool(self.guidance_by)
        if self.style.negative_prompt.strip() and not guided:
            said["The negative prompt has no effect without a guidance above 1"] = None
        return list(said)

    @property
    def followers(self) -> dict[str, Modulation]:
        """How settings of the style follow the music, by their names ("strength", ...)."""
        return {name.removesuffix("_by"): getattr(self, name) for name in _BY}

    @property
    def camera_by(self) -> dict[str, Modulation]:
        """How settings of the camera follow the music, by their names: those that do."""
        by = {name.removesuffix("_by"): getattr(self, name) for name in _CAMERA_BY}
        return {name: modulation for name, modulation in by.items() if modulation}

    @property
    def shown_along(self) -> bool:
        """Whether how the video is shown changes along the song, in another way than by views."""
        return bool(self.camera_by) or any(name in self.along for name in along.SHOWN)

    @property
    def unseen(self) -> Recipe:
        """The same recipe without what shows it: view, camera and finish are those that show
        frames as they are, each once, and nothing says what the song is called, or stands on them.
        """
        still: dict[str, Any] = dict.fromkeys(_CAMERA_BY, Modulation())
        still |= {"title": None, "artist": None, "target": "", "words": Words()}
        still["motion_fps"] = None
        still["curves"] = along.joined(self.curves, dict.fromkeys(along.SHOWN, ""))
        if told := story.of(self.story):
            still["story"] = str(told.unseen)
        return replace(self, upscale=None, view=View(), camera=Camera(), finish=Finish(), **still)

    def with_model(self, name: str) -> Recipe:
        """The same recipe for another model: what suited the old one does not suit the new one."""
        if name == self.style.model:
            return self
        style = replace(self.style, model=name, steps=None, guidance=None, symmetry=None)
        return replace(self, size=None, upscale=None, style=style)

    def with_view(self, kind: str) -> Recipe:
        """The same recipe in another view, which has its own camera and finish."""
        if kind == self.view.kind:
            return self
        view = replace(self.view, kind=kind, copies=None, bend=None)
        names = ("motion_fps", "title", "artist", "target", "words")
        kept = {name: getattr(self, name) for name in names}
        return replace(self.unseen, view=view, **kept)

    def aimed(self, name: str) -> Recipe:
        """The same recipe with what a target fills in: size, duration, rate, loop, stride.

        A duration that suits it stays. name: from `musvid.video.targets`, or "", which fills in
        nothing. Raises SettingsError where there is none of that name.
        """
        target = targets.find(name)
        if not target.name:
            return replace(self, target="")
        most = target.longest or math.inf
        suits = self.duration is not None and target.shortest <= self.duration <= most
        motion: dict[str, Any] = {}
        if target.stride and self.motion == RELIT:
            motion = motions(target.stride)[RELIT]
        made = replace(
            self,
            target=target.name,
            view=replace(self.view, shown=target.size),
            duration=self.duration if suits else target.filled,
            loop=target.loop,
            **motion,
        )
        rate = made.fps * made.before * made.after / made.stride
        if made.motion_fps is None and rate < target.rates[0]:
            made = replace(made, motion_fps=rate * math.ceil(target.rates[0] / rate))
        return made

    def _check_target(self) -> None:
        """Raises SettingsError where what is asked for is not what the video is for."""
        if not self.target:
            return
        target = targets.find(self.target)
        if target.loop and not self.loop:
            raise SettingsError(f"--for {target.name} is a loop; leave out --no-loop.")
        target.check_shown(self.view.shown or self._painted)
        if self.duration is not None:
            target.check_duration(self.duration)

    @property
    def _painted(self) -> tuple[int, int]:
        """The size of a resolved recipe's paintings as they are enlarged."""
        width, height = self.size or (0, 0)
        return width * (self.upscale or 1), height * (self.upscale or 1)

    def repeats(self, rate: Fraction) -> int:
        """How often each frame is shown, where there are so many a second. See `motion_fps`."""
        if self.motion_fps is None:
            return 1
        return max(1, min(round(self.motion_fps / rate), int(MAX_FPS / rate)))

    def _check_motion(self) -> None:
        """Raises SettingsError where `motion_fps` is no multiple of the picture rate."""
        rate = self.fps * self.before * self.after / self.stride
        if self.lock or self.motion_fps is None:
            return
        if abs(self.motion_fps - self.repeats(rate) * rate) > _NEAR:
            fit = [f"{float(rate * often):.6g}" for often in range(1, int(MAX_FPS / rate) + 1)]
            raise SettingsError(
                "motion_fps must be a whole multiple of the picture rate: "
                f"{', '.join(fit[:6])}{', ...' if len(fit) > 6 else ''}; "
                f"{float(self.motion_fps):.6g} is none of them."
            )

    def resolve(self) -> Recipe:
        """The same recipe with every None that stands for a model's default replaced by it.

        Raises SettingsError for an unknown model, a file larger than 4096 pixels a side, a drift
        that does not suit the style's symmetry, or a rate that is no multiple of the pictures'.
        """
        self._check_motion()
        model = models.find(self.style.model)
        size = self.size or (model.size, model.size)
        resolved = replace(
            self,
            size=size,
            upscale=self.upscale or model.upscale,
            style=self.style.resolve(),
            view=self.view.resolve(),
            camera=self.camera.resolve(self.view.kind),
            finish=self.finish.resolve(self.view.kind),
            drift=self.drift.resolve(size, float(self.stride / (self.fps * self.before))),
        )
        resolved._check_target()
        if resolved.loop and resolved.echo and resolved.paints:
            raise SettingsError(
                "With an echo each painting needs the one before it, so that the first one cannot "
                "follow the last; choose --echo 0, or --no-loop."
            )
        if resolved.drifts:
            resolved.drift.check(resolved.style.symmetry)
        told = story.of(self.story)
        if told and self.look.palette == story.OWN_COLOURS:
            for letter, entry in told.entries:
                if entry.palette:
                    raise SettingsError(
                        f"The palette {self.look.palette} cannot become another one, as the story "
                        f"says of part {letter}; choose another --palette."
                    )
        assert resolved.size is not None and resolved.upscale is not None
        larger = max(resolved.size) * resolved.upscale > 2 * MAX_SIDE
        if larger and self.view.shown is None:
            width, height = (side * resolved.upscale for side in resolved.size)
            raise SettingsError(
                f"The video would be {width}x{height} pixels; choose a smaller size or upscale, "
                f"so that no side is above {2 * MAX_SIDE}."
            )
        return resolved

    def to_json(self) -> str:
        """These settings as JSON, which `from_json` reads.

        Of a cover, lyrics, a logo, stems, a MIDI file and a guide it holds the files' names: in
        which folder they lie is
        nobody's business.
        """
        size = self.size and f"{self.size[0]}x{self.size[1]}"
        values = {"musvid": _VERSION, **asdict(self), "fps": str(self.fps), "size": size}
        bpm = self.lock.bpm
        values["motion_fps"] = None if self.motion_fps is None else str(self.motion_fps)
        for part, name in _FILES:
            if path := values[part][name]:
                values[part][name] = PurePath(path).name
        values["stems"] = {name: PurePath(path).name for name, path in self.stems}
        values["midi"] = self.midi and PurePath(self.midi).name
        values["guide"] = self.guide and PurePath(self.guide).name
        if shown := self.view.shown:
            values["view"]["shown"] = f"{shown[0]}x{shown[1]}"
        values["lock"]["bpm"] = None if bpm is None else f"{float(bpm):.10g}"
        return json.dumps(values, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, remarks: list[str] | None = None) -> Recipe:
        """The settings that a JSON text holds; what it leaves out has its default.

        Files (a cover, lyrics, a guide, ...) are dropped: whoever wrote the settings
        must not have another's file shown, or listened to. That is appended to the remarks, or else
        logged.

        Raises SettingsError when it is not such a text, or a setting is unknown or wrong.
        """
        try:
            values = json.loads(text.removeprefix("\ufeff"), parse_int=_whole)
        except json.JSONDecodeError as error:
            raise SettingsError(f"The settings are not JSON ({error}).") from None
        except RecursionError:
            raise SettingsError(
                "The settings are nested too deeply; they must be a JSON object, such as "
                '{"stride": 8}.'
            ) from None
        if not isinstance(values, dict):
            raise SettingsError('The settings must be a JSON object, such as {"stride": 8}.')
        version = values.pop("musvid", _VERSION)
        if version == 1 and not isinstance(version, bool):  # before there was relighting
            values = {"stride": 8, "before": 4, "after": 2, "relight": False, **values}
        elif version != _VERSION:
            raise SettingsError("The settings were written by a newer musvid; update it.")
        dropped = _without_files(values)
        if remarks is not None:
            remarks.extend(dropped)
        else:
            for remark in dropped:
                _log.warning(remark)
        return cls._from(values)

    @classmethod
    def _from(cls, values: Mapping[str, Any]) -> Recipe:
        made: dict[str, Any] = _known(cls, values)
        plain = cls()
        for name, part in _PARTS.items():
            if name in made:
                if not isinstance(made[name], dict):
                    raise SettingsError(f"{name} must be a JSON object.")
                made[name] = replace(getattr(plain, name), **_known(part, made[name]))
        return cls(**made)

    def flat(self) -> dict[str, Any]:
        """These settings by name, those of a part as ``look.gain`` or ``style.prompt``.

        As JSON has them: fps and bpm are texts such as "30", size one such as "512x512" or None.
        """
        values: dict[str, Any] = json.loads(self.to_json())
        values.pop("musvid")
        parts = {name: values.pop(name) for name in _PARTS}
        for name, part in parts.items():
            values |= {f"{name}.{key}": value for key, value in part.items()}
        return values

    @classmethod
    def from_flat(cls, values: Mapping[str, Any]) -> Recipe:
        """The recipe of settings by name, as `flat` gives them; what is left out has its default.

        Raises SettingsError when a setting is unknown or wrong, or there is a cover, a logo, a name
        of lyrics, a stem or a MIDI file, which are no settings by name but files.
        """
        nested: dict[str, Any] = {}
        for name, value in values.items():
            part, dot, key = name.partition(".")
            if dot and part in _PARTS:
                name, value = part, {key: value}
            whole = nested.get(name, {})
            if name in _PARTS and isinstance(whole, dict) and isinstance(value, dict):
                nested[name] = {**whole, **value}
            elif isinstance(whole, dict):  # else it is no part, which is told below
                nested[name] = value
        for _, name, _ in _files_in(nested):
            if name == "lyrics":
                raise SettingsError(
                    'Lyrics are a file, which settings cannot name; "auto" takes the song\'s own.'
                )
            raise SettingsError(f"A {name} is a file, which settings cannot name; leave it out.")
        if nested.pop("stems", None):
            raise SettingsError("Stems are files, which settings cannot name; leave them out.")
        if nested.pop("midi", None):
            raise SettingsError("A MIDI file is one that settings cannot name; leave it out.")
        if nested.pop("guide", None):
            raise SettingsError("A guide is a file, which settings cannot name; leave it out.")
        return cls._from(nested)


def _files_in(values: Mapping[str, Any]) -> list[tuple[str, str, Any]]:
    """What settings say of files: the part, the name, and the value of each."""
    return [
        (part, name, path)
        for part, name in _FILES
        if isinstance(given := values.get(part), dict)
        and (path := given.get(name)) is not None
        and not (name == "lyrics" and path == WITH_THE_SONG)
    ]


def _without_files(values: dict[str, Any]) -> list[str]:
    """Take the files out of settings that somebody else may have written; what is said of that."""
    said = []
    for part, name, path in _files_in(values):
        del values[part][name]
        article, them = ("The lyrics", "are") if name == "lyrics" else (f"The {name}", "is")
        said.append(
            f"{article} {quoted(path)} {them} not taken from settings, which show no file; "
            f"give {'it' if them == 'is' else 'them'} again."
        )
    if given := values.pop("stems", None):
        said.append(
            f"The stems {quoted(given)} are not taken from settings, which open no file; give them "
            "again."
        )
    if (midi := values.pop("midi", None)) is not None:
        said.append(
            f"The MIDI file {quoted(midi)} is not taken from settings, which open no file; give it "
            "again."
        )
    if (guide := values.pop("guide", None)) is not None:
        said.append(
            f"The guide {quoted(guide)} is not taken from settings, which show no file; give it "
            "again."
        )
    return said


def _known(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of which every name is a field. JSON's NaN and Infinity are refused here already."""
    names = {entry.name for entry in fields(kind)}
    for name, value in values.items():
        if name not in names:
            raise SettingsError(
                f"There is no setting {quoted(name)}; the settings are {', '.join(sorted(names))}."
            )
        if isinstance(value, float) and not math.isfinite(value):
            raise SettingsError(f"{name} must be a number, not {value}.")
    return dict(values)


def _whole(digits: str) -> int | float:
    """A whole number of a JSON text; one of more digits than any setting has is a float."""
    return int(digits) if len(digits) <= 40 else float(digits)
