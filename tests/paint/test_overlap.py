"""A batch is begun before the one before it is brought back: in the same order, with the same care.

On a card, which is not here, that overlaps; what is tested is the order of what a painter does, by
having it go ahead on the processor. What needs a card is skipped where there is none.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tiny_models
import torch

from musvid import _transfer
from musvid.errors import ModelError
from musvid.paint import painter
from musvid.paint.painter import Painter
from musvid.paint.style import Style

# diffusers' schedulers, about the numpy of today.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

needs_card = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no card")


@pytest.fixture(scope="module")
def style(tmp_path_factory: pytest.TempPathFactory) -> Style:
    model = tiny_models.sd_turbo(tmp_path_factory.mktemp("overlap") / "turbo")
    return Style(model=str(model), steps=1, strength=0.5, guidance=1.0, symmetry="none")


def frames(count: int) -> list[np.ndarray]:
    return list(np.random.default_rng(0).integers(0, 256, (count, 64, 64, 3), np.uint8))


def load(style: Style, *, ahead: int, batch: int = 2, precision: str = "auto") -> Painter:
    made = Painter(style, device="cpu", batch=batch, precision=precision)
    made._workers, made._ahead = 1, ahead
    return made


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What painters do from here on."""
    found: list[str] = []
    real = painter.begin_batch

    def begin(pipe: Any, given: Any, *more: Any) -> Callable[[], list[np.ndarray]]:
        number = sum(step.startswith("begin") for step in found)
        found.append(f"begin {number}")
        paintings = real(pipe, given, *more)

        def end() -> list[np.ndarray]:
            found.append(f"end {number}")
            return paintings()

        return end

    monkeypatch.setattr(painter, "begin_batch", begin)
    return found


def painted(made: Painter, style: Style, steps: list[str], count: int = 5) -> np.ndarray:
    """Paintings; what is taken of the source and given to the caller is noted among the steps."""

    def source() -> Iterator[np.ndarray]:
        for number, frame in enumerate(frames(count)):
            steps.append(f"take {number}")
            yield frame

    found = []
    for number, painting in enumerate(made.paint(source(), style)):
        steps.append(f"give {number}")
        found.append(painting)
    return np.stack(found)


def test_the_next_batch_is_begun_first(style: Style, steps: list[str]) -> None:
    plain = painted(load(style, ahead=0), style, steps)
    assert steps == [
        *("take 0", "take 1", "begin 0", "end 0", "give 0", "give 1"),
        *("take 2", "take 3", "begin 1", "end 1", "give 2", "give 3"),
        *("take 4", "begin 2", "end 2", "give 4"),
    ], "a processor has nothing to gain"
    steps.clear()
    found = painted(load(style, ahead=1), style, steps)
    assert steps == [
        *("take 0", "take 1", "begin 0", "take 2", "take 3", "begin 1"),
        *("end 0", "give 0", "give 1", "take 4", "begin 2", "end 1", "give 2", "give 3"),
        *("end 2", "give 4"),
    ]
    assert np.array_equal(found, plain)


def test_what_is_not_painted_keeps_its_place(style: Style) -> None:
    usual = style.resolve().stroke
    strokes = [replace(usual, strength=part) for part in (0.5, 0.5, 0.0, 0.0, 0.0, 0.5)]
    both = [
        np.stack(list(load(style, ahead=ahead).paint(frames(6), style, strokes)))
        for ahead in (0, 1)
    ]
    assert np.array_equal(*both)
    assert np.array_equal(both[1][2:5], frames(6)[2:5])


def overflow(made: Painter, monkeypatch: pytest.MonkeyPatch, *types: torch.dtype) -> None:
    """Let a painter's UNet give nothing that is a number in some types."""
    unet = made._pipe.unet
    real = unet.forward

    def forward(sample: torch.Tensor, *given: Any, **more: Any) -> Any:
        answer = real(sample, *given, **more)
        return (answer[0] * torch.nan,) if sample.dtype in types else answer

    monkeypatch.setattr(unet, "forward", forward)


