"""How much each piece of evidence for a beat and its bars weighs (see `musvid.music.meter`).

    python -m musvid.training.metre FOLDER [--processes 2]

Pieces by chance (`musvid.training.pieces`) are played and listened to, and every reading of each is
kept with whether its beats and bars are the true ones: into FOLDER, where a run goes on that was
stopped. Then small networks are fitted, so that the right readings of a piece are as likely as can
be among all of them (as in McFadden, "Conditional Logit Analysis of Qualitative Choice Behavior",
1973). Each leaves out every fifth piece, which shows what is found in others. Their mean is written
to where musvid reads it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from .. import Song
from ..music import bands, meter
from .band import BEATS, Played, play, write
from .pieces import click, compose

NEAR = 0.07
"""Seconds that a beat may be off, as in MIREX."""

_ENOUGH = 0.9  # F-measure of beats and of bars from which a reading is right
_BEST, _SOME = 500, 100  # wrong readings that are kept: the likeliest so far, and others by chance
_FOLDS = 5  # networks, each of which does not see every fifth piece
_UNITS, _STEPS = 8, 80  # of a network, and of L-BFGS
_SOFT = 3e-3  # of the squared weights, against fitting what is chance


def f_measure(found: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    """Of two rising lists of times, 2 * hits / (found + true), each hit by one other at most.

    As Davies, Degara and Plumbley, "Evaluation Methods for Musical Audio Beat Tracking Algorithms"
    (2009), with `NEAR`, from the first true beat to the last.
    """
    found = found[(found >= true[0] - NEAR) & (found <= true[-1] + NEAR)]
    hit = at = 0
    for time in true:
        while at < len(found) and found[at] < time - NEAR:
            at += 1
        if at < len(found) and found[at] <= time + NEAR:
            hit, at = hit + 1, at + 1
    return 2 * hit / (len(found) + len(true))


CLICKS = "clicks"
KINDS = {
    "piece": (compose, 2000),
    "quiet": (partial(compose, quiet=True), 600),
    CLICKS: (click, 200),
}
"""What is composed, and how many pieces of each kind."""


def keep(seed: int, kind: str, folder: Path) -> None:
    """Write the readings of a piece, unless they are there."""
    path = folder / f"{kind}-{seed}.npz"
    if path.exists():
        return
    piece = KINDS[kind][0](seed)
    played = play(piece)
    with tempfile.TemporaryDirectory() as place:
        heard = bands.listen(Song.open(write(Path(place) / "song.wav", played)))
    found = meter.readings(heard)
    if found is None:  # nothing but long chords
        np.savez(path, evidence=np.zeros((0, len(meter.EVIDENCE)), np.float32), right=[])
        return
    right = _right(found, played, 60 / piece.bpm, None if kind == CLICKS else BEATS[piece.metre])
    likely = np.argsort(-meter.score(found.evidence))[:_BEST]
    some = np.random.default_rng(seed).choice(len(right), min(len(right), _SOME), replace=False)
    kept = np.unique(np.concatenate([np.flatnonzero(right), likely, some]))
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        np.savez(file, evidence=found.evidence[kept].astype(np.float32), right=right[kept])
    temporary.replace(path)


def _right(
    found: meter.Readings, played: Played, beat: float, bar: int | None
) -> NDArray[np.bool_]:
    """Which readings have the beats that were played, and the bars, where there are any."""
    right = np.zeros(len(found.length), bool)
    for number in np.flatnonzero(np.abs(found.length / beat - 1) < 0.06):
        own = meter.METRES[found.metre[number]].beats
        times, first = found.times(int(number))
        if bar in (own, None) and f_measure(times, played.beats) >= _ENOUGH:
            right[number] = not bar or f_measure(times[first::own], played.bars) >= _ENOUGH
    return right


class Pieces:
    """Readings of some pieces, standardised, behind one another."""

    def __init__(
        self,
        pieces: list[tuple[NDArray[np.float32], NDArray[np.bool_]]],
        sizes: NDArray[np.float32],
    ) -> None:
        """pieces: evidence and which readings are right, of each. sizes: what evidence is divided
        by."""
        counts = [len(right) for _, right in pieces]
        self.evidence = torch.from_numpy(np.concatenate([one for one, _ in pieces]) / sizes)
        self.right = torch.from_numpy(np.concatenate([right for _, right in pieces]))
        self.count, self.piece = (
            len(pieces),
            torch.arange(len(pieces)).repeat_interleave(torch.tensor(counts)),
        )
        self.ends = [int(end) for end in np.cumsum(counts)]

    def unlikely(self, score: torch.Tensor) -> torch.Tensor:
        """The mean of -log of the chance that the right readings of a piece have."""
        most = torch.full((self.count,), -1e9)
        most = most.scatter_reduce(0, self.piece, score.detach(), "amax")
        chance = (score - most[self.piece]).exp()
        nothing = torch.zeros(self.count)
        right = nothing.index_add(0, self.piece, chance * self.right)
        return (nothing.index_add(0, self.piece, chance).log() - (right + 1e-20).log()).mean()

    def found(self, score: torch.Tensor) -> float:
        """The part of the pieces in which the likeliest reading is right."""
        parts = zip(
            score.tensor_split(self.ends[:-1]), self.right.tensor_split(self.ends[:-1]), strict=True
        )
        return float(np.mean([bool(right[one.argmax()]) for one, right in parts]))


def fit(folder: Path) -> tuple[meter.Weights, str]:
    """The weights, and how well they do.

    Raises RuntimeError where the folder has no pieces.
    """
    loaded = [np.load(path) for path in sorted(folder.glob("*.npz"))]
    whole = [(one["evidence"], one["right"]) for one in loaded if one["right"].any()]
    if len(whole) < _FOLDS:
        raise RuntimeError(f"There are too few pieces in {folder}.")
    sizes = np.concatenate([evidence for evidence, _ in whole]).std(0) + np.float32(1e-9)
    networks, rates = [], []
    for fold in range(_FOLDS):
        own = [one for number, one in enumerate(whole) if number % _FOLDS != fold]
        train, other = Pieces(own, sizes), Pieces(whole[fold::_FOLDS], sizes)
        networks.append(_fitted(train, fold))
        rates.append([100 * part.found(_scored(part, networks[-1])) for part in (train, other)])
        print(f"fold {fold}: {rates[-1][0]:.1f} and {rates[-1][1]:.1f} % right", flush=True)
    # The mean of networks is one whose units are theirs.
    columns = zip(*networks, strict=True)
    direct, hidden, bias, out = (torch.cat(each, -1).double().numpy() for each in columns)
    direct = direct.reshape(_FOLDS, -1).mean(0)
    known, unknown = np.mean(rates, 0)
    told = f"{len(whole)} pieces: {known:.1f} % right of a network's own, {unknown:.1f} % of others"
    return meter.Weights(direct / sizes, hidden / sizes[:, None], bias, out / _FOLDS), told


def _fitted(pieces: Pieces, seed: int) -> list[torch.Tensor]:
    """A network's weights, in the order of `musvid.music.meter.Weights`."""
    chance = torch.Generator().manual_seed(seed)
    count = pieces.evidence.shape[1]
    network = [
        torch.zeros(count),
        0.1 * torch.randn(count, _UNITS, generator=chance),
        torch.zeros(_UNITS),
        0.3 * torch.randn(_UNITS, generator=chance),
    ]
    optimiser = torch.optim.LBFGS(
        [each.requires_grad_() for each in network],
        max_iter=_STEPS,
        history_size=20,
        line_search_fn="strong_wolfe",
    )

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        soft = torch.stack([(each**2).sum() for each in network]).sum()
        value = pieces.unlikely(_scored(pieces, network)) + _SOFT * soft
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return [each.detach() for each in network]


