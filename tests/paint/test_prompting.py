"""Weights, long prompts, textual inversions and LoRAs that change: tiny models of real kinds."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models
import torch
from conftest import WriteSong, Zoo, clicks
from safetensors.torch import save_file

from musvid import Recipe, Song, Store, render
from musvid.errors import ModelError, SettingsError
from musvid.job import Job, resolve
from musvid.paint import models
from musvid.paint.encoding import chunks_of, encode, unread
from musvid.paint.painter import Painter
from musvid.paint.style import Stroke, Style
from musvid.rendering import Addresses
from musvid.studio.limits import Limits

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    pytest.mark.usefixtures("one_core"),
]

Painters = Callable[[str], Painter]

FAMILIES = ("sd15", "sdxl_turbo")
PICTURES = list(np.random.default_rng(3).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8))
SIZE = 75
LONG = "ab " * 30 + "cd " * 30
"""120 tokens of the tiny tokenizer, to which a letter is one."""


@pytest.fixture(scope="module")
def painters(zoo: Zoo) -> Painters:
    return functools.cache(lambda name: load(zoo(name)))


def style_of(model: Path | str, **settings: Any) -> Style:
    usual = {"prompt": "neb", "strength": 0.7, "steps": 2, "guidance": 1.0}
    return Style(model=str(model), **{**usual, **settings})


def load(model: Path | str, **settings: Any) -> Painter:
    return Painter(style_of(model, **settings), device="cpu")


def paint(painter: Painter, *, batch: int = 1, count: int = 1, **settings: Any) -> np.ndarray:
    painter.batch = batch
    style = style_of(painter.model.name, **settings)
    return np.stack(list(painter.paint(PICTURES[:count], style)))


def gap(one: np.ndarray, other: np.ndarray) -> int:
    return int(np.abs(one.astype(int) - other.astype(int)).max())


def said(painter: Painter, text: str, chunks: int = 1) -> dict[str, torch.Tensor]:
    return encode(painter._pipe, text, text, True, chunks=chunks)


# Weights.


@pytest.mark.parametrize("guided", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_plain_prompt_is_what_diffusers_makes_of_it(
    painters: Painters, family: str, guided: bool
) -> None:
    pipe = painters(family)._pipe
    for text in ("glowing nebula", "", "x" * 75):
        ours = encode(pipe, text, "grey mud", guided)
        theirs = pipe.encode_prompt(
            prompt=text,
            negative_prompt="grey mud",
            device="cpu",
            num_images_per_prompt=1,
            do_classifier_free_guidance=guided,
        )
        names = ("prompt_embeds", "negative_prompt_embeds")
        names += ("pooled_prompt_embeds", "negative_pooled_prompt_embeds")
        wanted = {n: v for n, v in zip(names, theirs, strict=False) if v is not None}
        assert ours.keys() == wanted.keys()
        assert all(torch.equal(ours[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.6, -1.0])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_weight_leads_a_word_away_from_the_empty_prompt(
    painters: Painters, family: str, weight: float
) -> None:
    painter = painters(family)
    made, plain, empty = (said(painter, t) for t in (f"a (b c:{weight}) d", "a b c d", ""))
    for name in ("prompt_embeds", "negative_prompt_embeds"):
        wanted = plain[name].clone()
        inside = slice(2, 4)  # behind the mark of the beginning and one word
        away = plain[name][:, inside] - empty[name][:, inside]
        wanted[:, inside] = empty[name][:, inside] + weight * away
        torch.testing.assert_close(made[name], wanted)
        assert not torch.allclose(made[name], plain[name])
    for name in plain.keys() - {"prompt_embeds", "negative_prompt_embeds"}:
        torch.testing.assert_close(made[name], plain[name], msg="of the prompt as a whole")


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_change_pictures(painters: Painters, family: str) -> None:
    painter, more = painters(family), {"guidance": 7.0, "negative_prompt": "mud"}
    plain = paint(painter, prompt="neb glass", **more)
    assert gap(plain, paint(painter, prompt="(neb:1) glass", **more)) == 0
    assert gap(plain, paint(painter, prompt="(neb:1.8) glass", **more)) > 2
    assert gap(plain, paint(painter, prompt="neb glass", guidance=7.0, negative_prompt="[mud:x]"))


def test_a_family_without_weights_says_so_and_leaves_out_the_signs(
    painters: Painters, caplog: pytest.LogCaptureFixture
) -> None:
    painter = painters("sd3")
    plain = paint(painter, prompt="neb glass")
    with caplog.at_level("INFO", "musvid"):
        assert gap(plain, paint(painter, prompt="(neb:1.8) [glass]")) == 0
    (told,) = (line.getMessage() for line in caplog.records)
    assert "knows no weights of words" in told


def test_a_model_that_is_told_the_guidance_has_weights_too(painters: Painters) -> None:
    """Its pipeline takes no negative prompt, and paints by its call."""
    painter = painters("lcm")
    plain = paint(painter, prompt="neb glass", guidance=7.0, negative_prompt="mud")
    assert gap(plain, paint(painter, prompt="neb glass", guidance=7.0)) == 0
    assert gap(plain, paint(painter, prompt="(neb:1.8) glass", guidance=7.0)) > 2
    assert gap(plain, paint(painter, prompt=f"neb glass {LONG}", guidance=7.0)) > 2


# Long prompts.


@pytest.mark.parametrize("family", FAMILIES)
def test_a_long_prompt_is_read_in_chunks_that_cut_no_word(painters: Painters, family: str) -> None:
    painter = painters(family)
    assert chunks_of(painter._pipe, LONG) == 2
    whole = said(painter, LONG, 2)["prompt_embeds"]
    # 37 words of two letters are 74 tokens; another would be cut.
    words = LONG.split()
    parts = [said(painter, " ".join(each)) for each in (words[:37], words[37:])]
    torch.testing.assert_close(whole, torch.cat([part["prompt_embeds"] for part in parts], 1))
    if family == "sdxl_turbo":
        first = parts[0]["pooled_prompt_embeds"]
        torch.testing.assert_close(said(painter, LONG, 2)["pooled_prompt_embeds"], first)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_shorter_prompt_is_filled_up_by_the_empty_one(painters: Painters, family: str) -> None:
    pipe = painters(family)._pipe
    made = encode(pipe, LONG, "(mud:2)", True, chunks=3)
    empty, short = (encode(pipe, "", text, True) for text in ("", "(mud:2)"))
    name = "negative_prompt_embeds"
    assert made[name].shape == made["prompt_embeds"].shape
    wanted = torch.cat([short[name], empty[name], empty[name]], 1)
    torch.testing.assert_close(made[name], wanted)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_end_of_a_long_prompt_matters(painters: Painters, family: str) -> None:
    painter, more = painters(family), {"guidance": 7.0}
    one, other = (paint(painter, prompt=f"{LONG} {end}", **more) for end in ("neb", "xyz"))
    assert gap(one, other) > 2
    longer = [paint(painter, negative_prompt=f"{LONG} {end}", **more) for end in ("neb", "xyz")]
    assert gap(*longer) > 2


def test_what_lies_behind_the_last_chunk_is_told(painters: Painters) -> None:
    pipe = painters("sd15")._pipe
    fits = "ab " * 37 * models.CHUNKS
    assert unread(pipe, fits, models.CHUNKS) == ""
    assert unread(pipe, f"{fits} neb (glass:2)", models.CHUNKS) == "neb glass"
    made = encode(pipe, f"{fits} neb", "", False, chunks=models.CHUNKS)
    assert made["prompt_embeds"].shape[1] == 77 * models.CHUNKS


@pytest.mark.parametrize("guidance", [1.0, 7.0])
@pytest.mark.parametrize("family", FAMILIES)
def test_prompts_of_any_length_are_painted_together(
    painters: Painters, family: str, guidance: float
) -> None:
    """Whatever else is in the batch; and a crossing begins as the first prompt ends."""
    painter = painters(family)
    style = style_of(painter.model.name, prompt=f"0:00 neb | 0:08 {LONG}", guidance=guidance)
    mixtures = [(("neb", 1.0),), (("neb", 0.999), (LONG, 0.001)), ((LONG, 1.0),)]
    usual = style.resolve().stroke
    strokes = [replace(usual, prompts=mixture) for mixture in mixtures]
    frames = PICTURES[:1] * 3
    painter.batch = 3
    together = list(painter.paint(frames, style, strokes))
    painter.batch = 1
    alone = list(painter.paint(frames, style, strokes))
    assert all(gap(*pair) <= 1 for pair in zip(together, alone, strict=True))
    assert gap(together[0], together[1]) <= 1 and gap(together[0], together[2]) > 2
    # A story's prompt, which the style does not know.
    story = style_of(painter.model.name, guidance=guidance)
    for batch in (1, 3):
        painter.batch = batch
        told = list(painter.paint(frames, story, strokes))
        assert gap(told[2], together[2]) <= 1
        assert gap(told[0], paint(painter, guidance=guidance)[0]) <= 1


# Textual inversions.


def inversion(folder: Path, name: str = "neon", key: str = "emb_params", **vectors: Any) -> Path:
    """A file as AUTOMATIC1111's web UI (or, by another key, diffusers) writes it."""
    generator = torch.Generator().manual_seed(9)
    held = vectors or {key: torch.randn(1, 16, generator=generator)}
    save_file(held, folder / f"{name}.safetensors")
    return folder / f"{name}.safetensors"


