"""A song's form: as text, and found in songs of which it is known."""

from __future__ import annotations

import json

import pytest

from musvid import Recipe, SettingsError
from musvid.music.form import Form, Section

# The form as text


def test_a_form_is_the_text_it_was_read_from() -> None:
    for text in (
        "0:00 A",
        "0:00 A | 0:32 B | 1:04 A",
        "0:00 C | 0:00.01 A | 0:07.5 B | 59:59.99 A | 1:00:00 Z | 23:59:59.5 A",
    ):
        assert str(Form.parse(text)) == text
    assert str(Form.parse(" 3 b|90.254   A ")) == "0:00 B | 1:30.25 A"
    assert Form.parse("0:00 A | 0:32 B").sections == (Section(0.0, "A"), Section(32.0, "B"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no part of a song"),
        ("0:00 A |", "no part of a song"),
        ("0:00 AB", "no part of a song"),
        ("A 0:00", "no part of a song"),
        ("0:99 A", "no time"),
        ("-0:10 A", "must be a number from 0"),
        ("25:00:00 A", "no time within 24 hours"),
        ("0:00 A | 0:00.004 B", "must rise"),
        ("0:32 A | 0:16 B", "must rise"),
        ("0:00 \N{CYRILLIC CAPITAL LETTER A}", "no part of a song"),
        ("0:00 A | " * 5000, "at most 10000 letters"),
    ],
)
def test_what_is_no_form_is_told_in_a_sentence(text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as told:
        Form.parse(text)
    assert str(told.value).endswith(".")
    with pytest.raises(SettingsError):
        Section(0.0, "")


def test_every_time_lies_in_one_section() -> None:
    form = Form.parse("0:04 B | 0:32 A | 1:04 B")
    times = (-1.0, 0.0, 31.99, 32.0, 64.0, 1e6)
    assert [form.at(time).letter for time in times] == ["B", "B", "B", "A", "B", "B"]
    assert [form.number(time) for time in times] == [0, 0, 0, 1, 2, 2]
    assert form.letters == ("A", "B")
    assert list(form.spans(0.0, 70.0)) == [(0, 32, "B"), (32, 64, "A"), (64, 70, "B")]
    assert list(form.spans(40.0, 64.0)) == [(40, 64, "A")]


def test_the_recipe_keeps_a_form() -> None:
    assert Recipe().form == Recipe.from_json("{}").form == Recipe(form=" Auto").form == "auto"
    recipe = Recipe(form="0 A|32 b")
    assert recipe.form == "0:00 A | 0:32 B"
    assert Recipe.from_json(recipe.to_json()) == recipe == Recipe.from_flat(recipe.flat())
    for wrong in ("nebula", None, 3, ["0:00 A"]):
        with pytest.raises(SettingsError):
            Recipe.from_json(json.dumps({"form": wrong}))
