"""Formats for finished frames, and what the store costs and saves, on this machine."""

from __future__ import annotations

import io
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from musvid import Clock, Look, Painter, Recipe, Style, draw, render
from musvid._packing import pack
from musvid.store import Store

from .sounds import clip, songs

Frame = np.ndarray


def image(kind: str, **options: object) -> Callable[[Frame], bytes]:
    def encode(frame: Frame) -> bytes:
        file = io.BytesIO()
        Image.fromarray(frame).save(file, kind, **options)  # type: ignore[arg-type]
        return file.getvalue()

    return encode


FORMATS: dict[str, Callable[[Frame], bytes]] = {
    "store (half, steps)": lambda frame: pack(frame[None]),
    "half, zlib 1": lambda frame: zlib.compress(frame[:, : frame.shape[1] // 2].tobytes(), 1),
    "PNG, level 1": image("PNG", compress_level=1),
    "PNG, level 6": image("PNG", compress_level=6),
    "PNG, level 9": image("PNG", compress_level=9),
    "WebP, lossless": image("WEBP", lossless=True, method=0),
    "as it is": lambda frame: frame.tobytes(),
}


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    """Print the tables."""
    song = clip(max(songs(), key=lambda path: path.stat().st_size), 20, 10)
    style, painter = Style(), Painter(Style())
    guides = list(draw(song, Look(), Clock(song.duration, 4), size=(256, 256)))
    list(painter.paint(guides[:4], style))
    paintings: list[Frame] = []
    cost = seconds(lambda: paintings.extend(painter.paint(guides, style))) / len(guides)
    print(f"painting: {1000 * cost:.1f} ms each\n")
    print(f"{'format':22}{'kB':>8}{'ms':>8}{'of painting':>13}")
    for name, encode in FORMATS.items():
        sizes: list[int] = []
        work = seconds(lambda f=encode, s=sizes: s.extend(len(f(each)) for each in paintings))
        each = work / len(paintings)
        print(f"{name:22}{np.mean(sizes) / 1000:>8.1f}{1000 * each:>8.2f}{each / cost:>12.1%}")

    print(f"\n{'render of 10 s':34}{'s':>8}")
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "cache")
        output = Path(folder) / "a.mp4"

        def run(name: str, recipe: Recipe, store: Store | None) -> None:
            took = seconds(lambda: render(song, recipe, output, painter=painter, store=store))
            print(f"{name:34}{took:>8.2f}", flush=True)

        recipe = Recipe()
        run("without a store", recipe, None)
        run("with a store, for the first time", recipe, store)
        run("another after (4 for 2)", Recipe(after=4), store)
        run("another upscale (1 for 2)", Recipe(upscale=1), store)
        run("another prompt", Recipe(style=Style(prompt="coral")), store)
        run("as the first time", recipe, store)
        size = sum(path.stat().st_size for path in store.folder.rglob("*") if path.is_file())
        print(f"the store then holds {size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
