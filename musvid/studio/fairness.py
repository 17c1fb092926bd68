"""Who of those that wait is served next, and who is asked to come again.

One visitor who asks for much must not close the page for the others: whoever was served longest
ago is next, whatever the order in which they came, and nobody fills the queue alone.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

_REMEMBERED = 10_000  # visitors whose last turn is known


@dataclass(frozen=True)
class Ticket:
    """Whose work it is.

    visitor: one page, or one program. house: the address that they share with others, perhaps;
        None where it says nothing, as on this machine.
    """

    visitor: str
    house: str | None = None

    @property
    def home(self) -> str:
        """The house, or the visitor where there is none."""
        return self.house or self.visitor


@dataclass(frozen=True)
class Rule:
    """How much of one kind of work there may be.

    what: its name, for a sentence. running: of one visitor, at a time. own: of one visitor, running
    and waiting. house: waiting from one address. total: waiting in all.
    """

    what: str
    running: int
    own: int
    house: int
    total: int

    def refusal(
        self, new: Ticket, waiting: Sequence[Ticket], running: Sequence[Ticket]
    ) -> str | None:
        """Why work cannot be taken, as a sentence; None where it can."""
        own = sum(each.visitor == new.visitor for each in (*waiting, *running))
        if own >= self.own:
            return f"{self.own} {self.what} of yours are not finished yet; wait for one of them."
        if new.house and sum(each.house == new.house for each in waiting) >= self.house:
            return (
                f"{self.house} {self.what} from your address are waiting already; try again later."
            )
        if len(waiting) >= self.total:
            return f"{self.total} {self.what} are waiting already; try again later."
        return None


class Turns:
    """Who had their turn when."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, int] = OrderedDict()
        self._count = 0

    def take(self, rule: Rule, waiting: Sequence[Ticket], running: Sequence[Ticket]) -> int | None:
        """The place in the queue of who is next, whose turn is noted; None where all must wait.

        That is, of those who have less running than the rule allows: who belongs to the house with
        the least running, then to the one that was served longest ago; and so within the house.
        """
        visitors = Counter(each.visitor for each in running)
        homes = Counter(each.home for each in running)
        ready = [
            (
                homes[each.home],
                self._last.get("home " + each.home, 0),
                visitors[each.visitor],
                self._last.get(each.visitor, 0),
                place,
            )
            for place, each in enumerate(waiting)
            if visitors[each.visitor] < rule.running
        ]
        if not ready:
            return None
        place = min(ready)[-1]
        self._count += 1
        for name in (waiting[place].visitor, "home " + waiting[place].home):
            self._last[name] = self._count
            self._last.move_to_end(name)
        while len(self._last) > _REMEMBERED:
            self._last.popitem(last=False)
        return place
