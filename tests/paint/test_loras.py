"""What names a LoRA."""

from __future__ import annotations

import pytest

from musvid.errors import SettingsError
from musvid.paint.loras import parse
from musvid.paint.models import part_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("owner/name", (("owner/name", 1.0),)),
        ("neon.safetensors:0.8", (("neon.safetensors", 0.8),)),
        (r"C:\\loras\\neon.safetensors", ((r"C:\\loras\\neon.safetensors", 1.0),)),
        (r"C:\\neon.safetensors:-1", ((r"C:\\neon.safetensors", -1.0),)),
        (" a/b:0 |  c/d/e.safetensors:2 | ", (("a/b", 0.0), ("c/d/e.safetensors", 2.0))),
    ],
)
def test_names_and_weights(text: str, found: object) -> None:
    assert parse(text) == found


@pytest.mark.parametrize("text", ["a/b:4.1", "a/b:nan", "a/b:-inf", "x.pt", "x.bin:0.5"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="LoRA"):
        parse(text)


def test_a_file_of_the_hub() -> None:
    assert part_of("owner/name") == ("owner/name", None)
    assert part_of("owner/name/deep/file.safetensors") == ("owner/name", "deep/file.safetensors")
