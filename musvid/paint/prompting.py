"""What a model is told to paint: prompts read once, and LoRAs that follow the music."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from typing import Any

from ..errors import quoted
from . import adapters, emphasis, models, prompts, words
from .encoding import chunks_of, encode, unread, weighs
from .models import Model
from .style import Stroke, Style

_log = logging.getLogger(__name__)

_TEXTS = 16  # encoded prompts that are kept
_COUNTED = 256  # prompts whose length is known


class Prompting:
    """Reads the prompts of strokes for a pipeline, and remembers the last of them.

    style: which the pipeline was loaded for. turn: held by whoever uses the pipeline.

    `changes` tells whether there are LoRAs whose weights change the one model that all threads
    share.
    """

    def __init__(self, pipe: Any, model: Model, style: Style, turn: threading.Lock) -> None:
        self._pipe, self._model, self._turn = pipe, model, turn
        self._encoded: OrderedDict[tuple[object, ...], dict[str, Any]] = OrderedDict()
        self._counted: OrderedDict[str, int] = OrderedDict()
        self._most = models.CHUNKS if model.vocabulary is None else 1
        self._own = self._loras = style.stroke.loras
        self.changes = bool(self._own)
        # Whether they also change what prompts say.
        self._retold = self.changes and adapters.retold(pipe)

    def forget(self) -> None:
        """Forget what was read: the pipeline computes in another type from now on."""
        self._encoded.clear()

    def read(self, stroke: Stroke, style: Style) -> dict[str, Any]:
        """The pipeline's arguments for one frame's prompt: embeddings where it takes them."""
        more = style.negative_prompt, stroke.guidance > 1, self.chunks(stroke, style)
        by = stroke.loras if self._retold else ()
        found = [self._text(text, *more, by) for text, _ in stroke.prompts]
        weights = [weight for _, weight in stroke.prompts]
        if len(found) == 1:
            return found[0]
        if any(isinstance(value, str) for value in found[0].values()):
            return found[weights.index(max(weights))]  # texts cannot be mixed
        return {
            name: sum(each[name] * weight for each, weight in zip(found, weights, strict=True))
            for name in found[0]
        }

    def chunks(self, stroke: Stroke, style: Style) -> int:
        """In how many chunks a frame's prompts are told: as many as the longest text takes.

        Texts of the style count at every moment, so that nothing jumps where the first of a longer
        prompt is mixed in.
        """
        assert style.prompt is not None, "it is resolved"
        texts = [text for _, text in prompts.parse(style.prompt)]
        texts += [text for text, _ in stroke.prompts]
        if stroke.guidance > 1:
            texts.append(style.negative_prompt)
        return min(self._most, max(map(self._count, texts)))

    def _count(self, text: str) -> int:
        """In how many chunks a text would be told."""
        count = self._counted.get(text)
        if count is None:
            with self._turn:
                count = self._counted[text] = chunks_of(self._pipe, text)
                while len(self._counted) > _COUNTED:
                    self._counted.popitem(last=False)
        return count

    def _text(
        self, prompt: str, negative: str, guided: bool, chunks: int, weights: tuple[float, ...]
    ) -> dict[str, Any]:
        """One encoded text. weights: of the LoRAs that change what it says."""
        key = (prompt, negative, guided, chunks, weights)
        with self._turn:
            if key not in self._encoded:
                for text in (prompt, negative) if guided else (prompt,):
                    self._tell_unread(text)
                self.weigh(weights)
                self._encoded[key] = encode(self._pipe, prompt, negative, guided, chunks=chunks)
                while len(self._encoded) > _TEXTS:
                    self._encoded.popitem(last=False)
            return self._encoded[key]

    def weigh(self, weights: tuple[float, ...]) -> None:
        """Have the LoRAs that change count so much. The pipeline must be this thread's."""
        if len(weights) != len(self._own):  # a style's that has other LoRAs
            weights = self._own
        if weights != self._loras:
            adapters.weigh(self._pipe, weights)
            self._loras = weights

    def _tell_unread(self, prompt: str) -> None:
        """Say what the model does not read of a prompt, unless `Style.remarks` said it before."""
        reads, text = self._model.reads, emphasis.plain(prompt)
        if reads and words.unread(text, reads, self._model.vocabulary):
            return
        if end := unread(self._pipe, prompt, self._most):
            _log.info("%s does not read the end of the prompt: %s", self._model.name, quoted(end))
        if text != prompt and not weighs(self._pipe):
            _log.info("%s knows no weights of words, and paints without them", self._model.name)
