"""What names a LoRA."""

from __future__ import annotations

import pytest

from musvid.errors import SettingsError
from musvid.music.modulation import Modulation
from musvid.paint import inversions
from musvid.paint.loras import Lora, parse, rounded
from musvid.paint.models import part_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("owner/name", (Lora("owner/name", 1.0),)),
        ("neon.safetensors:0.8", (Lora("neon.safetensors", 0.8),)),
        (r"C:\\loras\\neon.safetensors", (Lora(r"C:\\loras\\neon.safetensors", 1.0),)),
        (r"C:\\neon.safetensors:-1", (Lora(r"C:\\neon.safetensors", -1.0),)),
        (" a/b:0 |  c/d/e.safetensors:2 | ", (Lora("a/b", 0.0), Lora("c/d/e.safetensors", 2.0))),
        ("a/b by onsets", (Lora("a/b", 1.0, Modulation("onsets")),)),
        ("a/b:0.2 by low:0.6:0.3", (Lora("a/b", 0.2, Modulation("low", 0.6, 0.3)),)),
        ("a/b by low:2 | c/d", (Lora("a/b", 1.0, Modulation("low", 2.0)), Lora("c/d"))),
        ("made by me/neon.safetensors:0.5", (Lora("made by me/neon.safetensors", 0.5),)),
    ],
)
def test_names_and_weights(text: str, found: object) -> None:
    assert parse(text) == found


@pytest.mark.parametrize("text", ["a/b:4.1", "a/b:nan", "a/b:-inf", "x.pt", "x.bin:0.5"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="LoRA"):
        parse(text)
    with pytest.raises(SettingsError):
        parse(f"{text} by onsets:0.5")


@pytest.mark.parametrize("text", ["a/b by onsets:much", "a/b by low:1:2:3", "a/b by low:99"])
def test_what_follows_nothing_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        parse(text)


def test_weights_that_change_are_rounded() -> None:
    assert [rounded(weight) for weight in (0.5, 0.51, 9, -9)] == [0.5, 0.5, 4.0, -4.0]
    assert 0 < abs(rounded(0.3) - 0.3) < 1 / 64


def test_names_of_textual_inversions() -> None:
    assert inversions.parse(" a/b |  c/d/e.safetensors | a/b | ") == ("a/b", "c/d/e.safetensors")
    for text in ("x.pt", "a/b | x.bin"):
        with pytest.raises(SettingsError, match=r"textual inversion 'x\..*convert it"):
            inversions.parse(text)
    with pytest.raises(SettingsError, match="at most 16"):
        inversions.parse(" | ".join(f"a/{number}" for number in range(17)))


def test_a_file_of_the_hub() -> None:
    assert part_of("owner/name") == ("owner/name", None)
    assert part_of("owner/name/deep/file.safetensors") == ("owner/name", "deep/file.safetensors")