def two(count: int = 2) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(9)
    sizes = (("clip_l", 16), ("clip_g", 24))
    return {name: torch.randn(count, size, generator=generator) for name, size in sizes}


@pytest.mark.parametrize("count", [1, 3])
def test_a_word_is_taught(zoo: Zoo, painters: Painters, tmp_path: Path, count: int) -> None:
    vectors = torch.randn(count, 16, generator=torch.Generator().manual_seed(2))
    file = inversion(tmp_path, emb_params=vectors)
    painter, bare = load(zoo("sd15"), embedding=str(file)), painters("sd15")
    assert gap(paint(painter, prompt="x Neon y"), paint(bare, prompt="x Neon y")) > 2
    assert gap(paint(painter, prompt="x neons y"), paint(bare, prompt="x neons y")) == 0
    # What diffusers itself makes of such a word.
    pipe = load(zoo("sd15"))._pipe
    pipe.load_textual_inversion(vectors, token="<word>")
    theirs = pipe.encode_prompt("x <word> y", "cpu", 1, False)[0]
    torch.testing.assert_close(said(painter, "x neon y")["prompt_embeds"], theirs)
    weighed = said(painter, "x (NEON:1.5) y")["prompt_embeds"]
    changed = (weighed != said(painter, "x neon y")["prompt_embeds"]).any(-1)[0]
    assert changed.nonzero().flatten().tolist() == list(range(2, 2 + count))
    assert chunks_of(painter._pipe, "a " * 74 + "neon") == (1 if count == 1 else 2), "it is whole"


