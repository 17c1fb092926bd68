"""FLAVR of the full size on a GPU: how the released code works against how musvid does.

    python -m tests.benchmarks.flavr_gpu [--side 512] [--device cuda]

The released code sends one window at a time through the network in float32; musvid sends batches
in half precision. Weights are random, which changes neither speed nor what is compared: whether
both make the same frames. The table has the frames per second of each, at 2x, 4x and 8x.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from musvid import between
from musvid.interpolate import _checkpoint, flavr
from musvid.interpolate._network import Flavr

KEYFRAMES = 33


def one_at_a_time(network: Flavr, frames: list[np.ndarray], device: str) -> list[np.ndarray]:
    """Windows in float32, one after the other, without the ends that the released code loses."""
    made = [frames[1]]
    pixels = [torch.from_numpy(frame).permute(2, 0, 1).float() / 255 for frame in frames]
    with torch.no_grad():
        for at in range(len(frames) - 3):
            window = torch.stack(pixels[at : at + 4], 1)[None].to(device)
            filled = network(window)[0].mul(255).round().clamp(0, 255)
            made += list(filled.byte().permute(0, 2, 3, 1).cpu().numpy())
            made.append(frames[at + 2])
    return made


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--keyframes", type=int, default=KEYFRAMES)
    options = parser.parse_args(arguments)
    random, side, device = np.random.default_rng(0), options.side, options.device
    small = random.integers(0, 256, (options.keyframes, side // 16, side // 16, 3), np.uint8)
    frames = [np.kron(frame, np.ones((16, 16, 1), np.uint8)) for frame in small]
    print(f"{side}x{side}, {options.keyframes} keyframes, width {options.width}, {device}")
    print(f"{'':>4}{'float32, one':>16}{'musvid':>10}{'ratio':>8}   PSNR between them")
    with tempfile.TemporaryDirectory() as folder:
        for factor in (2, 4, 8):
            torch.manual_seed(factor)
            path = Path(folder) / f"flavr_{factor}x.safetensors"
            _checkpoint.save(Flavr(factor, width=options.width), path)
            network = flavr.load_checkpoint(path).to(device)

            def plain(network: Flavr = network) -> list[np.ndarray]:
                return one_at_a_time(network, frames, device)

            def ours(path: Path = path, factor: int = factor) -> list[np.ndarray]:
                options = {"interpolator": "flavr", "weights": path, "device": device}
                return list(between(frames, factor, **options))

            speeds, made = [], []
            for work in (plain, ours):
                work()  # kernels are chosen at the first call
                began = time.perf_counter()
                made.append(work())
                speeds.append(len(made[-1]) / (time.perf_counter() - began))
            inner = made[1][factor:-factor]
            error = np.mean((np.stack(made[0]).astype(float) - np.stack(inner)) ** 2)
            alike = 10 * np.log10(255**2 / max(error, 1e-9))
            ratio = speeds[1] / speeds[0]
            print(
                f"{factor:>3}x{speeds[0]:>14.1f}/s{speeds[1]:>8.1f}/s{ratio:>8.2f}{alike:>14.1f} dB"
            )


if __name__ == "__main__":
    main()
