"""Looks by chance."""

from __future__ import annotations

from random import Random

from musvid.paint import words
from musvid.presets.surprise import colours, surprise
from musvid.ranges import RANGES
from musvid.view.settings import KINDS


def test_a_surprise_is_a_look_that_can_be_rendered_with_what_is_here() -> None:
    looks = [surprise(seed).resolve() for seed in range(300)]
    for look in looks:
        assert look.style.model == "sketch"  # which is embedded
        assert look.remarks() == []  # every word is known, and read
        assert look.style.strength is not None and 0.5 <= look.style.strength <= 0.8
        assert 0 < (look.drift.speed or 0) <= 110 and look.drift.morph <= 0.2  # gently
        flat = look.flat()
        for name, ends in RANGES.items():
            if isinstance(flat.get(name), float):  # what the page's sliders can show
                assert ends.slider[0] <= flat[name] <= ends.slider[1], name
        assert (look.start, look.duration, look.form, bool(look.lock)) == (0, None, "auto", False)
    assert {look.view.kind for look in looks} == set(KINDS)
    prompts = [look.style.prompt or "" for look in looks]
    for known in (words.STYLES, words.COLOURS):
        assert all(any(word in prompt for prompt in prompts) for word in known)
    modified = [any(word in prompt.split() for word in words.MODIFIERS) for prompt in prompts]
    assert 0.2 < sum(modified) / len(modified) < 0.6


def test_the_same_seed_is_the_same_look() -> None:
    assert surprise(7) == surprise(7)
    assert len({str(surprise(seed)) for seed in range(50)}) == 50


def test_two_colours_differ_and_do_not_quarrel() -> None:
    pairs = {colours(Random(seed)) for seed in range(2000)}
    assert all(one != other for one, other in pairs)
    assert ("crimson", "lime") not in pairs  # a quarter of the circle apart
    assert {("blue", "gold"), ("teal", "pink")} & pairs
