"""A graph cuts texts into the tokens that the tokenizer itself makes of them: single ones and pairs, short and cut."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from burnish.core.errors import InputError
from burnish.media.text.raw import RawTexts
from burnish.media.text.tokenizer import TokenizerProcessor

pytest.importorskip("onnx", reason="the extra `export` is not installed")
extensions = pytest.importorskip("onnxruntime_extensions", reason="the extra `export` is not installed")

CORPUS = [
    "the parcel came late and the box was broken",
    "I'd like to know where my order is, please!",
    "great film, 10 out of 10; not a boring minute",
    "die größte Überraschung war der Preis",
    "这家酒店的服务很好，房间也很干净。",
]
TEXTS = [
    *CORPUS,
    "",
    " ",
    "  two  spaces ",
    "line\nbreak\ttab \n\n end ",
    "I <3 it 👍🏽, don't you?",
    "naïve café résumé ½ x²",
    "parcel " * 60,
    "酒店" * 40,
]
CLASS = ["<s>", "<pad>", "</s>", "<unk>"]
BERT = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
ENDINGS = [f"##{c}" for c in sorted(set("".join(CORPUS)) - set(" ,.;!，。"))]
OTHERWISE = {
    "bert": "naïve café résumé ½ x²",  # of a word with a character that is in no token, the operator keeps what is before it
    "xlm-roberta": "line\nbreak\ttab \n\n end ",  # no spaces to the operator; a real model's rules make them spaces first
}
"""Texts that an operator is known to cut otherwise."""


def word_pieces() -> Tokenizer:
    """As BERT's."""
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    made.train_from_iterator(
        CORPUS, trainers.WordPieceTrainer(vocab_size=300, special_tokens=BERT + ENDINGS, show_progress=False)
    )
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return made


def byte_pairs(*, space: bool = False, roberta: bool = False) -> Tokenizer:
    """As GPT-2's, or RoBERTa's."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=space)
    made.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=CLASS,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    made.post_processor = (
        processors.RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=space)
        if roberta
        else processors.ByteLevel(trim_offsets=False)
    )
    return made


def unigrams() -> Tokenizer:
    """As XLM-RoBERTa's."""
    made = Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    trainer = trainers.UnigramTrainer(vocab_size=150, special_tokens=CLASS, unk_token="<unk>", show_progress=False)
    made.train_from_iterator(CORPUS, trainer)
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    return made


MAKERS: dict[str, tuple[Callable[[], Tokenizer], tuple[str, ...]]] = {
    "bert": (word_pieces, ("token_type_ids",)),
    "gpt2": (byte_pairs, ()),
    "gpt2 with a space before": (lambda: byte_pairs(space=True), ()),
    "roberta": (lambda: byte_pairs(roberta=True), ()),
    "xlm-roberta": (unigrams, ()),
}


def processor(name: str, limit: int | None, *, pairs: bool) -> tuple[TokenizerProcessor, RawTexts]:
    """The processor of a tokenizer, and the one for graphs."""
    make, more = MAKERS[name]
    kept: dict[str, Any] = {
        "tokenizer": make(),
        "pad_token_id": 1,
        "padding_side": "right",
        "names": ("input_ids", "attention_mask", *more),
        "max_length": limit,
        "source": Path(name),
    }
    return TokenizerProcessor(**kept), RawTexts(**kept, pairs=pairs)


def graph(raw: RawTexts) -> Any:
    """The graph in onnxruntime."""
    import onnx
    import onnxruntime

    from burnish.exporters.onnx.tokens import tokenizing

    made = tokenizing(raw.front(), 18)
    made.ir_version = 10
    onnx.checker.check_model(made)
    options = onnxruntime.SessionOptions()
    options.register_custom_ops_library(extensions.get_library_path())
    return onnxruntime.InferenceSession(made.SerializeToString(), options)


@pytest.mark.parametrize("limit", [None, 30, 13])
@pytest.mark.parametrize("pairs", [False, True], ids=["single", "pairs"])
@pytest.mark.parametrize("name", MAKERS)
def test_a_graph_makes_the_same_tokens(name: str, pairs: bool, limit: int | None) -> None:
    whole, raw = processor(name, limit, pairs=pairs)
    session = graph(raw)
    names = [value.name for value in session.get_outputs()]
    texts = [text for text in TEXTS if text != OTHERWISE.get(name)]
    cells = [(a, b) for a in texts for b in texts] if pairs else [(a,) for a in texts]
    for cell in cells:
        expected, _ = whole.collate(whole.rows([cell]))
        arrays, _ = raw.collate(raw.rows([cell]))
        assert list(arrays) == ["text", "text_pair"][: len(cell)]
        found = dict(zip(names, session.run(None, arrays), strict=True))
        assert set(found) == set(expected)
        for key, value in expected.items():
            np.testing.assert_array_equal(found[key], value, f"{key} of {cell!r:.100}")


@pytest.mark.parametrize("change", ["regex", "normaliser", "fallback"])
def test_other_rules_are_refused(change: str) -> None:
    _, raw = processor("gpt2", None, pairs=False)
    if change == "regex":
        raw.tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(use_regex=False)
    elif change == "normaliser":
        raw.tokenizer.normalizer = normalizers.Lowercase()
    else:
        raw.tokenizer.model = models.BPE(vocab={"a": 0}, merges=[], byte_fallback=True)
    with pytest.raises(InputError, match="no operator of a graph cuts texts as this tokenizer does"):
        raw.front()


def test_words_that_were_added_are_refused() -> None:
    _, raw = processor("bert", None, pairs=False)
    raw.tokenizer.add_tokens([AddedToken("hoverboard")])
    with pytest.raises(InputError, match=r"words were added to the tokenizer \(hoverboard\)"):
        raw.front()
