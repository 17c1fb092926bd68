"""The models that musvid knows, and what a name on the command line means.

This file only knows about models; `musvid.paint.loading` loads them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ..errors import SettingsError, quoted
from . import words
from .families import CONFIG, INDEX, no_model

Kind = Literal["embedded", "folder", "file", "hub"]

WEIGHTS = Path(__file__).parents[1] / "weights"


@dataclass(frozen=True)
class Model:
    """A model and the settings that suit it.

    name: what a user types.
    source: a folder, a .safetensors file, or a hub id.
    size: native side in pixels.
    steps: denoising steps per painting. strength: 0 to 1. guidance: 1 is none.
    symmetry: "half", "noise" or "none", see `musvid.Style`.
    grain: pixels by which its noise can move so that it paints the same texture, moved; see
        `musvid.paint.grain`. None where its texture does not follow its noise: a drift is then
        followed by morphing (see `musvid.job.Job.melts`).
    coarse: styles whose grain is twice as large, because their shapes stand on larger blocks.
    upscale: the finished file's size as a multiple of the painted size.
    prompt: what to paint when nothing is asked for.
    vocabulary: all the words that it knows, or None for a model that reads free text.
    reads: how many words of a prompt it reads (of free text, tokens: words, parts of rare words,
        and signs), or None where that is told only when it is loaded.
    scheduler: a diffusers scheduler class that replaces the model's own.
    lora, tiny_autoencoder: hub ids of additions made for this model.
    family: whose LoRAs and ControlNets fit, where the table knows it; see `musvid.paint.tensors`.
    good_for: what it is chosen for, in a few words.
    download: size in gigabytes (10^9 bytes) of what the first use downloads, half precision, which
        is the memory that its weights take; None where that is not known, 0 where nothing is
        downloaded.
    """

    name: str
    source: str
    kind: Kind
    size: int = 512
    steps: int = 20
    strength: float = 0.6
    guidance: float = 6.0
    symmetry: str = "none"
    grain: int | None = 64
    coarse: tuple[str, ...] = ()
    upscale: int = 1
    prompt: str = "glowing nebula of stained glass, intricate detail, cinematic light"
    vocabulary: tuple[str, ...] | None = None
    reads: int | None = None
    scheduler: str | None = None
    lora: str | None = None
    tiny_autoencoder: str | None = None
    family: str | None = None
    good_for: str = ""
    download: float | None = None
    licence: str = "see the model's own page"

    def grain_of(self, prompts: Iterable[str]) -> int | None:
        """The grain for some prompts: that of the coarsest."""
        if self.grain is None or not any(words.shows(self.coarse, text) for text in prompts):
            return self.grain
        return 2 * self.grain


def _vocabulary(folder: Path) -> tuple[str, ...]:
    """The vocabulary of a model whose tokenizer knows whole words only."""
    tokenizer = json.loads((folder / "tokenizer" / "tokenizer.json").read_text(encoding="utf-8"))
    return tuple(word for word in tokenizer["model"]["vocab"] if not word.startswith("<"))


_SD15 = "stable-diffusion-v1-5/stable-diffusion-v1-5"
_LARGE = 200_000_000  # bytes of weights
CHUNKS = 8
"""How many chunks of a long prompt are read, by models that read free text in chunks."""

_CLIP = 75 * CHUNKS  # tokens that Stable Diffusion reads, without the marks around each chunk
_STABILITY = "Stability AI Community License"

TABLE: dict[str, Model] = {
    model.name: model
    for model in (
        Model(
            name="sketch",
            source=str(WEIGHTS / "sketch"),
            kind="embedded",
            size=512,
            steps=1,
            strength=0.7,
            guidance=1.0,
            symmetry="half",
            grain=16,
            coarse=("crystal", "flower petals"),
            prompt="blue and gold stained glass",
            vocabulary=_vocabulary(WEIGHTS / "sketch"),
            reads=14,
            good_for="living pictures at once, without a GPU or a download",
            download=0.0,
            licence="MIT, as musvid itself",
        ),
        Model(
            name="sd-turbo",
            source="stabilityai/sd-turbo",
            kind="hub",
            reads=_CLIP,
            steps=2,
            strength=0.6,
            guidance=1.0,
            tiny_autoencoder="madebyollin/taesd",
            family="sd2",
            good_for="free text, the fastest of the large ones",
            download=2.6,
            licence=_STABILITY,
        ),
        Model(
            name="sdxl-turbo",
            source="stabilityai/sdxl-turbo",
            kind="hub",
            reads=_CLIP,
            steps=2,
            strength=0.6,
            guidance=1.0,
            tiny_autoencoder="madebyollin/taesdxl",
            family="sdxl",
            good_for="free text, the finest pictures in few steps",
            download=6.9,
            licence=_STABILITY,
        ),
        Model(
            name="sd15-lcm",
            source=_SD15,
            kind="hub",
            reads=_CLIP,
            steps=4,
            strength=0.6,
            guidance=1.5,
            scheduler="LCMScheduler",
            lora="latent-consistency/lcm-lora-sdv1-5",
            tiny_autoencoder="madebyollin/taesd",
            family="sd1",
            good_for="LoRAs and ControlNets of Stable Diffusion 1.5 in few steps",
            download=2.3,
            licence="CreativeML OpenRAIL-M (LoRA: OpenRAIL++)",
        ),
        Model(
            name="sd15",
            source=_SD15,
            kind="hub",
            reads=_CLIP,
            steps=20,
            strength=0.6,
            guidance=7.0,
            tiny_autoencoder="madebyollin/taesd",
            family="sd1",
            good_for="negative prompts, guidance, and the widest choice of LoRAs and ControlNets",
            download=2.1,
            licence="CreativeML OpenRAIL-M",
        ),
    )
}


def find(name: str) -> Model:
    """The model that a name, hub id, folder or file means.

    name: a name of the table, or the hub id of one; any other hub id (owner/name); a folder as
        diffusers saves it; or a .safetensors checkpoint.

    Raises SettingsError when it is none of these. Nothing is loaded or downloaded.
    """
    if name in TABLE:
        return TABLE[name]
    path = local(name)
    if path is not None and path.is_dir():
        return _folder(name, path)
    if path is not None and path.is_file():
        if path.suffix != ".safetensors":
            raise SettingsError(
                f"{path.name} is not a .safetensors file; other checkpoints can carry programs, "
                "so convert it, or give a diffusers folder."
            )
        return Model(name, str(path), "file", reads=_CLIP)
    for model in reversed(TABLE.values()):  # plain SD 1.5 before its LCM variant
        if name == model.source:
            return model
    if on_hub(name) and Path(name).suffix != ".safetensors":
        return Model(name, name, "hub")
    raise SettingsError(
        f"There is no model {quoted(name)}; choose one of {', '.join(TABLE)}, or give a hub id "
        "(owner/name), a diffusers folder or a .safetensors file that exists."
    )


def on_hub(name: str) -> bool:
    """Whether a name can be a hub id. A local path has a slash too: only two plain words can."""
    return bool(re.fullmatch(r"[A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96}", name))


def local(name: str) -> Path | None:
    """The file or folder of this machine that a name means, or None where it means none."""
    try:
        path = Path(name).expanduser()
        return path if name and path.exists() else None
    except (OSError, RuntimeError, ValueError):  # longer than any name; the home of nobody
        return None


def fingerprint(
    model: Model, tiny_autoencoder: bool | str, additions: Iterable[str] = ()
) -> list[object]:
    """What tells these weights from others: names, sizes and times of their files.

    additions: see `musvid.paint.style.Style.additions`.

    For a hub model it is the downloaded revision, which is there when `downloaded` says so.
    """
    found: list[object] = [model.scheduler]
    for source in _sources(model, tiny_autoencoder, additions):
        path = local(source)
        found.append([source, revision(part_of(source)[0])] if path is None else files_of(path))
    return found


def downloaded(model: Model, tiny_autoencoder: bool | str, additions: Iterable[str] = ()) -> bool:
    """Whether a model is here, so that its `fingerprint` will be the same when it is loaded."""
    sources = _sources(model, tiny_autoencoder, additions)
    return all(local(source) is not None or whole(source) for source in sources)


def _sources(model: Model, tiny_autoencoder: bool | str, additions: Iterable[str]) -> list[str]:
    """The hub ids and paths that a model is loaded from."""
    tiny = model.tiny_autoencoder if tiny_autoencoder is True else tiny_autoencoder
    return [source for source in (model.source, model.lora, tiny, *additions) if source]


def hub_sources(
    model: Model, tiny_autoencoder: bool | str, additions: Iterable[str] = ()
) -> list[str]:
    """The hub ids that a model is loaded from, each once, of some with one of their files."""
    found = _sources(model, tiny_autoencoder, additions)
    return [each for each in dict.fromkeys(found) if local(each) is None]


def part_of(name: str) -> tuple[str, str | None]:
    """The repository that a name of the hub means, and the file in it, where it names one."""
    owner, _, rest = name.partition("/")
    repository, _, file = rest.partition("/")
    return f"{owner}/{repository}", file or None


def is_large(model: Model) -> bool:
    """Whether a processor needs so long for a model that it computes with it in half precision
    where it can. Of a hub model it is known once it is downloaded."""
    path = local(model.source)
    if path is None:
        path = snapshot(model.source)
    files = [path] if path.is_file() else path.rglob("*.safetensors")
    return sum(file.stat().st_size for file in files) > _LARGE


def files_of(path: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of a file, or of all files in a folder; nothing where there is none."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    facts = ((str(file), file.stat()) for file in files)
    return [(name, fact.st_size, fact.st_mtime_ns) for name, fact in facts]


def repository(hub_id: str) -> Path:
    """Where a hub model is when it was downloaded."""
    from huggingface_hub.constants import HF_HUB_CACHE

    return Path(HF_HUB_CACHE) / f"models--{hub_id.replace('/', '--')}"


def revision(hub_id: str) -> str | None:
    """The commit of a hub model that was downloaded."""
    try:
        return (repository(hub_id) / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return None


def snapshot(hub_id: str) -> Path:
    """The folder of a hub model that was downloaded; one that is not there before."""
    return repository(hub_id) / "snapshots" / (revision(hub_id) or "none")


def whole(name: str) -> bool:
    """Whether a download has weights, and none that is unfinished; or the file that is named."""
    hub_id, file = part_of(name)
    try:
        unfinished = any((repository(hub_id) / "blobs").glob("*.incomplete"))
        return has_weights(name) and (file is not None or not unfinished)
    except OSError:
        return False


def has_weights(name: str) -> bool:
    """Whether a download has weights, or the file that is named.

    Raises OSError where that cannot be seen.
    """
    hub_id, file = part_of(name)
    folder = snapshot(hub_id)
    return (folder / file).exists() if file else any(folder.rglob("*.safetensors"))


def read_index(folder: Path) -> object:
    """What a folder's model_index.json holds. Raises OSError, ValueError or RecursionError."""
    return json.loads((folder / INDEX).read_text(encoding="utf-8"))


def _config(folder: Path) -> object:
    """What a folder's config.json holds; None where there is none that can be read."""
    try:
        return json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _folder(name: str, path: Path) -> Model:
    """A local diffusers folder, with the native size that its own files tell."""
    try:
        index = read_index(path)
    except FileNotFoundError:
        files = [file.relative_to(path).as_posix() for file in path.glob("*") if file.is_file()]
        raise SettingsError(str(no_model(str(path), files, _config(path)))) from None
    except (OSError, ValueError, RecursionError):
        raise SettingsError(
            f"{path} is not a diffusers model (its {INDEX} cannot be read); give a folder that "
            "diffusers' save_pretrained wrote."
        ) from None
    family = str(index.get("_class_name") if isinstance(index, dict) else None)
    model = Model(name, str(path), "folder")
    if family.startswith("Flux"):  # its noise is a sequence, without rows and columns
        model = replace(model, grain=None)
    for part in ("unet", "transformer"):
        try:
            side = json.loads((path / part / "config.json").read_text(encoding="utf-8"))[
                "sample_size"
            ]
            return replace(model, size=max(64, min(int(side) * 8, 1024)))
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            continue
    return replace(model, size=1024 if "XL" in family else 512)
