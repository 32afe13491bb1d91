"""Sequences of a network in memory, written side by side; others join while they are written, and leave when they end."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from burnish.core.batch import Array
from burnish.core.generated import Progress
from burnish.decoders import Line
from burnish.runtimes import Writing

MOST = 64  # sequences at once: memory of keys and values grows with them


@dataclass
class _Group:
    """Sequences that go through the network together: what it remembers of them, and the tokens chosen last."""

    steps: Any
    cache: Any
    members: list[tuple[Writing, Line]]
    tokens: list[int]


class SideBySide:
    """See `burnish.runtimes.Together`. Each has its own decoder, so settings of one never touch another.

    A newcomer is read alone, then goes on with the others, its memory beside theirs; where the network remembers more
    than keys and values, it goes on by itself, in turn with them.

    Args:
        steps: inputs to a network as decoders drive it; it has `joined` as well.
    """

    def __init__(self, steps: Callable[[Mapping[str, Array]], Any]) -> None:
        self._steps, self._groups = steps, list[_Group]()

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
        for writing in writings:
            try:
                self._begin(writing)
            except Exception as error:
                writing.fail(error)

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

    def _begin(self, writing: Writing) -> None:
        if writing.left:
            return
        steps = self._steps(writing.arrays)
        seed = secrets.randbits(62) if writing.seed is None else writing.seed
        line = writing.decoder.line(writing.ends, seed)
        if line is None:
            for told in writing.decoder.writing(steps, 1, writing.ends, [seed]):
                writing.tell(told)
            return
        logits, cache = steps(None, None)
        group = _Group(steps, cache, [(writing, line)], [0])
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
                writing.tell(Progress(0, tuple(line.ids), whole))
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
