"""The one way in which models are loaded and paint, with tiny models of real families."""

from __future__ import annotations

import functools
import inspect
import json
import os
import pickle
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import diffusers
import numpy as np
import pytest
import tiny_models
import torch
from conftest import Zoo
from safetensors.torch import load_file, save_file

from musvid.errors import MemoryExhausted, ModelError, MusvidError, SettingsError
from musvid.frame import Frame
from musvid.paint import families, loop, models, words
from musvid.paint.noise import own_noise
from musvid.paint.painter import Painter, diffuse
from musvid.paint.schedule import timesteps
from musvid.paint.style import Stroke, Style

# diffusers' schedulers, about the numpy of today.
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.usefixtures("one_core"),
]

Painters = Callable[[str], Painter]

ROOT = Path(__file__).parents[2]
FAMILIES = ("sd15", "sd_turbo", "sdxl_turbo")
GUIDANCES = (1.0, 7.0)


@pytest.fixture(scope="session")
def painters(zoo: Zoo) -> Painters:
    """A loaded painter of a tiny model, by its builder's name."""
    return functools.cache(lambda name: load(zoo(name)))


def pictures(count: int = 3, *, width: int = 64) -> list[Frame]:
    """Frames that differ, without any symmetry."""
    y, x = np.mgrid[0:64, 0:width]
    return [
        np.stack(
            [128 + 127 * np.sin(x / 7 + shift), 128 + 127 * np.cos(y / 5 - shift), x + 2 * y],
            axis=-1,
        ).astype(np.uint8)
        for shift in range(count)
    ]


def style_of(model: Path | str, **settings: Any) -> Style:
    usual = {"prompt": "glowing nebula", "strength": 0.7, "steps": 2, "guidance": 1.0}
    return Style(model=str(model), **{**usual, **settings})


def load(model: Path | str, **settings: Any) -> Painter:
    return Painter(style_of(model, **settings), device="cpu")


def paint(
    painter: Painter, frames: Sequence[Frame] | None = None, *, batch: int = 1, **settings: Any
) -> np.ndarray:
    painter.batch = batch
    style = style_of(painter.model.name, **settings)
    return np.stack(list(painter.paint(pictures() if frames is None else frames, style)))


def watch_schedules(monkeypatch: pytest.MonkeyPatch, painter: Painter) -> list[list[int]]:
    """The times at which each call of a painter's pipeline denoises, as they are set."""
    seen = []
    kind = type(painter._pipe.scheduler)
    real = kind.set_timesteps

    @functools.wraps(real)  # musvid and diffusers look at the signature
    def set_timesteps(self: Any, *arguments: Any, **more: Any) -> None:
        real(self, *arguments, **more)
        seen.append(self.timesteps.tolist())

    monkeypatch.setattr(kind, "set_timesteps", set_timesteps)
    return seen


def gap(one: np.ndarray, other: np.ndarray) -> int:
    """The largest difference, in levels of 0 to 255."""
    return int(np.abs(one.astype(int) - other.astype(int)).max())


def rewrite(file: Path, **changes: Any) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**content, **changes}), encoding="utf-8")


# Families.


@pytest.mark.parametrize("guidance", GUIDANCES)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_paints_and_a_seed_repeats(zoo: Zoo, family: str, guidance: float) -> None:
    style = style_of(zoo(family), guidance=guidance, negative_prompt="grey mud")
    painter = Painter(style, device="cpu")
    frames = pictures()
    once = list(painter.paint(frames, style))
    assert [(frame.shape, frame.dtype) for frame in once] == [((64, 64, 3), np.uint8)] * 3
    assert all(gap(*pair) > 8 for pair in combinations([*once, *frames], 2))
    again = list(painter.paint(frames, style))
    assert [frame.tobytes() for frame in again] == [frame.tobytes() for frame in once]
    other = list(painter.paint(frames, replace(style, seed=1)))
    assert all(gap(*pair) > 8 for pair in zip(once, other, strict=True))


