"""Depths in architectures that register their modules in an order of their own."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from burnish.models._anatomy import anatomy


def from_configuration(model_type: str, **values: Any) -> Any:
    from transformers import AutoConfig, AutoModelForSequenceClassification

    with torch.device("meta"):
        return AutoModelForSequenceClassification.from_config(AutoConfig.for_model(model_type, **values))


@pytest.mark.parametrize(
    ("model_type", "depths"),
    [
        ("opt", {"model.decoder.embed_positions.weight": 0, "model.decoder.final_layer_norm.weight": 12}),
        ("bart", {"model.encoder.layernorm_embedding.weight": 0, "model.shared.weight": 0}),
        ("mpnet", {"mpnet.encoder.relative_attention_bias.weight": 0, "mpnet.encoder.layer.4.output.dense.weight": 5}),
        ("rembert", {"rembert.encoder.embedding_hidden_mapping_in.weight": 0, "rembert.pooler.dense.weight": 33}),
        ("gpt_neox", {"gpt_neox.final_layer_norm.bias": 44, "score.weight": 45}),
    ],
)
def test_names_decide_where_the_order_misleads(model_type: str, depths: dict[str, int]) -> None:
    model = from_configuration(model_type)
    found = anatomy(model, model.base_model, ())
    assert {name: found.depth(name) for name in depths} == depths


def test_lists_inside_a_block_are_not_the_blocks() -> None:
    """More experts in a block than blocks."""

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.experts = nn.ModuleList(nn.Linear(2, 2) for _ in range(9))

    body = nn.Module()
    body.table = nn.Embedding(3, 2)
    body.layers = nn.ModuleList(Block() for _ in range(3))
    model = nn.Module()
    model.body = body
    model.head = nn.Linear(2, 2)
    found = anatomy(model, body, {"body.layers.0.experts.0.weight"})
    assert found.layers == 3
    names = ("body.table.weight", "body.layers.2.experts.8.bias", "head.bias", "body.layers.0.experts.0.weight")
    assert [found.depth(name) for name in names] == [0, 3, 4, 4]
    assert found.depth("body.table.lora_embedding_A.default") == 0
