"""A teacher made smaller: what is left answers as the teacher with the rest at zero, and plain transformers reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from burnish.core.errors import InputError
from burnish.core.stacks import stacks_of
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
