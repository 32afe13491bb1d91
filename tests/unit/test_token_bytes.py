"""Tokens to bytes: byte-level tokenizers, pieces with a mark for the space, and single bytes."""

from __future__ import annotations

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from burnish.media.text.token_bytes import TokenBytes


@pytest.mark.parametrize("text", ["Grüße, 世界 \U0001f600\n\ttab  two", "the ferry"])
def test_byte_level_tokens_make_the_text(text: str) -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator([text], trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet))
    words = TokenBytes(tokenizer)
    assert b"".join(map(words, tokenizer.encode(text).ids)) == text.encode()
    assert {words(token) for token in range(256)} >= {bytes([byte]) for byte in range(256)}
    half = next(token for token in range(256) if words(token) == b"\xe4")
    assert words.text(half) == "bytes:\\xe4"


def test_pieces_and_control_tokens() -> None:
    words = {"\u2581the": 0, "<0xE4>": 1, "fare": 2}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="fare"))
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_special_tokens([AddedToken("<end\u2581>", special=True)])
    told = TokenBytes(tokenizer)
    assert [told(token) for token in range(4)] == [b" the", b"\xe4", b"fare", "<end\u2581>".encode()]
    assert told(99) == b""
