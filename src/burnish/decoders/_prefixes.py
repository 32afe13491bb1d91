"""The search of `ctc_beam`: prefixes of labellings, each with all of its paths, a frame at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from burnish.core.batch import Array
from burnish.decoders._language_model import Context, LanguageModel
from burnish.media.text.words import words

_NOTHING = -np.inf
_NO_TOKEN = -1


@dataclass(frozen=True)
class Fluency:
    """How a language model judges what is written.

    Attributes:
        model: of words.
        weight: by which its logs count beside those of the network.
        bonus: for each word.
        text: ids to text.
    """

    model: LanguageModel
    weight: float
    bonus: float
    text: Callable[[Sequence[int]], str]


@dataclass(frozen=True)
class _Said:
    """The whole words of a prefix: how many, what they are worth, and what the next one is judged by."""

    count: int
    worth: float
    context: Context


class Prefixes:
    """Prefixes as nodes of a tree: what was dropped and comes again is the same node.

    Args:
        fluency: how words are judged; None: not at all.
    """

    def __init__(self, fluency: Fluency | None) -> None:
        self.parents, self.tokens = [_NO_TOKEN], [_NO_TOKEN]
        self.worths = [0.0]
        self._numbers: dict[tuple[int, int], int] = {}
        self._fluency = fluency
        self._said = [_Said(0, 0.0, fluency.model.start if fluency else ())]

    def longer(self, node: int, token: int) -> int:
        """The node of a prefix and one more token."""
        if (known := self._numbers.get((node, token))) is not None:
            return known
        number = self._numbers[(node, token)] = len(self.tokens)
        self.parents.append(node)
        self.tokens.append(token)
        if self._fluency is not None:
            self._said.append(self._judged(self._fluency, number))
            self.worths.append(self._said[number].worth)
        else:
            self.worths.append(0.0)
        return number

    def ids(self, node: int) -> list[int]:
        """The tokens of a prefix."""
        out = []
        while node:
            out.append(self.tokens[node])
            node = self.parents[node]
        return out[::-1]

    def finished(self, node: int) -> float:
        """What its words are worth once it is whole: its last word and the end of the sentence as well."""
        fluency = self._fluency
        if fluency is None:
            return 0.0
        said = self._with(fluency, self._said[node], self._words(fluency, node))
        return said.worth + fluency.weight * fluency.model.ended(said.context)

    def _judged(self, fluency: Fluency, node: int) -> _Said:
        return self._with(fluency, self._said[self.parents[node]], self._words(fluency, node)[:-1])

    def _words(self, fluency: Fluency, node: int) -> list[str]:
        text = fluency.text(self.ids(node))
        return [word for start, end in words(text) if (word := text[start:end].strip())]

    def _with(self, fluency: Fluency, said: _Said, whole: list[str]) -> _Said:
        """With the words that are whole now and were not before."""
        worth, context = said.worth, said.context
        for word in whole[said.count :]:
            log, context = fluency.model.after(context, word)
            worth += fluency.weight * log + fluency.bonus
        return _Said(max(said.count, len(whole)), worth, context)


@dataclass(frozen=True)
class _Beams:
    """W prefixes: nodes int64 [W], and logs of the probability of all their paths that end in a blank, or do not [W]."""

    nodes: Array
    blank: Array
    other: Array

    @property
    def both(self) -> Array:
        return np.logaddexp(self.blank, self.other)


def search(
    scores: Array, blank: int, *, width: int, tokens: int | None, fluency: Fluency | None
) -> tuple[list[int], float]:
    """The best labelling of those that were followed, and the log of the probability of its paths.

    Args:
        scores: float64 [L, V], logs of probabilities, none of them not a number.
        blank: the token that stands for nothing.
        width: prefixes that are followed at once.
        tokens: the most probable of a frame by which prefixes may grow; None: all.
        fluency: how words are judged; None: not at all.
    """
    known = Prefixes(fluency)
    beams = _Beams(np.zeros(1, np.int64), np.zeros(1), np.full(1, _NOTHING))
    for frame in scores:
        beams = _grown(known, beams, frame, blank, _likely(frame, blank, tokens), width)
    totals = beams.both
    worths = totals + [known.finished(int(node)) for node in beams.nodes]
    best = int(worths.argmax())
    return known.ids(int(beams.nodes[best])), float(totals[best])


def _likely(frame: Array, blank: int, most: int | None) -> Array:
    """Tokens that are possible in a frame, the blank aside, in the order of their numbers."""
    possible = np.flatnonzero(np.isfinite(frame))
    possible = possible[possible != blank]
    if most is None or len(possible) <= most:
        return cast(Array, possible)
    return np.sort(possible[np.argsort(-frame[possible], kind="stable")[:most]])


def _grown(known: Prefixes, beams: _Beams, frame: Array, blank: int, tokens: Array, width: int) -> _Beams:
    """The best prefixes with one more frame."""
    last = np.array([known.tokens[node] for node in beams.nodes])
    both = beams.both
    stays = both + frame[blank]
    same = np.where(last == _NO_TOKEN, _NOTHING, beams.other + frame[last])  # a repeat is the same token
    # [W, K]: twice the same needs a blank between
    longer = np.where(tokens == last[:, None], beams.blank[:, None], both[:, None]) + frame[tokens]
    _merge(known, beams, tokens, longer, same)
    worths = np.array([known.worths[node] for node in beams.nodes])
    ranks = np.concatenate([np.logaddexp(stays, same) + worths, (longer + worths[:, None]).ravel()])
    chosen = _best(ranks, width)
    kept, new = chosen[chosen < len(last)], chosen[chosen >= len(last)] - len(last)
    rows, places = (new // len(tokens), new % len(tokens)) if len(tokens) else (new, new)
    nodes = [known.longer(int(beams.nodes[row]), int(tokens[place])) for row, place in zip(rows, places, strict=True)]
    return _Beams(
        np.concatenate([beams.nodes[kept], np.array(nodes, np.int64)]),
        np.concatenate([stays[kept], np.full(len(new), _NOTHING)]),
        np.concatenate([same[kept], longer[rows, places]]),
    )


def _merge(known: Prefixes, beams: _Beams, tokens: Array, longer: Array, same: Array) -> None:
    """Where a prefix grows into another that is followed already, their paths are those of one."""
    rows = {int(node): row for row, node in enumerate(beams.nodes)}
    for row, node in enumerate(beams.nodes.tolist()):
        parent = rows.get(known.parents[node])
        if parent is None:
            continue
        place = int(np.searchsorted(tokens, known.tokens[node]))
        if place < len(tokens) and tokens[place] == known.tokens[node]:
            same[row] = np.logaddexp(same[row], longer[parent, place])
            longer[parent, place] = _NOTHING


def _best(ranks: Array, width: int) -> Array:
    """Places of the greatest that are possible, in the order of their places; of equals the first."""
    possible = np.flatnonzero(ranks > _NOTHING)
    if len(possible) <= width:
        return possible
    values = ranks[possible]
    least = np.partition(values, len(values) - width)[len(values) - width]
    above, equal = possible[values > least], possible[values == least]
    return np.sort(np.concatenate([above, equal[: width - len(above)]]))
