"""Models of real families, tiny and with random weights, on disk as a user would have them.

Each builder is seeded, saves what diffusers' own `save_pretrained` saves, and returns where. The
pictures mean nothing; the classes, the files and the way they are loaded are those of the models
that the families are named after. Latents have an eighth of the picture's side, as theirs have.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    ControlNetModel,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    LatentConsistencyModelPipeline,
    LCMScheduler,
    PNDMScheduler,
    SD3Transformer2DModel,
    StableDiffusion3Pipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from diffusers.utils import convert_state_dict_to_diffusers
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file, save_file
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    T5Config,
    T5EncoderModel,
    T5TokenizerFast,
)

Tensors = dict[str, torch.Tensor]

WEIGHTS = ".safetensors"
COMMIT = "0123456789abcdef0123456789abcdef01234567"

_TEXT = 16  # hidden width of a text encoder
_TEXT_2 = 24  # and of SDXL's second one, which must differ: loaders tell the two by their widths
_BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


def sd15(folder: Path, *, seed: int = 15) -> Path:
    """The shape of Stable Diffusion 1.5, with the scheduler its repository has."""
    scheduler = PNDMScheduler(**_BETAS, skip_prk_steps=True, steps_offset=1)
    return _stable_diffusion(folder, scheduler, seed)


def sd_turbo(folder: Path, *, seed: int = 21) -> Path:
    """The shape of stabilityai/sd-turbo."""
    scheduler = EulerDiscreteScheduler(**_BETAS, timestep_spacing="trailing", steps_offset=1)
    return _stable_diffusion(folder, scheduler, seed)


def lcm(folder: Path, *, seed: int = 25) -> Path:
    """The shape of SimianLuo/LCM_Dreamshaper_v7: a UNet that is told the guidance."""
    with _seeded(seed):
        pipe = LatentConsistencyModelPipeline(
            vae=_autoencoder(),
            text_encoder=CLIPTextModel(_text_config(_TEXT)),
            tokenizer=tokenizer(),
            unet=_unet(time_cond_proj_dim=32),
            scheduler=LCMScheduler(**_BETAS),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    return _save(pipe, folder)


def sdxl_turbo(folder: Path, *, seed: int = 31) -> Path:
    """The shape of stabilityai/sdxl-turbo: two text encoders, sizes as a part of the condition."""
    with _seeded(seed):
        pipe = StableDiffusionXLPipeline(
            vae=_autoencoder(),
            text_encoder=CLIPTextModel(_text_config(_TEXT)),
            text_encoder_2=CLIPTextModelWithProjection(_text_config(_TEXT_2)),
            tokenizer=tokenizer(),
            tokenizer_2=tokenizer(),
            unet=_unet_xl(),
            scheduler=EulerAncestralDiscreteScheduler(**_BETAS, timestep_spacing="trailing"),
        )
    return _save(pipe, folder)


def sd3(folder: Path, *, seed: int = 33) -> Path:
    """The shape of Stable Diffusion 3: a transformer, flow matching, three text encoders."""
    with _seeded(seed):
        text, letters = _text_config(_TEXT), tokenizer()
        t5, t5_tokenizer = _t5(2 * _TEXT)
        pipe = StableDiffusion3Pipeline(
            vae=_autoencoder(shift_factor=0.06, use_quant_conv=False, use_post_quant_conv=False),
            text_encoder=CLIPTextModelWithProjection(text),
            text_encoder_2=CLIPTextModelWithProjection(text),
            text_encoder_3=t5,
            tokenizer=letters,
            tokenizer_2=letters,
            tokenizer_3=t5_tokenizer,
            transformer=SD3Transformer2DModel(
                sample_size=8,
                in_channels=4,
                out_channels=4,
                num_layers=2,
                attention_head_dim=8,
                num_attention_heads=2,
                caption_projection_dim=16,
                joint_attention_dim=2 * _TEXT,
                pooled_projection_dim=2 * _TEXT,
                pos_embed_max_size=32,
            ),
            scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0),
        )
    return _save(pipe, folder)


def lcm_lora(folder: Path, *, seed: int = 41) -> Path:
    """A LoRA for the UNet of `sd15`, with weights that are not zero."""
    with _seeded(seed):
        unet = _unet()
        unet.add_adapter(LoraConfig(r=4, target_modules=["to_q", "to_k", "to_v", "to_out.0"]))
        for name, weight in unet.named_parameters():
            if "lora_" in name:
                torch.nn.init.normal_(weight, std=0.5)
    layers = convert_state_dict_to_diffusers(get_peft_model_state_dict(unet))
    StableDiffusionPipeline.save_lora_weights(folder, unet_lora_layers=layers)
    return folder


def controlnet(folder: Path, *, seed: int = 43) -> Path:
    """A ControlNet for the UNet of `sd15`, whose weights are not zero."""
    return _controlnet(folder, _unet, seed)


def controlnet_xl(folder: Path, *, seed: int = 45) -> Path:
    """A ControlNet for the UNet of `sdxl_turbo`."""
    return _controlnet(folder, _unet_xl, seed)


def _controlnet(folder: Path, unet: Callable[[], UNet2DConditionModel], seed: int) -> Path:
    with _seeded(seed):
        net = ControlNetModel.from_unet(unet(), conditioning_embedding_out_channels=(4, 4, 8, 8))
        for name, weight in net.named_parameters():
            if name.startswith(("controlnet_down", "controlnet_mid")):
                torch.nn.init.normal_(weight, std=0.3)
            elif name.startswith("controlnet_cond"):
                weight.data *= 3
        torch.nn.init.normal_(net.controlnet_cond_embedding.conv_out.weight, std=0.3)
    net.save_pretrained(folder)
    return folder


def speaking_lora(folder: Path, *, seed: int = 43) -> Path:
    """A LoRA for the text encoder of `sd15`, and for nothing else."""
    generator = torch.Generator().manual_seed(seed)
    sizes = {"lora_linear_layer.down.weight": (4, _TEXT), "lora_linear_layer.up.weight": (_TEXT, 4)}
    layers = {
        f"text_encoder.text_model.encoder.layers.{layer}.self_attn.{part}.{name}": 0.5
        * torch.randn(size, generator=generator)
        for layer in range(2)
        for part in ("q_proj", "v_proj")
        for name, size in sizes.items()
    }
    folder.mkdir()
    save_file(layers, folder / "pytorch_lora_weights.safetensors")
    return folder


def taesd(folder: Path, *, seed: int = 51) -> Path:
    """The shape of madebyollin/taesd, an AutoencoderTiny."""
    with _seeded(seed):
        vae = AutoencoderTiny(
            encoder_block_out_channels=(8, 8, 8, 8),
            decoder_block_out_channels=(8, 8, 8, 8),
            num_encoder_blocks=(1, 1, 1, 1),
            num_decoder_blocks=(1, 1, 1, 1),
        )
    vae.save_pretrained(folder)
    return folder


def single_file(model: Path, file: Path) -> Path:
    """One .safetensors checkpoint of an SD or SDXL folder, in the layout of the first code.

    Beside it goes a folder of the same name with the model's configuration, and no weights.
    """
    text = _prefixed("transformer.text_model.", _unwrapped(_weights(model / "text_encoder")))
    if (model / "text_encoder_2").is_dir():
        second = _prefixed("model.", _open_clip(_weights(model / "text_encoder_2")))
        words = _prefixed("conditioner.embedders.0.", text)
        words |= _prefixed("conditioner.embedders.1.", second)
    else:
        # Checkpoints of that time carry the positions' numbers too.
        text["transformer.text_model.embeddings.position_ids"] = torch.arange(77)[None]
        words = _prefixed("cond_stage_model.", text)
    unet = _unet_to_ldm(_weights(model / "unet"), _layers(model / "unet"))
    save_file(
        {
            **words,
            **_prefixed("model.diffusion_model.", unet),
            **_prefixed("first_stage_model.", _vae_to_ldm(_weights(model / "vae"))),
        },
        file,
    )
    shutil.copytree(model, file.with_suffix(""), ignore=shutil.ignore_patterns("*.safetensors"))
    return file


def half_precision(model: Path, folder: Path) -> Path:
    """A copy of a folder with its weights only in half precision, as `variant="fp16"` saves it."""
    shutil.copytree(model, folder)
    for file in folder.rglob("*.safetensors"):
        halves = {key: value.half() for key, value in load_file(file).items()}
        save_file(halves, file.with_suffix(".fp16.safetensors"), {"format": "pt"})
        file.unlink()
    return folder


def as_published(model: Path, folder: Path) -> Path:
    """A copy of a Stable Diffusion folder with what repositories of its time have on the hub.

    That is: older names for the same weights, a safety checker, and no tokenizer.json.
    """
    shutil.copytree(model, folder)
    (folder / "tokenizer" / "tokenizer.json").unlink()
    _write_alphabet(folder / "tokenizer")
    text = folder / "text_encoder" / "model.safetensors"
    save_file(_prefixed("text_model.", _unwrapped(load_file(text))), text, {"format": "pt"})
    vae = folder / "vae" / "diffusion_pytorch_model.safetensors"
    save_file(_renamed(load_file(vae), _old_attention_name), vae, {"format": "pt"})
    index = folder / "model_index.json"
    content = json.loads(index.read_text(encoding="utf-8"))
    content["safety_checker"] = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    content["requires_safety_checker"] = True
    index.write_text(json.dumps(content), encoding="utf-8")
    return folder


def hub_cache(cache: Path, name: str, model: Path) -> Path:
    """Put a folder into a Hugging Face cache as if it had been downloaded as `name`."""
    repository = cache / f"models--{name.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT, encoding="utf-8")
    (repository / "blobs").mkdir()
    for file in sorted(path for path in model.rglob("*") if path.is_file()):
        blob = repository / "blobs" / hashlib.sha256(file.read_bytes()).hexdigest()
        shutil.copyfile(file, blob)
        link = repository / "snapshots" / COMMIT / file.relative_to(model)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(blob)
    return cache


class Hub:
    """A stand-in for huggingface.co on this machine, as a context: folders, served as models.

    repositories: folders by hub id.
    gated: hub ids that ask for consent first.

    requests: the paths asked for so far, which whoever looks may clear.
    ranges: from which byte on weights were asked for. breaks: after how many bytes the connection
    is lost, of each answer with weights. pace: bytes of weights a second, or None for all at once.
    status: of every answer, where the hub is out of order. whole: whether it knows no parts of
    files.
    """

    def __init__(self, repositories: dict[str, Path], gated: Iterable[str] = ()) -> None:
        self.requests: list[str] = []
        self.ranges: list[int] = []
        self.breaks: list[int] = []
        self.pace: int | None = None
        self.status: int | None = None
        self.whole = False
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = hub._find(self.path)
                if self.command == "GET" and status == 200 and WEIGHTS in self.path:
                    self._answer_weights(headers, body)
                else:
                    self._answer(hub.status or status, headers, body)

            do_HEAD = do_GET  # noqa: N815

            def _answer_weights(self, headers: dict[str, str], body: bytes) -> None:
                begin = int(self.headers.get("Range", "bytes=0-")[6:-1])
                hub.ranges.append(begin)
                begin = 0 if hub.whole else begin
                rest = len(body) - begin
                self.send_response(hub.status or (206 if begin else 200))
                headers |= {"Content-Range": f"bytes {begin}-{len(body) - 1}/{len(body)}"}
                for name, value in {**headers, "Content-Length": str(rest)}.items():
                    self.send_header(name, value)
                self.end_headers()
                ends = begin + (hub.breaks.pop(0) if hub.breaks else rest)
                step = max(1, (hub.pace or 10**9) // 50)
                with suppress(ConnectionError):  # whoever asked has gone
                    for place in range(begin, min(ends, len(body)), step):
                        self.wfile.write(body[place : min(place + step, ends)])
                        time.sleep(0.02 if hub.pace else 0)
                self.close_connection = True

            def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.repositories, self._gated = repositories, set(gated)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def instead(self, monkeypatch: Any, cache: Path) -> None:
        """Have the libraries of this process ask this hub, and keep in a cache of its own."""
        from huggingface_hub import constants, hf_api

        for place, name, value in (
            (constants, "ENDPOINT", self.address),
            (hf_api.api, "endpoint", self.address),
            (constants, "HF_HUB_CACHE", str(cache)),
            (
                constants,
                "HUGGINGFACE_CO_URL_TEMPLATE",
                self.address + "/{repo_id}/resolve/{revision}/{filename}",
            ),
        ):
            monkeypatch.setattr(place, name, value)

    def __enter__(self) -> Hub:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _find(self, address: str) -> tuple[int, dict[str, str], bytes]:
        path = urlsplit(address).path.strip("/")
        self.requests.append(path)
        owner, name, *rest = f"{path.removeprefix('api/models/')}/".split("/")
        folder = self.repositories.get(f"{owner}/{name}")
        if f"{owner}/{name}" in self._gated:
            return 403, {"X-Error-Code": "GatedRepo"}, b"{}"
        if folder is None:
            return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
        if rest[0] == "resolve":
            return self._file(folder.joinpath(*rest[2:]))
        sizes = {
            file.relative_to(folder).as_posix(): file.stat().st_size
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }
        if rest[0] == "tree":
            kind = {"type": "file", "oid": "0" * 40}
            tree = [
                {**kind, "path": file, "size": sizes[file], **large(folder / file, "oid")}
                for file in sizes
            ]
            return 200, {}, json.dumps(tree).encode()
        files = [
            {"rfilename": file, "size": sizes[file], **large(folder / file, "sha256")}
            for file in sizes
        ]
        about = {"id": f"{owner}/{name}", "sha": COMMIT, "siblings": files}
        return 200, {}, json.dumps(about).encode()

    @staticmethod
    def _file(file: Path) -> tuple[int, dict[str, str], bytes]:
        if not file.is_file():
            return 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, b""
        body = file.read_bytes()
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        return 200, {"ETag": etag, "X-Repo-Commit": COMMIT}, body


def large(file: Path, name: str) -> dict[str, Any]:
    """What the hub says of a file in its storage for large files. name: of the SHA-256 there."""
    if file.suffix != WEIGHTS:
        return {}
    body = file.read_bytes()
    digest = hashlib.sha256(body).hexdigest()
    return {"lfs": {name: digest, "size": len(body), "pointerSize": 134}}


# The parts of a pipeline.


def _stable_diffusion(folder: Path, scheduler: Any, seed: int) -> Path:
    with _seeded(seed):
        pipe = StableDiffusionPipeline(
            vae=_autoencoder(),
            text_encoder=CLIPTextModel(_text_config(_TEXT)),
            tokenizer=tokenizer(),
            unet=_unet(),
            scheduler=scheduler,
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    return _save(pipe, folder)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _save(pipe: Any, folder: Path) -> Path:
    # Fresh weights hardly listen to the text; trained ones do, and the tests must notice.
    for name, weight in getattr(pipe, "unet", pipe.vae).named_parameters():
        if ".attn2.to_" in name:
            weight.data *= 3
    pipe.save_pretrained(folder)
    return folder


def _unet(*, cross_attention_dim: int = _TEXT, **more: Any) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        norm_num_groups=8,
        attention_head_dim=2,
        cross_attention_dim=cross_attention_dim,
        **more,
    )


def _unet_xl() -> UNet2DConditionModel:
    return _unet(
        cross_attention_dim=_TEXT + _TEXT_2,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + _TEXT_2,
    )


def _autoencoder(**more: Any) -> AutoencoderKL:
    # The size ratio that pipelines assume follows from the number of blocks: four make an eighth.
    vae = AutoencoderKL(
        block_out_channels=(8, 8, 16, 16),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        norm_num_groups=4,
        sample_size=64,
        **more,
    )
    # As trained ones do, let the picture decide the latents, of a size like the noise's, and
    # chance next to nothing: the last layer gives four means, then the logarithms of variances.
    last = vae.encoder.conv_out if vae.quant_conv is None else vae.quant_conv
    last.weight.data[:4] *= 30
    last.weight.data[4:] = 0
    last.bias.data[4:] = -20
    return vae


def _text_config(width: int) -> CLIPTextConfig:
    vocabulary = _vocabulary()
    return CLIPTextConfig(
        vocab_size=len(vocabulary),
        hidden_size=width,
        intermediate_size=2 * width,
        projection_dim=width,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=77,
        bos_token_id=vocabulary["<|startoftext|>"],
        eos_token_id=vocabulary["<|endoftext|>"],
        pad_token_id=vocabulary["<|endoftext|>"],
        initializer_range=0.5,
    )


def _vocabulary() -> dict[str, int]:
    """Each printable ASCII letter, alone and as the end of a word, and one merged pair."""
    letters = [chr(code) for code in range(33, 127)]
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), "ne", "neb"]
    names = [*pieces, "<|startoftext|>", "<|endoftext|>"]
    return {name: number for number, name in enumerate(names)}


def tokenizer() -> CLIPTokenizer:
    """A tokenizer of CLIP's kind that knows letters only."""
    with TemporaryDirectory() as folder:
        _write_alphabet(Path(folder))
        return CLIPTokenizer.from_pretrained(folder, model_max_length=77)


