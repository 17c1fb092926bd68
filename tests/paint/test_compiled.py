"""Networks compiled while a long render paints: the same pictures, and nothing fails by it."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models
import torch
from conftest import WriteSong, music

from musvid import Recipe, Song, render
from musvid.errors import SettingsError
from musvid.paint import compiled
from musvid.paint.painter import Painter
from musvid.paint.style import Style
from musvid.store import Store

Load = Callable[..., Painter]


@pytest.fixture
def load(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Load:
    """A painter of a family, on the CPU, which compiles as it would on a card."""
    folder = tmp_path_factory.mktemp("model")

    def loaded(family: str = "sd_turbo", *, backend: Any = "eager", worth: float = 0.0) -> Painter:
        path = getattr(tiny_models, family)(folder / family)
        style = Style(model=str(path), prompt="glowing nebula", strength=0.7, steps=2, guidance=1.0)
        made = Painter(style, device="cpu", precision="float32", batch=2)
        request.addfinalizer(torch._dynamo.reset)
        turn = made._turn
        made._fast = compiled.Fast(made._pipe, name="tiny", turn=turn, backend=backend, worth=worth)
        return made

    return loaded


def painted(painter: Painter, count: int, *, style: Style | None = None) -> np.ndarray:
    random = np.random.default_rng(5)
    frames = random.integers(0, 256, (count, 64, 64, 3), np.uint8)
    usual = Style(model=painter.model.name, strength=0.7, steps=2, guidance=1.0)
    return np.stack(list(painter.paint(frames, style or usual)))


def ready(painter: Painter) -> list[int]:
    assert painter._fast
    return [len(part.ready) for part in painter._fast._parts]


class Counted:
    """A backend that compiles nothing, and counts how often its programs run, by thread."""

    def __init__(self) -> None:
        self.made, self.runs, self.threads = 0, 0, set[int]()

    def __call__(self, graph: Any, _inputs: Any) -> Any:
        self.made += 1

        def run(*given: Any) -> Any:
            self.runs += 1
            self.threads.add(threading.get_ident())
            return graph(*given)

        return run


@pytest.mark.parametrize(
    "family", ["sd_turbo", pytest.param("sdxl_turbo", marks=pytest.mark.thorough)]
)
def test_a_long_render_goes_on_with_what_was_compiled_meanwhile(load: Load, family: str) -> None:
    backend = Counted()
    painter = load(family, backend=backend)
    wanted = painted(painter, 12)
    assert ready(painter) == [0, 0, 0], "nobody said that it is long"
    with painter.expect(40):
        painted(painter, 12)
        assert painter._fast
        painter._fast.wait()
        assert ready(painter) == [1, 1, 1]
        made, before = backend.made, backend.runs
        again = painted(painter, 11)  # five batches, and a last one of another shape
    assert backend.runs > before
    assert backend.made == made, "nothing is compiled in the painting's own time"
    assert threading.get_ident() in backend.threads
    assert np.abs(again.astype(int) - wanted[:11]).max() <= 1  # rounding
    assert np.std(wanted) > 5


@pytest.mark.thorough
def test_what_would_not_pay_is_not_compiled(load: Load) -> None:
    painter = load(worth=1e6)
    with painter.expect(10_000):
        painted(painter, 14)
    assert painter._fast and painter._fast._thread is None
    painter = load(worth=0.0)
    with painter.expect(6):  # it has ended when its speed is known
        painted(painter, 6)
    painted(painter, 14)  # a moment of the page belongs to no render
    assert painter._fast and painter._fast._thread is None


@pytest.mark.thorough
def test_the_first_pictures_do_not_wait(load: Load) -> None:
    """While something is compiled, painting goes on as before."""
    go, begun = threading.Event(), threading.Event()

    def slow(graph: Any, _inputs: Any) -> Any:
        begun.set()
        assert go.wait(60)
        return graph.forward

    painter = load(backend=slow)
    with painter.expect(100):
        painted(painter, 12)
        assert begun.wait(60)
        painted(painter, 6)
        assert ready(painter) == [0, 0, 0]
        go.set()
        assert painter._fast
        painter._fast.wait()
    assert ready(painter) == [1, 1, 1]


@pytest.mark.thorough
def test_compiling_that_fails_is_told_once(load: Load, caplog: pytest.LogCaptureFixture) -> None:
    def without_triton(_graph: Any, _inputs: Any) -> Any:
        raise RuntimeError("Cannot find a working triton installation")

    painter = load(backend=without_triton)
    wanted = painted(painter, 12)
    for _ in range(2):
        with painter.expect(40):
            found = painted(painter, 12)
            assert painter._fast
            painter._fast.wait()
    np.testing.assert_array_equal(found, wanted)
    said = [one for one in caplog.messages if one.startswith("tiny is not compiled")]
    assert len(said) == 1 and "triton" in said[0]


@pytest.mark.thorough
def test_a_compiled_network_that_fails_is_not_used_again(
    load: Load, caplog: pytest.LogCaptureFixture
) -> None:
    backend = Counted()
    painter = load(backend=backend)
    wanted = painted(painter, 12)
    with painter.expect(40):
        painted(painter, 12)
        assert painter._fast
        painter._fast.wait()

        def broken(*_: object, **__: object) -> None:
            raise RuntimeError("CUDA error: invalid device function")

        for part in painter._fast._parts:
            part.ready = dict.fromkeys(part.ready, broken)
        found = painted(painter, 12)
    np.testing.assert_array_equal(found, wanted)
    assert ready(painter) == [0, 0, 0]
    assert sum(one.startswith("tiny is not compiled") for one in caplog.messages) == 1


@pytest.mark.thorough
def test_memory_that_runs_out_in_what_is_compiled_is_dealt_with_as_ever(load: Load) -> None:
    painter = load(backend=Counted())
    with painter.expect(40):
        painted(painter, 12)
        assert painter._fast
        painter._fast.wait()

        def full(*_: object, **__: object) -> None:
            raise torch.OutOfMemoryError("CUDA out of memory")

        unet = painter._fast._parts[0]
        unet.ready = dict.fromkeys(unet.ready, full)
        assert len(painted(painter, 4)) == 4
    assert painter.batch == 1


@pytest.mark.thorough
def test_a_model_in_a_wider_type_is_not_painted_by_what_was_compiled_before(load: Load) -> None:
    backend = Counted()
    painter = load(backend=backend)
    with painter.expect(40):
        painted(painter, 12)
        assert painter._fast
        painter._fast.wait()
        painter._pipe.to(torch.float64)
        painter._prompting.forget()
        before, made = backend.runs, backend.made
        painted(painter, 4)
    assert (backend.runs, backend.made) == (before, made)


def test_only_a_card_compiles_and_only_where_it_may(load: Load) -> None:
    style = load()._pipe.name_or_path
    assert Painter(Style(model=style), device="cpu")._fast is None
    with pytest.raises(SettingsError, match="fast"):
        Painter(Style(model=style), device="cpu", fast="on")


def test_a_render_says_how_many_paintings_it_has(
    load: Load, write_song: WriteSong, tmp_path: Path
) -> None:
    painter = load(worth=1e6)
    counts = []
    expect = painter._fast.expect  # type: ignore[union-attr]

    def told(count: int) -> None:
        counts.append(count)
        expect(count)

    painter._fast.expect = told  # type: ignore[method-assign,union-attr]
    song = Song.open(write_song(music(1.0)))
    style = Style(model=painter.model.name, strength=0.5, steps=2, guidance=1.0)
    recipe = Recipe(style=style, size=(64, 64), before=1, after=6)
    seen: list[int] = []

    def progress(stage: str, _done: int, total: int) -> None:
        if stage == "painted":
            seen.append(total)

    render(
        song,
        recipe,
        tmp_path / "out.mp4",
        painter=painter,
        progress=progress,
    )
    assert counts == [seen[0], 0]


def test_what_was_compiled_is_forgotten_with_the_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSVID_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)
    store = Store()
    compiled._keep_on_disk()
    folder = Path(os.environ["TORCHINDUCTOR_CACHE_DIR"])
    assert folder.parent == store.folder and folder.is_dir()
    (folder / "fxgraph").mkdir()
    store.clear()
    assert not folder.exists()
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "own"))
    compiled._keep_on_disk()
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == str(tmp_path / "own")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "compiled"))
    return tmp_path / "compiled"


@pytest.mark.deep
@pytest.mark.skipif(not (shutil.which("g++") or shutil.which("clang++")), reason="no compiler")
def test_a_real_compiler_makes_the_same_pictures(
    load: Load, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Inductor, by the processor's compiler: as on a card, by C++ instead of Triton."""
    caplog.set_level(logging.INFO)
    painter = load(backend="inductor")
    assert painter._fast
    painter._fast._parts = painter._fast._parts[:1]  # the UNet alone takes a minute or more
    wanted = painted(painter, 12)
    with painter.expect(40):
        painted(painter, 12)
        painter._fast.wait()
        assert ready(painter) == [1], caplog.messages
        found = painted(painter, 12)
        assert ready(painter) == [1], caplog.messages
    assert np.abs(found.astype(int) - wanted).max() <= 2
    assert any(one.startswith("tiny is compiled") for one in caplog.messages)
    assert any(cache.rglob("*.so")), "kept for the next time"
