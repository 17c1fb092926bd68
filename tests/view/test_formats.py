"""The shapes of videos."""

from __future__ import annotations

from musvid.view.formats import format_of, sides


def test_a_format_has_any_number_of_lines() -> None:
    assert format_of("256x256") == ("square", 256)
    assert format_of("1280x720") == ("wide", 720)
    assert format_of(sides("tall", 1080)) == ("tall", 1080)
    assert format_of("300x200") == format_of("size") == format_of(None) == (None, None)
