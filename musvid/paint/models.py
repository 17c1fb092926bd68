"""The models that musvid knows, and what a name on the command line means.

This file only knows about models; `musvid.paint.loading` loads them.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ..errors import SettingsError, quoted

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
    upscale: the finished file's size as a multiple of the painted size.
    prompt: what to paint when nothing is asked for.
    vocabulary: all the words that it knows, or None for a model that reads free text.
    reads: how many words of a prompt it reads (of free text, tokens: words, parts of rare words,
        and signs), or None where that is told only when it is loaded.
    scheduler: a diffusers scheduler class that replaces the model's own.
    lora, tiny_autoencoder: hub ids of additions made for this model.
    download: size in gigabytes (10^9 bytes) of what the first use downloads, half precision;
        None where that is not known, 0 where nothing is downloaded.
    """

    name: str
    source: str
    kind: Kind
    size: int = 512
    steps: int = 20
    strength: float = 0.6
    guidance: float = 6.0
    symmetry: str = "none"
    upscale: int = 1
    prompt: str = "glowing nebula of stained glass, intricate detail, cinematic light"
    vocabulary: tuple[str, ...] | None = None
    reads: int | None = None
    scheduler: str | None = None
    lora: str | None = None
    tiny_autoencoder: str | None = None
    download: float | None = None
    licence: str = "see the model's own page"


def _vocabulary(folder: Path) -> tuple[str, ...]:
    """The vocabulary of a model whose tokenizer knows whole words only."""
    tokenizer = json.loads((folder / "tokenizer" / "tokenizer.json").read_text(encoding="utf-8"))
    return tuple(word for word in tokenizer["model"]["vocab"] if not word.startswith("<"))


_SD15 = "stable-diffusion-v1-5/stable-diffusion-v1-5"
_CLIP = 75  # tokens of a prompt that Stable Diffusion reads, without its beginning and end
_STABILITY = "Stability AI Community License"

TABLE: dict[str, Model] = {
    model.name: model
    for model in (
        Model(
            name="sketch",
            source=str(WEIGHTS / "sketch"),
            kind="embedded",
            size=256,
            steps=2,
            strength=0.7,
            guidance=1.0,
            symmetry="half",
            upscale=2,
            prompt="blue and gold stained glass",
            vocabulary=_vocabulary(WEIGHTS / "sketch"),
            reads=14,
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
    path = Path(name)
    with suppress(RuntimeError):  # no such user, or no home
        path = path.expanduser()
    try:
        folder, file = path.is_dir(), path.is_file()
    except OSError:  # longer than any file name
        folder = file = False
    if folder:
        return _folder(name, path)
    if file:
        if path.suffix != ".safetensors":
            raise SettingsError(
                f"{path.name} is not a .safetensors file; other checkpoints can carry programs, "
                "so convert it, or give a diffusers folder."
            )
        return Model(name, str(path), "file", reads=_CLIP)
    for model in reversed(TABLE.values()):  # plain SD 1.5 before its LCM variant
        if name == model.source:
            return model
    # A local path has a slash too: only two plain words can be a hub id.
    if (
        re.fullmatch(r"[A-Za-z0-9][\w.-]{0,95}/[\w.-]{1,96}", name)
        and path.suffix != ".safetensors"
    ):
        return Model(name, name, "hub")
    raise SettingsError(
        f"There is no model {quoted(name)}; choose one of {', '.join(TABLE)}, or give a hub id "
        "(owner/name), a diffusers folder or a .safetensors file that exists."
    )


def fingerprint(model: Model, tiny_autoencoder: bool | str) -> list[object]:
    """What tells these weights from others: names, sizes and times of their files.

    For a hub model it is the downloaded revision, or only the name before the first download.
    """
    tiny = model.tiny_autoencoder if tiny_autoencoder is True else tiny_autoencoder
    found: list[object] = []
    for source in (model.source, model.lora, model.scheduler, tiny):
        path = Path(source or "")
        if not source:
            found.append(None)
        elif path.is_file() or path.is_dir():
            found.append(files_of(path))
        else:
            found.append([source, _revision(source)])
    return found


def files_of(path: Path) -> list[tuple[str, int, int]]:
    """Name, size and time of a file, or of all files in a folder; nothing where there is none."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    facts = ((str(file), file.stat()) for file in files)
    return [(name, fact.st_size, fact.st_mtime_ns) for name, fact in facts]


def _revision(hub_id: str) -> str | None:
    from huggingface_hub.constants import HF_HUB_CACHE

    try:
        folder = Path(HF_HUB_CACHE) / f"models--{hub_id.replace('/', '--')}"
        return (folder / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return None


def _folder(name: str, path: Path) -> Model:
    """A local diffusers folder, with the native size that its own files tell."""
    try:
        index = json.loads((path / "model_index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise SettingsError(
            f"{path} is not a diffusers model (it has no readable model_index.json); give a "
            "folder that diffusers' save_pretrained wrote."
        ) from None
    model = Model(name, str(path), "folder")
    for part in ("unet", "transformer"):
        try:
            side = json.loads((path / part / "config.json").read_text(encoding="utf-8"))[
                "sample_size"
            ]
            return replace(model, size=max(64, min(int(side) * 8, 1024)))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return replace(model, size=1024 if "XL" in str(index.get("_class_name")) else 512)
