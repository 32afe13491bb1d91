"""Truncation keeps what the tokenizer itself would keep, in little memory however long the row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from burnish.media.text.tokenizer import load
from tests.checkpoints import tiny_checkpoint

LONG = "the parcel never arrived, and I would like my money back as soon as that can be done! " * 40


@pytest.mark.parametrize("architecture", ["bert", "roberta", "gpt2", "llama"])
@pytest.mark.parametrize("max_length", [8, 33, 120])
@pytest.mark.parametrize("pair", [False, True])
def test_shortening_first_changes_nothing(tmp_path: Path, architecture: str, max_length: int, pair: bool) -> None:
    """Ids equal those of the library's own truncation of the whole text."""
    processor = load(tiny_checkpoint(tmp_path / "model", architecture, texts=[LONG]), max_length, None)
    own = Tokenizer.from_str(processor.tokenizer.to_str())
    own.enable_truncation(max_length=max_length, strategy="longest_first")
    text: Any = (LONG, "short one") if pair else LONG
    (encoding, full), (swapped, _) = processor.encode([text, text[::-1] if pair else text])
    assert encoding.ids == own.encode_batch([text])[0].ids
    assert len(encoding.ids) == max_length < full
    if pair:
        assert swapped.ids == own.encode_batch([text[::-1]])[0].ids


def test_two_very_long_texts_fit_in_memory(tmp_path: Path) -> None:
    """Without shortening, the parts cut off are kept in every combination: 12 GB for this pair."""
    processor = load(tiny_checkpoint(tmp_path / "model", texts=[LONG]), 64, None)
    ((encoding, full),) = processor.encode([("the parcel " * 20_000, "my money " * 20_000)])
    assert len(encoding.ids) == 64
    assert full > 60_000