def test_a_file_that_names_its_word_teaches_that_too(zoo: Zoo, tmp_path: Path) -> None:
    named = inversion(tmp_path, key="<cat-toy>")
    (tmp_path / "folder").mkdir()
    usual = inversion(tmp_path / "folder", "learned_embeds", "<dog>")
    painter = load(zoo("sd15"), embedding=f"{named} | {usual.parent}")
    assert painter._pipe.taught["tokenizer"].keys() == {"neon", "<cat-toy>", "<dog>"}
    one, other = (said(painter, text)["prompt_embeds"] for text in ("a neon", "a <cat-toy>"))
    assert torch.equal(one, other)


@pytest.mark.parametrize("old", [False, True])
def test_both_text_encoders_are_taught(
    zoo: Zoo, painters: Painters, tmp_path: Path, old: bool
) -> None:
    """Also of a model whose configuration has the number that published ones have for its end."""
    model = zoo("sdxl_turbo")
    if old:
        model = shutil.copytree(model, tmp_path / "old")
        for part in ("text_encoder", "text_encoder_2"):
            path = model / part / "config.json"
            facts = json.loads(path.read_text(encoding="utf-8"))
            path.write_text(json.dumps({**facts, "eos_token_id": 2}), encoding="utf-8")
    painter, bare = load(model, embedding=str(inversion(tmp_path, **two()))), painters("sdxl_turbo")
    for text in ("x neon y", "x y"):
        made, plain = said(painter, text), said(bare, text)
        for name in made:
            assert torch.allclose(made[name], plain[name]) == (text == "x y"), name
    # The prompt as a whole is what stands at its end, and not at the largest number.
    ids = torch.tensor([[190, 97, 192, 193, 98, *[191] * 72]])
    pipe = painter._pipe
    end = pipe.text_encoder_2.text_model(ids).last_hidden_state[:, 5]
    wanted = pipe.text_encoder_2.text_projection(end)
    torch.testing.assert_close(pipe.text_encoder_2(ids).text_embeds, wanted)
    assert gap(paint(painter, prompt="neon"), paint(bare, prompt="neon")) > 2


