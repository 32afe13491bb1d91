"""The beginnings of long texts, cut by characters before they become tokens, so that what is kept costs what it is long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tokenizers import Encoding, Tokenizer

from burnish.media.text.seams import Seams, seams_of

MARGIN = 64  # tokens beyond the limit, so that where a text is shortened cannot change a token that is kept
CHARACTERS = 6  # of a token, at first guess: a text gives the tokens that are kept mostly at once
GROWTH = 4  # how many times as much is taken where it does not
COUNTED = (
    1 << 16
)  # characters behind a cut in which tokens are counted: of the rest it is said that there are "at least"
TOGETHER = 1 << 18  # characters that become tokens together: an encoding takes a hundred times the memory of its text
ROWS = 1024  # the same for short ones


def pieces(texts: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Consecutive texts, pairs, or lists of words, few enough to be tokens at the same time."""
    start = characters = 0
    for end, text in enumerate(texts):
        size = len(text) if isinstance(text, str) else sum(map(len, text))
        if end > start and (characters + size > TOGETHER or end - start >= ROWS):
            yield texts[start:end]
            start, characters = end, 0
        characters += size
    if start < len(texts):
        yield texts[start:]


@dataclass(frozen=True)
class Beginning:
    """A row with all of its tokens that may be kept: its beginning, or the whole.

    Attributes:
        row: a text, a pair, or a list of words.
        tokens: how many tokens of it were counted, special ones not included; 0: none, the row was not long.
        unread: how many there are at least behind it.
        whole: whether nothing is behind it.
    """

    row: Any
    tokens: int = 0
    unread: int = 0
    whole: bool = True


class Beginnings:
    """Rows cut to their first tokens: exactly those that the whole rows would be cut to.

    Args:
        tokenizer: without truncation or padding of its own.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._cutting: dict[int, Tokenizer] = {}

    @cached_property
    def _seams(self) -> Seams:
        return seams_of(self._tokenizer)

    def truncated(self, rows: Sequence[Any], limit: int, *, words: bool) -> Iterator[tuple[Encoding, int]]:
        """As `TokenizerProcessor.encode`, for rows that are in memory together.

        Raises:
            TypeError, UnicodeEncodeError: a text that is no Unicode text.
        """
        begun = [self._words(row, limit) if words else self._begun(row, limit) for row in rows]
        run = self._tokenizer.encode_batch if words else self._tokenizer.encode_batch_fast
        encodings = iter(run([b.row for b in begun if not b.tokens], is_pretokenized=words, add_special_tokens=True))
        short = [None if b.tokens else next(encodings) for b in begun]
        long = [i for i, e in enumerate(short) if e is None or len(e.ids) > limit]
        # Truncation keeps what it cuts off as further encodings: of a pair every combination, of which few must be left.
        cut = [
            row if not isinstance(row := begun[i].row, tuple) or begun[i].tokens else self._pair(row, limit).row
            for i in long
        ]
        kept = dict(zip(long, self._truncating(limit).encode_batch(cut, is_pretokenized=words), strict=True))
        for i, (beginning, encoding) in enumerate(zip(begun, short, strict=True)):
            if encoding is not None:
                yield kept.get(i, encoding), len(encoding.ids)
            else:
                special = self._tokenizer.num_special_tokens_to_add(isinstance(beginning.row, tuple))
                yield kept[i], beginning.tokens + beginning.unread + special

    def _truncating(self, limit: int) -> Tokenizer:
        # A copy: switching truncation on and off in place would race with another thread that encodes.
        if limit not in self._cutting:
            copy = Tokenizer.from_str(self._tokenizer.to_str())
            copy.enable_truncation(max_length=limit, strategy="longest_first")
            self._cutting[limit] = copy
        return self._cutting[limit]

    def _begun(self, row: str | tuple[str, ...], limit: int) -> Beginning:
        if isinstance(row, str):
            return self._text(row, limit + 1)
        most = _first(limit + 2 * MARGIN)
        return self._pair(row, limit) if max(map(len, row)) > most else Beginning(row)

    def _text(self, text: str, wanted: int) -> Beginning:
        """A text up to a seam behind so many tokens; the whole where none is found or little is behind it."""
        size = _first(wanted)
        while len(text) > size * 3 // 2:
            at = self._seams.last(text, size)
            tokens = self._count(text[:at]) if at else 0
            if tokens >= wanted:
                text[at:].encode()  # what is not read must be a text nevertheless
                return Beginning(text[:at], tokens, self._seams.count(text, at, at + COUNTED), False)
            size *= GROWTH
        return Beginning(text)

    def _pair(self, row: tuple[str, ...], limit: int) -> Beginning:
        """The beginnings of two texts; the longer one stays the longer one, for of an odd number it is given one more."""
        parts = [self._text(text, limit + 2 * MARGIN) for text in row]
        counts = [part.tokens or self._count(part.row) for part in parts]
        open_ended = [i for i in (0, 1) if not parts[i].whole and counts[i] <= counts[1 - i]]
        if open_ended and (limit - self._tokenizer.num_special_tokens_to_add(True)) % 2:
            counts = [n if part.whole else self._count(text) for n, part, text in zip(counts, parts, row, strict=True)]
            parts = [Beginning(part.row, part.tokens) for part in parts]  # nothing is unread now
        more = (MARGIN, 0) if counts[0] > counts[1] else (0, MARGIN)
        cut = tuple(self._shortened(p.row, limit + MARGIN + extra) for p, extra in zip(parts, more, strict=True))
        if all(part.whole for part in parts) and sum(counts) <= limit:
            return Beginning(row)
        return Beginning(cut, sum(counts), sum(part.unread for part in parts), False)

    def _shortened(self, text: str, tokens: int) -> str:
        """The beginning of a text with at least `tokens` tokens."""
        offsets = self._tokenizer.encode(text, add_special_tokens=False).offsets
        return text if len(offsets) <= tokens else text[: offsets[tokens - 1][1]]

    def _words(self, row: list[str], limit: int) -> Beginning:
        """The first words, each of which becomes tokens by itself; of a long word its beginning."""
        count, most = limit + 1, _first(limit + 1) * 3 // 2
        while count < len(row) or any(len(word) > most for word in row[:count]):
            first = [self._text(word, limit + 1).row if len(word) > most else word for word in row[:count]]
            (encoding,) = self._tokenizer.encode_batch([first], is_pretokenized=True, add_special_tokens=False)
            if len(encoding.ids) > limit:
                for word in row:
                    word.encode()
                rest = row[count:] if self._seams.each else []
                return Beginning(first, len(encoding.ids), sum(map(_has_token, rest)), False)
            if count >= len(row):
                break
            count *= GROWTH
        return Beginning(row)

    def _count(self, text: str) -> int:
        (encoding,) = self._tokenizer.encode_batch_fast([text], add_special_tokens=False)
        return len(encoding.ids)


def _has_token(word: str) -> bool:
    return word[:1].isascii() and word[:1].isalnum()


def _first(tokens: int) -> int:
    """How many characters are read at first."""
    return CHARACTERS * tokens + MARGIN
