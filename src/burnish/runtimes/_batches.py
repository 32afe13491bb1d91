"""Sequences that CTranslate2 writes side by side: it keeps the loop to itself, and tells of each token."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import numpy as np

from burnish.core.batch import Array
from burnish.core.chances import prompt_chances
from burnish.core.errors import InputError
from burnish.core.generated import Ends, Generated, Progress, Reason
from burnish.decoders import Decoder
from burnish.runtimes import Writing
from burnish.runtimes._like_length import alike

MOST = 32  # sequences at once
NUMBERS = 2**28  # logits that are held at once, in a gigabyte


class Stepwise(Protocol):
    """What is asked of a decoder that writes."""

    stop: list[str]
    max_new_tokens: int

    def cut_at(self, ids: Sequence[int], ends: Ends) -> int | None:
        """Where a stop text begins."""


@dataclass(eq=False)
class _Row:
    """A sequence, its prompt in words of the vocabulary, and what has been written of it."""

    writing: Writing
    prompt: list[str]
    asked: dict[str, Any]
    ids: list[int] = field(default_factory=list)
    score: float = 0.0
    ended: bool = False

    @property
    def decoder(self) -> Stepwise:
        return cast(Stepwise, self.writing.decoder)

    @property
    def told(self) -> bool:
        """Whether its chances are told, for which it is read and one token is written."""
        return self.writing.others is not None

    @property
    def alone(self) -> bool:
        """Whether it must be written by itself: its draws are to be had again by its seed, or its tokens come at the end."""
        return (self.asked["random"] and self.writing.seed is not None) or self.asked["options"].get("beam_size", 1) > 1


class Batches:
    """See `burnish.runtimes.Together`. Those with equal settings of the library and prompts of like length share a batch.

    Args:
        generator: of the library.
        prompts: inputs to the words of each row.
        settings: a decoder to what the library is given for it.
        size: tokens of the vocabulary.
    """

    def __init__(
        self,
        generator: Any,
        prompts: Callable[[Mapping[str, Array]], list[list[str]]],
        settings: Callable[[Decoder], dict[str, Any]],
        size: int,
    ) -> None:
        self._generator, self._prompts, self._settings, self._size = generator, prompts, settings, size
        self._rows: list[_Row] = []

    @property
    def in_batches(self) -> bool:
        """Those that come later wait until a batch has ended."""
        return True

    @property
    def most_told(self) -> int | None:
        """The library gives logits of what it reads. Of what it writes, the chosen token's alone, after the penalties."""
        return 1

    @property
    def room(self) -> int:
        """Others join when the next batch begins."""
        return max(0, MOST - self.live)

    @property
    def live(self) -> int:
        """Those that have not ended."""
        return len(self._rows)

    def add(self, writings: Sequence[Writing]) -> None:
        """They are in the next batch."""
        for writing in writings:
            try:
                (prompt,) = self._prompts(writing.arrays)
                self._rows.append(_Row(writing, prompt, self._settings(writing.decoder)))
            except Exception as error:
                writing.fail(error)

    def advance(self) -> None:
        """One batch: of the first, and of those that may share it."""
        self._rows = [row for row in self._rows if not row.writing.left]
        if not self._rows:
            return
        first = self._rows[0]
        if first.told:
            batch, write = self._fitting([row for row in self._rows if row.told and _alike(row, first)]), self._read
        else:
            batch = [row for row in self._rows if not row.told and (row is first or _together(row, first))]
            write = self._write
        try:
            write(batch)
        except Exception as error:
            for row in batch:
                if not row.ended:
                    row.ended = True
                    row.writing.fail(error)
        self._rows = [row for row in self._rows if not row.ended]

    def _write(self, batch: list[_Row]) -> None:
        first = batch[0]
        options = dict(first.asked["options"])
        if first.alone and first.asked["random"]:
            seeded(int(first.writing.seed or 0))
        told = options.get("beam_size", 1) == 1
        results = batch_written(
            self._generator,
            [row.prompt for row in batch],
            max(row.decoder.max_new_tokens for row in batch),
            first.writing.ends,
            options,
            (lambda step: self._stepped(batch[step.batch_id], step)) if told else None,
        )
        for row, result in zip(batch, results, strict=True):
            if not row.ended:  # it was not told token by token
                row.ended = True
                whole = generated_of(result, row.decoder, row.writing.ends)
                row.writing.tell(Progress(0, tuple(whole.ids.tolist()), whole))

    def _fitting(self, rows: list[_Row]) -> list[_Row]:
        """The first of these, whose logits have room at once."""
        longest = max(len(row.prompt) for row in rows)
        return rows[: max(1, NUMBERS // (longest * self._size))]

    def _read(self, batch: list[_Row]) -> None:
        """Chances of prompts, and the one token behind each, by our own decoders.

        Raises:
            InputError: the logits of one prompt are too many.
        """
        longest = max(len(row.prompt) for row in batch)
        if longest * self._size > NUMBERS:
            raise InputError(
                f"a prompt of {longest:,} tokens is too long for log probabilities here",
                expected=f"at most {NUMBERS // self._size:,}",
                fix="runtime: torch",
            )
        logits = np.array(self._generator.forward_batch([row.prompt for row in batch]))
        for row, whole in zip(batch, logits, strict=True):
            ids, own = row.writing.arrays["input_ids"][0].tolist(), whole[: len(row.prompt)]
            others = row.writing.others or 0
            seed = secrets.randbits(62) if row.writing.seed is None else row.writing.seed
            if row.writing.tell_prompt is not None:
                row.writing.tell_prompt(prompt_chances(ids, own[:-1], others))
            line = row.writing.decoder.line(row.writing.ends, seed, others)
            assert line is not None  # decoders that tell chances write token by token
            _, done = line.took(own[-1])
            row.ended = True
            row.writing.tell(Progress(0, tuple(line.ids), done, line.chances))

    def _stepped(self, row: _Row, step: Any) -> bool:
        """A token was written; True where no more are wanted of this sequence."""
        if row.ended or row.writing.left:
            return True
        token, writing = int(step.token_id), row.writing
        row.score += float(step.log_prob or 0.0)
        if token in writing.ends.stop:
            self._tell(row, "stop", None)
            return True
        row.ids.append(token)
        cut = row.decoder.cut_at(row.ids, writing.ends)
        if cut is not None or len(row.ids) >= row.decoder.max_new_tokens:
            self._tell(row, "length" if cut is None else "stop", cut)
            return True
        writing.tell(Progress(0, tuple(row.ids)))
        return False

    def _tell(self, row: _Row, ended: Reason, cut: int | None) -> None:
        row.ended = True
        row.writing.tell(Progress(0, tuple(row.ids), Generated(np.array(row.ids, np.int64), row.score, ended, cut)))


def _alike(one: _Row, other: _Row) -> bool:
    return alike(len(one.prompt), len(other.prompt))


def _together(one: _Row, other: _Row) -> bool:
    """Whether they may share a batch that is written."""
    return not one.alone and not other.alone and one.asked == other.asked and _alike(one, other)


def seeded(seed: int) -> None:
    """What the library draws from now on."""
    import ctranslate2

    ctranslate2.set_random_seed(seed)


def batch_written(
    generator: Any,
    prompts: list[list[str]],
    most: int,
    ends: Ends,
    options: Mapping[str, Any],
    told: Callable[[Any], bool] | None,
) -> list[Any]:
    """A batch of the library: its result for each prompt, the token that ended it included.

    Args:
        generator: of the library.
        prompts: in words of the vocabulary.
        most: new tokens of each.
        ends: what ends them.
        options: of the library.
        told: called with each step; True ends its sequence. None where the library tells of none.
    """
    # A thread of the library lets go of the callback, maybe last of all. What the callback reaches must not end there: a
    # generator that ends in a thread of its own takes the process with it.
    reached = [] if told is None else [told]
    try:
        results: list[Any] = generator.generate_batch(
            prompts,
            max_length=most,
            end_token=sorted(ends.stop),
            include_prompt_in_result=False,
            return_end_token=True,
            return_scores=True,
            max_batch_size=-(-len(prompts) // generator.num_generators),  # a part for each core that writes
            **options,
            **({} if told is None else {"callback": lambda step: reached[0](step)}),
        )
    finally:
        reached.clear()
    return results


def generated_of(result: Any, decoder: Stepwise, ends: Ends) -> Generated:
    """What a result of the library says: its ids without the stop token, and why it ended."""
    ids = [int(i) for i in result.sequences_ids[0]]
    stopped = bool(ids) and ids[-1] in ends.stop
    ids = ids[:-1] if stopped else ids
    cut = decoder.cut_at(ids, ends)
    reason: Reason = "stop" if stopped or cut is not None else "length"
    return Generated(np.array(ids, np.int64), float(result.scores[0]), reason, cut)