@pytest.mark.parametrize(
    ("family", "held", "says"),
    [
        ("sd15", {"emb_params": torch.zeros(2, 24)}, r"does not fit .*have 24 numbers, and not 16"),
        ("sd15", {"emb_params": torch.zeros(2, 3, 16)}, "no vectors for the text encoder"),
        ("sd15", {"emb_params": torch.tensor(1.0)}, "no vectors for the text encoder"),
        ("sd15", {"emb_params": torch.zeros(0, 16)}, "no vectors for the text encoder"),
        ("sd15", {"a": torch.zeros(16), "b": torch.zeros(16)}, "no vectors for the text encoder"),
        ("sdxl_turbo", {"emb_params": torch.zeros(16)}, "no vectors for both text encoders"),
        ("sdxl_turbo", {"clip_l": torch.zeros(16)}, "no vectors for both text encoders"),
        ("sdxl_turbo", {**two(), "clip_g": torch.zeros(16)}, "have 16 numbers, and not 24"),
        ("sd3", {"emb_params": torch.zeros(16)}, "takes no textual inversion"),
    ],
)
def test_a_file_that_does_not_fit_is_one_sentence(
    zoo: Zoo, tmp_path: Path, family: str, held: dict[str, torch.Tensor], says: str
) -> None:
    with pytest.raises(ModelError, match=says) as caught:
        load(zoo(family), embedding=str(inversion(tmp_path, **held)))
    assert "\n" not in str(caught.value)


