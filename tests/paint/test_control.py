"""ControlNets: their names, the pictures they see, and what they do to paintings."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import pytest
import tiny_models
import torch
from conftest import WriteSong, Zoo, tone
from safetensors.torch import save_file

from musvid import Recipe, SettingsError, Song
from musvid.__main__ import main
from musvid.errors import ModelError
from musvid.frame import Frame
from musvid.job import resolve
from musvid.music.modulation import Modulation
from musvid.paint import call, loading, models, schedule
from musvid.paint.conditions import condition
from musvid.paint.control import KINDS, NETS, Control, net, parse
from musvid.paint.encoding import encode, joined
from musvid.paint.painter import Painter
from musvid.paint.style import Stroke, Style
from musvid.paint.tensors import Kind, family, kind_of, shapes
from musvid.video import file
from musvid.video.settings import load_settings

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("edges", (Control("edges"),)),
        ("edges:0.8", (Control("edges", "", 0.8),)),
        ("Soft Edges:.5:0-0.6", (Control("soft-edges", "", 0.5, 0, 0.6),)),
        ("depth:0.25-1", (Control("depth", "", 1, 0.25, 1),)),
        ("tile=owner/name:2", (Control("tile", "owner/name", 2),)),
        (r"edges=C:\nets\canny:1:0.2-0.9", (Control("edges", r"C:\nets\canny", 1, 0.2, 0.9),)),
        ("edges:0.4 | depth", (Control("edges", "", 0.4), Control("depth"))),
    ],
)
def test_texts_that_name_control(text: str, found: tuple[Control, ...]) -> None:
    assert parse(text) == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("owner/name", "write one of edges, soft-edges, depth, tile"),
        ("pose:1", "names no control picture"),
        ("edges:3", "from 0 to 2, not 3"),
        ("edges:1:0.6-0.5", "from 0.6 to 0.5"),
        ("edges:1:0-2", "within 0 and 1"),
        (" | ".join(["edges"] * 5), "at most 4"),
    ],
)
def test_texts_that_name_none(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Style(control=text)


def test_steps_count_as_in_diffusers() -> None:
    part = Control("edges", "", 1, 0.25, 0.75)
    assert [part.counts(step, 4) for step in range(4)] == [False, True, True, False]
    assert [Control("edges").counts(0, 1), Control("edges", "", 0).counts(0, 1)] == [True, False]


# Pictures.


def ball(side: int = 128, level: int = 200) -> Frame:
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    grey = np.where(np.hypot(x, y) < side / 4, level, 0).astype(np.uint8)
    return np.stack([grey] * 3, -1)


def test_edges_are_a_thin_line_around_a_shape() -> None:
    found = condition("edges", ball())
    assert set(np.unique(found)) == {0, 255}
    y, x = np.nonzero(found[..., 0])
    distance = np.hypot(x - 63.5, y - 63.5)
    assert np.abs(distance - 32).max() < 2.5
    # About a pixel wide, all the way round.
    assert 0.7 * 2 * np.pi * 32 < len(x) < 1.5 * 2 * np.pi * 32
    assert len(np.unique((np.arctan2(y - 63.5, x - 63.5) * 8).astype(int))) > 45


def test_soft_edges_are_brightest_where_light_is_steepest() -> None:
    found = condition("soft-edges", ball())[..., 0].astype(int)
    assert found[64, 32] > 150 and found[64, 64] == 0 and found[2, 2] == 0
    faint = condition("soft-edges", ball(level=40))[..., 0].astype(int)
    assert 0 < faint[64, 32] < found[64, 32]


def test_depth_is_smooth_light_and_a_tile_is_the_guide() -> None:
    found = condition("depth", ball())
    assert found[64, 64, 0] == 200 and found[0, 0, 0] == 0
    steps = np.abs(np.diff(found[64, :, 0].astype(int)))
    assert 0 < steps.max() < 60
    assert np.array_equal(condition("tile", ball()), ball())


@pytest.mark.parametrize("kind", KINDS)
def test_a_control_picture_is_of_the_guide_alone(kind: str) -> None:
    dark = np.zeros((64, 48, 3), np.uint8)
    assert not condition(kind, dark).any()
    made = condition(kind, ball(64))
    assert made.shape == (64, 64, 3) and made.dtype == np.uint8
    assert np.array_equal(made, condition(kind, ball(64).copy()))
    assert np.array_equal(made[:, ::-1], made), "as its guide"


# Families.


def test_families_are_told_by_their_files(zoo: Zoo, tmp_path: Path) -> None:
    folder = zoo("sd15")
    config = folder / "unet" / "config.json"
    model = models.find(str(folder))
    assert family(model) is None, "of no known width"
    told = json.loads(config.read_text())
    copy = tmp_path / "copy" / "unet"
    copy.mkdir(parents=True)
    (copy.parent / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    for width, name in ((768, "sd1"), (1024, "sd2"), (2048, "sdxl"), (33, None)):
        (copy / "config.json").write_text(json.dumps({**told, "cross_attention_dim": width}))
        assert family(models.find(str(copy.parent))) == name
    assert [family(models.TABLE[name]) for name in ("sketch", "sd-turbo", "sdxl-turbo")] == [
        None,
        "sd2",
        "sdxl",
    ]
    assert family(models.find("nobody/knows")) is None


def checkpoint(width: int, channels: int = 4) -> dict[str, torch.Tensor]:
    begun = "model.diffusion_model.input_blocks"
    attended = f"{begun}.1.1.transformer_blocks.0.attn2.to_k.weight"
    return {
        f"{begun}.0.0.weight": torch.zeros(8, channels, 3, 3),
        attended: torch.zeros(8, width),
    }


@pytest.mark.parametrize(
    ("tensors", "kind"),
    [
        (checkpoint(768), Kind("checkpoint", "sd1")),
        (checkpoint(1024, 9), Kind("checkpoint", "sd2", inpaints=True)),
        (checkpoint(2048), Kind("checkpoint", "sdxl")),
        (
            {"model.diffusion_model.joint_blocks.0.x.weight": torch.zeros(2)},
            Kind("checkpoint", "sd3"),
        ),
        (
            {"model.diffusion_model.double_blocks.0.x.weight": torch.zeros(2)},
            Kind("checkpoint", "flux"),
        ),
        ({"lora_unet_down_blocks_0.lora_down.weight": torch.zeros(2)}, Kind("lora")),
        ({"unet.mid_block.attn.to_q.lora_A.weight": torch.zeros(2)}, Kind("lora")),
        ({"emb_params": torch.zeros(1, 8)}, Kind("embedding")),
        ({"clip_l": torch.zeros(1, 8), "clip_g": torch.zeros(1, 9)}, Kind("embedding")),
        ({"decoder.conv_in.weight": torch.zeros(2)}, Kind("autoencoder")),
        ({"x": torch.zeros(2)}, Kind("other")),
    ],
)
def test_files_are_told_apart_by_their_tensors(
    tensors: dict[str, torch.Tensor], kind: Kind, tmp_path: Path
) -> None:
    save_file(tensors, tmp_path / "file.safetensors")
    assert kind_of(shapes(tmp_path / "file.safetensors")) == kind


def test_real_files_are_told_apart(zoo: Zoo, tmp_path: Path) -> None:
    for name, part, kind in (
        ("lcm_lora", "*.safetensors", "lora"),
        ("controlnet", "*.safetensors", "controlnet"),
        ("sd15", "unet/*.safetensors", "unet"),
        ("sd15", "vae/*.safetensors", "autoencoder"),
    ):
        assert kind_of(shapes(next(zoo(name).glob(part)))).name == kind
    file = tiny_models.single_file(zoo("sdxl_turbo"), tmp_path / "one.safetensors")
    assert kind_of(shapes(file)) == Kind("checkpoint", "sdxl")
    (tmp_path / "text.safetensors").write_text("not at all")
    with pytest.raises(ValueError, match="header"):
        shapes(tmp_path / "text.safetensors")


def test_a_checkpoint_that_cannot_repaint_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "file.safetensors"
    for tensors, says in (
        (checkpoint(768, 9), "fills masks"),
        ({"model.diffusion_model.double_blocks.0.w": torch.zeros(2)}, "another family"),
        ({"emb_params": torch.zeros(1, 8)}, "--embedding adds"),
        ({"lora_unet_x.lora_up.weight": torch.zeros(2)}, "--lora adds"),
        ({"control_model.input_blocks.0.w": torch.zeros(2)}, "--control adds"),
        ({"x": torch.zeros(2)}, "no Stable Diffusion checkpoint; choose another file"),
    ):
        save_file(tensors, file)
        with pytest.raises(ModelError, match=says) as caught:
            Painter(Style(model=str(file)), device="cpu")
        assert "\n" not in str(caught.value)
    file.write_bytes(file.read_bytes()[:20])
    with pytest.raises(ModelError, match="get it again"):
        Painter(Style(model=str(file)), device="cpu")


@pytest.mark.parametrize("name", NETS)
def test_every_family_has_nets(name: str) -> None:
    for kind, hub_id in NETS[name].items():
        assert net(Control(kind), name) == hub_id and models.on_hub(hub_id)
    assert net(Control("tile", "own/net"), name) == "own/net"


def test_what_a_family_lacks_is_one_sentence() -> None:
    with pytest.raises(SettingsError, match="no usual ControlNet for tile") as caught:
        Style(model="sd-turbo", control="tile").resolve()
    assert "tile=owner/name" in str(caught.value)
    assert net(Control("tile"), None) == "", "not known yet"


@pytest.mark.parametrize(
    ("style", "says"),
    [
        ({"model": "sketch", "control": "edges"}, "takes no ControlNet"),
        ({"model": "sd15", "control": "edges=missing.safetensors"}, "There is no ControlNet"),
        ({"model": "sketch", "scheduler": "euler"}, "has one scheduler"),
        ({"model": "sd15", "scheduler": "magic"}, "scheduler must be one of"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_loaded(style: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Recipe(style=Style(**style)).resolve()


# Paintings.

PICTURES = np.random.default_rng(4).integers(0, 256, (2, 64, 48, 3), dtype=np.uint8)
PARTS: dict[str, Any] = {"prompt": "nebula", "strength": 0.7, "steps": 4, "guidance": 1.0}


def control_of(zoo: Zoo, family_name: str, kind: str = "edges", more: str = "") -> str:
    return f"{kind}={zoo('controlnet_xl' if 'xl' in family_name else 'controlnet')}{more}"


def loaded(zoo: Zoo, name: str, control: str = "", **more: Any) -> Painter:
    style = Style(model=str(zoo(name)), control=control, **{**PARTS, **more})
    painter = Painter(style, device="cpu", batch=2)
    painter._workers = 1
    return painter


def painted(painter: Painter, **style: Any) -> np.ndarray:
    style = {**PARTS, "model": painter.model.name, "symmetry": "none", **style}
    return np.stack(list(painter.paint(PICTURES, Style(**style))))


@pytest.mark.parametrize("guidance", [1.0, 5.0])
@pytest.mark.parametrize("name", ["sd15", pytest.param("sdxl_turbo", marks=pytest.mark.thorough)])
def test_paintings_with_control_are_diffusers_own(
    zoo: Zoo, name: str, guidance: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two nets with scales, starts and ends of their own."""
    other = tiny_models.controlnet if name == "sd15" else tiny_models.controlnet_xl
    second = other(zoo(name).parent / f"second-{name}-{guidance}", seed=77)
    text = f"{control_of(zoo, name, more=':0.8:0-0.6')} | tile={second}:1.5:0.3-1"
    pipe = loaded(zoo, name, text)._pipe
    assert "ControlNet" in type(pipe).__name__
    style = Style(**{**PARTS, "model": "sd15", "guidance": guidance}, control=text, seed=5)
    strokes = [Stroke((("nebula", 1.0),), 0.7, guidance)] * 2
    prompt = joined([encode(pipe, "nebula", "mud", guidance > 1)] * 2)
    seen = [np.stack([condition(kind, each) for each in PICTURES]) for kind in ("edges", "tile")]
    batch = call.Batch(PICTURES, style, strokes, prompt, seen)
    times = schedule.times_of(pipe.scheduler, 4, 0.7)

    # diffusers' call takes no times of our own, so that they are set where it asks for them.
    kind = type(pipe.scheduler)
    real = kind.set_timesteps
    monkeypatch.setattr(
        kind,
        "set_timesteps",
        lambda self, *_, device=None, **__: real(self, timesteps=times, device=device),
    )
    monkeypatch.setattr(pipe, "get_timesteps", lambda *_: (pipe.scheduler.timesteps, len(times)))
    with torch.inference_mode():
        expected = pipe(
            image=torch.from_numpy(PICTURES).permute(0, 3, 1, 2) / 255,
            control_image=[torch.from_numpy(each).permute(0, 3, 1, 2) / 255 for each in seen],
            controlnet_conditioning_scale=[0.8, 1.5],
            control_guidance_start=[0.0, 0.3],
            control_guidance_end=[0.6, 1.0],
            num_inference_steps=4,
            strength=1.0,
            guidance_scale=guidance,
            generator=batch.generators,
            output_type="pt",
            height=64,
            width=48,
            **prompt,
        ).images
    monkeypatch.undo()
    with torch.inference_mode():
        found = call.by_loop(pipe, batch)
    assert (found - expected).abs().max() < 1e-4


