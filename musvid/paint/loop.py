"""Image to image with the parts of a Stable Diffusion pipeline: its loop, without its call.

What diffusers' StableDiffusionImg2ImgPipeline and its XL sister make of the same frames is made
here, up to rounding, with the same random numbers in the same order (a test compares them for each
family and kind of scheduler). It spares what they do beside it: pictures travel to the device and
back as bytes, a batch is encoded at once, prompts come as embeddings, and nothing is doubled where
no frame is guided. And frames of one batch may begin at times of their own, with guidances of their
own, where the sampler is Euler's or that of consistency models.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Times = Sequence[Sequence[int]]
"""For each frame of a batch, the times at which it is denoised, falling; as many for each."""


@dataclass(frozen=True)
class Hold:
    """A ControlNet, and what it holds a batch of paintings to.

    pictures: uint8 (count, height, width, 3), as large as the paintings. scales: for each of them,
    by how much what it adds to the UNet is multiplied. counts: whether it counts in a step of so
    many.
    """

    net: Any
    pictures: NDArray[np.uint8]
    scales: Sequence[float]
    counts: Callable[[int, int], bool]


def paint(
    pipe: Any,
    pictures: NDArray[np.uint8],
    *,
    times: Times,
    guidance: Sequence[float],
    prompt: dict[str, Tensor],
    generators: Sequence[torch.Generator],
    changed: Callable[[Tensor], Tensor] = lambda noise: noise,
    holds: Sequence[Hold] = (),
) -> Tensor:
    """Paint a batch of pictures.

    pipe: of one of the two families. pictures: uint8 (count, height, width, 3), both sides whole
        blocks of latents.
    times: see `Times`; see `mixes` for whether they may differ. guidance: for each frame, 1 for
        none.
    prompt: embeddings, see `musvid.paint.encoding`, one for each frame.
    generators: on the processor, one for each frame. changed: given the noise that is drawn from
        them, what is painted from instead, of the same shape and type.
    holds: the ControlNets that hold the paintings to pictures.

    Returns float (count, 3, height, width), 0 to 1; not finite where the model's numbers were not.
    """
    unet, vae = pipe.unet, pipe.vae
    pixels = torch.from_numpy(np.ascontiguousarray(pictures)).to(pipe._execution_device)
    latents = encode(vae, pixels, generators).to(unet.dtype)
    noise = changed(_randn(latents, generators))
    sampler = _sampler(pipe.scheduler, times, latents)
    asked = _Asked(pipe, prompt, guidance, pictures.shape[1:3], latents, holds)
    latents = sampler.begin(latents, noise)
    for step in range(sampler.steps):
        made = asked(sampler.scaled(latents, step), sampler.time(step), step, sampler.steps)
        latents = sampler.step(made, latents, step, generators)
    return decode(vae, latents)


def encode(vae: Any, pixels: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
    """The latents of pictures, uint8 (count, height, width, 3), as a UNet sees them.

    generators: what an autoencoder draws from whose latents are a distribution.
    """
    _widen(vae)
    scaled = pixels.permute(0, 3, 1, 2).to(vae.dtype, memory_format=torch.channels_last)
    found = vae.encode(scaled / 255 * 2 - 1)
    if hasattr(found, "latent_dist"):
        spread = found.latent_dist
        latents = spread.mean + spread.std * _randn(spread.mean, generators)
    else:
        latents = found.latents
    mean, deviation = _statistics(vae, latents)
    return (latents - mean) * vae.config.scaling_factor / deviation


def decode(vae: Any, latents: Tensor) -> Tensor:
    """The pictures of latents, float (count, 3, height, width), 0 to 1."""
    _widen(vae)
    mean, deviation = _statistics(vae, latents)
    latents = latents * deviation / vae.config.scaling_factor + mean
    made = vae.decode(latents.to(vae.dtype), return_dict=False)[0]
    return (made.float() / 2 + 0.5).clamp(0, 1)


def mixes(scheduler: Any) -> bool:
    """Whether frames of one batch may be denoised at different times."""
    return _kind(scheduler) is not _Stock


def _widen(vae: Any) -> None:
    """Has an autoencoder that overflows in half precision compute in single precision."""
    if vae.dtype == torch.float16 and getattr(vae.config, "force_upcast", False):
        vae.to(torch.float32)


def _statistics(vae: Any, latents: Tensor) -> tuple[Any, Any]:
    """Mean and deviation of the autoencoder's latents, where it tells them of each channel."""
    found = [getattr(vae.config, name, None) for name in ("latents_mean", "latents_std")]
    if None in found:
        return 0.0, 1.0
    mean, deviation = (torch.tensor(each).view(1, -1, 1, 1).to(latents) for each in found)
    return mean, deviation


