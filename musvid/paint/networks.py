"""The networks of `sketch`, in plain torch: they read what diffusers and transformers write.

Both libraries can load the model as well, and take four seconds to be imported. What `sketch` needs
of them is little: a UNet without attention, whose blocks are modulated by time and text (as
diffusers' UNet2DConditionModel with ``addition_embed_type="text"`` and scale and shift), a small
autoencoder (as AutoencoderTiny, or one of pixel shuffles) and text encoder (as transformers'
CLIPTextModel). Names of weights are theirs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from . import texture
from .folding import Folded


class _Plain(nn.Module):
    """Three convolutions beside the way."""

    def __init__(self, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(3):
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.ReLU(inplace=True)]
        self.conv = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x).add_(x).relu_()  # in place: new memory costs as much as the sum


class TinyAutoencoder(nn.Module):
    """Pictures (count, 3, height, width), -1 to 1, to latents and back.

    config: of a diffusers AutoencoderTiny, all of whose blocks are as wide.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        width, latents = config["block_out_channels"][0], config["latent_channels"]
        self.factor = 2 ** (len(config["num_encoder_blocks"]) - 1)  # pixels of a latent's side
        down: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1)]
        for level, count in enumerate(config["num_encoder_blocks"]):
            if level:
                down.append(nn.Conv2d(width, width, 3, 2, padding=1, bias=False))
            down += [_Plain(width) for _ in range(count)]
        down.append(nn.Conv2d(width, latents, 3, padding=1))
        up: list[nn.Module] = [nn.Conv2d(latents, width, 3, padding=1), nn.ReLU()]
        for level, count in enumerate(config["num_decoder_blocks"], 1):
            up += [_Plain(width) for _ in range(count)]
            if level < len(config["num_decoder_blocks"]):
                up += [nn.Upsample(scale_factor=2), nn.Conv2d(width, width, 3, 1, 1, bias=False)]
        up.append(nn.Conv2d(width, 3, 3, padding=1))
        self.encoder = nn.ModuleDict({"layers": nn.Sequential(*down)})
        self.decoder = nn.ModuleDict({"layers": nn.Sequential(*up)})

    def fold(self) -> None:
        """Have what is linear computed at once, when the weights are there: where no block stands
        at full size, that is the first two and the last two convolutions."""
        down, up = (
            list(cast("nn.Sequential", half["layers"])) for half in (self.encoder, self.decoder)
        )
        if isinstance(down[1], nn.Conv2d):
            head = Folded(nn.Sequential(*down[:2]), 3, into=2)
            self.encoder["layers"] = nn.Sequential(head, *down[2:])
        if isinstance(last := up[-2], nn.Conv2d):
            tail = Folded(nn.Sequential(*up[-3:]), last.in_channels, out=2)
            self.decoder["layers"] = nn.Sequential(*up[:-3], tail)

    def encode(self, pictures: Tensor) -> Tensor:
        """The latents."""
        return self.encoder["layers"]((pictures + 1) / 2)

    def decode(self, latents: Tensor) -> Tensor:
        """The pictures."""
        return 2 * self.decoder["layers"](3 * torch.tanh(latents / 3)) - 1


