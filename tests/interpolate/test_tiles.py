"""Keyframes too large for the memory: tiles that meet without a seam."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from test_flavr import random_weights, released

from musvid import MemoryExhausted, between
from musvid.interpolate import _tiles, flavr
from musvid.interpolate._network import Flavr, Gate


def pictures(count: int = 4, height: int = 256, width: int = 304) -> np.ndarray:
    """Soft blots of colour, some bright and some dark."""
    random = np.random.default_rng(3)
    blots = random.integers(0, 256, (count, 6, 8, 3), np.uint8)
    blots[:, :3] //= 4  # the upper half is dark: its means are not those of the whole
    made = [cv2.resize(each, (width, height), interpolation=cv2.INTER_CUBIC) for each in blots]
    return np.stack(made)


def network(factor: int = 2, width: int = 8) -> Flavr:
    made = Flavr(factor, width=width).eval()
    made.load_state_dict(random_weights(factor, width))
    return made


def whole(made: Flavr, window: np.ndarray) -> torch.Tensor:
    with torch.inference_mode():
        return made(torch.from_numpy(window).permute(3, 0, 1, 2)[None].float() / 255)[0]


def put_together(made: Flavr, window: np.ndarray, count: tuple[int, int]) -> torch.Tensor:
    pixels = torch.full((made.factor - 1, 3, *window.shape[1:3]), torch.nan)
    sizes = {"device": "cpu", "dtype": torch.float32}
    with torch.inference_mode():
        outputs = range(made.factor - 1)
        for tile, part in _tiles.fill(made, window, outputs, count, **sizes):
            pixels[..., tile.kept[0], tile.kept[1]] = part
    return pixels


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("count", [(1, 2), pytest.param((2, 2), marks=pytest.mark.thorough)])
def test_tiles_make_what_the_whole_picture_does(count: tuple[int, int], flat: bool) -> None:
    made, window = network(), pictures()
    made.flat = flat
    wanted, found = whole(made, window), put_together(made, window, count)
    assert float(wanted.std()) > 0.05  # a signal
    assert float((found - wanted).abs().max()) < 0.1 / 255
    assert all(gate.known is None for gate in made.modules() if isinstance(gate, Gate))


def test_tiles_that_went_by_their_own_means_would_differ() -> None:
    """What is shared between tiles matters: each by itself is another picture."""
    made, window = network(), pictures()
    wanted = whole(made, window)
    left = whole(made, np.ascontiguousarray(window[:, :128]))
    assert float((left[..., :16, :] - wanted[..., :16, :]).abs().max()) > 1 / 255


def test_a_tile_sees_as_far_as_the_network_does() -> None:
    """A pixel beyond the reach changes nothing but means, and one just within it does."""
    torch.manual_seed(0)
    made = network(width=4).double()
    for gate in made.modules():
        if isinstance(gate, Gate):
            gate.known = lambda places: torch.full_like(places[..., 0, 0], 0.1)
    x = torch.rand(1, 3, 4, 8, 320).double()
    reached = 0
    with torch.inference_mode():
        wanted = made.painted(x, [0])
        for place in range(160, 168):
            other = x.clone()
            other[..., place] += 1
            changed = (made.painted(other, [0]) != wanted).flatten(0, 3).any(0).nonzero()
            reached = max(reached, int((changed - place).abs().max()))
    assert _tiles.REACH - 8 <= reached <= _tiles.REACH


@pytest.mark.parametrize("count", [(1, 1), (3, 2), (5, 7)])
def test_tiles_cover_a_picture_once(count: tuple[int, int]) -> None:
    height, width = 512, 712
    kept = np.zeros((height, width), int)
    parts = _tiles.tiles(height, width, count)
    for tile in parts:
        kept[tile.kept] += 1
        for inner, outer, side in zip(tile.kept, tile.seen, (height, width), strict=True):
            assert outer.start == max(0, inner.start - _tiles.REACH)
            assert outer.stop == min(side, inner.stop + _tiles.REACH)
            assert all(place % 8 == 0 for place in (inner.start, inner.stop, outer.start))
    assert len(parts) == count[0] * count[1]
    assert kept.min() == kept.max() == 1


def test_tiles_become_finer_until_they_would_only_overlap() -> None:
    count: tuple[int, int] | None = (1, 1)
    seen = []
    while count:
        seen.append(_tiles.largest(1024, 2048, count))
        last, count = count, _tiles.finer(1024, 2048, count)
    assert seen[0] == 1024 * 2048
    assert sorted(seen, reverse=True) == seen
    assert max(1024 / last[0], 2048 / last[1]) <= 128


@pytest.mark.thorough
def test_what_the_memory_has_no_room_for_is_filled_in_tiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = released(tmp_path / "FLAVR_2x.pth", random_weights(2, 8))
    frames = [*pictures(4, 250, 300)]
    wanted = list(between(frames, 2, interpolator="flavr", weights=path))
    counts = []
    fill = _tiles.fill

    def counted(*given: object, **more: object) -> object:
        counts.append(given[3])
        return fill(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(_tiles, "fill", counted)
    monkeypatch.setattr("musvid._device.free_memory", lambda _: 250 * 300 * 8 * 20 * 4)
    made = list(between(frames, 2, interpolator="flavr", weights=path))
    assert len(counts) == 3 and counts[0] != (1, 1)
    for one, other in zip(made, wanted, strict=True):
        assert one.shape == (250, 300, 3)
        assert np.abs(one.astype(int) - other).max() <= 1  # rounding


def test_a_window_that_does_not_fit_is_filled_in_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = flavr._Worker(network(), "cpu")
    sizes = []

    def small(*_: object, **__: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    painted = worker._network.painted

    def tile(x: torch.Tensor, chosen: object) -> torch.Tensor:
        sizes.append(x.shape[-2:].numel())
        return painted(x, chosen)  # type: ignore[arg-type]

    frames = [*pictures()]
    wanted = list(flavr._Step(worker, (0,)).fill(frames))
    monkeypatch.setattr(worker._network, "fill", small)
    monkeypatch.setattr(worker._network, "painted", tile)
    found = list(flavr._Step(worker, (0,)).fill(frames))
    assert max(sizes) < 256 * 304
    assert np.abs(np.stack(found).astype(int) - np.stack(wanted)).max() <= 1
    monkeypatch.setattr(worker._network, "painted", small)
    with pytest.raises(MemoryExhausted, match="--interpolator blend"):
        list(flavr._Step(worker, (0,)).fill(frames))
