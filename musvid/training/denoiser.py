"""The denoiser and the text encoder of `sketch`, and how they are trained.

Three things make a small network paint sharply after little training:

**The bridge.** The network learns the path that image-to-image takes from a spectrum to a picture:
with z the latents of the picture, s those of its spectrum, and a start time T, what it sees at time
t is a noised mixture of the two,

    a(t) (z + w (s - z)) + b(t) noise,    w = sigma(t) / sigma(T),    sigma = b / a

which is the noised spectrum at T and the picture at 0. It answers with z ("sample" prediction), so
every stock scheduler can follow the path. On the way it learns with its own first answer in z's
place, which is what it will meet: every step then mends what the one before left blurred. Pictures
for a start below 700 are those that `art.draw` grows for that strength.

**The noise is the texture.** The latents have `TEXTURE` channels more than the autoencoder needs;
it leaves them empty, so that at every time they hold the pipeline's noise and nothing else.
The picture to be learned is the one that this very noise stands for (see `musvid.training.art`).
There is one right answer, a few steps reach it, and a video that keeps its noise keeps its texture.

**Words reach every layer.** The text is pooled and modulates each block as the time does
(``addition_embed_type="text"``, scale and shift); there is no cross attention, which costs more.

What is painted is the left half and a margin over the axis, as `musvid.diffuse` does by default.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import NamedTuple

import torch
import torch.nn.functional as F
from diffusers import EulerDiscreteScheduler, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast

from ..paint.texture import CHANNELS
from . import art
from .canvas import CELL
from .lexicon import vocabulary
from .loop import Run
from .pool import GROUP, HEIGHT, HINTED, Bank, Batch, draw_batch
from .shuffle import ShuffleAutoencoder
from .texture import TextureUNet

WORDS = 17  # longest prompt, in tokens: begin, size, fourteen words, end
SCALE = CELL  # pixels per latent: a latent is a cell of the art's noise
TEXTURE = CHANNELS  # channels that hold the noise of the texture
_FINER = SCALE // HINTED
_LARGE = 6  # batches, of which one is of large pictures
_FIRST_ALONE = 0.85  # of a training, in which the first step alone is learned
_TIME = 192  # width of the embedding of time and text
_TOKENIZER = "PreTrainedTokenizerFast"
_SPECIAL = ("<|pad|>", "<|startoftext|>", "<|endoftext|>", "<|unk|>")


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Whole words, lower case; a word that means nothing here is dropped before it counts."""
    known = vocabulary()
    words = {word: index for index, word in enumerate([*_SPECIAL, *known])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="<|unk|>"))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"[^a-z0-9]+"), " "),
            normalizers.Replace(Regex(rf"\b(?!(?:{'|'.join(known)})\b)[a-z0-9]+"), " "),
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


@cache
def _reader() -> PreTrainedTokenizerFast:
    """A copy of the tokenizer for use: using one changes what it saves."""
    return build_tokenizer()


def build(
    widths: tuple[int, ...], latent_channels: int
) -> tuple[UNet2DConditionModel, CLIPTextModel]:
    """A new denoiser and text encoder, with random weights."""
    unet = TextureUNet(
        sample_size=64,
        in_channels=latent_channels,
        out_channels=latent_channels,
        block_out_channels=widths,
        layers_per_block=(*[2] * (len(widths) - 1), 1),
        down_block_types=("DownBlock2D",) * len(widths),
        mid_block_type="UNetMidBlock2D",
        up_block_types=("UpBlock2D",) * len(widths),
        cross_attention_dim=128,
        attention_head_dim=4,
        norm_num_groups=16,
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
        time_embedding_dim=_TIME,
        resnet_time_scale_shift="scale_shift",
    )
    _lay_out_noise(unet)
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
    with torch.no_grad():
        # Words that differ from the start, and nothing where there is no word: padding then repeats
        # what the words say instead of drowning it.
        words = text.get_input_embeddings().weight
        words.normal_(0, 0.5)
        words[: len(_SPECIAL)] = 0
    return unet.to(memory_format=torch.channels_last), text