@pytest.mark.parametrize("name", ["sd15", pytest.param("sdxl_turbo", marks=pytest.mark.thorough)])
def test_scale_zero_is_no_control_and_the_picture_follows_the_control(zoo: Zoo, name: str) -> None:
    control = control_of(zoo, name)
    painter, bare = loaded(zoo, name, control), loaded(zoo, name)
    without = painted(bare)
    assert np.array_equal(painted(painter, control=control, control_scale=0.0), without)
    assert np.array_equal(painted(painter, control=f"{control}:0"), without)
    held = painted(painter, control=control).astype(int)
    assert np.abs(held - without).mean() > 2
    less = painted(painter, control=f"{control}:0.3").astype(int)
    assert 0 < np.abs(less - without).mean() < np.abs(held - without).mean()


def test_a_painting_follows_its_control_picture(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the control picture changes the painting changes, and most of all there."""
    control = control_of(zoo, "sd15", "tile", ":2")
    painter = loaded(zoo, "sd15", control)
    dark = np.zeros_like(PICTURES[0])
    lit = dark.copy()
    lit[:24, :24] = 255
    shown = {"now": dark}
    monkeypatch.setattr(call, "condition", lambda *_: shown["now"])
    before = painted(painter, control=control).astype(int)
    shown["now"] = lit
    apart = np.abs(painted(painter, control=control).astype(int) - before).mean((0, 3))
    assert apart[:24, :24].mean() > 2 * apart[40:, 32:].mean() > 0


def test_frames_of_one_batch_have_scales_of_their_own(zoo: Zoo) -> None:
    control = control_of(zoo, "sd15")
    painter = loaded(zoo, "sd15", control)
    style = Style(model=painter.model.name, control=control, symmetry="none", **PARTS)
    strokes = [Stroke((("nebula", 1.0),), 0.7, 1.0, control_scale=part) for part in (0.2, 1.0)]
    together = list(painter.paint(PICTURES, style, strokes))
    painter.batch = 1
    alone = list(painter.paint(PICTURES, style, strokes))
    for one, other in zip(together, alone, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1
    assert np.abs(together[0].astype(int) - together[1]).mean() > 1


@pytest.mark.parametrize("symmetry", ["half", "noise"])
def test_control_keeps_a_symmetric_picture_symmetric(zoo: Zoo, symmetry: str) -> None:
    control = control_of(zoo, "sd15")
    painter = loaded(zoo, "sd15", control)
    frame = np.concatenate([PICTURES[0], PICTURES[0][:, ::-1]], 1)
    style = Style(model=painter.model.name, control=control, symmetry=symmetry, **PARTS)
    (made,) = painter.paint([frame], style)
    assert made.shape == frame.shape
    if symmetry == "half":
        assert np.array_equal(made, made[:, ::-1])


def test_prompts_are_read_as_without_control(zoo: Zoo, tmp_path: Path) -> None:
    """Weights of words, long prompts, and words that the model was taught."""
    control, word = control_of(zoo, "sd15", more=":0"), tmp_path / "glow.safetensors"
    width = json.loads((zoo("sd15") / "text_encoder" / "config.json").read_text())["hidden_size"]
    save_file({"emb_params": torch.ones(1, width)}, word)
    with_net = loaded(zoo, "sd15", control, embedding=str(word))
    bare = loaded(zoo, "sd15", embedding=str(word))
    plain = painted(bare, prompt="nebula")
    for prompt in ("nebula (neb:1.6)", "glow nebula", " ".join(["coral reef"] * 20)):
        found = painted(with_net, prompt=prompt, control=control)
        assert np.array_equal(found, painted(bare, prompt=prompt))
        assert not np.array_equal(found, plain)


def test_a_net_that_does_not_fit_is_one_sentence(zoo: Zoo) -> None:
    for source, says in (
        (zoo("controlnet_xl"), "does not fit"),
        (zoo("taesd"), "cannot be loaded"),
        (next(zoo("lcm_lora").glob("*.safetensors")), "holds no ControlNet"),
    ):
        with pytest.raises(ModelError, match=says) as caught:
            loaded(zoo, "sd15", f"edges={source}")
        assert "\n" not in str(caught.value)
    with pytest.raises(ModelError, match="of no family whose ControlNets are known"):
        loaded(zoo, "sd15", "edges")
    with pytest.raises(ModelError, match="takes no ControlNet"):
        loaded(zoo, "sd3", control_of(zoo, "sd15"))
    painter = loaded(zoo, "sd15")
    with pytest.raises(SettingsError, match="loaded without"):
        painted(painter, control=control_of(zoo, "sd15"))


def test_models_with_other_nets_are_others(zoo: Zoo) -> None:
    control = control_of(zoo, "sd15")
    style = Style(model="sd15", control=control)
    assert style.made_of == Style(model="sd15", control=f"{control}:0.5").made_of
    assert style.made_of != Style(model="sd15").made_of
    assert style.additions == [str(zoo("controlnet"))]
    assert Style(model="sd15", control="edges").additions == [NETS["sd1"]["edges"]]
    with_net, bare = loaded(zoo, "sd15", control), loaded(zoo, "sd15")
    assert with_net.fingerprint != bare.fingerprint


@pytest.mark.parametrize("name", ["euler", "heun", "dpm++", "dpm++-sde", "ddpm", "lcm", "tcd"])
def test_schedulers_by_name(zoo: Zoo, name: str) -> None:
    painter = loaded(zoo, "sd15", scheduler=name)
    made = painted(painter, scheduler=name)
    assert np.abs(made.astype(int) - PICTURES).mean() > 2
    kind = type(painter._pipe.scheduler).__name__
    assert kind in dir(diffusers) and schedule.settable(painter._pipe.scheduler)
    assert kind == loading.SCHEDULERS[name][0]


def test_a_scheduler_of_another_kind_is_one_sentence(zoo: Zoo) -> None:
    with pytest.raises(ModelError, match="does not fit"):
        loaded(zoo, "sd3", scheduler="euler")


# Along a song.


def test_a_scale_follows_the_music(write_song: WriteSong) -> None:
    sound = np.concatenate([tone(200, 2.0, 0.01), tone(200, 2.0, 0.5)])
    song = Song.open(write_song(sound))
    recipe = Recipe(
        style=Style(model="sd15", control="edges", control_scale=0.2),
        control_scale_by=Modulation("loudness", 1.0, 0.0),
    )
    automation = resolve(recipe, song).automation
    scales = [automation.stroke(time).control_scale for time in (1.0, 3.0)]
    assert scales == pytest.approx([0.2, 1.2], abs=0.1)
    name, values, low, high = next(automation.curves(np.array([1.0, 3.0])))
    assert (name, low, high) == ("control_scale", 0.0, 2.0)
    assert values == pytest.approx(scales, abs=0.01)
    # Without a net there is nothing to follow.
    bare = resolve(replace(recipe, style=Style()), song).automation
    assert not bare and bare.stroke(3.0).control_scale == 1.0


@pytest.mark.parametrize("recipe", ["every-frame", "diffuse-then-interpolate"])
def test_the_command_line_controls(
    zoo: Zoo, write_song: WriteSong, tmp_path: Path, recipe: str
) -> None:
    song = write_song(np.concatenate([tone(200, 0.6, 0.01), tone(900, 0.6, 0.5)]))
    edges = control_of(zoo, "sd15", more=":1.5")
    options = ["--model", str(zoo("sd15")), "--symmetry", "none", "--steps", "1", "--fps", "12"]
    options += ["--size", "64", "--recipe", recipe, "--strength", "1", "--no-cache"]
    options += ["--preset", "article", "--device", "cpu", "--guidance", "1"]
    films = []
    for number, more in enumerate(([], ["--control", edges, "--control-scale-by", "loudness:1"])):
        path = tmp_path / f"{number}.mp4"
        assert main([str(song), "-o", str(path), *options, *more]) == 0
        films.append(np.stack(list(file.read(path))).astype(int))
    assert load_settings(path).style.control == edges
    assert len(films[0]) == len(films[1]) >= 14
    assert np.abs(films[0] - films[1])[-3:].mean() > 3