def _write_alphabet(folder: Path) -> None:
    (folder / "vocab.json").write_text(json.dumps(_vocabulary()), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\nn e\nne b\n", encoding="utf-8")


def _t5(width: int) -> tuple[T5EncoderModel, T5TokenizerFast]:
    letters = [("\u2581", -2.0), *((chr(code), -3.0) for code in range(33, 127))]
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *letters]
    tokenizer = T5TokenizerFast(vocab=vocabulary, extra_ids=0, model_max_length=32)
    config = T5Config(
        vocab_size=len(vocabulary), d_model=width, d_kv=8, d_ff=width, num_layers=1, num_heads=2
    )
    return T5EncoderModel(config), tokenizer


# Names of the same weights elsewhere.


def _weights(part: Path) -> Tensors:
    return load_file(next(part.glob("*.safetensors")))


def _layers(unet: Path) -> int:
    return json.loads((unet / "config.json").read_text(encoding="utf-8"))["layers_per_block"]


def _renamed(weights: Tensors, rename: Callable[[str], str]) -> Tensors:
    return {rename(key): value for key, value in weights.items()}


def _prefixed(prefix: str, weights: Tensors) -> Tensors:
    return _renamed(weights, lambda key: f"{prefix}{key}")


def _unwrapped(text_encoder: Tensors) -> Tensors:
    # Whether the names begin so depends on the release of transformers.
    return _renamed(text_encoder, lambda key: key.removeprefix("text_model."))


