"""Long texts are cut by characters before they become tokens: whatever the tokenizer, what is kept is what it would keep."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from burnish.core.errors import InputError
from burnish.media.text import beginnings as _beginnings
from burnish.media.text.seams import _PATTERNS, seams_of
from burnish.media.text.tokenizer import TokenizerProcessor

EXAMPLES = int(os.environ.get("BURNISH_TEST_EXAMPLES", "20"))
LETTERS = "abcdefghijklmnopqrstuvwxyz"
CORPUS = [
    "the parcel never arrived , and I would like my money back as soon as that can be done !",
    "it's 1,000.50 (net) ; they'll say: \"no\" ? we've DON'T e\u0301t\u00e9 na\u00efve stra\u00dfe",
    "\u6211\u7684\u5305\u88f9\u6ca1\u6709\u5230\uff0c\u8bf7\u9000\u6b3e\u3002",
    "\u304c\u304e\u3050 \ud55c\uad6d\uc5b4 \u0645\u0631\u062d \u0939\u093f\u0928\u094d\u0926\u0940",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 aaaaaaaa aaaaaaaaaaaa bbbbbb abababab \u0130\u0130 \ufb01ne",
]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROUGH = Regex(r"\w+ \w+|\w+|[^\w\s]+")  # reaches over spaces: nothing is known of it


def _model(kind: str) -> Any:
    if kind == "wordpiece":
        pieces = [*SPECIAL, *LETTERS, *(f"##{c}" for c in LETTERS), "the", "par", "##cel", "\u6211", "\u7684", ",", "."]
        return models.WordPiece({p: i for i, p in enumerate(pieces)}, unk_token="[UNK]", max_input_chars_per_word=20)
    return models.BPE(unk_token="[UNK]") if kind == "bpe" else models.Unigram()


def _made(
    kind: str, normalizer: Any, cutter: Any, added: list[AddedToken], alphabet: list[str] | None = None
) -> Tokenizer:
    made = Tokenizer(_model(kind))
    if normalizer is not None:
        made.normalizer = normalizer
    if cutter is not None:
        made.pre_tokenizer = cutter
    if kind != "wordpiece":
        more: dict[str, Any] = {"special_tokens": SPECIAL, "vocab_size": 400, "show_progress": False}
        own = trainers.BpeTrainer if kind == "bpe" else trainers.UnigramTrainer
        more |= {"initial_alphabet": alphabet or []} | ({"unk_token": "[UNK]"} if kind == "unigram" else {})
        made.train_from_iterator(CORPUS * 3, own(**more))
    made.add_special_tokens(SPECIAL)
    made.add_tokens(added)
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return made


def _split(pattern: str) -> Any:
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), byte_level])


BYTES = pre_tokenizers.ByteLevel.alphabet()
SIGN = "\u2581"
AWKWARD = [
    AddedToken("<mask>", lstrip=True),
    AddedToken("foo", rstrip=True, normalized=False),
    AddedToken("bar", single_word=True, normalized=True),
    AddedToken("a.b", normalized=False),
    AddedToken("  ", normalized=False),
]
SPACED = [AddedToken("a b", normalized=False), AddedToken("\u6211\u7684", normalized=False)]
KINDS: dict[str, Callable[[], Tokenizer]] = {
    "bert": lambda: _made("wordpiece", normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer(), AWKWARD),
    "bert_cased": lambda: _made(
        "wordpiece", normalizers.BertNormalizer(lowercase=False), pre_tokenizers.BertPreTokenizer(), SPACED
    ),
    "words": lambda: _made("wordpiece", None, pre_tokenizers.Whitespace(), []),
    "gpt2": lambda: _made("bpe", None, pre_tokenizers.ByteLevel(add_prefix_space=False), AWKWARD, BYTES),
    "gpt2_nfd": lambda: _made(
        "bpe",
        normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase()]),
        pre_tokenizers.ByteLevel(add_prefix_space=True),
        [],
        BYTES,
    ),
    **{
        f"split_{number}": lambda p=pattern: _made("bpe", normalizers.NFC(), _split(p), AWKWARD, BYTES)
        for number, pattern in enumerate(sorted(_PATTERNS))
    },
    "unigram": lambda: _made("unigram", normalizers.NFKC(), pre_tokenizers.Metaspace(), AWKWARD),
    "unigram_split_first": lambda: _made(
        "unigram",
        normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " "), normalizers.Strip()]),
        pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme="first")]),
        SPACED,
    ),
    "unigram_whole": lambda: _made("unigram", normalizers.NFKC(), pre_tokenizers.Metaspace(split=False), []),
    "llama": lambda: _made(
        "bpe", normalizers.Sequence([normalizers.Prepend(SIGN), normalizers.Replace(" ", SIGN)]), None, AWKWARD, [SIGN]
    ),
    "joined": lambda: _made("wordpiece", normalizers.Replace(" ", ""), pre_tokenizers.BertPreTokenizer(), []),
    "signs": lambda: _made("wordpiece", normalizers.Replace(" ", SIGN), pre_tokenizers.BertPreTokenizer(), []),
    "letter_gone": lambda: _made("wordpiece", normalizers.Replace("e", " "), _split(sorted(_PATTERNS)[0]), []),
    "rough": lambda: _made("bpe", None, pre_tokenizers.Split(ROUGH, "isolated"), []),
}


@cache
def tokenizer(kind: str) -> Tokenizer:
    return KINDS[kind]()


@cache
def processor(kind: str, limit: int) -> TokenizerProcessor:
    return TokenizerProcessor(tokenizer(kind), 0, "right", ("input_ids",), limit, Path("."))


@cache
def truncating(kind: str, limit: int) -> Tokenizer:
    own = Tokenizer.from_str(tokenizer(kind).to_str())
    own.enable_truncation(max_length=limit, strategy="longest_first")
    return own


def whole(kind: str, limit: int, row: Any, words: bool) -> tuple[list[int], list[int], int]:
    """Ids and types of the library's own truncation of the whole row, and how many there were before."""
    full = len(tokenizer(kind).encode_batch([row], is_pretokenized=words)[0].ids)
    encoding = truncating(kind, limit).encode_batch([row], is_pretokenized=words)[0]
    return encoding.ids, encoding.type_ids, full


