"""A text that is shown while its tokens come: never half a character, never what stands behind a stop text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from burnish.media.text.growing_text import HALF, GrowingText


class TextStream:
    """The pieces of a text whose tokens come one by one. Together the pieces are the text.

    Args:
        text: token ids to text, without control tokens.
        stop: texts that end it; they are left out, and so is what could become the beginning of one.
    """

    def __init__(self, text: Callable[[Sequence[int]], str], stop: Sequence[str] = ()) -> None:
        self._text, self._growing, self._stop = text, GrowingText(text), tuple(stop)
        self.shown = ""

    def more(self, ids: Sequence[int]) -> str:
        """What can be shown now that was not; may be empty.

        Args:
            ids: all tokens so far: those of the call before, and what came behind them.
        """
        text = self._certain(self._growing(ids).rstrip(HALF))
        if not text.startswith(self.shown):
            return ""
        new, self.shown = text[len(self.shown) :], text
        return new

    def rest(self, ids: Sequence[int], cut: int | None) -> str:
        """What was held back, once the text is whole.

        Args:
            ids: all tokens.
            cut: how many characters stand before a stop text; None where none ended it.
        """
        whole, shown = self._text(ids)[:cut], self.shown
        # All that was shown, but for tokenizers that take something back.
        agreed = next(
            (n for n, (a, b) in enumerate(zip(whole, shown, strict=False)) if a != b), min(len(whole), len(shown))
        )
        self.shown = whole
        return whole[agreed:]

    def _certain(self, text: str) -> str:
        """Without a stop text and what is behind it, or the beginning of one at the end; none begins in what is shown."""
        ends = [at for stop in self._stop if (at := text.find(stop, len(self.shown))) >= 0]
        for stop in self._stop:
            ends += [at for at in range(max(0, len(text) - len(stop) + 1), len(text)) if stop.startswith(text[at:])]
        return text[: min(ends, default=len(text))]
