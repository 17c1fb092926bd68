"""Prompts as the embeddings that a pipeline takes."""

from __future__ import annotations

import inspect
from typing import Any

from . import emphasis
from .chunks import Reader, readers


def encode(
    pipe: Any, prompt: str, negative: str, guided: bool, *, chunks: int = 1
) -> dict[str, Any]:
    """A pipeline's arguments for one prompt: embeddings where it takes them, else the text.

    chunks: how many are told, where the family reads in chunks, see `musvid.paint.chunks`. Others
    read one, and weights only where the pipeline `weighs` words itself.
    """
    import torch

    accepted = inspect.signature(pipe.__call__).parameters
    if own := readers(pipe):
        with torch.inference_mode():
            told = _in_chunks(own, prompt, negative if guided else None, chunks)
        return {name: value for name, value in told.items() if name in accepted}
    if not weighs(pipe):
        prompt, negative = emphasis.plain(prompt), emphasis.plain(negative)
    text = {"prompt": prompt, **({"negative_prompt": negative} if guided else {})}
    names = (
        "prompt_embeds",
        "negative_prompt_embeds",
        "pooled_prompt_embeds",
        "negative_pooled_prompt_embeds",
    )
    if "prompt_embeds" not in accepted or "encode_prompt" not in dir(pipe):
        return text
    options = {"device": pipe._execution_device, "num_images_per_prompt": 1, **text}
    options["do_classifier_free_guidance"] = guided
    known = inspect.signature(pipe.encode_prompt).parameters
    # Stable Diffusion 3 asks for a prompt per text encoder; None is the same for all.
    options = {name: None for name, item in known.items() if item.default is item.empty} | options
    with torch.inference_mode():
        made = pipe.encode_prompt(
            **{name: value for name, value in options.items() if name in known}
        )
    # Stable Diffusion answers with two tensors, SDXL and SD 3 with four, in this order; families
    # that answer differently encode the text themselves for every batch.
    if not isinstance(made, tuple) or len(made) not in (2, 4):
        return text
    return {
        name: value
        for name, value in zip(names, made, strict=False)
        if value is not None and name in accepted
    }


def _in_chunks(
    readers: list[Reader], prompt: str, negative: str | None, chunks: int
) -> dict[str, Any]:
    import torch

    made = {}
    for before, text in (("", prompt), ("negative_", negative)):
        if text is None:
            continue
        told = [reader.said(text, chunks) for reader in readers]
        made[f"{before}prompt_embeds"] = torch.cat([said for said, _ in told], dim=-1)
        for _, pooled in told:
            if pooled is not None:
                made[f"{before}pooled_prompt_embeds"] = pooled
    return made


def weighs(pipe: Any) -> bool:
    """Whether words of a prompt may count more or less than others."""
    return bool(readers(pipe)) or getattr(pipe, "weighs", False)


def chunks_of(pipe: Any, prompt: str) -> int:
    """In how many chunks a prompt is read; 1 where the family does not read in chunks."""
    return max((len(reader.chunks(prompt)) for reader in readers(pipe)), default=1)


def unread(pipe: Any, prompt: str, chunks: int = 1) -> str:
    """The end of a prompt that no text encoder of a pipeline reads, or "".

    chunks: how many are read at most. Of several encoders, the one that reads most counts.
    """
    if own := readers(pipe):
        return min((reader.rest(prompt, chunks) for reader in own), key=len)
    prompt = emphasis.plain(prompt)
    ends = []
    for name, tokenizer in pipe.components.items():
        most = getattr(tokenizer, "model_max_length", None)
        if name.startswith("tokenizer") and most and callable(tokenizer):
            tokens = tokenizer(prompt, truncation=False).input_ids
            if len(tokens) <= most:
                return ""
            # The last of the tokens that are read, and of all, is the mark of the end.
            ends.append(tokenizer.decode(tokens[most - 1 : -1]).strip())
    return min(ends, key=len, default="")


def joined(prompts: list[dict[str, Any]]) -> dict[str, Any]:
    """The encoded prompts of single frames, concatenated for a batch."""
    import torch

    return {
        name: [each[name] for each in prompts]
        if isinstance(value, str)
        else torch.cat([each[name] for each in prompts])
        for name, value in prompts[0].items()
    }
