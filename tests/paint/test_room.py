"""How many frames a card paints at once; the card here is numbers, its paintings are real."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models
import torch

from musvid.paint import call, painter
from musvid.paint.painter import Painter
from musvid.paint.room import FIRST, MOST, Room, fitting
from musvid.paint.style import Style

# diffusers' schedulers, about the numpy of today.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

GB = 10**9
PIXELS = 512 * 272  # of the painted half of a frame


@pytest.mark.parametrize(
    ("free", "took", "count", "fits"),
    [
        (10 * GB, 2 * GB, 1, 4),  # a fifth is left free
        (10 * GB, 2 * GB, 2, 8),
        (10 * GB, 8 * GB, 1, 1),
        (1 * GB, 8 * GB, 2, 1),  # at least one, whatever it takes
        (0, 1 * GB, 1, 1),
        (130 * GB, 1 * GB, 2, MOST),
        (10 * GB, 0, 1, MOST),
    ],
)
def test_as_many_as_fit(free: int, took: int, count: int, fits: int) -> None:
    assert fitting(free, took, count, PIXELS) == fits


@pytest.mark.parametrize("side", [64, 128, 256, 512, 768, 1024, 2048, 4096])
def test_a_batch_is_not_larger_than_kernels_count(side: int) -> None:
    fits = fitting(10**15, 1, 1, side * side)
    assert fits == 1 or fits * side * side * 256 < 2**31
    assert fits == {64: MOST, 128: MOST, 256: MOST, 512: 31, 768: 14, 1024: 7}.get(side, 1)


class Card:
    """A card's memory: a batch takes so many bytes for each frame, and a part stays with torch."""

    def __init__(self, each: int, *, size: int = 1000, weights: int = 100) -> None:
        self.each, self.size, self.used = each, size, weights
        self.reserved = self.peak = weights
        self.resets = 0

    def paints(self, count: int) -> None:
        needed = self.used + count * self.each
        if needed > self.size:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        self.peak, self.reserved = max(self.peak, needed), max(self.reserved, needed)

    def mem_get_info(self) -> tuple[int, int]:
        return self.size - self.reserved, self.size

    def memory_allocated(self) -> int:
        return self.used

    def memory_reserved(self) -> int:
        return self.reserved

    def max_memory_allocated(self) -> int:
        return self.peak

    def reset_peak_memory_stats(self) -> None:
        self.peak = self.used
        self.resets += 1


def test_the_first_batch_of_a_kind_is_measured_and_no_other() -> None:
    card = Card(each=30)
    card.peak = 900  # of what was done before
    found = Room(card)
    assert found.most("wide", 0) == found.most("tall", 9) == FIRST
    for count in (2, 24, 5):
        with found.measured("wide", count, PIXELS):
            card.paints(count)
        # Of 1000 bytes 100 are weights; what torch keeps of the first batch is free for the next.
        assert found.most("wide", 9) == 900 * 8 // 10 // 30 == 24
    assert [found.most("wide", begun) for begun in range(6)] == [2, 4, 8, 16, 24, 24]
    assert card.resets == 1
    assert found.most("tall", 9) == FIRST


def test_a_batch_that_fails_tells_nothing() -> None:
    found = Room(card := Card(each=600))

    def fail() -> None:
        with found.measured("wide", 2, PIXELS):
            card.paints(2)

    with pytest.raises(torch.OutOfMemoryError):
        fail()
    assert found.most("wide", 9) == FIRST
    with found.measured("wide", 1, PIXELS):
        card.paints(1)
    assert found.most("wide", 9) == 1


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.sd_turbo(tmp_path_factory.mktemp("room") / "turbo")


@pytest.fixture
def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The batches that are painted from here on."""
    found = []
    real = call.by_loop

    def counted(pipe: Any, made: call.Batch) -> Any:
        value = real(pipe, made)
        found.append(len(made.images))
        return value

    monkeypatch.setattr(call, "by_loop", counted)
    return found


def on_card(made: Painter, card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a painter on the processor count its memory on a card."""
    made.batch, made._workers, made._room, made._ahead = MOST, 1, Room(card), 1
    real = painter.begin_batch

    def begin(pipe: Any, frames: Any, *more: Any) -> Any:
        card.paints(len(frames))
        return real(pipe, frames, *more)

    monkeypatch.setattr(painter, "begin_batch", begin)


def frames(count: int, side: int = 64) -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (count, side, side, 3), np.uint8))


def test_a_painter_goes_from_a_small_batch_to_what_fits(
    model: Path, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    style = Style(model=str(model), steps=1, strength=0.5, guidance=1.0, symmetry="none")
    plain = Painter(style, device="cpu", batch=1)
    plain._workers = 1
    expected = np.stack(list(plain.paint(frames(20), style)))
    sizes.clear()
    made = Painter(style, device="cpu")
    card = Card(each=100)
    on_card(made, card, monkeypatch)
    found = np.stack(list(made.paint(frames(20), style)))
    assert sizes == [2, 4, 7, 7]
    assert np.abs(found.astype(int) - expected).max() <= 1
    sizes.clear()
    list(made.paint(frames(10), style))
    assert sizes == [2, 4, 4] and card.resets == 1, "what is known is not measured again"
    sizes.clear()
    list(made.paint(frames(4, 128), style))
    assert sizes == [2, 2] and card.resets == 2, "another size is another kind"
    # Another program takes memory: what is begun is halved, and nothing is lost.
    sizes.clear()
    card.size = 500
    again = np.stack(list(made.paint(frames(20), style)))
    assert max(sizes) <= 4 and sum(sizes) == 20
    assert np.abs(again.astype(int) - expected).max() <= 1
    assert made.batch == 4


def test_a_batch_that_is_given_is_not_measured(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a card, whose model here stays on the processor."""
    style = Style(model=str(model))
    real = painter.loading.load
    monkeypatch.setattr("musvid._device.pick_device", lambda _: "cuda")
    monkeypatch.setattr(
        painter.loading, "load", lambda model, style, _, *more: real(model, style, "cpu", *more)
    )
    given, own = Painter(style, batch=5), Painter(style)
    assert (given.batch, given._room) == (5, None)
    assert own.batch == MOST and isinstance(own._room, Room)
    assert given._ahead == own._ahead == 1
    monkeypatch.setattr("musvid._device.pick_device", lambda _: "mps")
    other = Painter(style)
    assert (other.batch, other._room, other._ahead) == (8, None, 0)


def test_torch_tells_what_is_measured() -> None:
    """The names are those of `torch.cuda`, which has them whether there is a card or not."""
    for name in ("mem_get_info", "memory_allocated", "memory_reserved", "max_memory_allocated"):
        assert callable(getattr(torch.cuda, name))
    assert callable(torch.cuda.reset_peak_memory_stats)