def _scored(pieces: Pieces, network: list[torch.Tensor]) -> torch.Tensor:
    direct, hidden, bias, out = network
    return pieces.evidence @ direct + torch.tanh(pieces.evidence @ hidden + bias) @ out


def write_weights(weights: meter.Weights) -> None:
    """Write weights to where musvid reads them, to five digits, a line for each evidence."""
    rows = np.hstack([weights.direct[:, None], weights.hidden])
    lines = [
        f"    {json.dumps(name)}: {_numbers(row)}"
        for name, row in zip(meter.EVIDENCE, rows, strict=True)
    ]
    meter.WEIGHTS.write_text(
        '{\n  "evidence": {\n' + ",\n".join(lines) + "\n  },\n"
        f'  "bias": {_numbers(weights.bias)},\n  "out": {_numbers(weights.out)}\n}}\n'
    )


def _numbers(values: NDArray[np.float64]) -> str:
    return json.dumps([float(f"{value:.5g}") for value in values])


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the pieces' evidence is kept")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(options.processes) as pool:
        for kind, (_, count) in KINDS.items():
            list(pool.map(partial(keep, kind=kind, folder=options.folder), range(count)))
    weights, told = fit(options.folder)
    write_weights(weights)
    print(told)


if __name__ == "__main__":
    main()
