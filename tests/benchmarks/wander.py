"""Two tabs of the page, used at random: whether it ever fails, freezes, or grows.

    python -m tests.benchmarks.wander [--minutes 30] [--seed 0] [--shots FOLDER]

Every control that is on the page is used, the least used ones first: sliders are dragged, numbers
and texts typed (some of them wrong), songs and other files dropped, the song played and sought,
things rendered and stopped, tabs reloaded and changed. After some actions the page is let settle,
and must then have answered everything, be usable, show what its controls say, and have told
nothing but sentences about what was asked of it; the server's log and the browser's console must
be empty of errors. Each action is printed as it is done, so that one sees what led to a failure;
the same seed chooses the same actions for as long as the page shows the same controls.

Memory is that of the server with all its processes, and the heap and elements of the tab that is
never reloaded, from the end of a warm-up (a sixth of the time) to the end. Exit 1 when something
failed or the server grew by more than a tenth.

Needs Playwright and a Chromium.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import re
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import psutil
from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page, sync_playwright

from musvid.page.board import FAILED
from musvid.page.guard import UNFORESEEN

from .page import memory
from .sounds import songs

sys.path.insert(0, str(Path(__file__).parents[1]))
from browser.conftest import executable, known
from browser.test_drop import DROP
from conftest import music, write_wav
from running import running_page

SETTLE = 20.0  # seconds in which all that was asked is done
FROZEN = 60.0  # after which it never will be
HANGS = 150.0  # in which every action has an end, whatever else the machine does
QUIET = 1500  # milliseconds without anything asked or answered: the page is at rest
SHORT = 1.0  # seconds of a part that is rendered
PATIENCE = 4000  # milliseconds for one action
GROWTH = 0.10
# The whole page in a quarter of an hour: what a painting costs is bounded, and nothing is fetched.
ENVIRONMENT = {
    "MUSVID_MAX_SIDE": "512",
    "MUSVID_MAX_DENOISED": "0.3",
    "MUSVID_MAX_LOOKS": "3",
    "HF_HUB_OFFLINE": "1",
}
# How often each kind of action is taken.
KINDS = {
    "slider": 14, "number": 12, "text": 5, "radio": 12, "checkbox": 3, "choice": 8, "chip": 8,
    "look": 4, "head": 2, "window": 2, "tile": 1.5, "button": 14, "select": 0.4,
    "play": 3, "seek": 2, "key": 5, "undo": 3, "redo": 1.5, "drop": 1.5, "render": 0.5,
    "reload": 0.7, "back": 0.3, "tab": 2.5,
}  # fmt: skip
SELDOM = {  # buttons that cost much, or take what others need; the rest are 1
    "compare-start": 0.15, "grid-paint": 0.4, "grid-play": 0.2, "render": 0.3, "quick": 0.5,
    "show-steps": 0.5, "save-frames": 0.3, "grid-save-video": 0.3,
}  # fmt: skip
LEAVES = ("show-api", "settings", "Clear", "Record")  # buttons of Gradio's own
WORDS = (
    "teal coral", "crimson nebula", "violet aurora | gold marble", "0:00 ink in water | 0:02 fire",
    "qwertz", "", "<b>emerald</b> & crystal", "ü" * 40, "blue {1} %s", "dark " * 60,
)  # fmt: skip
KEYS = (
    "ArrowLeft", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowLeft", "j", "k", "l", "Space", "?",
    "Escape", "b", "Control+z", "Control+y", "Control+Shift+Z", "Control+Shift+Enter", "Tab",
    "Enter", "Home", "End", "PageUp",
)  # fmt: skip
PLACES = ("plan", "moment-note", "song-problem", "player-box")  # where it is told what cannot be
SCRIPT = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


@dataclass
class Tab:
    """A tab, and what was noted of it."""

    name: str
    page: Page
    session: Any
    told: Counter[str] = field(default_factory=Counter)


@dataclass
class Grown:
    """Figures of one moment at rest."""

    time: float
    server: float
    heap: float
    nodes: float


class Wanderer:
    """Somebody who does anything, in two tabs."""

    def __init__(self, context: BrowserContext, address: str, log: Path, options: Any) -> None:
        self.context, self.address, self.log = context, address, log
        self.random, self.options = Random(options.seed), options
        self.began = time.monotonic()
        self.used: Counter[str] = Counter()  # of each control
        self.actions: Counter[str] = Counter()
        self.missed: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.sentences: Counter[str] = Counter()
        self.settled: list[float] = []
        self.grown: list[Grown] = []
        self.read = 0  # of the log
        self.server = next(
            one.pid
            for one in psutil.Process().children()
            if any("app.py" in part for part in one.cmdline())
        )
        self.files = self._files(log.parent / "songs")
        self.beat = time.monotonic()
        threading.Thread(target=self._watch, daemon=True).start()
        self.tabs = [self._open("one"), self._open("two")]
        self.at = self.tabs[0]

    def _files(self, folder: Path) -> list[Path]:
        folder.mkdir()
        own = [write_wav(folder / f"{n}.wav", music(n, seed=n)) for n in (3, 8, 20)]
        look = folder / "look.json"
        look.write_text(json.dumps({"style": {"prompt": "teal coral", "seed": 5}}))
        bad = folder / "notes.txt"
        bad.write_text("no song")
        return [*own, *songs(), look, bad]

    def say(self, text: str) -> None:
        """Print, with the time."""
        print(f"{time.monotonic() - self.began:7.1f}  {text}", flush=True)

    def _watch(self) -> None:
        """End all where a tab never answers: Playwright would wait for it for ever."""
        while time.monotonic() - self.beat < HANGS:
            time.sleep(1)
        self.fail("hangs", f"a tab does not answer any more, after {self.last}")
        self.report(time.monotonic() - self.began)
        for one in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):
                one.kill()
        sys.stdout.flush()
        os._exit(1)

    def fail(self, kind: str, text: str) -> None:
        """Note what must not be."""
        short = re.sub(r"\s+", " ", text).strip()
        self.failures[f"{kind}: {re.sub(r'[0-9]+', '0', short)[:200]}"] += 1
        self.say(f"FAILURE in tab {self.at.name}: {kind}: {text[:3000]}")

    # Tabs.

    def _open(self, name: str) -> Tab:
        page = self.context.new_page()
        tab = Tab(name, page, self.context.new_cdp_session(page))
        tab.session.send("Performance.enable")
        page.set_default_timeout(PATIENCE)
        page.add_init_script(SCRIPT)
        page.on("pageerror", lambda error: self.fail("page error", f"{error.stack or error}"))
        page.on("console", self._console)
        page.on("dialog", lambda dialog: dialog.accept())
        page.on("filechooser", lambda chooser: chooser.set_files(self.random.choice(self.files)))
        page.on("download", lambda download: download.cancel())
        page.on("popup", lambda other: other.close())
        page.on("crash", lambda _: self.fail("crash", name))
        page.goto(self.address)
        self._arrived(page)
        return tab

    def _console(self, message: ConsoleMessage) -> None:
        where = message.location.get("url", "")
        # Gradio's view of the API looks whether there is an MCP server.
        if message.type == "error" and not where.endswith("/mcp/schema"):
            self.fail("console", f"{message.text} ({where[-80:]})")

    def _arrived(self, page: Page) -> None:
        page.wait_for_selector("#plan > *", state="attached", timeout=60_000)
        page.wait_for_timeout(1500)
        self._unfold(page)

    def _unfold(self, page: Page) -> None:
        """Open every part, and the parts within them."""
        for _ in range(2):
            page.evaluate(
                "() => { for (const one of document.querySelectorAll('.label-wrap:not(.open)'))"
                " if (one.checkVisibility()) one.click(); }"
            )
            page.wait_for_timeout(400)

    # Actions.

    def act(self) -> None:
        """Do something."""
        self.beat = time.monotonic()
        kind = self.random.choices([*KINDS], [*KINDS.values()])[0]
        page, what = self.at.page, ""
        try:
            own = getattr(self, f"_{kind}", None)
            if own and kind in ("play", "seek", "key", "undo", "redo", "drop", "render", "reload",
                                "back", "tab"):  # fmt: skip
                what = own(page) or ""
            else:
                what = self._use(page, kind)
        except (Error, TypeError, ValueError) as error:  # the last two: another control is there
            text = str(error)
            cover = re.search(r"<(\w+[^>]{0,80})[^\n]*intercepts pointer events", text)
            why = f"covered by {cover[1]}" if cover else text.splitlines()[0][:100]
            if cover and "option" in cover[1]:  # a list that the focus has opened
                page.keyboard.press("Escape")
            self.missed[f"{kind}: {why}"] += 1
            what = f"MISSED: {self.last}: {why}"
        self.actions[kind] += 1
        self.say(f"{self.at.name}  {kind:9} {what}")
        page.wait_for_timeout(self.random.choice((20, 50, 150, 400)))

    last = ""

    def _use(self, page: Page, kind: str) -> str:
        """Use one of the controls of a kind, rather one that was seldom used."""
        found = [one for one in page.evaluate("wander.controls()") if one["kind"] == kind]
        for one in found:
            self.used[f"{kind} {one['name']}"] += 0
        if not found:
            return "none"
        usual = [SELDOM.get(one["id"], 1.0) for one in found]
        for place, one in enumerate(found):
            leaves = any(word in one["name"] for word in LEAVES)
            usual[place] *= (0.1 if leaves else 1.0) / (1 + self.used[f"{kind} {one['name']}"]) ** 2
        (one,) = self.random.choices(found, usual)
        self.last = one["name"]
        self.used[f"{kind} {one['name']}"] += 1
        control = page.locator(f"[data-wander='{one['place']}']").first
        more = getattr(self, f"_use_{kind}", self._click)(page, control, one)
        return f"{one['name']} {more or ''}"

    def _click(self, page: Page, control: Any, one: dict[str, Any]) -> str:
        if one["id"] == "compare-start" or one["id"] == "render":
            self._short(page)
        control.click()
        if any(word in one["name"] for word in ("Fullscreen", "Use via API", "Settings")):
            page.wait_for_timeout(600)
            page.keyboard.press("Escape")
            page.wait_for_timeout(300)
            page.evaluate("document.querySelector('.backdrop')?.click()")  # of Gradio's own views
            page.wait_for_timeout(300)
            if "view=" in page.url:
                page.goto(self.address)
                self._arrived(page)
                return "which stays open"
        return ""

    def _use_button(self, page: Page, control: Any, one: dict[str, Any]) -> str:
        return self._click(page, control, one)

    def _use_slider(self, page: Page, control: Any, _one: dict[str, Any]) -> str:
        control.scroll_into_view_if_needed()
        if self.random.random() < 0.3:
            control.focus()
            key = self.random.choice(("ArrowLeft", "ArrowRight", "PageUp", "Home", "End"))
            for _ in range(self.random.randrange(1, 6)):
                page.keyboard.press(key)
            return key
        box = control.bounding_box()
        if not box:
            return "gone"
        high = box["y"] + box["height"] / 2
        places = [self.random.random() for _ in range(self.random.randrange(1, 3))]
        page.mouse.move(box["x"] + box["width"] / 2, high)
        page.mouse.down()
        for place in places:
            page.mouse.move(box["x"] + place * box["width"], high, steps=2)
        page.mouse.up()
        return f"to {places[-1]:.2f}"

    def _use_number(self, page: Page, control: Any, _one: dict[str, Any]) -> str:
        low, high, step = control.evaluate("one => [one.min, one.max, one.step ?? '']")
        first, last = float(low or 0), float(high or 1000)
        value: Any = round(self.random.uniform(first, last), 2)
        if float(step if step not in ("", "any") else 1).is_integer():
            value = round(value)
        if self.random.random() < 0.15:
            value = self.random.choice(("-5", "99999", "", "1e9", "0.0001"))
        control.fill(str(value))
        page.keyboard.press(self.random.choice(("Enter", "Tab")))
        return f"= {value}"

    def _use_text(self, _page: Page, control: Any, one: dict[str, Any]) -> str:
        text = self.random.choice(WORDS)
        if "values" in one["name"]:
            text = self.random.choice(("0.2, 0.8", "1, 2, 3", "x", "", text))
        elif "parts" in one["name"]:
            text = self.random.choice(("auto", "0:00 A | 0:02 B", "0:01", text))
        if self.random.random() < 0.3:
            control.press_sequentially(text[:20], delay=30)
        else:
            control.fill(text)
        control.blur()
        return f"= {text[:40]!r}"

    def _use_radio(self, _page: Page, control: Any, _one: dict[str, Any]) -> str:
        # Some are hidden behind what names them.
        control.locator("xpath=ancestor-or-self::*[self::label or self::input][last()]").click()
        return ""

    def _use_choice(self, page: Page, control: Any, one: dict[str, Any]) -> str:
        control.click()
        page.wait_for_timeout(100)
        options = page.locator("[role=option]")
        count = options.count()
        model = "Model" in one["name"]
        if not count or (model and self.random.random() < 0.7):
            page.keyboard.press("Escape")
            return "nothing"
        if self.random.random() < 0.1:
            text = self.random.choice(("9:16", "96x160", "rubbish", "5000", "128"))
            control.fill(text)
            page.keyboard.press("Enter")
            control.blur()
            return f"= {text}"
        which = self.random.randrange(count)
        text = options.nth(which).inner_text()
        options.nth(which).click()
        return f"= {text.strip()[:40]}"

    def _use_window(self, page: Page, control: Any, _one: dict[str, Any]) -> str:
        control.scroll_into_view_if_needed()
        if self.random.random() < 0.5:
            control.focus()
            for _ in range(3):
                page.keyboard.press(self.random.choice(("ArrowLeft", "ArrowRight")))
            return "by keys"
        box = control.bounding_box()
        if not box:
            return "gone"
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + self.random.uniform(-1, 2) * box["width"], box["y"] + 5, steps=4)
        page.mouse.up()
        return "dragged"

    def _use_select(self, _page: Page, control: Any, _one: dict[str, Any]) -> str:
        codes = control.evaluate("one => [...one.options].map(each => each.value)")
        code = self.random.choice(codes)
        control.select_option(code)
        return str(code)

    def _play(self, page: Page) -> str:
        page.click("#play")
        page.wait_for_timeout(self.random.choice((100, 1000, 4000)))
        return ""

    def _seek(self, page: Page) -> str:
        part = self.random.random()
        page.evaluate(
            """part => {
              const one = document.querySelector('#moment input[type=range]');
              window.musvid.dom.set(one, Number(one.min) + part * (one.max - one.min));
            }""",
            part,
        )
        return f"{part:.2f}"

    def _key(self, page: Page) -> str:
        key = self.random.choice(KEYS)
        if self.random.random() < 0.5:
            page.evaluate("document.activeElement?.blur()")
        page.keyboard.press(key)
        if key in ("?", "b"):
            page.wait_for_timeout(300)
            page.keyboard.press("Escape")
        return key

    def _undo(self, page: Page) -> str:
        page.evaluate("document.querySelector('#undo').click()")
        return ""

    def _redo(self, page: Page) -> str:
        page.evaluate("document.querySelector('#redo').click()")
        return ""

    def _drop(self, page: Page) -> str:
        file = self.random.choice(self.files)
        page.evaluate(DROP, ["body", file.name, base64.b64encode(file.read_bytes()).decode()])
        return file.name

    def _short(self, page: Page) -> None:
        """Make the part short, as nobody waits for a long one."""
        field = page.get_by_label("number input for Length (s)")
        field.fill(str(SHORT))
        field.press("Enter")

    def _render(self, page: Page) -> str:
        self._short(page)
        page.click("#render")
        if self.random.random() < 0.5:
            return "begun"
        for _ in range(120):
            page.wait_for_timeout(250)
            if page.is_disabled("#stop") and not page.is_disabled("#render"):
                return "waited for"
        return "and does not end within half a minute"

    def _reload(self, page: Page) -> str:
        if self.at.name == "two":
            return "not this tab"
        page.reload()
        self._arrived(page)
        return ""

    def _back(self, page: Page) -> str:
        if self.at.name == "two":
            return "not this tab"
        page.goto("about:blank")
        page.go_back()
        self._arrived(page)
        return ""

    def _tab(self, _page: Page) -> str:
        self.at = self.tabs[1 - self.tabs.index(self.at)]
        self.at.page.bring_to_front()
        return f"now {self.at.name}"

    # What must be.

    def check(self) -> None:
        """Let the page settle, and look at it."""
        self._read_log()
        self._at_rest()
        here = self.at
        for tab in self.tabs:
            try:
                self._heard(tab)
            except Error as error:
                self.fail("tab does not answer", str(error))
        self._present(here.page)
        self._unfold(here.page)
        self._read_log()
        self._measure()

    def _heard(self, tab: Tab) -> None:
        """What Gradio told above the page, and whether what musvid did not foresee is told."""
        for text in tab.page.evaluate("wander.told.splice(0)"):
            sentence = re.sub(r"\d+(\.\d+)?", "0", text)
            own = re.search(r"[.!?…]\W*$", sentence) and not re.search(
                rf"Connection|Value: |choices|{re.escape(UNFORESEEN[:30])}|greater than|less than",
                sentence,
            )
            if own:
                self.sentences[sentence] += 1
            else:
                self.fail("message", text)
        for words in (UNFORESEEN, FAILED):
            if tab.page.evaluate("words => wander.holds(words)", words):
                self.fail("told", words)

    def _at_rest(self) -> dict[str, Any]:
        """Wait until everything is answered; stop what plays or renders."""
        self.beat = time.monotonic()
        page = self.at.page
        began, stopped, state = time.monotonic(), False, {}
        slow = False
        while True:
            state = page.evaluate("wander.state()")
            waited = time.monotonic() - began
            if state["playing"]:
                page.evaluate("musvid.play.pause()")
                page.wait_for_timeout(QUIET)
                continue
            if state["rendering"] and waited > 6 and not stopped:
                stopped = True
                for button in state["rendering"]:
                    page.evaluate("id => document.getElementById(id)?.click()", button)
            asked = time.monotonic()
            page.evaluate(
                "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
            )
            busy = time.monotonic() - asked > 1.0
            rest = not (state["pending"] or state["inflight"] or state["rendering"])
            if rest and state["usable"] and state["quiet"] > QUIET and not busy:
                break
            if waited > SETTLE and not slow:
                slow = True
                self.say(f"SLOW: not at rest after {SETTLE:.0f} s: {self._brief(state)}")
            if waited > FROZEN:
                self.fail("frozen", f"{self._brief(state)}")
                self._shot(page)
                page.reload()
                self._arrived(page)
                return {}
            page.wait_for_timeout(100)
        waited = time.monotonic() - began
        if waited > SETTLE and self._alone():
            self.fail("slow", f"at rest after {waited:.1f} s")
        self.settled.append(waited)
        return dict(state)

    @staticmethod
    def _alone() -> bool:
        """Whether the machine has little else to do; where it has, things take their time."""
        return os.getloadavg()[0] < 3 * (os.cpu_count() or 1)

    def _brief(self, state: dict[str, Any]) -> str:
        kept = {name: state[name] for name in state if name not in ("painted", "drawn")}
        load = os.getloadavg()[0]
        return f"load {load:.1f} {json.dumps(kept, ensure_ascii=False)}"

    def _shot(self, page: Page) -> None:
        if self.options.shots:
            folder = Path(self.options.shots)
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{time.monotonic() - self.began:.0f}.png")

    def _present(self, page: Page) -> None:
        """Whether the stage shows a picture, and that of the present settings."""
        state = page.evaluate("wander.state()")
        if not state["seen"]:
            self.fail("nothing on the stage", self._brief(state))
            self._shot(page)
        if state["marks"]:
            self.fail("marks of an error", self._brief(state))
            self._shot(page)
        for text in state["problem"]:
            self.sentences["in its place: " + re.sub(r"\d+(\.\d+)?", "0", text)] += 1
        matters = [text for text in state["problem"] if text.split(":")[0] in PLACES]
        if matters or "frames a second" not in state["line"]:
            self._mend(page)
            return
        if not state["painted"]:
            self.fail("nothing painted", self._brief(state))
            return
        page.evaluate("wander.anew()")
        page.wait_for_timeout(300)
        again = self._at_rest()
        for what in ("painted", "drawn") if again else ():
            if again[what] != state[what]:
                self.fail("stale", f"{what}: {state[what][-60:]} became {again[what][-60:]}")
                self._shot(page)

    def _mend(self, page: Page) -> None:
        """What was asked for cannot be: something else, so that there is more to see."""
        if self.random.random() < 0.5:
            return
        try:
            if self.random.random() < 0.5:
                page.set_input_files("#drop-place input[type=file]", self.files[0])
            page.click(f"#presets button >> nth={self.random.randrange(4)}")
        except Error as error:
            self.missed[f"mending: {str(error).splitlines()[0][:80]}"] += 1

    def _read_log(self) -> None:
        """Errors in the server's log."""
        with self.log.open(encoding="utf-8", errors="replace") as file:
            file.seek(self.read)
            text = file.read()
            self.read = file.tell()
        if re.search(r"Traceback|ERROR|CRITICAL", text):
            last = [
                line for line in text.splitlines() if re.match(r"[\w.]+(Error|Exception)", line)
            ]
            self.fail("server", " / ".join(dict.fromkeys(last)) or text[-300:])
            print(text[-6000:], flush=True)

    def _measure(self) -> None:
        two = self.tabs[1]
        two.session.send("HeapProfiler.collectGarbage")
        found = two.session.send("Performance.getMetrics")["metrics"]
        heap, nodes = (
            next(one["value"] for one in found if one["name"] == name)
            for name in ("JSHeapUsedSize", "Nodes")
        )
        now = Grown(time.monotonic() - self.began, memory(self.server), heap / 1e6, nodes)
        self.grown.append(now)
        self.say(
            f"at rest after {self.settled[-1] if self.settled else 0:.1f} s · server "
            f"{now.server:.0f} MB · tab two {now.heap:.1f} MB, {now.nodes:.0f} nodes"
        )

    def report(self, seconds: float) -> bool:
        """Print what was seen; whether nothing failed."""
        kinds = ", ".join(f"{name} {count}" for name, count in self.actions.most_common())
        print(f"\n{self.actions.total()} actions in {seconds / 60:.1f} minutes: {kinds}")
        never = sorted(name for name, count in self.used.items() if not count)
        print(
            f"controls used: {len(self.used) - len(never)} of {len(self.used)}", "; never:", never
        )
        for title, counted in (
            ("could not be done", self.missed),
            ("sentences", self.sentences),
            ("FAILURES", self.failures),
        ):
            print(f"{title}: {sum(counted.values())}")
            for text, count in counted.most_common():
                print(f"  {count:4} x {text}")
        if self.settled:
            print(f"at rest after {median(self.settled):.1f} s (median), {max(self.settled):.1f} s "
                  "at most")  # fmt: skip
        good = not self.failures
        warm = [one for one in self.grown if seconds / 6 <= one.time < seconds / 3]
        late = [one for one in self.grown if one.time >= seconds * 5 / 6]
        if warm and late:
            print(f"{'memory':24}{'warm-up':>10}{'end':>10}{'growth':>9}")
            for name, unit in (("server", "MB"), ("heap", "MB"), ("nodes", "")):
                first, last = (median(getattr(one, name) for one in each) for each in (warm, late))
                grown = last / first - 1
                print(f"{name + (f' ({unit})' if unit else ''):24}{first:10.1f}{last:10.1f}"
                      f"{100 * grown:8.1f}%")  # fmt: skip
                if name == "server" and grown > GROWTH:
                    good = False
        return good


def main() -> None:
    """Wander and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=int, default=15, help="actions from look to look")
    parser.add_argument("--shots", help="a folder for pictures of what failed")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        running_page(Path(folder) / "page", **ENVIRONMENT) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=executable(),
            args=[
                "--no-sandbox",
                "--autoplay-policy=no-user-gesture-required",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
            ],
        )
        context = known(
            browser,
            viewport={"width": 1200, "height": 800},
            permissions=["microphone", "clipboard-read", "clipboard-write"],
        )
        wanderer = Wanderer(context, address, Path(folder) / "page" / "log.txt", options)
        until = wanderer.began + 60 * options.minutes
        while time.monotonic() < until:
            for _ in range(options.every):
                wanderer.act()
            wanderer.check()
        good = wanderer.report(time.monotonic() - wanderer.began)
        browser.close()
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
