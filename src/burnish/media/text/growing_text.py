"""The text of tokens that come one by one: each is decoded a few times, however many stand before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

HALF = "\ufffd"
"""What tokens decode to that end inside a character."""
_STEP = 16  # tokens from one seam to the next, at least


class GrowingText:
    """What a decoder makes of more and more tokens, equal to what it makes of all at once.

    What a decoder writes for a token depends on few before it: none (bytes), whether there is any (a space at the beginning
    is left out), the one before it (the space between words), or a run of tokens that are single bytes. So the tokens
    behind a seam are decoded with those before it back to the seam before, which have a text: what these write with and
    without the others is the same.

    Args:
        decode: token ids to text.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._from = self._seam = 0  # the seam before the last, and the last
        self._before = self._certain = ""  # the text between them, and the text up to the last

    def __call__(self, ids: Sequence[int]) -> str:
        """The text of all.

        Args:
            ids: those of the call before, and what came behind them.
        """
        window = self._decode(ids[self._from :])
        if not window.startswith(self._before):  # the decoder takes something back
            self._from = self._seam = 0
            self._before = self._certain = ""
            return self._decode(ids)
        text = self._certain + window[len(self._before) :]
        if len(ids) - self._seam >= _STEP and self._is_seam(ids[-1]):
            self._before, self._certain = self._decode(ids[self._seam :]), text
            self._from, self._seam = self._seam, len(ids)
        return text

    def _is_seam(self, token: int) -> bool:
        """Whether whole characters end with this token, it has a text, and it is in no run of single bytes.

        A token for a single byte is one character of ASCII, or none that is whole. A run of these has no seam: whether they
        are characters is known at its end.
        """
        alone = self._decode([token])
        return HALF not in alone and (len(alone) > 1 or not alone.isascii())