@torch.no_grad()
def _lay_out_noise(unet: UNet2DConditionModel) -> None:
    """Initialise the first channels of every level with the texture's noise at that scale.

    Textures are smooth functions of the noise, and low frequencies are a small part of white
    noise: networks with random weights pass on anything but those, and learn very slowly to do
    otherwise. So the first channels of the way down begin as a pyramid: the numbers of each cell
    themselves, and then these blurred and halved again and again. Only the beginning is laid out;
    training changes these weights like all others.
    """

    def keep(weight: Tensor, bias: Tensor | None) -> None:
        weight[:TEXTURE] = 0
        if bias is not None:
            bias[:TEXTURE] = 0

    first = unet.conv_in
    content = unet.config["in_channels"] - TEXTURE
    keep(first.weight, first.bias)
    for channel in range(TEXTURE):
        first.weight[channel, content + channel, 1, 1] = 1
    blur = torch.outer(torch.tensor([1.0, 2, 1]), torch.tensor([1.0, 2, 1]))
    blur = blur / blur.square().sum().sqrt()  # white noise keeps its deviation
    for block in unet.down_blocks:
        for resnet in block.resnets:
            keep(resnet.conv2.weight, resnet.conv2.bias)
            if resnet.conv_shortcut is not None:
                keep(resnet.conv_shortcut.weight, resnet.conv_shortcut.bias)
                for channel in range(TEXTURE):
                    resnet.conv_shortcut.weight[channel, channel, 0, 0] = 1
        if block.downsamplers:
            down = block.downsamplers[0].conv
            keep(down.weight, down.bias)
            for channel in range(TEXTURE):
                down.weight[channel, channel] = blur


def build_scheduler() -> EulerDiscreteScheduler:
    """The noise schedule that is trained on, and the sampler that ships.

    The schedule ends at a deviation of 0.86 instead of Stable Diffusion's 14.6: this model always
    begins at a spectrum, and must still be able to read it.
    """
    return EulerDiscreteScheduler(
        beta_start=0.0001,
        beta_end=0.001,
        beta_schedule="linear",
        prediction_type="sample",
        timestep_spacing="trailing",
        steps_offset=1,
    )


def with_texture(vae: ShuffleAutoencoder) -> ShuffleAutoencoder:
    """The same autoencoder with `TEXTURE` more latent channels, which it leaves empty."""
    return _resized(vae, TEXTURE)


def without_texture(vae: ShuffleAutoencoder) -> ShuffleAutoencoder:
    """The autoencoder as it was before `with_texture`."""
    return _resized(vae, 0)


def _resized(vae: ShuffleAutoencoder, empty: int) -> ShuffleAutoencoder:
    # Not from_config: it takes what was not named for what may have any default.
    known = {name: value for name, value in vae.config.items() if not name.startswith("_")}
    made = ShuffleAutoencoder(**{**known, "empty_channels": empty}).eval()
    made.load_state_dict(vae.state_dict())
    return made.to(memory_format=torch.channels_last)


def take(networks: tuple[UNet2DConditionModel, CLIPTextModel], folder: Path) -> None:
    """Give networks from `build` the weights of a pipeline of the same shapes."""
    unet, text = networks
    unet.load_state_dict(TextureUNet.from_pretrained(folder / "unet").state_dict())
    text.load_state_dict(CLIPTextModel.from_pretrained(folder / "text_encoder").state_dict())


class Latents(NamedTuple):
    """What the denoiser learns from, of `count` pictures.

    picture, spectrum: latents without the texture's channels, float (count, channels, height,
    width). texture: float (count, TEXTURE, height, width), the noise. start: float (count,),
    strengths. tokens: int (count, WORDS). image: uint8 (count, 3, SCALE height, SCALE width), the
    picture. ingredients: float16 (count, art.INGREDIENTS, and both sides of the image divided by
    `HINTED`), of the texture.
    """

    picture: Tensor
    spectrum: Tensor
    texture: Tensor
    start: Tensor
    tokens: Tensor
    image: Tensor
    ingredients: Tensor


def encode(vae: ShuffleAutoencoder, batch: Batch) -> Latents:
    """The latents of drawn pictures."""
    parts = []
    with torch.no_grad():
        for pixels in (batch.art, batch.spectrum):
            scaled = (pixels.float() / 127.5 - 1).to(memory_format=torch.channels_last)
            parts.append(vae.encode(scaled).latents)
    options = {"padding": "max_length", "truncation": True, "max_length": WORDS}
    tokens = _reader()(batch.captions, return_tensors="pt", **options).input_ids
    return Latents(
        *parts, batch.noise, batch.strength, tokens.to(vae.device), batch.art, batch.ingredients
    )