@pytest.mark.parametrize("guidance", GUIDANCES)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_batch_size_changes_no_picture(
    painters: Painters, family: str, guidance: float
) -> None:
    settings = {"guidance": guidance, "negative_prompt": "grey mud", "steps": 3}
    alone, pairs, three = (paint(painters(family), batch=batch, **settings) for batch in (1, 2, 3))
    # Kernels may add up in another order for another batch, which can tip a rounding.
    assert max(gap(alone, pairs), gap(alone, three)) <= 1


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_painting_abreast_changes_no_picture(
    painters: Painters, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    painter = painters("sd15")
    settings = {"guidance": 7.0, "negative_prompt": "grey mud"}
    expected = paint(painter, pictures(5), batch=5, **settings)
    monkeypatch.setattr(painter, "_workers", workers)
    assert gap(paint(painter, pictures(5), batch=1, **settings), expected) <= 1


@pytest.mark.parametrize("family", FAMILIES)
def test_prompts_matter(painters: Painters, family: str) -> None:
    painter = painters(family)
    guided = paint(painter, guidance=7.0)
    plain = paint(painter, guidance=1.0)
    assert gap(guided, plain) > 8
    assert gap(guided, paint(painter, guidance=7.0, negative_prompt="grey mud")) > 8
    assert gap(guided, paint(painter, guidance=7.0, prompt="stained glass")) > 8
    unheard = paint(painter, guidance=1.0, negative_prompt="grey mud")
    assert np.array_equal(unheard, plain), "a negative prompt takes guidance"


@pytest.mark.parametrize("family", FAMILIES)
def test_identical_frames_are_painted_alike(painters: Painters, family: str) -> None:
    frames = pictures(1) * 5
    alone = paint(painters(family), frames, batch=1, steps=3)
    assert all(np.array_equal(alone[0], frame) for frame in alone)
    grouped = paint(painters(family), frames, batch=2, steps=3)
    assert gap(grouped, alone) <= 1


def strokes_of(painter: Painter, count: int, **changes: Any) -> list[Stroke]:
    base = style_of(painter.model.name).resolve().stroke
    return [replace(base, **changes) for _ in range(count)]


@pytest.mark.parametrize("guidance", GUIDANCES)
@pytest.mark.parametrize("family", FAMILIES)
def test_prompts_are_mixed_frame_by_frame(painters: Painters, family: str, guidance: float) -> None:
    painter, frames = painters(family), pictures(1) * 3
    style = style_of(painter.model.name, guidance=guidance)
    texts = ("glowing nebula", "stained glass")
    mixtures = [((texts[0], 1.0),), ((texts[0], 0.5), (texts[1], 0.5)), ((texts[1], 1.0),)]
    strokes = [
        replace(*strokes_of(painter, 1), prompts=mixture, guidance=guidance) for mixture in mixtures
    ]
    for batch in (1, 3):
        painter.batch = batch
        first, mixed, last = painter.paint(frames, style, strokes)
        ends = [paint(painter, frames[:1], guidance=guidance, prompt=text)[0] for text in texts]
        assert gap(first, ends[0]) <= 1 and gap(last, ends[1]) <= 1
        assert gap(mixed, first) > 2 and gap(mixed, last) > 2


@pytest.mark.parametrize("symmetry", ["half", "noise", "none"])
@pytest.mark.parametrize("family", FAMILIES)
def test_noise_walks_from_seed_to_seed(painters: Painters, family: str, symmetry: str) -> None:
    painter, frames = painters(family), pictures(1)
    painter.batch = 1

    def walked(seed: int, walk: float) -> np.ndarray:
        style = style_of(painter.model.name, seed=seed, symmetry=symmetry)
        return next(painter.paint(frames, style, strokes_of(painter, 1, walk=walk)))

    # The autoencoder may draw from the seed, too, so that only what lies near is the same.
    far, near = gap(walked(3, 0.0), walked(3, 1.0)), gap(walked(3, 0.0), walked(3, 0.02))
    assert far > 8
    assert near < far / 2
    assert gap(walked(3, 0.0), walked(3, 0.0)) == 0
    style = style_of(painter.model.name, seed=3, symmetry=symmetry)
    painter.batch = 4
    strokes = [
        replace(stroke, walk=0.5 * index) for index, stroke in enumerate(strokes_of(painter, 4))
    ]
    together = list(painter.paint(frames * 4, style, strokes))
    for index, painting in enumerate(together):
        assert gap(painting, walked(3, 0.5 * index)) <= 1


def test_diffuse_is_a_painter_in_one_call(zoo: Zoo, painters: Painters) -> None:
    style = style_of(zoo("sd15"))
    expected = paint(painters("sd15"))
    painted = np.stack(list(diffuse(iter(pictures()), style, device="cpu")))
    assert np.array_equal(painted, expected)
    painted = np.stack(list(diffuse(pictures(), style, painter=painters("sd15"))))
    assert np.array_equal(painted, expected)


def test_diffuse_loads_before_the_first_frame_is_asked_for(tmp_path: Path, zoo: Zoo) -> None:
    broken = shutil.copytree(zoo("sd15"), tmp_path / "broken")
    shutil.rmtree(broken / "unet")
    with pytest.raises(ModelError):
        diffuse(pictures(), style_of(broken), device="cpu")


@pytest.mark.parametrize("width", [64, 72, 96])
@pytest.mark.parametrize("guidance", GUIDANCES)
def test_a_flow_matching_transformer_paints(
    painters: Painters, guidance: float, width: int
) -> None:
    frames = pictures(width=width)
    settings = {"guidance": guidance, "negative_prompt": "grey mud"}
    painted = paint(painters("sd3"), frames, **settings)
    assert painted.shape == (3, 64, width, 3)
    assert gap(painted, np.stack(frames)) > 8
    assert gap(painted, paint(painters("sd3"), frames, batch=3, **settings)) <= 1
    assert gap(painted, paint(painters("sd3"), frames, seed=1, **settings)) > 8


# Strength.

STRENGTHS = [round(0.05 * step, 2) for step in range(1, 21)]


@pytest.mark.parametrize("train_steps", [1000, 500])
@pytest.mark.parametrize("grid", [1, 20])
@pytest.mark.parametrize("steps", [1, 2, 5, 20, 200])
def test_timesteps_fall_from_the_strength(steps: int, grid: int, train_steps: int) -> None:
    schedules = [
        timesteps(strength, steps, train_steps=train_steps, grid=grid)
        for strength in (0.001, *STRENGTHS)
    ]
    for times in schedules:
        assert 1 <= len(times) <= steps
        assert all(early > late for early, late in pairwise(times))
        assert times[-1] >= 0
        assert times[0] <= train_steps - 1
        assert all((time + 1) % grid == 0 for time in times)
    first = [times[0] for times in schedules]
    if grid == 1:
        assert all(one < more for one, more in pairwise(first)), "every strength is another"
    assert first == sorted(first)
    assert first[-1] == train_steps - 1


@pytest.mark.parametrize("strength", STRENGTHS)
def test_timesteps_are_as_many_as_asked_where_there_is_room(strength: float) -> None:
    for steps in (1, 2, 5, 20):
        times = timesteps(strength, steps)
        assert len(times) == steps
        assert abs(times[0] - 1000 * strength) <= 1.5
        gaps = [early - late for early, late in pairwise([*times, -1])]
        assert max(gaps) - min(gaps) <= 2, "evenly"


@pytest.mark.parametrize("family", FAMILIES)
def test_every_strength_is_a_picture_of_its_own(
    painters: Painters, monkeypatch: pytest.MonkeyPatch, family: str
) -> None:
    painter = painters(family)
    run = watch_schedules(monkeypatch, painter)
    painted = [paint(painter, pictures(1), strength=strength) for strength in STRENGTHS]
    assert run == [timesteps(strength, 2) for strength in STRENGTHS]
    assert len({frame.tobytes() for frame in painted}) == len(STRENGTHS)


def test_a_loaded_painter_passes_frames_through_at_strength_zero(painters: Painters) -> None:
    frames = pictures()
    painted = list(painters("sd15").paint(frames, Style(model="sd-turbo", strength=0)))
    assert all(one is other for one, other in zip(painted, frames, strict=True))


def test_strength_zero_is_the_frames_themselves_and_loads_nothing() -> None:
    program = """
import sys
import numpy as np
from musvid.paint.painter import diffuse
from musvid.paint.style import Style
frames = [np.zeros((64, 64, 3), np.uint8), np.ones((64, 64, 3), np.uint8)]
painted = list(diffuse(iter(frames), Style(strength=0)))
assert len(painted) == 2 and all(a is b for a, b in zip(painted, frames))
print(sorted({"torch", "diffusers", "transformers"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


# Schedulers and additions.


def with_scheduler(model: Path, folder: Path, name: str, **config: Any) -> Path:
    """A copy of a model whose own scheduler is another."""
    shutil.copytree(model, folder)
    old = json.loads((folder / "scheduler" / "scheduler_config.json").read_text(encoding="utf-8"))
    scheduler = getattr(diffusers, name).from_config({**old, **config})
    scheduler.save_pretrained(folder / "scheduler")
    rewrite(folder / "model_index.json", scheduler=["diffusers", name])
    return folder


@pytest.mark.parametrize(
    ("own", "config", "used"),
    [
        ("PNDMScheduler", {}, "EulerDiscreteScheduler"),
        ("EulerAncestralDiscreteScheduler", {}, "EulerDiscreteScheduler"),
        ("DDIMScheduler", {"prediction_type": "v_prediction"}, "EulerDiscreteScheduler"),
        ("UniPCMultistepScheduler", {}, "EulerDiscreteScheduler"),
        ("EulerDiscreteScheduler", {"timestep_spacing": "trailing"}, "EulerDiscreteScheduler"),
        ("DPMSolverMultistepScheduler", {}, "DPMSolverMultistepScheduler"),
        ("LCMScheduler", {}, "LCMScheduler"),
    ],
)
def test_a_scheduler_that_cannot_begin_anywhere_gives_way_to_euler(
    zoo: Zoo, tmp_path: Path, own: str, config: dict[str, Any], used: str
) -> None:
    model = with_scheduler(zoo("sd15"), tmp_path / "model", own, **config)
    painter = load(model)
    scheduler = painter._pipe.scheduler
    assert type(scheduler).__name__ == used
    kept = {"beta_start": 0.00085, "beta_schedule": "scaled_linear", **config}
    assert {name: scheduler.config[name] for name in kept} == kept
    painted = paint(painter, pictures(1) * 2, batch=2)
    assert gap(painted[0], painted[1]) <= 1, "the same noise, also where a scheduler adds some"


@pytest.mark.parametrize(
    ("own", "config"),
    [
        ("EulerDiscreteScheduler", {"use_karras_sigmas": True}),
        ("EulerDiscreteScheduler", {"use_exponential_sigmas": True}),
        (
            "EulerDiscreteScheduler",
            {"timestep_type": "continuous", "prediction_type": "v_prediction"},
        ),
        ("UniPCMultistepScheduler", {"use_karras_sigmas": True}),
        ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
        ("DPMSolverMultistepScheduler", {"use_lu_lambdas": True}),
    ],
)
def test_a_scheduler_that_spaces_its_steps_in_its_own_way_paints_too(
    zoo: Zoo, tmp_path: Path, own: str, config: dict[str, Any]
) -> None:
    painter = load(with_scheduler(zoo("sd15"), tmp_path / "model", own, **config))
    painted = paint(painter, pictures(1), strength=0.6)
    assert gap(painted, paint(painter, pictures(1), strength=0.5)) > 0


def toy(folder: Path) -> Path:
    """A folder with a textual inversion, as diffusers' training writes it."""
    folder.mkdir()
    vectors = torch.randn(1, 16, generator=torch.Generator().manual_seed(4))
    save_file({"<toy>": vectors}, folder / "learned_embeds.safetensors")
    return folder


def add_to_table(monkeypatch: pytest.MonkeyPatch, name: str, source: Path, **more: Any) -> str:
    model = models.Model(name=name, source=str(source), kind="folder", **more)
    monkeypatch.setitem(models.TABLE, name, model)
    return name


def test_a_lora_is_fused_and_changes_the_picture(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    lora = zoo("lcm_lora")
    lcm = {"steps": 4, "guidance": 1.5, "scheduler": "LCMScheduler"}
    with_lora = add_to_table(monkeypatch, "lcm", zoo("sd15"), lora=str(lora), **lcm)
    without = add_to_table(monkeypatch, "bare", zoo("sd15"), **lcm)
    loaded = [load(name) for name in (with_lora, without)]
    pipes = [painter._pipe for painter in loaded]
    assert [type(pipe.scheduler).__name__ for pipe in pipes] == ["LCMScheduler"] * 2

    fused, bare = (pipe.unet.state_dict() for pipe in pipes)
    assert fused.keys() == bare.keys(), "nothing of the LoRA is left beside the weights"
    low_rank = load_file(next(lora.glob("*.safetensors")))
    ups = [key for key in low_rank if key.endswith("lora.up.weight") or ".lora_B." in key]
    changed = {key for key in bare if not torch.equal(fused[key], bare[key])}
    assert len(changed) == len(ups) == 32
    for up in ups:
        down = up.replace("lora.up", "lora.down").replace("lora_B", "lora_A")
        key = up.removeprefix("unet.").replace("lora.up.", "").replace("lora_B.", "")
        torch.testing.assert_close(fused[key], bare[key] + low_rank[up] @ low_rank[down])

    painted = [paint(painter, steps=4) for painter in loaded]
    assert gap(*painted) > 8
    assert gap(painted[0], paint(loaded[0], steps=4, batch=3)) <= 1


def lora_of(painter: Painter, file: Path) -> dict[str, torch.Tensor]:
    """What a LoRA adds to each weight of a painter's UNet."""
    low_rank, keys = load_file(file), painter._pipe.unet.state_dict().keys()
    added = {}
    for up in [key for key in low_rank if key.endswith("lora.up.weight") or ".lora_B." in key]:
        down = up.replace("lora.up", "lora.down").replace("lora_B", "lora_A")
        key = up.removeprefix("unet.").replace("lora.up.", "").replace("lora_B.", "")
        assert key in keys
        added[key] = low_rank[up] @ low_rank[down]
    return added


def test_loras_are_added_with_their_weights(zoo: Zoo, painters: Painters, tmp_path: Path) -> None:
    first = next(zoo("lcm_lora").glob("*.safetensors"))
    second = next(tiny_models.lcm_lora(tmp_path / "other", seed=42).glob("*.safetensors"))
    bare = painters("sd15")
    made = load(zoo("sd15"), lora=f"{first}:0.5 | {second.parent}:-0.25")
    parts = [lora_of(bare, file) for file in (first, second)]
    fused, plain = (painter._pipe.unet.state_dict() for painter in (made, bare))
    assert fused.keys() == plain.keys(), "nothing of the LoRAs is left beside the weights"
    for key, weight in plain.items():
        wanted = weight
        if key in parts[0]:
            wanted = weight + 0.5 * parts[0][key] - 0.25 * parts[1][key]
        torch.testing.assert_close(fused[key], wanted)
    assert gap(paint(made), paint(bare)) > 8
    assert made.fingerprint[:2] == bare.fingerprint[:2] and len(made.fingerprint) == 4


def test_a_lora_of_weight_zero_changes_nothing(zoo: Zoo, painters: Painters) -> None:
    made = load(zoo("sd15"), lora=f"{zoo('lcm_lora')}:0")
    assert gap(paint(made), paint(painters("sd15"))) == 0


@pytest.mark.parametrize(
    ("tensors", "says"),
    [
        ({"unet.mid_block.nothing.lora_A.weight": torch.zeros(2, 2)}, "LoRA"),
        ({"something": torch.zeros(3)}, "LoRA"),
    ],
)
def test_a_lora_that_does_not_fit_is_one_sentence(
    zoo: Zoo, tmp_path: Path, tensors: dict[str, torch.Tensor], says: str
) -> None:
    save_file(tensors, tmp_path / "odd.safetensors")
    with pytest.raises(ModelError, match=says) as caught:
        load(zoo("sd15"), lora=str(tmp_path / "odd.safetensors"))
    assert "odd.safetensors" in str(caught.value) and "\n" not in str(caught.value)


def test_a_lora_that_is_not_there_is_told_before_anything_is_loaded(zoo: Zoo) -> None:
    for lora, says in (
        ("missing.safetensors", "no LoRA"),
        ("style.ckpt", "no .safetensors file"),
        ("owner/name:5", "from -4 to 4, not 5"),
        (" | ".join(["owner/name"] * 9), "at most 8"),
    ):
        with pytest.raises((SettingsError, ModelError), match=says):
            load(zoo("sd15"), lora=lora)
    with pytest.raises(SettingsError, match="takes no LoRA"):
        style_of("sketch", lora="owner/name").resolve()


def test_lcm_runs_on_the_times_it_was_trained_on(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    name = add_to_table(monkeypatch, "lcm", zoo("sd15"), scheduler="LCMScheduler")
    painter = load(name)
    run, real = [], loop._Consistency.time

    def time(sampler: Any, step: int) -> torch.Tensor:
        found = real(sampler, step)
        run.append(int(found[0]))
        return found

    monkeypatch.setattr(loop._Consistency, "time", time)
    for strength in STRENGTHS:
        run.clear()
        paint(painter, pictures(1), strength=strength, steps=4)
        assert run == timesteps(strength, 4, grid=20)
    # 50 times, 20 apart (Luo et al., arXiv 2310.04378).
    assert run == [999, 759, 499, 239]


@pytest.mark.parametrize("able", [True, False])
def test_a_large_model_paints_in_bfloat16_where_the_processor_does(
    zoo: Zoo, monkeypatch: pytest.MonkeyPatch, able: bool
) -> None:
    """Whether one is large, the size of its files says; torch emulates the type elsewhere."""
    monkeypatch.setattr(models, "_LARGE", 1000)
    told = {"avx512_bf16": able, "cpu_name": "Intel Xeon"}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: told, raising=False)
    painter = load(zoo("sd_turbo"), tiny_autoencoder=str(zoo("taesd")))
    assert painter.precision == ("bfloat16" if able else "float32")
    assert painter._pipe.unet.dtype == painter._pipe.vae.dtype == painter._pipe.dtype
    assert str(painter._pipe.dtype) == f"torch.{painter.precision}"
    assert painter.batch == 2
    monkeypatch.setattr(models, "_LARGE", 10**9)
    full = load(zoo("sd_turbo"), tiny_autoencoder=str(zoo("taesd")))
    assert (full.precision, full.batch) == ("float32", 1)
    apart = np.abs(paint(painter).astype(float) - paint(full)).mean()
    assert (0 < apart < 6) if able else apart < 0.01


@pytest.mark.parametrize("family", ["sd15", "sdxl_turbo"])
def test_a_tiny_autoencoder_by_its_folder(zoo: Zoo, painters: Painters, family: str) -> None:
    painter = load(zoo(family), tiny_autoencoder=str(zoo("taesd")))
    assert type(painter._pipe.vae).__name__ == "AutoencoderTiny"
    saved = load_file(next(zoo("taesd").glob("*.safetensors")))
    loaded = painter._pipe.vae.state_dict()
    assert all(torch.equal(loaded[key], saved[key]) for key in saved)
    painted = paint(painter)
    assert painted.shape == (3, 64, 64, 3)
    assert gap(painted, paint(painters(family))) > 8


def test_a_tiny_autoencoder_of_the_table(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = str(zoo("taesd"))
    name = add_to_table(monkeypatch, "small", zoo("sd15"), tiny_autoencoder=tiny)
    kinds = {wish: type(load(name, tiny_autoencoder=wish)._pipe.vae) for wish in (True, False)}
    assert kinds == {True: diffusers.AutoencoderTiny, False: diffusers.AutoencoderKL}
    with pytest.raises(SettingsError, match="tiny autoencoder"):
        load(zoo("sd15"), tiny_autoencoder=True)


# Symmetry.


@pytest.mark.parametrize("width", [64, 72, 65])
@pytest.mark.parametrize("family", FAMILIES)
def test_half_is_mirrored_exactly(painters: Painters, family: str, width: int) -> None:
    frames = pictures(width=width)
    half = paint(painters(family), frames, symmetry="half")
    assert half.shape == (3, 64, width, 3)
    assert np.array_equal(half, half[:, :, ::-1])
    whole = paint(painters(family), frames, symmetry="none")
    assert whole.shape == half.shape
    assert gap(whole, whole[:, :, ::-1]) > 8


@pytest.mark.parametrize(
    ("family", "width", "columns"), [("sd15", 64, 48), ("sd15", 72, 56), ("sd3", 64, 48)]
)
def test_half_paints_a_margin_over_the_axis(
    painters: Painters, family: str, width: int, columns: int
) -> None:
    frames = pictures(width=width)
    half = paint(painters(family), frames, symmetry="half")
    left = paint(painters(family), [frame[:, :columns] for frame in frames], symmetry="none")
    assert left.shape == (3, 64, columns, 3)
    assert np.array_equal(half[:, :, : width // 2], left[:, :, : width // 2])


@pytest.mark.parametrize("family", FAMILIES)
def test_noise_is_mirrored(
    painters: Painters, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every family starts from the same noise on both sides."""
    painter = painters(family)
    frames = [np.full_like(frame, 90) for frame in pictures(1)]
    seen: list[torch.Tensor] = []
    begin = loop._Euler.begin

    def spy(sampler: Any, latents: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        seen.append(noise)
        return begin(sampler, latents, noise)

    monkeypatch.setattr(loop._Euler, "begin", spy)
    mirrored = paint(painter, frames, symmetry="noise")
    ordinary = paint(painter, frames, symmetry="none")
    assert torch.equal(seen[0], seen[0].flip(-1))
    assert not torch.equal(seen[1], seen[1].flip(-1)), "and only then"
    half = seen[0].shape[-1] // 2
    assert torch.equal(seen[0][..., :half], seen[1][..., :half])
    assert gap(mirrored, ordinary) > 0


def test_noise_without_left_and_right_is_not_mirrored() -> None:
    """Families that pack their latents into a sequence (Flux) have no columns to mirror."""
    pipe = SimpleNamespace(scheduler=diffusers.FlowMatchEulerDiscreteScheduler())
    packed = torch.zeros(1, 16, 64)
    with own_noise(pipe, mirrored=True), pytest.raises(SettingsError, match="half"):
        pipe.scheduler.scale_noise(packed, torch.tensor([1.0]), packed)
    assert "scale_noise" not in vars(pipe.scheduler), "nothing is left behind"


def test_noise_without_rows_and_columns_morphs_and_does_not_drift() -> None:
    pipe = SimpleNamespace(scheduler=diffusers.FlowMatchEulerDiscreteScheduler())
    packed, one = torch.zeros(1, 16, 64), torch.tensor([1.0])
    pipe.scheduler.set_timesteps(1)
    moment = pipe.scheduler.timesteps[:1]
    walked = []
    for walk in (0.0, 0.5):
        with own_noise(pipe, walks=[(5, walk, None, None)]):
            walked.append(pipe.scheduler.scale_noise(packed, moment, packed))
    assert walked[0].shape == packed.shape and (walked[0] != walked[1]).any()
    drifting = own_noise(pipe, walks=[(5, 0.0, (0, 0), None)])
    with drifting, pytest.raises(SettingsError, match="--direction none, and --morph"):
        pipe.scheduler.scale_noise(packed, one, packed)


@pytest.mark.parametrize(
    ("family", "grain"),
    [("FluxPipeline", None), ("StableDiffusionPipeline", 64), ("StableDiffusion3Pipeline", 64)],
)
def test_a_folder_tells_whether_it_can_drift(
    family: str, grain: int | None, tmp_path: Path
) -> None:
    (tmp_path / models.INDEX).write_text(json.dumps({"_class_name": family}), encoding="utf-8")
    assert models.find(str(tmp_path)).grain == grain


def test_mirrored_noise_of_an_odd_width(painters: Painters) -> None:
    painted = paint(painters("sd15"), pictures(width=72), symmetry="noise")
    assert painted.shape == (3, 64, 72, 3)


# Files.


def assert_same_weights(*painters: Painter) -> None:
    ours, theirs = (
        {
            f"{name}.{key}": weight
            for name, part in painter._pipe.components.items()
            if isinstance(part, torch.nn.Module)
            for key, weight in part.state_dict().items()
        }
        for painter in painters
    )
    assert ours.keys() == theirs.keys()
    assert [key for key in ours if not torch.equal(ours[key], theirs[key])] == []


@pytest.mark.parametrize("family", FAMILIES)
def test_a_single_file_paints_what_its_folder_paints(
    zoo: Zoo, painters: Painters, tmp_path: Path, family: str
) -> None:
    file = tiny_models.single_file(zoo(family), tmp_path / "tiny.safetensors")
    assert not list(file.with_suffix("").rglob("*.safetensors")), "all weights are the file's"
    painter = load(file)
    assert_same_weights(painter, painters(family))
    for guidance in GUIDANCES:
        settings = {"guidance": guidance, "negative_prompt": "grey mud"}
        # Weights that lie elsewhere in memory take other kernels, which can tip a rounding.
        assert gap(paint(painter, **settings), paint(painters(family), **settings)) <= 1


def test_a_folder_with_the_names_of_its_time_paints_the_same(
    zoo: Zoo, painters: Painters, tmp_path: Path
) -> None:
    painter = load(tiny_models.as_published(zoo("sd15"), tmp_path / "published"))
    assert_same_weights(painter, painters("sd15"))
    assert gap(paint(painter, guidance=7.0), paint(painters("sd15"), guidance=7.0)) <= 1


# The Hugging Face Hub, and a machine that cannot reach it.


VISITOR = """
import json, logging, sys
import numpy as np
from musvid.paint import models
from musvid.paint.painter import Painter
from musvid.paint.style import Style

models.TABLE["lcm"] = models.Model(
    "lcm", "tiny/base", "hub", scheduler="LCMScheduler", lora="tiny/lora"
)
logging.getLogger("musvid").addHandler(logging.StreamHandler())
logging.getLogger("musvid").setLevel(logging.INFO)
answers, sys.stdout = sys.stdout, sys.stderr
frame = np.load(sys.argv[1])
for line in sys.stdin:
    style = Style(**json.loads(line))
    try:
        painter = Painter(style, device="cpu")
        answer = {"pixels": next(painter.paint([frame], style)).tolist()}
    except Exception as error:
        answer = {"error": type(error).__name__, "text": str(error)}
    print(json.dumps(answer), file=answers, flush=True)
"""


@dataclass(frozen=True)
class Visit:
    """What painting with a model of the hub came to, and what it asked the hub for."""

    pixels: np.ndarray
    error: str | None
    text: str
    requests: tuple[str, ...]


class Visitor:
    """A process of its own, as a user's would be, with a cache and a hub that are given."""

    def __init__(self, folder: Path, hub: tiny_models.Hub, log: IO[str]) -> None:
        np.save(folder / "frame.npy", pictures(1)[0])
        ours = ("HF_", "HUGGINGFACE_", "TRANSFORMERS_", "DIFFUSERS_")
        inherited = {k: v for k, v in os.environ.items() if not k.upper().startswith(ours)}
        self._hub = hub
        self._process = subprocess.Popen(
            [sys.executable, "-c", VISITOR, str(folder / "frame.npy")],
            cwd=ROOT,
            env={
                **inherited,
                "HF_HOME": str(folder),
                "HF_HUB_CACHE": str(folder / "cache"),
                "HF_ENDPOINT": hub.address,
                "NO_PROXY": "127.0.0.1",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )

    def visit(self, model: Path | str, **settings: Any) -> Visit:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        style = {"prompt": "glowing nebula", "strength": 0.7, "steps": 2, "guidance": 1.0}
        self._hub.requests.clear()
        process.stdin.write(json.dumps({"model": str(model), **style, **settings}) + "\n")
        process.stdin.flush()
        limit = threading.Timer(120, process.kill)
        limit.start()
        line = process.stdout.readline()
        limit.cancel()
        if not line:
            return Visit(np.empty(0), "no answer", "", ())
        answer = json.loads(line)
        # The libraries ask for other things too, such as what program they run in.
        asked = tuple(path for path in self._hub.requests if "tiny/" in path)
        pixels = np.array(answer.get("pixels", ()), np.uint8)
        return Visit(pixels, answer.get("error"), answer.get("text", ""), asked)

    def leave(self) -> None:
        self._process.communicate(timeout=60)


@dataclass(frozen=True)
class Visits:
    by_name: dict[str, Visit]
    log: str
    folder: Path

    def __getitem__(self, name: str) -> Visit:
        return self.by_name[name]


@pytest.fixture(scope="session")
def visits(zoo: Zoo, tmp_path_factory: pytest.TempPathFactory) -> Visits:
    """All visits, of one process, because importing the libraries takes the longest."""
    folder = tmp_path_factory.mktemp("hub")
    published = tiny_models.as_published(zoo("sd15"), folder / "published")
    half = tiny_models.half_precision(published, folder / "half")
    tiny_models.hub_cache(folder / "cache", "tiny/cached", published)
    lone = tiny_models.single_file(zoo("sd15"), folder / "lone.safetensors")
    shutil.rmtree(lone.with_suffix(""))
    save_file({"weight": torch.zeros(3)}, folder / "other.safetensors")
    foreign = shutil.copytree(published, folder / "foreign")
    rewrite(foreign / "model_index.json", _class_name="QwenImagePipeline")
    bare = shutil.copytree(published, folder / "bare")
    (bare / "model_index.json").unlink()
    hub = tiny_models.Hub(
        {
            "tiny/plain": published,
            "tiny/base": published,
            "tiny/half": half,
            "tiny/taesd": zoo("taesd"),
            "tiny/lora": zoo("lcm_lora"),
            "tiny/toy": toy(folder / "toy"),
            "tiny/pickled": pickled(published, folder / "pickled", folder / "canary"),
            "tiny/gated": published,
            "tiny/foreign": foreign,
            "tiny/bare": bare,
        },
        gated=["tiny/gated"],
    )
    seen = {}
    with (folder / "log").open("w", encoding="utf-8") as log:
        visitor = Visitor(folder, hub, log)
        visit = visitor.visit
        with hub:
            seen["cached"] = visit("tiny/cached")
            for name in ("plain", "half"):
                seen[name] = visit(f"tiny/{name}")
                seen[f"{name} again"] = visit(f"tiny/{name}")
            for name in ("tiny", "tiny again"):
                seen[name] = visit("tiny/plain", tiny_autoencoder="tiny/taesd")
            for name in ("lcm", "lcm again"):
                seen[name] = visit("lcm")
            for name in ("toy", "toy again"):
                seen[name] = visit("tiny/plain", prompt="a <toy>", embedding="tiny/toy")
            seen["no such tiny"] = visit("tiny/plain", tiny_autoencoder="tiny/nothing")
            for name in ("gated", "pickled", "nothing", "foreign", "bare"):
                seen[name] = visit(f"tiny/{name}")
        # The hub is gone.
        for name in ("cached", "plain", "half", "unknown", "foreign"):
            seen[f"{name} offline"] = visit(f"tiny/{name}")
        seen["lcm offline"] = visit("lcm")
        seen["toy offline"] = visit("tiny/plain", prompt="a <toy>", embedding="tiny/toy")
        seen["lone offline"] = visit(lone)
        seen["other offline"] = visit(folder / "other.safetensors")
        visitor.leave()
    return Visits(seen, (folder / "log").read_text(encoding="utf-8"), folder)


@pytest.mark.thorough
def test_a_model_in_the_cache_paints_without_asking_the_hub(
    visits: Visits, painters: Painters
) -> None:
    expected = paint(painters("sd15"), pictures(1))[0]
    for visit in (visits["cached"], visits["cached offline"]):
        assert (visit.error, visit.requests) == (None, ())
        assert gap(visit.pixels, expected) <= 1


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["plain", "half"])
def test_a_model_is_downloaded_once(visits: Visits, painters: Painters, name: str) -> None:
    first = visits[name]
    expected = paint(painters("sd15"), pictures(1))[0]
    assert first.error is None, first.text
    weights = [path for path in first.requests if path.endswith(".safetensors")]
    assert {Path(path).parent.name for path in weights} == {"unet", "vae", "text_encoder"}
    assert all((".fp16." in path) == (name == "half") for path in weights)
    assert gap(first.pixels, expected) <= (1 if name == "plain" else 8)
    assert visits.log.count(f"Downloading tiny/{name} ") == 1
    for visit in (visits[f"{name} again"], visits[f"{name} offline"]):
        assert (visit.error, visit.requests) == (None, ())
        assert gap(visit.pixels, first.pixels) <= 1


@pytest.mark.thorough
def test_a_tiny_autoencoder_is_downloaded_once(visits: Visits, zoo: Zoo) -> None:
    first, again = visits["tiny"], visits["tiny again"]
    expected = paint(load(zoo("sd15"), tiny_autoencoder=str(zoo("taesd"))), pictures(1))[0]
    assert first.error is None, first.text
    assert gap(first.pixels, expected) <= 1
    assert gap(again.pixels, first.pixels) <= 1
    assert again.requests == ()


@pytest.mark.thorough
def test_a_lora_is_downloaded_once(
    visits: Visits, zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    lora = {"scheduler": "LCMScheduler", "lora": str(zoo("lcm_lora"))}
    painter = load(add_to_table(monkeypatch, "lcm", zoo("sd15"), **lora))
    expected = paint(painter, pictures(1))[0]
    for name in ("lcm", "lcm again", "lcm offline"):
        assert visits[name].error is None, visits[name].text
        assert gap(visits[name].pixels, expected) <= 1
    assert visits["lcm again"].requests == ()


@pytest.mark.thorough
def test_a_textual_inversion_is_downloaded_once(visits: Visits, zoo: Zoo, tmp_path: Path) -> None:
    taught = {"prompt": "a <toy>", "embedding": str(toy(tmp_path / "toy"))}
    expected = paint(load(zoo("sd15"), **taught), pictures(1), **taught)[0]
    for name in ("toy", "toy again", "toy offline"):
        assert visits[name].error is None, visits[name].text
        assert gap(visits[name].pixels, expected) <= 1
    assert visits["toy again"].requests == ()


@pytest.mark.thorough
def test_a_model_that_was_not_downloaded_needs_the_hub(visits: Visits) -> None:
    visit = visits["unknown offline"]
    assert visit.error == "ModelError"
    assert "tiny/unknown" in visit.text
    assert "Hub cannot be reached" in visit.text


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("gated", "licence"),
        ("nothing", "no model"),
        ("pickled", "tiny/pickled"),
        ("foreign", "cannot repaint pictures here ('QwenImagePipeline')"),
        ("bare", "not a diffusers model"),
    ],
)
def test_the_hub_may_refuse(visits: Visits, name: str, part: str) -> None:
    assert visits[name].error == "ModelError"
    assert f"tiny/{name}" in visits[name].text
    assert part in visits[name].text
    assert not (visits.folder / "canary").exists()


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["foreign", "bare"])
def test_what_cannot_paint_is_told_before_the_download(visits: Visits, name: str) -> None:
    """Of gigabytes. Only the small file that tells the family is fetched."""
    asked = visits[name].requests
    assert asked
    assert not [path for path in asked if path.endswith(".safetensors")]
    assert f"Downloading tiny/{name}" not in visits.log


@pytest.mark.thorough
def test_a_family_is_known_without_the_hub_once_it_was_asked(visits: Visits) -> None:
    assert "QwenImagePipeline" in visits["foreign offline"].text


@pytest.mark.thorough
def test_a_tiny_autoencoder_that_is_not_there_is_the_one_named(visits: Visits) -> None:
    visit = visits["no such tiny"]
    assert visit.error in ("ModelError", "SettingsError")
    assert "tiny/nothing" in visit.text
    assert "There is no model tiny/plain" not in visit.text


@pytest.mark.thorough
def test_a_single_file_is_never_said_to_be_downloaded(visits: Visits) -> None:
    # What may have to be downloaded is a configuration for it.
    for name in ("lone", "other"):
        visit = visits[f"{name} offline"]
        assert visit.error in ("ModelError", "SettingsError")
        assert not visit.text.startswith(f"{visits.folder / name}.safetensors cannot be downloaded")


@pytest.mark.thorough
def test_no_visit_ends_in_a_traceback(visits: Visits) -> None:
    assert "Traceback" not in visits.log
    assert {visit.error for visit in visits.by_name.values()} <= {
        None,
        "ModelError",
        "SettingsError",
    }
    assert not any("\n" in visit.text for visit in visits.by_name.values())


# Families that cannot work.


@pytest.mark.parametrize(
    "family",
    [
        *("KandinskyV22CombinedPipeline", "Kandinsky3Pipeline", "QwenImagePipeline"),
        *("ZImagePipeline", "IFPipeline", "IFImg2ImgPipeline", "StableDiffusionInpaintPipeline"),
        *("FluxKontextPipeline", "WanPipeline", "StableDiffusionUpscalePipeline", "", None, 5),
        ["remote.py", "StableDiffusionPipeline"],
        "x" * 5000,
    ],
)
def test_a_family_that_cannot_repaint_is_told_from_its_index(
    family: object, tmp_path: Path
) -> None:
    """There is nothing but the index, so nothing was loaded before."""
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": family}))
    with pytest.raises(ModelError, match="cannot repaint pictures") as caught:
        load(tmp_path)
    assert len(str(caught.value)) < 1000 + len(str(tmp_path))


@pytest.mark.parametrize("index", ["[]", "5", '"x"', "null", "{}", "[" * 100_000, "{"])
def test_an_index_that_is_none_is_a_sentence(index: str, tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text(index)
    with pytest.raises((ModelError, SettingsError)) as caught:
        load(tmp_path)
    assert "\n" not in str(caught.value)


def test_families_that_can_repaint_are_those_that_diffusers_maps() -> None:
    from diffusers.pipelines import auto_pipeline

    known = auto_pipeline.AUTO_IMAGE2IMAGE_PIPELINES_MAPPING
    good = {name for name, kind in known.items() if families.FAMILIES.fullmatch(kind.__name__)}
    assert {"stable-diffusion", "stable-diffusion-xl", "stable-diffusion-3", "lcm", "flux"} <= good
    assert not {name for name in good if name.startswith(("kandinsky", "if", "qwen", "z-"))}
    for name in good:
        accepted = inspect.signature(known[name].__call__).parameters
        assert {"strength", "guidance_scale"} <= accepted.keys(), name
        assert "control_image" not in accepted, name
        assert "vae" in inspect.signature(known[name].__init__).parameters, name


def test_a_download_is_here_when_nothing_of_it_is_unfinished(
    zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then, what it will paint has no address."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    model = models.find("tiny/one")
    assert not models.downloaded(model, False)
    tiny_models.hub_cache(tmp_path, "tiny/one", zoo("sd15"))
    assert models.downloaded(model, False)
    assert not models.downloaded(model, "tiny/taesd")
    assert models.downloaded(model, str(zoo("taesd")))
    (unfinished := tmp_path / "models--tiny--one" / "blobs" / "ab.incomplete").touch()
    assert not models.downloaded(model, False)
    unfinished.unlink()
    before = models.fingerprint(model, False)
    (tmp_path / "models--tiny--one" / "refs" / "main").write_text("another")
    assert models.fingerprint(model, False) != before
    assert not models.downloaded(model, False)


@pytest.mark.parametrize("name", ["~nosuchuser/x", "x" * 300, "a\0b", "~"])
def test_a_name_that_is_no_file_is_no_model(name: str) -> None:
    with pytest.raises(SettingsError):
        models.find(name)
    assert models.local(name) is None or name == "~"


# What is not a model.


class Canary:
    """Unpickling this creates a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.file), "w")


def pickled(model: Path, folder: Path, canary: Path | None = None) -> Path:
    """A copy of a folder whose weights are pickles: true ones, or such as create a file."""
    shutil.copytree(model, folder)
    for file in folder.rglob("*.safetensors"):
        name = "pytorch_model.bin" if file.stem == "model" else f"{file.stem}.bin"
        if canary:
            file.with_name(name).write_bytes(pickle.dumps(Canary(canary)))
        else:
            torch.save(load_file(file), file.with_name(name))
        file.unlink()
    return folder


def halve(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


# Each breaks a copy of a model in a folder of its own, and returns what a user would give.
Breaker = Callable[[Path], Path | str]


def without_index(model: Path) -> Path:
    (model / "model_index.json").unlink()
    return model


def without_json(model: Path) -> Path:
    (model / "model_index.json").write_text("{", encoding="utf-8")
    return model


def without_entries(model: Path) -> Path:
    (model / "model_index.json").write_text("{}", encoding="utf-8")
    return model


def truncated(part: str) -> Breaker:
    def cut(model: Path) -> Path:
        halve(next((model / part).glob("*.safetensors")))
        return model

    return cut


def without(part: str) -> Breaker:
    def remove(model: Path) -> Path:
        shutil.rmtree(model / part)
        return model

    return remove


def of_another_shape(model: Path) -> Path:
    rewrite(model / "unet" / "config.json", cross_attention_dim=24)
    return model


def canaries(model: Path) -> Path:
    return pickled(model, model.with_name("pickled"), model.with_name("canary"))


def harmless_pickles(model: Path) -> Path:
    return pickled(model, model.with_name("pickled"))


def pickle_as(name: str) -> Breaker:
    def write(model: Path) -> Path:
        file = model.with_name(name)
        file.write_bytes(pickle.dumps(Canary(model.with_name("canary"))))
        return file

    return write


def with_a_program(model: Path) -> Path:
    program = f"open({str(model.with_name('canary'))!r}, 'w')\nclass Mine: pass\n"
    (model / "unet" / "mine.py").write_text(program, encoding="utf-8")
    rewrite(model / "model_index.json", unet=["mine", "Mine"])
    return model


def truncated_file(model: Path) -> Path:
    file = tiny_models.single_file(model, model.with_name("tiny.safetensors"))
    halve(file)
    return file


def file_of_something_else(model: Path) -> Path:
    file = tiny_models.single_file(model, model.with_name("tiny.safetensors"))
    save_file({"weight": torch.zeros(3)}, file)
    return file


def file_without_a_decoder(model: Path) -> Path:
    file = tiny_models.single_file(model, model.with_name("tiny.safetensors"))
    kept = {k: v for k, v in load_file(file).items() if not k.startswith("first_stage_model.")}
    save_file(kept, file)
    return file


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        pytest.param(without_index, SettingsError, id="no model_index.json"),
        pytest.param(without_json, SettingsError, id="model_index.json is not JSON"),
        pytest.param(without_entries, ModelError, id="model_index.json is empty"),
        *(
            pytest.param(truncated(part), ModelError, id=f"truncated {part}")
            for part in ("unet", "vae", "text_encoder")
        ),
        *(
            pytest.param(without(part), ModelError, id=f"no {part}")
            for part in ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
        ),
        pytest.param(of_another_shape, ModelError, id="weights of another shape"),
        pytest.param(canaries, ModelError, id="pickles only"),
        pytest.param(harmless_pickles, ModelError, id="harmless pickles only"),
        pytest.param(with_a_program, ModelError, id="a program of its own"),
        pytest.param(pickle_as("tiny.ckpt"), SettingsError, id="a .ckpt file"),
        pytest.param(pickle_as("tiny.safetensors"), ModelError, id="a pickle in disguise"),
        pytest.param(truncated_file, ModelError, id="truncated single file"),
        pytest.param(file_of_something_else, ModelError, id="single file of something else"),
        pytest.param(file_without_a_decoder, ModelError, id="single file without a decoder"),
        pytest.param(lambda _: "skecth", SettingsError, id="unknown name"),
        pytest.param(lambda _: "s" * 300, SettingsError, id="name too long for a file"),
        pytest.param(lambda model: model / "no" / "where", SettingsError, id="no such folder"),
    ],
)
def test_what_is_not_a_model_is_one_sentence(
    zoo: Zoo, tmp_path: Path, broken: Breaker, error: type[MusvidError]
) -> None:
    model = broken(Path(shutil.copytree(zoo("sd15"), tmp_path / "model")))
    with pytest.raises(MusvidError) as caught:
        paint(load(model), pictures(1))
    assert type(caught.value) is error
    assert str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("harmless", [False, True])
def test_a_tiny_autoencoder_is_never_unpickled(zoo: Zoo, tmp_path: Path, harmless: bool) -> None:
    canary = tmp_path / "canary"
    folder = pickled(zoo("taesd"), tmp_path / "taesd", None if harmless else canary)
    with pytest.raises((ModelError, SettingsError)) as caught:
        load(zoo("sd15"), tiny_autoencoder=str(folder))
    assert "\n" not in str(caught.value)
    assert not canary.exists()


# Numbers that do not fit.


def overflow(monkeypatch: pytest.MonkeyPatch, painter: Painter, *types: torch.dtype) -> None:
    """Let a painter's UNet give nothing that is a number in some types."""
    unet = painter._pipe.unet
    real = unet.forward

    def forward(sample: torch.Tensor, *given: Any, **more: Any) -> Any:
        made = real(sample, *given, **more)
        return (made[0] * torch.nan,) if sample.dtype in types else made

    monkeypatch.setattr(unet, "forward", forward)


@pytest.mark.parametrize("batch", [1, 2])
def test_a_model_that_overflows_paints_in_a_wider_type(
    zoo: Zoo, painters: Painters, monkeypatch: pytest.MonkeyPatch, caplog: Any, batch: int
) -> None:
    painter = Painter(style_of(zoo("sd15")), device="cpu", precision="bfloat16")
    overflow(monkeypatch, painter, torch.bfloat16)
    with caplog.at_level("WARNING", "musvid"):
        found = paint(painter, batch=batch)
    assert [record.getMessage() for record in caplog.records] == [
        f"{painter.model.name} gave no picture in bfloat16; musvid now uses float32."
    ]
    assert painter.precision == "float32" and painter._pipe.unet.dtype == torch.float32
    # Its weights have been rounded once.
    assert gap(found, paint(painters("sd15"))) < 40
    overflow(monkeypatch, painter, torch.float32)
    with pytest.raises(ModelError, match="not numbers"):
        paint(painter)


# Too little memory.


def limit_memory(
    monkeypatch: pytest.MonkeyPatch, painter: Painter, frames: int, error: BaseException
) -> None:
    """Let a painter's autoencoder fail for more frames at once than so many."""
    vae = painter._pipe.vae
    real = vae.encode

    def encode(pictures: torch.Tensor) -> Any:
        if len(pictures) > frames:
            raise error
        return real(pictures)

    monkeypatch.setattr(vae, "encode", encode)


SHORTAGES = (
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to."),
    MemoryError(),
)


@pytest.mark.parametrize(
    ("batch", "room"), [(2, 1), (3, 2), (3, 1), (4, 1), (5, 2), (8, 3), (8, 1)]
)
def test_too_large_a_batch_is_halved(
    painters: Painters, monkeypatch: pytest.MonkeyPatch, batch: int, room: int
) -> None:
    painter = painters("sd15")
    frames = pictures(10)
    expected = paint(painter, frames, steps=1)
    limit_memory(monkeypatch, painter, room, SHORTAGES[0])
    painted = paint(painter, frames, batch=batch, steps=1)
    assert painted.shape == expected.shape
    assert gap(painted, expected) <= 1
    assert painter.batch <= room, "what did not fit is not tried again"


@pytest.mark.parametrize("error", SHORTAGES, ids=lambda error: type(error).__name__)
def test_no_memory_for_a_single_frame(
    painters: Painters, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    limit_memory(monkeypatch, painters("sd15"), 0, error)
    with pytest.raises(MemoryExhausted, match="64x64") as caught:
        paint(painters("sd15"), batch=2)
    assert "\n" not in str(caught.value)


def test_another_failure_is_not_taken_for_too_little_memory(
    painters: Painters, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = RuntimeError("the sizes of two tensors differ")
    limit_memory(monkeypatch, painters("sd15"), 0, error)
    with pytest.raises(RuntimeError, match="two tensors"):
        paint(painters("sd15"), batch=2)


# The model that comes along.


def test_the_embedded_model_takes_the_same_way() -> None:
    assert models.find("sketch").kind == "embedded"
    style = Style(steps=2)
    by_name = Painter(style, device="cpu", precision="float32")
    painted = np.stack(list(by_name.paint(pictures(2), style)))
    assert np.array_equal(painted, painted[:, :, ::-1]), "symmetry is its own default"
    assert gap(painted[0], painted[1]) > 8
    folder = Style(model=str(models.WEIGHTS / "sketch"))
    by_folder = Painter(folder, device="cpu", precision="float32")
    paintings = (paint(each, pictures(1), symmetry="none") for each in (by_name, by_folder))
    assert gap(*paintings) <= 1, "rounding"


@pytest.mark.parametrize("size", [(64, 64), (97, 65), (256, 200), (1024, 72), (64, 1024)])
def test_the_embedded_model_paints_every_size(size: tuple[int, int]) -> None:
    frame = np.zeros((*size, 3), np.uint8)
    frame[size[0] // 2 :] = 90
    style = Style(steps=1)
    (painted,) = Painter(style, device="cpu").paint([frame], style)
    assert painted.shape == frame.shape
    assert painted.flags.c_contiguous  # or blending takes twenty times as long
    assert painted.std() > 5


@pytest.mark.parametrize(
    "prompt",
    ["", "zeppelin", "?!", "an utterly breathtaking panorama of gold " * 30 + "marble"],
)
def test_the_embedded_model_paints_every_prompt(prompt: str) -> None:
    style = Style(prompt=prompt, steps=2)
    frame = np.zeros((128, 128, 3), np.uint8)
    frame[60:70] = 180
    (painted,) = Painter(style, device="cpu").paint([frame], style)
    assert painted.std() > 10
    assert painted[60:70].mean() > painted[:20].mean(), "the light is where the spectrum is"


def test_the_words_that_a_model_ignores_are_known() -> None:
    assert Style(prompt="Gold marble and zeppelins, zeppelins!").ignored() == ["zeppelins"]
    assert Style(prompt="").ignored() == Style().ignored() == []
    assert Style(model="sd-turbo", prompt="gold zeppelins").ignored() == []


@pytest.mark.parametrize("family", FAMILIES)
def test_the_end_of_a_prompt_that_is_not_read_is_told(
    painters: Painters, family: str, caplog: pytest.LogCaptureFixture
) -> None:
    """By the model's own tokenizer: here a letter is a token, so that one word is too long."""
    painter, frame = painters(family), np.zeros((64, 64, 3), np.uint8)
    with caplog.at_level("INFO", "musvid"):
        for prompt in ("a" * 80, "b" * 75 * models.CHUNKS + " nebula"):
            next(painter.paint([frame], Style(prompt=prompt, steps=1, strength=0.5, guidance=1.0)))
    told = [line.getMessage() for line in caplog.records]
    assert len(told) == 1, told
    assert "does not read the end of the prompt" in told[0]
    assert told[0].endswith("'nebula'")


def test_the_embedded_model_knows_the_words_of_the_tables() -> None:
    known = models.find("sketch").vocabulary
    assert known
    assert sorted(known) == words.vocabulary()


def test_words_that_the_embedded_model_does_not_know_change_nothing() -> None:
    frame = np.zeros((64, 64, 3), np.uint8)
    frame[30:34] = 180

    def painted(prompt: str) -> np.ndarray:
        style = Style(prompt=prompt, steps=1)
        return next(Painter(style, device="cpu").paint([frame], style))

    plain = painted("gold marble")
    wordy = painted("a GOLD, zeppelin-like marble, " + "whatever " * 200)
    np.testing.assert_array_equal(plain, wordy)
    assert np.abs(plain.astype(int) - painted("teal marble")).mean() > 2
    assert np.abs(plain.astype(int) - painted("gold circuits")).mean() > 2


def test_the_embedded_model_is_small_enough_to_ship() -> None:
    sizes = [path.stat().st_size for path in (models.WEIGHTS / "sketch").rglob("*.*")]
    assert max(sizes) < 10_000_000
    assert sum(sizes) < 30_000_000


def test_the_embedded_model_is_one_for_plain_diffusers_too() -> None:
    pipe = diffusers.AutoPipelineForImage2Image.from_pretrained(models.WEIGHTS / "sketch")
    assert type(pipe) is diffusers.StableDiffusionImg2ImgPipeline
    picture = torch.from_numpy(pictures(1)[0]).permute(2, 0, 1)[None] / 255
    painted = pipe("cyan and magenta nebula", picture, 0.6, 5, output_type="np").images
    assert painted.shape == (1, 64, 64, 3)
    assert np.ptp(painted) > 0.1
