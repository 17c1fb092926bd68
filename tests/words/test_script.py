"""What libass draws: where, when, and nothing that a text asks for."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from fontTools.ttLib import TTFont

from musvid import Song
from musvid._tags import Tags
from musvid.music.lock import Lock
from musvid.video.words import _missing, draw, lacking_told, missing
from musvid.words.layout import Layout
from musvid.words.letters import _COVERED, BOLD, EM, FONTS, PLAIN, clean, escaped, width
from musvid.words.lines import Line
from musvid.words.script import Script, Title, arranged, fitting, letters_of
from musvid.words.settings import Words
from musvid.words.writing import compose

SIZE = (640, 360)
WIDE = Layout(*SIZE)
GREY = np.full((*SIZE[::-1], 3), 90, np.uint8)

HOSTILE = [
    r"{\pos(0,0)}up here",
    r"{\an7\fs400}LARGE",
    r"{\p1}m 0 0 l 640 0 640 360 0 360{\p0}",
    r"{\1c&H0000FF&\t(\frz360)}red",
    r"a\Nb\nc\hd",
    "{{{{",
    "}{\\",
    "\\{\\pos(0,0)}",
    "a\0b\r\nDialogue: 9,0:00:00.00,9:00:00.00,Words,,0,0,0,,{\\pos(9,9)}X",
    "[Fonts]\nfontname: a.ttf",
    "\u202eevil\u202c \u200fabc\u2066d",
    "Z" + "\u0335\u0336\u0337" * 400,
    "x" * 1_000_000,
    "\ud800",
]


def inked(picture: np.ndarray, ground: np.ndarray = GREY) -> tuple[slice, slice]:
    """The rows and columns of what is bright and was not: letters rather than their shadow."""
    bright = (picture.astype(int) - ground).max(-1) > 60
    assert bright.any(), "nothing is written"
    rows, columns = np.flatnonzero(bright.any(1)), np.flatnonzero(bright.any(0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def sung(text: str, **more: object) -> Script:
    return Script(WIDE, 10.0, lines=(Line(0.0, 10.0, text),), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_in_a_text_is_a_command(text: str) -> None:
    """Whatever it says, it stands below, in two rows or three, as white as everything else."""
    script = sung(text)
    count = len(re.findall("^Dialogue", str(script), re.MULTILINE))
    assert count == (3 if clean(text, 9) else 0)
    if not count:
        return
    picture = draw(GREY, script, 1.0)
    rows, columns = inked(picture)
    assert rows.start > SIZE[1] * 0.6 and rows.stop < SIZE[1] * 0.97
    assert columns.start > 10 and columns.stop < SIZE[0] - 10
    spread = picture.max(-1).astype(int) - picture.min(-1)
    assert spread.max() <= 6, "there is a colour"
    named = Script(WIDE, 10.0, Title(text, text, None, "lower-left"))
    rows, _ = inked(draw(GREY, named, 5.0))
    assert rows.start > SIZE[1] * 0.2


def test_a_brace_and_a_backslash_are_shown_as_they_are() -> None:
    assert escaped(r"{\N}") == "\\{\\\u200bN\\}"
    one, two = (inked(draw(GREY, sung(text), 1.0)) for text in ("a b", r"a\Nb"))
    assert one[0] == two[0] or two[0].stop - two[0].start < 2 * (one[0].stop - one[0].start)
    braces = inked(draw(GREY, sung("{a}"), 1.0))[1]
    plain = inked(draw(GREY, sung("a"), 1.0))[1]
    assert braces.stop - braces.start > 1.5 * (plain.stop - plain.start)


def test_letters_are_cleaned() -> None:
    assert clean(" a\tb\r\n c\u2028d ", 99) == "a b c d"
    assert clean("a\0\x1b[31m\u202e\ue000b", 99) == "a[31mb"
    assert clean("e\u0301", 9) == "é"
    assert clean("a" * 20, 10) == "a" * 9 + "…"
    assert len(clean("a" + "\u0336" * 99, 200)) == 4
    assert clean("שלום \u200f", 9) == "שלום \u200f"


def test_every_letter_is_seen_only_while_it_is_shown() -> None:
    lines = (Line(1.0, 2.0, "one"), Line(4.0, 5.0, "two"))
    script = Script(WIDE, 10.0, Title("Title", "", 0.5, "centre"), lines)
    for time, there in ((0.3, True), (0.7, False), (1.5, True), (3.0, False), (4.5, True), (6, 0)):
        assert script.shows(time) == there
        assert np.array_equal(draw(GREY, script, time), GREY) != there


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (720, 720)])
@pytest.mark.parametrize("place", ["lower-left", "centre", "upper-left", "upper-centre"])
def test_a_title_keeps_within_the_margins(size: tuple[int, int], place: str) -> None:
    layout, ground = Layout(*size), np.full((*size[::-1], 3), 40, np.uint8)
    left, top, right, foot = layout.margins
    if layout.upright:
        assert foot >= 0.2 * size[1] and right > 0.1 * size[0]
    for text in ("Vibe Ace", "A very long title that never seems to come to an end of its own"):
        told = Title(text, "Somebody With a Rather Long Name", None, place)
        rows, columns = inked(draw(ground, Script(layout, 10.0, told), 5.0), ground)
        soft = 0.01 * max(size)
        assert columns.start >= min(left, right) - soft and rows.start >= top - soft
        assert columns.stop <= size[0] - min(left, right) + soft
        assert rows.stop <= size[1] - foot + soft


def test_a_title_is_in_no_lyrics_way() -> None:
    told = Title("Title", "Artist", 5.0, "lower-left")
    alone = inked(draw(GREY, Script(WIDE, 10.0, told), 2.0))[0]
    assert alone.start > 180
    both = draw(GREY, Script(WIDE, 10.0, told, (Line(1.0, 3.0, "sung"),)), 2.0)
    assert (both[:180].max() > 200) and (both[200:].max() > 200)


def test_words_light_up_as_they_are_sung() -> None:
    words = ((1.0, "mmmm "), (2.0, "mmmm "), (3.0, "mmmm"))
    script = Script(WIDE, 10.0, lines=(Line(1.0, 5.0, "mmmm mmmm mmmm", words),))
    seen = []
    for time in (1.5, 2.5, 3.5):
        picture = draw(GREY, script, time)
        _, columns = inked(draw(GREY, script, 3.5))
        third = (columns.stop - columns.start) / 3
        parts = [round(columns.start + part * third) for part in range(4)]
        seen.append([int(picture[:, a:b].max()) for a, b in pairwise(parts)])
    for number, lights in enumerate(seen):
        assert lights[number] == max(lights) > 245
        assert all(light < lights[number] - 5 for i, light in enumerate(lights) if i != number)
        assert all(lights[i] > lights[j] for i in range(number) for j in range(number + 1, 3))


@pytest.mark.parametrize(("direction", "way"), [("up", -1), ("down", 1), ("outward", 1)])
def test_lines_travel_with_the_texture(direction: str, way: int) -> None:
    script = sung("travel", direction=direction)
    rows = [inked(draw(GREY, script, time))[0].start for time in (1.0, 9.0)]
    assert (rows[1] - rows[0]) * way > 2
    still = [inked(draw(GREY, sung("travel"), time))[0] for time in (1.0, 9.0)]
    assert still[0] == still[1]


def test_never_more_than_two_lines_at_a_time_and_none_over_another() -> None:
    rng = np.random.default_rng(0)
    starts = np.sort(rng.uniform(0, 50, 300))
    lines = [Line(start, start + rng.uniform(0.1, 9), "a") for start in starts]
    shown = [(start, end, row) for _, start, end, row in arranged(lines, 60.0)]
    for time in np.linspace(0, 60, 997):
        rows = [row for start, end, row in shown if start < time < end]
        assert len(rows) == len(set(rows)) <= 2
    many = [Line(1.0, 9.0, "x")] * 20_000
    assert sum(1 for _ in arranged(many, 60.0)) <= 2


def test_a_part_of_a_song_shows_what_is_sung_there(tmp_path: Path) -> None:
    song = Song(tmp_path / "a.wav", 1000, 1, 60_000, 20_000, 10_000)
    lines = (Line(5, 9, "before"), Line(18, 22, "in"), Line(25, 26, "later", ((25.5, "later"),)))
    script = compose(Words(lyrics="x"), song, Tags(), lines, SIZE)
    assert [(line.start, line.end) for line in script.lines] == [(-2, 2), (5, 6)]
    assert script.lines[1].words == ((5.5, "later"),)
    assert not compose(Words(show_title="all"), song, Tags(), (), SIZE)
    # What began before is there at once.
    assert inked(draw(GREY, script, 0.0))
    tags, lock = Tags("T", "A"), Lock("1/4", bpm=120, beat=0.5)
    for show, seconds in (("5", 5.0), ("all", None), ("bar", 4.5), ("2.5", 2.5)):
        told = compose(Words(show_title=show), song, tags, (), SIZE, lock).title
        assert told and told.seconds == pytest.approx(seconds)


def test_a_title_that_is_too_long_is_smaller_or_in_two_rows() -> None:
    assert fitting("Short", BOLD, 50, 500) == 1
    text = "Title of thirty letters or so"
    wide = width(text, BOLD, 50)
    assert fitting(text, BOLD, 50, 0.8 * wide) == pytest.approx(0.8)
    assert 0.4 <= fitting(text, BOLD, 50, wide / 3) < 0.85


def test_the_fonts_are_what_the_code_says_of_them() -> None:
    for name in (BOLD, PLAIN):
        font = TTFont(FONTS / f"{name.replace(' ', '-')}.otf")
        table = font["OS/2"]
        assert font["name"].getDebugName(1) == name
        assert table.usWeightClass == 400
        assert font["head"].unitsPerEm / (table.usWinAscent + table.usWinDescent) == pytest.approx(
            EM, abs=1e-3
        )
        known = font.getBestCmap()
        for low, high in _COVERED:
            lacking = [c for c in range(low, high + 1) if c not in known and clean(chr(c), 9)]
            assert not [hex(c) for c in lacking if not 0x200B <= c <= 0x200F]
    assert sum(path.stat().st_size for path in FONTS.iterdir()) < 500_000
    assert "SIL OPEN FONT LICENSE" in (FONTS / "OFL.txt").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems find fonts without fontconfig")
def test_letters_that_no_font_has_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = "Gr\xfc\xdfe \u039a\u03b1\u03b9 \u0421\u0432\u0435\u0442 3\u20ac \u201c\u2026\u201d"
    assert letters_of([Line(0, 1, f"{known}\n漢")]) == "漢"
    (tmp_path / "none.conf").write_text("<fontconfig></fontconfig>")
    monkeypatch.setenv("FONTCONFIG_FILE", str(tmp_path / "none.conf"))
    _missing.cache_clear()
    assert missing("ع漢🙂") == "ع漢🙂"
    assert missing("") == "" == missing("A")
    _missing.cache_clear()
    assert lacking_told("漢").startswith("No font of this machine has 漢, and boxes are drawn")
    assert len(lacking_told("".join(map(chr, range(0x4E00, 0x5E00))))) < 300


@pytest.mark.parametrize("seconds", [None, 1.5])
def test_a_loop_ends_as_it_begins(seconds: float | None) -> None:
    """What is written takes no greater step from the last frame to the first than elsewhere."""
    title = Title("Title", "Artist", seconds, "lower-left")
    lines = (Line(-1.0, 1.0, "first"), Line(2.0, 9.0, "last"))
    script = Script(WIDE, 3.0, title, lines, "centre", loop=True)
    frames = [draw(GREY, script, number / 10).astype(int) for number in range(30)]
    steps = [np.abs(b - a).mean() for a, b in pairwise([*frames, frames[0]])]
    assert steps[-1] <= max(steps[:-1])
    if seconds is None:
        assert np.array_equal(frames[0][240:], frames[-1][240:])
    assert np.abs(frames[0] - frames[5]).max() > 60