def _randn(like: Tensor, generators: Sequence[torch.Generator]) -> Tensor:
    """Noise of a shape and type; each frame's is drawn from its own generator."""
    shape = (1, *like.shape[1:])
    drawn = [torch.randn(shape, generator=each, dtype=like.dtype) for each in generators]
    return torch.cat(drawn).to(like.device)


class _Asked:
    """The UNet with all that it is told beside latents and time."""

    def __init__(
        self,
        pipe: Any,
        prompt: dict[str, Tensor],
        guidance: Sequence[float],
        size: tuple[int, ...],
        latents: Tensor,
        holds: Sequence[Hold],
    ) -> None:
        count, unet = len(guidance), pipe.unet
        told = torch.tensor(guidance, dtype=torch.float32)
        # A distilled UNet is told the guidance, and needs no other answer to be guided by.
        from diffusers import StableDiffusionImg2ImgPipeline  # the sisters with control lack it

        distilled = unet.config.time_cond_proj_dim
        self._unet, self._guidance, self._guided = unet, told.view(-1, 1, 1, 1).to(latents), False
        more: dict[str, Any] = {}
        if distilled:
            embed = StableDiffusionImg2ImgPipeline.get_guidance_scale_embedding
            embedded = embed(pipe, told - 1, embedding_dim=distilled)
            more["timestep_cond"] = embedded.to(latents)
        else:
            self._guided = max(guidance) > 1

        def both(name: str) -> Tensor:
            texts = [prompt[name].to(latents)]
            if self._guided:
                texts.insert(0, prompt[f"negative_{name}"].to(latents))
            return torch.cat(texts)

        more["encoder_hidden_states"] = both("prompt_embeds")
        if "pooled_prompt_embeds" in prompt:
            sizes = _sizes(pipe, prompt["pooled_prompt_embeds"], size)
            rows = [each.repeat(count, 1) for each in (sizes[::-1] if self._guided else sizes[:1])]
            more["added_cond_kwargs"] = {
                "text_embeds": both("pooled_prompt_embeds"),
                "time_ids": torch.cat(rows).to(latents.device),
            }
        self._more = more
        self._held = []
        for each in holds:
            scales = torch.tensor(each.scales).view(-1, 1, 1, 1).to(latents)
            if scales.any():
                seen = _pixels(each.pictures, latents)
                self._held.append((each.net, self._twice(seen), self._twice(scales), each.counts))

    def _twice(self, rows: Tensor) -> Tensor:
        """Rows for the prompts, and the same for the negative ones where these are asked, too."""
        return torch.cat([rows] * 2) if self._guided else rows

    def __call__(self, latents: Tensor, time: Tensor, step: int, steps: int) -> Tensor:
        """What the UNet makes of latents at a time for each of them, in a step of so many."""
        latents, time = self._twice(latents), self._twice(time)
        held = self._residuals(latents, time, step, steps)
        made = self._unet(latents, time, **self._more, **held, return_dict=False)[0]
        if not self._guided:
            return made
        other, made = made.chunk(2)
        return other + self._guidance * (made - other)

    def _residuals(self, latents: Tensor, time: Tensor, step: int, steps: int) -> dict[str, Any]:
        """What the ControlNets that count in this step add to the UNet's levels: their sum."""
        found = [
            net(
                latents,
                time,
                controlnet_cond=pictures,
                conditioning_scale=scales,
                **self._more,
                return_dict=False,
            )
            for net, pictures, scales, counts in self._held
            if counts(step, steps)
        ]
        if not found:
            return {}
        return {
            "down_block_additional_residuals": [
                sum(level) for level in zip(*(down for down, _ in found), strict=True)
            ],
            "mid_block_additional_residual": sum(middle for _, middle in found),
        }


