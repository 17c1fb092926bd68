"""Words of a prompt that count more or less."""

from __future__ import annotations

import time

import pytest

from musvid import Recipe, Style
from musvid.errors import SettingsError
from musvid.music.story import Story
from musvid.paint import emphasis, prompts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("a nebula, glowing", (("a nebula, glowing", 1.0),)),
        ("a (nebula:1.3) of glass", (("a ", 1.0), ("nebula", 1.3), (" of glass", 1.0))),
        ("(nebula)", (("nebula", 1.1),)),
        ("[nebula]", (("nebula", 1 / 1.1),)),
        ("((nebula))", (("nebula", 1.1 * 1.1),)),
        ("[(nebula)]", (("nebula", 1 / 1.1 * 1.1),)),
        ("(glass (blue:2):0.5)", (("glass ", 0.5), ("blue", 1.0))),
        ("(a b: 1.5 )c", (("a b", 1.5), ("c", 1.0))),
        ("(a:+.5)", (("a", 0.5),)),
        ("(a:-1)", (("a", -1.0),)),
        ("(a:0)", (("a", 0.0),)),
        # Signs that are letters.
        (r"smile \(blue\) \[x\] \\", ((r"smile (blue) [x] " + "\\", 1.0),)),
        (r"(a \(b\):2)", (("a (b)", 2.0),)),
        ("back\\slash", (("back\\slash", 1.0),)),
        # What is no weight.
        ("a:1.3", (("a:1.3", 1.0),)),
        ("a:1.3) b", (("a:1.3) b", 1.0),)),
        ("16:9", (("16:9", 1.0),)),
        ("(16:9)", (("16:9", 1.1),)),
        ("wide (2.35:1) glass", (("wide ", 1.0), ("2.35:1", 1.1), (" glass", 1.0))),
        ("(ratio 16:9)", (("ratio 16", 9.0),)),
        ("(a:1.2.3)", (("a:1.2.3", 1.1),)),
        ("(a:b)", (("a:b", 1.1),)),
        # Halves.
        ("(a b", (("(a b", 1.0),)),
        ("a) b]", (("a) b]", 1.0),)),
        ("(sad :[ face)", (("sad :[ face", 1.1),)),
        ("[sad (x]", (("sad (x", 1 / 1.1),)),
        ("()", ()),
    ],
)
def test_pieces_and_weights(text: str, found: emphasis.Pieces) -> None:
    if "ratio" in text:
        with pytest.raises(SettingsError, match="weight of 'ratio 16'"):
            emphasis.parse(text)
        return
    assert emphasis.parse(text) == found
    assert emphasis.plain(text) == "".join(piece for piece, _ in found)
    assert emphasis.weighs(text) == any(weight != 1 for _, weight in found)


@pytest.mark.parametrize("text", ["(a:4.1)", "(a:-5)", "(" * 20 + "a" + ")" * 20, "(" * 9999])
def test_weights_have_a_range(text: str) -> None:
    if text.endswith("("):
        assert emphasis.plain(text) == text, "no weight at all"
        return
    with pytest.raises(SettingsError, match="from -4 to 4"):
        emphasis.parse(text)
    with pytest.raises(SettingsError, match="from -4 to 4"):
        Style(prompt=text)
    with pytest.raises(SettingsError, match="from -4 to 4"):
        Style(negative_prompt=text)
    with pytest.raises(SettingsError, match="from -4 to 4"):
        Story.parse(f"A: {text}")


@pytest.mark.parametrize("text", ["(" * 5000 + ")" * 5000, "[" * 5000 + ")" * 5000, "(a" * 3333])
def test_a_text_full_of_brackets_is_read_at_once(text: str) -> None:
    start = time.process_time()  # others may keep the machine busy
    emphasis.parse(text)
    assert time.process_time() - start < 2


def test_a_weight_is_no_time() -> None:
    for text in ("(16:9) nebula", "(nebula:1.3)", "(0:08) nebula", "a (b:1.30) | (c:0.50) d"):
        assert prompts.parse(text) == ((0.0, text),)
    assert prompts.parse("0:00 (nebula:1.3) | 0:08 [crystal] (16:9)") == (
        (0.0, "(nebula:1.3)"),
        (8.0, "[crystal] (16:9)"),
    )


def test_a_story_has_weights() -> None:
    told = Story.parse("A: violet (nebula:1.3); view tunnel | B: [crimson] flames; strength 0.5")
    assert told.prompts == ["violet (nebula:1.3)", "[crimson] flames"]
    assert Story.parse(str(told)) == told


def test_the_small_vocabulary_is_read_without_the_signs() -> None:
    style = Style(prompt="(zeppelin:1.3) [teal] (gold:2) nebula", model="sketch")
    assert style.ignored() == ["zeppelin"]
    long = " ".join(f"({word}:1.2)" for word in ["teal", "gold"] * 7)
    assert Style(prompt=long).remarks() == []
    (said,) = Style(prompt=f"{long} [nebula]").remarks()
    assert said.endswith("'nebula'")
    assert Recipe(style=style).remarks()
