"""What whoever starts the page allows its visitors."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import SettingsError, listed, quoted
from ..estimate import Plan, denoised, spoken
from ..job import Job
from ..paint import models
from ..recipe import Recipe
from ..song import Song

_PUBLIC_SECONDS = 60.0
_PUBLIC_SIDE = 768
_PUBLIC_SONG = 180.0
_PUBLIC_DENOISED = 8.0
_PUBLIC_FILMED = 6.0
_PUBLIC_ESTIMATE = 900.0
_PUBLIC_RENDER = 1200.0
_PUBLIC_DISK = 10.0
_PUBLIC_GRACE = 5.0
_MOMENTS = 100  # how much less may be denoised for a picture of a moment than for a render


@dataclass(frozen=True)
class Limits:
    """Limits of a page.

    any_model: whether a hub id, folder or file may be typed in, rather than a model of the table
        chosen; and whether a video may be made with such a model.
    seconds: the longest clip. side: the largest side of a painting in pixels. upload: megabytes of
        a song. song: minutes that a whole song may last, of which a clip is a part. queue: renders
        and paintings that may wait. keep: minutes until what was shown to a visitor is deleted.
    denoised: billions of pixels that a render may denoise, see `Plan`; a hundredth of that for the
        picture of a moment. filmed: billions of pixels in a video. estimate: seconds that a render
        is expected to take. render: seconds after which it is stopped.
    disk: gigabytes of all visitors' files. grace: minutes in which a visitor whose connection was
        lost finds everything as it was; None keeps it until the page ends.
    looks: how many presets are painted of a song that arrives; None for all.
    """

    any_model: bool = True
    seconds: float | None = None
    side: int | None = None
    upload: int = 500
    queue: int = 20
    keep: float = 24 * 60
    song: float | None = None
    denoised: float | None = None
    filmed: float | None = None
    estimate: float | None = None
    render: float | None = None
    disk: float | None = None
    grace: float | None = None
    looks: int | None = None

    @property
    def disk_bytes(self) -> float | None:
        """Bytes of all visitors' files."""
        return None if self.disk is None else 1e9 * self.disk

    @classmethod
    def of(cls, *, public: bool, environment: Mapping[str, str] | None = None) -> Limits:
        """Those that the environment asks for: MUSVID_MAX_SECONDS, MUSVID_MAX_SIDE,
        MUSVID_MAX_UPLOAD_MB, MUSVID_MAX_SONG_MINUTES, MUSVID_MAX_QUEUE, MUSVID_KEEP_MINUTES,
        MUSVID_MAX_DENOISED, MUSVID_MAX_FILMED, MUSVID_MAX_ESTIMATE, MUSVID_MAX_RENDER,
        MUSVID_MAX_DISK_GB, MUSVID_GRACE_MINUTES, MUSVID_MAX_LOOKS and MUSVID_ANY_MODEL (0 or 1).

        public: whether anybody can come, which has stricter defaults.

        Raises SettingsError when one of them is not a number above 0 (of looks, 0 or above).
        """
        given = os.environ if environment is None else environment

        def number(name: str, otherwise: float | None) -> float | None:
            text = given.get(name, "").strip()
            if not text:
                return otherwise
            try:
                value = float(text)
            except ValueError:
                value = 0
            if not 0 < value < 1e9:
                raise SettingsError(f"{name} must be a number above 0, not {quoted(text)}.")
            return value

        any_model = given.get("MUSVID_ANY_MODEL", "").strip()
        if any_model not in ("", "0", "1"):
            raise SettingsError(f"MUSVID_ANY_MODEL must be 0 or 1, not {quoted(any_model)}.")
        looks = given.get("MUSVID_MAX_LOOKS", "").strip()
        if looks and not (looks.isdecimal() and len(looks) < 9):
            raise SettingsError(f"MUSVID_MAX_LOOKS must be a whole number, not {quoted(looks)}.")
        side = number("MUSVID_MAX_SIDE", _PUBLIC_SIDE if public else None)
        return cls(
            any_model=any_model == "1" if any_model else not public,
            seconds=number("MUSVID_MAX_SECONDS", _PUBLIC_SECONDS if public else None),
            side=None if side is None else int(side),
            upload=int(number("MUSVID_MAX_UPLOAD_MB", 100 if public else 500) or 1),
            song=number("MUSVID_MAX_SONG_MINUTES", _PUBLIC_SONG if public else None),
            queue=int(number("MUSVID_MAX_QUEUE", 20) or 1),
            keep=number("MUSVID_KEEP_MINUTES", 24 * 60) or 1,
            denoised=number("MUSVID_MAX_DENOISED", _PUBLIC_DENOISED if public else None),
            filmed=number("MUSVID_MAX_FILMED", _PUBLIC_FILMED if public else None),
            estimate=number("MUSVID_MAX_ESTIMATE", _PUBLIC_ESTIMATE if public else None),
            render=number("MUSVID_MAX_RENDER", _PUBLIC_RENDER if public else None),
            disk=number("MUSVID_MAX_DISK_GB", _PUBLIC_DISK if public else None),
            grace=number("MUSVID_GRACE_MINUTES", _PUBLIC_GRACE if public else None),
            looks=int(looks) if looks else None,
        )

    @property
    def told(self) -> str:
        """What a visitor should know before any work, in a sentence or two; "" without limits."""
        most = []
        if self.song is not None:
            most.append(f"songs of up to {self.upload} MB and {spoken(60 * self.song)}")
        if self.seconds is not None:
            most.append(f"videos of up to {spoken(self.seconds)}")
        if self.render is not None:
            most.append(f"at most {spoken(self.render)} of work for each")
        said = f"So that everybody has a turn: {listed(most)}." if most else ""
        if self.grace is not None:
            said += f" Your files are deleted {spoken(60 * self.grace)} after you leave."
        return said.strip()

    def check(self, recipe: Recipe, song: Song | None = None, *, renders: int = 1) -> None:
        """Raises SettingsError when a recipe, or the render of a song's part, exceeds the limits.

        renders: how often the part is rendered; the longest clip is divided by it.
        """
        style = recipe.style
        if not self.any_model:
            if style.model not in models.TABLE:
                names = ", ".join(models.TABLE)
                raise SettingsError(f"Here the model must be one of {names}; choose one of them.")
            if not isinstance(style.tiny_autoencoder, bool):
                raise SettingsError(
                    "Here the tiny autoencoder must be the model's own; switch it on or off."
                )
            for what, added in (("LoRA", style.lora), ("ControlNet", style.control)):
                if added:
                    raise SettingsError(f"Here a model is as it comes; leave the {what} out.")
        size = recipe.resolve().size
        assert size is not None
        if self.side and max(size) > self.side:
            raise SettingsError(
                f"Here a painting's sides are at most {self.side} pixels; choose a smaller size."
            )
        longest = self.seconds and self.seconds / renders
        if song and longest and song.duration > longest:
            often = f" that is rendered {renders} times" if renders > 1 else ""
            raise SettingsError(
                f"Here a clip{often} is at most {longest:g} s long; choose a shorter one."
            )

    def afford(self, *plans: Plan) -> None:
        """Raises SettingsError when renders, which are made in one go, are too much work."""
        for limit, needed, what, less in (
            (
                self.denoised,
                sum(plan.denoised for plan in plans) / 1e9,
                "denoise {} billion pixels (paintings x steps x size, twice with guidance)",
                "fewer steps, fewer paintings, a smaller size or a shorter clip",
            ),
            (
                self.filmed,
                sum(plan.filmed for plan in plans) / 1e9,
                "have {} billion pixels in all frames of its video",
                "a smaller size, fewer frames a second or a shorter clip",
            ),
        ):
            if limit is not None and needed > limit:
                raise SettingsError(
                    f"Here a render may {what.format(f'{limit:g}')}, and this one needs "
                    f"{needed:.3g}; choose {less}."
                )
        seconds = sum(plan.seconds or 0 for plan in plans)
        if self.estimate is not None and seconds > self.estimate:
            raise SettingsError(
                f"Here a render may take about {spoken(self.estimate)}, and this one would take "
                f"{spoken(seconds)}; choose a shorter clip or a smaller size."
            )

    def afford_moment(self, job: Job, pictures: int = 1) -> None:
        """Raises SettingsError when it is too much work to paint so many pictures of a moment."""
        self.afford_moments([job] * pictures)

    def afford_moments(self, jobs: Sequence[Job], less: str = "") -> None:
        """Raises SettingsError when it is too much work to paint a picture of a moment for each.

        less: what else there could be less of, for the sentence.
        """
        limit = self.denoised and self.denoised / _MOMENTS
        echo = any(job.echo for job in jobs)
        needed = sum(denoised(job) * (job.echo.longest if job.echo else 1) for job in jobs) / 1e9
        if limit and needed > limit:
            raise SettingsError(
                f"Here {1000 * limit:g} million pixels may be denoised for a moment, and this "
                f"needs {1000 * needed:.3g}; choose {less}fewer steps or a smaller size"
                f"{', or no echo' if echo else ''}."
            )
