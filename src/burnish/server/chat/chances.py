"""Log probabilities of the tokens of an answer, in the shapes of OpenAI's protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from burnish.core.generated import Chance, Progress
from burnish.media.text.growing_text import HALF, GrowingText
from burnish.media.text.token_bytes import TokenBytes
from burnish.server.chat.echo import Echo

LEAST = -9999.0  # what the protocol writes for a probability of 0


class Chances:
    """Those of one answer, told with the text that the tokens made.

    Behind a prompt that is told, so is the token that ended the answer: whoever asks for one token and leaves the last one
    out, as lm-evaluation-harness does, is left with those of the prompt.

    Args:
        words: token ids to bytes and texts.
        text: token ids to the text of the answer.
        chat: whether the shape is that of chats, else that of completions.
        echo: the prompt, where it is told.
    """

    def __init__(
        self, words: TokenBytes, text: Callable[[Sequence[int]], str], *, chat: bool, echo: Echo | None = None
    ) -> None:
        self._words, self._text, self._chat = words, GrowingText(text), chat
        self._echo, self._echo_told = echo, False
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
        if self._echo is not None and told.whole is not None and len(told.chances) > len(told.ids):
            self._ready.append((told.chances[-1], self._begin(len(told.ids))))

    def taken(self) -> Any:
        """Those that were not told, in the protocol's shape; None where there are none."""
        prompt = self._prompt()
        ready, self._ready = self._ready, []
        if not ready and not prompt:
            return None
        if self._chat:
            return {"content": [self._spelt(chance) for chance, _ in ready], "refusal": None}
        first = len(self._echo.text) if self._echo is not None else 0
        rows = prompt + [(chance.token, chance, first + begin) for chance, begin in ready]
        return {
            "tokens": [self._words.text(token) for token, _, _ in rows],
            "token_logprobs": [None if chance is None else _number(chance.log) for _, chance, _ in rows],
            "top_logprobs": [None if chance is None else self._by_text(chance) for _, chance, _ in rows],
            "text_offset": [begin for _, _, begin in rows],
        }

    def _prompt(self) -> list[tuple[int, Chance | None, int]]:
        """Token, chance and place of each token of the prompt, once; nothing is known of the first."""
        echo = self._echo
        if echo is None or self._echo_told:
            return []
        self._echo_told = True
        chances: list[Chance | None] = [None, *echo.chances]
        return list(zip(echo.ids, chances, [0, *echo.ends[:-1]], strict=True))

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
