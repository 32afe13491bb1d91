"""The text of tokens that come one by one is at each of them what all of them decode to at once."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from burnish.media.text.growing_text import _STEP, HALF, GrowingText
from burnish.media.text.streaming import TextStream
from tests.properties.test_beginnings import CORPUS, SIGN, tokenizer

EXAMPLES = int(os.environ.get("BURNISH_TEST_EXAMPLES", "40"))
SINGLE = [f"<0x{byte:02X}>" for byte in range(256)]


def _with(made: Tokenizer, decoder: decoders.Decoder) -> Tokenizer:
    made = Tokenizer.from_str(made.to_str())
    made.decoder = decoder
    made.add_special_tokens([AddedToken("<|end|>", special=True)])
    return made


def _sentencepiece(*, strip: bool) -> Tokenizer:
    """Pieces with a mark for the space, and 256 tokens for the bytes of what is in none of them (Llama, Gemma)."""
    pieces = ["<unk>", "<s>", *SINGLE, SIGN, f"{SIGN}{SIGN}", *(f"{SIGN}{c}" for c in "abc"), *"abc,.", "我", "的", "ä"]
    pieces += [f"{SIGN}the", "ing", "parcel"]
    made = Tokenizer(
        models.BPE({piece: i for i, piece in enumerate(pieces)}, [], byte_fallback=True, unk_token="<unk>")
    )
    last = [decoders.Strip(" ", 1, 0)] if strip else []
    parts = [decoders.Replace(SIGN, " "), decoders.ByteFallback(), decoders.Fuse(), *last]
    made.add_special_tokens([AddedToken(word, special=True) for word in ("<unk>", "<s>")])
    return _with(made, decoders.Sequence(parts))


def _suffixed() -> Tokenizer:
    made = Tokenizer(models.BPE(unk_token="[UNK]", end_of_word_suffix="</w>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    trainer = trainers.BpeTrainer(
        vocab_size=300, end_of_word_suffix="</w>", special_tokens=["[UNK]"], show_progress=False
    )
    made.train_from_iterator(CORPUS, trainer)
    return _with(made, decoders.BPEDecoder())


KINDS: dict[str, Callable[[], Tokenizer]] = {
    "bytes": lambda: _with(tokenizer("gpt2"), decoders.ByteLevel()),
    "llama": lambda: _sentencepiece(strip=True),
    "gemma": lambda: _sentencepiece(strip=False),
    "metaspace": lambda: _with(tokenizer("unigram"), decoders.Metaspace()),
    "metaspace never": lambda: _with(tokenizer("unigram"), decoders.Metaspace(prepend_scheme="never")),
    "wordpiece": lambda: _with(tokenizer("bert"), decoders.WordPiece()),
    "suffixed": _suffixed,
}


@cache
def made(kind: str) -> Tokenizer:
    return KINDS[kind]()


def decoding(kind: str, *, marked: bool) -> Callable[[Sequence[int]], str]:
    return lambda ids: str(made(kind).decode(list(ids), skip_special_tokens=not marked))


def likely(kind: str) -> list[int]:
    """Tokens of texts: others are the rule where any are drawn."""
    return [token for text in CORPUS for token in written(kind, text)]


def written(kind: str, text: str) -> list[int]:
    return list(made(kind).encode(text, add_special_tokens=False).ids)


@pytest.mark.parametrize("marked", [False, True])
@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_at_each_token_the_text_is_that_of_all(kind: str, marked: bool, data: st.DataObject) -> None:
    any_token = st.integers(0, made(kind).get_vocab_size() - 1)
    runs = st.lists(st.one_of(any_token, st.sampled_from(likely(kind))), min_size=1, max_size=50)
    ids = data.draw(runs) + data.draw(runs) + data.draw(runs)
    steps = data.draw(st.integers(1, 5))
    decode = decoding(kind, marked=marked)
    growing = GrowingText(decode)
    for count in [*range(1, len(ids), steps), len(ids)]:
        assert growing(ids[:count]) == decode(ids[:count])


@pytest.mark.parametrize("kind", ["llama", "gemma"])
@pytest.mark.parametrize(
    "words",
    [
        [*(f"<0x{byte:02X}>" for byte in b"the parcel never arrived"), "<0xC3>", "a"],  # the last spoils the whole run
        [*(["<0x61>", "<s>"] * 20), "<0xC3>"],  # a run with tokens between that are not shown
        ["a", *["<s>"] * 40, f"{SIGN}a", f"{SIGN}the"],  # a space that stands at a beginning is left out
        [*[SIGN] * 40, f"{SIGN}the", *["<s>"] * 40, f"{SIGN}the"],
    ],
)
def test_runs_of_bytes_and_of_tokens_that_are_not_shown(kind: str, words: list[str]) -> None:
    ids = [made(kind).get_vocab()[word] for word in words]
    growing, decode = GrowingText(decoding(kind, marked=False)), decoding(kind, marked=False)
    for count in range(1, len(ids) + 1):
        assert growing(ids[:count]) == decode(ids[:count])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_of_texts_each_token_is_decoded_a_few_times(kind: str) -> None:
    """Whatever the length: 20,000 tokens cost no more each than 2,000."""
    decode, decoded = decoding(kind, marked=False), 0

    def counted(ids: Sequence[int]) -> str:
        nonlocal decoded
        decoded += len(ids)
        return decode(ids)

    order = random.Random(0)
    if kind in ("llama", "gemma"):  # of the corpus most is single bytes to them, and a run of these has no seam
        known = [token for token in range(258, made(kind).get_vocab_size()) if token % 5]
        ids = order.choices([*known, *written(kind, "ß")], k=4_000)
    else:
        ids = [token for _ in range(60) for token in written(kind, order.choice(CORPUS))]
    growing, whole = GrowingText(counted), ""
    for count in range(1, len(ids) + 1):
        whole = growing(ids[:count])
    assert whole == decode(ids)
    assert decoded < 8 * _STEP * len(ids)


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_what_is_streamed_is_the_text(kind: str, data: st.DataObject) -> None:
    """Also where a stop text ends it."""
    words = st.one_of(
        st.sampled_from(CORPUS), st.sampled_from(["the ", "parcel", "a b", "ß", "\U0001f600", "我的", "!"])
    )
    ids = written(kind, "".join(data.draw(st.lists(words, min_size=1, max_size=20))))
    decode = decoding(kind, marked=False)
    begin = data.draw(st.integers(0, len(decode(ids))))
    stop = decode(ids)[begin : begin + data.draw(st.integers(1, 6))].strip(HALF) or "END"
    ids = ids[: next((n for n in range(1, len(ids) + 1) if stop in decode(ids[:n])), len(ids))]
    cut = at if (at := decode(ids).find(stop)) >= 0 else None
    stream = TextStream(decode, [stop])
    shown = [*(stream.more(ids[:count]) for count in range(1, len(ids) + 1)), stream.rest(ids, cut)]
    assert "".join(shown) == decode(ids)[:cut]
