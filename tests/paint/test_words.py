"""The words that sketch knows, and those that it does not."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from musvid import Modulation, Recipe, Style
from musvid.paint import models, words


@pytest.mark.parametrize(
    ("prompt", "ignored"),
    [
        ("", []),
        ("teal and gold nebula", []),
        ("TEAL,GOLD... Nebula!", []),
        ("a nebula of the teal in gold", []),
        ("ink in water", []),
        ("a zeppelin over teal mountains", ["zeppelin", "over", "mountains"]),
        ("zeppelin, Zeppelin & ZEPPELIN", ["zeppelin"]),
        ("été bleu 99 _nebula_", ["été", "bleu", "99"]),
    ],
)
def test_what_is_ignored_is_named_once_and_in_order(prompt: str, ignored: list[str]) -> None:
    assert words.unknown(prompt, words.vocabulary()) == ignored


def test_there_is_enough_to_choose_from() -> None:
    assert len(words.STYLES) >= 10
    assert len(words.COLOURS) >= 12
    assert words.RGB.keys() == words.COLOURS.keys()
    assert words.OWN_COLOURS.keys() == words.STYLES.keys()
    assert words.UNSPOKEN in words.STYLES
    assert all(set(pair) <= words.COLOURS.keys() for pair in words.OWN_COLOURS.values())


def test_every_phrase_means_one_thing() -> None:
    tables = (words.STYLES, words.COLOURS, words.MODIFIERS)
    phrases = [phrase for table in tables for name in table for phrase in (name, *table[name])]
    assert len(phrases) == len(set(phrases))
    # Phrases may share a word ("glass mosaic", "stained glass") only within one meaning.
    meanings = [
        {word for phrase in (name, *table[name]) for word in phrase.split()} - {"in"}
        for table in tables
        for name in table
    ]
    assert not any(one & other for one, other in combinations(meanings, 2))


def test_the_vocabulary_is_known_without_torch() -> None:
    code = "import sys; from musvid.paint.words import vocabulary; vocabulary(); "
    code += "print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.strip() == "False"


def test_colours_can_be_told_apart() -> None:
    for one, other in combinations(words.RGB.values(), 2):
        assert sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) > 0.04


def test_of_prompts_along_time_the_last_one_is_toggled() -> None:
    prompt = "0:00 violet nebula | 0:08 crystal"
    assert words.toggle(prompt, "teal") == "0:00 violet nebula | 0:08 teal crystal"
    assert words.toggle(prompt, "flames") == "0:00 violet nebula | 0:08 flames"
    assert words.toggle(words.toggle(prompt, "glowing"), "glowing") == prompt


def test_what_a_prompt_holds_is_told_by_any_word_for_it() -> None:
    assert words.held("Golden fire, moody") == ["flames", "gold", "dark"]
    assert words.held("0:00 violet nebula | 0:08 crystal") == ["crystal"]
    assert words.held("a castle") == []
    assert words.held("red " * 5_000_000) == []
    for table in (words.STYLES, words.COLOURS, words.MODIFIERS):
        for word in table:
            assert words.held(words.toggle("", word)) == [word]
            assert words.toggle(words.toggle("", word), word) == ""


def test_a_text_that_is_no_prompt_is_not_searched() -> None:
    """A visitor may send any."""
    began = time.monotonic()
    endless = "red " * 5_000_000
    assert words.toggle(endless, "teal") is endless
    assert time.monotonic() - began < 30
    assert words.toggle("red " * 2000, "teal").endswith("teal")


def test_what_is_not_read_of_a_prompt() -> None:
    known = words.vocabulary()
    assert words.unread("teal and the gold in zeppelin nebula", 3, known) == ""
    assert words.unread("teal gold, GLOWING nebula", 3, known) == "nebula"
    assert words.unread("one two, three 40", 6) == ""
    assert words.unread("one two, three 40", 4) == "40"
    assert words.unread("one two, three 40", 2) == ", three 40"


@pytest.mark.parametrize(
    ("prompt", "word", "becomes"),
    [
        ("(teal:1.3) nebula", "teal", "nebula"),
        ("teal (nebula:1.3)", "crystal", "teal crystal"),
        ("[teal] and gold nebula", "crimson", "[teal] and crimson nebula"),
        ("teal (gold:2) nebula", "crimson", "teal and (crimson:2) nebula"),
        ("(teal and gold:1.3) nebula", "teal", "(gold:1.3) nebula"),
        ("(dark nebula:1.3)", "crystal", "(dark:1.3) crystal"),
        ("(nebula dark) coral", "nebula", "(dark) coral"),
        ("(teal gold:1.3) ((zeppelin))", "teal", "(gold:1.3) ((zeppelin))"),
        ("((teal)) nebula", "soft", "((teal)) soft nebula"),
        ("(teal (gold)) nebula", "gold", "(teal) nebula"),
    ],
)
def test_words_with_weights_are_toggled(prompt: str, word: str, becomes: str) -> None:
    assert words.toggle(prompt, word) == becomes
    assert (word in words.held(prompt)) == (word not in words.held(becomes))


def test_words_with_weights_are_recoloured() -> None:
    assert words.recoloured("(teal nebula:1.2) [soft]", "crimson") == "crimson (nebula:1.2) [soft]"
    assert words.recoloured("(teal:1.2) nebula", "gold") == "gold nebula"


def test_a_prompt_that_is_too_long_is_told() -> None:
    long = " ".join([*words.COLOURS, "glowing", "dark", "nebula", "zeppelin"])  # 15 and another
    said = Style(prompt=long).remarks()
    assert said == [
        "sketch does not know, and ignores: zeppelin",
        "sketch reads the first 14 words that it knows of a prompt, and not 'nebula zeppelin'",
    ]
    assert Style(prompt=" ".join(words.COLOURS)).remarks() == []
    # Of prompts along time, each is read by itself.
    assert Style(prompt=f"{' '.join(words.COLOURS)} | 0:08 dark nebula").remarks() == []
    clip = Style(model="sd15", prompt="(blue:1.2), " * 301, negative_prompt="x " * 600)
    (only,) = clip.remarks()
    assert only.startswith("sd15 reads the first 600 words and signs of a prompt, and not 'blue, ")
    assert len(replace(clip, negative_prompt="x " * 601).remarks()) == 2
    assert len(replace(clip, negative_prompt="x " * 601, guidance=1.0).remarks()) == 1
    (ignored,) = Style(prompt=" ".join(map(str, range(1000, 3000)))).remarks()
    assert len(ignored) < 200 and ignored.endswith("and 1988 more")


def test_a_negative_prompt_without_guidance_is_told() -> None:
    style = Style(model="sd-turbo", negative_prompt="mud")
    assert style.remarks() == []
    (said,) = Recipe(style=style).remarks()
    assert said == "The negative prompt has no effect without a guidance above 1"
    for heard in (
        Recipe(style=replace(style, guidance=1.5)),
        Recipe(style=replace(style, model="sd15")),
        Recipe(style=style, guidance_by=Modulation("onsets", 3.0)),
        Recipe(style=replace(style, negative_prompt=" ")),
    ):
        assert heard.remarks() == []


def test_sketch_reads_as_many_words_as_are_told() -> None:
    folder = Path(models.find("sketch").source) / "tokenizer"
    facts = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert models.find("sketch").reads == facts["model_max_length"] - 2  # beginning and end
