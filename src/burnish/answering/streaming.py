"""An answer that is told while it is written: an iterator of texts, and what there is to say of it when it has ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from burnish.answering.requested import Decoding
from burnish.bundle.bundle import Bundle
from burnish.core.answer import Answer
from burnish.core.batch import Example
from burnish.core.errors import InputError
from burnish.core.generated import Generated, Progress
from burnish.decoders import going_on, within
from burnish.media.text.streaming import TextStream
from burnish.runtimes import Generate, Runner
from burnish.targets import Generative


class Reply(Iterator[str]):
    """The pieces of one answer, in order: whole characters, without control tokens and without what ended it.

    Nothing is computed before the first piece is asked for; whoever asks no more stops the writing.

    Attributes:
        prompt_tokens: what the network reads before it writes.
        written_tokens: what it has written so far, without the stop token.
        text: the pieces so far, as one.
        answer: the same as of a `Predictor`; None until it has ended.
    """

    def __init__(self, bundle: Bundle, run: Runner | Generate, example: Example, asked: Decoding) -> None:
        decoder = asked.decoder(bundle.decoder)
        if not isinstance(bundle.target, Generative):
            raise InputError(f"predictions of target {bundle.target.kind()!r} are not written")
        (views,) = bundle.input.views([example], bundle.processor.for_input)
        self._views = list(views)
        if len(self._views) != 1:
            raise InputError(f"an example of {len(self._views)} views is not told while it is written")
        self.prompt_tokens, self.written_tokens = int(self._views[0]["_length"]), 0
        self.answer: Answer | None = None
        self._bundle, self._target = bundle, bundle.target
        ends = bundle.target.ends(bundle.processor)
        if ends.text is None:
            raise InputError(f"predictions of target {bundle.target.kind()!r} are no texts")
        arrays = bundle.input.collate(self._views, bundle.processor.for_input)[0]
        decoder = within(decoder, bundle.target, bundle.processor, self.prompt_tokens)
        decoder = going_on(decoder, bundle.target, bundle.processor, self._views[0])
        self._stream = TextStream(ends.text, getattr(decoder, "stop", ()))
        self._progress = cast("Generate", run).writing(arrays, decoder, ends, [int(getattr(decoder, "seed", 0))])

    @property
    def text(self) -> str:
        """All pieces so far."""
        return self._stream.shown

    def __next__(self) -> str:
        while self.answer is None:
            told = next(self._progress)
            if piece := self._piece(told):
                return piece
        raise StopIteration

    def _piece(self, told: Progress) -> str:
        self.written_tokens = len(told.ids)
        if told.whole is None:
            return self._stream.more(told.ids)
        self.answer = self._said(told.whole)
        return self._stream.rest(told.ids, told.whole.cut)

    def _said(self, whole: Generated) -> Answer:
        said = self._target.said([whole], self._views[0], self._bundle.processor)
        return Answer(said.answer, {}, None, said.score, said.ended)
