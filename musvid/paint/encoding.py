"""Prompts as the embeddings that a pipeline takes."""

from __future__ import annotations

import inspect
from typing import Any


def encode(pipe: Any, prompt: str, negative: str, guided: bool) -> dict[str, Any]:
    import torch

    text = {"prompt": prompt, **({"negative_prompt": negative} if guided else {})}
    names = (
        "prompt_embeds",
        "negative_prompt_embeds",
        "pooled_prompt_embeds",
        "negative_pooled_prompt_embeds",
    )
    accepted = inspect.signature(pipe.__call__).parameters
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


def unread(pipe: Any, prompt: str) -> str:
    """The end of a prompt that no text encoder of a pipeline reads, or "".

    Of several encoders, the one that reads most counts.
    """
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
