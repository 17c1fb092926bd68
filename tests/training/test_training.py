"""The pool of pictures and the training of sketch, on a small bank."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT, psnr

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file  # noqa: E402

from musvid import Painter, Style  # noqa: E402
from musvid.paint.sketch import Sketch  # noqa: E402
from musvid.paint.texture import (  # noqa: E402
    BLURS,
    CHANNELS,
    CROWDS,
    FEATURES,
    NUMBERS,
    blocks,
    features,
    spread,
)
from musvid.training import (  # noqa: E402
    art,
    autoencoder,
    denoiser,
    loop,
    muon,
    pool,
    sketch,
    spectra,
)
from musvid.training.canvas import Canvas  # noqa: E402
from musvid.training.lexicon import COLOURS, MODIFIERS, STYLES  # noqa: E402

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def bank_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bank") / "bank.npz"
    np.savez_compressed(path, spectra=spectra.bank(12, frames=4, side=128))
    return path


@pytest.fixture(scope="module")
def bank(bank_file: Path) -> pool.Bank:
    return pool.Bank.load(bank_file)


# Pools.


def test_a_pool_holds_art_its_spectra_and_captions(bank: pool.Bank) -> None:
    batch = pool.Pool(bank, size=64).batch(48)
    assert batch.art.shape == batch.spectrum.shape == (48, 3, 128, 80), "a half and its margin"
    assert batch.art.dtype == batch.spectrum.dtype == torch.uint8
    assert batch.noise.shape == (48, CHANNELS, 16, 10)
    assert batch.strength.shape == (48,)
    assert len(batch.captions) == 48
    tables = (STYLES, COLOURS, MODIFIERS)
    words = [word for table in tables for name in table for word in (name, *table[name])]
    assert all(not text or any(word in text for word in words) for text in batch.captions)
    # Art is brighter than the spectrum it was grown from, and bright where it is bright.
    assert batch.art.float().mean() > batch.spectrum.float().mean()
    rows = [part.float().mean((1, 3)).flatten() for part in (batch.art, batch.spectrum)]
    assert torch.corrcoef(torch.stack(rows))[0, 1] > 0.4


def test_a_picture_is_what_its_noise_stands_for(bank: pool.Bank) -> None:
    """Another noise is another picture, and so are the labels exchanged in a batch."""
    batch = pool.draw_batch(bank, Random(0), torch.Generator().manual_seed(0), 8)
    again = pool.draw_batch(bank, Random(0), torch.Generator().manual_seed(0), 8)
    other = pool.draw_batch(bank, Random(0), torch.Generator().manual_seed(1), 8)
    assert torch.equal(batch.noise, again.noise)
    assert torch.equal(batch.art, again.art)
    assert torch.equal(batch.spectrum, other.spectrum)
    assert batch.captions == other.captions
    assert not torch.equal(batch.art, other.art)


def test_small_strengths_leave_more_of_the_spectrum(bank: pool.Bank) -> None:
    batch = pool.Pool(bank, size=256).batch(256)
    change = (batch.art.float() - batch.spectrum.float()).abs().mean((1, 2, 3))
    small = batch.strength < 0.4
    full = batch.strength >= art.FULL
    assert full.float().mean() > 0.4
    assert small.sum() > 10
    assert change[small].mean() < 0.7 * change[full].mean()


def test_a_pool_is_renewed_as_often_as_it_says(bank: pool.Bank) -> None:
    def changed(interval: int, batches: int) -> int:
        made = pool.Pool(bank, size=32, interval=interval)
        before = made._all.art.clone()
        for _ in range(batches):
            made.batch(1)
        return int((made._all.art != before).flatten(1).any(1).sum())

    assert [changed(1, 1), changed(1, 3), changed(4, 3), changed(4, 4)] == [8, 24, 0, 8]


def test_a_seed_is_a_pool(bank: pool.Bank) -> None:
    one, again, other = (pool.Pool(bank, size=16, seed=seed).batch(4) for seed in (1, 1, 2))
    assert torch.equal(one.art, again.art)
    assert one.captions == again.captions
    assert not torch.equal(one.art, other.art)


def test_a_large_spectrum_is_seen_through_windows() -> None:
    half = torch.arange(512, dtype=torch.float).view(1, 1, 512, 1).expand(1, 1, 512, 256)
    small = torch.zeros(1, 1, 256, 128, dtype=torch.uint8)
    bank = pool.Bank([small, (half / 2).to(torch.uint8)])
    assert not bank.pick(Random(0)).any(), "a small one is seen whole"
    windows = [bank.pick(Random(seed), 1.6) for seed in range(20)]
    assert {tuple(window.shape) for window in windows} == {(pool.HEIGHT, 128 + pool.MARGIN)}
    assert len({int(window[0, 0]) for window in windows}) > 10


def test_songs_that_are_held_out_are_never_seen(bank_file: Path) -> None:
    seen, unseen = pool.Bank.load(bank_file).split(2)
    assert [len(part) for part in (*seen._parts, *unseen._parts)] == [10, 2]


# The loop.


def _run(
    folder: Path, minutes: float, *, resume: bool = False, until: float = math.inf
) -> loop.Run:
    torch.manual_seed(1 if resume else 0)
    plan = loop.Plan(minutes, 1e-2, warm_up=1, every=0.0)
    return loop.Run(torch.nn.Linear(3, 2), folder, plan, resume=resume, until=until)


def _learn(run: loop.Run, steps: int) -> list[float]:
    values = []
    for step in run.steps(lambda: {"figure": 1.0}):
        values.append(run.learn(lambda: (run.network(torch.ones(4, 3)) - 1).square().mean()).item())
        if step + 1 >= steps:
            break
    return values


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    first = _run(tmp_path, 60)
    before = _learn(first, 30)
    second = _run(tmp_path, 60, resume=True)
    assert second.step >= 29
    for name, weight in first.network.state_dict().items():
        torch.testing.assert_close(second.network.state_dict()[name], weight, atol=0.02, rtol=0)
    after = _learn(second, 60)
    assert after[0] < before[0] / 2
    assert after[-1] < after[0]
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == sorted(line["step"] for line in lines)
    assert all(line["figure"] == 1.0 for line in lines)


def test_without_resume_a_run_begins_anew(tmp_path: Path) -> None:
    _learn(_run(tmp_path, 60), 10)
    assert _run(tmp_path, 60).step == 0


def test_a_run_ends_with_its_minutes_or_with_the_call(tmp_path: Path) -> None:
    finished = _run(tmp_path / "a", 0.005)
    _learn(finished, 10**9)
    assert finished.finished
    assert _run(tmp_path / "a", 0.005, resume=True).finished
    stopped = _run(tmp_path / "b", 60, until=time.monotonic() + 0.3)
    _learn(stopped, 10**9)
    assert stopped.step > 1
    assert not stopped.finished


def test_a_checkpoint_is_in_small_files_and_never_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_PART", 20)
    run = _run(tmp_path, 60)
    _learn(run, 3)
    parts = list((tmp_path / "checkpoint").glob("part-*.pt"))
    assert len(parts) > 2
    # As if the process had died between removing the old one and renaming the new one.
    (tmp_path / "checkpoint").rename(tmp_path / "checkpoint.new")
    assert _run(tmp_path, 60, resume=True).step == run.step - 1
    # As if it had died while writing the new one.
    (tmp_path / "checkpoint.new" / "last.pt").unlink()
    assert _run(tmp_path, 60, resume=True).step == 0


@pytest.mark.parametrize("shape", [(8, 6), (6, 8), (6, 2, 3, 3), (40, 2, 3, 3)])
def test_orthogonal_steps_have_singular_values_of_about_one(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    made = muon.orthogonalised(torch.randn(shape)).flatten(1)
    values = torch.linalg.svdvals(made)
    assert values.min() > 0.5
    assert values.max() < 1.4


def test_muon_goes_downhill() -> None:
    torch.manual_seed(0)
    layer, wanted = torch.nn.Linear(5, 4, bias=False), torch.randn(4, 5)
    optimiser = muon.Muon(layer.parameters(), 0.05)
    values = []
    for _ in range(60):
        optimiser.zero_grad()
        value = (layer.weight - wanted).square().mean()
        value.backward()
        optimiser.step()
        values.append(value.item())
    assert values[-1] < 0.05 * values[0]


def test_losses_abreast_are_one_batch() -> None:
    """Two halves in two threads take the same step as the whole."""
    inputs = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))

    def run(parts: int, folder: Path) -> torch.Tensor:
        made = _run(folder, 60)

        def value(part: torch.Tensor) -> torch.Tensor:
            return (made.network(part) - 1).square().mean()

        next(made.steps(dict))
        made.learn(*(partial(value, part) for part in inputs.chunk(parts)))
        return made.network.weight.detach().clone()

    with tempfile.TemporaryDirectory() as folder:
        torch.testing.assert_close(run(1, Path(folder) / "a"), run(2, Path(folder) / "b"))


def test_a_step_goes_down_the_slope_whatever_its_order_in_memory(tmp_path: Path) -> None:
    """A slope that came back through a transposition lies in memory by columns."""
    made = _run(tmp_path, 60)
    weight = made.network.weight
    before = weight.detach().clone()
    slope = torch.tensor([[1.0, 1.0, -1.0], [-1.0, 1.0, 1.0]])
    next(made.steps(dict))
    made.learn(lambda: (weight.t() * slope.t().contiguous()).sum())
    assert torch.equal((weight.detach() - before).sign(), -slope)


# The autoencoder.


@pytest.mark.parametrize("latent_channels", [4, 8])
def test_an_autoencoder_learns(bank: pool.Bank, latent_channels: int) -> None:
    torch.manual_seed(0)
    random, network = Random(0), autoencoder.build(latent_channels, (8, 8, 8, 16))
    pictures = pool.Pool(bank, size=32, interval=1000)
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3)
    values = []
    for step in range(60):
        optimiser.zero_grad()
        value = autoencoder.loss(network, autoencoder.crops(pictures.batch(8), random), step)
        value.backward()
        optimiser.step()
        values.append(value.item())
    assert np.mean(values[-10:]) < 0.6 * np.mean(values[:10])


def test_the_autoencoder_leaves_room_for_the_texture(bank: pool.Bank) -> None:
    torch.manual_seed(0)
    plain = autoencoder.build(4, (8, 8, 8, 16)).eval()
    wider = denoiser.with_texture(plain)
    batch = pool.Pool(bank, size=8).batch(8)
    pixels = batch.art.float() / 127.5 - 1
    with torch.no_grad():
        latents, more = plain.encode(pixels).latents, wider.encode(pixels).latents
        assert more.shape[1] == 4 + denoiser.TEXTURE
        torch.testing.assert_close(more[:, :4], latents)
        assert not more[:, 4:].any(), "it writes nothing there"
        more[:, 4:] = torch.randn_like(more[:, 4:])
        decoded = wider.decode(more).sample
        torch.testing.assert_close(decoded, plain.decode(latents).sample, atol=1e-5, rtol=1e-5)


# The denoiser.


def some_latents(bank: pool.Bank) -> tuple[torch.nn.Module, denoiser.Latents]:
    torch.manual_seed(0)
    vae = autoencoder.build(4, (8, 8, 8, 16)).eval()
    return vae, denoiser.encode(vae, pool.Pool(bank, size=8).batch(8))


def test_the_bridge_leads_from_the_spectrum_to_the_picture(bank: pool.Bank) -> None:
    _, latents = some_latents(bank)
    alphas = denoiser.build_scheduler().alphas_cumprod
    noise = torch.randn_like(latents.picture)
    signal, spread = (
        value[denoiser.timesteps(latents, torch.ones(8))][:, None, None, None]
        for value in (alphas.sqrt(), (1 - alphas).sqrt())
    )
    seen = denoiser.noised(latents, torch.ones(8), noise, alphas)
    spectrum = signal * latents.spectrum + spread * noise
    torch.testing.assert_close(seen, torch.cat([spectrum, spread * latents.texture], 1))
    end = denoiser.noised(latents, torch.zeros(8), noise, alphas)[:, :4]
    torch.testing.assert_close(end, latents.picture, atol=0.3, rtol=0.1)


def test_a_stock_sampler_walks_the_bridge(bank: pool.Bank) -> None:
    """With a network that knows the answer, diffusers' own steps meet what training shows."""
    _, latents = some_latents(bank)
    latents = denoiser.Latents(*(part[:1] for part in latents))._replace(start=torch.tensor([0.8]))
    scheduler = denoiser.build_scheduler()
    alphas = scheduler.alphas_cumprod
    noise = torch.randn_like(latents.picture)
    scheduler.set_timesteps(timesteps=[799, 399, 199])
    answer = torch.cat([latents.picture, torch.zeros_like(latents.texture)], 1)
    start = torch.cat([latents.spectrum, torch.zeros_like(latents.texture)], 1)
    whole = torch.cat([noise, latents.texture], 1)
    state = scheduler.add_noise(start, whole, torch.tensor([799]))
    for time_, part in zip(scheduler.timesteps, (1.0, 0.5, 0.25), strict=True):
        seen = scheduler.scale_model_input(state, time_)
        wanted = denoiser.noised(latents, torch.tensor([part]), noise, alphas)
        torch.testing.assert_close(seen, wanted, atol=2e-3, rtol=1e-3)
        state = scheduler.step(answer, time_, state).prev_sample
    torch.testing.assert_close(state, answer, atol=1e-4, rtol=1e-4)


