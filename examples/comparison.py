"""The picture in musvid/comparison/README.md: a moment of the recipes in step, and the plot.

python -m musvid examples/loop.ogg --compare -o loop.compare.mp4
python -m examples.comparison loop.compare.mp4
"""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path

from PIL import Image

from musvid import read

HERE = Path(__file__).parent
MOMENT = 255  # the picture, 30 a second
WIDTH = 1500


def main(video: Path) -> None:
    """Save the picture beside this file."""
    moment = Image.fromarray(next(islice(read(video), MOMENT, None)))
    plot = Image.open(video.with_suffix(".png")).convert("RGB")
    moment = moment.resize((round(moment.width * plot.height / moment.height), plot.height))
    both = Image.new("RGB", (moment.width + plot.width, plot.height))
    both.paste(moment, (0, 0))
    both.paste(plot, (moment.width, 0))
    size = (WIDTH, round(both.height * WIDTH / both.width))
    both.resize(size, Image.Resampling.LANCZOS).save(
        HERE / "compare.jpg", quality=88, optimize=True
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
