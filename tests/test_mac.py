"""What a Mac's GPU lacks is not asked for.

There is none here: the same code runs on the processor while every operation of torch is held to
what PyTorch's MPS backend can do. Its gaps are those of its tracker (pytorch/pytorch#141287), of
adaptive pooling (#96056), of 3D convolutions (#188732) and of large tensors (#149325).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from musvid.frame import Frame
from musvid.interpolate import flavr, light_of, relight
from musvid.interpolate._network import Flavr
from musvid.paint.folding import Folded
from musvid.paint.painter import Painter
from musvid.paint.style import Stroke, Style

_WIDE = (torch.float64, torch.complex128)
_NEVER = ("conv3d", "conv_transpose3d", "_aa.", "adaptive_avg_pool3d", "adaptive_max_pool3d")
_MOST = 2**31  # elements of a tensor, and 2**16 channels of a convolution


class Mac(TorchDispatchMode):
    """Raises where a Mac's GPU would fail."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()

    def __torch_dispatch__(
        self, operation: Any, _types: Any, given: tuple[Any, ...] = (), more: Any = None
    ) -> Any:
        name, more = str(operation), more or {}
        self.seen[name] += 1
        made = operation(*given, **more)
        tensors = [x for x in tree_leaves((given, more, made)) if isinstance(x, torch.Tensor)]
        for each in tensors:
            if each.dtype in _WIDE:
                raise TypeError(f"{name}: MPS has no float64")
            if each.numel() >= _MOST:
                raise RuntimeError(f"{name}: a tensor is too large for MPS")
        if any(part in name for part in _NEVER):
            raise NotImplementedError(f"{name} is not there on MPS")
        if "conv" in name and given[1].dim() == 5:
            raise NotImplementedError(f"{name}: 3D convolutions differ on MPS")
        if "conv" in name and max(given[1].shape[:2]) > 2**16:
            raise NotImplementedError(f"{name}: too many channels for MPS")
        if "adaptive_avg_pool" in name:
            sides = zip(given[0].shape[-len(given[1]) :], given[1], strict=True)
            if any(side % wanted for side, wanted in sides):
                raise RuntimeError("Adaptive pool MPS: input sizes must be divisible")
        return made


@pytest.mark.parametrize(
    "asked",
    [
        lambda x: x.double(),
        lambda x: F.adaptive_avg_pool2d(x, (3, 8)),
        lambda x: F.interpolate(x, size=(3, 8), mode="area"),
        lambda x: F.interpolate(x, size=(4, 4), mode="bicubic", antialias=True),
        lambda x: F.conv3d(x[None], torch.ones(3, 3, 1, 1, 1)),
        lambda x: torch.from_numpy(np.linspace(0, 1, 8)) + x,
    ],
)
@pytest.mark.parametrize("inference", [False, True])
def test_what_a_mac_lacks_is_noticed(
    asked: Callable[[torch.Tensor], torch.Tensor], inference: bool
) -> None:
    x = torch.rand(3, 3, 8, 8)
    with torch.inference_mode(inference), Mac():
        assert F.adaptive_avg_pool2d(x, (4, 8)).shape == (3, 3, 4, 8)
        with pytest.raises((TypeError, RuntimeError)):
            asked(x)


def pictures(count: int = 2, height: int = 72, width: int = 88) -> list[Frame]:
    return [*np.random.default_rng(4).integers(0, 256, (count, height, width, 3), np.uint8)]


@pytest.mark.parametrize(
    ("family", "settings"),
    [
        (None, {"symmetry": "half"}),
        (None, {"symmetry": "noise"}),
        ("sd_turbo", {}),
        ("sd_turbo", {"symmetry": "noise"}),
        ("sd15", {"guidance": 4.0, "steps": 3}),
        ("sdxl_turbo", {"guidance": 2.0}),
    ],
)
def test_models_paint_on_a_mac(
    family: str | None, settings: dict[str, Any], tmp_path: Path
) -> None:
    named = {"model": str(getattr(tiny_models, family)(tmp_path / family))} if family else {}
    style = Style(strength=0.7, **named, **settings)
    painter = Painter(style, device="cpu", precision="float32", batch=2)
    made = style.resolve().stroke
    # Noise that moves on, at a place of the world.
    strokes = [Stroke(made.prompts, 0.7, made.guidance, walk=0.3, place=(16, 8))] * 2
    with Mac() as mac:
        still = list(painter.paint(pictures(), style))
        moving = list(painter.paint(pictures(), style, strokes))
    assert [one.shape for one in still + moving] == [(72, 88, 3)] * 4
    assert not np.array_equal(still[0], moving[0])
    assert sum(count for name, count in mac.seen.items() if "conv2d" in name) > 10


@pytest.mark.parametrize("size", [(40, 90), (33, 47), (64, 64)])
@pytest.mark.parametrize(
    "name", ["flavr_2x", "flavr_8x", pytest.param(None, marks=pytest.mark.thorough)]
)
def test_flavr_fills_on_a_mac(name: str | None, size: tuple[int, int]) -> None:
    if name:
        network = flavr.load_checkpoint(flavr.EMBEDDED / f"{name}.safetensors")
    else:
        network = Flavr(4, width=48).eval()  # as the released ones are made
    network.flat = True
    worker = flavr._Worker(network, "cpu")
    worker._abreast = 1  # in this thread, where the mode is
    mirrored = [np.concatenate([one, one[:, ::-1]], 1) for one in pictures(4, *size)]
    with Mac() as mac:
        made = [*flavr._Step(worker, (0,)).fill(pictures(4, *size))]
        made += flavr._Step(worker, (0,)).fill(mirrored)
        window = tuple(pictures(4, *size))
        worker._tiles = (1, 1) if network.mixing else (1, 2)
        made += worker._call([window], (0,))[0]
    assert len(made) == 15
    assert any("conv2d" in one for one in mac.seen)


def test_on_a_mac_time_is_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Flavr, "to", lambda self, *_, **__: self)  # there is no such device
    worker = flavr._Worker(Flavr(2, width=64), "mps")
    assert worker._network.flat
    assert worker._precision == "float16"


def test_relighting_needs_no_card() -> None:
    frames = pictures(3, 64, 64)
    lights = [light_of(frame) for frame in pictures(5, 64, 64)]
    with Mac() as mac:
        made = list(relight.between(frames, 2, light=lights, guides=lights[::2]))
    assert len(made) == 5
    assert not mac.seen


def test_layers_are_folded_off_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """In numbers of double precision: they leave the card before they are made those."""
    steps: list[str] = []
    for name in ("cpu", "double", "to"):
        original = getattr(torch.nn.Sequential, name)

        def told(self: Any, *given: Any, name: str = name, original: Any = original) -> Any:
            steps.append(name)
            return original(self, *given)

        monkeypatch.setattr(torch.nn.Sequential, name, told)
    layers = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, padding=1), torch.nn.Conv2d(4, 4, 3, padding=1, stride=2)
    )
    Folded(layers, 3, into=2)
    assert steps == ["cpu", "double"]