def _old_attention_name(key: str) -> str:
    if ".attentions." not in key:
        return key
    names = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}
    return _replace(key, names.items())


def _replace(key: str, pairs: Iterable[tuple[str, str]]) -> str:
    for old, new in pairs:
        key = key.replace(old, new)
    return key


_UNET_RESNET = (
    ("norm1", "in_layers.0"),
    ("conv1", "in_layers.2"),
    ("time_emb_proj", "emb_layers.1"),
    ("norm2", "out_layers.0"),
    ("conv2", "out_layers.3"),
    ("conv_shortcut", "skip_connection"),
)
_UNET_ENDS = (
    ("time_embedding.linear_1", "time_embed.0"),
    ("time_embedding.linear_2", "time_embed.2"),
    ("add_embedding.linear_1", "label_emb.0.0"),
    ("add_embedding.linear_2", "label_emb.0.2"),
    ("conv_in", "input_blocks.0.0"),
    ("conv_norm_out", "out.0"),
    ("conv_out", "out.2"),
)


def _unet_to_ldm(weights: Tensors, layers: int) -> Tensors:
    """The first code counts all layers of the way down, and of the way up, in one row each."""
    attended = {key.split(".")[1] for key in weights if re.match(r"up_blocks\.\d+\.attent", key)}

    def rename(key: str) -> str:
        if match := re.match(r"(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.(.*)", key):
            way, block, kind, layer, rest = match.groups()
            first = int(block) * (layers + 1)
            if kind == "downsamplers":
                return f"input_blocks.{first + layers + 1}.0.{rest.replace('conv', 'op')}"
            if kind == "upsamplers":
                return f"output_blocks.{first + layers}.{2 if block in attended else 1}.{rest}"
            row = "input_blocks" if way == "down" else "output_blocks"
            number = first + int(layer) + (way == "down")
            if kind == "attentions":
                return f"{row}.{number}.1.{rest}"
            return f"{row}.{number}.0.{_replace(rest, _UNET_RESNET)}"
        if match := re.match(r"mid_block\.resnets\.(\d)\.(.*)", key):
            return f"middle_block.{2 * int(match[1])}.{_replace(match[2], _UNET_RESNET)}"
        if key.startswith("mid_block.attentions.0."):
            return key.replace("mid_block.attentions.0", "middle_block.1")
        return _replace(key, _UNET_ENDS)

    return _renamed(weights, rename)


