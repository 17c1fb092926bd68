"""The pool of pictures and the autoencoder's training, on a small bank."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest
from conftest import ROOT

torch = pytest.importorskip("torch")

from musvid import Painter, Style  # noqa: E402
from musvid.training import art, autoencoder, denoiser, pool, spectra  # noqa: E402
from musvid.training.brief import COLOUR_WORDS, MODIFIERS, STYLE_WORDS  # noqa: E402


@pytest.fixture(scope="module")
def bank_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bank") / "bank.npz"
    np.savez_compressed(path, spectra=spectra.bank(12, frames=4, side=128))
    return path


def test_a_pool_holds_art_its_spectra_and_captions(bank_file: Path) -> None:
    bank = pool.load_bank(bank_file)
    batch = pool.Pool(bank, size=64).batch(48)
    assert batch.art.shape == batch.spectrum.shape == (48, 3, 128, 64)
    assert batch.art.dtype == batch.spectrum.dtype == torch.uint8
    assert len(batch.captions) == 48
    words = [
        word for table in (STYLE_WORDS, COLOUR_WORDS) for group in table.values() for word in group
    ]
    assert all(any(word in caption for word in words) for caption in batch.captions)
    # Art is brighter than the spectrum it was grown from, and bright where it is bright.
    assert batch.art.float().mean() > batch.spectrum.float().mean()
    rows = [part.float().mean((1, 3)).flatten() for part in (batch.art, batch.spectrum)]
    assert torch.corrcoef(torch.stack(rows))[0, 1] > 0.4


def test_a_pool_is_renewed_as_often_as_it_says(bank_file: Path) -> None:
    bank = pool.load_bank(bank_file)

    def changed(interval: int, batches: int) -> int:
        made = pool.Pool(bank, size=32, interval=interval)
        before = made._all.art.clone()
        for _ in range(batches):
            made.batch(1)
        return int((made._all.art != before).flatten(1).any(1).sum())

    assert [changed(1, 1), changed(1, 3), changed(4, 3), changed(4, 4)] == [8, 24, 0, 8]


def test_a_seed_is_a_pool(bank_file: Path) -> None:
    bank = pool.load_bank(bank_file)
    one, again, other = (pool.Pool(bank, size=16, seed=seed).batch(4) for seed in (1, 1, 2))
    assert torch.equal(one.art, again.art)
    assert one.captions == again.captions
    assert not torch.equal(one.art, other.art)


def test_modifiers_reach_the_captions(bank_file: Path) -> None:
    batch = pool.Pool(pool.load_bank(bank_file), size=160).batch(160)
    assert {word for caption in batch.captions for word in caption.split()} & set(MODIFIERS)


@pytest.mark.parametrize("latent_channels", [4, 8])
def test_an_autoencoder_learns(bank_file: Path, latent_channels: int) -> None:
    torch.manual_seed(0)
    random, network = Random(0), autoencoder.build(8, latent_channels)
    pictures = pool.Pool(pool.load_bank(bank_file), size=32, interval=1000)
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3)
    values = []
    for step in range(60):
        optimiser.zero_grad()
        value = autoencoder.loss(network, autoencoder.crops(pictures.batch(8), random), step)
        value.backward()
        optimiser.step()
        values.append(value.item())
    assert np.mean(values[-10:]) < 0.6 * np.mean(values[:10])


def test_training_is_measured_saved_and_resumed(bank_file: Path, tmp_path: Path) -> None:
    """The real command in a real process, twice: the second goes on where the first stopped."""
    common = ["--bank", bank_file, "--run", tmp_path, "--channels", "8", "--pool", "16"]

    def run(*more: str) -> dict[str, float]:
        command = [sys.executable, "-m", "musvid.training.autoencoder", *map(str, common), *more]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
        return json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])

    first = run("--minutes", "0.1")
    assert set(art.STYLES) <= first.keys()
    second = run("--minutes", "0.2", "--resume")
    assert second["step"] > first["step"]
    assert second["mean"] > 5
    assert (tmp_path / "vae" / "diffusion_pytorch_model.safetensors").is_file()


def test_the_bridge_leads_from_the_spectrum_to_the_picture() -> None:
    torch.manual_seed(0)
    alphas = denoiser.build_scheduler().alphas_cumprod
    picture, spectrum, noise = torch.randn(3, 5, 4, 8, 8).unbind(0)
    latents = denoiser.Latents(picture, spectrum, torch.zeros(5, 1, dtype=torch.long))
    starts = torch.tensor([400, 500, 700, 900, 999])

    def at(times: torch.Tensor, starts: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return denoiser.noised(latents, times, starts, noise, alphas)

    signal = alphas[starts].sqrt()[:, None, None, None]
    spread = (1 - alphas[starts]).sqrt()[:, None, None, None]
    seen, velocity = at(starts, starts)
    torch.testing.assert_close(seen, signal * spectrum + spread * noise)
    # A sampler that answers the velocity arrives at the picture, from wherever it is.
    torch.testing.assert_close(signal * seen - spread * velocity, picture, atol=1e-4, rtol=1e-4)
    begun, _ = at(torch.zeros(5, dtype=torch.long), starts)
    torch.testing.assert_close(begun, picture, atol=0.3, rtol=0)
    ordinary, _ = at(starts, torch.full((5,), -1))
    torch.testing.assert_close(ordinary, signal * picture + spread * noise)


def test_words_are_single_tokens_and_unknown_ones_are_known_to_be() -> None:
    tokenizer = denoiser.build_tokenizer()
    ids = tokenizer("Teal & GOLD nebula, zeppelin").input_ids
    words = tokenizer.convert_ids_to_tokens(ids)
    start, end, unknown = "<|startoftext|>", "<|endoftext|>", "<|unk|>"
    assert words == [start, "teal", "gold", "nebula", unknown, end]


def test_what_the_denoiser_writes_is_a_model_like_any_other(
    bank_file: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    vae = autoencoder.build(8, 4)
    vae.save_pretrained(tmp_path / "vae")
    common = ["--bank", bank_file, "--vae", tmp_path / "vae", "--run", tmp_path / "run"]
    command = [sys.executable, "-m", "musvid.training.denoiser", *map(str, common)]
    options = ["--minutes", "0.05", "--pool", "16", "--batch", "4", "--widths", "16,32,32"]
    for more in ([], ["--resume", "--minutes", "0.1"]):
        subprocess.run(
            [*command, *options, *more], cwd=ROOT, check=True, capture_output=True, timeout=120
        )
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert log[0]["step"] < log[-1]["step"]
    style = Style(model=str(tmp_path / "run" / "pipeline"), prompt="teal nebula", symmetry="half")
    painter = Painter(style)
    frame = np.zeros((64, 64, 3), np.uint8)
    painted = next(iter(painter.paint([frame], style)))
    assert painted.shape == frame.shape
