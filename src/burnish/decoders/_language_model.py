"""N-gram language models in ARPA files: the probability of a word after the words before it, with back-off (Katz 1987).

Read in plain Python: KenLM's own format is faster to open, and needs a compiler here.
"""

from __future__ import annotations

import gzip
import math
import re
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import IO, NoReturn, cast

from burnish.core.errors import InputError

MOST_BYTES = 2 * 1024**3
"""Of a file, unpacked."""
MOST_NGRAMS = 20_000_000
_LONGEST_LINE = 1 << 16
BEGIN, END, UNKNOWN = "<s>", "</s>", "<unk>"
_UNSEEN = -10.0
"""Log 10 of the probability of an unknown word, where the file gives none."""
_NATS = math.log(10)
Context = tuple[int, ...]
"""The last words, as many as the order of the model less one."""


class LanguageModel:
    """An n-gram model. Words are found by walking a tree from the first word of an n-gram to its last.

    Args:
        order: words of its longest n-grams.
    """

    def __init__(self, order: int) -> None:
        self.order = order
        self._words: dict[str, int] = {}
        self._children: dict[int, int] = {}  # a node and a word, as one number, to the node of the longer n-gram
        self._logs, self._backoffs = array("f", [math.nan]), array("f", [0.0])

    @property
    def start(self) -> Context:
        """Before the first word."""
        return self._known(BEGIN)[: self.order - 1]

    def after(self, context: Context, word: str) -> tuple[float, Context]:
        """Log of the probability of a word in nats, and the context behind it."""
        known = self._known(word)
        if known and (found := self._after(context, known[0])) is not None:
            return found * _NATS, self._longer(context, known)
        unknown = self._known(UNKNOWN)
        found = self._after(context, unknown[0]) if unknown else None
        return (_UNSEEN if found is None else found) * _NATS, self._longer(context, unknown)

    def ended(self, context: Context) -> float:
        """Log of the probability that a sentence ends here, in nats; 0 of a model without ends."""
        return self.after(context, END)[0] if self._known(END) else 0.0

    def _known(self, word: str) -> Context:
        number = self._words.get(word)
        return () if number is None else (number,)

    def _longer(self, context: Context, word: Context) -> Context:
        """An unknown word without a number breaks the context off."""
        keep = self.order - 1
        return (*context, *word)[-keep:] if keep and word else ()

    def _after(self, context: Context, word: int) -> float | None:
        """Log 10, by the longest n-gram there is, and the back-off of each longer context that is there."""
        weight = 0.0
        for begin in range(len(context) + 1):
            node = self._node(context[begin:])
            if node is None:
                continue
            longer = self._children.get((node << 32) | word)
            if longer is not None and not math.isnan(self._logs[longer]):
                return weight + self._logs[longer]
            weight += self._backoffs[node]
        return None

    def _node(self, context: Context) -> int | None:
        node: int | None = 0
        for word in context:
            node = self._children.get((node << 32) | word) if node is not None else None
        return node

    def add(self, words: Sequence[str], log: float, backoff: float) -> None:
        """An n-gram as a line of the file gives it."""
        node = 0
        for word in words:
            key = (node << 32) | self._words.setdefault(word, len(self._words))
            if (known := self._children.get(key)) is None:
                known = self._children[key] = len(self._logs)
                self._logs.append(math.nan)
                self._backoffs.append(0.0)
            node = known
        self._logs[node], self._backoffs[node] = log, backoff


def language_model(path: str) -> LanguageModel:
    """The model of an ARPA file, which may be packed by gzip; read once.

    Raises:
        InputError: no such file, too large, or no ARPA file (with the line).
    """
    place = Path(path).expanduser()
    try:
        stamp = place.stat()
    except OSError as error:
        raise InputError(
            f"there is no language model {path!r}",
            expected="an ARPA file, such as lmplz of KenLM writes",
            fix="give its path, or leave language_model out",
            place="decoder.language_model",
        ) from error
    return _read_once(str(place), stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=2)
