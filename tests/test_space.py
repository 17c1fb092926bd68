"""The card of the Space, and what a Space installs: as the hub and ZeroGPU want them."""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import Any

import pytest
import yaml
from conftest import ROOT
from packaging.requirements import Requirement
from packaging.version import Version

# https://huggingface.co/docs/hub/spaces-config-reference
COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
FIELDS = {
    *("title", "emoji", "colorFrom", "colorTo", "sdk", "sdk_version", "python_version"),
    *("app_file", "license", "pinned", "short_description", "suggested_hardware", "models"),
    *("tags", "header", "thumbnail", "fullWidth", "startup_duration_timeout"),
}
# https://huggingface.co/docs/hub/spaces-zerogpu
PYTHONS = {"3.10", "3.10.13", "3.12", "3.12.12"}
TORCHES = ["2.8.0", "2.9.1", "2.10.0", "2.11.0"]


@pytest.fixture(scope="module")
def card() -> dict[str, Any]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.startswith("---\n")
    found: dict[str, Any] = yaml.safe_load(text.split("---\n")[1])
    return found


@pytest.fixture(scope="module")
def requirements() -> dict[str, Requirement]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    found = [Requirement(line) for line in lines if line.strip()]
    return {each.name: each for each in found}


def test_the_card_has_the_fields_that_the_hub_knows(card: dict[str, Any]) -> None:
    assert set(card) <= FIELDS
    assert card["title"] == "musvid"
    assert card["colorFrom"] in COLOURS
    assert card["colorTo"] in COLOURS
    assert len(card["emoji"]) <= 2
    assert not card["emoji"].isascii()
    assert card["sdk"] == "gradio"  # ZeroGPU takes no other
    assert (ROOT / card["app_file"]).is_file()
    assert card["license"] == "mit"
    assert card["pinned"] is False
    assert len(card["short_description"]) <= 60


def test_the_cards_gradio_is_one_that_the_requirements_install(
    card: dict[str, Any], requirements: dict[str, Requirement]
) -> None:
    named = card["sdk_version"]
    assert isinstance(named, str), "a version such as 6.30 without quotes is a number"
    assert re.fullmatch(r"\d+\.\d+\.\d+", named)
    assert named in requirements["gradio"].specifier
    # And not one that is newer than what these tests ran with.
    assert Version(named) <= Version(version("gradio"))


def test_zerogpu_has_the_cards_python(card: dict[str, Any]) -> None:
    named = card["python_version"]
    assert isinstance(named, str), "3.10 without quotes is 3.1"
    assert named in PYTHONS
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    wanted = re.search(r'requires-python = ">=(.+)"', project)
    assert wanted
    assert Version(named) >= Version(wanted.group(1))


def test_zerogpus_versions_of_torch_are_allowed(requirements: dict[str, Requirement]) -> None:
    for named in TORCHES:
        assert named in requirements["torch"].specifier, named


def test_what_the_platform_brings_is_not_pinned(requirements: dict[str, Requirement]) -> None:
    assert "spaces" not in requirements
    # Nothing that has to be compiled against a card, or fetched from elsewhere than PyPI.
    for each in requirements.values():
        assert each.url is None, each


def test_the_texts_say_how_the_space_is_put_up() -> None:
    for name in ("README.md", "musvid/page/README.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "hf upload OWNER/NAME . --repo-type space" in text