def test_on_the_way_its_own_answer_stands_for_the_picture(bank: pool.Bank) -> None:
    vae, latents = some_latents(bank)
    alphas = denoiser.build_scheduler().alphas_cumprod
    answer = torch.full_like(torch.cat([latents.picture, latents.texture], 1), 0.25)
    calls = []

    def unet(seen: torch.Tensor, times: torch.Tensor, _words: torch.Tensor) -> SimpleNamespace:
        calls.append((seen, times))
        return SimpleNamespace(sample=answer[: len(seen)])

    denoiser.Loss(vae, latents)(
        unet, lambda _tokens: (torch.zeros(8, 16, 4),), latents.ingredients.float, latents
    )
    (first, starts), (seen, times) = calls
    assert torch.equal(starts, denoiser.timesteps(latents, torch.ones(8))[:2])
    assert torch.equal(times[2:], denoiser.timesteps(latents, torch.ones(8))[2:])
    assert (times[:2] < starts).all()
    part = denoiser.Latents(*(each[:2] for each in latents))
    spread, signal = ((value[starts])[:, None, None, None] for value in (1 - alphas, alphas))
    noise = (first[:, :4] - signal.sqrt() * part.spectrum) / spread.sqrt()
    own = part._replace(picture=answer[:2, :4])
    way = (times[:2] + 1) / (1000 * part.start)
    wanted = denoiser.noised(own, way, noise, alphas)
    torch.testing.assert_close(seen[:2], wanted, atol=1e-3, rtol=1e-3)


