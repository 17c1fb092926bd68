"""What stands under the prompt."""

from __future__ import annotations

import re

import pytest

from musvid import SettingsError, Style, presets
from musvid.page.prompt import FREE, TIMES, note

WORDS = "crimson orange gold lime emerald teal cyan blue violet magenta pink silver dark dense"
SKIPS = "The built-in painter knows only the words below; it skips: "


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("blue and gold nebula", ""),
        ("", ""),
        ("teal castle nebola", f"{SKIPS}castle, nebola (did you mean nebula?). {FREE}"),
        (
            "a castle on a hill",
            (
                f"{SKIPS}castle, hill. That is all of them: it paints a violet and pink nebula "
                f"instead. {FREE}"
            ),
        ),
        ("teal coral 🚀 🚀", f"{SKIPS}🚀. {FREE}"),
        ("nebula | crystal", TIMES),
        ("0:00 nebula | 0:08 castle", f"{SKIPS}castle. {FREE}"),
        (f"{WORDS} crystal", "sketch reads the first 14 words that it knows of a prompt, and not "),
        (WORDS, ""),
        ("<b>", f"{SKIPS}b. That is all of them"),
    ],
)
def test_what_is_not_read_of_a_prompt_is_told_in_plain_words(prompt: str, said: str) -> None:
    text = re.sub(r"<[^>]*>", "", note(Style(prompt=prompt)))
    assert text.startswith(said) if said else not text


def test_a_model_that_reads_everything_says_nothing() -> None:
    assert note(Style(model="sd-turbo", prompt="a castle 🚀")) == ""
    assert not any(note(each.recipe.resolve().style) for each in presets.every())
    with pytest.raises(SettingsError):
        note(Style(prompt="nebula | 0:04 crystal | marble"))
