"""Low-rank updates computed in one piece are peft's; frozen weights are made smaller once, and get no gradient."""

from __future__ import annotations

import copy
from typing import Any

import peft
import pytest
import torch
import transformers
from torch import nn

from burnish.adapters import _frozen_layers as layers
from burnish.adapters._frozen_layers import FrozenLinear, LowRankLinear, hasten
from burnish.core.low_rank import merged_copy

LLAMA = {
    "vocab_size": 60, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "attention_bias": True,
}  # fmt: skip
GPT2 = {
    "vocab_size": 60, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64, "resid_pdrop": 0.0, "embd_pdrop": 0.0,
    "attn_pdrop": 0.0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
IDS = torch.randint(3, 60, (2, 9), generator=torch.Generator().manual_seed(0))


def adapted(name: str, **settings: Any) -> Any:
    """A small model in float64 with low-rank parts that are not zero; nothing else learns."""
    torch.manual_seed(0)
    config = transformers.LlamaConfig(**LLAMA) if name == "llama" else transformers.GPT2Config(**GPT2)
    model = transformers.AutoModelForCausalLM.from_config(config)
    chosen = ["q_proj", "v_proj", "up_proj", "down_proj"] if name == "llama" else ["c_attn", "c_proj", "c_fc"]
    given = {"r": 4, "lora_alpha": 7, "target_modules": chosen, "fan_in_fan_out": name == "gpt2", **settings}
    peft.inject_adapter_in_model(peft.LoraConfig(**given), model)
    for part, parameter in model.named_parameters():
        parameter.requires_grad_("lora_" in part)
        if "lora_B" in part:
            nn.init.normal_(parameter, std=0.3)
    return model.double()


def outcome(model: Any) -> tuple[torch.Tensor, ...]:
    logits = model(input_ids=IDS).logits.double()
    loss = nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), IDS[:, 1:].flatten())
    return logits, *torch.autograd.grad(loss, [p for p in model.parameters() if p.requires_grad])


def quick(model: Any) -> Any:
    copied = copy.deepcopy(model)
    hasten(copied, copied.get_output_embeddings())
    return copied


@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_logits_and_gradients_are_those_of_peft(name: str) -> None:
    """In float64, with and without bias, for transformers' transposed kind of layer too."""
    model = adapted(name)
    faster = quick(model)
    assert sum(isinstance(module, LowRankLinear) for module in faster.modules()) == 8
    for one, other in zip(outcome(model), outcome(faster), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def test_mixed_precision_differs_by_rounding_alone() -> None:
    model = adapted("llama").float()
    exact, faster = outcome(model), quick(model)
    with torch.autocast("cpu", torch.bfloat16):
        theirs, ours = outcome(model), outcome(faster)
    for whole, one, other in zip(exact, theirs, ours, strict=True):
        size = whole.abs().max()
        assert (other - whole).abs().max() <= 2 * (one - whole).abs().max() + 0.02 * size


def test_a_frozen_weight_is_made_smaller_once_and_anew_where_it_changed() -> None:
    layer = FrozenLinear(8, 8).requires_grad_(False)
    values = torch.randn(3, 8)
    with torch.autocast("cpu", torch.bfloat16):
        first = layer(values)
        kept = layers._SMALL[layer][1]
        layer(values)
        assert layers._SMALL[layer][1] is kept
        with torch.no_grad():
            layer.weight.mul_(2)
        assert not torch.equal(layer(values), first)
    assert layer(values).dtype == torch.float32, "float32 without mixed precision, from the weight itself"


def test_what_validation_made_smaller_training_can_read() -> None:
    layer = FrozenLinear(8, 8).requires_grad_(False)
    values = torch.randn(3, 8, requires_grad=True)
    with torch.autocast("cpu", torch.bfloat16):
        with torch.inference_mode():
            layer(values.detach())
        layer(values).sum().backward()
    assert values.grad is not None


def test_a_layer_that_learns_itself_is_computed_as_ever() -> None:
    model = quick(adapted("llama"))
    base = model.model.layers[0].self_attn.q_proj.get_base_layer()
    base.weight.requires_grad_()
    model(input_ids=IDS).logits.sum().backward()
    assert base.weight.grad is not None
    assert model.model.layers[1].self_attn.q_proj.get_base_layer().weight.grad is None
    assert model.lm_head.weight.grad is None


@pytest.mark.parametrize("settings", [{"lora_dropout": 0.5}, {"use_dora": True}, {"lora_bias": True}], ids=str)
def test_what_has_another_formula_is_left_to_peft(settings: dict[str, Any]) -> None:
    model = quick(adapted("llama", **settings))
    assert not any(isinstance(module, LowRankLinear) for module in model.modules())


def test_it_is_merged_and_copied_as_before() -> None:
    model = quick(adapted("llama").float())
    merged = merged_copy(model)
    assert not any("lora_" in name for name, _ in merged.named_parameters())
    assert type(merged.model.layers[0].self_attn.q_proj) is nn.Linear
    torch.testing.assert_close(merged(input_ids=IDS).logits, model(input_ids=IDS).logits, rtol=1e-5, atol=1e-5)
