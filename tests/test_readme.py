"""README keeps its word: its commands are those that run, and its names are real."""

from __future__ import annotations

import re

from conftest import ROOT

import app
from musvid import MODELS, RECIPES
from musvid.__main__ import build_parser
from musvid.paint import words

README = (ROOT / "README.md").read_text(encoding="utf-8")


def command(mark: str) -> str:
    found = re.search(rf"<!-- {mark} -->\n```bash\n(.+)\n```", README)
    assert found, f"README has no one-line command marked {mark}"
    return found.group(1)


def test_it_opens_with_the_front_matter_of_a_space() -> None:
    front = README.split("---\n")[1]
    assert README.startswith("---\n")
    assert "\nsdk: gradio\n" in front
    assert "\napp_file: app.py\n" in front
    short = re.search(r"short_description: (.+)", front)
    assert short
    assert len(short.group(1)) <= 60  # the hub's limit


def test_the_commands_install_what_the_repository_holds() -> None:
    for mark, requirements in (("run", "requirements.txt"), ("test", "tests/requirements.txt")):
        assert f"-r {requirements} &&" in command(mark)
        assert (ROOT / requirements).is_file()
    assert command("run").endswith(".venv/bin/python app.py")
    assert command("test").endswith("-m pytest -n 2")


def test_every_option_it_names_exists() -> None:
    known = {*build_parser().format_help().split(), *app.build_parser().format_help().split()}
    for option in set(re.findall(r"(?<!-)(--[a-z][a-z-]+)", README)):
        assert any(word.strip("[,]") == option for word in known), option


def test_the_tables_are_the_programs_own() -> None:
    for name, numbers in RECIPES.items():
        row = re.search(rf"\| `{name}`.*", README)
        assert row
        assert [int(cell) for cell in row.group().split("|")[2:5]] == list(numbers.values())
    for name, model in MODELS.items():
        row = re.search(rf"\| `{name}` .*", README)
        assert row
        cells = [cell.strip() for cell in row.group().split("|")]
        assert (int(cells[3]), int(cells[4])) == (model.size, model.steps)
        assert cells[5] == (f"{model.download:g} GB" if model.download else "none")


def test_it_lists_the_words_of_sketch() -> None:
    for kind in ("styles", "colours", "modifiers"):
        row = re.search(rf"\| {kind} \| (.+) \|", README)
        assert row
        assert row.group(1).split(", ") == list(getattr(words, kind.upper()))


def test_its_pictures_are_there_and_small() -> None:
    for name in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / name).stat().st_size < 1_000_000
