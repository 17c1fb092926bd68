"""What a cluster is started with: the image, the launcher's file, and that they fit together."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from packaging.requirements import Requirement

import musvid

CLUSTER = Path(musvid.__file__).parent / "cluster"
DOCKERFILE, CLOUD = CLUSTER / "Dockerfile", CLUSTER / "cloud.yaml"


def instructions() -> list[tuple[str, str]]:
    """Name and arguments of every instruction of the Dockerfile."""
    lines = DOCKERFILE.read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    joined = re.sub(r"\\\n\s*", "", text)
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in joined.split("\n"))]


def arguments() -> dict[str, str]:
    """Arguments of the build, and their defaults."""
    parts = (rest.partition("=") for name, rest in instructions() if name == "ARG")
    return {name: default for name, _, default in parts}


def project() -> dict[str, Any]:
    tomllib = pytest.importorskip("tomllib")  # since Python 3.11
    read: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return read


def cloud() -> dict[str, Any]:
    yaml = pytest.importorskip("yaml")
    read: dict[str, Any] = yaml.safe_load(CLOUD.read_text(encoding="utf-8"))
    return read


def test_the_image_holds_versions_that_the_package_allows() -> None:
    chosen, told = arguments(), project()["project"]
    (ray,) = (Requirement(one) for one in told["optional-dependencies"]["cluster"])
    assert ray.name == "ray" and ray.specifier.contains(chosen["RAY"])
    assert Requirement(f"python{told['requires-python']}").specifier.contains(chosen["PYTHON"])


def test_the_image_copies_what_is_there_and_what_the_wheel_needs() -> None:
    ignored = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text(encoding="utf-8")
    let_in = {line[1:].split("/")[0] for line in ignored.splitlines() if line.startswith("!")}
    copied = set()
    for name, rest in instructions():
        if name == "COPY" and not rest.startswith("--from"):
            *sources, _ = rest.split()
            copied |= set(sources)
    assert all((ROOT / source).exists() for source in copied)
    assert copied == let_in
    told = project()
    readme, licences = told["project"]["readme"], told["project"]["license-files"]
    assert {"pyproject.toml", "setup.py", "requirements.txt", readme, *licences} <= copied


def test_the_image_is_not_roots_and_asks_for_a_token() -> None:
    found = instructions()
    assert [rest for name, rest in found if name == "USER"] == ["musvid"]
    assert found.index(("USER", "musvid")) > max(
        number for number, (name, _) in enumerate(found) if name == "RUN"
    )
    (environment,) = (rest for name, rest in found if name == "ENV")
    assert "RAY_AUTH_MODE=token" in environment
    assert "RAY_AUTH_TOKEN" not in DOCKERFILE.read_text(encoding="utf-8")


def test_the_launcher_starts_that_image() -> None:
    chosen, told = arguments(), cloud()
    tag = f":ray{chosen['RAY']}-py{chosen['PYTHON']}"
    assert told["docker"]["image"].endswith(tag)
    assert f"musvid-cluster{tag}" in DOCKERFILE.read_text(encoding="utf-8")
    assert f"musvid-cluster{tag}" in (CLUSTER / "README.md").read_text(encoding="utf-8")


def test_the_launcher_understands_its_file() -> None:
    """By Ray's own schema, and with nothing that Ray does not know."""
    ray = pytest.importorskip("ray")
    jsonschema = pytest.importorskip("jsonschema")
    path = Path(ray.__file__).parent / "autoscaler" / "ray-schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    told = cloud()
    jsonschema.validate(told, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**told, "min_workers": 4}, schema)


def test_the_launcher_completes_its_file_and_finds_nothing_wrong() -> None:
    util = pytest.importorskip("ray.autoscaler._private.util")
    whole = util.prepare_config(cloud())
    util.validate_config(whole)
    assert set(whole["available_node_types"]) == {"head", "painter"}, "none of its defaults"


def test_the_machines_are_as_many_as_are_wanted() -> None:
    told = cloud()
    kinds = told["available_node_types"]
    head, painter = kinds[told["head_node_type"]], kinds["painter"]
    assert head["resources"] == {"CPU": 0, "GPU": 0}, "the head paints nothing"
    assert painter["min_workers"] == painter["max_workers"] == told["max_workers"]
    assert {kind["node_config"]["ImageId"] for kind in kinds.values()} == {"AMI-OF-YOUR-REGION"}


def test_no_port_is_opened_and_the_token_gets_there() -> None:
    told = cloud()
    assert "security_group" not in told["provider"]
    starts = " ".join(told["head_start_ray_commands"])
    assert "--dashboard-host=127.0.0.1" in starts and "0.0.0.0" not in CLOUD.read_text("utf-8")
    (place,) = told["file_mounts"]
    (home,) = (rest for name, rest in instructions() if name == "WORKDIR" and "home" in rest)
    assert place == f"{home}/.ray"


def test_the_wheel_takes_them_along() -> None:
    patterns = project()["tool"]["setuptools"]["package-data"]["musvid"]
    held = {path.relative_to(CLUSTER.parent) for name in patterns
            for path in CLUSTER.parent.glob(name)}  # fmt: skip
    others = {path.relative_to(CLUSTER.parent) for path in CLUSTER.iterdir()
              if path.is_file() and path.suffix != ".py"}  # fmt: skip
    assert others <= held
