"""How frames are painted: the settings of a style, and of one frame."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .. import _validate
from ..errors import SettingsError, listed, quoted
from ..ranges import RANGES
from . import control, emphasis, inversions, loras, models, prompts, tensors, words
from .schedulers import SCHEDULERS

SYMMETRIES = ("half", "noise", "none")


@dataclass(frozen=True)
class Style:
    """How frames are painted. A setting that is None is the model's own; see `resolve`.

    model: a name, hub id, folder or file, see `musvid.paint.models.find`.
    prompt, negative_prompt: what to paint, and what not (the latter needs guidance above 1). A
        prompt may change along time, see `musvid.paint.prompts`, and words may have weights, see
        `musvid.paint.emphasis`.
    strength: 0 to 1, how far a painting leaves its frame. 0 is the frame itself, without any
        model; 1 hardly knows the frame any more.
    steps: denoising steps per painting, run in full whatever the strength.
    guidance: 1 to 30, classifier-free guidance scale (Ho and Salimans, arXiv 2207.12598); 1 is
        none, and half the work.
    seed: 0 to 2^32 - 1; the noise that all frames share.
    symmetry: "half" paints the left half and a margin over the axis, and mirrors it: exactly
        symmetric, without a seam, in about half the time; "noise" paints the whole frame from
        noise that is mirrored, so that what the model adds is nearly symmetric; "none" paints the
        whole frame from ordinary noise.
    tiny_autoencoder: whether to use the model's small, fast autoencoder (TAESD), where the model
        table names one; or the hub id or folder of one.
    lora: additions to the model, see `musvid.paint.loras`.
    control: ControlNets that hold paintings to pictures of their guides, see
        `musvid.paint.control`. control_scale: 0 to 2, how much all of them count.
    scheduler: a name from `musvid.paint.schedulers`, or None for the model's own.
    embedding: words that it is taught, see `musvid.paint.inversions`.
    """

    model: str = "sketch"
    prompt: str | None = None
    negative_prompt: str = ""
    strength: float | None = None
    steps: int | None = None
    guidance: float | None = None
    seed: int = 0
    symmetry: str | None = None
    tiny_autoencoder: bool | str = False
    lora: str = ""
    control: str = ""
    control_scale: float = 1.0
    scheduler: str | None = None
    embedding: str = ""

    def __post_init__(self) -> None:
        _validate.text("model", self.model, 4096)
        _validate.text("negative prompt", self.negative_prompt)
        emphasis.parse(self.negative_prompt)
        RANGES["style.seed"].check("seed", self.seed)
        if self.prompt is not None:
            _validate.text("prompt", self.prompt)
            prompts.parse(self.prompt)
        for name in ("strength", "steps", "guidance"):
            if getattr(self, name) is not None:
                RANGES[f"style.{name}"].check(name, getattr(self, name))
        if self.symmetry is not None:
            _validate.choice("symmetry", self.symmetry, SYMMETRIES)
        if not isinstance(self.tiny_autoencoder, bool):
            _validate.text("tiny autoencoder", self.tiny_autoencoder, 4096)
        _validate.text("lora", self.lora, 4096)
        loras.parse(self.lora)
        _validate.text("control", self.control, 4096)
        control.parse(self.control)
        RANGES["style.control_scale"].check("control_scale", self.control_scale)
        if self.scheduler is not None:
            _validate.choice("scheduler", self.scheduler, SCHEDULERS)
        _validate.text("embedding", self.embedding, 4096)
        inversions.parse(self.embedding)

    def resolve(self) -> Style:
        """The same style with every None replaced by the model's default.

        Raises SettingsError for an unknown model, for a LoRA, a ControlNet or a textual inversion
        that is not there, and for a model that takes none.
        """
        model = models.find(self.model)
        self._check_additions(model)
        defaults = {
            name: getattr(model, name)
            for name in ("prompt", "strength", "steps", "guidance", "symmetry")
            if getattr(self, name) is None
        }
        return replace(self, **defaults)

    def _check_additions(self, model: models.Model) -> None:
        """Raises SettingsError for what a model does not take, and for what is not there."""
        named = {
            "LoRA": [lora.name for lora in loras.parse(self.lora)],
            "textual inversion": list(inversions.parse(self.embedding)),
            "ControlNet": self._nets(model),
        }
        for what, names in named.items():
            if model.kind == "embedded" and names:
                raise SettingsError(
                    f"The model {model.name} takes no {what}; leave it out, or choose a Stable "
                    "Diffusion model."
                )
            for name in filter(None, names):
                if models.local(name) is None and not models.on_hub(models.part_of(name)[0]):
                    raise SettingsError(
                        f"There is no {what} {quoted(name)}; give a .safetensors file or a folder "
                        "that exists, or a hub id (owner/name)."
                    )
        if model.kind == "embedded" and self.scheduler:
            raise SettingsError(
                f"The model {model.name} has one scheduler; leave it out, or choose a Stable "
                "Diffusion model."
            )

    def _nets(self, model: models.Model) -> list[str]:
        """The ControlNets' hub ids, files and folders, "" where that is not known yet."""
        if not self.control:
            return []
        family = tensors.family(model)
        return [control.net(each, family) for each in control.parse(self.control)]

    @property
    def made_of(self) -> tuple[object, ...]:
        """What is loaded for it: styles that have this in common share a painter."""
        nets = [(each.kind, each.source) for each in control.parse(self.control)]
        own = self.model, self.tiny_autoencoder, self.lora, self.embedding, self.scheduler
        return *own, tuple(nets)

    @property
    def additions(self) -> list[str]:
        """The hub ids, files and folders of what is added to the model, as far as they are
        known."""
        names = [lora.name for lora in loras.parse(self.lora)]
        nets = self._nets(models.find(self.model))
        return [*names, *inversions.parse(self.embedding), *filter(None, nets)]

    def ignored(self) -> list[str]:
        """The words of the prompt that the model does not know, each once, in their order.

        Empty for models that read free text. Raises SettingsError for an unknown model.
        """
        vocabulary = models.find(self.model).vocabulary
        text = " ".join(emphasis.plain(part) for _, part in prompts.parse(self.prompt or ""))
        return [] if vocabulary is None else words.unknown(text, vocabulary)

    def remarks(self) -> list[str]:
        """Sentences on what the model will not read of the prompts: words that it does not know,
        and the end of a prompt that is too long for it.

        Raises SettingsError for an unknown model.
        """
        model, style = models.find(self.model), self.resolve()
        said = []
        if ignored := self.ignored():
            near = {word: words.nearest(word, model.vocabulary or ()) for word in ignored}
            told = [
                f"{word} (did you mean {near[word]}?)" if near[word] else word for word in ignored
            ]
            said.append(f"{self.model} does not know, and ignores: {listed(told)}")
        texts = [prompt for _, prompt in prompts.parse(style.prompt or "")]
        if (style.guidance or 1) > 1:
            texts.append(style.negative_prompt)
        for text in texts if model.reads else ():
            if rest := words.unread(emphasis.plain(text), model.reads or 0, model.vocabulary):
                what = "words and signs" if model.vocabulary is None else "words that it knows"
                said.append(
                    f"{self.model} reads the first {model.reads} {what} of a prompt, and not "
                    f"{quoted(rest)}"
                )
        return said

    @property
    def stroke(self) -> Stroke:
        """How every frame is painted. The style must be resolved; a prompt is the one at time 0."""
        assert self.prompt is not None and self.strength is not None and self.guidance is not None
        return Stroke(
            prompts.weights(prompts.parse(self.prompt), 0),
            self.strength,
            self.guidance,
            control_scale=self.control_scale,
            loras=tuple(loras.rounded(lora.weight) for lora in loras.parse(self.lora) if lora.by),
        )


