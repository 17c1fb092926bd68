"""The script by which libass draws words: Advanced SubStation Alpha, in pixels of the picture.

What a user wrote stands in it as the text of events, where nothing of it is a command (see
`musvid.words.letters`). Every text is drawn twice: a soft shadow, and the letters above it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from .layout import Layout
from .letters import BOLD, EM, PLAIN, clean, covered, escaped, width
from .lines import Line

_LETTERS = 160  # of a line of lyrics, of a title and of a name
_AT_ONCE = 2  # lines of lyrics
_ROWS = 3  # in one of them

_TITLE_FADE = 0.6  # seconds
_FADE_IN, _FADE_OUT = 0.25, 0.4
_EARLY = 0.2  # seconds before a line is sung: it can be read when its time comes
_LEAST = 0.62  # of a title's size, at which it is one line rather than two
_DRIFT = 0.006  # of the unit, a second
_FARTHEST = 0.05  # of the unit
_UNSUNG, _SUNG = 0x74, 0x24  # how transparent words are, before and behind
_GLOW = 0.12  # seconds in which a word lights up
_WAYS = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0)}

_HEAD = """\
[Script Info]
ScriptType: v4.00+
PlayResX: {width}
PlayResY: {height}
WrapStyle: 0
ScaledBorderAndShadow: yes
YCbCr Matrix: None

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, \
Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Words,{font},40,&H00FFFFFF,&H00FFFFFF,&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,0,0,2,0,0,\
0,-1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


@dataclass(frozen=True)
class Title:
    """A song's title and artist, of which one may be "", and the seconds for which they are shown,
    from the video's beginning on; None is all the time."""

    title: str
    artist: str
    seconds: float | None
    place: str