def test_batches_that_overflow_are_painted_again_in_their_order(
    style: Style, steps: list[str], monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    """The second one was begun in the narrow type, too, before the first was known to fail."""
    made = load(style, ahead=1, precision="bfloat16")
    overflow(made, monkeypatch, torch.bfloat16)
    with caplog.at_level("WARNING", "musvid"):
        found = painted(made, style, steps)
    assert [record.getMessage() for record in caplog.records] == [
        f"{made.model.name} gave no picture in bfloat16; musvid now uses float32."
    ]
    done = [step for step in steps if step.startswith(("begin", "end"))]
    assert done == [
        *("begin 0", "begin 1", "end 0", "begin 2", "end 2"),  # again
        *("begin 3", "end 1", "begin 4", "end 4", "end 3"),
    ]
    assert made.precision == "float32"
    plain = load(style, ahead=0, precision="bfloat16")
    overflow(plain, monkeypatch, torch.bfloat16)
    assert np.array_equal(found, painted(plain, style, steps))
    overflow(made, monkeypatch, torch.float32)
    with pytest.raises(ModelError, match="not numbers"):
        painted(made, style, steps)


@pytest.mark.parametrize("room", [1, 2, 3])
def test_no_painting_is_lost_where_memory_runs_out(
    style: Style, steps: list[str], room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = painted(load(style, ahead=0, batch=1), style, steps, 9)
    made = load(style, ahead=1, batch=4)
    real, begun = made._pipe.vae.encode, []

    def encode(pictures: torch.Tensor) -> Any:
        begun.append(len(pictures))
        if len(begun) > 1 and len(pictures) > room:  # the first batch has its paintings by then
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(pictures)

    monkeypatch.setattr(made._pipe.vae, "encode", encode)
    steps.clear()
    found = painted(made, style, steps, 9)
    assert np.abs(found.astype(int) - expected).max() <= 1
    assert [step for step in steps if step.startswith("give")] == [f"give {n}" for n in range(9)]
    assert made.batch <= room
    assert begun[:2] == [4, 4] and len(begun) == len([s for s in steps if s.startswith("begin")])


def test_an_error_of_the_source_comes_after_what_is_painted_is_dropped(style: Style) -> None:
    def failing() -> Iterator[np.ndarray]:
        yield from frames(4)
        raise RuntimeError("the source failed")

    with pytest.raises(RuntimeError, match="source failed"):
        list(load(style, ahead=1).paint(failing(), style))
    paintings = load(style, ahead=1).paint(frames(9), style)
    next(paintings)
    paintings.close()  # type: ignore[attr-defined]


def test_several_threads_take_turns(style: Style) -> None:
    made = load(style, ahead=1)
    expected = np.stack(list(made.paint(frames(9), style)))
    found: dict[int, np.ndarray] = {}

    def work(number: int) -> None:
        found[number] = np.stack(list(made.paint(frames(9), style)))

    threads = [threading.Thread(target=work, args=[number]) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(found[number], expected) for number in range(3))


def test_each_painting_has_memory_of_its_own(style: Style) -> None:
    """Whoever keeps one does not keep its batch."""
    for painting in load(style, ahead=0).paint(frames(2), style):
        assert painting.flags["C_CONTIGUOUS"] and painting.flags["OWNDATA"]


def test_a_processor_has_its_numbers_at_once() -> None:
    numbers = torch.arange(6).reshape(2, 3)
    assert _transfer.sent(numbers, "cpu") is numbers
    assert torch.equal(_transfer.fetched(numbers)(), numbers)
    assert [_transfer.queues(name) for name in ("cuda", "cuda:1", "cpu", "mps")] == [
        *(True, True, False, False)
    ]


class OnCard(torch.Tensor):
    """A tensor that says that it is on a card."""

    device = property(lambda _: torch.device("cuda"))  # type: ignore[assignment]


def test_a_card_is_asked_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls of the way that only a card goes; the card is none, and does all at once."""
    done: list[str] = []
    empty, copy, to = torch.empty, torch.Tensor.copy_, torch.Tensor.to

    def allocate(*given: Any, pin_memory: bool = False, **more: Any) -> torch.Tensor:
        done.append(f"pinned {pin_memory}")
        return empty(*given, **more)

    def put(self: torch.Tensor, other: torch.Tensor, non_blocking: bool = False) -> torch.Tensor:
        done.append(f"copy {non_blocking}")
        return copy(self, other.as_subclass(torch.Tensor))

    def move(self: torch.Tensor, where: Any, **more: Any) -> torch.Tensor:
        done.append(f"to {where} {more}")
        return to(self.as_subclass(torch.Tensor), "cpu")

    class Event:
        def __init__(self, *, blocking: bool) -> None:
            assert blocking

        def record(self) -> None:
            done.append("record")

        def synchronize(self) -> None:
            done.append("synchronize")

    numbers = torch.arange(6.0).reshape(2, 3)
    there = numbers.clone().as_subclass(OnCard)
    monkeypatch.setattr(torch, "empty", allocate)
    monkeypatch.setattr(torch.Tensor, "copy_", put)
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "device", lambda _: nullcontext())
    waits = _transfer.fetched(there)
    assert done == ["pinned True", "copy True", "record"], "nothing is waited for"
    assert torch.equal(waits(), numbers) and done[-1] == "synchronize"
    done.clear()
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: done.append("pin") or self)
    monkeypatch.setattr(torch.Tensor, "to", move)
    assert torch.equal(_transfer.sent(numbers, "cuda"), numbers)
    assert done == ["pin", "to cuda {'non_blocking': True}"]
    done.clear()
    _transfer.sent(there, "cuda")  # what is there needs no pinned memory
    assert done[0] == "to cuda {}"


@needs_card
def test_a_card_gives_back_what_it_was_given() -> None:
    numbers = torch.rand(3, 512, 512)
    there = _transfer.sent(numbers, "cuda")
    waits = _transfer.fetched(there * 2)
    there.zero_()  # in order: what was fetched is as it was
    assert torch.equal(waits(), numbers * 2)


@needs_card
def test_a_card_paints_as_one_batch_after_the_other(style: Style) -> None:
    made = Painter(style, device="cuda", batch=4)
    ahead = np.stack(list(made.paint(frames(19), style)))
    made._ahead = 0
    assert np.array_equal(ahead, np.stack(list(made.paint(frames(19), style))))
    own = Painter(style, device="cuda")
    found = np.stack(list(own.paint(frames(19), style)))
    assert np.abs(found.astype(int) - ahead).max() <= 2
    assert own._room is not None and max(own._room._fits.values()) > 2
