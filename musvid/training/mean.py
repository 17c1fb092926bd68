"""The mean of the weights that a run had at several times, which is often better than each of them.

    python -m musvid.training.mean MEAN.safetensors EARLY.safetensors=1 LATE.safetensors=2

Izmailov et al., "Averaging weights leads to wider optima and better generalization", 2018, arXiv
1803.05407. Networks of different runs have nothing in common, and their mean is worth nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import torch

from ..interpolate import _checkpoint
from ..interpolate._network import Flavr


def mean(networks: Mapping[Flavr, float]) -> Flavr:
    """One network of several of one shape, each with its share of the sum, above 0.

    The first one is changed, and returned.
    """
    total = sum(networks.values())
    first, *_ = networks
    with torch.no_grad():
        for parts in zip(*(network.parameters() for network in networks), strict=True):
            weighed = zip(parts, networks.values(), strict=True)
            parts[0].copy_(sum(part * (share / total) for part, share in weighed))
    return first


def main() -> None:
    """Mix files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path, help="where to write, .safetensors")
    parser.add_argument("weights", nargs="+", metavar="FILE=SHARE", help="what `flavr` wrote")
    options = parser.parse_args()
    shares = dict(text.rsplit("=", 1) for text in options.weights)
    loaded = {_checkpoint.load(Path(path)): float(share) for path, share in shares.items()}
    _checkpoint.save(mean(loaded), options.output)


if __name__ == "__main__":
    main()