class LatentPool:
    """Encoded pictures to learn from, of which a group is replaced before every so many batches."""

    def __init__(
        self,
        bank: Bank,
        vae: ShuffleAutoencoder,
        *,
        size: int,
        interval: int,
        group: int = GROUP,
        seed: int = 0,
        height: int = HEIGHT,
    ) -> None:
        self._bank, self._vae, self._interval, self._group = bank, vae, interval, group
        self._height = height
        self._random = Random(seed)
        self._generator = torch.Generator(vae.device).manual_seed(seed)
        parts = [self._encode() for _ in range(size // group)]
        self._all = Latents(*(torch.cat(list(same)) for same in zip(*parts, strict=True)))
        self._next = self._batches = 0

    def _encode(self) -> Latents:
        batch = draw_batch(
            self._bank,
            self._random,
            self._generator,
            self._group,
            group=self._group,
            height=self._height,
        )
        return encode(self._vae, batch)

    def batch(self, count: int) -> Latents:
        """`count` of them, each by chance."""
        self._batches += 1
        if self._batches % self._interval == 0:
            there = slice(self._next, self._next + self._group)
            for old, new in zip(self._all, self._encode(), strict=True):
                old[there] = new
            self._next = (self._next + self._group) % len(self._all.tokens)
        picked = torch.randint(len(self._all.tokens), (count,), device=self._all.tokens.device)
        return Latents(*(each[picked] for each in self._all))


def noised(latents: Latents, times: Tensor, noise: Tensor, alphas: Tensor) -> Tensor:
    """What the network sees at some times of the way, (count, channels + texture's, ...).

    times: float (count,), 0 to 1: parts of the way back to the start, where 1 is the start itself.
    noise: like the latents of the pictures. alphas: cumulative products of the schedule.
    """
    alphas = alphas.to(times.device)
    sigma = ((1 - alphas) / alphas).sqrt()
    starts, now = timesteps(latents, torch.ones_like(times)), timesteps(latents, times)
    left = (sigma[now] / sigma[starts])[:, None, None, None]
    signal = alphas[now].sqrt()[:, None, None, None]
    spread = (1 - alphas[now]).sqrt()[:, None, None, None]
    mixture = torch.lerp(latents.picture, latents.spectrum, left)
    return torch.cat([signal * mixture + spread * noise, spread * latents.texture], 1)


def timesteps(latents: Latents, times: Tensor) -> Tensor:
    """Timesteps of the schedule, int (count,), for fractions of the way back to the start."""
    return (1000 * latents.start * times).round().long().clamp(1, 1000) - 1


class Hint(nn.Module):
    """Asks the network what a texture is made of, while it learns to paint it.

    Threads and veins are where a field is zero, whichever its sign: a relation that a network
    hardly finds by itself, because no change of the field helps a little. So the features of the
    last block must also tell the fields themselves. The layer that reads them is not part of the
    model.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.read = nn.Conv2d(channels, art.INGREDIENTS * _FINER**2, 3, padding=1)
        self._heard: dict[int, Tensor] = {}

    def attach(self, unet: UNet2DConditionModel) -> None:
        """Listen to a network's features, in whichever thread it is called."""

        def hear(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            self._heard[threading.get_ident()] = output

        unet.up_blocks[-1].register_forward_hook(hear)

    def forward(self) -> Tensor:
        """The ingredients predicted from the features of this thread's last call."""
        read = self.read(self._heard.pop(threading.get_ident()))
        return F.pixel_shuffle(read, _FINER)


class Loss:
    """How far the network's pictures are from those that were drawn.

    In latents, each channel weighed by what it changes in the picture, and in the pixels of a
    piece of each picture, where slopes count as well: that is what keeps edges sharp.
    """

    def __init__(self, vae: ShuffleAutoencoder, sample: Latents) -> None:
        self._vae = vae
        self.mends = True  # whether steps after the first are learned, too
        self._alphas = build_scheduler().alphas_cumprod
        self._weights = self._sensitivity(sample.picture)

    @torch.no_grad()
    def _sensitivity(self, latents: Tensor) -> Tensor:
        """The mean square change of pixels per change of a channel, (1, channels, 1, 1), mean 1."""
        plain = self._vae.decode(latents).sample
        changes = []
        for channel in range(latents.shape[1]):
            moved = latents.clone()
            moved[:, channel] += 0.3 * torch.randn_like(moved[:, channel])
            changes.append((self._vae.decode(moved).sample - plain).square().mean())
        weights = torch.stack(changes)
        return (weights / weights.mean()).clamp(0.2, 5)[None, :, None, None]

    def __call__(
        self,
        unet: UNet2DConditionModel,
        text: CLIPTextModel,
        hint: Hint,
        latents: Latents,
    ) -> Tensor:
        count, channels = latents.picture.shape[:2]
        noise, words = torch.randn_like(latents.picture), text(latents.tokens)[0]
        times = torch.ones_like(latents.start)
        # Most at the start, where everything is decided and where one step ends; the others
        # on the way, and there with the network's own first answer in the picture's place.
        later = count // 4 if self.mends else 0
        begun = latents
        if later:
            part = Latents(*(each[:later] for each in latents))
            seen = noised(part, times[:later], noise[:later], self._alphas)
            with torch.no_grad():
                first = unet(seen, timesteps(part, times[:later]), words[:later]).sample
            picture = torch.cat([first[:, :channels].float(), latents.picture[later:]])
            begun = latents._replace(picture=picture)
            times[:later] = 0.15 + 0.7 * torch.rand_like(times[:later])
        seen = noised(begun, times, noise, self._alphas)
        seen = seen.contiguous(memory_format=torch.channels_last)
        answer = unet(seen, timesteps(latents, times), words).sample
        guess = hint() - latents.ingredients.float()
        made, empty = answer[:, :channels], answer[:, channels:]
        error = (self._weights * (made - latents.picture).square()).mean()
        error = error + 0.1 * empty.square().mean() + 0.3 * guess.square().mean()
        return error + 0.5 * self._pixels(made, latents)

    def _pixels(self, made: Tensor, latents: Latents) -> Tensor:
        """Of a random piece of each picture, decoded with a margin around it."""
        side, margin = min(14, *made.shape[2:]), 2
        top, left = (int(torch.randint(length - side + 1, ())) for length in made.shape[2:])
        piece = made[:, :, top : top + side, left : left + side]
        piece = piece.contiguous(memory_format=torch.channels_last)
        edge = margin * SCALE
        decoded = self._vae.decode(piece).sample[..., edge:-edge, edge:-edge]
        rows, columns = (
            slice(SCALE * (start + margin), SCALE * (start + side - margin))
            for start in (top, left)
        )
        error = decoded - (latents.image[:, :, rows, columns].float() / 127.5 - 1)
        slopes = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
        return error.abs().mean() + 0.5 * slopes + F.avg_pool2d(error, 8).abs().mean()


def train(
    run: Run,
    vae: ShuffleAutoencoder,
    *,
    batch: int,
    pools: Sequence[LatentPool],
    folder: Path,
    abreast: int,
    half: Callable[[], AbstractContextManager[None]],
    judge: Callable[[UNet2DConditionModel, CLIPTextModel], dict[str, float]],
) -> None:
    """Train for as long as the run lasts.

    run: of the two networks from `build` and a `Hint`, as a ModuleList. vae: whose latents they
    paint. batch: pictures per step. pools: of pictures to learn from, and perhaps one of large
    ones, of which every `_LARGE`-th batch is, with a quarter as many. folder: where to keep the
    pipeline. abreast: parts of a batch that are computed at once, see `Run.learn`. half: makes a
    context for arithmetic in half precision. judge: measures the networks now and then.
    """
    loss = Loss(vae, pools[0].batch(8))
    unet, text, hint = run.network
    hint.attach(unet)
    if vae.device.type == "cuda":
        unet = torch.compile(unet)
    recent: Tensor | None = None

    def report() -> dict[str, float]:
        export(run.average, vae, folder)
        figures = {} if recent is None else {"loss": round(recent.item(), 4)}
        return figures | judge(*run.average[:2])

    def value(latents: Latents) -> Tensor:
        with half():
            return loss(unet, text, hint, latents)

    for step in run.steps(report):
        loss.mends = run.progress > _FIRST_ALONE
        large = len(pools) > 1 and step % _LARGE == 0
        pool, count = (pools[1], batch // 4) if large else (pools[0], batch)
        parts = [pool.batch(count // abreast) for _ in range(abreast)]
        now = run.learn(*(partial(value, part) for part in parts))
        recent = now if recent is None else 0.98 * recent + 0.02 * now


def export(networks: nn.ModuleList, vae: ShuffleAutoencoder, folder: Path) -> None:
    """Write an image-to-image pipeline that diffusers loads like any other.

    vae: as it was trained, without the texture's channels.
    """
    from diffusers import StableDiffusionImg2ImgPipeline

    unet, text = (copy.deepcopy(network).to("cpu") for network in networks[:2])
    vae = with_texture(copy.deepcopy(vae).to("cpu"))
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
    _make_readable(folder)


def _make_readable(folder: Path) -> None:
    """Let older versions of transformers, and slow CPUs, read what a new one wrote."""
    # The weights are stored in half precision, and meant for single: half is slow on a CPU.
    _edit(folder / "text_encoder" / "config.json", {"dtype": "float32"})
    # transformers 5 renamed a class and dropped a prefix; it reads the old names as well.
    _edit(folder / "tokenizer" / "tokenizer_config.json", {"tokenizer_class": _TOKENIZER})
    _edit(folder / "model_index.json", {"tokenizer": ["transformers", _TOKENIZER]})
    _edit(folder / "vae" / "config.json", {}, without="_name_or_path")  # a path of this machine
    path = folder / "text_encoder" / "model.safetensors"
    weights = load_file(path)
    prefix = "text_model."
    named = {prefix + name.removeprefix(prefix): weight for name, weight in weights.items()}
    save_file(named, path, metadata={"format": "pt"})


def _edit(path: Path, entries: dict[str, object], *, without: str = "") -> None:
    config = json.loads(path.read_text(encoding="utf-8"))
    config.pop(without, None)
    path.write_text(json.dumps({**config, **entries}, indent=2) + "\n", encoding="utf-8")
