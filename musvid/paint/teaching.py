"""Words that a loaded model is taught: textual inversions, by their files.

A file holds vectors that stand for a word, for one text encoder or for both of SDXL's. The word is
the file's name without its ending, as in AUTOMATIC1111's web UI; a file that names its word itself,
as diffusers' training does, teaches that one, too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelError, quoted
from .chunks import readers
from .models import Model

if TYPE_CHECKING:
    from torch import Tensor

_USUAL = "learned_embeds"
"""The name that diffusers gives to every such file."""

# Names of the vectors, by the tokenizer that they are for.
_ENCODERS = {
    "tokenizer": ("clip_l", "text_encoders_0"),
    "tokenizer_2": ("clip_g", "text_encoders_1"),
}
_UNNAMED = ("emb_params", "*")


def teach(pipe: Any, model: Model, source: str, folder: str, name: str | None) -> None:
    """Teach a pipeline the word of a file.

    source: what the user named. folder, name: of the file; without a name, the folder's only one.

    The pipeline's attribute `taught` then has, by tokenizer, the words with the numbers of their
    tokens. Raises ModelError for a model that takes none, and for a file that does not fit it.
    """
    if not readers(pipe):
        raise ModelError(
            f"The model {model.name} takes no textual inversion; leave it out, or choose another "
            "model."
        )
    path = _file(source, Path(folder), name)
    told = {part: encoder for part, encoder in _parts(pipe) if encoder is not None}
    words, vectors = _read(source, path, list(told))
    taught = pipe.taught = getattr(pipe, "taught", {})
    for part, encoder in told.items():
        found, width = vectors[part], encoder.get_input_embeddings().weight.shape[-1]
        if found.shape[-1] != width:
            raise ModelError(
                f"The textual inversion {quoted(source)} does not fit {model.name}; choose one "
                f"that was made for such a model. (Its vectors have {found.shape[-1]} numbers, "
                f"and not {width}.)"
            )
        own = taught.setdefault(part, {})
        for word in words:
            if word.lower() in own:
                raise ModelError(
                    f"Two textual inversions teach the word {quoted(word)}; leave one out, or "
                    "rename its file."
                )
        numbers = _added(pipe, part, encoder, found)
        own |= {word.lower(): numbers for word in words}


def _parts(pipe: Any) -> list[tuple[str, Any]]:
    """A pipeline's text encoders by the names of their tokenizers."""
    return [
        (part, getattr(pipe, part.replace("tokenizer", "text_encoder"), None)) for part in _ENCODERS
    ]


def _file(source: str, folder: Path, name: str | None) -> Path:
    if name is not None:
        return folder / name
    found = sorted(folder.glob("*.safetensors"))
    usual = [path for path in found if path.stem == _USUAL]
    if len(usual or found) != 1:
        raise ModelError(
            f"The textual inversion {quoted(source)} is no folder with one .safetensors file; name "
            "the file."
        )
    return (usual or found)[0]


def _read(source: str, path: Path, parts: list[str]) -> tuple[list[str], dict[str, Tensor]]:
    """The words of a file, and the vectors that stand for them, (count, width), by tokenizer."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        held = load_file(path)
    except (OSError, SafetensorError, ValueError):
        held = {}
    words = [path.stem]
    vectors: dict[str, Tensor] = {}
    if len(held) == 1 and len(parts) == 1:
        ((own, vector),) = held.items()
        if own not in (*_UNNAMED, *_ENCODERS[parts[0]]):
            words = [own] if path.stem == _USUAL else [path.stem, own]
        vectors = {parts[0]: vector}
    else:
        named = [(part, name) for part in parts for name in _ENCODERS[part]]
        vectors = {part: held[name] for part, name in named if name in held}
    made = {part: found[None] if found.dim() == 1 else found for part, found in vectors.items()}
    if made.keys() != set(parts) or any(
        found.dim() != 2 or not len(found) for found in made.values()
    ):
        raise ModelError(
            f"The textual inversion {quoted(source)} holds no vectors for "
            f"{'both text encoders' if len(parts) > 1 else 'the text encoder'} of the model; "
            "choose one that was made for such a model."
        )
    return list(dict.fromkeys(words)), made


def _added(pipe: Any, part: str, encoder: Any, vectors: Tensor) -> list[int]:
    """The numbers of new tokens of an encoder that stand for vectors."""
    tokenizer = getattr(pipe, part)
    # No user writes this: tokenizers would find a plain word inside others, too.
    name = f"<|musvid {len(tokenizer)}|>"
    pipe.load_textual_inversion(vectors, token=name, tokenizer=tokenizer, text_encoder=encoder)
    # Old configurations have the encoder take the largest number for the end of a prompt (see
    # transformers' CLIPTextModel), which new tokens now exceed.
    for module in encoder.modules():
        if getattr(module, "eos_token_id", None) == 2:
            module.eos_token_id = tokenizer.eos_token_id
    names = [name, *(f"{name}_{number}" for number in range(1, len(vectors)))]
    return list(tokenizer.convert_tokens_to_ids(names))
