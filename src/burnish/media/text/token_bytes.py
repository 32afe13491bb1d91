"""The bytes that a token stands for, which need not be whole characters."""

from __future__ import annotations

import re
from typing import Any

_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>")


class TokenBytes:
    """Token ids to bytes, for tokenizers over bytes (GPT-2 and later) and over pieces with a mark for the space.

    Args:
        tokenizer: of the Rust library (`tokenizers.Tokenizer`).
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._added = {number: token.content for number, token in tokenizer.get_added_tokens_decoder().items()}
        self._letters = _letters() if "ByteLevel" in repr(tokenizer.decoder) else None

    def __call__(self, token: int) -> bytes:
        """Of one; nothing for an id that the tokenizer has no word for."""
        if token in self._added:
            return str(self._added[token]).encode()
        word = self._tokenizer.id_to_token(token)
        if word is None:
            return b""
        if self._letters is not None and all(letter in self._letters for letter in word):
            return bytes(self._letters[letter] for letter in word)
        if match := _BYTE.fullmatch(word):
            return bytes([int(match[1], 16)])
        return str(word).replace("\u2581", " ").encode()

    def text(self, token: int) -> str:
        """Its text; where its bytes are no whole characters, they are spelt out."""
        raw = self(token)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return "bytes:" + "".join(f"\\x{one:02x}" for one in raw)


def _letters() -> dict[str, int]:
    """The letters by which byte-level tokenizers write bytes: printable Latin-1 itself, the others from U+0100 on."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(0x100 + n): byte for n, byte in enumerate(others)}
