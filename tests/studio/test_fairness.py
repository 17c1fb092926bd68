"""The rule of the queue: nobody fills it, and whoever was served longest ago is next."""

from __future__ import annotations

from musvid.studio.fairness import Rule, Ticket, Turns

RENDERS = Rule("renders", running=1, own=2, house=4, total=6)
LIGHT = Rule("questions", running=2, own=50, house=100, total=100)


def serve(rule: Rule, waiting: list[Ticket], running: list[Ticket] | None = None) -> list[Ticket]:
    """In which order everybody is served when one thing is done at a time."""
    turns, waiting, order = Turns(), list(waiting), []
    while (place := turns.take(rule, waiting, running or [])) is not None:
        order.append(waiting.pop(place))
    return order


def test_one_runs_and_one_waits_and_the_third_is_refused() -> None:
    one, other = Ticket("one"), Ticket("other")
    assert RENDERS.refusal(one, [], []) is None
    assert RENDERS.refusal(one, [], [one]) is None
    told = RENDERS.refusal(one, [one], [one])
    assert told == "2 renders of yours are not finished yet; wait for one of them."
    assert RENDERS.refusal(other, [one], [one]) is None


def test_neither_a_house_nor_all_together_wait_without_end() -> None:
    house = [Ticket(f"session {index}", "192.0.2.1") for index in range(5)]
    assert RENDERS.refusal(house[4], house[:3], []) is None
    assert "from your address" in str(RENDERS.refusal(house[4], house[:4], []))
    assert RENDERS.refusal(Ticket("honest", "192.0.2.2"), house[:4], []) is None
    many = [Ticket(f"session {index}") for index in range(6)]
    assert "6 renders are waiting" in str(RENDERS.refusal(Ticket("late"), many, []))


def test_visitors_take_turns_whatever_one_of_them_sends() -> None:
    much, one, other = Ticket("much"), Ticket("one"), Ticket("other")
    order = serve(LIGHT, [much] * 5 + [one, other] * 2)
    assert order == [much, one, other, much, one, other, much, much, much]


def test_sessions_of_one_address_are_one_house() -> None:
    hostile = [Ticket(f"session {index}", "192.0.2.1") for index in range(20)]
    honest = [Ticket("one", "192.0.2.2"), Ticket("other", "192.0.2.3")]
    order = serve(RENDERS, [*hostile, *honest])
    assert max(map(order.index, honest)) <= 2


def test_nobody_has_more_running_than_the_rule_allows() -> None:
    much, one = Ticket("much"), Ticket("one")
    assert Turns().take(LIGHT, [much] * 9, [much] * 2) is None
    assert Turns().take(LIGHT, [much] * 9 + [one], [much] * 2) == 9
    assert Turns().take(LIGHT, [], []) is None