def test_the_texture_is_the_noise_that_the_picture_was_drawn_from(bank: pool.Bank) -> None:
    torch.manual_seed(0)
    batch = pool.Pool(bank, size=8).batch(8)
    latents = denoiser.encode(autoencoder.build(4, (8, 8, 8, 16)), batch)
    assert latents.texture.shape == (8, denoiser.TEXTURE, 16, 10)
    assert torch.equal(latents.texture, batch.noise)


def test_a_denoiser_learns_what_its_noise_stands_for(bank: pool.Bank) -> None:
    """One picture learned by heart: its own noise paints it, another does not."""
    vae, latents = some_latents(bank)
    latents = denoiser.Latents(*(part[:1] for part in latents))
    unet, text = denoiser.build((16, 16, 32), 4 + denoiser.TEXTURE)
    hint, loss = denoiser.Hint(16), denoiser.Loss(vae, latents)
    hint.attach(unet)
    networks = torch.nn.ModuleList([unet, text, hint])
    optimiser = torch.optim.AdamW(networks.parameters(), 3e-3)

    @torch.no_grad()
    def mean(seen: denoiser.Latents) -> float:
        torch.manual_seed(1)  # the same times and noise whenever it is asked
        return float(np.mean([loss(unet, text, hint, seen).item() for _ in range(24)]))

    before = mean(latents)
    for _ in range(120):
        optimiser.zero_grad()
        loss(unet, text, hint, latents).backward()
        optimiser.step()
    other = latents._replace(texture=latents.texture.flip(3))
    after = mean(latents)
    assert after < 0.5 * before
    assert after < 0.99 * mean(other)