def _pixels(pictures: NDArray[np.uint8], like: Tensor) -> Tensor:
    """Pictures as a network sees them, (count, 3, height, width), 0 to 1."""
    pixels = torch.from_numpy(np.ascontiguousarray(pictures)).to(like.device)
    return pixels.permute(0, 3, 1, 2).to(like.dtype, memory_format=torch.channels_last) / 255


def _sizes(pipe: Any, pooled: Tensor, size: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """What SDXL is told of a picture's size and score, for the prompt and the negative one."""
    second, sides = pipe.text_encoder_2, tuple(size)
    width = pooled.shape[-1] if second is None else second.config.projection_dim
    scores = inspect.signature(pipe.__call__).parameters
    return pipe._get_add_time_ids(
        *(sides, (0, 0), sides),
        *(scores["aesthetic_score"].default, scores["negative_aesthetic_score"].default),
        *(sides, (0, 0), sides),
        dtype=pooled.dtype,
        text_encoder_projection_dim=width,
    )


class _Sampler(Protocol):
    """Goes along the times of a batch."""

    steps: int

    def begin(self, latents: Tensor, noise: Tensor) -> Tensor:
        """Latents with the noise of the first time."""

    def time(self, step: int) -> Tensor:
        """The time of a step, for each frame."""

    def scaled(self, latents: Tensor, step: int) -> Tensor:
        """Latents as the UNet sees them."""

    def step(
        self, made: Tensor, latents: Tensor, step: int, generators: Sequence[torch.Generator]
    ) -> Tensor:
        """The latents of the next time, by what the UNet made of these."""


class _Euler:
    """Euler's method along the deviation of noise (Karras et al., arXiv 2206.00364)."""

    def __init__(self, scheduler: Any, times: Times, like: Tensor) -> None:
        known = {}
        for each in {*map(tuple, times)}:
            own = copy.deepcopy(scheduler)
            own.set_timesteps(timesteps=list(each))
            known[each] = own.timesteps.float(), own.sigmas.float()
        rows = [known[tuple(each)] for each in times]
        self._times = torch.stack([row[0] for row in rows], 1).to(like.device)
        self._sigmas = torch.stack([row[1] for row in rows], 1)[..., None, None, None].to(
            like.device
        )
        self._predicts = scheduler.config.prediction_type
        self.steps = len(self._times)

    def begin(self, latents: Tensor, noise: Tensor) -> Tensor:
        return latents + noise * self._sigmas[0].to(latents)

    def time(self, step: int) -> Tensor:
        return self._times[step]

    def scaled(self, latents: Tensor, step: int) -> Tensor:
        return latents / (self._sigmas[step] ** 2 + 1).sqrt().to(latents)

    def step(
        self, made: Tensor, latents: Tensor, step: int, _generators: Sequence[torch.Generator]
    ) -> Tensor:
        now, then = self._sigmas[step : step + 2]
        # In single precision: the difference is small.
        seen, answer = latents.float(), made.float()
        if self._predicts == "epsilon":
            picture = seen - now * answer
        elif self._predicts == "v_prediction":
            picture = (seen / (now**2 + 1)) - answer * now / (now**2 + 1).sqrt()
        else:
            picture = answer
        return (seen + (seen - picture) / now * (then - now)).to(made)


class _Consistency:
    """Multistep sampling of consistency models (Luo et al., arXiv 2310.04378)."""

    def __init__(self, scheduler: Any, times: Times, like: Tensor) -> None:
        self._times = torch.tensor([list(each) for each in times]).T.contiguous().to(like.device)
        self._signal = scheduler.alphas_cumprod.to(like.device)[self._times][..., None, None, None]
        self._scheduler, self._predicts = scheduler, scheduler.config.prediction_type
        self.steps = len(self._times)

    def begin(self, latents: Tensor, noise: Tensor) -> Tensor:
        signal = self._signal[0].to(latents)
        return signal.sqrt() * latents + (1 - signal).sqrt() * noise

    def time(self, step: int) -> Tensor:
        return self._times[step]

    def scaled(self, latents: Tensor, _step: int) -> Tensor:
        return latents

    def step(
        self, made: Tensor, latents: Tensor, step: int, generators: Sequence[torch.Generator]
    ) -> Tensor:
        signal = self._signal[step]
        root, rest = signal.sqrt(), (1 - signal).sqrt()
        seen, answer = latents.float(), made.float()
        if self._predicts == "epsilon":
            picture = (seen - rest * answer) / root
        elif self._predicts == "v_prediction":
            picture = root * seen - rest * answer
        else:
            picture = answer
        config = self._scheduler.config
        if config.clip_sample:
            picture = picture.clamp(-config.clip_sample_range, config.clip_sample_range)
        ends = self._scheduler.get_scalings_for_boundary_condition_discrete(self._times[step])
        skip, out = (each.float()[:, None, None, None] for each in ends)
        clean = (out * picture + skip * seen).to(made)
        if step + 1 == self.steps:
            return clean
        then = self._signal[step + 1].to(made)
        return then.sqrt() * clean + (1 - then).sqrt() * _randn(made, generators)


class _Stock:
    """Any other of diffusers' schedulers, with the same times for all frames."""

    def __init__(self, scheduler: Any, times: Times, like: Tensor) -> None:
        if len({*map(tuple, times)}) > 1:
            raise ValueError(f"{type(scheduler).__name__} takes one schedule for all frames.")
        self._scheduler = copy.deepcopy(scheduler)  # it counts its steps
        self._scheduler.set_timesteps(timesteps=list(times[0]), device=like.device)
        if hasattr(self._scheduler, "set_begin_index"):
            self._scheduler.set_begin_index(0)
        self._count = len(times)
        self._draws = "generator" in inspect.signature(self._scheduler.step).parameters
        self.steps = len(self._scheduler.timesteps)

    def begin(self, latents: Tensor, noise: Tensor) -> Tensor:
        first = self._scheduler.timesteps[:1].repeat(self._count)
        return self._scheduler.add_noise(latents, noise, first)

    def time(self, step: int) -> Tensor:
        return self._scheduler.timesteps[step].repeat(self._count)

    def scaled(self, latents: Tensor, step: int) -> Tensor:
        return self._scheduler.scale_model_input(latents, self._scheduler.timesteps[step])

    def step(
        self, made: Tensor, latents: Tensor, step: int, generators: Sequence[torch.Generator]
    ) -> Tensor:
        more = {"generator": list(generators)} if self._draws else {}
        time = self._scheduler.timesteps[step]
        return self._scheduler.step(made, time, latents, **more, return_dict=False)[0]


def _sampler(scheduler: Any, times: Times, like: Tensor) -> _Sampler:
    return _kind(scheduler)(scheduler, times, like)


def _kind(scheduler: Any) -> type[_Euler] | type[_Consistency] | type[_Stock]:
    """The sampler of a scheduler."""
    name, config = type(scheduler).__name__, scheduler.config
    known = config.get("prediction_type") in ("epsilon", "v_prediction", "sample")
    if name == "EulerDiscreteScheduler" and known:
        return _Euler
    if name == "LCMScheduler" and known and not config.thresholding:
        return _Consistency
    return _Stock