@dataclass(frozen=True)
class Script:
    """What is written on a video. Its times are seconds from the video's beginning.

    layout: of the picture. seconds: how long the video is. title: without one, there is none.
    lines, place: lyrics, and where they stand. direction: in which texture drifts, "" where it does
    not. loop: whether the video's end flows into its beginning: then everything fades at both, and
    what is shown all the time stands still.
    """

    layout: Layout
    seconds: float
    title: Title | None = None
    lines: tuple[Line, ...] = ()
    place: str = "lower"
    direction: str = ""
    loop: bool = False

    def __bool__(self) -> bool:
        return bool(self.lines or (self.title and (self.title.title or self.title.artist)))

    def on(self, width: int, height: int) -> Script:
        """The same script for pictures of another size."""
        return replace(self, layout=replace(self.layout, width=width, height=height))

    def shows(self, time: Fraction | float) -> bool:
        """Whether anything of it is seen at a moment of the video."""
        long = self.seconds if self.title is None or self.title.seconds is None else None
        until = (long or self.title.seconds or 0.0) if self.title else 0.0
        lines = any(line.start - _EARLY <= time <= line.end for line in self.lines)
        return lines or time <= until

    def __str__(self) -> str:
        head = _HEAD.format(width=self.layout.width, height=self.layout.height, font=BOLD)
        return head + "".join(f"{event}\n" for event in self._events())

    def _events(self) -> Iterator[str]:
        if self.title:
            yield from self._titled(self.title)
        for line, start, end, row in arranged(self.lines, self.seconds):
            yield from self._sung(line, start, end, row)

    def _titled(self, told: Title) -> Iterator[str]:
        layout, title, artist = self.layout, clean(told.title, 120), clean(told.artist, 120)
        if not title and not artist:
            return
        end = self.seconds if told.seconds is None else min(told.seconds, self.seconds)
        place = told.place
        below = place.startswith("lower") and self.place == "lower"
        if below and any(line.start - _EARLY < end and line.end > 0 for line in self.lines):
            place = place.replace("lower", "upper")  # where it is in no lyrics' way
        rows = []
        if title:
            em = layout.title * fitting(title, BOLD, layout.title, layout.room(place))
            title = broken(title, BOLD, em, layout.room(place))
            rows.append(f"{{{_font(BOLD, em)}\\fsp{-0.012 * em:.2f}}}{escaped(title)}")
        always = self.loop and told.seconds is None
        if title and artist:
            rows.append(_rule(layout, grows=not always))
        if artist:
            em = layout.artist * fitting(artist, PLAIN, layout.artist, layout.room(place))
            artist = broken(artist, PLAIN, 1.05 * em, layout.room(place))
            rows.append(f"{{{_font(PLAIN, em)}\\fsp{0.045 * em:.2f}}}{escaped(artist)}")
        fade = 0.0 if always else min(_TITLE_FADE, end / 3)
        ends = self.loop or end < self.seconds - 0.05
        final = fade if told.seconds is not None and ends else 0.0
        yield from self._drawn(place, 0.0, end, (fade, final), "\\N".join(rows), layout.title)

    def _sung(self, line: Line, start: float, end: float, row: int) -> Iterator[str]:
        layout = self.layout
        em, room = layout.lyrics, layout.room(self.place)
        cleaned = [clean(text, _LETTERS) for text in line.text.split("\n")[:_ROWS]]
        rows = [broken(text, BOLD, em, room) for text in cleaned if text]
        plain = "\\N".join(map(escaped, rows))
        if not plain:
            return
        before = min(start, 0.0)  # a part of the song begins in the middle of a line
        start = max(start, 0.0)
        length = end - start
        fades = (
            min(_FADE_IN, length / 3) if self.loop or not before else 0.0,
            min(_FADE_OUT, length / 3) if self.loop or end < self.seconds else 0.0,
        )
        # Letters must stand where their shadow does: words of a line that was cut are not lit.
        alike = (
            " ".join(clean(word, _LETTERS) for _, word in line.words).split()
            == " ".join(rows).split()
        )
        lit = _lit(line.words, start) if line.words and alike else plain
        head = f"{{{_font(BOLD, em)}}}"
        yield from self._drawn(
            self.place, start, end, fades, head + plain, em, lit=head + lit, row=row
        )

    def _drawn(
        self,
        place: str,
        start: float,
        end: float,
        fades: tuple[float, float],
        text: str,
        em: float,
        *,
        lit: str = "",
        row: int = 0,
    ) -> Iterator[str]:
        """Two events, shadow and letters. em: of the largest letters. lit: the text of the letters,
        where it is another one than the shadow's. row: of lyrics, from the outermost one on."""
        number, x, y = self.layout.anchor(place)
        y += row * 2.6 * em * (1 if number > 6 else -1)
        way = self._way(x, y, end - start)
        room = self.layout.room(place)
        # Margins say where lines are broken, also of what stands at a point.
        across = self.layout.width
        margins = f"{round(across - room) // 2},{round(across - room) // 2},0"
        if number in (1, 4, 7):
            margins = f"{round(x)},{round(across - room - x)},0"
        head = f"0,{_time(start)},{_time(end)},Words,,{margins},,"
        into, out = (round(1000 * each) for each in fades)
        tags = f"\\an{number}{way}\\fad({into},{out})"
        wide = f"\\bord{0.09 * em:.2f}\\blur{0.3 * em:.2f}\\1a&H68&\\3a&H68&\\1c&H000000&"
        yield f"Dialogue: {head}{{{tags}{wide}}}{text}"
        near = f"\\bord0\\blur{0.045 * em:.2f}\\1a&H60&\\1c&H000000&"
        yield f"Dialogue: {head}{{{tags}{near}}}{text}"
        yield f"Dialogue: 1{head[1:]}{{{tags}\\blur0.4}}{lit or text}"

    def _way(self, x: float, y: float, seconds: float) -> str:
        """Where a text is, or from where to where it drifts: through its place at half its time."""
        outward = -1 if y < self.layout.height / 2 else 1
        ways = {**_WAYS, "outward": (0, outward), "inward": (0, -outward)}
        across, down = ways.get(self.direction, (0, 0))
        far = min(_DRIFT * seconds, _FARTHEST) * self.layout.unit / 2
        if not far or not (across or down):
            return f"\\pos({x:.2f},{y:.2f})"
        ends = (x - far * across, y - far * down, x + far * across, y + far * down)
        return f"\\move({','.join(f'{end:.2f}' for end in ends)})"


