"""FLAVR: the network, its checkpoints, and how frames go through it."""

from __future__ import annotations

import copy
import os
import pickle
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from conftest import WriteSong, music, psnr
from torch.utils.flop_counter import FlopCounterMode

from musvid import Clock, Look, ModelError, Song, between, draw, every
from musvid.interpolate import _checkpoint, flavr
from musvid.interpolate._network import _COLUMNS, Flavr, _means

Weights = dict[str, torch.Tensor]


def stated_again(weights: Weights, frames: torch.Tensor) -> torch.Tensor:
    """The released network's function, restated step by step from the names of its tensors.

    frames: (batch, 3, 4, height, width).
    """

    def conv(name: str, x: torch.Tensor, stride: int = 1) -> torch.Tensor:
        kernel = weights[f"{name}.weight"]
        padding = [side // 2 for side in kernel.shape[2:]]
        return F.conv3d(x, kernel, weights.get(f"{name}.bias"), (1, stride, stride), padding)

    def up(name: str, x: torch.Tensor) -> torch.Tensor:
        kernel, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return F.conv_transpose3d(x, kernel, bias, (1, 2, 2), (1, 1, 1))

    def gate(name: str, x: torch.Tensor) -> torch.Tensor:
        pooled = F.adaptive_avg_pool3d(x, 1)
        return x * torch.sigmoid(conv(f"{name}.attn_layer.0", pooled))

    def block(name: str, x: torch.Tensor, stride: int) -> torch.Tensor:
        y = F.relu(conv(f"{name}.conv1.0", x, stride))
        y = gate(f"{name}.fg", conv(f"{name}.conv2.0", y))
        rest = (
            conv(f"{name}.downsample.0", x, stride)
            if f"{name}.downsample.0.weight" in weights
            else x
        )
        return F.relu(y + rest)

    mean = frames.mean((2, 3, 4), keepdim=True)
    x = F.relu(conv("encoder.stem.0", frames - mean, 2))
    seen = [x]
    for layer, stride in ((1, 1), (2, 2), (3, 2), (4, 1)):
        x = block(f"encoder.layer{layer}.0", x, stride)
        x = block(f"encoder.layer{layer}.1", x, 1)
        seen.append(x)
    x = F.leaky_relu(gate("decoder.0.conv.1", conv("decoder.0.conv.0", x)), 0.2)
    x = torch.cat([x, seen[3]], 1)
    x = F.leaky_relu(gate("decoder.1.upconv.1", up("decoder.1.upconv.0", x)), 0.2)
    x = torch.cat([x, seen[2]], 1)
    x = F.leaky_relu(gate("decoder.2.upconv.1", up("decoder.2.upconv.0", x)), 0.2)
    x = torch.cat([x, seen[1]], 1)
    x = F.leaky_relu(gate("decoder.3.conv.1", conv("decoder.3.conv.0", x)), 0.2)
    x = torch.cat([x, seen[0]], 1)
    x = F.leaky_relu(gate("decoder.4.upconv.1", up("decoder.4.upconv.0", x)), 0.2)
    x = torch.cat(x.unbind(2), 1)
    x = F.leaky_relu(F.conv2d(x, weights["feature_fuse.conv.0.weight"]), 0.2)
    x = F.pad(x, (3, 3, 3, 3), mode="reflect")
    x = F.conv2d(x, weights["outconv.1.weight"], weights["outconv.1.bias"])
    return torch.stack([part + mean[:, :, 0] for part in x.split(3, 1)], 1)


def shapes(factor: int, width: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a released checkpoint, written down from its description."""
    biased = factor > 2
    made: dict[str, tuple[int, ...]] = {"encoder.stem.0.weight": (width, 3, 3, 7, 7)}
    if biased:
        made["encoder.stem.0.bias"] = (width,)
    have = width
    for layer, channels in enumerate((width, 2 * width, 4 * width, 8 * width), 1):
        for number in (0, 1):
            name = f"encoder.layer{layer}.{number}"
            for part, given in (("conv1.0", have), ("conv2.0", channels)):
                made[f"{name}.{part}.weight"] = (channels, given, 3, 3, 3)
                if biased:
                    made[f"{name}.{part}.bias"] = (channels,)
            made[f"{name}.fg.attn_layer.0.weight"] = (channels, channels, 1, 1, 1)
            made[f"{name}.fg.attn_layer.0.bias"] = (channels,)
            if have != channels:
                made[f"{name}.downsample.0.weight"] = (channels, have, 1, 1, 1)
            have = channels
    steps = (("conv", 8, 4), ("upconv", 8, 2), ("upconv", 4, 1), ("conv", 2, 1), ("upconv", 2, 1))
    for number, (kind, given, channels) in enumerate(steps):
        name, given, channels = f"decoder.{number}.{kind}", given * width, channels * width
        kernel = (channels, given, 3, 3, 3) if kind == "conv" else (given, channels, 3, 4, 4)
        made[f"{name}.0.weight"], made[f"{name}.0.bias"] = kernel, (channels,)
        made[f"{name}.1.attn_layer.0.weight"] = (channels, channels, 1, 1, 1)
        made[f"{name}.1.attn_layer.0.bias"] = (channels,)
    made["feature_fuse.conv.0.weight"] = (width, 4 * width, 1, 1)
    made["outconv.1.weight"] = (3 * (factor - 1), width, 7, 7)
    made["outconv.1.bias"] = (3 * (factor - 1),)
    return made


def random_weights(factor: int, width: int, seed: int = 0) -> Weights:
    """Weights of such a network by chance, of sizes that keep signals alive."""
    generator = torch.Generator().manual_seed(seed)

    def draw_one(shape: tuple[int, ...]) -> torch.Tensor:
        spread = (2 / max(1, int(np.prod(shape[1:])))) ** 0.5 if len(shape) > 1 else 0.1
        return spread * torch.randn(shape, generator=generator)

    return {name: draw_one(shape) for name, shape in shapes(factor, width).items()}


def released(path: Path, weights: Weights, **more: object) -> Path:
    """A checkpoint as it was released: from a network on several GPUs, with other things beside."""
    wrapped = OrderedDict((f"module.{name}", value) for name, value in weights.items())
    torch.save({"epoch": 199, "state_dict": wrapped, "optimizer": {"state": {}}, **more}, path)
    return path


@pytest.mark.parametrize(("factor", "count"), [(2, 59), (4, 76), (8, 76)])
def test_names_and_shapes_are_those_of_the_released_checkpoints(factor: int, count: int) -> None:
    with torch.device("meta"):
        network = Flavr(factor)
    state = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    assert state == shapes(factor, 64)
    assert len(state) == count
    assert round(sum(p.numel() for p in network.parameters()) / 1e6, 1) == 42.1


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_a_released_checkpoint_computes_the_released_function(factor: int, tmp_path: Path) -> None:
    weights = random_weights(factor, 64)
    path = released(tmp_path / f"FLAVR_{factor}x.pth", weights)
    network = flavr.load_checkpoint(path)
    assert not network.training
    assert network.factor == factor
    frames = torch.rand(2, 3, 4, 24, 32, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        made, wanted = network(frames), stated_again(weights, frames)
    assert made.shape == (2, factor - 1, 3, 24, 32)
    assert float(wanted.std()) > 0.03  # a signal, not only the mean colour
    torch.testing.assert_close(made, wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("mixing", [False, True])
@pytest.mark.parametrize("factor", [2, 8])
def test_folding_time_into_channels_changes_nothing(factor: int, mixing: bool) -> None:
    torch.manual_seed(0)
    network = Flavr(factor, width=6, mixing=mixing).eval()
    frames = torch.rand(2, 3, 4, 16, 64)
    with torch.inference_mode():
        assert network.flat
        folded = network(frames)
        network.flat = False
        plain = network(frames)
        torch.testing.assert_close(folded, plain, atol=1e-5, rtol=0)
        assert float((plain[:, 0] - frames[:, :, 1:3].mean(2)).std()) > 1e-3


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize(("factor", "mixing"), [(2, True), (8, True), (2, False), (8, False)])
def test_windows_share_what_is_the_same_in_them(
    factor: int, mixing: bool, flat: bool, half: bool
) -> None:
    torch.manual_seed(0)
    network = Flavr(factor, width=6, mixing=mixing).eval()
    network.flat = flat
    pictures = torch.rand(5, 3, 16, 64)
    windows = torch.tensor([[0, 0, 1, 2], [0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 4]])
    with torch.inference_mode():
        each = [network(pictures[window].transpose(0, 1)[None], half=half) for window in windows]
        made = network.fill(pictures, windows, half=half)
    torch.testing.assert_close(made, torch.cat(each), atol=1e-5, rtol=0)
    assert float(made.std()) > 0.01


@pytest.mark.parametrize(("name", "spared"), [("flavr_2x", 0.11), ("flavr_8x", 0.04)])
def test_sharing_spares_multiplications(name: str, spared: float) -> None:
    network = flavr.load_checkpoint(flavr.EMBEDDED / f"{name}.safetensors")
    pictures = torch.rand(11, 3, 64, 64)
    windows = torch.arange(8)[:, None] + torch.arange(4)
    with torch.inference_mode():
        with FlopCounterMode(display=False) as alone:
            network(pictures[windows].transpose(1, 2), half=True)
        with FlopCounterMode(display=False) as shared:
            network.fill(pictures, windows, half=True)
    assert shared.get_total_flops() < (1 - spared) * alone.get_total_flops()


def test_a_keyframe_is_given_once_to_the_windows_that_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worker = flavr._Worker(Flavr(2, width=6, mixing=True), "cpu")
    worker._abreast, worker._batch = 1, 8
    fill, given = worker._network.fill, []

    def seen(pictures: torch.Tensor, windows: torch.Tensor, *more: object, **named: object) -> None:
        given.append((len(pictures), len(windows)))
        return fill(pictures, windows, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(worker._network, "fill", seen)
    frames = noise(9)
    together = list(flavr._Step(worker, (0,)).fill(frames))
    assert given == [(9, 8)]
    worker._batch = 1
    alone = list(flavr._Step(worker, (0,)).fill(frames))
    assert given[1:] == [(3, 1), *[(4, 1)] * 6, (3, 1)]
    assert np.abs(np.stack(together).astype(int) - np.stack(alone)).max() <= 1  # rounding


@pytest.mark.parametrize(("precision", "least"), [("float16", 55), ("bfloat16", 40)])
@pytest.mark.parametrize("released_one", [False, pytest.param(True, marks=pytest.mark.deep)])
def test_half_precision_keeps_the_picture(
    precision: str, least: float, released_one: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def worker(chosen: str) -> flavr._Worker:
        monkeypatch.setattr("musvid._device.pick_precision", lambda *_, **__: chosen)
        monkeypatch.setattr(flavr, "_NARROW", 0)
        if released_one:
            network = Flavr(4, width=32).eval()
            network.load_state_dict(random_weights(4, 32))
        else:
            network = flavr.load_checkpoint(flavr.EMBEDDED / "flavr_8x.safetensors")
        return flavr._Worker(network, "cpu")

    frames = noise(4, 48, 64)
    made = []
    for chosen in ("float32", precision):
        one = worker(chosen)
        made.append(np.stack(list(flavr._Step(one, (0, 1, 2)).fill(frames))))
        assert one._precision == chosen
        assert next(one._network.parameters()).dtype == getattr(torch, chosen)
    between_keys = [number for number in range(13) if number % 4]
    assert psnr(made[1][between_keys], made[0][between_keys]) > least


def test_numbers_that_do_not_fit_are_made_in_a_wider_type(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    network = Flavr(2, width=6).eval()
    network.load_state_dict(random_weights(2, 6))
    with torch.no_grad():  # its features are beyond 65504, its weights are not
        network.encoder.layer1[0].conv1[0].weight.mul_(1e5)
        network.encoder.layer1[0].conv2[0].weight.div_(1e5)
    frames = noise(4)
    # The weights lost something when they were rounded to half precision.
    plain = flavr._Worker(copy.deepcopy(network).half().float(), "cpu")
    wanted = list(flavr._Step(plain, (0,)).fill(frames))
    monkeypatch.setattr(flavr, "_NARROW", 0)
    monkeypatch.setattr("musvid._device.pick_precision", lambda *_, **__: "float16")
    worker = flavr._Worker(network, "cpu")
    made = list(flavr._Step(worker, (0,)).fill(frames))
    assert np.abs(np.stack(made).astype(int) - np.stack(wanted)).max() <= 1
    assert worker._precision == "float32"
    assert "FLAVR gave no picture in float16; musvid now uses float32." in caplog.messages
    assert len([one for one in caplog.messages if "FLAVR" in one]) == 1


@pytest.mark.parametrize("mixing", [False, True])
def test_a_folded_network_learns_as_the_other(mixing: bool) -> None:
    torch.manual_seed(0)
    network, frames = (
        Flavr(2, width=4, mixing=mixing).double(),
        torch.rand(1, 3, 4, 16, 64).double(),
    )
    slopes = []
    for flat in (True, False):
        network.flat = flat
        slopes.append(torch.autograd.grad(network(frames).square().sum(), network.parameters()))
    for one, other in zip(*slopes, strict=True):
        torch.testing.assert_close(one, other)


def test_folding_follows_the_weights() -> None:
    """Folded weights are kept, and must be made anew when the weights change."""
    network = Flavr(2, width=6).eval()
    frames = torch.rand(1, 3, 4, 16, 16)
    with torch.no_grad():
        before = network(frames)
        network.load_state_dict(random_weights(2, 6, seed=5))
        after = network(frames)
        network.flat = False
        torch.testing.assert_close(after, network(frames), atol=1e-5, rtol=0)
    assert not torch.allclose(before, after, atol=1e-3)


@pytest.mark.parametrize("mixing", [False, True])
def test_some_outputs_are_those_of_all(mixing: bool) -> None:
    network = Flavr(8, width=6, mixing=mixing).eval()
    frames = torch.rand(1, 3, 4, 16, 64)
    with torch.inference_mode():
        every_one, some = network(frames), network(frames, (1, 3, 5))
    torch.testing.assert_close(some, every_one[:, [1, 3, 5]], atol=1e-5, rtol=0)


def test_a_network_that_tells_nothing_blends() -> None:
    network = Flavr(4, width=6, mixing=True).eval()
    for parameter in network.outconv.parameters():
        torch.nn.init.zeros_(parameter)
    frames = torch.rand(1, 3, 4, 16, 64)
    with torch.inference_mode():
        made = network(frames)
    for index, way in enumerate((0.25, 0.5, 0.75)):
        wanted = torch.lerp(frames[:, :, 1], frames[:, :, 2], way)
        torch.testing.assert_close(made[:, index], wanted)


@pytest.mark.parametrize("width", [64, 65, 90])
def test_a_mixing_network_mixes_as_it_tells(width: int) -> None:
    """How much of each keyframe, and a colour for four columns from the axis to the edge."""
    network = Flavr(2, width=6, mixing=True).eval()
    _, last = network.outconv
    torch.nn.init.zeros_(last.weight)
    colours = torch.tensor([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1], [0.0, 0.5, -0.2], [0.2, 0.0, 0.0]])
    with torch.no_grad():
        last.bias.copy_(torch.cat([torch.tensor([0.5, -0.25, 0.125, 0.25]), colours.flatten()]))
    frames = torch.rand(1, 3, 4, 8, width)
    parts = torch.tensor([0.5, 0.5 - 0.25, 0.5 + 0.125, 0.25])
    side = (width + 1) // 2
    across = np.linspace(0, 3, side)
    half = np.stack([np.interp(across, range(4), colours[:, colour]) for colour in range(3)])
    both = np.concatenate([half[:, ::-1], half[:, 2 * side - width :]], 1)
    wanted = (frames * parts[:, None, None]).sum(2) + torch.tensor(both[:, None]).float()
    with torch.inference_mode():
        # All of it but for what is even by chance.
        torch.testing.assert_close(network(frames)[:, 0], wanted, atol=2e-3, rtol=0)


@pytest.mark.parametrize("still", [0, 1])
def test_a_mixing_network_blends_what_changes_evenly(still: int) -> None:
    """Whatever it was taught; and also where the first or the last keyframe is repeated."""
    torch.manual_seed(0)
    network = Flavr(4, width=6, mixing=True).eval()
    start, change = torch.rand(1, 3, 1, 16, 48), 0.1 * torch.rand(1, 3, 1, 16, 48)
    frames = start + change * torch.arange(4)[:, None, None]
    frames[:, :, 3 * still] = frames[:, :, 1 + still]
    with torch.inference_mode():
        made = network(frames)
    for index, way in enumerate((0.25, 0.5, 0.75)):
        torch.testing.assert_close(
            made[:, index], torch.lerp(frames[:, :, 1], frames[:, :, 2], way)
        )
    with torch.inference_mode():
        assert not torch.allclose(network(torch.rand(1, 3, 4, 16, 48))[:, 1], made[:, 1], atol=0.01)


@pytest.mark.parametrize("width", [*range(1, 40), 72, 100, 128, 144, 160])
def test_columns_are_averaged_as_adaptive_pooling_does(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Mac's GPU has that only for a divisor of the width, and is asked for nothing else."""
    pool = F.adaptive_avg_pool2d
    picture = torch.rand(2, 3, 5, width)
    found = picture @ _means(width)
    torch.testing.assert_close(found, pool(picture, (5, _COLUMNS)), rtol=0, atol=1e-6)

    def as_a_mac(x: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
        if any(side % wanted for side, wanted in zip(x.shape[2:], size, strict=True)):
            raise RuntimeError("Adaptive pool MPS: input sizes must be divisible by output sizes.")
        return pool(x, size)

    monkeypatch.setattr(F, "adaptive_avg_pool2d", as_a_mac)
    network = Flavr(2, width=4, mixing=True)
    for half in (False, True):
        made = network(torch.rand(1, 3, 4, 8, width), half=half)
        assert made.shape == (1, 1, 3, 8, width)


def test_a_network_whose_pictures_are_not_numbers_is_told(tmp_path: Path) -> None:
    network = Flavr(2, width=4)
    with torch.no_grad():
        network.outconv[1].bias[0] = float("nan")
    _checkpoint.save(network, tmp_path / "flavr_2x.safetensors")
    frames = [np.full((16, 16, 3), value, np.uint8) for value in (0, 200)]
    with pytest.raises(ModelError, match="not numbers"):
        list(flavr.between(frames, 2, weights=tmp_path, device="cpu"))


def test_a_mixing_network_sees_halves_by_themselves() -> None:
    torch.manual_seed(0)
    network = Flavr(4, width=6, mixing=True).eval()
    frames = torch.rand(1, 3, 4, 16, 48)
    with torch.inference_mode():
        whole = network(frames)
        torch.testing.assert_close(network(frames.flip(-1)).flip(-1), whole)
        torch.testing.assert_close(network(frames[..., 24:], half=True), whole[..., 24:])
        other = frames.clone()
        other[..., :24] = 0.5
        torch.testing.assert_close(network(other)[..., 24:], whole[..., 24:])


@pytest.mark.parametrize("width", [64, 61])
def test_mirrored_frames_are_filled_as_any(width: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Flavr(2, width=6, mixing=True)
    _checkpoint.save(network, tmp_path / "flavr_2x.safetensors")
    left = np.stack(noise(4, height=16, width=width))[:, :, : (width + 1) // 2]
    frames = np.concatenate([left, left[:, :, : width // 2][:, :, ::-1]], 2)
    made = list(between(list(frames), 2, interpolator="flavr", weights=tmp_path))
    # One pixel that differs, and they are not mirrored any more.
    frames = frames.copy()
    frames[:, 0, 0] ^= 1
    other = list(between(list(frames), 2, interpolator="flavr", weights=tmp_path))
    for one, two in zip(made, other, strict=True):
        assert one.shape == (16, width, 3)
        assert np.array_equal(one, one[:, ::-1])
        assert np.abs(one[1:].astype(int) - two[1:]).max() <= 2


@pytest.mark.parametrize("form", ["bare", "prefixed", "wrapped", "safetensors"])
def test_every_form_of_a_checkpoint_loads(form: str, tmp_path: Path) -> None:
    weights = random_weights(4, 6)
    path = tmp_path / ("a.safetensors" if form == "safetensors" else "a.pth")
    if form == "safetensors":
        from safetensors.torch import save_file

        save_file(weights, path)
    else:
        named = {("module." if form != "bare" else "") + k: v for k, v in weights.items()}
        torch.save({"state_dict": named} if form == "wrapped" else named, path)
    network = flavr.load_checkpoint(path)
    assert (network.factor, network.width, network.mixing) == (4, 6, False)
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, weights[name])


@pytest.mark.parametrize("mixing", [False, True])
def test_what_is_saved_loads_again(tmp_path: Path, mixing: bool) -> None:
    network = Flavr(8, width=6, mixing=mixing)
    _checkpoint.save(network, tmp_path / "flavr_8x.safetensors")
    again = flavr.load_checkpoint(tmp_path / "flavr_8x.safetensors")
    assert (again.factor, again.width, again.mixing) == (8, 6, mixing)
    for name, value in network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value.half().float())
    assert [path.name for path in tmp_path.iterdir()] == ["flavr_8x.safetensors"]


def broken(kind: str, path: Path) -> None:
    weights = random_weights(2, 6)
    if kind == "another network":
        weights = {"conv.weight": torch.zeros(3, 3), "conv.bias": torch.zeros(3)}
    elif kind == "one tensor missing":
        del weights["decoder.0.conv.0.bias"]
    elif kind == "one tensor more":
        weights["encoder.stem.1.running_mean"] = torch.zeros(6)
    elif kind == "another shape":
        weights["encoder.layer2.0.conv1.0.weight"] = torch.zeros(12, 6, 1, 3, 3)
    elif kind == "wrong outputs":
        weights["outconv.1.weight"] = torch.zeros(6, 6, 7, 7)
    elif kind == "integers":
        weights["feature_fuse.conv.0.weight"] = torch.zeros(6, 24, 1, 1, dtype=torch.int64)
    elif kind == "a number":
        weights["outconv.1.weight"] = torch.tensor(3.0)
    elif kind == "enormous":
        weights["encoder.stem.0.weight"] = torch.zeros(1).expand(10**6, 1)
    torch.save([1, 2] if kind == "a list" else {"state_dict": weights}, path)
    if kind == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "noise":
        path.write_bytes(np.random.default_rng(0).bytes(5000))


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("another network", r"no tensor encoder\.stem\.0\.weight"),
        ("one tensor missing", r"no tensor decoder\.0\.conv\.0\.bias"),
        ("one tensor more", r"encoder\.stem\.1\.running_mean"),
        ("another shape", r"encoder\.layer2\.0\.conv1\.0\.weight has the shape \(12, 6, 1, 3, 3\)"),
        ("wrong outputs", "6 outputs"),
        ("integers", r"feature_fuse.*int64"),
        ("a number", "0 outputs"),
        ("enormous", "1000000 channels"),
        ("a list", "no dictionary of tensors"),
        ("truncated", "FLAVR checkpoint"),
        ("empty", "FLAVR checkpoint"),
        ("noise", "FLAVR checkpoint"),
    ],
)
@pytest.mark.parametrize("name", ["FLAVR_2x.pth"])
def test_what_is_no_checkpoint_is_refused_with_a_sentence(
    kind: str, says: str, name: str, tmp_path: Path
) -> None:
    broken(kind, tmp_path / name)
    with pytest.raises(ModelError, match=says) as caught:
        flavr.load_checkpoint(tmp_path / name)
    assert str(caught.value).endswith((".", "again.", "run."))
    assert "\n" not in str(caught.value)


def test_broken_safetensors_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "flavr_8x.safetensors"
    _checkpoint.save(Flavr(2, width=6), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match="FLAVR checkpoint"):
        flavr.load_checkpoint(path)


class Trap:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_code_in_a_checkpoint_is_refused_and_not_run(tmp_path: Path, protocol: int) -> None:
    sprung = tmp_path / "sprung"
    trap = Trap(f"touch {sprung}")
    modern, plain = tmp_path / "FLAVR_2x.pth", tmp_path / "FLAVR_4x.pth"
    released(modern, random_weights(2, 6), best=trap)
    plain.write_bytes(pickle.dumps({"state_dict": trap}, protocol))
    for path in (modern, plain):
        with pytest.raises(ModelError, match=r"was not run|cannot be read"):
            flavr.load_checkpoint(path)
    assert not sprung.exists()
    torch.load(modern, weights_only=False)  # the trap is a real one
    assert sprung.exists()


def test_a_missing_checkpoint_and_an_empty_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no FLAVR checkpoint"):
        flavr.load_checkpoint(tmp_path / "nothing.pth")
    with pytest.raises(ModelError, match="no FLAVR checkpoint"):
        between([], 2, interpolator="flavr", weights=tmp_path / "nothing.pth")
    with pytest.raises(ModelError, match="has no FLAVR checkpoints"):
        between([], 2, interpolator="flavr", weights=tmp_path)


# How frames go through.


def noise(count: int, height: int = 32, width: int = 40, seed: int = 0) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return list(random.integers(0, 256, (count, height, width, 3), np.uint8))


@pytest.mark.parametrize("count", [2, 3, 6])
def test_windows_are_those_of_the_paper_with_repeated_ends(tmp_path: Path, count: int) -> None:
    weights = random_weights(4, 6)
    path = released(tmp_path / "FLAVR_4x.pth", weights)
    frames = noise(count)
    made = list(between(frames, 4, interpolator="flavr", weights=path, device="cpu"))
    assert len(made) == (count - 1) * 4 + 1
    padded = np.stack([frames[0], *frames, frames[-1]])
    for gap in range(count - 1):
        window = torch.from_numpy(padded[gap : gap + 4]).permute(3, 0, 1, 2)[None].float() / 255
        wanted = stated_again(weights, window)[0].mul(255).round().clamp(0, 255)
        for step in range(3):
            frame = made[4 * gap + step + 1].astype(float)
            error = np.abs(frame - wanted[step].permute(1, 2, 0).numpy())
            assert error.max() <= 1  # rounding
            assert error.mean() < 0.01


@pytest.mark.parametrize(("height", "width"), [(8, 8), (33, 47), (64, 20)])
def test_any_size_keeps_its_size(tmp_path: Path, height: int, width: int) -> None:
    path = released(tmp_path / "FLAVR_2x.pth", random_weights(2, 6))
    made = list(between(noise(3, height, width), 2, interpolator="flavr", weights=path))
    assert {frame.shape for frame in made} == {(height, width, 3)}
    assert {frame.dtype for frame in made} == {np.dtype(np.uint8)}


@pytest.mark.parametrize(
    ("have", "factor", "calls"),
    [
        ((2, 4, 8), 8, [(8, 7)]),
        ((2, 4, 8), 4, [(4, 3)]),
        ((8,), 4, [(8, 3)]),
        ((8,), 2, [(8, 1)]),
        ((2,), 8, [(2, 1), (2, 1), (2, 1)]),
        ((2, 4), 8, [(4, 3), (2, 1)]),
        ((4,), 8, [(4, 3), (4, 1)]),
        ((2, 4, 8), 16, [(8, 7), (2, 1)]),
        ((2,), 16, [(2, 1)] * 4),
    ],
)
def test_factors_are_made_of_the_networks_there_are(
    have: tuple[int, ...], factor: int, calls: list[tuple[int, int]]
) -> None:
    workers = {each: flavr._Worker(Flavr(each, width=4), "cpu") for each in have}
    steps = flavr._steps(factor, workers)
    assert [(step.worker._network.factor, len(step.outputs)) for step in steps] == calls
    for step in steps:
        made = step.worker._network.factor
        spaces = np.diff([-1, *step.outputs, made - 1])
        assert len(set(spaces)) == 1  # evenly spread between the keyframes


@pytest.mark.parametrize("factor", [3, 5, 6, 7, 9, 11, 12, 13, 15])
def test_odd_factors_are_resampled_evenly(tmp_path: Path, factor: int) -> None:
    """With a network that only blends, a ramp must stay a ramp whatever the factor."""
    network = Flavr(8, width=4, mixing=True)
    for parameter in network.outconv.parameters():
        torch.nn.init.zeros_(parameter)
    _checkpoint.save(network, tmp_path / "flavr_8x.safetensors")
    frames = [np.full((16, 16, 3), 50 * step, np.uint8) for step in range(5)]
    made = list(between(frames, factor, interpolator="flavr", weights=tmp_path))
    ramp = np.linspace(0, 200, 4 * factor + 1)
    np.testing.assert_allclose([frame.mean() for frame in made], ramp, atol=1.01)


def test_the_environment_names_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = released(tmp_path / "FLAVR_2x.pth", random_weights(2, 6))
    frames = noise(3)
    named = list(between(frames, 2, interpolator="flavr", weights=path))
    embedded = list(between(frames, 2, interpolator="flavr"))
    monkeypatch.setenv("MUSVID_FLAVR_WEIGHTS", str(path))
    np.testing.assert_array_equal(list(between(frames, 2, interpolator="flavr")), named)
    assert not np.array_equal(named[1], embedded[1])


@pytest.mark.parametrize("name", ["~nosuchuser/x", "x" * 300, "gone.pth"])
def test_weights_that_are_not_there_are_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [np.zeros((16, 16, 3), np.uint8)] * 2
    with pytest.raises(ModelError, match="no FLAVR checkpoint"):
        between(frames, 2, interpolator="flavr", weights=name)
    monkeypatch.setenv("MUSVID_FLAVR_WEIGHTS", name)
    with pytest.raises(ModelError, match="no FLAVR checkpoint"):
        between(frames, 2, interpolator="flavr")
    assert len(list(between(frames, 2, interpolator="blend"))) == 3


def test_other_weights_in_the_same_file_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "FLAVR_2x.pth"
    made = []
    for seed in (0, 1):
        released(path, random_weights(2, 6, seed=seed))
        os.utime(path, (seed, seed))
        made.append(list(between(noise(3), 2, interpolator="flavr", weights=path))[1])
    assert not np.array_equal(*made)


def mirrored(frames: list[np.ndarray]) -> list[np.ndarray]:
    return [np.concatenate([frame, frame[:, ::-1]], 1) for frame in frames]


def test_mirrored_frames_stay_exactly_mirrored() -> None:
    for frame in between(mirrored(noise(4, 48, 40)), 8, interpolator="flavr"):
        np.testing.assert_array_equal(frame, frame[:, ::-1])


def test_one_half_tells_what_the_whole_would(write_song: WriteSong) -> None:
    """Of mirrored frames the embedded network sees a half, which is (nearly) the same."""
    song = Song.open(write_song(music(2.0)))
    frames = list(every(draw(song, Look(), Clock(song.duration), size=(128, 128)), 8))
    tilted = [frame.copy() for frame in frames]
    for frame in tilted:
        frame[0, 0] ^= 1  # no longer its mirror image
    made, whole = (list(between(kind, 8, interpolator="flavr")) for kind in (frames, tilted))
    assert psnr(np.stack(made), np.stack(whole)) > 42


def test_windows_abreast_and_in_a_row_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = mirrored(noise(7))
    monkeypatch.setattr("musvid._device.cores", lambda: 1)
    flavr._load.cache_clear()
    row = list(between(frames, 4, interpolator="flavr"))
    monkeypatch.setattr("musvid._device.cores", lambda: 4)
    flavr._load.cache_clear()
    abreast = list(between(frames, 4, interpolator="flavr"))
    flavr._load.cache_clear()
    np.testing.assert_array_equal(row, abreast)


def test_a_batch_that_does_not_fit_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = flavr._Worker(Flavr(2, width=6), "cpu")
    worker._abreast, worker._batch = 1, 8
    call, sizes = worker._call, []

    def small(windows: list[flavr.Window], outputs: tuple[int, ...]) -> list[list[np.ndarray]]:
        sizes.append(len(windows))
        if len(windows) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return call(windows, outputs)

    monkeypatch.setattr(worker, "_call", small)
    frames = noise(11)
    made = list(flavr._Step(worker, (0,)).fill(frames))
    assert len(made) == 21
    np.testing.assert_array_equal(made[::2], frames)
    assert sizes == [8, 4, 2, 2, 4, 2, 2, 2]


def test_memory_that_does_not_suffice_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from musvid import MemoryExhausted

    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(flavr._Worker, "_call", full)
    with pytest.raises(MemoryExhausted, match="--interpolator blend"):
        list(between(noise(3), 2, interpolator="flavr"))


def test_no_frame_is_asked_for_long_before_its_time() -> None:
    source = iter(noise(60))
    made: Iterator[np.ndarray] = between(source, 4, interpolator="flavr")
    for _ in range(5):  # two keyframes and what lies between them
        next(made)
    at_once = flavr._FEW * min(os.cpu_count() or 1, 8)
    assert len(list(source)) >= max(0, 60 - 3 - at_once)


def test_the_embedded_networks_are_small_and_there() -> None:
    files = list(flavr.EMBEDDED.glob("*.safetensors"))
    assert files
    assert sum(file.stat().st_size for file in files) < 10e6
    for file in files:
        network = flavr.load_checkpoint(file)
        assert network.mixing
        assert network.width < flavr._NARROW, "each core works on windows of its own"


def test_spectra_are_filled_better_than_by_the_others(write_song: WriteSong) -> None:
    """On music that training has not heard."""
    song = Song.open(write_song(music(6.0, seed=3)))
    truth = list(draw(song, Look(), Clock(song.duration), size=(256, 256)))[:161]
    figures = {}
    for name in ("blend", "motion", "flavr"):
        made = list(between(every(truth, 8), 8, interpolator=name))
        between_keys = [i for i in range(161) if i % 8]
        figures[name] = np.mean([psnr(made[i], truth[i]) for i in between_keys])
    assert figures["flavr"] > figures["blend"] + 0.3
    assert figures["flavr"] > figures["motion"] + 0.3
