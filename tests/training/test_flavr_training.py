"""How the embedded FLAVR is trained: on few and small pictures, with everything that belongs."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from types import ModuleType

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from musvid.interpolate import _checkpoint  # noqa: E402
from musvid.interpolate import flavr as shipped  # noqa: E402
from musvid.training import flavr, loop, mean, moving, spectra  # noqa: E402
from musvid.training.moving import Sequences  # noqa: E402

pytestmark = pytest.mark.thorough

SIDE = 128


@pytest.fixture(scope="module")
def sequences() -> Sequences:
    songs = spectra.bank(3, frames=moving.FRAMES, side=SIDE)
    return Sequences(songs, moving.paint(songs, 2))


def test_paintings_move_and_have_colours(sequences: Sequences) -> None:
    paintings = sequences.paintings.astype(float)
    assert paintings.shape == (2, moving.PAINTED, SIDE, SIDE // 2, 3)
    assert np.abs(np.diff(paintings, axis=1)).mean() > 0.1
    assert np.abs(paintings[..., 0] - paintings[..., 2]).mean() > 1


@pytest.mark.parametrize(("factor", "stride"), [(8, 8), (8, 2), (8, 16), (4, 4), (2, 2)])
def test_windows_are_keyframes_and_what_lies_between(
    sequences: Sequences, factor: int, stride: int
) -> None:
    seen = moving.windows(sequences, Random(0), 5, factor=factor, stride=stride)
    assert seen.keyframes.shape == (5, 3, 4, SIDE, SIDE // 2)
    wanted = {
        (8, 8): [0, 1, 2, 3, 4, 5, 6],
        (8, 2): [3],
        (8, 16): [0, 1, 2, 3, 4, 5, 6],
        (4, 4): [0, 1, 2],
        (2, 2): [0],
    }
    assert seen.outputs == wanted[factor, stride]
    assert seen.between.shape == (5, len(seen.outputs), 3, SIDE, SIDE // 2)
    assert 0 <= float(seen.keyframes.min()) < float(seen.keyframes.max()) <= 1


def test_what_lies_between_is_in_its_place() -> None:
    """Pictures that are as bright as their number show which were taken."""
    count = np.arange(moving.FRAMES, dtype=np.uint8)
    numbered = count[None, :, None, None].repeat(SIDE, 2).repeat(SIDE // 2, 3)
    songs = Sequences(numbered, np.empty((0, 25, SIDE, SIDE // 2, 3), np.uint8))
    for seed in range(40):
        seen = moving.windows(
            songs, Random(seed), 1, factor=8, stride=4, painted=0, plain=0, varied=0, grey=True
        )
        keys = (seen.keyframes[0, 0, :, 0, 0] * 255).round().tolist()
        between = (seen.between[0, :, 0, 0, 0] * 255).round().tolist()
        assert keys[2] - keys[1] == 4
        assert keys[0] in (keys[1], keys[1] - 4), "repeated at the beginning of a video"
        assert keys[3] in (keys[2], keys[2] + 4), "and at its end"
        assert between == [keys[1] + 1, keys[1] + 2, keys[1] + 3]


def test_varied_spectra_are_spectra(sequences: Sequences) -> None:
    """Bars that fall from the axis, at other pitches and of other brightness than the song's."""
    kinds = {"factor": 8, "stride": 8, "painted": 0, "plain": 0, "splices": 0, "grey": True}
    plain, varied = (
        moving.windows(sequences, Random(3), 24, varied=part, **kinds) for part in (0, 1)
    )
    for seen in (plain, varied):
        falling = seen.keyframes.diff(dim=-1)[..., 2:]
        assert float((falling <= 0.01).float().mean()) > 0.99
    means = [seen.keyframes.mean((1, 2, 4)) for seen in (plain, varied)]
    assert float((means[0] - means[1]).abs().amax(1).min()) > 0.01


