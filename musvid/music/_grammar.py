"""The grammar of curves: a parser by recursive descent, see `musvid.music.curves`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from ..errors import SettingsError, quoted
from ..ranges import DAY
from . import _nodes as nodes
from ._nodes import Node

_UNITS = {"s": "seconds", "beat": "beats", "beats": "beats", "bar": "bars", "bars": "bars"}
_MOST = 500  # signs and functions, as a curve is evaluated by recursion
_DEEPEST = 50  # brackets in brackets
_TOKEN = re.compile(
    r"""\s*(?:
        (?P<bar>b[0-9]{1,6}(?:\.[0-9]{1,3})?(?=\s*:))
      | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*\#?)
      | (?P<of>@[A-Za-z0-9_\#-]+)
      | (?P<sign>\*\*|[-+*/%^(),:])
    )""",
    re.VERBOSE | re.ASCII,
)


def expression(
    text: str, variables: frozenset[str] | None = None, offset: int = 0, whole: str | None = None
) -> Node:
    """What a text says.

    variables: names that stand for numbers which change, of an expression that reads no song. By
        default it is `t`, the time in seconds, and any other name is a source.
    offset, whole: columns of what stands before the text, and the text with that, for errors.

    Raises SettingsError, which names the column, for a text that says nothing.
    """
    return _Parser(text, variables, offset, text if whole is None else whole).everything()


@dataclass(frozen=True)
class _Token:
    kind: str  # bar, number, name, of, sign, or end
    text: str
    column: int


class _Parser:
    """A parser by recursive descent: keyframes, sums, products, powers, atoms."""

    def __init__(
        self, text: str, variables: frozenset[str] | None, offset: int, whole: str
    ) -> None:
        self._text, self._variables, self._offset, self._whole = text, variables, offset, whole
        self._tokens = list(self._split())
        self._place = self._depth = self._made = 0

    def everything(self) -> Node:
        """What the whole text says."""
        if self._now.kind == "end":
            self._fail("nothing is there; write a number, a source such as kick:0.3, or keyframes")
        node = self._level()
        if self._now.kind != "end":
            self._fail(f"{quoted(self._now.text)} does not belong here")
        return node

    def _split(self) -> Iterator[_Token]:
        place = 0
        while found := _TOKEN.match(self._text, place):
            kind = found.lastgroup
            assert kind
            yield _Token(kind, found[kind], found.start(kind) + 1)
            place = found.end()
        rest = self._text[place:].lstrip()
        column = len(self._text) - len(rest) + 1
        if rest:
            self._fail(f"{quoted(rest[0])} means nothing here", column)
        yield _Token("end", "", column)

    @property
    def _now(self) -> _Token:
        return self._tokens[self._place]

    def _ahead(self, steps: int) -> _Token:
        return self._tokens[min(self._place + steps, len(self._tokens) - 1)]

    def _next(self) -> _Token:
        token = self._now
        self._place = min(self._place + 1, len(self._tokens) - 1)
        return token

    def _takes(self, *signs: str) -> str:
        """The sign that comes next, if it is one of these; else an empty text."""
        if self._now.kind == "sign" and self._now.text in signs:
            return self._next().text
        return ""

    def _wants(self, sign: str) -> None:
        if not self._takes(sign):
            there = quoted(self._now.text) if self._now.text else "the end"
            self._fail(f"{quoted(sign)} is missing before {there}")

    def _fail(self, why: str, column: int | None = None) -> NoReturn:
        column = self._now.column if column is None else column
        shown = self._whole if len(self._whole) <= 60 else f"{self._whole[:57]}..."
        raise SettingsError(f"In the curve {quoted(shown)}, column {column + self._offset}: {why}.")

    def _level(self) -> Node:
        """Keyframes, or a sum."""
        self._deeper()
        node = self._keyframes() if self._timed else self._sum()
        self._depth -= 1
        return node

    def _deeper(self) -> None:
        if self._depth == _DEEPEST:
            self._fail(f"there are more than {_DEEPEST} brackets in brackets")
        self._depth += 1

    @property
    def _timed(self) -> bool:
        """Whether keyframes begin here."""
        return self._now.kind == "bar" or (
            self._now.kind == "number" and self._ahead(1).text == ":"
        )

    def _sum(self) -> Node:
        node = self._product()
        while sign := self._takes("+", "-"):
            node = self._binary(sign, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._signed()
        while sign := self._takes("*", "/", "%"):
            node = self._binary(sign, node, self._signed())
        return node

    def _binary(self, sign: str, left: Node, right: Node) -> Node:
        self._made += 1
        if self._made > _MOST:
            self._fail(f"there are more than {_MOST} signs")
        return nodes.Binary(sign, left, right)

    def _signed(self) -> Node:
        minus = False
        while sign := self._takes("-", "+"):
            minus ^= sign == "-"
        node = self._power()
        return nodes.Binary("-", nodes.Number(0.0), node) if minus else node

    def _power(self) -> Node:
        node = self._atom()
        if self._takes("**", "^"):
            self._deeper()
            node = nodes.Binary("^", node, self._signed())
            self._depth -= 1
        return node

    def _atom(self) -> Node:
        token = self._now
        if self._takes("("):
            node = self._level()
            self._wants(")")
            return node
        if token.kind == "number":
            return nodes.Number(self._number())
        if token.kind != "name":
            there = quoted(token.text) if token.text else "the end"
            self._fail(f"a number or a source is missing before {there}")
        self._next()
        if self._now.text == "(":
            return self._call(token)
        if token.text in (self._variables or {"t"}):
            return nodes.Variable(token.text)
        if token.text in nodes.CONSTANTS:
            return nodes.Number(nodes.CONSTANTS[token.text])
        if self._variables:
            known = ", ".join(sorted(self._variables))
            self._fail(f"there is no variable {quoted(token.text)}, only {known}", token.column)
        return self._source(token)

    def _source(self, token: _Token) -> Node:
        of = self._next().text[1:] if self._now.kind == "of" else ""
        node: Node = nodes.Source(token.text, of, token.column + self._offset)
        numbers: list[float] = []
        while len(numbers) < 2 and self._takes(":"):
            numbers.append(self._number())
        if len(numbers) == 2:
            node = nodes.Smooth(node, self._seconds(numbers[1], token.column))
        return nodes.Binary("*", node, nodes.Number(numbers[0])) if numbers else node

    def _number(self) -> float:
        """A number, with a sign before it or without."""
        minus = False
        while sign := self._takes("-", "+"):
            minus ^= sign == "-"
        token = self._next()
        if token.kind != "number":
            self._fail("a number is missing here", token.column)
        value = float(token.text)
        if value > nodes.LARGEST:
            self._fail(f"{quoted(token.text[:20])} is too large", token.column)
        return -value if minus else value

    def _seconds(self, value: float, column: int) -> float:
        if not 0 <= value <= nodes.SLOWEST:
            self._fail(f"a time to smooth over is 0 to {nodes.SLOWEST} seconds", column)
        return value

    def _call(self, name: _Token) -> Node:
        """A function. The name was read, and its bracket is next."""
        self._wants("(")
        if name.text == "lfo":
            return self._oscillator()
        known: dict[str, tuple[int, int | None]] = {
            **dict.fromkeys(nodes.FUNCTIONS, (1, 1)),
            "min": (2, None),
            "max": (2, None),
            "clip": (3, 3),
            "smooth": (2, 2),
            "env": (3, 3),
        }
        if name.text not in known:
            self._fail(
                f"there is no function {quoted(name.text)}; there are lfo, "
                f"{', '.join(sorted(known))}",
                name.column,
            )
        given = [self._level_of_call()]
        while self._takes(","):
            given.append(self._level_of_call())
        self._wants(")")
        least, most = known[name.text]
        if len(given) < least or (most is not None and len(given) > most):
            much = f"{least}" if least == most else f"{least} or more"
            self._fail(f"{name.text} takes {much} values, not {len(given)}", name.column)
        if name.text == "smooth":
            return nodes.Smooth(given[0], self._fixed(given[1], name))
        if name.text == "env":
            return nodes.Envelope(given[0], *(self._fixed(each, name) for each in given[1:]))
        if name.text in nodes.FUNCTIONS:
            return nodes.Function(name.text, given[0])
        return nodes.Several(name.text, tuple(given))

    def _level_of_call(self) -> Node:
        """One value of a function, in which keyframes need brackets of their own."""
        if self._timed:
            self._fail("keyframes inside a function stand in brackets, as in max((0:0, 8:1), kick)")
        self._deeper()
        node = self._sum()
        self._depth -= 1
        return node

    def _fixed(self, node: Node, name: _Token) -> float:
        if node.constant is None:
            self._fail(f"the seconds of {name.text} must be a number", name.column)
        return self._seconds(node.constant, name.column)

    def _oscillator(self) -> Node:
        """``lfo(PERIOD, SHAPE, AMOUNT[, PHASE])``; its first bracket was read."""
        column = self._now.column
        length = self._number()
        if self._takes("/"):
            length /= self._number() or 1.0
        unit = "notes"
        if self._now.kind == "name":
            word = self._next()
            units = {
                "s": "seconds",
                "bar": "bars",
                "bars": "bars",
                "beat": "beats",
                "beats": "beats",
            }
            if word.text not in units:
                self._fail(
                    "a period is notes such as 1/2, or has s, beats or bars behind it", word.column
                )
            unit = units[word.text]
        if not 0 < length <= DAY:
            self._fail("a period must be above 0", column)
        self._wants(",")
        shape = self._next()
        if shape.text not in nodes.SHAPES:
            self._fail(f"the shapes are {', '.join(nodes.SHAPES)}", shape.column)
        amount, phase = 1.0, 0.0
        if self._takes(","):
            amount = self._number()
        if self._takes(","):
            phase = self._number()
        self._wants(")")
        wave: Node = nodes.Oscillator(length, unit, shape.text, phase)
        return nodes.Binary("*", wave, nodes.Number(amount))

    def _keyframes(self) -> Node:
        keys: list[nodes.Key] = []
        while True:
            column = self._now.column
            key = self._key()
            if keys and not key.in_bars and not keys[-1].in_bars and key.time <= keys[-1].time:
                self._fail("the times of keyframes must rise", column)
            keys.append(key)
            if not self._takes(","):
                return nodes.Keyframes(tuple(keys))

    def _key(self) -> nodes.Key:
        token = self._next()
        if token.kind == "bar":
            bar, _, beat = token.text[1:].partition(".")
            if int(bar) < 1 or beat == "0":
                self._fail("bars and their beats are counted from 1", token.column)
            time, in_bars = float(int(bar) - 1), True
            beats = int(beat or 1) - 1
            self._wants(":")
        elif token.kind == "number":
            self._wants(":")
            time, in_bars, beats = float(token.text), False, 0
            # What has colons behind it is a time, too: 1:30:0.5 is 0.5 at 1:30.
            while self._now.kind == "number" and self._ahead(1).text == ":":
                time = 60 * time + float(self._next().text)
                self._next()
            if time > DAY:
                self._fail(f"times lie within {DAY // 3600} hours", token.column)
        else:
            self._fail("a keyframe is missing here, such as 8:0.9", token.column)
        value, easing = self._number(), "linear"
        if self._now.kind == "name":
            word = self._next()
            if word.text not in nodes.EASINGS:
                self._fail(f"a keyframe is reached by {', '.join(nodes.EASINGS)}", word.column)
            easing = word.text
        return nodes.Key(time, value, easing, in_bars, beats)
