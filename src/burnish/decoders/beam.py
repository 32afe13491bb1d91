"""Several sequences at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.core.batch import Array
from burnish.core.generated import Ends, Generated
from burnish.decoders import Step
from burnish.decoders._stepwise import Grammatical, Sequences, log_softmax, without


@dataclass
class _Row:
    """The sequences of one row: those that go on, and those that have ended."""

    live: list[Sequences] = field(default_factory=lambda: [Sequences()])
    ended: list[Generated] = field(default_factory=list)


class Beam(Grammatical):
    """The `width` best sequences at once; the one with the best score for its length is the prediction.

    A sequence that ends keeps its place, so that one of width 1 is `greedy`, and a width of all sequences is exhaustive
    (Sutskever et al. 2014, arXiv 1409.3215). Length normalisation: Wu et al. 2016, arXiv 1609.08144, in its simple form.
    """

    width: int = Field(4, ge=1, description="Sequences that are followed at once.")
    length_penalty: float = Field(
        1.0, ge=0, description="Scores are divided by the number of tokens to this power: 0 prefers short predictions."
    )

    def written(self, step: Step, rows: int, ends: Ends, seeds: Sequence[int] = ()) -> list[Generated]:
        """All sequences of all rows go through the network together."""
        logits, cache = step(None, None) if rows else (np.zeros((0, 0)), None)
        beams_by_row = [_Row([Sequences(held=self.held(ends, logits.shape[-1]))]) for _ in range(rows)]
        while True:
            places, tokens, start = [], [], 0
            for row in beams_by_row:
                chosen = self._followed(row, logits[start : start + len(row.live)], ends)
                start, before = start + len(row.live), start
                row.live = [sequence for _, _, sequence in chosen]
                places += [before + place for place, _, _ in chosen]
                tokens += [token for _, token, _ in chosen]
            if not places:
                return [max(row.ended, key=self._value) for row in beams_by_row]
            cache = step.picked(cache, np.array(places, np.int64))
            logits, cache = step(np.array(tokens, np.int64), cache)

    def _followed(self, row: _Row, logits: Array, ends: Ends) -> list[tuple[int, int, Sequences]]:
        """The best continuations that go on: which sequence each continues, its token, and itself; others have ended."""
        room = self.width - len(row.ended)
        if not row.live or room <= 0:
            return []
        with np.errstate(over="ignore"):
            allowed = without(_held(log_softmax(logits), row.live), ends, first=not row.live[0].ids)
            scores = allowed + np.array([s.score for s in row.live])[:, None]
        going: list[tuple[int, int, Sequences]] = []
        for index in _best(scores, room):
            place, token = divmod(int(index), scores.shape[1])
            if not np.isfinite(scores[place, token]):
                break
            before = row.live[place]
            after = None if before.held is None else before.held.after(token)
            sequence = Sequences(list(before.ids), float(scores[place, token]), after)
            ended = self.ending(sequence, token, ends)
            if ended is None:
                going.append((place, token, sequence))
            else:
                row.ended.append(ended)
        if not going and not row.ended:  # nothing is possible, or the network gives no number
            row.ended.append(Sequences(row.live[0].ids, math.nan).finished("length"))
        return [] if self._settled(row, going) else going

    def _settled(self, row: _Row, going: Sequence[tuple[int, int, Sequences]]) -> bool:
        """Whether no sequence that goes on can still become better than the best that has ended."""
        if not row.ended or not going:
            return not going
        reachable = self._worth(max(s.score for _, _, s in going), self.max_new_tokens + 1)
        return bool(max(map(self._value, row.ended)) >= reachable)

    def _value(self, ended: Generated) -> float:
        tokens = len(ended.ids) + (ended.ended == "stop" and ended.cut is None)
        return self._worth(ended.score, max(1, tokens))

    def _worth(self, score: float, tokens: int) -> float:
        try:
            return float(score / tokens**self.length_penalty)
        except OverflowError:  # a penalty so large that of long answers all are equal
            return -0.0


def _held(scores: Array, live: Sequence[Sequences]) -> Array:
    """Scores [N, V] with minus infinity for what the grammar of each of N sequences does not allow."""
    if live[0].held is None:
        return scores
    rows = [row if one.held is None else one.held.masked(row) for row, one in zip(scores, live, strict=True)]
    return np.stack(rows)


def _best(scores: Array, room: int) -> NDArray[np.int64]:
    """The flat places of the greatest scores, the greatest first, of equals the first."""
    return np.argsort(-scores.reshape(-1), kind="stable")[:room]
