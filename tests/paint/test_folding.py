"""Linear layers as one convolution."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from musvid.paint.folding import Folded  # noqa: E402

NARROW = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.Conv2d(5, 7, 3, 2, padding=1, bias=False))
WIDE = nn.Sequential(
    nn.Upsample(scale_factor=2),
    nn.Conv2d(6, 5, 3, padding=1, bias=False),
    nn.Conv2d(5, 3, 3, padding=1),
)


@pytest.mark.parametrize("cells", [(1, 1), (2, 3), (3, 3), (7, 4), (20, 33)])
def test_folded_layers_answer_as_they_did_to_the_last_pixel(cells: tuple[int, int]) -> None:
    torch.manual_seed(0)
    high, wide = cells
    for layers, channels, into, out in ((NARROW, 3, 2, 1), (WIDE, 6, 1, 2)):
        layers.requires_grad_(False)
        folded = Folded(layers, channels, into=into, out=out)
        pictures = torch.randn(2, channels, into * high, into * wide)
        answer, wanted = folded(pictures), layers(pictures)
        assert answer.shape == wanted.shape
        torch.testing.assert_close(answer, wanted, atol=1e-5, rtol=1e-5)
        inside = folded.conv.weight.shape[1], folded.conv.weight.shape[0]
        assert inside == (channels * into**2, wanted.shape[1] * out**2), "one convolution"
