"""Documents become windows: no byte and no token is lost, and each is scored once."""

from __future__ import annotations

import json
import shutil
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as laws
from hypothesis import strategies as st

from burnish.core.errors import InputError
from burnish.inputs.document import Document
from burnish.media.text.documents import SPECIAL, DocumentTokenizer
from burnish.targets.next_token import NextToken
from tests.checkpoints import DEFAULT_TEXTS, tiny_checkpoint

CAUSAL, MASKED = ("gpt2", "llama", "qwen2"), ("bert", "roberta", "deberta_v2")
SHAPES = {**dict.fromkeys(CAUSAL, "sequence"), **dict.fromkeys(MASKED, "element")}
WORDS = sorted({word for text in DEFAULT_TEXTS for word in text.split()})
TEXTS = st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=5)), max_size=60).map(" ".join)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("checkpoints")
    return {name: tiny_checkpoint(root / name, name) for name in SHAPES}


@cache
def whole(folder: Path, shape: str) -> DocumentTokenizer:
    """Read once: loading a tokenizer takes longer than all that is done with it here."""
    return Document(column="x").beside(shape).processor(folder)


def reader(folder: Path, architecture: str, **fields: Any) -> tuple[Document, DocumentTokenizer]:
    read = Document(column="x", **fields).beside(SHAPES[architecture])
    processor = whole(folder, SHAPES[architecture])
    return read, processor.cut_at(read.max_length) if read.max_length else processor  # type: ignore[return-value]


def cells(read: Document, processor: DocumentTokenizer, text: str) -> list[dict[str, Any]]:
    return [dict(row) for row in read.unfolding(processor, NextToken(), held_out=True).rows({"x": text}, "here")]


@pytest.mark.parametrize("architecture", SHAPES)
@laws(max_examples=25, deadline=None)
@given(text=TEXTS, limit=st.integers(6, 40), overlap=st.integers(0, 3))
def test_every_byte_and_every_token_once(
    architecture: str, text: str, limit: int, overlap: int, checkpoints: dict[str, Path]
) -> None:
    """The windows' texts are the document; the tokens that are scored are those of the whole, in their order."""
    text = text.encode("utf-8", "ignore").decode()
    read, processor = reader(checkpoints[architecture], architecture, max_length=limit, overlap=overlap)
    rows = cells(read, processor, text)
    tokens = processor.tokenizer.encode(text, add_special_tokens=False).ids
    if not tokens:
        assert rows == []
        return
    assert "".join(row["x"]["text"] for row in rows) == text
    encoded = read.encode(rows, processor)
    assert all(int(one["_length"]) == len(one["input_ids"]) <= limit for one in encoded)
    behind = len(processor.after) if architecture in MASKED else 0
    scored = [one["input_ids"][int(one["_scored"]) : len(one["input_ids"]) - behind] for one in encoded]
    end = [] if architecture in MASKED else list(processor.after)
    assert np.concatenate(scored).tolist() == [*tokens, *end]


@pytest.mark.parametrize("architecture", CAUSAL)
def test_each_token_is_told_from_those_before_it(architecture: str, checkpoints: dict[str, Path]) -> None:
    """At each place the next token; the weights of a document are its tokens and its end, in windows as in one."""
    text = " ".join(DEFAULT_TEXTS * 3)
    target = NextToken(column="x")
    sums = []
    for fields in ({}, {"max_length": 16}, {"max_length": 16, "overlap": 5}):
        read, processor = reader(checkpoints[architecture], architecture, **fields)
        total = 0.0
        for row, one in zip(rows := cells(read, processor, text), read.encode(rows, processor), strict=True):
            targets, weights = target.encode(row["x"], one, processor)
            assert targets[:-1].tolist() == one["input_ids"][1:].tolist()
            assert weights[-1] == 0
            total += float(weights.sum())
        sums.append(total)
    assert len(set(sums)) == 1
    assert sums[0] == len(processor.tokenizer.encode(text, add_special_tokens=False).ids) + len(processor.after)


@pytest.mark.parametrize("architecture", SHAPES)
def test_context_is_what_stood_before(architecture: str, checkpoints: dict[str, Path]) -> None:
    read, processor = reader(checkpoints[architecture], architecture, max_length=16, overlap=4)
    rows = read.encode(cells(read, processor, " ".join(DEFAULT_TEXTS * 3)), processor)
    assert len(rows) > 3
    for before, after in pairwise(rows):
        ids = [row["input_ids"][row["_begins"] != SPECIAL].tolist() for row in (before, after)]
        assert ids[0][-4:] == ids[1][:4]
        assert int(after["_scored"]) == 4 + len(processor.before) * (architecture in MASKED)


def test_windows_that_would_not_move_are_refused(checkpoints: dict[str, Path]) -> None:
    read, processor = reader(checkpoints["llama"], "llama", max_length=8, overlap=8)
    with pytest.raises(InputError, match="windows of 8 tokens are too short"):
        cells(read, processor, " ".join(DEFAULT_TEXTS))


@pytest.mark.parametrize("architecture", SHAPES)
def test_a_bundle_reads_documents_as_the_checkpoint_did(
    architecture: str, checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    read, processor = reader(checkpoints[architecture], architecture, max_length=16)
    kept = tmp_path / "model"
    kept.mkdir()
    read.save_processor(processor, kept)
    again = read.processor(kept, json.loads(json.dumps(processor.settings())))
    assert again.fingerprint() == processor.fingerprint()
    text = " ".join(DEFAULT_TEXTS)
    assert cells(read, again, text) == cells(read, processor, text)


def test_a_tokenizer_that_cannot_hide_or_begin_is_named(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no token that hides another"):
        Document(column="x").beside("element").processor(checkpoints["llama"])
    bare = shutil.copytree(checkpoints["llama"], tmp_path / "bare")
    settings = json.loads((bare / "tokenizer_config.json").read_text())
    for name in ("bos_token", "eos_token"):
        settings.pop(name, None)
    (bare / "tokenizer_config.json").write_text(json.dumps(settings))
    whole = json.loads((bare / "tokenizer.json").read_text())
    whole["post_processor"] = None
    (bare / "tokenizer.json").write_text(json.dumps(whole))
    with pytest.raises(InputError, match="no token that texts begin or end with"):
        Document(column="x").beside("sequence").processor(bare)


def test_half_a_surrogate_pair_is_no_text(checkpoints: dict[str, Path]) -> None:
    read, processor = reader(checkpoints["llama"], "llama")
    with pytest.raises(InputError, match="half a surrogate pair"):
        cells(read, processor, "a \ud800 b")
