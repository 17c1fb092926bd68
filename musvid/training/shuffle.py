"""The autoencoder of `sketch` as a diffusers model, see `musvid.paint.networks.shuffles`."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTinyOutput
from diffusers.models.autoencoders.vae import DecoderOutput
from torch import Tensor

from ..paint.networks import shuffles


class ShuffleAutoencoder(ModelMixin, ConfigMixin):
    """Pictures to latents of an eighth of their size, and back; loaded as any diffusers model.

    latent_channels: those that hold the picture. empty_channels: more, after them, which
        `encode` leaves empty and `decode` does not read: `sketch` keeps the noise of its texture
        there. block_out_channels: widths at a half, a quarter and an eighth of the size, after
        that of the encoder's first layer.
    """

    @register_to_config
    def __init__(
        self,
        latent_channels: int = 32,
        empty_channels: int = 0,  # noqa: ARG002
        block_out_channels: tuple[int, int, int, int] = (48, 16, 48, 96),
        blocks: tuple[int, int] = (2, 3),
        scaling_factor: float = 1.0,  # noqa: ARG002
        shift_factor: float = 0.0,  # noqa: ARG002
    ) -> None:
        """blocks: residual blocks of the decoder at a quarter and at an eighth of the size."""
        super().__init__()
        self.encoder, self.decoder = shuffles(latent_channels, block_out_channels, blocks)

    def encode(self, x: Tensor, return_dict: bool = True) -> AutoencoderTinyOutput | tuple[Tensor]:
        """Latents (count, channels, height / 8, width / 8) of pictures (count, 3, height, width).

        x: -1 to 1; both sides are multiples of 8.
        """
        latents = self.encoder(x)
        latents = F.pad(latents, (0, 0, 0, 0, 0, self.config["empty_channels"]))
        return AutoencoderTinyOutput(latents=latents) if return_dict else (latents,)

    def decode(
        self,
        x: Tensor,
        generator: torch.Generator | None = None,  # noqa: ARG002
        return_dict: bool = True,
    ) -> DecoderOutput | tuple[Tensor]:
        """Pictures (count, 3, 8 height, 8 width), about -1 to 1, of latents.

        generator: not used; pipelines give one.
        """
        sample = self.decoder(x[:, : self.config["latent_channels"]])
        return DecoderOutput(sample=sample) if return_dict else (sample,)