_VAE_NAMES = (
    ("group_norm", "norm"),
    ("to_out.0", "proj_out"),
    ("to_q", "q"),
    ("to_k", "k"),
    ("to_v", "v"),
    ("conv_norm_out", "norm_out"),
    ("conv_shortcut", "nin_shortcut"),
    ("mid_block.attentions.0", "mid.attn_1"),
    ("mid_block.resnets.0", "mid.block_1"),
    ("mid_block.resnets.1", "mid.block_2"),
    (".resnets.", ".block."),
    ("samplers.0.", "sample."),
)


def _vae_to_ldm(weights: Tensors) -> Tensors:
    """The first code numbers the decoder's blocks from its end, and attends by 1x1 convolution."""
    blocks = 1 + max(int(key.split(".")[2]) for key in weights if "up_blocks." in key)

    def rename(key: str) -> str:
        key = re.sub(r"down_blocks\.(\d+)", r"down.\1", key)
        key = re.sub(r"up_blocks\.(\d+)", lambda match: f"up.{blocks - 1 - int(match[1])}", key)
        return _replace(key, _VAE_NAMES)

    def reshape(key: str, value: torch.Tensor) -> torch.Tensor:
        linear = "mid_block.attentions" in key and value.dim() == 2
        return value[:, :, None, None].contiguous() if linear else value

    return {rename(key): reshape(key, value) for key, value in weights.items()}


_OPEN_CLIP_NAMES = (
    ("embeddings.token_embedding", "token_embedding"),
    ("embeddings.position_embedding.weight", "positional_embedding"),
    ("final_layer_norm", "ln_final"),
    ("encoder.layers", "transformer.resblocks"),
    ("layer_norm", "ln_"),
    ("mlp.fc1", "mlp.c_fc"),
    ("mlp.fc2", "mlp.c_proj"),
    ("self_attn", "attn"),
)


def _open_clip(weights: Tensors) -> Tensors:
    """OpenCLIP has queries, keys and values in one tensor, and multiplies from the other side."""
    weights = _unwrapped(weights)
    made = {"text_projection": weights.pop("text_projection.weight").T.contiguous()}
    for key in [key for key in weights if ".q_proj." in key]:
        three = [weights.pop(key.replace(".q_proj.", f".{name}_proj.")) for name in "qkv"]
        made[_replace(key.replace(".q_proj.", ".in_proj_"), _OPEN_CLIP_NAMES)] = torch.cat(three)
    return made | _renamed(weights, lambda key: _replace(key, _OPEN_CLIP_NAMES))
