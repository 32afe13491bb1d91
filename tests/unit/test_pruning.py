"""Columns and heads go in steps; what is taken out at the end answers as the network in which it is zero."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.network import Network
from burnish.models.transformers.students import opened
from burnish.training.loop import fit
from burnish.training.pruning import columns_of, heads_of, take_out, wanted
from burnish.training.shrinking.prune import Prune
from tests.checkpoints import chat_checkpoint
from tests.integration import survival_data
from tests.unit.test_distil import assembled


def zeros(network: Network) -> list[int]:
    """Columns of each block that are zero."""
    return [int((columns_of(block).strengths == 0).sum()) for stack in network.stacks() for block in stack]


def test_columns_go_in_steps_and_what_is_zero_is_taken_out(tmp_path: Path) -> None:
    """The same logits to 1e-5, a multiple of 8 left, and plain transformers reads the result."""
    made = assembled(tmp_path, "label", prune={"feed_forward": 0.5, "steps": 2, "until": 0.5}, max_steps=8)
    network, gone = made.training.network, []
    have = len(columns_of(network.stacks()[0][0]).strengths)
    for _ in fit(made.training):
        gone.append(zeros(network)[0])
    assert gone[0] == 0
    assert gone == sorted(gone)
    assert gone[3:] == [have // 2] * 5
    assert len(set(gone)) == 3
    inputs = made.training.accelerator.tensors(made.batches.two_rows().inputs)
    network.eval()
    with torch.no_grad():
        before = network(**inputs)
        assert "parameters are left" in Prune(feed_forward=0.5).taken_out(network)
        torch.testing.assert_close(network(**inputs), before, rtol=0, atol=1e-5)
    network.save(tmp_path / "small")
    again = opened(tmp_path / "small")
    assert again.config.intermediate_size == have // 2
    with torch.no_grad():
        torch.testing.assert_close(again(**inputs).logits, before, rtol=0, atol=1e-5)


def test_heads_that_share_keys_go_together(tmp_path: Path) -> None:
    """Of a language model whose configuration says how wide a head is."""
    from transformers import LlamaConfig, LlamaForCausalLM

    chat_checkpoint(tmp_path / "llama", "llama", texts=[" ".join(survival_data.WORDS)], layers=2)
    wide = LlamaConfig.from_pretrained(tmp_path / "llama", num_attention_heads=4, num_key_value_heads=2, head_dim=8)
    LlamaForCausalLM(wide).save_pretrained(tmp_path / "llama")
    settings: dict[str, Any] = {
        "model": {"name": str(tmp_path / "llama")},
        "adapter": "full",
        "averaging": None,
        "prune": {"feed_forward": 0.0, "heads": 0.5, "steps": 1},
        "max_steps": 4,
    }
    made = assembled(tmp_path, "chat", **settings)
    network = made.training.network
    list(fit(made.training))
    config: Any = network.backbone().config
    strengths = heads_of(network.stacks()[0][0], config.num_attention_heads).strengths
    assert (strengths == 0).tolist().count(True) == 1
    assert len(strengths) == 2
    inputs = made.training.accelerator.tensors(made.batches.two_rows().inputs)
    network.eval()
    with torch.no_grad():
        before = network(**inputs)
        heads = config.num_attention_heads
        take_out(network, wanted(network, 0.0, 0.5))
        assert config.num_attention_heads == heads // 2 == 2
        torch.testing.assert_close(network(**inputs), before, rtol=0, atol=1e-5)


def test_weights_from_before_all_has_gone_are_never_the_best() -> None:
    prune = build("burnish.training.shrinking", {"kind": "prune", "until": 0.5})
    assert isinstance(prune, Prune)
    assert not prune.complete(0.49)
    assert prune.complete(0.5)


def test_what_cannot_be_taken_apart_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no head_dim"):
        assembled(tmp_path, "label", prune={"heads": 0.5})
    with pytest.raises(InputError, match="would have to do without"):
        assembled(tmp_path, "label", prune={}, adapter="head_only")
