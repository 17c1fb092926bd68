"""Our own loop paints what diffusers' pipelines paint."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import tiny_models
import torch
from diffusers import AutoencoderTiny, AutoPipelineForImage2Image

from musvid.paint import call
from musvid.paint.encoding import encode, joined
from musvid.paint.loop import mixes
from musvid.paint.painter import Painter
from musvid.paint.style import Stroke, Style

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

Pipes = Callable[..., Any]

PICTURES = np.random.default_rng(3).integers(0, 256, (3, 64, 48, 3), dtype=np.uint8)
SAMPLERS: dict[str, tuple[str, dict[str, Any]]] = {
    "euler": ("EulerDiscreteScheduler", {}),
    "euler, v": ("EulerDiscreteScheduler", {"prediction_type": "v_prediction"}),
    "euler, picture": ("EulerDiscreteScheduler", {"prediction_type": "sample"}),
    "euler, ends above 0": ("EulerDiscreteScheduler", {"final_sigmas_type": "sigma_min"}),
    "consistency": ("LCMScheduler", {}),
    "consistency, v": ("LCMScheduler", {"prediction_type": "v_prediction"}),
    "consistency, clipped": ("LCMScheduler", {"clip_sample": True}),
    "multistep": ("DPMSolverMultistepScheduler", {}),
    "multistep, with noise": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "heun": ("HeunDiscreteScheduler", {}),
}


@pytest.fixture(scope="module")
def pipes(tmp_path_factory: pytest.TempPathFactory) -> Pipes:
    """A pipeline of a family with one of `SAMPLERS`; its autoencoder draws from what it makes."""
    folder = tmp_path_factory.mktemp("zoo")
    saved = functools.cache(lambda family: getattr(tiny_models, family)(folder / family))

    @functools.cache
    def load(family: str, sampler: str, *, tiny: bool = False) -> Any:
        pipe = AutoPipelineForImage2Image.from_pretrained(saved(family), safety_checker=None)
        pipe.set_progress_bar_config(disable=True)
        last = pipe.vae.quant_conv
        last.bias.data[last.bias.numel() // 2 :] = -2.0
        name, options = SAMPLERS[sampler]
        kind = getattr(diffusers, name)
        pipe.scheduler = kind.from_config({**pipe.scheduler.config, **options})
        if tiny:
            pipe.vae = AutoencoderTiny.from_pretrained(saved("taesd"))
        return pipe

    return load


def painted(
    work: Callable[..., torch.Tensor],
    pipe: Any,
    strokes: list[Stroke],
    pictures: np.ndarray = PICTURES,
    *,
    steps: int = 3,
    symmetry: str = "none",
) -> np.ndarray:
    style = Style(model="sketch", steps=steps, symmetry=symmetry, seed=5)
    guided = any(stroke.guidance > 1 for stroke in strokes)
    prompts = [encode(pipe, stroke.prompts[0][0], "grey mud", guided) for stroke in strokes]
    batch = call.Batch(pictures, style, strokes, joined(prompts))
    with torch.inference_mode():
        made = work(pipe, batch)
    assert made.shape == (len(pictures), 3, *pictures.shape[1:3])
    return made.float().numpy()


def stroke(
    text: str = "nebula", strength: float = 0.6, guidance: float = 1.0, **more: Any
) -> Stroke:
    return Stroke(((text, 1.0),), strength, guidance, **more)


def both(pipe: Any, strokes: list[Stroke], **more: Any) -> tuple[np.ndarray, np.ndarray]:
    return painted(call.by_call, pipe, strokes, **more), painted(
        call.by_loop, pipe, strokes, **more
    )


@pytest.mark.parametrize("guidance", [1.0, 6.0])
@pytest.mark.parametrize(
    ("family", "sampler"),
    [
        *(("sd15", sampler) for sampler in SAMPLERS),
        ("sdxl_turbo", "euler"),
        *(
            pytest.param("sdxl_turbo", name, marks=pytest.mark.thorough)
            for name in list(SAMPLERS)[1:]
        ),
    ],
)
def test_the_loop_paints_what_the_pipeline_paints(
    pipes: Pipes, family: str, sampler: str, guidance: float
) -> None:
    texts = ("nebula", "stained glass", "coral")
    strokes = [stroke(text, guidance=guidance) for text in texts]
    expected, found = both(pipes(family, sampler), strokes)
    assert np.abs(expected - PICTURES.transpose(0, 3, 1, 2) / 255).max() > 0.05
    assert np.abs(found - expected).max() < 1e-4


@pytest.mark.parametrize("how", [{"symmetry": "noise"}, {"walk": 1.3}, {"place": (24, 16)}, {}])
def test_noise_of_our_own_and_a_tiny_autoencoder(pipes: Pipes, how: dict[str, Any]) -> None:
    own = {name: value for name, value in how.items() if name != "symmetry"}
    strokes = [stroke(guidance=3.0, **own)] * 3
    expected, found = both(
        pipes("sd15", "euler", tiny=not how), strokes, symmetry=how.get("symmetry", "none")
    )
    assert np.abs(found - expected).max() < 1e-4


@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name[0] in "ec"])
def test_frames_of_one_batch_have_strengths_and_guidances_of_their_own(
    pipes: Pipes, sampler: str
) -> None:
    pipe = pipes("sd15", sampler)
    assert mixes(pipe.scheduler)
    strokes = [
        stroke("nebula", 0.3, 2.0),
        stroke("coral", 0.7, 7.0),
        stroke("stained glass", 1.0, 4.5),
    ]
    found = painted(call.by_loop, pipe, strokes)
    for number, each in enumerate(strokes):
        picture = PICTURES[number : number + 1]
        alone = painted(call.by_call, pipe, [each], picture)
        assert np.abs(found[number] - alone[0]).max() < 1e-4


def test_other_samplers_take_one_schedule_for_all(pipes: Pipes) -> None:
    pipe = pipes("sd15", "multistep")
    assert not mixes(pipe.scheduler)
    with pytest.raises(ValueError, match="one schedule"):
        painted(call.by_loop, pipe, [stroke(strength=part) for part in (0.3, 0.6, 0.9)])


def test_a_distilled_model_is_told_its_guidance(pipes: Pipes) -> None:
    pipe = pipes("sd15", "consistency")
    told = diffusers.UNet2DConditionModel.from_config({**pipe.unet.config, "time_cond_proj_dim": 8})
    weights = told.state_dict() | pipe.unet.state_dict()
    told.load_state_dict(weights)
    other = diffusers.StableDiffusionImg2ImgPipeline(**{**pipe.components, "unet": told.eval()})
    other.set_progress_bar_config(disable=True)
    expected, found = both(other, [stroke(guidance=6.0)] * 3)
    assert np.abs(found - expected).max() < 1e-4
    assert np.abs(found - painted(call.by_loop, other, [stroke(guidance=1.0)] * 3)).max() > 1e-3


@pytest.mark.parametrize("batch", [1, 3])
def test_strengths_that_change_are_painted_in_few_batches(
    batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    painter = Painter(
        Style(model=str(tiny_models.sd_turbo(tmp_path / "turbo"))), device="cpu", batch=batch
    )
    monkeypatch.setattr(painter, "_workers", 1)
    sizes = []
    real = call.by_loop

    def counted(pipe: Any, made: call.Batch) -> Any:
        sizes.append(len(made.images))
        return real(pipe, made)

    monkeypatch.setattr(call, "by_loop", counted)
    style = Style(model=painter.model.name, steps=2, guidance=1.0, prompt="nebula", symmetry="none")
    strengths = (0.4, 0.0, 0.5, 0.6, 0.8)
    jobs = [(PICTURES[0], stroke(strength=part)) for part in strengths]
    made = list(painter.paint_each(jobs, style))
    # What is not painted at all parts a batch.
    assert sizes == ([1] * 4 if batch == 1 else [1, 3])
    assert np.array_equal(made[1], PICTURES[0])
    apart = [np.abs(one.astype(int) - PICTURES[0]).mean() for one in made]
    assert apart[0] < apart[2] < apart[3] < apart[4]