class Residual(nn.Module):
    """Two convolutions beside the way."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(F.relu(self.first(x))))


def shuffles(
    latents: int, widths: Sequence[int], blocks: Sequence[int]
) -> tuple[nn.Sequential, nn.Sequential]:
    """An encoder to an eighth of the size, and its decoder, by pixel shuffles.

    A decoder that enlarges by repeating pixels has to guess where in an 8x8 block a line runs. Here
    every step up is a pixel shuffle (Shi et al., "Real-time single image and video super-resolution
    using an efficient sub-pixel convolutional neural network", CVPR 2016), so that each pixel has
    weights of its own, and at full size nothing is left to compute. The encoder only ever sees
    light and is a tenth of the decoder.

    latents: channels of what lies between. widths: of the encoder's first layer, and at a half, a
    quarter and an eighth of the size. blocks: residual blocks at a quarter and at an eighth.
    """
    first, half, quarter, eighth = widths

    def conv(into: int, out: int, *, stride: int = 1) -> nn.Conv2d:
        return nn.Conv2d(into, out, 3, stride, padding=1)

    encoder = nn.Sequential(
        nn.PixelUnshuffle(4),
        conv(48, first),
        nn.ReLU(),
        conv(first, eighth, stride=2),
        nn.ReLU(),
        conv(eighth, latents),
    )
    decoder = nn.Sequential(
        conv(latents, eighth),
        nn.ReLU(),
        *(Residual(eighth) for _ in range(blocks[1])),
        nn.Conv2d(eighth, 4 * quarter, 1),
        nn.PixelShuffle(2),
        *(Residual(quarter) for _ in range(blocks[0])),
        conv(quarter, 4 * half),
        nn.PixelShuffle(2),
        nn.ReLU(),
        conv(half, 12),
        nn.PixelShuffle(2),
    )
    return encoder, decoder


class ShuffleAutoencoder(nn.Module):
    """Pictures (count, 3, height, width), -1 to 1, to latents and back, see `shuffles`.

    config: of a `musvid.training.shuffle.ShuffleAutoencoder`. Behind the latents that hold the
    picture lie some that stay empty, for the noise of the texture.
    """

    factor = 8

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        self._held, self._empty = config["latent_channels"], config["empty_channels"]
        self.encoder, self.decoder = shuffles(
            self._held, config["block_out_channels"], config["blocks"]
        )

    def encode(self, pictures: Tensor) -> Tensor:
        """The latents."""
        return F.pad(self.encoder(pictures), (0, 0, 0, 0, 0, self._empty))

    def decode(self, latents: Tensor) -> Tensor:
        """The pictures."""
        return self.decoder(latents[:, : self._held])


def autoencoder(config: dict[str, Any]) -> TinyAutoencoder | ShuffleAutoencoder:
    """The autoencoder that a configuration describes."""
    shuffled = config["_class_name"] == "ShuffleAutoencoder"
    return ShuffleAutoencoder(config) if shuffled else TinyAutoencoder(config)


class _Resnet(nn.Module):
    def __init__(self, into: int, out: int, time: int, groups: int, eps: float) -> None:
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(groups, into, eps), nn.Conv2d(into, out, 3, 1, 1)
        self.time_emb_proj = nn.Linear(time, 2 * out)
        self.norm2, self.conv2 = nn.GroupNorm(groups, out, eps), nn.Conv2d(out, out, 3, 1, 1)
        self.conv_shortcut = nn.Conv2d(into, out, 1) if into != out else nn.Identity()

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x), inplace=True))
        scale, shift = self.time_emb_proj(F.silu(embedding))[:, :, None, None].chunk(2, 1)
        h = torch.addcmul(shift, self.norm2(h), 1 + scale)
        return self.conv2(F.silu(h, inplace=True)).add_(self.conv_shortcut(x))


class _Sampler(nn.Module):
    def __init__(self, width: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, stride, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class _Block(nn.Module):
    """Residual blocks at one size, and the way down or up to the next."""

    resnets: nn.ModuleList
    downsamplers: nn.ModuleList
    upsamplers: nn.ModuleList

    def __init__(self, resnets: Sequence[nn.Module], down: int = 0, up: int = 0) -> None:
        super().__init__()
        self.resnets = nn.ModuleList(resnets)
        self.downsamplers = nn.ModuleList([_Sampler(down, 2)] if down else [])
        self.upsamplers = nn.ModuleList([_Sampler(up, 1)] if up else [])


class _Pooling(nn.Module):
    """One vector for all tokens, by attention from their mean."""

    def __init__(self, heads: int, width: int) -> None:
        super().__init__()
        self.positional_embedding = nn.Parameter(torch.zeros(1, width))
        self.k_proj, self.q_proj, self.v_proj = (nn.Linear(width, width) for _ in range(3))
        self.heads = heads

    def forward(self, tokens: Tensor) -> Tensor:
        mean = tokens.mean(1, keepdim=True) + self.positional_embedding
        return _attend(self, mean, torch.cat([mean, tokens], 1), self.heads)[:, 0]


class _TextEmbedding(nn.Module):
    def __init__(self, heads: int, width: int, out: int) -> None:
        super().__init__()
        self.norm1, self.pool = nn.LayerNorm(width), _Pooling(heads, width)
        self.proj, self.norm2 = nn.Linear(width, out), nn.LayerNorm(out)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.norm2(self.proj(self.pool(self.norm1(tokens))))


class _TimeEmbedding(nn.Module):
    def __init__(self, frequencies: int, width: int) -> None:
        super().__init__()
        self.linear_1, self.linear_2 = nn.Linear(frequencies, width), nn.Linear(width, width)

    def forward(self, time: float) -> Tensor:
        """time: 0 to 999. (1, width)."""
        half = self.linear_1.in_features // 2
        angles = time * torch.exp(-math.log(10000) * torch.arange(half) / half)
        waves = torch.cat([angles.cos(), angles.sin()])[None].to(self.linear_1.weight)
        return self.linear_2(F.silu(self.linear_1(waves)))


class Denoiser(nn.Module):
    """Noised latents to pictures' latents, at a time and under a text.

    config: of a diffusers UNet2DConditionModel without attention, or of a
    `musvid.training.texture.TextureUNet`, which is shown the features of the texture's noise.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        widths, layers = config["block_out_channels"], config["layers_per_block"]
        time = config.get("time_embedding_dim") or 4 * widths[0]
        common = (time, config["norm_num_groups"], config["norm_eps"])
        self.sees_features = config["_class_name"] == "TextureUNet"
        seen = config["in_channels"] + texture.FEATURES * self.sees_features
        self.conv_in = nn.Conv2d(seen, widths[0], 3, padding=1)
        self.time_embedding = _TimeEmbedding(widths[0], time)
        heads, text = config["addition_embed_type_num_heads"], config["cross_attention_dim"]
        self.add_embedding = _TextEmbedding(heads, text, time)
        skips, last = [widths[0]], widths[0]
        down, up = [], []
        for level, (width, count) in enumerate(zip(widths, layers, strict=True)):
            resnets = [_Resnet(last if i == 0 else width, width, *common) for i in range(count)]
            lower = level < len(widths) - 1
            down.append(_Block(resnets, down=width if lower else 0))
            skips += [width] * (count + lower)
            last = width
        self.down_blocks = nn.ModuleList(down)
        self.mid_block = _Block([_Resnet(last, last, *common)])
        for level, (width, count) in reversed(list(enumerate(zip(widths, layers, strict=True)))):
            resnets = []
            for _ in range(count + 1):
                resnets.append(_Resnet(last + skips.pop(), width, *common))
                last = width
            up.append(_Block(resnets, up=width if level else 0))
        self.up_blocks = nn.ModuleList(up)
        self.conv_norm_out = nn.GroupNorm(config["norm_num_groups"], last, config["norm_eps"])
        self.conv_out = nn.Conv2d(last, config["out_channels"], 3, padding=1)

    def features(self, noise: Tensor) -> Tensor | None:
        """What it is shown of a noise, (count, channels, height, width): see `texture.features`."""
        if not self.sees_features:
            return None
        return texture.features(noise[:, -texture.CHANNELS :].float())

    def forward(
        self, latents: Tensor, time: float, text: Tensor, features: Tensor | None = None
    ) -> Tensor:
        """latents: (count, channels, height, width). text: (count, tokens, width)."""
        embedding = self.time_embedding(time) + self.add_embedding(text)
        if features is not None:
            latents = torch.cat([latents, features.to(latents)], 1)
            latents = latents.contiguous(memory_format=torch.channels_last)
        x = self.conv_in(latents)
        skips = [x]
        for block in cast("Iterable[_Block]", self.down_blocks):
            for resnet in block.resnets:
                x = resnet(x, embedding)
                skips.append(x)
            for sampler in block.downsamplers:
                x = sampler(x)
                skips.append(x)
        for resnet in self.mid_block.resnets:
            x = resnet(x, embedding)
        for block in cast("Iterable[_Block]", self.up_blocks):
            for resnet in block.resnets:
                x = resnet(torch.cat([x, skips.pop()], 1), embedding)
            for sampler in block.upsamplers:
                # To the size that was halved, which may have been odd.
                x = sampler(F.interpolate(x, size=skips[-1].shape[2:], mode="nearest"))
        return self.conv_out(F.silu(self.conv_norm_out(x)))


def _attend(layer: Any, asking: Tensor, told: Tensor, heads: int, causal: bool = False) -> Tensor:
    """Attention by a layer's projections: (count, tokens, width)."""
    q, k, v = (
        each.unflatten(2, (heads, -1)).transpose(1, 2)
        for each in (layer.q_proj(asking), layer.k_proj(told), layer.v_proj(told))
    )
    made = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    return made.transpose(1, 2).flatten(2)


class _Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (
            nn.Linear(width, width) for _ in range(4)
        )


class _Perceptron(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, inner), nn.Linear(inner, width)


class _Layer(nn.Module):
    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        width, eps = config["hidden_size"], config["layer_norm_eps"]
        self.heads = config["num_attention_heads"]
        self.self_attn, self.mlp = (
            _Attention(width),
            _Perceptron(width, config["intermediate_size"]),
        )
        self.layer_norm1, self.layer_norm2 = (nn.LayerNorm(width, eps) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        seen = self.layer_norm1(x)
        x = x + self.self_attn.out_proj(_attend(self.self_attn, seen, seen, self.heads, True))
        return x + self.mlp.fc2(F.gelu(self.mlp.fc1(self.layer_norm2(x))))


class TextEncoder(nn.Module):
    """Tokens, int (count, length), to what they say, (count, length, width).

    config: of a transformers CLIPTextModel.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        width = config["hidden_size"]
        self.token_embedding = nn.Embedding(config["vocab_size"], width)
        self.position_embedding = nn.Embedding(config["max_position_embeddings"], width)
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config["num_hidden_layers"]))
        self.final_layer_norm = nn.LayerNorm(width, config["layer_norm_eps"])

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.token_embedding(tokens) + self.position_embedding.weight[: tokens.shape[1]]
        for layer in self.layers:
            x = layer(x)
        return self.final_layer_norm(x)
