"""What the text encoders of Stable Diffusion say of a prompt: in chunks, and with weights.

An encoder reads 77 tokens, of which two are the marks of beginning and end. A longer prompt is read
as several such chunks, none of which cuts a word, and what they say stands one behind the other, as
in AUTOMATIC1111's web UI.

A word of weight w says ``empty + w * (said - empty)``, where `empty` is what the encoder says of
the empty text at the same place: it is led away from the prompt without words, or towards it, as in
ComfyUI (ClipTokenWeightEncoder in its sd1_clip.py) and in compel. Marks, and what an encoder says
of a prompt as a whole (SDXL's pooled embedding), have no weight.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import emphasis

if TYPE_CHECKING:
    from torch import Tensor

Token = tuple[int, float]
"""A token's number and weight."""

_FAMILIES = re.compile(
    r"StableDiffusion(XL)?(PAG|ControlNet)?Img2ImgPipeline|LatentConsistencyModelImg2ImgPipeline"
)


class Reader:
    """A text encoder with its tokenizer.

    xl: whether it is one of SDXL's, whose last layer but one is what a model is told. taught: words
    with the numbers of their tokens, see `musvid.paint.teaching`.
    """

    def __init__(
        self, tokenizer: Any, encoder: Any, xl: bool, taught: Mapping[str, Sequence[int]]
    ) -> None:
        self._tokenizer, self._encoder, self._xl = tokenizer, encoder, xl
        self._taught = {word.lower(): list(numbers) for word, numbers in taught.items()}
        self._length: int = tokenizer.model_max_length

    def chunks(self, text: str) -> list[list[Token]]:
        """The tokens of a prompt without marks; at least one chunk."""
        size = self._length - 2
        found: list[list[Token]] = [[]]
        for word in self._words(text):
            for start in range(0, len(word), size):  # of one that fills more than a chunk
                part = word[start : start + size]
                if len(found[-1]) + len(part) > size:
                    found.append([])
                found[-1] += part
        return found

    def said(self, text: str, count: int) -> tuple[Tensor, Tensor | None]:
        """What the encoder says of a prompt, (1, `count` times 77, width), and of all of it,
        (1, width), where it says that.

        A shorter prompt is filled up with chunks of the empty text; the end of a longer one is not
        read.
        """
        import torch

        chunks = self.chunks(text)[:count]
        rows = [self._row(chunk) for chunk in chunks]
        weights = torch.ones(len(rows), self._length)
        for row, chunk in enumerate(chunks):
            weights[row, 1 : 1 + len(chunk)] = torch.tensor([weight for _, weight in chunk])
        plain = bool((weights == 1).all())
        if not plain or len(rows) < count:
            rows.append(self._row([]))
        told = self._encoder(
            torch.tensor(rows, device=self._encoder.device), output_hidden_states=self._xl
        )
        said = told.hidden_states[-2] if self._xl else told[0]
        if len(rows) > len(chunks):
            said, empty = said[:-1], said[-1:]
            weights = weights[..., None].to(said)
            if not plain:
                said = torch.where(weights == 1, said, empty + weights * (said - empty))
            said = torch.cat([said, *[empty] * (count - len(chunks))])
        pooled = told[0][:1] if self._xl and told[0].dim() == 2 else None
        return said.reshape(1, count * self._length, -1), pooled

    def rest(self, text: str, count: int) -> str:
        """What lies behind so many chunks of a prompt."""
        tokens = [token for chunk in self.chunks(text)[count:] for token, _ in chunk]
        return str(self._tokenizer.decode(tokens)).strip()

    def _row(self, chunk: Sequence[Token]) -> list[int]:
        own = self._tokenizer
        row = [own.bos_token_id, *(token for token, _ in chunk), own.eos_token_id]
        return row + [own.pad_token_id] * (self._length - len(row))

    def _words(self, text: str) -> Iterator[list[Token]]:
        """The tokens of a prompt, those of a word together."""
        for piece, weight in emphasis.parse(text):
            for part in self._parted(piece):
                if (numbers := self._taught.get(part.lower())) is not None:
                    yield [(number, weight) for number in numbers]
                    continue
                numbers = self._tokenizer(part, add_special_tokens=False).input_ids
                word: list[Token] = []
                for number, name in zip(
                    numbers, self._tokenizer.convert_ids_to_tokens(numbers), strict=True
                ):
                    word.append((number, weight))
                    if name.endswith("</w>"):  # the last of a word's tokens
                        yield word
                        word = []
                if word:
                    yield word

    def _parted(self, text: str) -> list[str]:
        """A text parted at the words that the model was taught."""
        if not self._taught:
            return [text]
        known = "|".join(map(re.escape, sorted(self._taught, key=len, reverse=True)))
        return re.split(rf"(?<!\w)({known})(?!\w)", text, flags=re.IGNORECASE)


def readers(pipe: Any) -> list[Reader]:
    """The text encoders of a pipeline; none where its family does not read in chunks."""
    if not _FAMILIES.fullmatch(type(pipe).__name__):
        return []
    xl = "XL" in type(pipe).__name__
    found = []
    for name in ("", "_2") if xl else ("",):
        tokenizer, encoder = (
            getattr(pipe, f"{part}{name}") for part in ("tokenizer", "text_encoder")
        )
        if encoder is None or tokenizer is None:  # a refiner has the second one alone
            continue
        if getattr(encoder.config, "use_attention_mask", False):
            return []
        taught = getattr(pipe, "taught", {}).get(f"tokenizer{name}", {})
        found.append(Reader(tokenizer, encoder, xl, taught))
    return found
