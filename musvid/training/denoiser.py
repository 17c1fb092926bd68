"""Trains the denoiser and the text encoder of `sketch`, on the latents of a trained autoencoder.

    python -m musvid.training.denoiser --bank BANK.npz --vae FOLDER --run FOLDER [--resume]

The network learns the path that image-to-image takes from a spectrum to a picture, the **bridge**:
with z the latents of the picture, s those of its spectrum, and a start time T, the noise is

    eps' = eps + (s - z) / sigma(T),    sigma(t) = sqrt((1 - a(t)) / a(t))

so that at time T the noised picture is the noised spectrum exactly, and at time 0 it is the
picture. It is still plain velocity prediction (Salimans and Ho, arXiv 2202.00512), which every
stock scheduler can sample.

What is painted is the left half and a margin over the axis, as `musvid.diffuse` does by default.
"""

from __future__ import annotations

import argparse
import copy
import json
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from diffusers import AutoencoderTiny, EulerDiscreteScheduler, UNet2DConditionModel
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from .brief import vocabulary
from .loop import Run
from .pool import GROUP, draw_batch, load_bank

MARGIN = 16  # columns beyond the axis, as many as diffuse paints
WORDS = 16  # longest prompt, in tokens
RATE = 8e-4
EARLIEST_START = 400  # start times of the bridge lie between this and 999
_SPECIAL = ("<|pad|>", "<|startoftext|>", "<|endoftext|>", "<|unk|>")


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Whole words, lower case; a word that was never learned is ``<|unk|>``."""
    words = {word: index for index, word in enumerate([*_SPECIAL, *vocabulary()])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<|unk|>"))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"[^a-z0-9]+"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|startoftext|> $A <|endoftext|>",
        special_tokens=[("<|startoftext|>", 1), ("<|endoftext|>", 2)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<|pad|>",
        bos_token="<|startoftext|>",
        eos_token="<|endoftext|>",
        unk_token="<|unk|>",
        model_max_length=WORDS,
    )


def build(
    widths: tuple[int, ...], latent_channels: int
) -> tuple[UNet2DConditionModel, CLIPTextModel]:
    """A new denoiser and text encoder, with random weights."""
    unet = UNet2DConditionModel(
        sample_size=32,
        in_channels=latent_channels,
        out_channels=latent_channels,
        block_out_channels=widths,
        layers_per_block=1,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=128,
        attention_head_dim=4,
        norm_num_groups=16,
    )
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(_SPECIAL) + len(vocabulary()),
            hidden_size=128,
            intermediate_size=256,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=WORDS,
            hidden_act="gelu",
            projection_dim=128,
            pad_token_id=0,
            bos_token_id=1,
            eos_token_id=2,
        )
    )
    return unet.to(memory_format=torch.channels_last), text


def build_scheduler() -> EulerDiscreteScheduler:
    """The noise schedule that is trained on, and the sampler that ships."""
    return EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        timestep_spacing="trailing",
        steps_offset=1,
    )


@dataclass(frozen=True)
class Latents:
    """Latents of pictures and of their spectra, (count, channels, height, width), and token ids."""

    picture: Tensor
    spectrum: Tensor
    tokens: Tensor


class LatentPool:
    """Encoded pictures to learn from; the oldest are replaced as often as is asked for."""

    def __init__(self, bank: Tensor, vae: AutoencoderTiny, *, size: int, seed: int = 0) -> None:
        self._bank, self._vae = bank, vae
        self._random, self._generator = Random(seed), torch.Generator().manual_seed(seed)
        self._tokenizer = build_tokenizer()
        parts = [self._encode() for _ in range(size // GROUP)]
        self._all = Latents(
            *(
                torch.cat([getattr(part, name) for part in parts])
                for name in Latents.__annotations__
            )
        )
        self._next = 0

    @torch.no_grad()
    def _encode(self) -> Latents:
        batch = draw_batch(self._bank, self._random, self._generator, GROUP)
        captions = ["" if self._random.random() < 0.1 else text for text in batch.captions]
        options = {"padding": "max_length", "truncation": True, "max_length": WORDS}
        tokens = self._tokenizer(captions, return_tensors="pt", **options).input_ids
        encoded = []
        for halves in (batch.art, batch.spectrum):
            left = torch.cat([halves.flip(-1), halves[..., :MARGIN]], -1).float() / 127.5 - 1
            left = left.to(memory_format=torch.channels_last)
            encoded.append(self._vae.encode(left).latents)
        return Latents(*encoded, tokens)

    def renew(self) -> None:
        """Replace the oldest group."""
        new = self._encode()
        there = slice(self._next, self._next + GROUP)
        for name in Latents.__annotations__:
            getattr(self._all, name)[there] = getattr(new, name)
        self._next = (self._next + GROUP) % len(self._all.tokens)

    def batch(self, count: int) -> Latents:
        """`count` of them, each by chance."""
        picked = torch.randint(len(self._all.tokens), (count,))
        return Latents(*(getattr(self._all, name)[picked] for name in Latents.__annotations__))


def noised(
    latents: Latents, times: Tensor, starts: Tensor, noise: Tensor, alphas: Tensor
) -> tuple[Tensor, Tensor]:
    """What the network sees at some times, and the velocity it should answer with.

    times, starts: int (count,); where a start is below its time, the path is that of ordinary
        diffusion, without the bridge. alphas: cumulative products of the schedule.
    """
    picture = latents.picture
    sigma = ((1 - alphas) / alphas).sqrt()
    pull = torch.where(times <= starts, 1 / sigma[starts], 0.0)[:, None, None, None]
    noise = noise + pull * (latents.spectrum - picture)
    signal = alphas[times].sqrt()[:, None, None, None]
    spread = (1 - alphas[times]).sqrt()[:, None, None, None]
    return signal * picture + spread * noise, signal * noise - spread * picture


def loss(
    unet: UNet2DConditionModel, text: CLIPTextModel, latents: Latents, alphas: Tensor
) -> Tensor:
    """Mean squared error of the velocity, at random times of random paths."""
    count = len(latents.tokens)
    starts = torch.randint(EARLIEST_START, 1000, (count,))
    bridged = (torch.rand(count) ** 0.8 * starts).long()
    plain = torch.rand(count) < 0.2
    times = torch.where(plain, torch.randint(0, 1000, (count,)), bridged)
    starts = torch.where(plain, -1, starts)
    seen, wanted = noised(latents, times, starts, torch.randn_like(latents.picture), alphas)
    seen = seen.contiguous(memory_format=torch.channels_last)
    answer = unet(seen, times, text(latents.tokens)[0]).sample
    return (answer - wanted).square().mean()


def train(options: argparse.Namespace) -> None:
    """Train as the options say."""
    torch.manual_seed(0)
    vae = AutoencoderTiny.from_pretrained(options.vae).eval().to(memory_format=torch.channels_last)
    widths = tuple(int(width) for width in options.widths.split(","))
    run = Run(
        nn.ModuleList(build(widths, vae.config.latent_channels)),
        options.run,
        minutes=options.minutes,
        rate=RATE,
        floor=0.03,
        warm_up=200,
        memory=0.999,
        weight_decay=0.01,
        resume=options.resume,
    )
    alphas = build_scheduler().alphas_cumprod
    pool = LatentPool(load_bank(options.bank), vae, size=options.pool, seed=run.step)
    recent: float | None = None

    def report() -> dict[str, float]:
        export(run.average, vae, options.run / "pipeline")
        return {} if recent is None else {"loss": round(recent, 4)}

    for step in run.steps(report, every=120):
        if step % options.interval == 0:
            pool.renew()
        value = loss(*run.network, pool.batch(options.batch), alphas)
        run.learn(value)
        recent = value.item() if recent is None else 0.98 * recent + 0.02 * value.item()


def export(networks: nn.ModuleList, vae: AutoencoderTiny, folder: Path) -> None:
    """Write an image-to-image pipeline that diffusers loads like any other."""
    from diffusers import StableDiffusionImg2ImgPipeline

    unet, text = (copy.deepcopy(network) for network in networks)
    vae = copy.deepcopy(vae)
    vae.register_to_config(scaling_factor=1.0)
    pipeline = StableDiffusionImg2ImgPipeline(
        vae=vae,
        text_encoder=text,
        tokenizer=build_tokenizer(),
        unet=unet,
        scheduler=build_scheduler(),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(torch.float16).save_pretrained(folder, max_shard_size="9MB")
    # The weights are stored in half precision, and meant for single: half is slow on a CPU.
    config = folder / "text_encoder" / "config.json"
    text_config = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps({**text_config, "dtype": "float32"}, indent=2), encoding="utf-8")


def main() -> None:
    """Train on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--bank", type=Path, required=True, help="made by musvid.training.spectra")
    add("--vae", type=Path, required=True, help="made by musvid.training.autoencoder")
    add("--run", type=Path, required=True, help="folder of log, checkpoint and pipeline")
    add("--minutes", type=float, default=120)
    add("--batch", type=int, default=16)
    add("--pool", type=int, default=4000, help="encoded pictures to choose from")
    add("--interval", type=int, default=4, help="steps between groups of new pictures")
    add("--widths", default="64,96,112", help="channels of the three levels")
    add("--resume", action="store_true", help="go on where the run stopped")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