def test_words_are_single_tokens_and_unknown_ones_are_dropped() -> None:
    tokenizer = denoiser.build_tokenizer()
    start, end = "<|startoftext|>", "<|endoftext|>"

    def words(prompt: str) -> list[str]:
        return tokenizer.convert_ids_to_tokens(tokenizer(prompt, truncation=True).input_ids)

    assert words("Teal & GOLD nebula, zeppelin") == [start, "teal", "gold", "nebula", end]
    assert words("") == words("zeppelin") == words("nebulae goldfish steal") == [start, end]
    # However much is said, what is known is heard.
    assert words("an utterly breathtaking view " * 60 + "teal") == [start, "teal", end]
    assert len(words("teal " * 200)) == denoiser.WORDS


# The whole training.


@pytest.fixture(scope="module")
def trial(bank_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real command in a real process, stopped in the middle, and resumed in this one."""
    folder = tmp_path_factory.mktemp("trial")
    options = [str(folder), "--recipe", "trial", "--bank", str(bank_file), "--resume"]
    command = [sys.executable, "-m", "musvid.training.sketch", *options, "--limit", "0.01"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["sketch", *options])
        sketch.main()
    return folder


@pytest.mark.thorough
def test_training_is_measured_and_resumed(trial: Path) -> None:
    for part, figures in (("autoencoder", {"mean", *art.STYLES}), ("denoiser", {"painted"})):
        text = (trial / part / "log.jsonl").read_text()
        lines = [json.loads(line) for line in text.splitlines()]
        assert figures <= lines[-1].keys()
        assert lines[-1]["step"] > 0
    stopped = json.loads((trial / "autoencoder" / "log.jsonl").read_text().splitlines()[0])
    assert stopped["seconds"] < 2
    assert (trial / "sheet.jpg").stat().st_size > 10_000
    for path in trial.rglob("*.pt"):
        assert path.stat().st_size < 16e6


@pytest.mark.thorough
def test_training_begins_with_the_weights_of_a_pipeline(trial: Path, tmp_path: Path) -> None:
    vae = autoencoder.build(4, (8, 8, 8, 16)).eval()
    back = denoiser.without_texture(denoiser.with_texture(vae)).state_dict()
    assert all(torch.equal(back[name], tensor) for name, tensor in vae.state_dict().items())
    networks = denoiser.build((16, 16, 32), 4 + denoiser.TEXTURE)
    denoiser.take(networks, trial / "pipeline")
    denoiser.export(torch.nn.ModuleList(networks), vae, tmp_path)
    for part in ("unet/diffusion_pytorch_model", "text_encoder/model"):
        files = [folder / f"{part}.safetensors" for folder in (trial / "pipeline", tmp_path)]
        ours, theirs = (load_file(file) for file in files)
        assert all(torch.equal(ours[name], theirs[name]) for name in ours | theirs)


@pytest.mark.thorough
def test_the_command_begins_with_a_pipeline(
    trial: Path, bank_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And when it is resumed, the autoencoder is still that of the pipeline."""
    command = ["sketch", tmp_path, "--recipe", "trial"]
    command += ["--bank", bank_file, "--begin", trial / "pipeline", "--resume", "--limit", "0.01"]
    monkeypatch.setattr(sys, "argv", [str(part) for part in command])
    for _ in range(2):
        sketch.main()
    assert not (tmp_path / "autoencoder" / "log.jsonl").exists(), "it was not trained"
    ours, theirs = (
        load_file(folder / "pipeline" / "vae" / "diffusion_pytorch_model.safetensors")
        for folder in (tmp_path, trial)
    )
    assert all(torch.equal(ours[name], theirs[name]) for name in ours | theirs)


@pytest.mark.thorough
def test_what_training_writes_is_a_model_like_any_other(trial: Path) -> None:
    style = Style(model=str(trial / "pipeline"), prompt="teal nebula", symmetry="half")
    frame = np.zeros((64, 64, 3), np.uint8)
    frame[30:34] = 200
    (painting,) = Painter(style).paint([frame], style)
    assert painting.shape == frame.shape
    assert psnr(painting, frame) < 60
    sizes = [path.stat().st_size for path in (trial / "pipeline").rglob("*") if path.is_file()]
    assert max(sizes) < 10e6
    for config in (trial / "pipeline").rglob("*.json"):
        assert str(trial) not in config.read_text(encoding="utf-8"), "a path of this machine"


def test_what_training_writes_paints_alike_without_diffusers(trial: Path, tmp_path: Path) -> None:
    """Features of the noise matter as much as anything else here, so that a wrong one is seen."""
    folder = Path(shutil.copytree(trial / "pipeline", tmp_path / "pipeline"))
    (path,) = (folder / "unet").glob("*.safetensors")
    weights = load_file(path)
    torch.manual_seed(0)
    weights["conv_in.weight"] = 0.05 * torch.randn_like(weights["conv_in.weight"])
    save_file(weights, path, metadata={"format": "pt"})
    style = Style(model=str(folder), prompt="teal nebula", symmetry="none", strength=0.8)
    style = replace(style, steps=1, guidance=1.0).resolve()
    painter = Painter(style, device="cpu", precision="float32")
    frame = np.random.default_rng(0).integers(0, 255, (128, 96, 3), np.uint8)
    (theirs,) = painter.paint([frame], style)
    painter._pipe = Sketch(folder, "cpu", torch.float32)
    (ours,) = painter.paint([frame], style)
    assert np.abs(ours.astype(int) - theirs).max() <= 1, "rounding"
    painter._pipe.unet.features = lambda noise: features(torch.zeros_like(noise[:, :CHANNELS]))
    (other,) = painter.paint([frame], style)
    assert np.abs(other.astype(int) - theirs).max() > 1


# What the noise is made into.


def test_cells_of_the_noise_are_those_that_are_drawn() -> None:
    """At the four pixels around a cell's middle, the drawn offsets are the mean of what is told."""
    noise = torch.randn(2, CHANNELS, 33, 18, generator=torch.Generator().manual_seed(1))
    told = features(noise)
    assert told.shape == (2, FEATURES, 33, 18)
    assert told.abs().max() < 12
    canvas = Canvas(noise, frozenset())
    first = CHANNELS * len(BLURS)
    for spacing in (16.0, 36.0, 57.6):
        cells = canvas.cells(spacing)
        here, there = ((slice(None), 0, slice(at, None, 8), slice(at, None, 8)) for at in (3, 4))
        one = cells.which[here] == cells.which[there]  # no border runs through the middle
        assert one.float().mean() > 0.7
        down = (cells.dy[here] + cells.dy[there]) / 2
        expected = (down / (0.375 * cells.side)).clamp(-4, 4)
        assert (told[:, first] - expected)[one].abs().max() < 1e-3
        first += 5 + len(NUMBERS)


def test_panes_of_the_noise_are_those_that_are_drawn() -> None:
    """In the middle of a cell: the pane, how far its border is, and the pane behind the border."""
    noise = torch.randn(2, CHANNELS, 48, 34, generator=torch.Generator().manual_seed(4))
    told = features(noise)
    first = CHANNELS * len(BLURS) + (5 + len(NUMBERS)) * len(CROWDS)
    for word in ("dense", "", "sparse"):
        canvas = Canvas(noise, frozenset([word]))
        drawn = canvas.panes(1.35 * canvas.scale)
        border, down, across, own, behind = told[:, first : first + 5].unbind(1)
        first += 8
        middle = (slice(None), 0, slice(3, None, 8), slice(3, None, 8))
        which = drawn.which[middle]
        same = torch.round(2.5 * (own + 1)) == which
        assert same.float().mean() > 0.95, "all but those that a border runs through"
        near = same & (drawn.border[middle] < 8) & (drawn.border[middle] > 1)
        assert (12 * border - drawn.border[middle])[near].abs().median() < 0.7, "pixels"
        # A little farther that way than the border is, another pane begins: mostly that one, for
        # some are thinner than a cell.
        rows, columns = (torch.arange(n).float() for n in which.shape[1:])
        far = 1.5 * border + 0.7
        there = torch.stack([rows[:, None] + far * down, columns + far * across]).round().long()
        there = [at.clamp(0, n - 1) for at, n in zip(there, which.shape[1:], strict=True)]
        over = torch.stack([own[n][there[0][n], there[1][n]] for n in range(len(own))])
        near &= drawn.border[middle] < 4
        assert (over == behind)[near].float().mean() > 0.7
        assert (over == own)[near].float().mean() < 0.1
    assert first == FEATURES - 5


def test_links_of_the_noise_are_the_wires_of_circuitry() -> None:
    noise = torch.randn(1, CHANNELS, 33, 34, generator=torch.Generator().manual_seed(5))
    across, down, own, lower, later = features(noise)[:, -5:].unbind(1)
    joints = blocks(noise)
    assert torch.equal(own[:, ::2, ::2], joints[:, 2])
    assert torch.equal(own[:, ::2, 1::2], joints[:, 2])
    right, below = spread(joints[:, :1], 0.7, 3)[:, 0], spread(joints[:, 1:2], 0.7, 2)[:, 0]
    assert torch.equal(across[:, ::2, 1::2], right)
    assert torch.equal(across[:, ::2, 2::2], right[:, :, :-1])
    assert torch.equal(down[:, 1::2, ::2], below[:, :16])
    assert torch.equal(down[:, 2::2, ::2], below[:, :16])
    assert lower[0, :, 0].tolist() == [-1, 1] * 16 + [-1]
    assert later[0, 0].tolist() == [-1, 1] * 17


@pytest.mark.parametrize("cells", [2, 4])
def test_features_move_with_the_noise_by_whole_blocks(cells: int) -> None:
    noise = torch.randn(1, CHANNELS, 64, 48, generator=torch.Generator().manual_seed(2))
    there, moved = features(noise[..., :40]), features(noise[..., cells : 40 + cells])
    inside = slice(14, -14)
    cellular = there[:, CHANNELS * len(BLURS) :]
    moved = moved[:, CHANNELS * len(BLURS) :]
    assert torch.equal(
        cellular[..., inside, 14 + cells : -14], moved[..., inside, 14 : -14 - cells]
    )
