"""Predictor: example in, answer out, over any runtime."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, cast, overload

import numpy as np

from burnish.answering.explaining import PARTS, Explanation, begun, cut, explanation
from burnish.answering.opening import Computed, answers_with, decoded, opened_by, settled
from burnish.answering.requested import Decoding
from burnish.answering.streaming import Reply
from burnish.bundle.bundle import Bundle
from burnish.core.answer import Answer
from burnish.core.batch import Encoded, Example
from burnish.core.errors import InputError
from burnish.core.generated import TIMED, TellsTimes
from burnish.core.views import HELD
from burnish.decoders import Decoder
from burnish.inputs import Assembled, Elementwise, asked_of, lacking
from burnish.runtimes import Generate, Together
from burnish.targets import Decoded, abstains, names_of, region_of

SQUARES = 1 << 15  # tokens of a row, squared, up to which `batch_size` rows go together: memory of attention grows so


@dataclass(frozen=True)
class PreparedRow:
    """An example as numbers, ready to share a batch with others.

    Attributes:
        views: what the network reads of it.
        tokens: its words, where the answer has a tag for each.
    """

    views: tuple[Encoded, ...]
    tokens: tuple[str, ...] | None = None

    @property
    def length(self) -> int:
        """Elements (tokens ...) of the longest view; rows of like length waste little padding."""
        return max(int(view["_length"]) for view in self.views)


class Predictor:
    """A bundle and something that computes it.

    Args:
        bundle: the trained model.
        run: arrays to logits, or to sequences where the bundle's decoder reads steps.
        batch_size: rows at once; fewer where they have more than 181 tokens.
        answers_with: what computes it, in a word: `torch`, or the name of an artifact.
    """

    def __init__(self, bundle: Bundle, run: Computed, batch_size: int = 64, answers_with: str = "") -> None:
        self.bundle, self._run, self.batch_size, self.answers_with = bundle, run, batch_size, answers_with

    @overload
    def __call__(self, examples: str | Mapping[str, Any], *, seed: int | None = None) -> Answer: ...

    @overload
    def __call__(self, examples: list[Any] | tuple[Any, ...], *, seed: int | None = None) -> list[Answer]: ...

    def __call__(self, examples: Any, *, seed: int | None = None) -> Answer | list[Answer]:
        """Answers in the order of the examples; one answer for one example.

        Args:
            examples: a string or a row (column name to value); or a list of them. Of a model that chats, a string is a message,
                and a list of messages is one conversation.
            seed: of this request, where the bundle's decoder draws at random; None: the decoder's own. A row has the same
                answer alone and among others.

        Raises:
            InputError: a column is missing, or what is given is none of these.
        """
        if isinstance(examples, str | Mapping):
            return self._many([examples], seed)[0]
        if (turns := self._conversation(examples)) is not None:
            return self._many([turns], seed)[0]
        if isinstance(examples, bytes) or not isinstance(examples, Iterable):
            raise InputError(
                f"found {examples!r:.80}", expected="a text, an example (column name to value), or a list of them"
            )
        return self._many(list(examples), seed)

    def stream(self, example: Any, **asked: Any) -> Reply:
        """One answer while it is written: an iterator over pieces of its text, with `answer` when it has ended.

        Args:
            example: a string, a row, or the messages of a conversation.
            asked: settings of this request, as `burnish.answering.requested.Decoding` has them: temperature, top_k, top_p,
                min_p, repetition_penalty, frequency_penalty, presence_penalty, logit_bias, seed, max_new_tokens, stop,
                json_schema; what is not given is as in the bundle.
                Where prompt and answer share a context, the answer ends with it.

        Raises:
            InputError: as of an answer; a setting out of its bounds; or a bundle whose answers are not written.
        """
        return self.reply(example, Decoding.of(asked))

    def reply(self, example: Any, asked: Decoding) -> Reply:
        """The same, with the settings of the request as one."""
        conversation = None if isinstance(example, str | Mapping) else self._conversation(example)
        return Reply(self.bundle, self._run, self._row(conversation or example, 0), asked)

    def together(self) -> Together:
        """Answers that are written side by side, each with settings of its own; only where the decoder reads steps."""
        return cast("Generate", self._run).together()

    def decoder(self, asked: Decoding) -> Decoder:
        """The decoder of a request.

        Raises:
            InputError: a setting out of its bounds, or one that what computes does not have.
        """
        decoder = asked.decoder(self.bundle.decoder)
        cast("Generate", self._run).check(decoder)
        return decoder

    def _conversation(self, given: Any) -> Example | None:
        """The row of a list of messages; None for anything else."""
        input_ = self.bundle.input
        turns = given if isinstance(given, list | tuple) and isinstance(input_, Assembled) else None
        return cast("Assembled", input_).of_turns(turns) if turns else None

    @property
    def tells_times(self) -> bool:
        """Whether words of its transcripts can have times."""
        return self.bundle.target.shape == "frames" or isinstance(self._run, TellsTimes)

    def prepare(self, examples: Sequence[Any], *, timed: bool = False) -> list[PreparedRow]:
        """Examples as numbers, in their order; what may fail because of an example fails here.

        Args:
            examples: as of a call.
            timed: whether words of transcripts are to have their times; with a decoder that costs another pass of it.

        Raises:
            InputError: a column is missing, or a value that cannot be read (a broken image ...).
        """
        rows = [self._row(e, i) for i, e in enumerate(examples)]
        views = self.bundle.input.views(rows, self.bundle.processor.for_input) if rows else ()
        marked: Encoded = {TIMED: np.asarray(1, np.int8)} if timed else {}
        read = ([{**view, **marked} for view in of_row] for of_row in views)
        return [PreparedRow(tuple(of_row), self._tokens(row)) for row, of_row in zip(rows, read, strict=True)]

    def answer(self, prepared: Sequence[PreparedRow]) -> list[Answer]:
        """Answers to prepared examples, in their order, computed together; words of one window with times, if there are."""
        views = (p.views for p in prepared)
        timed = self.bundle.target.shape == "frames"
        answers = decoded(self.bundle, self._run, views, limit=self.batch_size, timed=timed)
        return [self.named(d, p.tokens) for d, p in zip(answers, prepared, strict=True)]

    def named(self, decoded: Decoded, tokens: tuple[str, ...] | None = None) -> Answer:
        """An answer with the names of its probabilities, and with the words that its tags are of."""
        target = self.bundle.target
        probabilities = dict(zip(names_of(target), map(float, decoded.probabilities), strict=False))
        told = (decoded.score, decoded.ended, tokens, decoded.words)
        region = region_of(target, decoded)
        return Answer(decoded.answer, probabilities, abstains(target, decoded), *told, region)

    def _tokens(self, row: Example) -> tuple[str, ...] | None:
        """The words of a row, where the answer has a tag for each."""
        input_ = self.bundle.input
        if self.bundle.target.shape != "element" or not isinstance(input_, Elementwise):
            return None
        return tuple(input_.elements(row))

    def about(self, example: Example, decoded: Decoded) -> Answer:
        """An answer that was kept of an example, as it would be given today."""
        return self.named(decoded, self._tokens(example))

    def explain(self, example: Any, parts: int = PARTS) -> Explanation:
        """What each part of one example did for its answer; costs an answer for each part and one more.

        Args:
            example: a string or a row.
            parts: into how many it is cut at most: words, patches of a picture, slices of a sound.

        Raises:
            InputError: as of an answer; or tags, which are not explained; or nothing in it that could be left out.
        """
        bundle = self.bundle
        row, _ = begun(bundle, self._row(example, 0))
        pieces = cut(bundle, row, parts)
        rows = chain([row], (piece.without() for piece in pieces))  # made as they are needed: pictures are large
        views = chain.from_iterable(bundle.input.views([one], bundle.processor.for_input) for one in rows)
        whole, *without = map(self.named, decoded(bundle, self._run, views, limit=self.batch_size))
        return explanation(bundle.target, whole, pieces, without)

    def _many(self, examples: Sequence[Any], seed: int | None) -> list[Answer]:
        rows = [self._row(e, i) for i, e in enumerate(examples)]
        answers: list[Answer | None] = [None] * len(rows)
        for places, plain in self._pieces(rows):
            views = plain if seed is None else _seeded(plain, seed)
            for place, answer in zip(
                places, decoded(self.bundle, self._run, views, limit=self.batch_size), strict=True
            ):
                answers[place] = self.named(answer, self._tokens(rows[place]))
        return cast(list[Answer], answers)

    def _pieces(self, rows: list[Example]) -> Iterator[tuple[Sequence[int], Iterable[Iterable[Encoded]]]]:
        """Rows that are answered together: where they are, and their views."""
        input_, processor = self.bundle.input, self.bundle.processor.for_input
        if not input_.stored:  # pictures and sounds are large: read when their turn comes
            for start in range(0, len(rows), HELD * self.batch_size):
                piece = rows[start : start + HELD * self.batch_size]
                yield range(start, start + len(piece)), input_.views(piece, processor)
            return
        encoded = input_.encode(rows, processor) if rows else []
        # Longest first: rows of like length share a batch, and padding is little.
        order = np.argsort([-int(e["_length"]) for e in encoded], kind="stable").tolist()
        start = 0
        while start < len(order):
            longest = max(1, int(encoded[order[start]]["_length"]))
            places = order[start : start + min(self.batch_size, max(1, self.batch_size * SQUARES // longest**2))]
            yield places, ([encoded[p]] for p in places)
            start += len(places)

    def _row(self, example: Any, number: int) -> Example:
        columns = asked_of(self.bundle.input).required_columns
        if example is None:
            raise InputError("the example is None", expected=", ".join(columns), place=f"example {number + 1}")
        if not isinstance(example, Mapping):
            values = [example] if isinstance(example, str) or len(columns) == 1 else list(example)
            if len(values) != len(columns):
                raise InputError(
                    f"{len(values)} values",
                    expected="one for each of " + ", ".join(columns),
                    place=f"example {number + 1}",
                )
            return dict(zip(columns, values, strict=True))
        missing = lacking(self.bundle.input, list(example))
        if missing:
            raise InputError(
                f"column {missing[0]!r} is missing", expected=", ".join(columns), place=f"example {number + 1}"
            )
        return example


def _seeded(rows: Iterable[Iterable[Encoded]], seed: int) -> Iterator[Iterable[Encoded]]:
    for views in rows:
        yield ({**view, "_seed": np.asarray(seed, np.int64)} for view in views)


def load(
    path: str | Path,
    *,
    runtime: str | dict[str, Any] | None = None,
    batch_size: int = 64,
    trust_code: bool = False,
    trust: str | Path | Sequence[str | Path] | None = None,
) -> Predictor:
    """A trained model, ready to answer; its files and its golden examples are checked.

    Args:
        path: a run or a bundle.
        runtime: a kind of runtime, the name of an artifact, or settings with `kind`; None: as `settled`.
        batch_size: rows at once.
        trust_code: whether components from outside burnish may be imported.
        trust: files of public keys; a bundle that none of them signed is refused. None: those in `BURNISH_TRUST`.

    Raises:
        InputError: not a bundle, damaged, not signed by a key that is trusted, or it answers otherwise than when it was
            made.
    """
    keys = [trust] if isinstance(trust, str | Path) else trust
    bundle = Bundle.load(Path(path), trust_code=trust_code, trust=keys)
    chosen = settled(bundle, runtime)
    return Predictor(*opened_by(bundle, chosen), batch_size, answers_with(chosen))