def _read_once(path: str, changed: int, size: int) -> LanguageModel:
    if size > MOST_BYTES:
        _refuse(path, f"it has {size:,} bytes", f"at most {MOST_BYTES:,}", "prune the model")
    with cast("IO[bytes]", gzip.open(path) if path.endswith(".gz") else open(path, "rb")) as stream:
        try:
            return _parsed(_lines(stream, path), path)
        except (
            ValueError,
            EOFError,
            OSError,
        ) as error:  # UnicodeDecodeError is a ValueError; gzip.BadGzipFile an OSError
            _refuse(path, str(error).splitlines()[0], "an ARPA file in UTF-8, or one packed by gzip", "make it again")


def _lines(stream: IO[bytes], path: str) -> Iterator[tuple[int, str]]:
    """Lines that are not empty, with their numbers."""
    total, number = 0, 0
    while line := stream.readline(_LONGEST_LINE):
        total, number = total + len(line), number + 1
        if len(line) == _LONGEST_LINE or total > MOST_BYTES:
            _refuse(
                path, f"line {number:,} is too long, or the file", f"{MOST_BYTES:,} bytes at most", "prune the model"
            )
        if text := line.decode("utf-8").strip("\r\n\t "):
            yield number, text


def _parsed(lines: Iterator[tuple[int, str]], path: str) -> LanguageModel:
    counts = _counts(lines, path)
    model, order, read = LanguageModel(max(counts)), 1, 0
    for number, text in lines:
        if text.startswith("\\"):
            if read != counts.get(order, 0):
                _refuse(
                    path,
                    f"{read:,} {order}-grams, and \\data\\ names {counts[order]:,}",
                    "a whole file",
                    "make it again",
                )
            if text == "\\end\\":
                if order != model.order:
                    _refuse(path, f"it ends behind its {order}-grams", f"{model.order}-grams as well", "make it again")
                return model
            order, read = order + 1, 0
            if text != f"\\{order}-grams:":
                raise ValueError(f"line {number:,} is {text[:40]!r}, where \\{order}-grams: is due")
            continue
        model.add(*_ngram(text, order, number))
        read += 1
    raise ValueError("it has no \\end\\")


def _counts(lines: Iterator[tuple[int, str]], path: str) -> dict[int, int]:
    """How many n-grams of each order there are; stands before the n-grams, and ends where the first of them are due."""
    counts: dict[int, int] = {}
    begun = False
    for number, text in lines:
        if not begun:
            begun = text == "\\data\\"
        elif found := re.fullmatch(r"ngram\s+(\d{1,2})\s*=\s*(\d{1,12})", text):
            counts[int(found[1])] = int(found[2])
        elif text == "\\1-grams:" and sorted(counts) == list(range(1, len(counts) + 1)) and counts:
            if sum(counts.values()) > MOST_NGRAMS:
                _refuse(path, f"it has {sum(counts.values()):,} n-grams", f"at most {MOST_NGRAMS:,}", "prune the model")
            return counts
        else:
            raise ValueError(f"line {number:,} is {text[:40]!r}, where `ngram 1=COUNT` or \\1-grams: is due")
    raise ValueError("it has no \\data\\")


def _ngram(text: str, order: int, number: int) -> tuple[list[str], float, float]:
    parts = text.split()
    if len(parts) not in (order + 1, order + 2):
        raise ValueError(f"line {number:,} is no {order}-gram: {text[:60]!r}")
    log, backoff = float(parts[0]), float(parts[-1]) if len(parts) == order + 2 else 0.0
    if not (log <= 0 and math.isfinite(backoff)):
        raise ValueError(
            f"line {number:,} gives {parts[0][:20]} and {parts[-1][:20]}, which are no logs of probabilities"
        )
    return parts[1 : order + 1], max(log, -99.0), backoff


def _refuse(path: str, found: str, expected: str, fix: str) -> NoReturn:
    raise InputError(
        f"this language model cannot be used: {found}",
        expected=expected,
        fix=fix,
        place=f"decoder.language_model: {path}",
    )
