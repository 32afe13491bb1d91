"""Sequences of a network in memory, written side by side; others join while they are written, and leave when they end."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from burnish.core.batch import Array
from burnish.core.chances import prompt_chances
from burnish.core.generated import Chance, Progress
from burnish.decoders import Line
from burnish.runtimes import Writing
from burnish.runtimes._like_length import alike

MOST = 64  # sequences at once: memory of keys and values grows with them
READ = 2048  # tokens that are read at once, padding included
_TEXT = {"input_ids", "attention_mask"}


@dataclass
class _Group:
    """Sequences that go through the network together: what it remembers of them, and the tokens chosen last."""

    steps: Any
    cache: Any
    members: list[tuple[Writing, Line]]
    tokens: list[int]


class SideBySide:
    """See `burnish.runtimes.Together`. Each has its own decoder, so settings of one never touch another.

    Newcomers of like length are read together, then go on with the others, their memory beside theirs; where the network
    remembers more than keys and values, they go on by themselves, in turn with them.

    Args:
        steps: inputs to a network as decoders drive it; it has `joined` as well.
    """

    def __init__(self, steps: Callable[[Mapping[str, Array]], Any]) -> None:
        self._steps, self._groups = steps, list[_Group]()

    @property
    def in_batches(self) -> bool:
        """Others join at the next token."""
        return False

    @property
    def most_told(self) -> int | None:
        """Logits are at hand."""
        return None

    @property
    def room(self) -> int:
        """Others may always join."""
        return max(0, MOST - self.live)

    @property
    def live(self) -> int:
        """In all groups."""
        return sum(len(group.members) for group in self._groups)

    def add(self, writings: Sequence[Writing]) -> None:
        """Read their rows, and write the first token of each."""
        begun: list[tuple[Writing, Line]] = []
        for writing in writings:
            try:
                if not writing.left and (line := self._line(writing)) is not None:
                    begun.append((writing, line))
            except Exception as error:
                writing.fail(error)
        for told in (False, True):
            for members in _groups([one for one in begun if (one[0].tell_prompt is not None) is told]):
                self._begin(members)

    def advance(self) -> None:
        """One token of each."""
        for group in list(self._groups):
            try:
                self._leave(group)
                if group.members:
                    logits, group.cache = group.steps(np.array(group.tokens, np.int64), group.cache)
                    self._settle(group, logits)
            except Exception as error:  # of the network itself: all that it was computing are lost
                for writing, _ in group.members:
                    writing.fail(error)
                group.members = []
        self._groups = [group for group in self._groups if group.members]

    def _line(self, writing: Writing) -> Line | None:
        """Of one that is settled token by token; others are written whole here and now."""
        seed = secrets.randbits(62) if writing.seed is None else writing.seed
        line = writing.decoder.line(writing.ends, seed, writing.others)
        if line is None:
            for told in writing.decoder.writing(self._steps(writing.arrays), 1, writing.ends, [seed]):
                writing.tell(told)
        return line

    def _begin(self, members: list[tuple[Writing, Line]]) -> None:
        try:
            steps = self._steps(_padded([writing.arrays for writing, _ in members]))
            told = members[0][0].tell_prompt is not None
            logits, cache = _told(steps, members) if told else steps(None, None)
        except Exception as error:
            if len(members) == 1:
                members[0][0].fail(error)
            else:  # whose error it is shows when each is read alone
                for one in members:
                    self._begin([one])
            return
        group = _Group(steps, cache, members, [0] * len(members))
        self._settle(group, logits)
        if group.members:
            self._join(group)

    def _join(self, group: _Group) -> None:
        for other in self._groups:
            both = group.steps.joined(other.cache, group.cache)
            if both is not None:
                other.cache = both
                other.members += group.members
                other.tokens += group.tokens
                return
        self._groups.append(group)

    def _settle(self, group: _Group, logits: Array) -> None:
        """The next token of each; those that have ended, and those whose own error it is, leave."""
        going: list[int] = []
        for place, ((writing, line), row) in enumerate(zip(group.members, logits, strict=True)):
            try:
                group.tokens[place], whole = line.took(row)
                writing.tell(Progress(0, tuple(line.ids), whole, line.chances))
                if whole is None:
                    going.append(place)
            except Exception as error:
                writing.fail(error)
        self._keep(group, going)

    def _leave(self, group: _Group) -> None:
        """Nobody waits for these any more."""
        self._keep(group, [place for place, (writing, _) in enumerate(group.members) if not writing.left])

    def _keep(self, group: _Group, places: list[int]) -> None:
        if len(places) == len(group.members):
            return
        group.members = [group.members[place] for place in places]
        group.tokens = [group.tokens[place] for place in places]
        if places:
            group.cache = group.steps.picked(group.cache, np.array(places, np.int64))


def _told(steps: Any, members: Sequence[tuple[Writing, Line]]) -> tuple[Array, Any]:
    """Read prompts and tell the chances of their tokens; the same as reading gives otherwise."""
    prompts = [writing.arrays["input_ids"][0].tolist() for writing, _ in members]
    width = max(map(len, prompts))
    found: list[list[Chance]] = [[] for _ in prompts]
    place, last, remembered = 0, np.zeros(0), None
    for piece, cache in steps.reading():
        for row, (writing, _) in enumerate(members):
            padding = width - len(prompts[row])
            begin, end = max(place, padding), min(place + piece.shape[1], width - 1)
            ids = prompts[row][begin - padding : end - padding + 1] if begin < end else []
            found[row] += prompt_chances(ids, piece[row, begin - place : end - place], writing.others or 0)
        place, last, remembered = place + piece.shape[1], piece[:, -1], cache
    for (writing, _), chances in zip(members, found, strict=True):
        if writing.tell_prompt is not None:
            writing.tell_prompt(chances)
    return last, remembered


def _groups(begun: list[tuple[Writing, Line]]) -> list[list[tuple[Writing, Line]]]:
    """Newcomers that are read together: texts of which no more than a part is padding; others each alone."""
    texts = [one for one in begun if set(one[0].arrays) == _TEXT]
    out = [[one] for one in begun if set(one[0].arrays) != _TEXT]
    group: list[tuple[Writing, Line]] = []
    for one in sorted(texts, key=lambda one: _length(one[0])):  # the shortest of a group is its first
        if group and (not alike(_length(group[0][0]), _length(one[0])) or len(group) * _length(one[0]) > READ):
            out, group = [*out, group], []
        group.append(one)
    return [*out, group] if group else out


def _length(writing: Writing) -> int:
    return int(writing.arrays["input_ids"].shape[1])


def _padded(arrays: list[Mapping[str, Array]]) -> Mapping[str, Array]:
    """Texts of one row each as the rows of one batch, padded at their end."""
    if len(arrays) == 1:
        return arrays[0]
    width = max(one["input_ids"].shape[1] for one in arrays)
    return {
        name: np.concatenate([np.pad(one[name], ((0, 0), (0, width - one[name].shape[1]))) for one in arrays])
        for name in sorted(_TEXT)
    }
