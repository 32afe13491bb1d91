"""A teacher made smaller: what is left answers as the teacher with the rest at zero, and plain transformers reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer
from torch import nn

from burnish.core.errors import InputError
from burnish.core.stacks import stacks_of
from burnish.media.text.trimmed import trimmed
from burnish.models.transformers.shrunken import (
    attention_parts,
    column_strengths,
    feed_forward,
    keep_columns,
    keep_heads,
    norms,
    strongest,
)
from burnish.models.transformers.students import opened, write_student
from tests.checkpoints import tiny_checkpoint

TEXTS = ("the quick brown fox", "please cancel my order")


def headed(folder: Path, architecture: str) -> Path:
    """A checkpoint of four blocks; of a decoder as it writes."""
    return tiny_checkpoint(folder / architecture, architecture, texts=TEXTS, layers=4)


def answers(model: Any) -> torch.Tensor:
    ids = torch.tensor([[5, 6, 7, 8], [8, 7, 6, 5]])
    with torch.no_grad():
        output = model(input_ids=ids)
    return output.logits if hasattr(output, "logits") else output.last_hidden_state


@pytest.mark.parametrize("architecture", ["bert", "roberta", "distilbert", "llama", "qwen2"])
def test_fewer_columns_are_the_others_at_zero(architecture: str, tmp_path: Path) -> None:
    model, zeroed = (opened(headed(tmp_path / str(i), architecture)) for i in (0, 1))
    for block in stacks_of(zeroed)[-1]:
        enters, leaves = feed_forward(block)
        strength = column_strengths(enters, leaves)
        gone = torch.ones(len(strength), dtype=torch.bool)
        gone[strongest(strength, 16)] = False
        for layer in enters:
            layer.weight.data[gone] = 0
            if layer.bias is not None:
                layer.bias.data[gone] = 0
        leaves.weight.data[:, gone] = 0
    keep_columns(model, stacks_of(model)[-1], 16)
    torch.testing.assert_close(answers(model), answers(zeroed), rtol=0, atol=1e-5)


def test_fewer_heads_are_the_others_at_zero(tmp_path: Path) -> None:
    """Of Llama, whose configuration says how wide a head is."""
    model, zeroed = (opened(headed(tmp_path / str(i), "llama")) for i in (0, 1))
    config = zeroed.config
    groups = config.num_key_value_heads
    each = config.num_attention_heads // groups
    for block in stacks_of(zeroed)[-1]:
        parts = attention_parts(block)
        size = parts["key"].out_features // groups
        strength = norms(parts["value"].weight, size) * norms(parts["result"].weight.T, size * each)
        gone = torch.ones(groups, dtype=torch.bool)
        gone[strongest(strength, 1)] = False
        parts["result"].weight.data[:, gone.repeat_interleave(size * each)] = 0
    keep_heads(model, stacks_of(model)[-1], each)
    torch.testing.assert_close(answers(model), answers(zeroed), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "shape"),
    [
        ("bert", {"layers": 2}),
        ("bert", {"layers": 1, "width": 16, "feed_forward": 8}),
        ("roberta", {"width": 16}),
        ("distilbert", {"layers": 3, "feed_forward": 8}),
        ("modernbert", {"layers": 4}),
        ("llama", {"layers": 2, "feed_forward": 8}),
    ],
)
def test_a_student_is_a_checkpoint_of_its_own(architecture: str, shape: dict[str, int], tmp_path: Path) -> None:
    teacher, out = headed(tmp_path, architecture), tmp_path / "student"
    out.mkdir()
    said = write_student(teacher, out, dict(shape))
    assert "of" in said
    student = opened(out)
    stack = stacks_of(student)[-1]
    assert len(stack) == shape.get("layers", 4)
    assert (out / "tokenizer.json").read_bytes() == (teacher / "tokenizer.json").read_bytes()
    if "width" in shape:
        assert student.config.hidden_size == shape["width"]
    assert torch.isfinite(answers(student)).all()


def test_the_first_and_the_last_block_stay(tmp_path: Path) -> None:
    teacher, out = headed(tmp_path, "bert"), tmp_path / "student"
    out.mkdir()
    write_student(teacher, out, {"layers": 2})
    before, after = (stacks_of(opened(folder))[-1] for folder in (teacher, out))
    for old, new in zip((before[0], before[3]), after, strict=True):
        for one, other in zip(old.parameters(), new.parameters(), strict=True):
            assert torch.equal(one, other)


@pytest.mark.parametrize(
    ("shape", "match"),
    [
        ({"layers": 9}, "9 blocks of 4"),
        ({"heads": 1}, "no head_dim"),
        ({"width": 24}, "a multiple of"),
        ({"encoder_layers": 1}, "no encoder of its own"),
    ],
)
def test_what_the_configuration_cannot_say_is_refused(shape: dict[str, int], match: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=match):
        write_student(headed(tmp_path, "bert"), tmp_path, dict(shape))


def test_no_stack_of_blocks_is_said() -> None:
    assert stacks_of(nn.Sequential(nn.Linear(2, 2))) == []


WRITTEN = ("the quick fox jumps", "cancel my order , please", "a good film")


@pytest.mark.parametrize("architecture", ["bert", "roberta", "albert", "qwen2"])
def test_a_trimmed_tokenizer_reads_the_texts_as_before_and_everything_else_in_pieces(
    architecture: str, tmp_path: Path
) -> None:
    """WordPiece, and BPE over bytes; numbers are looked up by the token they had."""
    whole = Tokenizer.from_file(str(tiny_checkpoint(tmp_path, architecture) / "tokenizer.json"))
    small, kept = trimmed(whole, WRITTEN)
    assert small.get_vocab_size() == len(kept) < whole.get_vocab_size()
    for text in WRITTEN:
        assert small.encode(text).tokens == whole.encode(text).tokens
        assert [kept[n] for n in small.encode(text).ids] == whole.encode(text).ids
    other = "where is the lazy dog"
    assert small.encode(other).tokens != whole.encode(other).tokens
    assert small.decode(small.encode(other).ids).replace(" ", "").replace("##", "") == other.replace(" ", "")
    assert len(small.encode(other).ids) > len(whole.encode(other).ids)


def test_a_trimmed_unigram_tokenizer_takes_the_same_path(tmp_path: Path) -> None:
    from tokenizers import models, pre_tokenizers

    pieces = [
        ("<unk>", 0.0),
        *((c, -6.0) for c in "abcdefgh"),
        ("ab", -3.0),
        ("abc", -3.5),
        ("cd", -2.0),
        ("efgh", -4.0),
    ]
    whole = Tokenizer(models.Unigram(pieces, unk_id=0))
    whole.pre_tokenizer = pre_tokenizers.Whitespace()
    small, kept = trimmed(whole, ["abcd", "ab"])
    assert [pieces[n][0] for n in kept][-2:] == ["ab", "cd"]
    assert small.encode("abcd ab").tokens == whole.encode("abcd ab").tokens == ["ab", "cd", "ab"]
    assert small.encode("efgh").tokens == list("efgh")
    assert small.encode("z").ids == [0]


def test_a_tokenizer_of_whole_words_cannot_be_cut() -> None:
    from tokenizers import models

    with pytest.raises(InputError, match="WordLevel cannot be cut"):
        trimmed(Tokenizer(models.WordLevel({"a": 0, "<unk>": 1}, unk_token="<unk>")), ["a"])


@pytest.mark.parametrize("architecture", ["bert", "roberta"])
def test_a_student_with_fewer_tokens_answers_the_texts_as_its_teacher(architecture: str, tmp_path: Path) -> None:
    """The same logits; plain transformers reads weights and tokenizer, and nothing else says the vocabulary."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    teacher = tmp_path / "teacher"
    tiny_checkpoint(teacher, architecture)
    AutoModelForSequenceClassification.from_pretrained(teacher, num_labels=3).eval().save_pretrained(teacher)
    (tmp_path / "texts.txt").write_text("\n".join(WRITTEN))
    out = tmp_path / "student"
    out.mkdir()
    none = dict.fromkeys(("layers", "encoder_layers", "heads", "feed_forward", "width"))
    assert "tokens" in write_student(teacher, out, none, texts=tmp_path / "texts.txt")
    answers = []
    for folder in (teacher, out):
        model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
        encoded = AutoTokenizer.from_pretrained(folder)(list(WRITTEN), padding=True, return_tensors="pt")
        with torch.no_grad():
            answers.append(model(**encoded).logits)
    torch.testing.assert_close(answers[1], answers[0], rtol=0, atol=1e-6)
    assert {path.name for path in out.iterdir()} & {"vocab.txt", "vocab.json", "merges.txt"} == set()
    assert opened(out).config.vocab_size < opened(teacher).config.vocab_size
    decoder = tiny_checkpoint(tmp_path / "llama", "llama")
    with pytest.raises(InputError, match="predicts tokens"):
        write_student(decoder, tmp_path, none, texts=tmp_path / "texts.txt")
