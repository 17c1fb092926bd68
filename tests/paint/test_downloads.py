"""Downloads: told of, gone on with, ended, shared, and explained where they cannot be."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tiny_models
import torch
from conftest import ROOT, WriteSong, music
from safetensors.torch import save_file

from musvid import Cancelled, ModelError, Style
from musvid.paint import downloads, families, models, tensors
from musvid.paint.downloads import PART, Download

SIZE = 2_000_000  # bytes, about


class Enough(Cancelled):
    """What somebody raises who is told of a download, to end it."""


@pytest.fixture(scope="module")
def lora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with weights that are large enough to be broken off."""
    folder = tmp_path_factory.mktemp("lora")
    numbers = np.random.default_rng(0).standard_normal(SIZE // 4).astype(np.float32)
    save_file({"lora_weight": torch.from_numpy(numbers)}, folder / "neon.safetensors")
    (folder / "adapter_config.json").write_text("{}")
    return folder


@pytest.fixture
def hub(lora: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tiny_models.Hub]:
    with tiny_models.Hub({"tiny/neon": lora, "tiny/gated": lora}, gated=["tiny/gated"]) as hub:
        hub.instead(monkeypatch, tmp_path / "cache")
        monkeypatch.setattr(downloads, "_pause", lambda tell: tell())
        yield hub


def blobs() -> Path:
    return models.repository("tiny/neon") / "blobs"


def weights(lora: Path) -> Path:
    return lora / "neon.safetensors"


def same(folder: str, lora: Path) -> bool:
    """Whether what was downloaded is what the hub has."""
    here = Path(folder) / "neon.safetensors"
    return here.read_bytes() == weights(lora).read_bytes()


def stopping(after: int) -> Any:
    """Whoever is told ends the download after so many bytes."""

    def told(download: Download) -> None:
        if download.done > after:
            raise Enough

    return told


def refused(name: str = "tiny/neon") -> str:
    with pytest.raises(ModelError) as caught:
        downloads.fetch(Style(model="sd-turbo", lora=name))
    return str(caught.value)


@pytest.fixture
def only_the_lora(hub: tiny_models.Hub, monkeypatch: pytest.MonkeyPatch) -> tiny_models.Hub:
    """sd-turbo is here already, as far as anybody asks."""
    here = downloads.here
    monkeypatch.setattr(downloads, "here", lambda name: "turbo" in name or here(name))
    return hub


# How much there is, and how it goes on.


def test_whoever_asks_is_told_of_every_byte(hub: tiny_models.Hub, lora: Path) -> None:
    hub.pace = 10 * SIZE
    seen: list[Download] = []
    folder = downloads.addition("tiny/neon", seen.append)
    size = weights(lora).stat().st_size
    assert same(folder, lora)
    assert {each.total for each in seen} == {size}
    counts = [each.done for each in seen]
    assert counts == sorted(counts)
    assert (counts[0], counts[-1]) == (0, size)
    assert len(set(counts)) > 4
    assert str(Download("a/b", 8 * 10**8, 2_600_000_000)) == "Downloading a/b: 0.8 of 2.6 GB"
    assert str(Download("a/b", 1_500_000, 4_900_000)) == "Downloading a/b: 1.5 of 4.9 MB"


def test_of_a_network_half_precision_is_taken_where_there_is_such(
    hub: tiny_models.Hub, tmp_path: Path
) -> None:
    net = tiny_models.controlnet(tmp_path / "net")
    plain, half = (f"diffusion_pytorch_model{part}.safetensors" for part in ("", ".fp16"))
    shutil.copyfile(net / plain, net / "another-name.safetensors")
    hub.repositories["tiny/net"] = net
    folder = Path(downloads.addition("tiny/net"))
    assert {path.name for path in folder.iterdir()} == {"config.json", plain}
    shutil.copyfile(net / plain, net / half)
    hub.repositories["tiny/half"] = net
    folder = Path(downloads.addition("tiny/half"))
    assert {path.name for path in folder.iterdir()} == {"config.json", half}


def test_the_usual_control_net_of_a_model_comes_with_it(
    hub: tiny_models.Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which one that is, is known once the model is here."""
    model = tiny_models.sd15(tmp_path / "model")
    hub.repositories |= {
        "tiny/model": model,
        "lllyasviel/control_v11p_sd15_canny": tiny_models.controlnet(tmp_path / "net"),
    }
    monkeypatch.setattr(tensors, "_WIDTHS", {16: "sd1"})
    style = Style(model="tiny/model", control="edges")
    seen: list[str] = []
    assert downloads.lacking(style) == ["tiny/model"]
    downloads.fetch(style, lambda download: seen.append(download.name))
    assert list(dict.fromkeys(seen)) == ["tiny/model", "lllyasviel/control_v11p_sd15_canny"]
    assert not downloads.lacking(style)


def test_of_many_files_the_one_that_is_named_is_taken(
    hub: tiny_models.Hub, lora: Path, tmp_path: Path
) -> None:
    many = tmp_path / "many"
    shutil.copytree(lora, many)
    shutil.copyfile(weights(many), many / "another.safetensors")
    hub.repositories["tiny/many"] = many
    folder = Path(downloads.addition("tiny/many/another.safetensors"))
    assert {path.name for path in folder.glob("*.safetensors")} == {"another.safetensors"}
    assert downloads.here("tiny/many/another.safetensors")
    assert not downloads.here("tiny/many/neon.safetensors")
    with pytest.raises(ModelError, match="has no file 'nothing"):
        downloads.addition("tiny/many/nothing.safetensors")


def test_a_connection_that_is_lost_is_taken_up_again(hub: tiny_models.Hub, lora: Path) -> None:
    hub.breaks = [500_000, 0, 700_000]
    assert same(downloads.addition("tiny/neon"), lora)
    assert hub.ranges == [0, 500_000, 500_000, 1_200_000]
    assert not list(blobs().glob("*incomplete"))


def test_a_download_goes_on_where_it_was_ended(hub: tiny_models.Hub, lora: Path) -> None:
    hub.pace = 10 * SIZE
    with pytest.raises(Enough):
        downloads.addition("tiny/neon", stopping(600_000))
    (part,) = blobs().iterdir()
    begun = part.stat().st_size
    assert part.name.endswith(PART)
    assert 600_000 < begun < SIZE
    assert part.read_bytes() == weights(lora).read_bytes()[:begun]
    assert downloads.begun("tiny/neon")
    assert not models.whole("tiny/neon")

    seen: list[Download] = []
    assert same(downloads.addition("tiny/neon", seen.append), lora)
    assert seen[0].done == begun
    assert hub.ranges == [0, begun]
    assert models.whole("tiny/neon")
    assert [path.name for path in blobs().iterdir() if PART in path.name] == []


def test_a_hub_that_sends_all_of_a_file_again_is_understood(
    hub: tiny_models.Hub, lora: Path
) -> None:
    with pytest.raises(Enough):
        downloads.addition("tiny/neon", stopping(600_000))
    hub.whole = True
    assert same(downloads.addition("tiny/neon"), lora)
    assert len(hub.ranges) == 2
    assert not list(blobs().glob("*incomplete"))


@pytest.mark.usefixtures("hub")
def test_what_is_damaged_is_thrown_away(lora: Path) -> None:
    """As a part is whose end was not yet on the disk when the machine lost its power."""
    with pytest.raises(Enough):
        downloads.addition("tiny/neon", stopping(600_000))
    (part,) = blobs().iterdir()
    part.write_bytes(bytes(part.stat().st_size))
    with pytest.raises(ModelError, match="tiny/neon is damaged, and was thrown away"):
        downloads.addition("tiny/neon")
    assert not part.exists()
    assert same(downloads.addition("tiny/neon"), lora)


def test_a_download_that_breaks_off_for_good_keeps_what_it_has(
    only_the_lora: tiny_models.Hub, lora: Path
) -> None:
    hub = only_the_lora
    hub.breaks = [500_000, *[0] * 20]
    assert refused() == (
        "The download of tiny/neon broke off, because the connection was lost; begin again, and it "
        "goes on where it was."
    )
    hub.breaks = []
    assert same(downloads.addition("tiny/neon"), lora)
    assert hub.ranges[-1] == 500_000


def test_two_who_want_the_same_share_a_download(hub: tiny_models.Hub, lora: Path) -> None:
    hub.pace = 2 * SIZE
    made: list[str] = []
    seen: list[list[Download]] = [[], []]
    threads = [
        threading.Thread(target=lambda each=each: made.append(downloads.addition(*each)))
        for each in (("tiny/neon", seen[0].append), ("tiny/neon", seen[1].append))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(made) == 2
    assert all(same(folder, lora) for folder in made)
    assert hub.ranges == [0]
    for one in seen:  # both are told how it goes on
        assert len({each.done for each in one}) > 3


def test_whoever_waits_for_another_goes_on_when_that_one_ends(
    hub: tiny_models.Hub, lora: Path
) -> None:
    hub.pace = 2 * SIZE
    made: list[object] = []
    begun = threading.Event()

    def first() -> None:
        def told(download: Download) -> None:
            begun.set()
            stopping(800_000)(download)

        with pytest.raises(Enough):
            downloads.addition("tiny/neon", told)
        made.append("ended")

    def second() -> None:
        assert begun.wait(10)
        made.append(same(downloads.addition("tiny/neon"), lora))

    threads = [threading.Thread(target=each) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert made == ["ended", True]
    assert hub.ranges[0] == 0
    assert hub.ranges[1] > 800_000


def test_a_download_ends_within_a_second(hub: tiny_models.Hub) -> None:
    hub.pace = SIZE // 100  # it would take more than a minute
    began = time.monotonic()

    def told(_: Download) -> None:
        if time.monotonic() > began + 1:
            raise Enough

    with pytest.raises(Enough):
        downloads.addition("tiny/neon", told)
    assert time.monotonic() - began < 5
    assert len(list(blobs().iterdir())) == 1


# Before it begins.


def test_a_download_needs_room(hub: tiny_models.Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    free = 1_500_000

    def usage(folder: Path) -> Any:
        asked.append(folder)
        return SimpleNamespace(free=free)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    with pytest.raises(
        ModelError, match=r"tiny/neon takes 0\.0 GB, and in .*cache 0\.0 GB are free"
    ):
        downloads.addition("tiny/neon")
    assert hub.ranges == []
    assert asked[0] == blobs().parents[2]  # the cache has no folder yet
    # What is there of a download that was broken off is not downloaded again.
    free = 10**7
    with pytest.raises(Enough):
        downloads.addition("tiny/neon", stopping(800_000))
    free = 1_500_000
    downloads.addition("tiny/neon")


def test_the_log_is_told_in_a_few_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "musvid")
    told = downloads.Logged()
    for done in range(0, 2_600_000_000, 10_000_000):
        told(Download("a/b", done, 2_600_000_000))
    told(Download("a/b", 2_600_000_000, 2_600_000_000))
    assert [record.getMessage() for record in caplog.records] == [
        "Downloading a/b (about 2.6 GB) from the Hugging Face Hub, this once.",
        "Downloading a/b: 0.7 of 2.6 GB",
        "Downloading a/b: 1.3 of 2.6 GB",
        "Downloading a/b: 1.9 of 2.6 GB",
        "Downloading a/b: 2.6 of 2.6 GB",
    ]


FILES = {
    "unet/diffusion_pytorch_model.safetensors": 8,
    "unet/diffusion_pytorch_model.fp16.safetensors": 4,
    "unet/diffusion_pytorch_model.non_ema.safetensors": 8,
    "vae/diffusion_pytorch_model.safetensors": 2,
    "vae/diffusion_pytorch_model.bin": 2,
    "text_encoder/model-00001-of-00002.safetensors": 1,
    "text_encoder/model-00002-of-00002.safetensors": 1,
    "safety_checker/model.fp16.safetensors": 9,
    "sd.safetensors": 99,
}
INDEX = {
    "_class_name": "StableDiffusionPipeline",
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
    "feature_extractor": [None, None],
    "scheduler": ["diffusers", "PNDMScheduler"],
}


def listing(files: dict[str, int]) -> list[Any]:
    return [downloads._File(name, size, name) for name, size in files.items()]


def test_of_every_part_the_weights_in_half_precision_are_taken() -> None:
    chosen = downloads._weights("a/b", INDEX, listing(FILES))
    assert sorted(each.path for each in chosen) == [
        "text_encoder/model-00001-of-00002.safetensors",
        "text_encoder/model-00002-of-00002.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
    ]


def test_weights_that_can_carry_programs_are_refused_before_the_download() -> None:
    files = {name: size for name, size in FILES.items() if name != next(iter(FILES)).strip()}
    del files["vae/diffusion_pytorch_model.safetensors"]
    with pytest.raises(ModelError, match="The vae of a/b comes without safetensors"):
        downloads._weights("a/b", INDEX, listing(files))


# What is no model.


@pytest.mark.parametrize(
    ("files", "config", "part"),
    [
        (["adapter_config.json", "x.safetensors"], None, "is a LoRA, which --lora adds"),
        (["pytorch_lora_weights.safetensors"], None, "is a LoRA, which --lora adds"),
        (["config.json"], {"_class_name": "ControlNetModel"}, "a ControlNet, which --control adds"),
        (["config.json"], {"_class_name": "FluxControlNetModel"}, "is a ControlNet"),
        (["config.json"], {"_class_name": "T2IAdapter"}, "is an adapter"),
        (["config.json"], {"_class_name": "AutoencoderTiny"}, "--tiny-autoencoder takes"),
        (["config.json"], {"_class_name": "AutoencoderKL"}, "is an autoencoder"),
        (["config.json"], {"_class_name": "UNet2DConditionModel"}, "is a denoiser"),
        (["config.json"], {"_class_name": "Curious"}, "is one part of a model"),
        (["config.json"], {"architectures": ["LlamaForCausalLM"]}, "transformers .'LlamaFor"),
        (["learned_embeds.bin"], None, "is a textual inversion"),
        (["b.safetensors", "a.safetensors"], None, r"holds single files .*\(a\.s.*, b\.s"),
        (["model.gguf"], None, "quantized"),
        (["model.ckpt"], None, "no safetensors, and other weights can carry programs"),
        (["README.md"], None, r"not a diffusers model \(it has no model_index\.json\)"),
        ([], [1], "not a diffusers model"),
    ],
)
def test_what_is_no_model_is_told_by_what_it_is(files: list[str], config: Any, part: str) -> None:
    with pytest.raises(ModelError, match=part) as caught:
        raise families.no_model("a/b", files, config)
    offers(str(caught.value))


def offers(sentence: str) -> None:
    """Three models that work are named, in one sentence."""
    assert sum(f" {name}" in sentence.replace(",", "") for name in models.TABLE) >= 3
    assert sentence.count(". ") == 0
    assert sentence.endswith(".")


def test_every_refusal_of_a_model_names_three_that_work(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot repaint") as caught:
        families.check_family("a/b", {"_class_name": "WanPipeline"})
    offers(str(caught.value).replace("; choose another,", "; choose another"))
    file = tmp_path / "x.safetensors"
    for tensor, part in (
        ("lora_unet_x.lora_down.weight", "is a LoRA"),
        ("control_model.input_blocks.0.weight", "is a ControlNet"),
        ("emb_params", "is a textual inversion"),
        ("weight", "is no Stable Diffusion checkpoint"),
    ):
        save_file({tensor: torch.zeros(1)}, file)
        with pytest.raises(ModelError, match=part) as caught:
            tensors.checkpoint(file)
        offers(str(caught.value).replace("; choose another file,", "; choose another file"))
    for name in families.OTHERS.removeprefix("such as ").replace(" or", ",").split(", "):
        assert models.TABLE[name].download


def test_a_folder_that_is_no_model_says_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"_class_name": "ControlNetModel"}))
    with pytest.raises(ValueError, match=f"^{tmp_path} is a ControlNet"):
        models.find(str(tmp_path))


# What stands in the way.


@pytest.mark.usefixtures("only_the_lora")
def test_a_gated_model_says_how_to_log_in() -> None:
    said = refused("tiny/gated")
    assert "tiny/gated asks for consent to its licence" in said
    assert "hf auth login" in said


@pytest.mark.usefixtures("only_the_lora")
def test_a_name_that_the_hub_does_not_know() -> None:
    assert refused("tiny/nothing").startswith("There is no model tiny/nothing on the Hugging Face")


@pytest.mark.usefixtures("only_the_lora")
def test_offline_mode_and_no_network_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        said = refused()
        assert "HF_HUB_OFFLINE forbids to download it; unset that" in said
        assert "cannot be reached" not in said
    with monkeypatch.context() as patch:
        patch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
        said = refused()
        assert "the Hugging Face Hub cannot be reached; connect to the internet" in said
        assert "HF_HUB_OFFLINE" not in said


def test_a_hub_that_is_out_of_order(only_the_lora: tiny_models.Hub) -> None:
    only_the_lora.status = 503
    assert "the Hugging Face Hub is busy or out of order; try again later" in refused()


@pytest.mark.usefixtures("only_the_lora")
@pytest.mark.parametrize(
    ("number", "part"),
    [(errno.ENOSPC, "The disk is full"), (errno.EACCES, "folder for downloaded models cannot be")],
)
def test_a_disk_that_takes_nothing(monkeypatch: pytest.MonkeyPatch, number: int, part: str) -> None:
    def grown(*_: object) -> str:
        raise OSError(number, "no")

    monkeypatch.setattr(downloads, "_grown", grown)
    said = refused()
    assert part in said
    assert "HF_HOME" in said


def test_whoever_ends_a_download_is_given_back_what_they_raised(
    only_the_lora: tiny_models.Hub,
) -> None:
    only_the_lora.pace = 10 * SIZE
    with pytest.raises(Enough):
        downloads.fetch(Style(model="sd-turbo", lora="tiny/neon"), stopping(600_000))


def test_a_style_that_is_here_asks_for_nothing(only_the_lora: tiny_models.Hub) -> None:
    style = Style(model="sd-turbo", lora="tiny/neon")
    downloads.fetch(style)
    assert models.whole("tiny/neon")
    only_the_lora.requests.clear()
    downloads.fetch(style)
    downloads.fetch(Style())
    assert only_the_lora.requests == []


def test_the_place_is_that_of_the_hubs_own_library(hub: tiny_models.Hub, lora: Path) -> None:
    from huggingface_hub import hf_hub_download

    folder = downloads.addition("tiny/neon")
    digest = hashlib.sha256(weights(lora).read_bytes()).hexdigest()
    pointer = Path(folder) / "neon.safetensors"
    assert pointer.is_symlink()
    assert pointer.resolve() == (blobs() / digest).resolve()
    hub.ranges.clear()
    found = hf_hub_download("tiny/neon", "neon.safetensors")
    assert Path(found) == pointer
    assert hub.ranges == []


# Whole pipelines, and the command line.


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny Stable Diffusion, and beside its weights others that musvid does not want."""
    folder = tiny_models.sd15(tmp_path_factory.mktemp("models") / "sd15")
    part = folder / "unet" / "diffusion_pytorch_model.safetensors"
    shutil.copy(part, part.with_name("diffusion_pytorch_model.non_ema.safetensors"))
    shutil.copy(part, folder / "v1-5.safetensors")
    return folder


def test_a_pipeline_goes_on_and_no_weights_come_twice(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from musvid.paint.painter import Painter

    model = models.find("tiny/one")
    with tiny_models.Hub({"tiny/one": published}) as hub:
        hub.instead(monkeypatch, tmp_path / "cache")
        sizes: list[int] = []

        def told(download: Download) -> None:
            sizes.append(download.total)
            if download.done > download.total // 2:
                raise Enough

        with pytest.raises(Enough):
            downloads.pipeline(model, told)
        assert not models.whole("tiny/one")
        weights = [
            file for file in published.rglob("*/*.safetensors") if "non_ema" not in str(file)
        ]
        assert set(sizes) == {sum(file.stat().st_size for file in weights)}
        assert len(weights) == 3
        begun = len(hub.ranges)
        seen: list[Download] = []
        Painter(Style(model="tiny/one"), device="cpu", told=seen.append)
        assert seen[0].done > 0
        assert models.whole("tiny/one")
        # One of them was broken off; those that were whole, and those that came now, come no more.
        assert len(hub.ranges) <= len(weights) + 1
        assert len(hub.ranges) > begun
        assert not any("non_ema" in path or "v1-5" in path for path in hub.requests)
        hub.requests.clear()
        Painter(Style(model="tiny/one"), device="cpu", told=seen.append)
        assert hub.requests == []


def command(song: str, hub: tiny_models.Hub, folder: Path) -> tuple[list[str], dict[str, str]]:
    """A render of the command line with a model of the hub, and its environment."""
    ours = ("HF_", "HUGGINGFACE_", "TRANSFORMERS_", "DIFFUSERS_")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    given = ["--model", "tiny/one", "--strength", "0.7", "--steps", "1", "--guidance", "1"]
    more = ["--size", "64", "--device", "cpu", "--recipe", "every-frame", "--fps", "10"]
    return (
        [sys.executable, "-m", "musvid", song, *given, *more, "--interpolator", "blend"],
        {
            **inherited,
            "PYTHONPATH": str(ROOT),
            "HF_HOME": str(folder / "hub"),
            "HF_ENDPOINT": hub.address,
            "NO_PROXY": "127.0.0.1",
            "MUSVID_CACHE": str(folder / "store"),
        },
    )


@pytest.mark.deep
@pytest.mark.skipif(os.name != "posix", reason="there are no such terminals")
def test_the_command_line_shows_a_download_and_ctrl_c_ends_it(
    published: Path, tmp_path: Path, write_song: WriteSong
) -> None:
    import fcntl
    import pty
    import termios

    with tiny_models.Hub({"tiny/one": published}) as hub:
        arguments, environment = command(write_song(music(0.5)), hub, tmp_path)
        hub.pace = 100_000
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        process = subprocess.Popen(
            arguments, cwd=tmp_path, env=environment, stderr=theirs, stdout=subprocess.PIPE
        )
        os.close(theirs)
        shown = b""
        while not re.search(rb"Downloading tiny/one: +[34]\d%", shown):  # in the largest file
            shown += os.read(ours, 4096)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        assert time.monotonic() - began < 10
        with contextlib.suppress(OSError):  # the end of a terminal
            while more := os.read(ours, 4096):
                shown += more
        os.close(ours)
        assert b"Stopped; what is here of tiny/one stays" in shown
        assert b"Traceback" not in shown
        assert b"arning" not in shown
        assert list(tmp_path.glob("*.mp4")) == []
        found = {path.name for path in (tmp_path / "hub").rglob("*incomplete")}
        assert found
        assert all(name.endswith(PART) for name in found)
        # Without a terminal, a line or a few; and it goes on.
        hub.pace = None
        begun = len(hub.ranges)
        done = subprocess.run(
            arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("Downloading tiny/one (about 0.0 GB)") == 1
        assert hub.ranges[begun] > 0
        assert len(list(tmp_path.glob("*.mp4"))) == 1