def test_a_file_that_is_none_is_one_sentence(zoo: Zoo, tmp_path: Path) -> None:
    (tmp_path / "neon.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ModelError, match="no vectors for the text encoder"):
        load(zoo("sd15"), embedding=str(tmp_path / "neon.safetensors"))
    (tmp_path / "other").mkdir()
    again = inversion(tmp_path / "other")
    with pytest.raises(ModelError, match="teach the word 'neon'"):
        load(zoo("sd15"), embedding=f"{inversion(tmp_path)} | {again}")
    inversion(again.parent, "second")
    with pytest.raises(ModelError, match=r"no folder with one \.safetensors"):
        load(zoo("sd15"), embedding=str(again.parent))


def test_a_textual_inversion_is_refused_before_anything_is_loaded(zoo: Zoo, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no textual inversion 'missing"):
        style_of(zoo("sd15"), embedding="missing.safetensors").resolve()
    with pytest.raises(SettingsError, match="takes no textual inversion"):
        style_of("sketch", embedding="owner/name").resolve()
    with pytest.raises(SettingsError, match="convert it"):
        style_of("sd15", embedding="style.pt")
    recipe_style = style_of("sd15", embedding=str(inversion(tmp_path)))
    with pytest.raises(SettingsError, match="leave the textual inversion out"):
        Limits.of(public=True, environment={}).check(Recipe(style=recipe_style))


def test_a_word_is_taught_beside_loras(zoo: Zoo, tmp_path: Path) -> None:
    """Also to a text encoder that a LoRA changes, whether that LoRA changes or not."""
    file, lora, more = inversion(tmp_path), zoo("speaking_lora"), {"prompt": "a neon"}
    fused = load(zoo("sd15"), embedding=str(file), lora=str(lora))
    beside = load(zoo("sd15"), embedding=str(file), lora=f"{lora}:1 by low:1")
    taught = load(zoo("sd15"), embedding=str(file))
    assert gap(paint(fused, **more), paint(beside, **more)) <= 1
    assert gap(paint(fused, **more), paint(taught, **more)) > 2
    assert gap(paint(fused, **more), paint(fused)) > 2


def test_a_textual_inversion_is_part_of_what_is_loaded(zoo: Zoo, tmp_path: Path) -> None:
    file = inversion(tmp_path)
    painter = load(zoo("sd15"), embedding=str(file))
    (facts,) = painter.fingerprint[-1]
    assert facts[0] == str(file)
    assert style_of("sd15").made_of != style_of("sd15", embedding=str(file)).made_of


# LoRAs whose weight follows the music.


def weighed(painter: Painter, weights: list[float], *, batch: int = 1, **more: Any) -> np.ndarray:
    """The same picture with a LoRA of several weights."""
    style = style_of(painter.model.name, **more)
    usual = style.resolve().stroke
    strokes = [replace(usual, loras=(weight,)) for weight in weights]
    painter.batch = batch
    return np.stack(list(painter.paint(PICTURES[:1] * len(weights), style, strokes)))


@pytest.mark.parametrize("builder", ["lcm_lora", "speaking_lora"])
def test_a_lora_changes_from_frame_to_frame(zoo: Zoo, painters: Painters, builder: str) -> None:
    lora = zoo(builder)
    changing = load(zoo("sd15"), lora=f"{lora}:0.5 by onsets:0.5")
    assert changing.abreast == 1
    fused = [load(zoo("sd15"), lora=f"{lora}:{weight}") for weight in (1.0, 0.5)]
    bare, more = paint(painters("sd15"), guidance=7.0)[0], {"guidance": 7.0}
    whole, half = (paint(painter, **more)[0] for painter in fused)
    assert gap(bare, whole) > 8 and gap(half, whole) > 2 and gap(half, bare) > 2
    for batch in (1, 4):
        made = weighed(changing, [0.0, 1.0, 0.0, 0.0, 0.5, 1.0], batch=batch, **more)
        assert all(gap(made[place], bare) <= 1 for place in (0, 2, 3))
        assert gap(made[1], whole) <= 1 and gap(made[5], whole) <= 1 and gap(made[4], half) <= 1
    assert gap(paint(changing, **more)[0], half) <= 1, "its own weight, without a song"


def test_steady_and_changing_loras_go_together(zoo: Zoo, tmp_path: Path) -> None:
    first, second = zoo("lcm_lora"), tiny_models.lcm_lora(tmp_path / "other", seed=42)
    fused = load(zoo("sd15"), lora=f"{first}:0.5 | {second}:0.25")
    mixed = load(zoo("sd15"), lora=f"{first}:0.5 | {second}:0 by low:1")
    assert gap(weighed(mixed, [0.25])[0], paint(fused)[0]) <= 1
    assert gap(weighed(mixed, [0.0])[0], paint(load(zoo("sd15"), lora=f"{first}:0.5"))[0]) <= 1


def test_strokes_without_weights_paint_as_the_style_says(zoo: Zoo, painters: Painters) -> None:
    """And those with weights paint with a model that has no LoRA."""
    changing = load(zoo("sd15"), lora=f"{zoo('lcm_lora')}:1 by onsets:0.5")
    plain: Stroke = style_of(zoo("sd15")).resolve().stroke
    (made,) = changing.paint(PICTURES[:1], style_of(zoo("sd15")), [plain])
    assert gap(made, paint(load(zoo("sd15"), lora=str(zoo("lcm_lora"))))[0]) <= 1
    bare = painters("sd15")
    assert gap(weighed(bare, [0.5])[0], paint(bare)[0]) == 0


def test_a_song_is_painted_with_a_lora_that_follows_it(
    zoo: Zoo, write_song: WriteSong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every painting with the weight of its moment; and what is stored is found again by it."""
    song = Song.open(write_song(clicks([0.25, 0.75], 1.0)))
    painted: list[tuple[float, ...]] = []
    real = Painter.paint_each

    def watched(self: Painter, jobs: Any, style: Style) -> Any:
        jobs = list(jobs)
        painted.extend(stroke.loras for _, stroke in jobs)
        return real(self, iter(jobs), style)

    monkeypatch.setattr(Painter, "paint_each", watched)

    def job_of(lora: str, **more: Any) -> Job:
        style = style_of(zoo("sd15"), lora=lora, steps=1, **more)
        recipe = Recipe(style=style, size=(64, 64), stride=8, interpolator="blend")
        return resolve(recipe, song)

    store = Store(tmp_path / "cache")
    job = job_of(f"{zoo('lcm_lora')}:0 by onsets:1:0.02")
    assert job.automation
    render(job, output=tmp_path / "a.mp4", device="cpu", store=store)
    assert len(painted) == job.clock.painted and len(set(painted)) > 1
    painted.clear()
    store.keep_video = lambda *_: None  # type: ignore[method-assign]
    store.video = lambda _: None  # type: ignore[method-assign]
    render(job, output=tmp_path / "b.mp4", device="cpu", store=store)
    assert painted == [], "all paintings are known"
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_addresses_tell_textual_inversions_and_curves_apart(
    zoo: Zoo, write_song: WriteSong, tmp_path: Path
) -> None:
    song, file = Song.open(write_song(clicks([0.25, 0.75], 1.0))), inversion(tmp_path)

    def address(**settings: Any) -> str:
        job = resolve(Recipe(style=style_of(zoo("sd15"), **settings), size=(64, 64)), song)
        return Addresses.of(job, None, "cpu", None).paintings

    lora = str(zoo("lcm_lora"))
    found = [address(), address(embedding=str(file)), address(lora=lora)]
    found += [address(lora=f"{lora}:1 by onsets:0.5"), address(lora=f"{lora}:1 by onsets:0.6")]
    inversion(tmp_path, emb_params=torch.ones(4, 16))
    found.append(address(embedding=str(file)))
    assert len(set(found)) == len(found)