ATOMS = st.one_of(
    st.sampled_from(
        ["the", "parcel", "a", "b", "it's", "1,000.50", "x" * 30, "ab" * 40, "don't", "foo", "bar", "e\u0301"]
    ),
    st.sampled_from(
        ["\u6211\u7684\u5305\u88f9", "\u6211", "\uff0c", "\u3002", "\ud55c\uad6d", "\u304c", "\u3099", "\u0939\u093f"]
    ),
    st.sampled_from(
        ["\U0001f600", "\u200d", "\U0001f468\u200d\U0001f469", "\u0130", "\ufb01", "\u00a0", "\u0345", "\x00", "\x07"]
    ),
    st.sampled_from(["[SEP]", "[MASK]", "<mask>", "a.b", "a b", "[CLS]", SIGN, "\u0301", "\ufe0f"]),
    st.sampled_from([*" .,;:!?()'\"-", "  ", " ", " ", " ", "\n", "\r\n", "\t", "    "]),
    st.characters(codec="utf-8"),
)
TEXTS = st.builds(
    lambda atoms, times: "".join(atoms) * times, st.lists(ATOMS, min_size=0, max_size=30), st.sampled_from([1, 5, 40])
)


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=EXAMPLES, deadline=None)
@given(text=TEXTS, limit=st.integers(4, 24))
def test_a_long_text_keeps_what_it_kept(kind: str, text: str, limit: int) -> None:
    """The same tokens; and never more than there are is said of how many there were."""
    ((encoding, least),) = processor(kind, limit).encode([text])
    ids, _, full = whole(kind, limit, text, False)
    assert encoding.ids == ids
    assert len(ids) <= least <= full
    assert (least > limit) == (full > limit)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(first=TEXTS, second=TEXTS, limit=st.integers(5, 16))
def test_a_long_pair_keeps_what_it_kept(kind: str, first: str, second: str, limit: int) -> None:
    """Of both texts; of an odd number of tokens the longer one keeps one more."""
    margin, _beginnings.MARGIN = _beginnings.MARGIN, 8
    try:
        ((encoding, least),) = processor(kind, limit).encode([(first, second)])
    finally:
        _beginnings.MARGIN = margin
    ids, types, full = whole(kind, limit, (first, second), False)
    assert (encoding.ids, encoding.type_ids) == (ids, types)
    assert len(ids) <= least <= full
    assert (least > limit) == (full > limit)


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=EXAMPLES // 2, deadline=None)
@given(words=st.lists(st.one_of(ATOMS, TEXTS), min_size=1, max_size=60), limit=st.integers(4, 24))
def test_long_lists_of_words_keep_what_they_kept(kind: str, words: list[str], limit: int) -> None:
    """The same tokens of the same words."""
    ((encoding, least),) = processor(kind, limit).encode([words], words=True)
    ids, _, full = whole(kind, limit, words, True)
    assert encoding.ids == ids
    assert len(ids) <= least <= full


CUT = ("bert", "bert_cased", "words", "gpt2", "gpt2_nfd", "split_0", "split_1", "split_2", "unigram", "llama")


@pytest.mark.parametrize("kind", CUT)
def test_what_is_not_kept_costs_nothing(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a text of a million characters a few hundred become tokens."""
    read = []
    original = _beginnings.Beginnings._count

    def count(self: Any, text: str) -> int:
        read.append(len(text))
        return original(self, text)

    monkeypatch.setattr(_beginnings.Beginnings, "_count", count)
    ((encoding, least),) = processor(kind, 16).encode(["the parcel never came. " * 50_000])
    assert len(encoding.ids) == 16
    assert 2_000 < least < 5_000_000
    assert sum(read) < 2_000


def test_where_nothing_is_known_nothing_is_cut() -> None:
    """A pattern that reaches over spaces, spaces that are taken out, a model that is given the whole text."""
    for kind in ("rough", "joined", "signs", "unigram_whole"):
        assert seams_of(tokenizer(kind)).last("the parcel, never came" * 20, 100) in (0, 99, 100) or kind != "rough"
        assert " " not in {"the parcel"[seams_of(tokenizer(kind)).last("the parcel", 9) :][:1]}


def test_half_a_surrogate_pair_behind_the_cut_is_refused() -> None:
    """What is not read must be a text nevertheless."""
    with pytest.raises(InputError, match="half a surrogate pair"):
        list(processor("bert", 8).encode(["the parcel " * 5_000 + "\ud800"]))
    with pytest.raises(InputError, match="half a surrogate pair"):
        list(processor("bert", 8).encode([["the"] * 5_000 + ["\ud800"]], words=True))


def test_few_are_in_memory_at_a_time() -> None:
    """Rows are taken in pieces of so many characters."""
    sizes = [len(few) for few in _beginnings.pieces(["x" * (_beginnings.TOGETHER // 2)] * 5)]
    assert sizes == [2, 2, 1]
    assert [len(few) for few in _beginnings.pieces(["a"] * 3000)] == [1024, 1024, 952]
    assert [len(few) for few in _beginnings.pieces(["x" * (3 * _beginnings.TOGETHER)] * 2)] == [1, 1]
    assert list(_beginnings.pieces([])) == []
