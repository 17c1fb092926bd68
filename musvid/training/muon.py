"""Muon, an optimiser for the weights of convolutions and linear layers.

Momentum, made orthogonal before each step, so that every direction of a weight matrix learns at
the same pace (Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024,
https://kellerjordan.github.io/posts/muon/). torch.optim.Muon takes matrices only; here the kernel
of a convolution counts as a matrix with one row per output channel.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

# Of the quintic that Jordan found to orthogonalise fastest.
_A, _B, _C = 3.4445, -4.7750, 2.0315
_STEPS = 5


def orthogonalised(weight: Tensor) -> Tensor:
    """A matrix with nearly the same singular vectors, and singular values of about 1.

    weight: float (rows, ...), taken as (rows, the rest). Newton-Schulz iterations, of which only
    the small square factor is iterated: X becomes Q X, with Q a polynomial of X X^T.
    """
    matrix = weight.flatten(1)
    flat = matrix.shape[0] > matrix.shape[1]
    matrix = matrix.T if flat else matrix
    matrix = matrix / (matrix.norm() + 1e-7)
    gram = matrix @ matrix.T
    identity = torch.eye(len(gram), device=gram.device, dtype=gram.dtype)
    whole = identity
    for _ in range(_STEPS):
        factor = _A * identity + _B * gram + _C * gram @ gram
        whole = factor @ whole
        gram = factor @ gram @ factor
    made = whole @ matrix
    return (made.T if flat else made).reshape(weight.shape)


class Muon(torch.optim.Optimizer):
    """Momentum with orthogonal steps.

    parameters: weights of two dimensions or more. rate: length of a step, in units of the singular
    values of a weight. momentum: of the past in the mean of gradients.
    """

    def __init__(
        self, parameters: Iterable[nn.Parameter], rate: float, momentum: float = 0.95
    ) -> None:
        super().__init__(parameters, {"lr": rate, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        """Take a step along the gradients that are there."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["mean"] = torch.zeros_like(parameter)
                state["mean"].lerp_(parameter.grad, 1 - group["momentum"])
                ahead = parameter.grad.lerp(state["mean"], group["momentum"])
                rows = parameter.shape[0]
                stretch = max(1.0, rows / (parameter.numel() / rows)) ** 0.5
                parameter.sub_(orthogonalised(ahead), alpha=group["lr"] * stretch)
