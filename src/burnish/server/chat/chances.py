"""Log probabilities of the tokens of an answer, in the shapes of OpenAI's protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from burnish.core.generated import Chance, Progress
from burnish.media.text.growing_text import HALF, GrowingText
from burnish.media.text.token_bytes import TokenBytes

LEAST = -9999.0  # what the protocol writes for a probability of 0


class Chances:
    """Those of one answer, told with the text that the tokens made.

    Args:
        words: token ids to bytes and texts.
        text: token ids to the text of the answer.
        chat: whether the shape is that of chats, else that of completions.
    """

    def __init__(self, words: TokenBytes, text: Callable[[Sequence[int]], str], *, chat: bool) -> None:
        self._words, self._text, self._chat = words, GrowingText(text), chat
        self._ends: list[int] = []
        self._ready: list[tuple[Chance, int]] = []
        self._told = 0

    def more(self, told: Progress, shown: int) -> None:
        """Tokens came.

        Args:
            told: all so far.
            shown: characters of the text that are told; a token is told when its text is, or when the answer has ended.
        """
        for number in range(len(self._ends), len(told.ids)):
            end = len(self._text(told.ids[: number + 1]).rstrip(HALF))
            self._ends.append(max(end, self._begin(number)))
        while self._told < len(self._ends) and self._due(told, shown):
            self._ready.append((told.chances[self._told], self._begin(self._told)))
            self._told += 1

    def taken(self) -> Any:
        """Those that were not told, in the protocol's shape; None where there are none."""
        ready, self._ready = self._ready, []
        if not ready:
            return None
        if self._chat:
            return {"content": [self._spelt(chance) for chance, _ in ready], "refusal": None}
        return {
            "tokens": [self._words.text(chance.token) for chance, _ in ready],
            "token_logprobs": [_number(chance.log) for chance, _ in ready],
            "top_logprobs": [self._by_text(chance) for chance, _ in ready],
            "text_offset": [begin for _, begin in ready],
        }

    def _begin(self, number: int) -> int:
        return self._ends[number - 1] if number else 0

    def _due(self, told: Progress, shown: int) -> bool:
        if told.whole is None:
            return self._ends[self._told] <= shown
        cut = told.whole.cut
        return cut is None or self._begin(self._told) < cut or self._ends[self._told] <= cut

    def _spelt(self, chance: Chance) -> dict[str, Any]:
        others = [self._token(token, log) for token, log in chance.others]
        return {**self._token(chance.token, chance.log), "top_logprobs": others}

    def _token(self, token: int, log: float) -> dict[str, Any]:
        return {"token": self._words.text(token), "logprob": _number(log), "bytes": list(self._words(token))}

    def _by_text(self, chance: Chance) -> dict[str, float]:
        """The most probable tokens, and the one that was written; the more probable of two of one text."""
        found: dict[str, float] = {}
        for token, log in (*chance.others, (chance.token, chance.log)):
            found.setdefault(self._words.text(token), _number(log))
        return found


def _number(log: float) -> float:
    return max(LEAST, log)
