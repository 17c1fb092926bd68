"""The page, whose renders fail in a way that nobody foresaw while a file is there."""

import os
from pathlib import Path

import app
from musvid.studio.spool import Spool

add = Spool.add


def breaking(self: Spool, stage: str, index: int, frame: object) -> None:
    if stage == "frames" and index == 9 and Path(os.environ["BREAKS"]).exists():
        raise KeyError("of Python")
    add(self, stage, index, frame)


Spool.add = breaking

if __name__ == "__main__":
    app.main()
