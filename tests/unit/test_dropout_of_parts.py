"""Dropout of parts: each rate of a configuration belongs to one."""

from __future__ import annotations

from typing import Any

import pytest
import transformers

from burnish.core.errors import InputError
from burnish.models.transformers import Transformers
from burnish.models.transformers.configuration import set_dropout_of_parts

CASES: list[tuple[Any, dict[str, dict[str, float]]]] = [
    (
        transformers.BertConfig,
        {
            "hidden": {"hidden_dropout_prob": 0.31},
            "attention": {"attention_probs_dropout_prob": 0.31},
            "head": {"classifier_dropout": 0.31},
        },
    ),
    (
        transformers.DistilBertConfig,
        {
            "hidden": {"dropout": 0.31, "qa_dropout": 0.31},
            "attention": {"attention_dropout": 0.31},
            "head": {"seq_classif_dropout": 0.31},
        },
    ),
    (
        transformers.GPT2Config,
        {
            "hidden": {"resid_pdrop": 0.31, "embd_pdrop": 0.31},
            "attention": {"attn_pdrop": 0.31},
            "head": {"summary_first_dropout": 0.31},
        },
    ),
    (
        transformers.Wav2Vec2Config,
        {
            "stochastic_depth": {"layerdrop": 0.31},
            "head": {"final_dropout": 0.31},
            "attention": {"attention_dropout": 0.31},
        },
    ),
    (transformers.SwinConfig, {"stochastic_depth": {"drop_path_rate": 0.31}}),
]


@pytest.mark.parametrize(("config", "parts"), CASES, ids=[c.__name__ for c, _ in CASES])
def test_a_part_is_set_and_no_other(config: Any, parts: dict[str, dict[str, float]]) -> None:
    for part, expected in parts.items():
        made = config()
        before = made.to_dict()
        set_dropout_of_parts(made, {part: 0.31})
        changed = {n: v for n, v in made.to_dict().items() if v != before.get(n)}
        assert changed == expected


def test_a_part_without_dropout_is_refused() -> None:
    with pytest.raises(InputError, match="has none there") as caught:
        set_dropout_of_parts(transformers.BertConfig(), {"stochastic_depth": 0.1})
    assert caught.value.expected == "some of attention, head, hidden"


def test_one_rate_or_those_of_parts() -> None:
    assert Transformers(dropout=0.2).dropout == 0.2
    made = Transformers(dropout={"head": 0.5})  # type: ignore[arg-type]
    assert Transformers.model_validate({k: v for k, v in made.model_dump().items() if k != "kind"}) == made