def letters_of(lines: Iterable[Line], others: Iterable[str] = ()) -> str:
    """Every letter of some texts that the fonts that ship may not have, once."""
    texts = {*others, *(line.text for line in lines)}
    found = {each for text in texts for each in clean(text, _ROWS * _LETTERS)}
    return "".join(sorted(each for each in found if not covered(each)))


def arranged(lines: Iterable[Line], seconds: float) -> Iterator[tuple[Line, float, float, int]]:
    """Lines with the time for which each is shown, and in which row: none over another one.

    seconds: of the video. Of more lines at a time than there are rows, the one that would end first
    gives way.
    """
    shown: list[list[float]] = []  # begin, end, row
    rows: list[list[float] | None] = [None] * _AT_ONCE  # the last line of each
    kept = sorted(lines, key=lambda line: line.start)
    for line in kept:
        start = line.start - _EARLY
        free = [last is None or last[1] - _EARLY <= start + 1e-6 for last in rows]
        row = free.index(True) if any(free) else 0
        if not any(free):
            row = min(range(_AT_ONCE), key=lambda each: (rows[each] or [0.0, 0.0])[1])
        for number, last in enumerate(rows):  # whoever comes right behind another takes its place
            if last is not None and (number == row or free[number]):
                last[1] = min(last[1], start)
        entry = [start, line.end, float(row)]
        rows[row] = entry
        shown.append(entry)
    for line, (start, end, place) in zip(kept, shown, strict=True):
        end = min(end, seconds)
        if end > max(start, 0.0) + 0.02:
            yield line, start, end, int(place)


def _lit(words: Sequence[tuple[float, str]], start: float) -> str:
    """Words of which each lights up at its time. start: of the event."""
    said = []
    ends = [*(time for time, _ in words[1:]), words[-1][0] + 1.0]
    for (time, word), end in zip(words, ends, strict=True):
        on, off = (round(1000 * (each - start)) for each in (time, max(end, time + _GLOW)))
        rise, fall = round(1000 * _GLOW), round(2000 * _GLOW)
        first = _UNSUNG if on > -rise else _SUNG
        tags = f"\\1a&H{first:02X}&"
        if on > -rise:
            tags += f"\\t({on - rise // 2},{on + rise // 2},\\1a&H00&)"
        if off > -fall:
            tags += f"\\t({off},{off + fall},\\1a&H{_SUNG:02X}&)"
        text = clean(word, _LETTERS)
        space = " " if word.endswith(" ") else ""
        said.append(f"{{{tags}}}{escaped(text)}{space}")
    return "".join(said)


def _rule(layout: Layout, *, grows: bool) -> str:
    """A short line between title and artist, as a row of its own, which may grow at first."""
    across, down, room = 1.1 * layout.title, max(2.0, 0.045 * layout.title), 0.3 * layout.title
    points = f"m 0 {room:.1f} l {across:.1f} {room:.1f} {across:.1f} {room + down:.1f} 0 "
    points += f"{room + down:.1f} m 0 {2.1 * room + down:.1f} l 0 {2.1 * room + down:.1f}"
    way = "\\fscx0\\t(150,1100,0.5,\\fscx100)" if grows else ""
    return f"{{{way}\\p1}}{points}{{\\p0\\fscx100}}"


def broken(text: str, font: str, em: float, room: float) -> str:
    """A text with spaces in words that are wider than some room, as those of Chinese are, or of
    nonsense: libass begins rows behind spaces only."""
    made = []
    for word in text.split(" "):
        wide = width(word, font, em) / (0.95 * room)
        step = max(1, math.ceil(len(word) / max(1, math.ceil(wide))))
        made += [word[first : first + step] for first in range(0, len(word), step)]
    return " ".join(made)


def fitting(text: str, font: str, em: float, room: float) -> float:
    """By how much a text is made smaller so that it is one line in some room, or else two."""
    wide = width(text, font, em)
    if wide <= room:
        return 1.0
    if room / wide >= _LEAST:
        return room / wide
    return max(0.4, min(0.85, 1.75 * room / wide))


def _font(font: str, em: float) -> str:
    return f"\\fn{font}\\fs{em / EM:.2f}"


def _time(seconds: float) -> str:
    hundredths = max(0, round(100 * seconds))
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest // 100:02d}.{rest % 100:02d}"
