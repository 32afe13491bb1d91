"""What decoders that write token by token share: the loop, and what ends a sequence."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, cast

import numpy as np
from pydantic import Field, field_validator, model_validator

from burnish.core.batch import Array
from burnish.core.chances import chance_of, log_total
from burnish.core.errors import InputError
from burnish.core.generated import Chance, Ends, Generated, Progress, Reason, Writing
from burnish.decoders import Decoder, Reads, Step
from burnish.decoders._constraint import Constraint, schema_of
from burnish.decoders._grammar import held

_BYTES = 4  # tokens that one character may take, where tokens are bytes


def log_softmax(logits: Array) -> Array:
    """float64 [..., V]; minus infinity stays. Not a number where nothing is possible, or the network gives no number."""
    values = logits.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):  # said by the score, which is not finite then
        values = values - values.max(axis=-1, keepdims=True)
        return cast(Array, values - np.log(np.exp(values).sum(axis=-1, keepdims=True)))


def without(logits: Array, ends: Ends, *, first: bool) -> Array:
    """Logits [..., V] without the tokens that are not written here; the same array where there are none."""
    unwritten = [*ends.never, *(ends.never_first if first else ())]
    if not unwritten:
        return logits
    allowed = logits.copy()
    allowed[..., unwritten] = -np.inf
    return allowed


@dataclass
class Sequences:
    """Sequences that are being written."""

    ids: list[int] = field(default_factory=list)
    score: float = 0.0
    held: Writing | None = None

    def finished(self, ended: Reason, cut: int | None = None) -> Generated:
        """As it is now."""
        return Generated(np.array(self.ids, np.int64), self.score, ended, cut)


class Stepwise(Decoder):
    """A decoder that writes token by token until a stop token, a stop string, or `max_new_tokens`."""

    reads: ClassVar[Reads] = "steps"
    max_new_tokens: int = Field(256, ge=1, description="Tokens after which a prediction is cut off, and said to be.")
    stop: list[str] = Field(
        default_factory=list,
        description="Texts that end a prediction beside the tokenizer's own stop tokens; they may lie across tokens and are "
        "left out.",
    )

    @field_validator("stop")
    @classmethod
    def _not_empty(cls, stop: list[str]) -> list[str]:
        if "" in stop:
            raise ValueError("an empty stop text would end every prediction")
        return stop

    def cut_at(self, ids: Sequence[int], ends: Ends) -> int | None:
        """How many characters stand before the first stop string, once the last token has completed one; else None.

        Raises:
            InputError: stop strings are set, and the target's tokens are no text.
        """
        if not self.stop:
            return None
        if ends.text is None:
            raise InputError(
                "stop texts are set, but the predictions of this target are no texts", place="decoder.stop"
            )
        tail = ids[-(_BYTES * max(map(len, self.stop)) + _BYTES) :]
        return self._first_stop(ids, ends) if any(text in ends.text(tail) for text in self.stop) else None

    def _first_stop(self, ids: Sequence[int], ends: Ends) -> int | None:
        """The same, wherever it is."""
        if not self.stop or ends.text is None:
            return None
        whole = ends.text(ids)
        return min((at for text in self.stop if (at := whole.find(text)) >= 0), default=None)

    def ending(self, sequence: Sequences, token: int, ends: Ends) -> Generated | None:
        """The finished sequence where this token ends it, else None; the token is added where it is none that stops."""
        if token in ends.stop:  # many tokens without a text may have stood inside a stop string
            return sequence.finished("stop", self._first_stop(sequence.ids, ends))
        sequence.ids.append(token)
        if (cut := self.cut_at(sequence.ids, ends)) is not None:
            return sequence.finished("stop", cut)
        if len(sequence.ids) < self.max_new_tokens:
            return None
        cut = self._first_stop(sequence.ids, ends)
        return sequence.finished("length" if cut is None else "stop", cut)


class Grammatical(Stepwise):
    """A decoder that can be held to a grammar."""

    grammar: Literal["abc", "free"] | None = Field(
        None,
        description="Predictions are texts of this grammar; abc: tunes in ABC whose bars fill the meter, with header and end. "
        "Null: that of the target, which event tokens have: only orders that make music. free: none.",
    )

    grammar_begun: str = Field(
        "",
        description="What a text of the grammar begins with that is not written again, such as a header that is given.",
    )

    def held(self, ends: Ends, size: int) -> Writing | None:
        """A text of the grammar that begins; None where there is no grammar. `size`: tokens that the network has logits for."""
        if self.grammar is None:
            return None if ends.orders is None else ends.orders(self.max_new_tokens)
        return None if self.grammar == "free" else held(ends, size, self.max_new_tokens, self.grammar_begun)


class OneByOne(Grammatical):
    """One sequence a row, one token at a time. Where the network gives no number, the answer ends with a score that is none."""

    json_schema: dict[str, Any] | None = Field(
        None,
        description="Predictions are JSON of this schema: the schema, the path of a file with one, or true for any JSON; needs "
        "llguidance.",
    )
    before_json: list[int] = Field(
        default_factory=list,
        description="Token ids that stand before JSON of `json_schema`, such as the mark of a call.",
    )
    behind_json: list[int] = Field(default_factory=list, description="Token ids that stand behind it.")

    @field_validator("json_schema", mode="before")
    @classmethod
    def _schema(cls, json_schema: Any) -> Any:
        return None if json_schema is None or json_schema is False else schema_of(json_schema)

    @model_validator(mode="after")
    def _of_one_kind(self) -> OneByOne:
        if self.grammar is not None and self.json_schema is not None:
            raise ValueError("predictions are held to a grammar or to json_schema, not to both")
        return self

    @abstractmethod
    def chosen(self, logits: Array, sequence: Sequences, random: np.random.Generator | None) -> int:
        """The next token of one sequence, from logits [V], float32 or float64."""

    def line(self, ends: Ends, seed: int | None = None, others: int | None = None) -> OneLine:
        """A sequence by itself."""
        return OneLine(self, ends, self.randoms(1, [] if seed is None else [seed])[0], others)

    def randoms(self, rows: int, seeds: Sequence[int]) -> list[np.random.Generator | None]:
        """What chance is drawn from, for each row; None where nothing is drawn."""
        return [None] * rows

    def written(self, step: Step, rows: int, ends: Ends, seeds: Sequence[int] = ()) -> list[Generated]:
        """As `writing` tells them at last."""
        done: list[Generated | None] = [None] * rows
        for told in self.writing(step, rows, ends, seeds):
            done[told.row] = told.whole
        return cast("list[Generated]", done)

    def writing(self, step: Step, rows: int, ends: Ends, seeds: Sequence[int] = ()) -> Iterator[Progress]:
        """One token of each row at a time; rows that have ended leave the batch."""
        lines = [OneLine(self, ends, random) for random in self.randoms(rows, seeds)]
        live = np.arange(rows)
        logits, cache = step(None, None) if rows else (np.zeros((0, 0)), None)
        while len(live):
            tokens, stay = np.zeros(len(live), np.int64), np.ones(len(live), bool)
            for place, (row, row_logits) in enumerate(zip(live, logits, strict=True)):
                tokens[place], whole = lines[row].took(row_logits)
                stay[place] = whole is None
                yield Progress(int(row), tuple(lines[row].ids), whole)
            if not stay.all():
                cache = step.picked(cache, np.flatnonzero(stay))
            live, tokens = live[stay], tokens[stay]
            if len(live):
                logits, cache = step(tokens, cache)


@dataclass
class OneLine:
    """One sequence of a `OneByOne` decoder; see `burnish.decoders.Line`."""

    decoder: OneByOne
    ends: Ends
    random: np.random.Generator | None
    others: int | None = None
    sequence: Sequences = field(default_factory=Sequences)
    chances: list[Chance] = field(default_factory=list)
    _held: Constraint | Writing | None = None

    @property
    def ids(self) -> Sequence[int]:
        """Its tokens so far."""
        return self.sequence.ids

    def took(self, logits: Array) -> tuple[int, Generated | None]:
        """The next token; where the network gives no number, the sequence ends with a score that is none."""
        decoder, sequence = self.decoder, self.sequence
        if self._held is None:
            self._held = self._begun(len(logits))
        allowed = logits if self._held is None else self._held.masked(logits)
        allowed = without(allowed, self.ends, first=not sequence.ids)
        token = int(decoder.chosen(allowed, sequence, self.random))
        if self._held is not None:
            self._held.took(token)
        total = log_total(logits)
        sequence.score += float(logits[token]) - total
        if not math.isfinite(sequence.score):
            return token, sequence.finished("length")
        if self.others is not None:
            self.chances.append(chance_of(token, logits, self.others, total))
        return token, decoder.ending(sequence, token, self.ends)

    def _begun(self, size: int) -> Constraint | Writing | None:
        """What the sequence is held to; None where it is free."""
        decoder = self.decoder
        if decoder.json_schema is None:
            return decoder.held(self.ends, size)
        return Constraint(decoder.json_schema, self.ends, size, (decoder.before_json, decoder.behind_json))