def test_columns_are_a_part_of_all(sequences: Sequences) -> None:
    seen = moving.windows(sequences, Random(0), 3, factor=8, stride=8, columns=16)
    assert seen.keyframes.shape == (3, 3, 4, SIDE, 16)
    assert seen.between.shape == (3, 7, 3, SIDE, 16)


def test_a_linear_blend_gains_nothing_on_even_fades(sequences: Sequences) -> None:
    network = flavr.untrained(8, 4)
    seen = moving.windows(
        sequences, Random(0), 6, factor=8, stride=8, columns=16, plain=1.0, splices=0.0
    )
    assert flavr.error(network, seen).item() < np.log(2.1e-5)  # all but rounding
    assert abs(flavr.gain(network, {"fade": seen})["fade"]) < 1e-3


def test_it_learns_to_beat_the_blend(sequences: Sequences, tmp_path: Path) -> None:
    """Some windows by heart, in a known number of steps."""
    torch.manual_seed(0)
    network = flavr.untrained(2, 6)
    seen = moving.windows(sequences, Random(5), 4, factor=2, stride=4, columns=32, plain=0.0)
    assert flavr.gain(network, {"": seen})[""] == 0
    plan = replace(flavr.PLAN, minutes=60, warm_up=10, memory=0.8)
    run = loop.Run(network, tmp_path, plan, resume=False)
    for step in run.steps(dict):
        run.learn(lambda: flavr.error(network, seen))
        if step == 60:
            break
    assert flavr.gain(run.average.eval(), {"": seen})[""] > 0.5


def test_what_is_trained_is_written_as_it_is(sequences: Sequences, tmp_path: Path) -> None:
    plan = replace(flavr.PLAN, minutes=0.02)
    network = flavr.train(sequences, tmp_path, factor=2, width=6, plan=plan, batch=2)
    made = shipped.load_checkpoint(tmp_path / "flavr_2x.safetensors")
    frames = torch.rand(1, 3, 4, 32, 64)
    with torch.inference_mode():
        # It is kept in half precision.
        torch.testing.assert_close(network(frames), made(frames), atol=2e-3, rtol=0)


@pytest.mark.thorough
def test_the_commands_make_sequences_and_train_on_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(module: ModuleType, *arguments: str) -> None:
        monkeypatch.setattr(sys, "argv", [module.__name__, *arguments])
        module.main()

    file, folder = tmp_path / "sequences.npz", tmp_path / "run"
    run(moving, str(file), "--songs", "2", "--paintings", "1", "--side", "128")
    common = (str(folder), "--sequences", str(file))
    small = ("--factor", "4", "--width", "6", "--batch", "2", "--resume")
    for minutes in ("0.05", "0.1"):
        run(flavr, *common, *small, "--minutes", minutes)
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    assert lines[-1]["step"] > lines[0]["step"] > 0
    assert {"loss", "spectra, 4", "paintings, 4"} <= set(lines[-1])
    assert shipped.load_checkpoint(folder / "flavr_4x.safetensors").factor == 4


def test_a_mean_of_weights_has_shares_of_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the command line: three parts of one file and one of another."""
    files = [tmp_path / f"{name}.safetensors" for name in ("early", "late", "mean")]
    networks = [shipped.Flavr(8, width=8, mixing=True) for _ in files[:2]]
    for network, file in zip(networks, files, strict=False):
        _checkpoint.save(network, file)
    command = ["mean", str(files[2]), f"{files[0]}=1", f"{files[1]}=3"]
    monkeypatch.setattr(sys, "argv", command)
    mean.main()
    made = dict(shipped.load_checkpoint(files[2]).named_parameters())
    early, late = (dict(network.named_parameters()) for network in networks)
    for name, weight in made.items():
        wanted = 0.25 * early[name] + 0.75 * late[name]
        torch.testing.assert_close(weight, wanted, atol=2e-3, rtol=0)
