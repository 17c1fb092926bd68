"""The texts keep their word: their commands run, and what they name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import ROOT

import app
from musvid import MODELS, RECIPES
from musvid.__main__ import build_parser
from musvid._options import batch_parser
from musvid.paint import words
from musvid.recipe import MOTION

README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXTS = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob(".github/*.md")]
    + [path for room in ("musvid", "tests", "examples") for path in (ROOT / room).rglob("*.md")]
)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture(params=TEXTS, ids=lambda path: str(path.relative_to(ROOT)))
def path(request: pytest.FixtureRequest) -> Path:
    return request.param


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


def test_the_first_screen_has_the_picture_and_both_commands() -> None:
    screen = README.split("# musvid\n")[1].split("\n## ")[0]
    assert screen.count("```bash") == 2
    assert "![" in screen
    assert len(screen.splitlines()) <= 40


def test_every_link_leads_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if link.startswith(("http:", "https:")):
            continue
        name, _, heading = link.partition("#")
        linked = path.parent / name if name else path
        assert linked.exists(), link
        if heading:
            titles = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in [title.lower().replace(" ", "-") for title in titles], link


def test_every_picture_is_small(path: Path) -> None:
    for name in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / name).stat().st_size < 1_000_000


def test_every_file_and_module_it_names_is_there(path: Path) -> None:
    content = path.read_text(encoding="utf-8")
    for name in re.findall(
        r"`((?:musvid|tests|examples|\.github|\.ci)/[\w./-]+?)(?:::[^`]*)?`", content
    ):
        assert (ROOT / name).exists(), name
    for module in re.findall(r"python3? -m ((?:musvid|tests|examples)[\w.]*)", content):
        base = ROOT / Path(*module.split("."))
        assert base.with_suffix(".py").is_file() or base.is_dir(), module


@pytest.mark.parametrize(
    "name",
    ["README.md", "musvid/settings.md", "musvid/page/README.md", "musvid/album/README.md"],
)
def test_every_option_it_names_exists(name: str) -> None:
    known = {*build_parser().format_help().split(), *app.build_parser().format_help().split()}
    known |= {"--repo-type", *batch_parser("watch").format_help().split()}  # the hub's own, too
    for option in set(re.findall(r"(?<!-)(--[a-z][a-z-]+)", text(name))):
        assert any(word.strip("[,]") == option for word in known), option


def test_every_option_is_described() -> None:
    """All settings; what is none (``--help``) stands in the help text."""
    options = set(re.findall(r"(--[a-z][a-z-]+)", build_parser().format_help()))
    plain = {"--help", "--output", "--debug", "--quiet", "--device"}
    everywhere = "".join(path.read_text(encoding="utf-8") for path in TEXTS)
    assert not [option for option in sorted(options - plain) if option not in everywhere]


def test_the_tables_are_the_programs_own() -> None:
    for name, numbers in RECIPES.items():
        row = re.search(rf"\| `{name}`.*", README)
        assert row
        cells = [cell.strip() for cell in row.group().split("|")]
        assert [int(cell) for cell in cells[2:5]] == [numbers[part] for part in MOTION[:3]]
        assert cells[5] == ("yes" if numbers["relight"] else "no")
    for name, model in MODELS.items():
        row = re.search(rf"\| `{name}` .*", text("musvid/paint/README.md"))
        assert row
        cells = [cell.strip() for cell in row.group().split("|")]
        assert cells[3] == model.good_for
        assert (int(cells[4]), int(cells[5])) == (model.size, model.steps)
        assert cells[6] == (f"{model.download:g} GB" if model.download else "none")


def test_the_words_of_sketch_are_listed() -> None:
    for kind in ("styles", "colours", "modifiers"):
        row = re.search(rf"\| {kind} \| (.+) \|", text("musvid/paint/README.md"))
        assert row
        assert row.group(1).split(", ") == list(getattr(words, kind.upper()))
