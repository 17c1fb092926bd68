"""The embedded model in plain torch: its paintings are those of diffusers' pipeline."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT, psnr

from musvid import Painter, SettingsError, Style
from musvid import _device as device
from musvid.paint.models import WEIGHTS
from musvid.paint.words import vocabulary

torch = pytest.importorskip("torch")

# diffusers' schedulers, about the numpy of today.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

FOLDER = str(WEIGHTS / "sketch")


def guides() -> list[np.ndarray]:
    """A few bars, and a picture of an odd shape that is all noise."""
    bars = np.zeros((128, 128, 3), np.uint8)
    bars[40:52, 30:98] = bars[90:94, 50:78] = 190
    return [bars, np.random.default_rng(0).integers(0, 255, (100, 91, 3), np.uint8)]


@pytest.fixture(scope="module")
def ours() -> Painter:
    return Painter(Style(), device="cpu", precision="float32")


@pytest.fixture(scope="module")
def theirs() -> Painter:
    """The same folder, which a path means to diffusers."""
    return Painter(Style(model=FOLDER), device="cpu", precision="float32")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"prompt": "dark emerald coral", "strength": 0.25, "seed": 3},
        {"prompt": "zeppelin " * 30 + "marble", "symmetry": "noise"},
        {"steps": 3, "strength": 1.0, "symmetry": "none"},
        {"steps": 2, "guidance": 4.0, "negative_prompt": "crystal"},
        {"prompt": "(teal:1.6) nebula (gold)", "guidance": 2.0, "negative_prompt": "((coral))"},
    ],
)
def test_paintings_are_those_of_diffusers(
    ours: Painter, theirs: Painter, changes: dict[str, object]
) -> None:
    style = Style(**changes).resolve()  # type: ignore[arg-type]
    one = list(ours.paint(guides(), style))
    other = list(theirs.paint(guides(), replace(style, model=FOLDER)))
    assert type(ours._pipe) is not type(theirs._pipe)
    for mine, yours, guide in zip(one, other, guides(), strict=True):
        assert mine.shape == guide.shape
        assert np.abs(mine.astype(int) - yours).max() <= 1, "rounding"


def test_words_of_more_weight_are_painted_more(ours: Painter) -> None:
    """A grey picture becomes the more crimson, the more that word weighs."""

    def painted(prompt: str) -> np.ndarray:
        style = Style(prompt=prompt, strength=0.9, symmetry="none").resolve()
        return next(ours.paint([np.full((64, 64, 3), 120, np.uint8)], style))

    def red(prompt: str) -> float:
        made = painted(prompt).astype(float)
        return float((made[..., 0] - made[..., 1:].mean(-1)).mean())

    reds = [red(f"(crimson:{weight}) nebula") for weight in (0, 0.3, 0.7, 1, 1.7)]
    assert reds == sorted(reds) and np.diff(reds).min() > 2, reds
    for one, other in (("(crimson:0) nebula", "nebula"), ("(crimson:1) nebula", "crimson nebula")):
        assert np.array_equal(painted(one), painted(other))


def test_words_are_tokens_of_the_same_numbers(ours: Painter, theirs: Painter) -> None:
    texts = ["", "Teal & GOLD nebula", "zeppelin", " ".join(vocabulary()), "stained-glass, dark"]
    for text in texts:
        for short in (True, False):
            numbers = [
                list(painter._pipe.tokenizer(text, truncation=short).input_ids)
                for painter in (ours, theirs)
            ]
            assert numbers[0] == numbers[1], text


def test_it_loads_without_the_large_libraries() -> None:
    program = """
import sys
import numpy as np
from musvid import Painter, Style
assert len(list(Painter(Style(), device="cpu").paint([np.zeros((64, 64, 3), np.uint8)], Style())))
print(sorted({"diffusers", "transformers", "accelerate", "scipy"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


# What it computes in.


def test_bfloat16_paints_nearly_the_same(ours: Painter) -> None:
    half = Painter(Style(), device="cpu", precision="bfloat16")
    assert (half.precision, half._pipe.dtype) == ("bfloat16", torch.bfloat16)
    pairs = zip(ours.paint(guides(), Style()), half.paint(guides(), Style()), strict=True)
    for full, rounded in pairs:
        assert 38 < psnr(full, rounded) < 70


@pytest.mark.parametrize(
    ("told", "small", "large"),
    [
        ({}, "float32", "float32"),
        ({"cpu_name": "Intel Xeon", "avx512_bf16": True}, "float32", "bfloat16"),
        ({"cpu_name": "Intel Xeon", "avx512_bf16": True, "amx_bf16": True}, *["bfloat16"] * 2),
        ({"cpu_name": "AMD EPYC", "avx512_bf16": True}, "bfloat16", "bfloat16"),
        ({"cpu_name": "AMD EPYC", "avx512_bf16": False}, "float32", "float32"),
    ],
)
def test_bfloat16_is_chosen_where_it_is_faster(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, object], small: str, large: str
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: told, raising=False)
    assert device.pick_precision("cpu") == small
    assert device.pick_precision("cpu", large=True) == large
    assert device.pick_precision("cuda") == "float16"
    assert device.pick_precision("cpu", "float32", large=True) == "float32"
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert device.pick_precision("cpu") == "float32"


def test_an_unknown_precision_is_refused() -> None:
    with pytest.raises(SettingsError, match="precision"):
        Painter(Style(), device="cpu", precision="float8")
