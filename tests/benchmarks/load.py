"""The page with a hostile visitor among eight, for two minutes.

    python -m tests.benchmarks.load [--seconds 120]

Seven honest visitors, each from an address of their own, draw, plan, paint and render, and wait
for each answer. The eighth sends renders, paintings, drawings and plans as fast as the page takes
them, each in a new session, and waits for none. Prints how the honest ones fared: every job must
be finished, or refused with a reason, and light events should answer within 2 s. Exit 1 if not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter, defaultdict
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from conftest import music, write_wav
from running import running_page

GOAL = 2.0  # seconds in which light events should answer
LIGHT = ("plan", "draw")
HEAVY = ("paint", "render")


class Visitor:
    """Somebody at an address."""

    def __init__(self, page: str, address: str) -> None:
        self.page = f"{page}/gradio_api"
        self.head = {"X-Forwarded-For": address}

    def request(self, where: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        """What the page answers, open."""
        head = {**self.head, "Content-Type": kind}
        asked = urllib.request.Request(f"{self.page}/{where}", body, head)
        return urllib.request.urlopen(asked, timeout=600)

    def upload(self, path: Path) -> dict[str, Any]:
        """A song, uploaded."""
        edge = uuid.uuid4().hex
        head = f'--{edge}\r\nContent-Disposition: form-data; name="files"; filename="a.wav"\r\n\r\n'
        body = head.encode() + path.read_bytes() + f"\r\n--{edge}--\r\n".encode()
        with self.request("upload", body, f"multipart/form-data; boundary={edge}") as answer:
            (where,) = json.loads(answer.read())
        return {"path": where, "meta": {"_type": "gradio.FileData"}}

    def ask(self, kind: str, *given: Any) -> str:
        """Begin a call; its event."""
        body = json.dumps({"data": given}).encode()
        with self.request(f"call/{kind}", body) as answer:
            return str(json.loads(answer.read())["event_id"])

    def answer(self, kind: str, event: str) -> str:
        """The reason why a call was refused, or "" for one that is finished."""
        with self.request(f"call/{kind}/{event}") as stream:
            text = stream.read().decode()
        if "event: complete" in text:
            return ""
        told = text.split("event: error")[-1].split("data: ")[-1].strip()
        return str(json.loads(told or "null")["error"]) if "error" in told else f"?? {text[-200:]}"


def honest(
    visitor: Visitor,
    song: Path,
    until: float,
    seed: int,
    times: dict[str, list[float]],
    refused: Counter[str],
    lost: Counter[str],
) -> None:
    """One visitor: mostly light calls, now and then a painting, sometimes a render."""
    random, file = Random(seed), visitor.upload(song)
    while time.monotonic() < until:
        (kind,) = random.choices([*LIGHT, *HEAVY], [8, 8, 3, 1])
        settings: dict[str, Any] = {
            "style.seed": random.randrange(100),
            "look.gamma": round(random.uniform(1, 7), 1),
        }
        if kind == "render":
            settings |= {"start": random.uniform(0, 9), "duration": 2, "upscale": 1}
        more = (random.uniform(0, 2),) if kind in ("draw", "paint") else ()
        began = time.monotonic()
        try:
            reason = visitor.answer(kind, visitor.ask(kind, file, *more, settings))
        except (OSError, ValueError, TypeError) as error:
            lost[f"{kind}: {error!r}"] += 1
            continue
        if reason.startswith("??") or reason == "None":
            lost[f"{kind}: {reason}"] += 1
        elif reason:
            refused[f"{kind}: {reason}"] += 1
        else:
            times[kind].append(time.monotonic() - began)
        time.sleep(random.uniform(0.1, 0.6))


def hostile(visitor: Visitor, song: Path, until: float, sent: Counter[str]) -> None:
    """Asks for everything at once, and waits for nothing."""
    random, file = Random(99), visitor.upload(song)
    hard = {"size": "512x512", "style.steps": 4, "duration": 10}
    kinds = {"render": (), "paint": (1.0,), "draw": (1.0,), "plan": ()}
    while time.monotonic() < until:
        kind = random.choice(list(kinds))
        settings = {**hard, "look.gamma": round(random.uniform(1, 7), 3)}
        try:
            visitor.ask(kind, file, *kinds[kind], settings)
            sent[kind] += 1
        except OSError:
            sent["unanswered"] += 1
            time.sleep(0.1)


def main() -> None:
    """Run it and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--visitors", type=int, default=8, help="the hostile one among them")
    options = parser.parse_args()
    times: dict[str, list[float]] = defaultdict(list)
    refused, lost, sent = Counter[str](), Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        song = write_wav(folder / "song.wav", music(12.0))
        with running_page(folder / "page", "--public") as page:
            first = Visitor(page, "9.9.9.9")
            file = first.upload(song)
            for kind, more in (("plan", ()), ("draw", (1.0,)), ("paint", (1.0,))):  # all is loaded
                first.answer(kind, first.ask(kind, file, *more, {}))
            until = time.monotonic() + options.seconds
            work = [
                threading.Thread(
                    target=honest,
                    args=(
                        Visitor(page, f"8.8.8.{index}"),
                        song,
                        until,
                        index,
                        times,
                        refused,
                        lost,
                    ),
                )
                for index in range(options.visitors - 1)
            ]
            bad = threading.Thread(
                target=hostile, args=(Visitor(page, "7.7.7.7"), song, until, sent)
            )
            for thread in (*work, bad):
                thread.start()
            for thread in (*work, bad):
                thread.join()
    print(f"{options.visitors - 1} honest visitors and a hostile one, {options.seconds:g} s\n")
    print(f"{'call':10}{'done':>6}{'median':>9}{'95 %':>9}{'longest':>9}  seconds")
    for kind in (*LIGHT, *HEAVY):
        values = times[kind] or [float("nan")]
        figures = (np.median(values), np.percentile(values, 95), max(values))
        print(f"{kind:10}{len(times[kind]):6}" + "".join(f"{one:9.2f}" for one in figures))
    print("\nrefused with a reason:", dict(refused) or "none")
    print("neither finished nor refused:", dict(lost) or "none")
    print("the hostile one sent:", dict(sent))
    worst = max(max(times[kind], default=0.0) for kind in LIGHT)
    print(f"\nlight events answered within {worst:.2f} s; the goal is {GOAL:g} s")
    raise SystemExit(1 if lost or worst > GOAL else 0)


if __name__ == "__main__":
    main()