@dataclass(frozen=True)
class Ring:
    """How the noise of a clip that is a loop comes back to where it began.

    seeds: of the walk, after which it is at the first one again; 0 is none.
    way: rows and columns by which the world moves in a round, in pixels. back: how far the noise
        has gone over into what lies one such way before, 0 to 1; None is a world that has the same
        noise again after that way.
    """

    seeds: int = 0
    way: tuple[int, int] = (0, 0)
    back: float | None = None


@dataclass(frozen=True)
class Stroke:
    """How one frame is painted, as far as that may change from frame to frame.

    prompts: what to paint: prompts with weights whose sum is 1, by which embeddings are mixed.
    strength, guidance: as those of a `Style`.
    walk: how many seeds the noise has moved on from the style's; between two seeds their noises are
        mixed by spherical interpolation. None leaves the noise to the pipeline.
    place: row and column of the world of noise at which the frame begins, in pixels, see
        `musvid.paint.world`. None is no world: the noise is nailed to the frame.
    control_scale: as that of a `Style`.
    loras: the weights of those LoRAs of the style that follow the music, in their order.
    ring: how walk and place come back, of a clip that is a loop.
    """

    prompts: prompts.Weights
    strength: float
    guidance: float
    walk: float | None = None
    place: tuple[int, int] | None = None
    control_scale: float = 1.0
    loras: tuple[float, ...] = ()
    ring: Ring | None = None
