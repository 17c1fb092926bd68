"""The embedded model as a pipeline, without diffusers and transformers: it loads in no time.

It takes and gives what diffusers' StableDiffusionImg2ImgPipeline would for the same folder, as far
as musvid asks, and its paintings are the same up to rounding (a test compares them).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from .._transfer import sent
from . import emphasis
from .networks import Denoiser, TextEncoder, TinyAutoencoder, autoencoder


class Words:
    """The tokenizer: whole words."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.model_max_length: int = _config(folder / "tokenizer_config.json")["model_max_length"]

    def __call__(self, text: str, *, truncation: bool) -> SimpleNamespace:
        """``input_ids``, a list of int."""
        ids = self._tokenizer.encode(text).ids
        if truncation and len(ids) > self.model_max_length:
            ids = [*ids[: self.model_max_length - 1], ids[-1]]
        return SimpleNamespace(input_ids=ids)

    def decode(self, ids: list[int]) -> str:
        """The words."""
        return self._tokenizer.decode(ids)


class Euler:
    """Euler's method along the schedule of noise (Karras et al., arXiv 2206.00364).

    config: of a diffusers EulerDiscreteScheduler that predicts samples.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = SimpleNamespace(get=config.get, **config)
        count = config["num_train_timesteps"]
        betas = torch.linspace(config["beta_start"], config["beta_end"], count, dtype=torch.float32)
        signal = (1 - betas).cumprod(0)
        self._sigmas = ((1 - signal) / signal).sqrt()
        self.sigmas = [0.0]

    def set_timesteps(self, timesteps: list[int]) -> None:
        """Plan steps at these times, falling, each within a schedule of `num_train_timesteps`."""
        self.sigmas = [*(float(self._sigmas[time]) for time in timesteps), 0.0]

    def add_noise(self, latents: Tensor, noise: Tensor) -> Tensor:
        """What the first step begins with."""
        return latents + self.sigmas[0] * noise


class Sketch:
    """A pipeline, image to image.

    folder: as diffusers' save_pretrained writes it. dtype: what to compute in.
    """

    weighs = True
    """Whether it takes prompts with the signs of weights."""

    def __init__(self, folder: Path, device: str, dtype: torch.dtype) -> None:
        self.vae = _network(autoencoder, folder / "vae", device, dtype)
        self.unet = _network(Denoiser, folder / "unet", device, dtype)
        self.text_encoder = _network(TextEncoder, folder / "text_encoder", device, dtype)
        self.tokenizer = Words(folder / "tokenizer")
        self.scheduler = Euler(_config(folder / "scheduler" / "scheduler_config.json"))
        self.components = {
            "vae": self.vae,
            "unet": self.unet,
            "text_encoder": self.text_encoder,
            "tokenizer": self.tokenizer,
        }
        self.vae_scale_factor = self.vae.factor
        self.dtype, self._execution_device = dtype, torch.device(device)

    def encode_prompt(
        self,
        prompt: str,
        *,
        device: torch.device,
        do_classifier_free_guidance: bool = False,
        negative_prompt: str = "",
    ) -> tuple[Tensor, Tensor | None]:
        """What a prompt says, (1, tokens, width), and what the negative one does.

        Words that count more are led away from the empty prompt, as in `musvid.paint.chunks`. Of
        words that count less, the prompt with them is mixed with the one without: here every place
        tells of all words, so that leading one place back would hide none.
        """
        length = self.tokenizer.model_max_length
        begin, end = self.tokenizer("", truncation=False).input_ids

        def said(words: list[tuple[int, float]]) -> Tensor:
            ids = [begin, *(word for word, _ in words), end]
            ids += [0] * (length - len(ids))
            return self.text_encoder(torch.tensor([ids], device=device))

        def weighed(text: str) -> Tensor:
            words = [
                (word, weight)
                for piece, weight in emphasis.parse(text)
                for word in self.tokenizer(piece, truncation=False).input_ids[1:-1]
            ][: length - 2]
            steps = sorted({0.0, 1.0, *(weight for _, weight in words if 0 < weight < 1)})
            made = sum(
                (high - low) * said([word for word in words if word[1] > low])
                for low, high in pairwise(steps)
            )
            assert isinstance(made, Tensor)
            if any(weight > 1 for _, weight in words):
                more = [0.0, *(max(0.0, weight - 1) for _, weight in words)]
                more += [0.0] * (length - len(more))
                made = made + torch.tensor(more).to(made)[:, None] * (said(words) - said([]))
            return made

        return weighed(prompt), weighed(negative_prompt) if do_classifier_free_guidance else None

    def __call__(
        self,
        *,
        image: Tensor,
        prompt_embeds: Tensor,
        timesteps: list[int],
        generator: list[torch.Generator],
        negative_prompt_embeds: Tensor | None = None,
        guidance_scale: float = 1.0,
        strength: float = 1.0,  # noqa: ARG002 -- it is in the timesteps
        output_type: str = "pt",  # noqa: ARG002 -- the only one
    ) -> SimpleNamespace:
        """Paint: ``images`` (count, 3, height, width), 0 to 1, of images of the same shape.

        generator: one for each image, of its noise.
        """
        scheduler, device = self.scheduler, self._execution_device
        pixels = (2 * image - 1).to(device, memory_format=torch.channels_last)
        latents = self.vae.encode(pixels)
        shape = (1, *latents.shape[1:])
        noise = sent(torch.cat([torch.randn(shape, generator=each) for each in generator]), device)
        scheduler.set_timesteps(timesteps=timesteps)
        shown = self.unet.features(noise)
        latents = scheduler.add_noise(latents, noise.to(latents))
        for time, now, then in zip(timesteps, scheduler.sigmas, scheduler.sigmas[1:], strict=False):
            seen = latents / (now**2 + 1) ** 0.5
            made = self.unet(seen, time, prompt_embeds, shown)
            if negative_prompt_embeds is not None and guidance_scale > 1:
                other = self.unet(seen, time, negative_prompt_embeds, shown)
                made = other + guidance_scale * (made - other)
            # In single precision: the difference is small.
            latents = (made + then / now * (latents.float() - made)).to(made)
        return SimpleNamespace(images=(self.vae.decode(latents) / 2 + 0.5).clamp(0, 1))


Network = TypeVar("Network", bound=nn.Module)


def _network(
    kind: Callable[[dict[str, Any]], Network], folder: Path, device: str, dtype: torch.dtype
) -> Network:
    """A network in a folder, ready on a device."""
    network = kind(_config(folder / "config.json"))
    network.load_state_dict(_weights(folder, dtype), assign=True)
    network.eval().requires_grad_(False).to(device)
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    if isinstance(network, TinyAutoencoder):
        network.fold()
    return network


def _config(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _weights(folder: Path, dtype: torch.dtype) -> dict[str, Tensor]:
    """The weights in a folder, from all its files."""
    found: dict[str, Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        found |= load_file(path)
    return {_TEXT_MODEL.sub("", name): weight.to(dtype) for name, weight in found.items()}


# transformers' names say where in a text model a layer stands.
_TEXT_MODEL = re.compile(r"^text_model\.((embeddings|encoder)\.)?")
