"""Answers that are tunes in ABC: at each step only tokens are allowed after which a tune whose bars fill the meter is possible."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Array
from burnish.core.errors import InputError
from burnish.core.generated import Ends
from burnish.media.music.grammar import DEAD, TEXT, Automaton
from burnish.media.text.token_bytes import TokenBytes

HURRY = 48
"""Tokens that are left when a tune that comes to the end of a bar is made to end there, rather than be cut off later."""
URGENT = 24
"""Tokens that are left when only the longest notes are allowed that fit, so that the bar is full soon."""
LONGEST_TEXT = 48
"""Tokens of a title or remark, after which its line ends: a network that repeats itself would never come to the notes."""
_MOST_STATES = 50_000  # of the automaton, after which it begins anew: about 100 MB
_MOST_VOCABULARIES = 4
_CLOSING = (b"||", b"|]", b":|", b":||")
Tokens = NDArray[np.int64]


class Vocabulary:
    """The tokens of a tokenizer as a tree over their bytes.

    Args:
        tokenizer: of the Rust library (`tokenizers.Tokenizer`).
        size: how many tokens the network has logits for.
    """

    def __init__(self, tokenizer: Any, size: int) -> None:
        bytes_of, added = TokenBytes(tokenizer), tokenizer.get_added_tokens_decoder()
        ids = (number for number in range(min(size, tokenizer.get_vocab_size(with_added_tokens=True))))
        self.spelt = {number: data for number in ids if number not in added and (data := bytes_of(number))}
        self.plain = np.array([n for n, data in self.spelt.items() if TEXT.issuperset(data)], np.int64)
        plain = set(self.plain.tolist())
        self._whole = _tree(self.spelt)
        self._others = _tree({n: data for n, data in self.spelt.items() if n not in plain})
        closing = {n: data.strip() for n, data in self.spelt.items()}
        self.closing = [n for n, data in closing.items() if data and any(bar.startswith(data) for bar in _CLOSING)]

    def following(self, automaton: Automaton, state: int) -> Tokens:
        """The tokens after which a tune is possible, in order."""
        if automaton.endless(state):  # nearly all of them
            return np.sort(np.concatenate([self.plain, _walked(self._others, automaton, state)]))
        return np.sort(_walked(self._whole, automaton, state))

    def leaving(self, automaton: Automaton, state: int) -> Tokens:
        """Those among them that end the line of a text."""
        return np.sort(_walked(self._others, automaton, state))


class _Node:
    """A place in the tree: the tokens that end here, and what follows on each byte."""

    __slots__ = ("children", "tokens")

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.children: dict[int, _Node] = {}


def _tree(spelt: dict[int, bytes]) -> _Node:
    root = _Node()
    for number, data in spelt.items():
        node = root
        for byte in data:
            if (child := node.children.get(byte)) is None:
                child = node.children[byte] = _Node()
            node = child
        node.tokens.append(number)
    return root


def _walked(root: _Node, automaton: Automaton, state: int) -> Tokens:
    found: list[int] = []
    open_places = [(root, state)]
    while open_places:
        node, here = open_places.pop()
        for byte, child in node.children.items():
            if (there := automaton.after(here, byte)) != DEAD:
                found += child.tokens
                if child.children:
                    open_places.append((child, there))
    return np.array(found, np.int64)


class Tunes:
    """Which tokens may follow in a tune, kept by its state.

    Args:
        vocabulary: the tokens.
        stops: tokens that end an answer.
    """

    def __init__(self, vocabulary: Vocabulary, stops: frozenset[int]) -> None:
        self.automaton = Automaton()
        self._vocabulary, self._stops = vocabulary, np.array(sorted(stops), np.int64)
        self._kept: dict[tuple[int, bool, bool, bool], Tokens] = {}
        self._lock = Lock()

    @property
    def full(self) -> bool:
        """Whether it has grown as large as it may."""
        return len(self.automaton.states) > _MOST_STATES

    def after(self, state: int, token: int) -> int:
        """The state behind a token."""
        with self._lock:
            return self._read(state, token)

    def _read(self, state: int, token: int) -> int:
        return DEAD if state == DEAD else self.automaton.read(self._vocabulary.spelt.get(token, b"\0"), state)

    def in_text(self, state: int) -> bool:
        """Whether it is within free text."""
        return state != DEAD and bool(self.automaton.endless(state))

    def allowed(self, state: int, left: int, text: int = 0) -> Tokens:
        """The tokens that may come, in order; only what ends the answer where nothing fits.

        Args:
            state: of the tune.
            left: tokens that may still be written, this one among them.
            text: tokens of free text just before.
        """
        key = (state, left <= HURRY, left <= URGENT, text >= LONGEST_TEXT)
        with self._lock:
            if (known := self._kept.get(key)) is None:
                known = self._ending(state, urgent=key[2]) if key[1] else self._any(state)
                if key[3] and len(ends := self._vocabulary.leaving(self.automaton, state)):
                    known = ends
                self._kept[key] = known
        return known

    def _any(self, state: int) -> Tokens:
        if state == DEAD:
            return self._stops
        found = self._vocabulary.following(self.automaton, state)
        if self.automaton.complete(state) or not len(found):
            return np.concatenate([found, self._stops])
        return found

    def _ending(self, state: int, *, urgent: bool) -> Tokens:
        """The same where a tune has to end soon: it ends as soon as it can, and its last bar line comes when a bar is full."""
        if state != DEAD and self.automaton.complete(state):
            return self._stops
        if state != DEAD:
            after = {n: self._read(state, n) for n in self._vocabulary.closing}
            final = [n for n, there in after.items() if there != DEAD and self._closes(there)]
            if final:
                return np.array(final, np.int64)
        any_of_them = self._any(state)
        after = {n: self._read(state, n) for n in any_of_them.tolist()}
        going = [n for n, there in after.items() if there != DEAD]
        for delay in (self.automaton.delays, *([self.automaton.lacking] * urgent)):
            least = min((delay(after[n]) for n in going), default=0)
            going = [n for n in going if delay(after[n]) == least]
        return np.array(going, np.int64) if going else any_of_them

    def _closes(self, state: int) -> bool:
        """Whether a tune is over here, or is in the middle of its last bar line."""
        return self.automaton.complete(state) or any(
            self.automaton.after(state, byte) != DEAD and self.automaton.complete(self.automaton.after(state, byte))
            for byte in b"|]"
        )


class Held:
    """One tune that is being written.

    Args:
        tunes: what may follow.
        most: tokens that it may have.
        state: of the tune so far.
        written: tokens so far.
        text: of free text, just before.
    """

    def __init__(self, tunes: Tunes, most: int, state: int = 0, written: int = 0, text: int = 0) -> None:
        self._tunes, self._most, self._state, self._written, self._text = tunes, most, state, written, text

    @property
    def allowed(self) -> Tokens:
        """The tokens that may come."""
        return self._tunes.allowed(self._state, self._most - self._written, self._text)

    def masked(self, logits: Array) -> Array:
        """Logits [V] with minus infinity for every token after which no tune is possible."""
        allowed = self.allowed
        out = np.full_like(logits, -np.inf)
        out[allowed] = logits[allowed]
        return out

    def after(self, token: int) -> Held:
        """The tune with this token."""
        after = self._tunes.after(self._state, token)
        text = self._text + 1 if self._tunes.in_text(after) else 0
        return Held(self._tunes, self._most, after, self._written + 1, text)

    def took(self, token: int) -> None:
        """This token was chosen."""
        after = self.after(token)
        self._state, self._written, self._text = after._state, after._written, after._text


_kept: dict[tuple[int, int], tuple[Any, Vocabulary, dict[frozenset[int], Tunes]]] = {}
_making = Lock()


def held(ends: Ends, size: int, most: int, begun: str = "") -> Held:
    """A tune that begins.

    Args:
        ends: the tokenizer that answers are written with, and its stop tokens.
        size: how many tokens the network has logits for.
        most: tokens that an answer may have.
        begun: what it begins with that is not written again.

    Raises:
        InputError: answers are no texts, or no tune of the grammar begins so.
    """
    if ends.tokenizer is None:
        raise InputError(
            "predictions of this target are no texts, so no grammar can hold them", place="decoder.grammar"
        )
    with _making:
        key = (id(ends.tokenizer), size)
        if key not in _kept:
            while len(_kept) >= _MOST_VOCABULARIES:
                _kept.pop(next(iter(_kept)))
            _kept[key] = (ends.tokenizer, Vocabulary(ends.tokenizer, size), {})
        _, vocabulary, by_stops = _kept[key]
        if ends.stop not in by_stops or by_stops[ends.stop].full:
            by_stops[ends.stop] = Tunes(vocabulary, ends.stop)
        tunes = by_stops[ends.stop]
    state = tunes.automaton.read(begun.encode())
    if state == DEAD:
        raise InputError(
            f"no tune that the grammar covers begins with {begun!r:.120}",
            expected="a header with M: and K:, and a meter such as 6/8",
            fix="decoder.grammar=null",
            place="decoder.grammar",
        )
    return Held(tunes, most, state)
